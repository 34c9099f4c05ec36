"""The build: an old Python is refused before pip looks for what else is needed."""

from __future__ import annotations

import pytest

pytest.importorskip("babel")
pytest.importorskip("hatchling")

from hatch_build import check_python


@pytest.mark.parametrize("found", ["3.9.18", "3.6.15", "2.7.18"])
def test_a_python_that_is_too_old_is_told(found: str) -> None:
    """In one line, with both versions; pip shows it and ends."""
    with pytest.raises(SystemExit) as refused:
        check_python(">=3.10", found)

    assert f"tokencharge needs Python >=3.10, and this is Python {found}." == refused.value.code


@pytest.mark.parametrize("found", ["3.10.0", "3.13.1", "3.15.0"])
def test_any_later_python_will_do(found: str) -> None:
    """From the version that pyproject.toml names on."""
    check_python(">=3.10", found)
