"""Carry out what a generator yields, blocking or awaited; send back the result.

An error is sent back, too. It is raised where the generator takes the result. It is not
thrown in: after a generator has caught a thrown error, CPython 3.11 does not trace its
lines, so debuggers and coverage miss them. What stops a task or the process is sent
back as well: then the generator knows that a step has no answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

import attrs

Y = TypeVar("Y")
T = TypeVar("T")


@attrs.frozen(eq=False, repr=False)
class Failed:
    """Sent back instead of a result: why there is none."""

    error: BaseException


def take(sent: Any) -> Any:
    """Return what was sent back for what was yielded: `take((yield step))`.

    Raises:
        BaseException: What the step raised.
    """
    if not isinstance(sent, Failed):
        return sent
    error = sent.error
    context = error.__context__
    try:
        raise error
    finally:
        # Python would put what the caller is handling in the place of the reasons.
        error.__context__ = context


def drive(steps: Generator[Y, Any, T], do: Callable[[Y], Any]) -> T:
    """Carry out each yielded step, and return what the generator returns."""
    try:
        step = next(steps)
        while True:
            try:
                sent = do(step)
            except BaseException as error:  # noqa: BLE001 - the generator decides
                sent = Failed(error)
            step = steps.send(sent)
    except StopIteration as stop:
        end: T = stop.value
        return end


async def drive_async(steps: Generator[Y, Any, T], do: Callable[[Y], Awaitable[Any]]) -> T:
    """Carry out each yielded step, awaiting it; otherwise as `drive`."""
    try:
        step = next(steps)
        while True:
            try:
                sent = await do(step)
            except BaseException as error:  # noqa: BLE001 - the generator decides
                sent = Failed(error)
            step = steps.send(sent)
    except StopIteration as stop:
        end: T = stop.value
        return end
