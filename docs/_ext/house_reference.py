"""Writes the reference from the library itself, into files that can be read.

    python docs/_ext/house_reference.py          # writes docs/reference/*.md anew
    python docs/_ext/house_reference.py --check  # names those that are not so

A page holds `<!-- made: tokencharge.Money -->` and `<!-- end -->`; what stands between
is made: signatures, fields, errors and texts from the docstrings, tables from the
classes they are about. What stands outside is written by hand.
"""

from __future__ import annotations

import enum
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType

import house_tables
from house_docstrings import below, link_to, paragraphs, sections, text_of
from house_names import PUBLIC, find, load, names_of, public_names
from house_signatures import signature_of, type_of

REFERENCE = Path(__file__).parents[1] / "reference"
_DOCUMENTED = (FunctionType, property, classmethod, staticmethod)
_MADE = re.compile(r"(<!-- made: ([\w.]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> dict[Path, str]:
    """Make each page of the reference anew."""
    files = {page: page.read_text("utf-8") for page in sorted(REFERENCE.glob("*.md"))}
    places = {name: page.name for page, text in files.items() for _, name, _ in _MADE.findall(text)}
    return {page: _anew(text, page.name, places) for page, text in files.items()}


def missing(made: dict[Path, str]) -> list[str]:
    """List the public names that no page documents under a heading of their own."""
    titles = {
        title.strip("`").rpartition(".")[2]
        for text in made.values()
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    return [
        f"{module}.{name}"
        for module in PUBLIC
        for name in names_of(load(module))
        if name not in titles
    ]


def _anew(text: str, page: str, places: dict[str, str]) -> str:
    def made(found: re.Match[str]) -> str:
        return f"{found[1]}\n{_make(found[2], page, places)}\n\n{found[3]}"

    return _MADE.sub(made, text)


def _make(name: str, page: str, places: dict[str, str]) -> str:
    if table := getattr(house_tables, name, None):
        made: str = table()
        return made
    known = link_to(page, places)
    value = find(name)
    if isinstance(value, type):
        return "\n\n".join(_class(name, value, known))
    title = f"## `{name.rpartition('.')[2]}`"
    if inspect.isroutine(value):
        return "\n\n".join([title, *_function(name.rpartition(".")[2], value, known)])
    return "\n\n".join([title, text_of(below(name, value), known)])


def _class(name: str, cls: type, known: Callable[[str], str]) -> list[str]:
    short = name.rpartition(".")[2]
    made = [f"## `{short}`"]
    if not issubclass(cls, BaseException) and (signature := signature_of(cls)):
        made.append(f"```py\n{short}{signature}\n```")
    made += _documented(cls, known, cls)
    if issubclass(cls, enum.Enum):
        made.append(house_tables.enum_table(cls))
    if above := [link for each in cls.__mro__[1:] if (link := known(each.__name__))]:
        made.append(f"Besides it has what {' and '.join(above)} has.")
    members = _members(cls)
    rows = [
        (f"`{each}`", type_of(value), text_of(" ".join(paragraphs(value)), known))
        for each, value in members
        if isinstance(value, property)
    ]
    if rows:
        made.append(house_tables.table(("property", "type", "meaning"), rows))
    for each, value in members:
        if isinstance(value, property):
            continue
        made.append(f"### `{short}.{each}`")
        made += _function(f"{short}.{each}", value, known)
    return made


def _members(cls: type) -> list[tuple[str, object]]:
    """List what a class and those it is made of here offer and document, in the order
    in which it is written."""
    found: dict[str, object] = {}
    for each in cls.__mro__:
        if each.__module__.startswith("tokencharge") and (each is cls or not _is_public(each)):
            for name in vars(each):
                if (name[0] != "_" or name == "__call__") and isinstance(
                    inspect.getattr_static(cls, name), _DOCUMENTED
                ):
                    found.setdefault(name, inspect.getattr_static(cls, name))
    return [(name, value) for name, value in found.items() if inspect.getdoc(value)]


def _is_public(cls: type) -> bool:
    return cls.__name__ in public_names()


def _function(name: str, value: object, known: Callable[[str], str]) -> list[str]:
    plain = inspect.unwrap(getattr(value, "__func__", value))  # type: ignore[arg-type]
    is_async = "async " if inspect.iscoroutinefunction(plain) else ""
    return [f"```py\n{is_async}{name}{signature_of(value)}\n```", *_documented(value, known)]


def _documented(
    value: object, known: Callable[[str], str], fields_of: type | None = None
) -> list[str]:
    """Say what a docstring says: its text, then a table for each of its sections."""
    text, tables = sections(inspect.getdoc(value) or "")
    made = text_of(text, known, blocks=True)
    said = [made] if made else []
    for title, entries in tables:
        if title in ("Returns", "Yields"):
            said.append(f"{title}: {text_of(entries[0][1], known)}")
        elif title == "Raises":
            rows = [(known(name) or f"`{name}`", text_of(told, known)) for name, told in entries]
            said.append(house_tables.table(("raises", "when"), rows))
        elif title == "Attributes" and fields_of is not None:
            rows3 = [
                (f"`{name}`", type_of(fields_of, name), text_of(told, known))
                for name, told in entries
            ]
            said.append(house_tables.table(("field", "type", "meaning"), rows3))
        else:
            rows = [(f"`{name}`", text_of(told, known)) for name, told in entries]
            said.append(house_tables.table(("argument", "meaning"), rows))
    return said


def main() -> int:
    made = pages()
    if undocumented := missing(made):
        print("Public, and not in the reference:", *undocumented)
        return 1
    stale = [page for page, text in made.items() if page.read_text("utf-8") != text]
    if "--check" not in sys.argv:
        for page in stale:
            page.write_text(made[page], "utf-8")
    elif stale:
        print("Not as the code has it; run this without --check:", *(page.name for page in stale))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
