"""Who looks on: at an operation, at each request it sends to Stripe, and at each event that is delivered."""

from __future__ import annotations

import logging
import re
import time
from contextlib import AbstractContextManager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

import attrs

from .. import _checks as check
from .._flows import Call
from ..errors import TokenChargeError, error_code
from ..events import Event
from ..results import Charge, Payment, Refund
from .spans import NOBODY, Ending, Same, Tries, span_maker
from .told import Fields, known, log, logger

T = TypeVar("T")

# What Stripe answers is an answer, a refusal too; these need somebody's attention.
_TROUBLE = {
    "authentication_failed": logging.ERROR,
    "cancelled": logging.WARNING,
    "card_tokens_refused": logging.ERROR,
    "gateway_unavailable": logging.WARNING,
    "outcome_unknown": logging.WARNING,
    "rate_limited": logging.WARNING,
}
_READING = ("cards", "find", "get_charge", "get_customer")

_ORDER_MARK = re.compile(r"([0-9a-f]{32})/")


@attrs.define
class _Operation:
    """An operation that is watched; tells how it ended."""

    name: str
    level: int
    began: float = attrs.field(factory=time.monotonic)
    told: Fields = attrs.field(factory=dict)
    span: Ending = NOBODY
    outer: _Operation | None = None

    def __enter__(self) -> Same:
        self.outer = _operation.get()
        _operation.set(self)
        with suppress(Exception):
            maker = span_maker()
            self.span = NOBODY if maker is None else maker.operation(self.name)
        return self._returned

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        # Not by a token, which would bind a coroutine to the context it was begun in.
        _operation.set(self.outer)
        if error is not None:
            self.told["outcome"] = _outcome(error)
        if isinstance(error, TokenChargeError):
            self.told |= {"charge_id": error.charge_id, "replayed": error.replayed}
        about = f"Operation {self.name}"
        _tell(self.level, self.span, about, operation=self.name, ms=_since(self.began), **self.told)

    def _returned(self, result: T, /) -> T:
        self.told["outcome"] = "ok"
        if isinstance(result, Payment):
            self.told |= {"replayed": result.replayed, **_of_charge(result.charge)}
        elif isinstance(result, Charge):
            self.told |= _of_charge(result)
        elif isinstance(result, Refund):
            self.told["charge_id"] = result.charge_id
        return result


# The operation this thread or task is at, where it is watched.
_operation: ContextVar[_Operation | None] = ContextVar("tokencharge_operation", default=None)


def watch_operation(name: str) -> AbstractContextManager[Same]:
    """Tell how the operation made in the block ends; its result goes through what the block is given."""
    level = logging.DEBUG if name in _READING else logging.INFO
    if span_maker() is None and not logger.isEnabledFor(level):
        return NOBODY
    return _Operation(name, level)


def watch_step(call: Call) -> Tries:
    """Begin to watch a request to Stripe, with all its tries."""
    operation = _operation.get()
    if operation is None:
        return NOBODY
    if call.purchase is not None:
        operation.told["order_digest"] = call.purchase
    maker = span_maker()
    return NOBODY if maker is None else maker.step(call, operation.told.get("order_digest"))


def tell_step(
    call: Call,
    outcome: str,
    tries: Tries,
    *,
    began: float,
    attempts: int,
    replayed: bool = False,
    http_status: int | None = None,
    request_id: str | None = None,
) -> None:
    """Tell how a request to Stripe ended.

    Args:
        call: The request.
        outcome: "ok", the name of our error, or "cancelled".
        tries: Who watched it.
        began: When, by the monotonic clock.
        attempts: How often it was sent.
        replayed: Stripe repeated an answer it gave to an earlier call.
        http_status: Of the last answer, if there was one.
        request_id: Stripe's id of the last try.
    """
    level = _TROUBLE.get(outcome, logging.DEBUG)
    if tries is NOBODY and not logger.isEnabledFor(level):
        return
    operation = _operation.get()
    _tell(
        level,
        tries,
        f"Step {call.step}",
        step=call.step,
        outcome=outcome,
        order_digest=call.purchase or (operation and operation.told.get("order_digest")),
        request_id=request_id,
        replayed=replayed,
        attempts=attempts,
        http_status=http_status,
        ms=_since(began),
    )


def tell_event(event: Event, outcome: str, *, began: float) -> None:
    """Tell how the delivery of an event ended."""
    about = _of_charge(event.object) if isinstance(event.object, Charge) else {}
    _tell(
        logging.INFO,
        NOBODY,
        "Webhook",
        event=event.type,
        event_id=event.id,
        outcome=outcome,
        ms=_since(began),
        **about,
    )


def _tell(level: int, ending: Ending, about: str, **fields: Any) -> None:
    told = known(fields)
    # Whatever a log handler or an exporter trips over: a charge that was made was made.
    with suppress(Exception):
        log(level, about, told)
    with suppress(Exception):
        ending.end(told)


def _of_charge(charge: Charge) -> Fields:
    marked = _ORDER_MARK.match(charge.metadata.get(check.RESERVED_METADATA, ""))
    return {"charge_id": charge.id, **({"order_digest": marked[1]} if marked else {})}


def _outcome(error: BaseException) -> str:
    if isinstance(error, TokenChargeError):
        return error_code(error)
    return "failed" if isinstance(error, Exception) else "cancelled"


def _since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)
