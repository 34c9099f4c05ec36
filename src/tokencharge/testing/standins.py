"""Stand-ins: what replaces a value that must not be shown, numbered in the order in which values are met.

Two runs of one test meet the same things in the same order, under other values: another token, so another idempotency
key. Each run numbers what it meets, and so both write the same cassette. When an answer is replayed, the stand-ins in
it are turned back into what this run sent.
"""

from __future__ import annotations

import json
import re
from collections import Counter

STAND_IN = re.compile(
    r"(?<![a-z])(?P<kind>[a-z]+)_scrubbed(?P<number>[0-9]{4,6})(?![A-Za-z0-9])(?:@example\.com)?"
)


class StandIns:
    """The stand-ins of one cassette, as this run meets them."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def name(self, kind: str, value: str) -> str:
        """Return the stand-in of a value; the same one each time, and itself for a stand-in."""
        if STAND_IN.fullmatch(value):
            return value
        if (kind, value) not in self._names:
            self._counts[kind] += 1
            name = f"{kind}_scrubbed{self._counts[kind]:04}" + (
                "@example.com" if kind == "email" else ""
            )
            self._names[kind, value] = name
            self._values[name] = value
        return self._names[kind, value]

    def meet(self, text: str) -> None:
        """Count the stand-ins that a replayed answer brings, as their values were counted when it was recorded."""
        for found in STAND_IN.finditer(text):
            self._counts[found["kind"]] = max(self._counts[found["kind"]], int(found["number"]))

    def restore(self, text: str, *, in_json: bool = False) -> str:
        """Put this run's values in the place of their stand-ins; the stand-ins of others stay."""

        def value(found: re.Match[str]) -> str:
            known = self._values.get(found[0], found[0])
            return json.dumps(known)[1:-1] if in_json else known

        return STAND_IN.sub(value, text)
