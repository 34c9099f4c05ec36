"""How much is done, and in which order: every contestant in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from .stage import Contestant, Run, Stage
from .table import Row

ROUTES = ("payment_intents", "charges")


@attrs.frozen
class Effort:
    """How much is done; ratios settle early, so little tells much.

    Attributes:
        rounds: How often each contestant takes its turn.
        purchases: In each turn.
        lifetime: Purchases in the life of a process.
        sandbox: Charges in the life of a sandbox, in thousands.
        history: Earlier payments of a Customer whose saved card is charged.
    """

    rounds: int
    purchases: int
    lifetime: int
    sandbox: int
    history: tuple[int, ...] = (0, 100, 1_000, 3_000)


EFFORTS = {
    "quick": Effort(5, 50, 4_000, 5_000),
    "usual": Effort(15, 150, 20_000, 50_000),
    "full": Effort(25, 300, 100_000, 50_000),
}

Scenario = Callable[[Stage, Effort], Iterator[Row]]


def take_turns(contestants: dict[str, Contestant], rounds: int, count: int) -> dict[str, list[Run]]:
    """Let each run once a round, each round begun by another; the first warms up."""
    names = list(contestants)
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            runs[name].append(contestants[name].do(count))
    return {name.partition("-")[0]: done[1:] for name, done in runs.items()}
