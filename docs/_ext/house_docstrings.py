"""Docstrings as this house writes them, read by Sphinx: code in single backticks, examples
indented.

A docstring is read in an editor far more often than on a page, so it is kept free of markup. On the
page, what stands in backticks becomes code, a public name among it a link, and an indented block an
example.
"""

from __future__ import annotations

import inspect
import re
import sys

import attrs
from house_names import public_names, strings_below
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

_CODE = re.compile(r"(?<![`:\w])`([^`\n]+)`(?![`_])")
_MARKUP = re.compile(r"[*|]|_(?!\w)")
_SECTION = re.compile(r"[A-Z][a-z]+:")


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


def _read(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    if what == "data":
        lines[:] = [_below(name, obj)]
    blocks = examples(lines)
    shown = {number for block in blocks for number in block}
    written: list[str] = []
    for number, line in enumerate(lines):
        if any(number == block.start for block in blocks):
            written += [".. code-block:: python", ""]
        written.append(line if number in shown else _inline(line))
    if what in ("attribute", "data", "property"):
        written.insert(0, "\\ ")  # or napoleon takes what comes before the first colon for a type
    lines[:] = written


def _inline(line: str) -> str:
    """Make code of what stands in backticks, and nothing of what only looks like markup."""
    parts = _CODE.split(line)
    parts[::2] = [_MARKUP.sub(r"\\\g<0>", text) for text in parts[::2]]
    parts[1::2] = [_code(code) for code in parts[1::2]]
    return "".join(parts)


def _code(code: str) -> str:
    place = public_names().get(code)
    return f":py:obj:`{code} <{place}>`" if place else f"``{code}``"


def _below(name: str, value: object) -> str:
    """Return what is written below a variable in the module that it was imported from."""
    name = name.rpartition(".")[2]
    homes = [module for path, module in sys.modules.items() if path.startswith("tokencharge")]
    said = (
        strings_below(inspect.getsource(home)) for home in homes if vars(home).get(name) is value
    )
    return next((text[name] for text in said if name in text), "")


def _sign(
    app: Sphinx,
    what: str,
    name: str,
    obj: object,
    options: object,
    signature: str | None,
    returned: str | None,
) -> tuple[str | None, str | None]:
    """Say what the defaults of an attrs class are: its
    `__init__` has no source to read them from."""
    if signature is None or not isinstance(obj, type) or not attrs.has(obj):
        return signature, returned
    defaults = {field.name.lstrip("_"): repr(field.default) for field in attrs.fields(obj)}
    signature = re.sub(
        r"attr_dict\['(\w+)'\]\.default", lambda found: defaults[found[1]], signature
    )
    return signature.replace("= NOTHING", "= ..."), returned


def setup(app: Sphinx) -> ExtensionMetadata:
    """Read docstrings before napoleon, which has priority 500, reads them."""
    app.connect("autodoc-process-docstring", _read, priority=400)
    app.connect("autodoc-process-signature", _sign)
    return {"parallel_read_safe": True}
