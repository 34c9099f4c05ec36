"""The catalogs of the buyer's languages.

`python catalogs.py` updates and compiles them, `--check` says what is wrong. Every
sentence marked in src/ is in every catalog, translated, with the placeholders it has in
English, and no other is.
"""

from __future__ import annotations

import string
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from tokencharge.languages import LANGUAGES

ROOT = Path(__file__).parent
SOURCE = ROOT / "src" / "tokencharge"
CATALOGS = SOURCE / "languages"
# As folders are named; English is the source.
TRANSLATED = [tag.replace("-", "_") for tag in LANGUAGES[1:]]
# No dates and no names: git knows them, and they would change with every sentence.
HEAD = """\
# {name}: what buyers read.
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


@cache
def marked() -> Catalog:
    """Find the sentences that the source marks, with what it says to translators."""
    found = Catalog(project="tokencharge")
    names = {"sentence": None}
    for file, line, english, comments, _ in extract_from_dir(
        SOURCE,
        [("**.py", "python")],
        keywords=names,
        comment_tags=("Translators:",),
        strip_comment_tags=True,
    ):
        where = (SOURCE / file).relative_to(ROOT).as_posix()
        found.add(english, locations=[(where, line)], auto_comments=comments)
    return found


def path_of(language: str, folder: Path = CATALOGS) -> Path:
    return folder / language / "LC_MESSAGES" / "tokencharge.po"


def read(language: str, folder: Path = CATALOGS) -> Catalog:
    path = path_of(language, folder)
    if not path.exists():
        return Catalog(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def mistakes(folder: Path = CATALOGS) -> Iterator[str]:
    """Say what is wrong with the catalogs in a folder."""
    wanted = marked()
    there = {path.parent.parent.name for path in folder.glob("*/LC_MESSAGES/*.po")}
    for name in sorted(there ^ set(TRANSLATED)):
        yield f"{name}: there is a catalog of it or an entry in LANGUAGES, and not the other"
    for language in sorted(there):
        catalog = read(language, folder)
        said = {message.id for message in catalog if message.string}
        yield from (
            f"{language}: not translated: {each.id}"
            for each in wanted
            if each.id and each.id not in said
        )
        for message in filter(lambda each: each.id, [*catalog, *catalog.obsolete.values()]):
            yield from (f"{language}: {wrong}: {message.id}" for wrong in _wrong(message, wanted))


def _wrong(message: Message, wanted: Catalog) -> Iterator[str]:
    if message.id not in wanted:
        yield "the source has no such sentence"
    if message.fuzzy:
        yield "fuzzy"
    said, english = str(message.string), str(message.id)
    if said and _placeholders(said) != _placeholders(english):
        yield "other placeholders than in English"
    if said != said.strip():
        yield "white space around it"


def _placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def update() -> None:
    """Put new sentences into each catalog, take the old ones away, and compile."""
    # Here, because it needs what builds the wheel.
    from hatch_build import compile_catalogs

    wanted = marked()
    for language in TRANSLATED:
        catalog, path = read(language), path_of(language)
        catalog.update(wanted, no_fuzzy_matching=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(
                HEAD.format(name=Locale.parse(language).english_name, language=language).encode()
            )
            write_po(
                file,
                catalog,
                width=100,
                omit_header=True,
                ignore_obsolete=True,
                include_lineno=False,
            )
    compile_catalogs(ROOT)


if __name__ == "__main__":
    if sys.argv[1:] != ["--check"]:
        update()
    found = [*mistakes()]
    print("\n".join(found) or "The catalogs are complete.")
    sys.exit(bool(found))
