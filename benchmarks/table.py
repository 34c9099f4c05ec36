"""Results: one row for each thing measured, as a table to read and as JSON to keep."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs


@attrs.frozen
class Row:
    """What one thing took; of several rounds, each contestant's median.

    Attributes:
        scenario: By which it was measured.
        route: Of the two; empty where it is neither's.
        ratios: ours / plain SDK, round by round.
        most_ratio: The most the ratio may be.
        most: The most ours may be.
        least: The least ours may be.
    """

    scenario: str
    route: str
    measured: str
    unit: str
    ours: float
    sdk: float | None = None
    bare: float | None = None
    ratios: Sequence[float] = ()
    most_ratio: float | None = None
    most: float | None = None
    least: float | None = None

    @classmethod
    def of_rounds(
        cls,
        scenario: str,
        route: str,
        measured: str,
        unit: str,
        rounds: Mapping[str, list[float]],
        **budget: float | None,
    ) -> Row:
        """Sum up what each contestant took in each round."""
        middle = {name: statistics.median(values) for name, values in rounds.items()}
        ratios = [ours / sdk for ours, sdk in zip(rounds["gateway"], rounds["sdk"], strict=True)]
        ours, sdk, bare = middle["gateway"], middle["sdk"], middle.get("bare")
        return cls(scenario, route, measured, unit, ours, sdk, bare, ratios, **budget)

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def met(self) -> bool | None:
        """Whether its budget is met, if it has one."""
        kept = [
            *([] if self.most is None else [self.ours <= self.most]),
            *([] if self.least is None else [self.ours >= self.least]),
            *([] if self.most_ratio is None else [(self.ratio or 0.0) <= self.most_ratio]),
        ]
        return all(kept) if kept else None

    def as_json(self) -> dict[str, Any]:
        return {**attrs.asdict(self), "ratio": self.ratio, "met": self.met}

    def cells(self) -> list[str]:
        spread = f" ({min(self.ratios):.2f}-{max(self.ratios):.2f})" if len(self.ratios) > 1 else ""
        budget = {
            f"ratio <= {self.most_ratio}": self.most_ratio,
            f"<= {self._amount(self.most)}": self.most,
            f">= {self._amount(self.least)}": self.least,
        }
        return [
            self.measured,
            self.route,
            self._amount(self.sdk),
            self._amount(self.ours),
            "" if self.ratio is None else f"{self.ratio:.2f}{spread}",
            ", ".join(text for text, value in budget.items() if value is not None),
            {None: "", True: "met", False: "NOT MET"}[self.met],
            self._amount(self.bare),
        ]

    def _amount(self, value: float | None) -> str:
        if value is None:
            return ""
        digits = {"ms": 2 if value < 100 else 0, "MB": 1}.get(self.unit, 0)
        return f"{value:,.{digits}f} {self.unit}".rstrip()


def draw(rows: Iterable[Row]) -> str:
    """Draw the rows as a Markdown table."""
    titles = ["measured", "route", "plain SDK", "tokencharge", "ratio", "budget", "", "bare client"]
    lines = [titles, *(row.cells() for row in rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(titles))]
    # Numbers stand right.
    right = [title in ("plain SDK", "tokencharge", "bare client") for title in titles]
    rule = [
        "-" * (width - 1) + (":" if flush else "-")
        for width, flush in zip(widths, right, strict=True)
    ]
    return "\n".join(
        "| "
        + " | ".join(
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(line, widths, right, strict=True)
        )
        + " |"
        for line in [lines[0], rule, *lines[1:]]
    )
