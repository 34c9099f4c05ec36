"""Results: one row for each thing measured, as a table to read and as JSON to keep."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

import attrs


@attrs.frozen
class Row:
    """What one thing took; of several rounds, each contestant's median.

    Attributes:
        budget: The most the ratio may be, or, where there is no plain SDK beside it, the value; the
            least if `at_least`.
        ratios: ours / plain SDK, round by round.
    """

    scenario: str
    measured: str
    unit: str
    ours: float
    sdk: float | None = None
    floor: float | None = None
    ratios: Sequence[float] = ()
    budget: float | None = None
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def met(self) -> bool | None:
        if self.budget is None:
            return None
        value = self.ours if self.ratio is None else self.ratio
        return value >= self.budget if self.at_least else value <= self.budget

    @classmethod
    def of_rounds(
        cls,
        scenario: str,
        measured: str,
        unit: str,
        rounds: Mapping[str, list[float]],
        budget: float | None = None,
    ) -> Row:
        """Sum up rounds: for each contestant what it took, in the order of the rounds."""
        middle = {name: statistics.median(values) for name, values in rounds.items()}
        ratios = [ours / sdk for ours, sdk in zip(rounds["gateway"], rounds["sdk"], strict=True)]
        return cls(
            scenario,
            measured,
            unit,
            middle["gateway"],
            middle["sdk"],
            middle.get("floor"),
            ratios,
            budget,
        )

    @classmethod
    def of_counts(
        cls, scenario: str, measured: str, counts: Mapping[str, float], most: float | None
    ) -> Row:
        """Set numbers side by side whose ratio says nothing: ours is held against a number."""
        return cls(
            scenario,
            measured,
            "",
            counts["gateway"],
            counts["sdk"],
            counts.get("floor"),
            budget=most,
        )

    def as_json(self) -> dict[str, object]:
        return {**attrs.asdict(self), "ratio": self.ratio, "met": self.met}

    def cells(self) -> list[str]:
        spread = f" ({min(self.ratios):.2f}-{max(self.ratios):.2f})" if len(self.ratios) > 1 else ""
        return [
            self.measured,
            self._amount(self.sdk),
            self._amount(self.ours),
            "" if self.ratio is None else f"{self.ratio:.2f}{spread}",
            "" if self.budget is None else f"{'>=' if self.at_least else '<='} {self.budget:g}",
            {None: "", True: "met", False: "NOT MET"}[self.met],
            self._amount(self.floor),
        ]

    def _amount(self, value: float | None) -> str:
        if value is None:
            return ""
        digits = 2 if self.unit == "ms" else 1 if self.unit == "MB" else 0
        return f"{value:,.{digits}f} {self.unit}".rstrip()


def draw(rows: Iterable[Row]) -> str:
    """Draw the rows as a Markdown table."""
    titles = ["measured", "plain SDK", "tokencharge", "ratio", "budget", "", "bare client"]
    lines = [titles, *(row.cells() for row in rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(titles))]
    # Numbers stand right.
    right = [False, True, True, False, False, False, True]
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
