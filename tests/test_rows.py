"""A test of a table: every row is tried, and every row that fails is named."""

from __future__ import annotations

import pytest

from tests.rows import each_row


def test_every_row_that_fails_is_named() -> None:
    """Neither an error nor an exception that does not come keeps the next row from being tried."""

    @each_row("number", {"one": 1, "nought": 0, "text": "2", "two": 2})
    def halves(number: int) -> None:
        with pytest.raises(ZeroDivisionError):
            _ = 1 / (number - 1)

    with pytest.raises(AssertionError) as failed:
        halves()

    assert ["nought", "text", "two"] == [
        line.partition(":")[0] for line in str(failed.value).split("\n") if "test_rows.py" in line
    ]


def test_two_tables_make_a_product() -> None:
    """Each row of one is tried with each row of the other, and what is no row stays a fixture."""
    seen = []

    @each_row("a", [1, 2])
    @each_row(("b", "c"), [(3, 4), (5, 6)])
    def note(tmp_path: str, a: int, b: int, c: int) -> None:
        seen.append((tmp_path, a, b, c))

    note(tmp_path="x")

    assert [("x", 1, 3, 4), ("x", 1, 5, 6), ("x", 2, 3, 4), ("x", 2, 5, 6)] == seen


def test_an_empty_table_is_no_test() -> None:
    """A test that tries nothing would pass."""
    with pytest.raises(ValueError, match="proves nothing"):
        each_row("number", [])


class TestInAClass:
    """A method is a test too."""

    @each_row("number", [1, 2])
    def test_it_has_its_fixtures(self, number: int, request: pytest.FixtureRequest) -> None:
        """The rows share what pytest gives the test."""
        assert "test_it_has_its_fixtures" == request.node.name
        assert isinstance(self, TestInAClass)
        assert number
