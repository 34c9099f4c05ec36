"""Draws the floors of the house, of which tests/test_house.py holds that imports go down only."""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "floors.svg"
_HEIGHT, _WIDTH, _GAP, _CHARACTER = 26, 760, 8, 7.4
_NAMED = {
    "errors": "what can go wrong",
    "results": "what Stripe's objects say",
    "_flows": "the rules of charging, without IO",
    "_stripe": "the one place that knows the SDK",
    "gateway": "carries the rules out",
    "web": "the pages, without a framework",
    "flask": "adapters, OpenTelemetry, the stand-in for Stripe",
    "testing": "the test kit",
    "cli": "the command line",
}


def floors() -> list[list[str]]:
    """Read the floors, from the ground up."""
    tree = ast.parse((ROOT / "tests" / "test_house.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FLOORS":
            # A set is written in the order its author chose, which says which part comes first.
            return [
                [ast.literal_eval(each) for each in floor.elts]
                for floor in node.value.elts  # type: ignore[attr-defined]
            ]
    raise LookupError("tests/test_house.py has no FLOORS.")


def draw() -> str:
    """Return the picture."""
    stories = floors()
    height = len(stories) * (_HEIGHT + _GAP) + 40
    about = 'role="img" aria-labelledby="title" font-family="system-ui, sans-serif" font-size="13"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {about}>',
        (
            '  <title id="title">The floors of the house: each part imports from lower floors'
            " only</title>"
        ),
        f'  <rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for number, parts in enumerate(stories):
        top = height - 20 - (number + 1) * (_HEIGHT + _GAP)
        left = 20.0
        for part in parts:
            width = 20 + len(part) * _CHARACTER
            box = f'x="{left:.0f}" y="{top}" width="{width:.0f}" height="{_HEIGHT}" rx="5"'
            lines.append(f'  <rect {box} fill="#f1f5f9" stroke="#334155"/>')
            lines.append(_text(part, left + width / 2, top, "middle", "#0f172a"))
            left += width + _GAP
        said = [_NAMED[part] for part in parts if part in _NAMED]
        lines += [_text(text, _WIDTH - 20, top, "end", "#475569") for text in said[:1]]
    return "\n".join([*lines, "</svg>", ""])


def _text(text: str, x: float, top: int, anchor: str, colour: str) -> str:
    return (
        f'  <text x="{x:.0f}" y="{top + 17}" text-anchor="{anchor}"'
        f' fill="{colour}">{escape(text)}</text>'
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), "utf-8")
