"""Empty the frames of an error's traceback before it leaves the library.

Error trackers, debuggers and admin mails show the values in each frame of a traceback,
and ours hold keys and tokens. The lines stay, so a traceback still shows where it
happened. The values go.
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
    """Remove the frames' values from what a function or coroutine raises.

    An error of ours loses more: its causes have no traceback, and its context, which
    was met on the way, is dropped. What the caller was handling belongs to the caller,
    and stays.
    """
    if inspect.iscoroutinefunction(function):
        return _awaited(function)

    @functools.wraps(function)
    def forgetting(*args: P.args, **kwargs: P.kwargs) -> T:
        handled = sys.exc_info()[1]
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            # This frame is in the traceback as well, and cannot be emptied while it
            # runs.
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
    """Do the same for what a class raises while an object is made.

    A key is an argument there.
    """
    kind.__init__ = forgetful(kind.__init__)  # type: ignore[method-assign]
    return kind


def forget(error: BaseException, handled: BaseException | None = None) -> None:
    """Empty the frames behind an error and behind its whole chain.

    Args:
        error: The error that is about to leave.
        handled: What the caller was handling before. The chain ends there.
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
        # What stops a task or the process may come at any line. So its context may be
        # anything.
        if isinstance(error, TokenChargeError) or not isinstance(error, Exception):
            each.__context__ = handled if each is error else None
            if each is not error:
                each.__traceback__ = None
