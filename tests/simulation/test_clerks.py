"""Thousands of schedules of clerks.

They come with proof that the count of the money catches flows that are broken.
"""

from __future__ import annotations

import itertools
import os
from contextlib import ExitStack
from importlib import import_module
from typing import Any
from unittest import mock

import attrs
import pytest

from tests.simulation import __main__ as command
from tests.simulation.clerks import play
from tests.simulation.processes import play_all
from tokencharge._flows.calls import read_charge

# The package's own `refund` is the function.
_hold = import_module("tokencharge._flows.hold")
_refund = import_module("tokencharge._flows.refund")
_serial = itertools.count()
_ask = _hold.ask
_wanted_call = _refund._Wanted.call
_digest = _hold.digest


def test_no_schedule_gives_back_too_much():
    """Whatever goes wrong, money is given back as often as it was asked for, and everyone
    is told the truth.
    """
    failures = [
        str(failure)
        for found in play_all(0, 400, os.cpu_count() or 1, of_clerks=True)
        for failure in found
    ]

    assert [] == failures


def _history_is_news(call, reader):
    made, answer = yield from _ask(call, reader)
    return made, attrs.evolve(answer, replayed=False)


def _key_of_its_own(self, key):
    return _wanted_call(self, f"{key}-{next(_serial)}")


def _two_keys(*parts):
    more = [str(next(_serial))] if parts[0] == "hold" else []
    return _digest(*parts, *more)


def _told_as_refused(held, way, key):
    ended, _ = yield from _ask(way.call(held, key), _hold._charge_in)
    return ended, None


def _nothing_known(made, wanted):
    return None


def _always_at_hand(held, way, key):
    ended, refusal = yield from _ask_for(held, way, key)
    return (yield from read_charge(held.id)) if refusal is None else ended, None


_ask_for = _hold._ask_for

FLAWS: dict[str, list[tuple[Any, str, Any]]] = {
    "what is repeated is told as news": [
        (_hold, "ask", _history_is_news),
        (_refund, "ask", _history_is_news),
    ],
    "a key of its own for each refund": [(_refund._Wanted, "call", _key_of_its_own)],
    "a key of its own for each void": [(_hold, "digest", _two_keys)],
    "a refusal told before the charge is read": [(_hold, "_ask_for", _told_as_refused)],
    "what was given back not looked at": [(_refund, "_last", _nothing_known)],
    "a refusal taken for an end": [(_hold, "_ask_for", _always_at_hand)],
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_broken_flow_is_caught(flaw):
    """A flow with this flaw is found out within 1,000 schedules."""
    with ExitStack() as stack:
        for target, name, replacement in FLAWS[flaw]:
            stack.enter_context(mock.patch.object(target, name, replacement))
        failure = next((failure for seed in range(1000) if (failure := play(seed))), None)

    assert failure is not None
    assert failure.reason.startswith("Violation: (")


def test_a_failure_tells_how_to_replay_it(capsys):
    """What failed is printed with the command that plays it again, and the run fails."""
    with mock.patch.object(_hold, "digest", _two_keys):
        status = command.main(["--clerks", "--schedules", "30", "--seed", "0", "--jobs", "1"])
    told = capsys.readouterr().out

    assert status == 1
    assert " --clerks --verbose" in told

    assert 0 == command.main(["--clerks", "--seed", "0", "--verbose"])
    assert "clerk A calls" in capsys.readouterr().out
