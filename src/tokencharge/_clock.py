"""The current time, for the rules on how long Stripe keeps things."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_stopped: list[float] = []


def now() -> float:
    """Return the time in seconds since 1970."""
    return _stopped[-1] if _stopped else time.time()


@contextmanager
def stopped(at: float) -> Iterator[None]:
    """Stop the clock in a `with` block, to play a recording as of its time."""
    _stopped.append(at)
    try:
        yield
    finally:
        _stopped.pop()
