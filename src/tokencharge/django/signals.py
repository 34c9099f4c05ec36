"""Signals: `payment_made` and `payment_failed`, sent after each charge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.dispatch import Signal
from django.http import HttpRequest

from .. import Payment, TokenChargeError

payment_made = Signal()
"""Sent with `request=` and `payment=`, for a replayed payment too, by the view's class or `charge_from_request`."""

payment_failed = Signal()
"""Sent with `request=` and `error=`, by the view's class or `charge_from_request`."""


def announcing(
    sender: object, request: HttpRequest
) -> tuple[Callable[[Payment], None], Callable[[TokenChargeError], None]]:
    """Return the two hooks that send the signals."""

    def made(payment: Payment) -> None:
        _raise_first(payment_made.send_robust(sender, request=request, payment=payment))

    def failed(error: TokenChargeError) -> None:
        _raise_first(payment_failed.send_robust(sender, request=request, error=error))

    return made, failed


def _raise_first(answers: list[tuple[Any, Any]]) -> None:
    # All receivers have had the news by now; raised, the failure is logged with the ids of the payment.
    for _, answer in answers:
        if isinstance(answer, Exception):
            raise answer
