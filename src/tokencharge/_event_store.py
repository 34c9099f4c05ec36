"""Stores that remember which handler is running for which event, and which is done."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Protocol

logger = logging.getLogger("tokencharge")


class EventStore(Protocol):
    """A store that all processes of a site share, so that a handler gets an event once.

    It needs four methods that Django's caches have, so any of them can be used; for
    Redis they are four lines. With ASGI the methods may be async. If one raises, the
    endpoint answers 503, and Stripe delivers the event again.
    """

    def add(self, key: str, value: str, seconds: int, /) -> Any:
        """Keep a value for so many seconds, unless one is kept already.

        Return whether it was kept. Both is one step.
        """

    def get(self, key: str, /) -> Any:
        """Return the kept value, as text or in bytes, or None."""

    def set(self, key: str, value: str, seconds: int, /) -> Any:
        """Keep a value for so many seconds, and replace any other."""

    def delete(self, key: str, /) -> Any:
        """Remove the value."""


class MemoryStore:
    """An EventStore of one process.

    It is enough for one worker, and where handling an event twice does no harm. A value
    is kept for the given time, unless more than `size` values arrive in that time. Then
    the oldest is removed early, and the log has a warning, once.

    Args:
        size: How many values are kept at most; 100,000 take some 30 MB. Each handler
            keeps one for each event.
        clock: Returns the seconds that pass.
    """

    def __init__(self, size: int = 100_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._size, self._clock = size, clock
        self._kept: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._lock = Lock()
        self._warned = False

    def add(self, key: str, value: str, seconds: int, /) -> bool:
        """Keep a value for so many seconds, unless one is kept already.

        Return whether it was kept.
        """
        with self._lock:
            free = self._get(key) is None
            if free:
                self._set(key, value, seconds)
            return free

    def get(self, key: str, /) -> str | None:
        """Return the kept value, or None."""
        with self._lock:
            return self._get(key)

    def set(self, key: str, value: str, seconds: int, /) -> None:
        """Keep a value for so many seconds, and replace any other."""
        with self._lock:
            self._set(key, value, seconds)

    def delete(self, key: str, /) -> None:
        """Remove the value."""
        with self._lock:
            self._kept.pop(key, None)

    def _get(self, key: str) -> str | None:
        value, until = self._kept.get(key, (None, 0.0))
        return value if self._clock() < until else None

    def _set(self, key: str, value: str, seconds: int) -> None:
        self._kept[key] = value, self._clock() + seconds
        self._kept.move_to_end(key)
        while self._kept:
            oldest = next(iter(self._kept))
            early = self._get(oldest) is not None
            if early and len(self._kept) <= self._size:
                break
            del self._kept[oldest]
            if early and not self._warned:
                self._warned = True
                logger.warning(
                    "The event store forgets early, at %s values: "
                    "give it a larger size, or take a shared one.",
                    self._size,
                )
