"""What each contestant costs in a process of its own."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator

from .rounds import ROUTES, Effort, Scenario, take_turns
from .stage import Stage
from .table import Row

# For each request of a purchase that is made 100 ms away, and 5 % for all else.
MS_FOR_A_REQUEST = 105


def cpu(how: str, pace: str, door: str, most_ratio: dict[str, float], kind: str = "") -> Scenario:
    """Make the scenario of what a purchase with a card token costs at one pace."""

    def scenario(stage: Stage, effort: Effort) -> Iterator[Row]:
        rounds, purchases = effort.rounds, effort.purchases
        if kind:
            # A few hundred purchases would never be 500 in flight.
            rounds, purchases = max(3, rounds // 3), int(pace) * max(1, purchases // 100)
        cast = [f"{name}{kind}" for name in ("sdk", "gateway", "bare")]
        for route in ROUTES:
            with stage.contestants(cast, "card_token", pace, door, route) as contestants:
                runs = take_turns(contestants, rounds, purchases)
            took = {name: [run.cpu * 1000 for run in done] for name, done in runs.items()}
            budget = most_ratio[route]
            said = f"CPU per purchase, {how}"
            yield Row.of_rounds("cpu", route, said, "ms", took, most_ratio=budget)
            if pace != "thread each":
                continue
            opened = {name: sum(run.connections for run in done) for name, done in runs.items()}
            said = f"connections opened by {rounds * purchases:,} purchases, {how}"
            yield Row("connections", route, said, "", opened["gateway"], opened["sdk"], most=0)

    return scenario


def wall(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Let buyers wait for a Stripe that is 100 ms away: one, 8 and 32 at a time."""
    for kind in ("", "-async"):
        for route, requests in (("payment_intents", 3), ("charges", 2)):
            for buyers in (1, 8, 32):
                yield _waited(stage, effort, "card_token", requests, buyers, route, kind)
    for does, requests in (("confirmation_token", 2), ("saved_card", 1), ("looked_for", 3)):
        yield _waited(stage, effort, does, requests)


PURCHASES = {
    "card_token": "a card token",
    "confirmation_token": "a confirmation token",
    "saved_card": "a saved card, `began` given",
    "looked_for": "a saved card, looked for first",
}


def _waited(
    stage: Stage,
    effort: Effort,
    does: str,
    requests: int,
    buyers: int = 1,
    route: str = ROUTES[0],
    kind: str = "",
) -> Row:
    cast = [f"sdk{kind}", f"gateway{kind}"]
    with stage.contestants(cast, does, f"{buyers} apart", "slow", route) as contestants:
        runs = take_turns(contestants, max(2, effort.rounds // 5), 5 * buyers)
    took = {
        name: [statistics.median(run.took) * 1000 for run in done] for name, done in runs.items()
    }
    crowd = "1 buyer" if buyers == 1 else f"{buyers} buyers"
    how = "async" if kind else "blocking"
    measured = f"wait for {PURCHASES[does]} 100 ms away, {crowd}, {how}"
    most = requests * MS_FOR_A_REQUEST
    return Row.of_rounds("wall", route, measured, "ms", took, most=most)


def memory(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Live through many purchases in 32 threads: what is held, at most and at last?"""
    for route in ROUTES:
        lives: dict[str, list[dict[str, int]]] = {"sdk": [], "gateway": []}
        with stage.contestants(lives, "card_token", "32", "http", route) as contestants:
            # In small portions: the worker itself keeps something of each.
            for _ in range(max(2, effort.lifetime // 1_000)):
                for name, contestant in contestants.items():
                    lives[name].append(contestant.do(min(1_000, effort.lifetime // 2)).held)
        if not lives["sdk"][0]:
            return
        early = {name: life[len(life) // 10] for name, life in lives.items()}
        late = {name: life[-1] for name, life in lives.items()}
        about = f"{effort.lifetime:,} purchases in 32 threads"
        peak = {name: [late[name]["peak"] / 1024] for name in lives}
        yield Row.of_rounds("memory", route, f"peak memory of {about}", "MB", peak)
        grown = {name: (late[name]["rss"] - early[name]["rss"]) / 1024 for name in lives}
        said = f"memory grown by the last nine tenths of {about}"
        yield Row("memory", route, said, "MB", grown["gateway"], grown["sdk"], most=1)
        held = {name: late[name]["sockets"] for name in lives}
        said = f"sockets open after {about}"
        yield Row("memory", route, said, "", held["gateway"], held["sdk"], most=32)


def imports(stage: Stage, effort: Effort) -> Iterator[Row]:
    modules = {"sdk": "stripe", "gateway": "tokencharge"}
    took: dict[str, list[float]] = {name: [] for name in modules}
    for turn in range(effort.rounds + 1):
        for name, module in modules.items():
            code = (
                "import time; began = time.process_time(); "
                f"import {module}; print(time.process_time() - began)"
            )
            result = subprocess.run(
                [sys.executable, "-c", code], check=True, capture_output=True, text=True
            )
            # The first one may have had to compile.
            if turn:
                took[name].append(float(result.stdout) * 1000)
    said = "CPU of import stripe / import tokencharge"
    yield Row.of_rounds("import", "", said, "ms", took, most_ratio=0.36)


def sandbox(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Pay in process, from an empty sandbox on; Python's collector runs as it does.

    This is no ratio, so whatever else the machine does would count. Of three lives the
    best is told, as `timeit` does.
    """
    portion = min(1_000, effort.sandbox)
    for route in ROUTES:
        lives: list[list[float]] = []
        for _ in range(3):
            with stage.contestants(["sandbox"], "card_token", "1", "http", route) as contestants:
                one = contestants["sandbox"]
                lives.append([one.do(portion).cpu for _ in range(effort.sandbox // portion)])
        times = min(lives, key=sum)
        said = "sandbox: charges per CPU-second, "
        least = 2_000 if route == ROUTES[0] else None
        yield Row("sandbox", route, f"{said}the first {portion:,}", "", 1 / times[0])
        mean = 1 / statistics.mean(times)
        yield Row("sandbox", route, f"{said}all {effort.sandbox:,}", "", mean, least=least)
        yield Row("sandbox", route, f"{said}the last {portion:,} of these", "", 1 / times[-1])


def webhooks(stage: Stage, effort: Effort) -> Iterator[Row]:
    cast = ["sdk-receiver", "gateway-receiver"]
    for does, said in (("read", "verified and read"), ("handle", "handled once each")):
        with stage.contestants(cast, does, "1", "http", ROUTES[0]) as contestants:
            runs = take_turns(contestants, effort.rounds, effort.purchases * 4)
        speed = {
            name: 1 / statistics.median(run.cpu for run in done) for name, done in runs.items()
        }
        measured = f"webhooks per CPU-second, {said}"
        yield Row("webhooks", "", measured, "", speed["gateway"], speed["sdk"])
