"""Records of operations, of their requests to Stripe, and of each try.

Every listener is called at the begin and at the end.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, ClassVar, Protocol, cast

import attrs

from .._flows import Call
from ..errors import TokenChargeError, error_code
from ..events import Event
from .fields import Fields, known, of_error, of_result


class Listener(Protocol):
    """Is called when something begins and when it has ended.

    Errors that it raises are ignored.

    Attributes:
        kinds: The kinds of records that it is called for.
    """

    kinds: ClassVar[frozenset[str]]

    def begin(self, watched: Watched, /) -> object:
        """Handle the begin; what is returned is kept in `watched.kept`."""

    def end(self, watched: Watched, /) -> None:
        """Handle the end; read `watched.fields`, `result` and `error`."""


@attrs.define(eq=False)
class Watched:
    """The record of something that is running.

    Attributes:
        kind: "operation", "request", "try" or "webhook".
        name: Of an operation, its method; of a request, its step.
        within: The operation of a request, or the request of a try.
        call: The request.
        fields: What is known of it.
        result: What it has returned.
        error: What it has raised.
        began: When it began, by the monotonic clock.
        kept: What each listener keeps of it.
    """

    kind: str
    name: str
    within: Watched | None = None
    call: Call | None = None
    fields: Fields = attrs.field(factory=dict)
    result: Any = None
    error: BaseException | None = None
    began: float = attrs.field(factory=time.monotonic)
    kept: dict[Listener, Any] = attrs.field(factory=dict)

    def begin(self) -> None:
        """Call the listeners at the begin."""
        for listener in _listeners[self.kind]:
            # A log handler or an exporter may raise anything. A charge that was made
            # was made.
            try:  # noqa: SIM105 - suppress() costs more than all the rest
                self.kept[listener] = listener.begin(self)
            except Exception:  # noqa: BLE001, S110
                pass

    def end(self, **fields: Any) -> None:
        """Add fields, and call the listeners at the end."""
        self.fields.update(fields)
        for listener in reversed(self.kept):
            try:  # noqa: SIM105
                listener.end(self)
            except Exception:  # noqa: BLE001, S110
                pass

    def described(self) -> Fields:
        """Return the fields to record, once it has ended."""
        ms = round((time.monotonic() - self.began) * 1000, 1)
        return known({**of_result(self.result), **of_error(self.error), **self.fields, "ms": ms})

    def attempt(self, method: str, url: str, number: int) -> AbstractContextManager[Watched]:
        """Record one try of a request, for the length of a block."""
        if not _listeners["try"]:
            return _UNWATCHED
        tried = {"method": method.upper(), "url": url, "number": number}
        return _Try("try", self.name, self, self.call, tried)


@attrs.define(eq=False)
class _Operation(Watched):
    """The record of an operation, for the length of a block; set its `result`."""

    def __enter__(self) -> Watched:
        self.within = _operation.get()
        _operation.set(self)
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        # No context token is used: it would bind a coroutine to the context it was
        # begun in.
        _operation.set(self.within)  # type: ignore[arg-type]
        self.error = error
        self.end(operation=self.name, outcome=_outcome(error))


@attrs.define(eq=False)
class _Try(Watched):
    """The record of one try, for the length of a block; set `result` to the answer."""

    def __enter__(self) -> Watched:
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        self.error = error
        self.end()


class _Unwatched:
    """Null object for a try without listeners; what is set on it is not kept."""

    result = property(None, lambda _, result: None)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None: ...


_UNWATCHED = _Unwatched()

# The operation of this thread or task.
_operation: ContextVar[_Operation | None] = ContextVar("tokencharge_operation", default=None)

_listeners: dict[str, tuple[Listener, ...]] = dict.fromkeys(
    ("operation", "request", "try", "webhook"), ()
)


def listen(listener: Listener) -> None:
    """Call a listener for whatever begins from now on, in all threads."""
    for kind in listener.kinds:
        _listeners[kind] = (*_listeners[kind], listener)


def stop_listening(kind: type[Listener]) -> None:
    """Call the listeners of a class no more."""
    for each, listeners in _listeners.items():
        _listeners[each] = tuple(
            listener for listener in listeners if not isinstance(listener, kind)
        )


def watch_operation(name: str) -> _Operation:
    """Record an operation, for the length of a block."""
    return _Operation("operation", name)


def watch_request(call: Call) -> Watched:
    """Begin the record of a request with all its tries; the caller ends it."""
    # There is always one: only an operation sends requests.
    operation = cast("_Operation", _operation.get())
    if call.purchase is not None:
        operation.fields["order_digest"] = call.purchase
    watched = Watched("request", call.step, operation, call)
    watched.fields.update(step=call.step, order_digest=operation.fields.get("order_digest"))
    watched.begin()
    return watched


def watch_webhook(event: Event, outcome: str, *, began: float) -> None:
    """Record how the delivery of an event ended.

    It began at `began`, by the monotonic clock.
    """
    watched = Watched("webhook", event.type, began=began)
    watched.begin()
    watched.result = event.object
    watched.end(event=event.type, event_id=event.id, outcome=outcome)


def _outcome(error: BaseException | None) -> str:
    if error is None:
        return "ok"
    if isinstance(error, TokenChargeError):
        return error_code(error)
    return "failed" if isinstance(error, Exception) else "cancelled"
