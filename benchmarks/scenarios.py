"""What is measured: each scenario yields the rows of the table it is about."""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator

import attrs

import tokencharge

from .stage import Contestant, Run, Stage
from .table import Row


@attrs.frozen
class Effort:
    """How much is done; ratios settle early, so little tells much.

    Attributes:
        rounds: How often each contestant takes its turn.
        charges: In each turn.
        lifetime: Charges in the life of a process, after which it should hold what it held before.
    """

    rounds: int
    charges: int
    lifetime: int


EFFORTS = {
    "quick": Effort(5, 50, 4_000),
    "usual": Effort(15, 150, 20_000),
    "full": Effort(25, 300, 100_000),
}

Scenario = Callable[[Stage, Effort], Iterator[Row]]


BLOCKING = {"sdk": "sdk", "gateway": "gateway", "floor": "floor"}
ASYNC = {"sdk": "sdk-aiohttp", "gateway": "gateway-async", "floor": "floor-async"}
ASYNC_HTTPX = {"sdk": "sdk-httpx", "gateway": "gateway-async"}


def take_turns(
    contestants: dict[str, Contestant], rounds: int, charges: int
) -> dict[str, list[Run]]:
    """Let the contestants run in turn, each round beginning with
    another one; the first round warms up."""
    names = list(contestants)
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            runs[name].append(contestants[name].charge(charges))
    return runs


def pace(
    how: str, cast: dict[str, str], pace: str, door: str, budget: float | None = None
) -> Scenario:
    """Make the scenario of charging at one pace: CPU, wall time, and connections opened."""

    def scenario(stage: Stage, effort: Effort) -> Iterator[Row]:
        rounds, charges = effort.rounds, effort.charges
        if pace == "async":
            # A few hundred charges would never be 500 in flight.
            rounds, charges = max(3, rounds // 3), 500 * max(1, charges // 100)
        with stage.contestants(cast, pace, door) as contestants:
            runs = take_turns(contestants, rounds, charges)
        cpu = {name: [run.cpu * 1000 for run in runs[name][1:]] for name in cast}
        wall = {name: [run.wall * 1000 for run in runs[name][1:]] for name in cast}
        yield Row.of_rounds(how, f"CPU per charge, {how}", "ms", cpu, budget)
        yield Row.of_rounds(how, f"wall per charge, {how}", "ms", wall)
        # How many are open at once hangs on chance where charges overlap;
        # there, all that were ever opened count.
        alone = pace in ("one by one", "thread each")
        opened = {name: sum(run.connections for run in runs[name][alone:]) for name in cast}
        counted = (
            f"{rounds * charges:,} charges once warm"
            if alone
            else f"{(rounds + 1) * charges:,} charges in all"
        )
        limit = {"one by one": 0, "thread each": 0, "32 threads": 32}.get(pace)
        yield Row.of_counts(how, f"connections opened by {counted}, {how}", opened, limit)

    return scenario


def requests(stage: Stage, effort: Effort) -> Iterator[Row]:
    cast = {"sdk": "sdk", "gateway": "gateway", "order": "order"}
    with stage.contestants(cast, "one by one", "http") as contestants:
        asked = {
            name: contestant.charge(10).requests / 10 for name, contestant in contestants.items()
        }
    yield Row.of_counts("requests", "requests per charge", asked, 2)
    yield Row("requests", "requests per charge, with an order_id", "", asked["order"], budget=3)


def memory(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Live through many charges in 32 threads: what was the most that was
    held, and what is held at the end?"""
    cast = {"sdk": "sdk", "gateway": "gateway"}
    lives: dict[str, list[dict[str, int]]] = {name: [] for name in cast}
    with stage.contestants(cast, "32 threads", "http") as contestants:
        # In small portions, or what the worker itself keeps of a portion would be measured.
        for _ in range(effort.lifetime // 1_000):
            for name, contestant in contestants.items():
                lives[name].append(contestant.charge(1_000).held)
    if not lives["sdk"][0]:
        return
    early = {name: life[len(life) // 10] for name, life in lives.items()}
    late = {name: life[-1] for name, life in lives.items()}
    about = f"{effort.lifetime:,} charges in 32 threads"
    peak = {name: [late[name]["peak"] / 1024] for name in cast}
    yield Row.of_rounds("memory", f"peak memory of {about}", "MB", peak)
    grown = {name: (late[name]["rss"] - early[name]["rss"]) / 1024 for name in cast}
    yield Row(
        "memory",
        f"memory grown by the last nine tenths of {about}",
        "MB",
        grown["gateway"],
        grown["sdk"],
        budget=1,
    )
    for what, budget in (("threads", 33), ("sockets", 32)):
        held = {name: late[name][what] for name in cast}
        yield Row.of_counts("memory", f"{what} after {about}", held, budget)


def imports(stage: Stage, effort: Effort) -> Iterator[Row]:
    modules = {"sdk": "stripe", "gateway": "tokencharge"}
    took: dict[str, list[float]] = {name: [] for name in modules}
    for turn in range(effort.rounds + 1):
        for name, module in modules.items():
            code = (
                f"import time; begun = time.process_time(); import {module};"
                " print(time.process_time() - begun)"
            )
            result = subprocess.run(
                [sys.executable, "-c", code], check=True, capture_output=True, text=True
            )
            # The first one may have had to compile.
            if turn:
                took[name].append(float(result.stdout) * 1000)
    yield Row.of_rounds("import", "CPU of import stripe / import tokencharge", "ms", took, 0.35)


def sandbox(stage: Stage, effort: Effort) -> Iterator[Row]:
    with stage.contestants({"sandbox": "sandbox"}, "one by one", "http") as contestants:
        runs = take_turns(contestants, effort.rounds, effort.charges)["sandbox"][1:]
    speed = 1 / statistics.median(run.cpu for run in runs)
    yield Row(
        "sandbox",
        "charges per CPU second, sandbox in process",
        "",
        speed,
        budget=1500,
        at_least=True,
    )


SCENARIOS: dict[str, Scenario] = {
    "sequential": pace("one by one", BLOCKING, "one by one", "http", 0.45),
    "sequential-tls": pace("one by one, TLS", BLOCKING, "one by one", "https", 0.45),
    "thread-each": pace("a thread each", BLOCKING, "thread each", "http"),
    "thread-each-tls": pace("a thread each, TLS", BLOCKING, "thread each", "https", 0.30),
    "32-threads": pace("32 threads", BLOCKING, "32 threads", "http"),
    "32-threads-tls": pace("32 threads, TLS", BLOCKING, "32 threads", "https"),
    "async": pace("async, 500 in flight, 100 ms away", ASYNC, "async", "slow", 0.50),
    "async-httpx": pace("the same, the SDK on httpx", ASYNC_HTTPX, "async", "slow", 0.50),
    "requests": requests,
    "memory": memory,
    "import": imports,
    "sandbox": sandbox,
}

_NEEDS = {"async": ("aiohttp",), "async-httpx": ("aiohttp", "httpx")}


def why_not(name: str) -> str | None:
    """Return why a scenario cannot run here, if so."""
    if name in _NEEDS and not hasattr(tokencharge, "AsyncPaymentGateway"):
        return "tokencharge has no AsyncPaymentGateway"
    missing = [
        module for module in _NEEDS.get(name, ()) if importlib.util.find_spec(module) is None
    ]
    return f"{' and '.join(missing)} not installed" if missing else None
