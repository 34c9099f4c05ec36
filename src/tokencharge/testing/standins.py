"""Stand-ins: they replace values that must not be shown.

They are numbered in the order in which the values appear. Two runs of one test meet the
same things in the same order, with other values: another token, so another idempotency
key. Each run numbers what it meets, so both write the same cassette. When an answer is
replayed, its stand-ins are turned back into the values that this run sent.
"""

from __future__ import annotations

import json
import re
from collections import Counter

STAND_IN = re.compile(
    r"(?<![a-z])(?P<kind>[a-z]+)_scrubbed(?P<number>[0-9]{4,6})(?![A-Za-z0-9])(?:@example\.com)?"
)


class StandIns:
    """The stand-ins of one cassette, in this run."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def name(self, kind: str, value: str) -> str:
        """Return the stand-in of a value, the same one each time.

        A stand-in is returned as it is.
        """
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
        """Count the stand-ins in a replayed answer.

        Their values were counted in the same way when it was recorded.
        """
        for found in STAND_IN.finditer(text):
            self._counts[found["kind"]] = max(self._counts[found["kind"]], int(found["number"]))

    def restore(self, text: str, *, in_json: bool = False) -> str:
        """Replace stand-ins by this run's values; stand-ins of others stay."""

        def value(found: re.Match[str]) -> str:
            known = self._values.get(found[0], found[0])
            return json.dumps(known)[1:-1] if in_json else known

        return STAND_IN.sub(value, text)
