"""Thousands of schedules of the real flow.

They come with proof that the checker catches flows that are broken.
"""

from __future__ import annotations

import os
import re
from collections import Counter

import pytest

from tests.simulation import __main__ as command
from tests.simulation.broken import FLOWS, broken
from tests.simulation.processes import play_all
from tests.simulation.schedule import play


def test_no_schedule_breaks_a_promise():
    """Whatever goes wrong, an order is charged at most once, and everyone is told the truth."""
    failures = [
        str(failure) for found in play_all(0, 1000, os.cpu_count() or 1) for failure in found
    ]

    assert [] == failures


@pytest.mark.parametrize("flaw", FLOWS)
def test_a_broken_flow_is_caught(flaw):
    """A flow with this flaw violates an invariant within 2,000 schedules."""
    route = FLOWS[flaw].route
    with broken(flaw):
        failure = next(
            (failure for seed in range(2000) if (failure := play(seed, route=route))), None
        )

    assert failure is not None
    assert failure.reason.startswith("Violation: (")


def test_a_schedule_replays_exactly():
    """The same seed plays the same schedule, event by event."""
    first: list[str] = []
    second: list[str] = []
    for seed in range(15):
        play(seed, first.append)
        play(seed, second.append)

    assert len(first) > 1000
    assert first == second


def test_every_outcome_is_met():
    """The schedules lead callers to every kind of end a charge can have."""
    lines: list[str] = []
    for seed in range(120):
        play(seed, lines.append)
    ends = Counter(found[1] for line in lines if (found := re.search(r" ends: (\w+)", line)))

    assert {
        "AuthenticationFailed",
        "AuthenticationRequired",
        "CardDeclined",
        "Crash",
        "GatewayUnavailable",
        "InvalidRequest",
        "OrderConflict",
        "OrderInProgress",
        "OutcomeUnknown",
        "Payment",
        "RateLimited",
        "TokenRejected",
    } == set(ends)


def test_a_failure_tells_how_to_replay_it(capsys):
    """What failed is printed with the command that plays it again, and the run fails."""
    with broken("the card in the key of the charge"):
        status = command.main(["--schedules", "50", "--seed", "0", "--jobs", "1"])
    told = capsys.readouterr().out
    seed = re.search(r"python -m tests.simulation --seed (\d+) --verbose", told)

    assert status == 1
    assert seed is not None

    with broken("the card in the key of the charge"):
        status = command.main(["--seed", seed[1], "--verbose"])
    told = capsys.readouterr().out

    assert status == 1
    assert re.search("sends POST /v1/(charges|payment_intents) ", told)
    assert "was charged 2 times" in told
