"""Docstrings as this house writes them: code in single backticks, examples indented,
Google's sections.

A docstring is read in an editor far more often than on a page, so it is kept free of
markup. In the reference a public name in backticks becomes a link, and an indented
block an example.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable

from house_names import public_names, strings_below

_CODE = re.compile(r"(?<![`:\w])`([^`\n]+)`(?![`_])")
_MARKUP = re.compile(r"[*|<]|(?<!\w)_|_(?!\w)")
_SECTION = re.compile(r"[A-Z][a-z]+:")
_ENTRY = re.compile(r"\*{0,2}([\w.]+): ?(.*)")


def examples(lines: list[str]) -> list[range]:
    """Find the examples in the lines of a docstring, dedented: the blocks
    that are indented after a blank line."""
    found: list[range] = []
    section = False
    for number, line in enumerate(lines):
        if line and not line.startswith(" "):
            section = _SECTION.fullmatch(line) is not None
        elif line.startswith("    ") and not section:
            if found and not any(
                each and not each.startswith(" ") for each in lines[found[-1].start : number]
            ):
                found[-1] = range(found[-1].start, number + 1)
            elif number and not lines[number - 1]:
                found.append(range(number, number + 1))
    return found


def sections(docstring: str) -> tuple[str, list[tuple[str, list[tuple[str, str]]]]]:
    """Part a docstring, dedented: its text, and for each section what it says of which
    name."""
    text: list[str] = []
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for line in docstring.splitlines():
        if _SECTION.fullmatch(line):
            found.append((line[:-1], []))
        elif not found or (line and not line.startswith(" ")):
            text.append(line)
        elif line:
            _add(found[-1], line)
    return "\n".join(text).strip(), found


def _add(section: tuple[str, list[tuple[str, str]]], line: str) -> None:
    title, entries = section
    entry = _ENTRY.fullmatch(line[4:])
    if title not in ("Returns", "Yields") and entry and not line.startswith("     "):
        entries.append((entry[1], entry[2]))
    elif entries:
        name, told = entries[-1]
        entries[-1] = (name, f"{told} {line.strip()}".strip())
    else:
        entries.append(("", line.strip()))


def paragraphs(value: object) -> list[str]:
    """Return what a docstring says before its sections."""
    return [
        " ".join(each.split()) for each in sections(inspect.getdoc(value) or "")[0].split("\n\n")
    ]


def text_of(text: str, known: Callable[[str], str], *, blocks: bool = False) -> str:
    """Write a text of a docstring as Markdown; with `blocks`, an indented block as an
    example."""
    if not blocks:
        return _inline(" ".join(text.split()), known)
    lines = text.splitlines()
    shown = {number: block for block in examples(lines) for number in block}
    written: list[str] = []
    for number, line in enumerate(lines):
        block = shown.get(number)
        if block is None:
            written.append(_inline(line.rstrip(), known))
        elif number == block.start:
            source = inspect.cleandoc("\n" + "\n".join(lines[each] for each in block))
            written.append(f"```py\n{source}\n```")
    return "\n".join(written).strip()


def link_to(page: str, places: dict[str, str]) -> Callable[[str], str]:
    """Return what makes a link of a public name on a page of the reference, empty of
    any other name."""

    def link(code: str) -> str:
        name = public_names().get(code, "")
        if name not in places:
            return ""
        where = "" if places[name] == page else places[name]
        return f"[`{code}`]({where}#{code.rpartition('.')[2].lower()})"

    return link


def below(name: str, value: object) -> str:
    """Return what is written below a variable in the module it was imported from."""
    name = name.rpartition(".")[2]
    homes = [module for path, module in sys.modules.items() if path.startswith("tokencharge")]
    said = (
        strings_below(inspect.getsource(home)) for home in homes if vars(home).get(name) is value
    )
    return next((text[name] for text in said if name in text), "")


def _inline(line: str, known: Callable[[str], str]) -> str:
    """Link public names, and make nothing of what only looks like markup."""
    parts = _CODE.split(line)
    parts[::2] = [_MARKUP.sub(r"\\\g<0>", text) for text in parts[::2]]
    parts[1::2] = [known(code) or f"`{code}`" for code in parts[1::2]]
    return "".join(parts)
