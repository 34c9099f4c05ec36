"""README.md: what it says makes a shop is what the tests run."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
README = (HERE.parent.parent / "README.md").read_text("utf-8")


@pytest.mark.parametrize("site", ["flask", "django"])
def test_readme_shows_the_lines_that_make_a_site_a_shop(site):
    """Every line that tests/web adds to a bare site stands in README.md,
    but for settings it tells in words."""
    marked, lines = False, []
    for line in (HERE / f"minimal_{site}.py").read_text("utf-8").splitlines():
        if line.strip() in ("# shop", "# site"):
            marked = line.strip() == "# shop"
        elif marked and line.strip():
            lines.append(line.partition("  # noqa")[0])
    told_in_words = [
        line
        for line in lines
        if line.startswith("    **{") or line.strip() == '"tokencharge.django",'
    ]

    assert len(lines) < 10
    assert [] == [
        line for line in lines if line not in README.splitlines() and line not in told_in_words
    ]
