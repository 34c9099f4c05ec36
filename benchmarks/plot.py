"""The rows of a run as bars: `python -m benchmarks.plot RUN.json PLOT.svg`.

SVG by hand: one file that a browser shows in its light or its dark colours.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import attrs

WIDTH, COLUMN, BARS = 760, 380, 280
LEFT, TOP, BAR, GAP = 20, 84, 9, 2
SERIES = {"sdk": "by hand on the plain SDK", "ours": "tokencharge", "bare": "a bare client"}

STYLE = """
  .paper { fill: #ffffff } .ink { fill: #0f172a } .soft { fill: #475569 }
  .sdk { fill: #94a3b8 } .ours { fill: #2563eb } .bare { fill: #d6dee8 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0f172a } .ink { fill: #f1f5f9 } .soft { fill: #a8b3c4 }
    .sdk { fill: #94a3b8 } .ours { fill: #60a5fa } .bare { fill: #475569 }
  }
"""


@attrs.frozen
class Panel:
    """A group of bars that share a scale.

    Attributes:
        said: Of the rows' `measured`, what the title says for all of them.
    """

    title: str
    scenario: str
    route: str
    said: str

    def rows(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
        """Return the rows that belong here, by what is left to say of each."""
        return {
            row["measured"].removeprefix(self.said): row
            for row in rows
            if (row["scenario"], row["route"]) == (self.scenario, self.route)
            and row["measured"].startswith(self.said)
        }


CPU, WAIT = "CPU per purchase, ", "wait for a card token 100 ms away, "
COLUMNS = (
    (
        Panel("CPU per purchase, over PaymentIntents", "cpu", "payment_intents", CPU),
        Panel("Wait for a card token, Stripe 100 ms away", "wall", "payment_intents", WAIT),
        Panel(
            "Requests to charge a saved card, looked for first",
            "history",
            "payment_intents",
            "requests: a saved card, looked for first, ",
        ),
    ),
    (
        Panel("CPU per purchase, over Charges", "cpu", "charges", CPU),
        Panel("Requests, over PaymentIntents", "requests", "payment_intents", "requests: "),
        Panel(
            "Webhooks per CPU-second (more is better)", "webhooks", "", "webhooks per CPU-second, "
        ),
    ),
)


def text(x: float, y: float, said: str, style: str = "soft", more: str = "") -> str:
    return f'  <text x="{x:g}" y="{y:g}" class="{style}"{more}>{escape(said)}</text>'


def rect(x: float, y: float, width: float, height: float, style: str) -> str:
    size = f'width="{width:.1f}" height="{height:g}"'
    return f'  <rect x="{x:g}" y="{y:g}" {size} rx="1.5" class="{style}"/>'


def amount(value: float, unit: str) -> str:
    """Write a value as short as it can be read."""
    digits = 2 if unit == "ms" and value < 10 else 0
    return f"{value:,.{digits}f} {unit}".rstrip()


def draw_panel(panel: Panel, rows: Iterable[Mapping[str, Any]], x: int, y: int) -> tuple[str, int]:
    """Draw a panel at a place; return it, and where the next one may begin."""
    found = panel.rows(rows)
    if not found:
        return "", y
    most = max(row[name] or 0 for row in found.values() for name in SERIES) or 1
    drawn = [text(x, y, panel.title, "ink", ' font-weight="600" font-size="13"')]
    y += 22
    for label, row in found.items():
        drawn.append(text(x, y, label.replace("`", "")))
        y += 5
        for name in SERIES:
            if row[name] is None:
                continue
            width = max(BARS * row[name] / most, 1)
            drawn.append(rect(x, y, width, BAR, name))
            value = amount(row[name], row["unit"])
            drawn.append(text(x + width + 5, y + BAR, value, "ink", ' font-size="10"'))
            y += BAR + GAP
        y += 17
    return "\n".join(drawn), y + 18


def draw(run: Mapping[str, Any]) -> str:
    """Draw a run, as its JSON has it."""
    panels, bottom = [], TOP
    for number, column in enumerate(COLUMNS):
        y = TOP
        for panel in column:
            drawn, y = draw_panel(panel, run["rows"], LEFT + number * COLUMN, y)
            panels.append(drawn)
        bottom = max(bottom, y)
    legend = []
    for number, (name, said) in enumerate(SERIES.items()):
        x = LEFT + 190 * number
        legend += [rect(x, 42, 12, 12, name), text(x + 18, 52, said, "ink")]
    machine = "; ".join(f"{name} {value}" for name, value in run["machine"].items())
    height = bottom + 14
    size = f'viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" font-size="11.5"'
    title = "What a purchase costs: by hand on the plain SDK, and with tokencharge"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title">',
            f'  <title id="title">{title}</title>',
            f"  <style>{STYLE}  </style>",
            f'  <rect width="{WIDTH}" height="{height}" class="paper"/>',
            text(LEFT, 26, "What a purchase costs", "ink", ' font-weight="600" font-size="15"'),
            *legend,
            *filter(None, panels),
            text(LEFT, height - 14, machine, more=' font-size="9"'),
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(
        draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), encoding="utf-8"
    )
