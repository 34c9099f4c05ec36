"""A walk through everything that can be reached from an exception, as error
trackers and log formatters take it."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType, FunctionType, ModuleType, TracebackType
from typing import Any

import attrs

HERE = str(Path(__file__).parents[1])
# A test's own variables are the test's.
_OPAQUE = (BaseException, FrameType, FunctionType, ModuleType, TracebackType, type)


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error, its causes and its contexts, whether or not a traceback shows them."""
    seen: list[BaseException] = []
    left: list[BaseException | None] = [error]
    while left:
        each = left.pop()
        if each is not None and not any(each is known for known in seen):
            seen.append(each)
            yield each
            left += [each.__cause__, each.__context__]


def frames(error: BaseException) -> Iterator[FrameType]:
    """The frames of a traceback, but for the tests' own."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if not frame.f_code.co_filename.startswith(HERE):
            yield frame


def texts(value: Any, depth: int = 5) -> Iterator[str]:
    """A value as text, and all that is within it: entries, attributes, slots."""
    if isinstance(value, bytes):
        yield value.decode("latin-1")
    with suppress(Exception):
        yield repr(value)
    if depth == 0 or isinstance(value, (str, bytes, *_OPAQUE)):
        return
    inner: list[Any] = []
    if isinstance(value, Mapping):
        with suppress(NotImplementedError):  # urllib3's pools are mappings that do not tell
            inner += [*value.keys(), *value.values()]
    elif isinstance(value, (list, tuple, set, frozenset)):
        inner += value
    inner += getattr(value, "__dict__", {}).values()
    slots = (getattr(kind, "__slots__", ()) for kind in type(value).__mro__)
    for name in {
        name for group in slots for name in ([group] if isinstance(group, str) else group)
    }:
        with suppress(Exception):
            inner.append(getattr(value, name))
    for each in inner:
        yield from texts(each, depth - 1)


def places(error: BaseException) -> Iterator[tuple[str, str]]:
    """Every place from which something can be read of an error, and what stands there."""
    yield "a pickle", pickle.dumps(error).decode("latin-1")
    yield "the printed traceback", "".join(traceback.format_exception(error))
    for number, each in enumerate(chain(error)):
        where = f"{number} {type(each).__name__}"
        yield f"{where}: str", str(each)
        yield f"{where}: repr", repr(each)
        yield f"{where}: notes", str(getattr(each, "__notes__", ""))
        for name, value in (("args", each.args), ("vars", vars(each))):
            yield from ((f"{where}: {name}", text) for text in texts(value))
        if attrs.has(type(each)):
            yield f"{where}: asdict", str(attrs.asdict(each))  # type: ignore[arg-type]
        for frame in frames(each):
            place = f"{where}: {Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}"
            for name, value in frame.f_locals.items():
                yield from ((f"{place}: {name}", text) for text in texts(value))


def found(error: BaseException, secrets: Iterable[str]) -> list[str]:
    """The places that show a secret."""
    return [
        f"{secret} in {where}"
        for where, text in places(error)
        for secret in secrets
        if secret in text
    ]
