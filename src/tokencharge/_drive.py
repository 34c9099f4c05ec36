"""Carry out what a generator asks for, blocking or awaited, and send back, or throw, what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

Y = TypeVar("Y")
T = TypeVar("T")


def drive(steps: Generator[Y, Any, T], do: Callable[[Y], Any]) -> T:
    """Do what is yielded, one after the other, and return what is returned in the end."""
    try:
        step = next(steps)
        while True:
            try:
                result = do(step)
            except Exception as error:  # noqa: BLE001 - whose rules they are decides
                step = steps.throw(error)
            else:
                step = steps.send(result)
    except StopIteration as stop:
        end: T = stop.value
        return end


async def drive_async(steps: Generator[Y, Any, T], do: Callable[[Y], Awaitable[Any]]) -> T:
    """Do the same, awaiting."""
    try:
        step = next(steps)
        while True:
            try:
                result = await do(step)
            except Exception as error:  # noqa: BLE001 - whose rules they are decides
                step = steps.throw(error)
            else:
                step = steps.send(result)
    except StopIteration as stop:
        end: T = stop.value
        return end
