"""The check of the catalogs, which `nox -s lint` runs: what is
wrong with one is found, and named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import catalogs

DECLINED = "Your card was declined. Please use a different card or contact your bank."
AWAY = "No buyer reads this any more."
Break = Callable[[str], str]


def replaced(old: str, new: str) -> Break:
    """Puts something else into a catalog; it has to be there."""

    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


def untranslated(text: str) -> str:
    return re.sub(f'(msgid "{re.escape(DECLINED)}"\nmsgstr )(".*"\n)+', r'\1""\n', text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The catalogs, in a copy that can be broken."""
    return Path(shutil.copytree(catalogs.CATALOGS, tmp_path / "languages"))


def test_the_catalogs_are_right(folder: Path) -> None:
    """Nothing is missing, stale, fuzzy or wrong."""
    assert [] == [*catalogs.mistakes(folder)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (untranslated, f"de: not translated: {DECLINED}"),
        (
            replaced(f'msgid "{DECLINED}"', f'msgid "{DECLINED} "'),
            f"de: not translated: {DECLINED}",
        ),
        (
            replaced("{amount} bezahlen", "{betrag} bezahlen"),
            "de: other placeholders than in English: Pay {amount}",
        ),
        (
            replaced("{amount} bezahlen", "Bezahlen"),
            "de: other placeholders than in English: Pay {amount}",
        ),
        (replaced('"Kasse"', '"Kasse "'), "de: white space around it: Checkout"),
        (replaced('msgid "Checkout"', '#, fuzzy\nmsgid "Checkout"'), "de: fuzzy: Checkout"),
        (
            lambda text: f'{text}\nmsgid "{AWAY}"\nmsgstr "x"\n',
            f"de: the source has no such sentence: {AWAY}",
        ),
        (
            lambda text: f'{text}\n#~ msgid "{AWAY}"\n#~ msgstr "x"\n',
            f"de: the source has no such sentence: {AWAY}",
        ),
    ],
    ids=[
        "untranslated",
        "missing",
        "renamed value",
        "lost value",
        "space",
        "fuzzy",
        "stale",
        "obsolete",
    ],
)
def test_what_is_wrong_with_a_catalog_is_found(folder: Path, change: Break, said: str) -> None:
    """Each mistake is named, with its language and its sentence."""
    path = catalogs.path_of("de", folder)
    path.write_text(change(path.read_text("utf-8")), "utf-8")

    assert said in [*catalogs.mistakes(folder)]


def test_a_catalog_and_its_entry_go_together(folder: Path) -> None:
    """A folder that no buyer gets is a mistake, and so is a language without a folder."""
    shutil.move(folder / "de", folder / "da")
    found = [*catalogs.mistakes(folder)]

    assert ["da", "de"] == [each.partition(":")[0] for each in found if "LANGUAGES" in each]
