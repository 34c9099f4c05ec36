"""The signals `payment_made`, `payment_failed` and `event_received`.

The first two are sent after a charge, the third for a webhook.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.dispatch import Signal
from django.http import HttpRequest

from .. import Event, Payment, TokenChargeError

payment_made = Signal()
"""Sent with `request=` and `payment=`, also for a replayed payment.

The sender is the view's class or `charge_from_request`.
"""

payment_failed = Signal()
"""Sent with `request=` and `error=`.

The sender is the view's class or `charge_from_request`.
"""

event_received = Signal()
"""Sent with `event=` for events of all types; the sender is the view's class.

All receivers together are one handler. If one raises, Stripe delivers the event again,
and the signal is sent again to all of them.
"""


def announcing(
    sender: object, request: HttpRequest
) -> tuple[Callable[[Payment], None], Callable[[TokenChargeError], None]]:
    """Return the two hooks that send the signals."""

    def made(payment: Payment) -> None:
        _raise_first(payment_made.send_robust(sender, request=request, payment=payment))

    def failed(error: TokenChargeError) -> None:
        _raise_first(payment_failed.send_robust(sender, request=request, error=error))

    return made, failed


def announce_event(sender: object, event: Event) -> None:
    """Send `event_received`."""
    _raise_first(event_received.send_robust(sender, event=event))


def _raise_first(answers: list[tuple[Any, Any]]) -> None:
    # All receivers have been called by now. The error is raised so that it is logged,
    # together with what it was about.
    for _, answer in answers:
        if isinstance(answer, Exception):
            raise answer
