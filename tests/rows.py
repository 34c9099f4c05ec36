"""One behaviour, one test: a table is tried row by row, and whatever fails is named by its row."""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

Test = Callable[..., None]


def each_row(
    names: str | tuple[str, ...], table: Mapping[str, Any] | Iterable[Any]
) -> Callable[[Test], Test]:
    """Try a test with each row of a table, and tell of every row that fails.

    Written like `pytest.mark.parametrize`, and two of them make a product as there; but it makes
    one test, and the rows share its fixtures. What a row must have to itself, a sandbox for one,
    the test makes.

    Args:
        names: The arguments that a row holds; if it is one text, a row is the value itself.
        table: The rows, or the rows by name. It may not be empty.
    """
    rows = [
        {names: row} if isinstance(names, str) else dict(zip(names, row, strict=True))
        for row in (table.values() if isinstance(table, Mapping) else table)
    ]
    labels = [*table] if isinstance(table, Mapping) else []
    if not rows:
        raise ValueError("A test of an empty table proves nothing.")

    def decorate(test: Test) -> Test:
        @functools.wraps(test)
        def tried(*of_a_class: Any, **fixtures: Any) -> None:
            failures = []
            for number, row in enumerate(rows):
                try:
                    test(*of_a_class, **fixtures, **row)
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001
                    label = labels[number] if labels else _written(row)
                    failures.append(f"{label}: {_told(error)}")

            assert [] == failures, "\n".join(failures)

        asked = inspect.signature(test)
        left = [each for name, each in asked.parameters.items() if name not in rows[0]]
        tried.__signature__ = asked.replace(parameters=left)  # type: ignore[attr-defined]
        return tried

    return decorate


def _written(row: Mapping[str, Any]) -> str:
    """A row's values, as far as they can be written: a number may have too many digits."""
    try:
        return ", ".join(map(repr, row.values()))[:200]
    except ValueError:
        return ", ".join(type(value).__name__ for value in row.values())


def _told(error: BaseException) -> str:
    """What failed, and in which line of the test."""
    place = traceback.extract_tb(error.__traceback__)[:2][-1]
    return f"{type(error).__name__} at {place.filename}:{place.lineno}: {error}"
