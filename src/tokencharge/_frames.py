"""What an error takes along: the frames it came through, which are emptied before it leaves the library.

Error trackers, debuggers and admin mails show what each frame of a traceback holds, and ours hold keys and tokens.
The lines stay, so a traceback still says where it happened; the values go.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from traceback import clear_frames
from typing import Any, ParamSpec, TypeVar

from .errors import TokenChargeError

P = ParamSpec("P")
T = TypeVar("T")


def forgetful(function: Callable[P, T]) -> Callable[P, T]:
    """Have whatever a function or coroutine raises leave it without the values of the frames it came through.

    Of an error of ours nothing else is left either: its causes have no traceback, and what was met on the way, its
    context, is dropped. What the caller was handling is the caller's, and stays.
    """
    if inspect.iscoroutinefunction(function):
        return _awaited(function)

    @functools.wraps(function)
    def forgetting(*args: P.args, **kwargs: P.kwargs) -> T:
        handled = sys.exc_info()[1]
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            # This frame is in the traceback as well, and cannot be emptied while it runs.
            del args, kwargs
            forget(error, handled)
            raise

    return forgetting


def _awaited(function: Callable[P, Any]) -> Callable[P, Any]:
    @functools.wraps(function)
    async def forgetting(*args: P.args, **kwargs: P.kwargs) -> Any:
        handled = sys.exc_info()[1]
        try:
            return await function(*args, **kwargs)
        except BaseException as error:
            del args, kwargs
            forget(error, handled)
            raise

    return forgetting


def made_forgetfully(kind: type[T]) -> type[T]:
    """Have what a class raises while an object is made leave it so, too: a key is an argument there."""
    kind.__init__ = forgetful(kind.__init__)  # type: ignore[method-assign]
    return kind


def forget(error: BaseException, handled: BaseException | None = None) -> None:
    """Empty the frames behind an error and behind all that stands in its chain.

    Args:
        error: What is about to leave.
        handled: What the caller was handling before, where the chain ends.
    """
    seen: list[BaseException | None] = [None, handled]
    left = [error]
    while left:
        each = left.pop()
        if any(each is known for known in seen):
            continue
        seen.append(each)
        left += filter(None, (each.__cause__, each.__context__))
        clear_frames(each.__traceback__)
        # What stops a task or the process may come at any line, so its context may be anything.
        if isinstance(error, TokenChargeError) or not isinstance(error, Exception):
            each.__context__ = handled if each is error else None
            if each is not error:
                each.__traceback__ = None
