"""Carry out what a generator asks for, blocking or awaited, and send back what came of it.

An error is sent back, too, and raised where the generator takes what it asked for. It is not thrown in: CPython 3.11
loses sight of the lines that run after a generator has caught what was thrown, and debuggers and coverage with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

import attrs

Y = TypeVar("Y")
T = TypeVar("T")


@attrs.frozen(eq=False, repr=False)
class Failed:
    """Sent back for what could not be done: why not."""

    error: Exception


def take(sent: Any) -> Any:
    """Return what was sent back for what was yielded: `take((yield step))`.

    Raises:
        Exception: What doing it raised.
    """
    if isinstance(sent, Failed):
        raise sent.error
    return sent


def drive(steps: Generator[Y, Any, T], do: Callable[[Y], Any]) -> T:
    """Do what is yielded, one after the other, and return what is returned in the end."""
    try:
        step = next(steps)
        while True:
            try:
                sent = do(step)
            except Exception as error:  # noqa: BLE001 - whose rules they are decides
                sent = Failed(error)
            step = steps.send(sent)
    except StopIteration as stop:
        end: T = stop.value
        return end


async def drive_async(steps: Generator[Y, Any, T], do: Callable[[Y], Awaitable[Any]]) -> T:
    """Do the same, awaiting."""
    try:
        step = next(steps)
        while True:
            try:
                sent = await do(step)
            except Exception as error:  # noqa: BLE001 - whose rules they are decides
                sent = Failed(error)
            step = steps.send(sent)
    except StopIteration as stop:
        end: T = stop.value
        return end
