"""The host's hooks: functions that are added as decorators."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from inspect import iscoroutine
from typing import Any, TypeVar

from ..errors import ChargeRefused, ConfigurationError, InvalidRequest, TokenChargeError
from ..mending import what_to_do
from ..results import Payment

F = TypeVar("F", bound=Callable[..., Any])

logger = logging.getLogger("tokencharge")


class Hooks(list[Callable[[Any], object]]):
    """Hooks, which are called in this order.

    Calling it adds a hook, as a decorator: `@payments.on_payment`.
    """

    def __call__(self, hook: F) -> F:
        """Add a hook."""
        self.append(hook)
        return hook


def ask_whether_allowed(
    hooks: Iterable[Callable[[Any], object]], request: object, order_id: str | None
) -> None:
    """Call each `before_charge` hook with the framework's request.

    Raises:
        ChargeRefused: A hook returned a false value other than None.
        ConfigurationError: A hook is async: nobody awaits it here.
    """
    for allow in hooks:
        allowed = allow(request)
        if iscoroutine(allowed):
            allowed.close()
            raise ConfigurationError(
                "A before_charge hook is async, and nothing awaits it here: write def."
            )
        if allowed is not None and not allowed:
            raise ChargeRefused("A before_charge hook refused this charge.", order_id=order_id)


def tell_of_payment(hooks: Iterable[Callable[[Payment], object]], payment: Payment) -> None:
    """Call each `on_payment` hook, whatever the others raise."""
    _tell(hooks, payment, payment.charge.id, payment.customer.id, payment.order_id)


def tell_of_failure(
    hooks: Iterable[Callable[[TokenChargeError], object]], error: TokenChargeError
) -> None:
    """Call each `on_failure` hook, whatever the others raise.

    The log has what the shop must see to, such as a wrong key or an unknown outcome:
    the buyer learns little of it.
    """
    ids = (error.charge_id, error.customer_id, error.order_id)
    if error.suggested_status >= 500:
        words = (type(error).__name__, *ids, error, _to_do(error))
        logger.error("%s (charge %s, customer %s, order %s): %s%s", *words)
    _tell(hooks, error, *ids)


def _tell(hooks: Iterable[Callable[[Any], object]], news: object, *ids: str | None) -> None:
    """Call each hook; if one raises, log its error and call the others."""
    for hook in hooks:
        try:
            hook(news)
        except Exception:
            # The money has moved or has not, whatever the host does. The log says what
            # the hook missed, so that the host can make up for it.
            logger.exception("A payment hook failed (charge %s, customer %s, order %s).", *ids)


def _to_do(error: TokenChargeError) -> str:
    todo = f" {what_to_do(error.code)}" if isinstance(error, InvalidRequest) else ""
    return f"{todo} (request {error.request_id})" if error.request_id else todo
