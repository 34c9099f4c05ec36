"""Who makes spans, where somebody does: what is asked of them, and who stands in for them otherwise."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from .._flows import Call
from .told import Fields

T = TypeVar("T")


class Same(Protocol):
    """Takes note of a value, and returns it."""

    def __call__(self, value: T, /) -> T: ...


class Ending(Protocol):
    """A span, to be ended with what is told."""

    def end(self, fields: Fields) -> None: ...


class Tries(Ending, Protocol):
    """The spans of one request to Stripe, one for each try."""

    def attempt(self, method: str, url: str, number: int, /) -> AbstractContextManager[Same]: ...


class Spans(Protocol):
    """Makes spans."""

    def operation(self, name: str) -> Ending: ...

    def step(self, call: Call, order_digest: str | None) -> Tries: ...


class _Nobody:
    """Who watches where nobody does."""

    def __enter__(self) -> Same:
        return _same

    def __exit__(self, *_: object) -> None: ...

    def attempt(self, *_: object) -> _Nobody:
        return self

    def end(self, fields: Fields) -> None: ...


def _same(value: T, /) -> T:
    return value


NOBODY = _Nobody()

_spans: Spans | None = None


def make_spans(spans: Spans | None) -> None:
    """Make spans from now on, in all threads; none with None."""
    global _spans  # noqa: PLW0603 - like logging's and OpenTelemetry's own, the switch is the process's
    _spans = spans


def span_maker() -> Spans | None:
    """Return who makes spans now."""
    return _spans
