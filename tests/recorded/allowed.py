"""Where the sandbox may differ from a recording, and why."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from .comparing import Difference
from .exchanges import Exchange


class Allowed(NamedTuple):
    """A difference that is meant. `at`, `request` and `exchange` are patterns: `*` stands for anything."""

    at: str
    what: str
    reason: str
    request: str = "*"
    exchange: str = "*"

    def covers(self, difference: Difference) -> bool:
        """Tell whether a difference is this one."""
        return (
            self.what in {difference.what, "*"}
            and fnmatchcase(difference.at, self.at)
            and fnmatchcase(difference.request, self.request)
            and fnmatchcase(difference.exchange, self.exchange)
        )


def sorted_out(
    differences: Sequence[Difference], table: Sequence[Allowed]
) -> tuple[list[Difference], dict[Allowed, int]]:
    """Part what is not allowed from how often each allowance was used."""
    used = dict.fromkeys(table, 0)
    left = []
    for difference in differences:
        cover = next((allowed for allowed in table if allowed.covers(difference)), None)
        if cover is None:
            left.append(difference)
        else:
            used[cover] += 1
    return left, used


def as_today(exchange: Exchange) -> dict[str, Any]:
    """Say what a request of 2026-08-26.dahlia sends at 2026-10-28.endive.

    `payment_method_types` is refused since 2026-09-30.endive; who wanted only cards, and nobody led away,
    says so by `automatic_payment_methods`.
    """
    params = exchange.params
    if exchange.path.startswith("/v1/payment_intents") and params.get("payment_method_types") == ["card"]:
        rest = {name: value for name, value in params.items() if name != "payment_method_types"}
        return {**rest, "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
    return params


NEW_ACCOUNT: tuple[Allowed, ...] = ()
"""Beside recordings of September 2026: 2026-08-26.dahlia, a new account in Canada."""
