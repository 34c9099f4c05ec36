"""The cassettes beside this file: used, clean, and honest about where they come from."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.rows import each_row
from tokencharge.pytest_plugin import StripeCassettes
from tokencharge.testing import find_leaks

HERE = Path(__file__).parent
CASSETTES = sorted(HERE.rglob("*.yaml"))


def test_each_cassette_is_used_by_a_test(stripe_cassettes: StripeCassettes) -> None:
    """No cassette outlives its test."""
    assert [] == stripe_cassettes.unused()


def test_no_cassette_shows_a_secret() -> None:
    """Nothing in a cassette looks like a key, a token, a card number,
    somebody's e-mail or a fingerprint."""
    assert [] == find_leaks([HERE])


@each_row("path", CASSETTES)
def test_each_cassette_says_where_it_comes_from(path: Path) -> None:
    """The head of a cassette tells what answered and when."""
    head = yaml.safe_load(path.read_text("utf-8").partition("\ninteractions:")[0])

    assert ["recorded_from", "recorded_at"] == list(head)[:2]
    assert "sandbox" in head["recorded_from"] or "Stripe's test mode" == head["recorded_from"]
