"""A contestant's process: reads how much to do, does it, and says what it took.

Run as `python -m benchmarks.worker CONTESTANT DOES PACE URL ROUTE CA_BUNDLE`; one line
in, one line of JSON out. The pace is "thread each", or a number of buyers at a time:
"32", or "32 apart" if they do not come in step.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .buyers import CONTESTANTS
from .receivers import deliveries

Pace = Callable[[list[Any]], "list[float]"]
"""Does it with each of what it is given, and returns the seconds each took."""

# Buyers who come apart each wait up to so many seconds before each purchase. If they came
# apart at the start only, one pause, such as the garbage collector's, would let all that
# waited go on in step until the end of the run.
APART = 0.1


def pauses(buyer: int, apart: bool) -> Iterator[float]:
    """Draw what a buyer waits before each purchase, the same in each run."""
    chance = random.Random(buyer)
    while True:
        yield APART * chance.random() if apart else 0.0


def tokens(does: str) -> Iterator[str]:
    """Name tokens as real ones are named; none comes twice."""
    kind = "ctoken" if does == "confirmation_token" else "tok"
    return (f"{kind}_1SWk{number:016d}" for number in itertools.count())


def checked(done: str) -> None:
    if not done.startswith(("ch_", "evt_")):
        raise ValueError(f"This is no Charge and no event: {done!r}")


def timed(do: Callable[[Any], str], given: Any) -> float:
    began = time.perf_counter()
    done = do(given)
    took = time.perf_counter() - began
    checked(done)
    return took


def one_by_one(do: Callable[[Any], str]) -> Pace:
    return lambda given: [timed(do, each) for each in given]


def thread_each(do: Callable[[Any], str]) -> Pace:
    """Do as a server does that starts a thread for each request."""

    def pace(given: list[Any]) -> list[float]:
        took: list[float] = []
        for each in given:
            thread = threading.Thread(target=lambda each=each: took.append(timed(do, each)))
            thread.start()
            thread.join()
        return took

    return pace


def in_threads(do: Callable[[Any], str], buyers: int, apart: bool) -> Pace:
    pool = ThreadPoolExecutor(buyers)

    def pace(given: list[Any]) -> list[float]:
        waiting, lock = iter(given), threading.Lock()

        def buyer(number: int) -> list[float]:
            took: list[float] = []
            for pause in pauses(number, apart):
                time.sleep(pause)
                with lock:
                    each = next(waiting, None)
                if each is None:
                    break
                took.append(timed(do, each))
            return took

        return list(itertools.chain.from_iterable(pool.map(buyer, range(buyers))))

    return pace


def in_tasks(do: Callable[[Any], Any], buyers: int, apart: bool) -> Pace:
    loop = asyncio.new_event_loop()

    async def pace(given: list[Any]) -> list[float]:
        waiting = iter(given)
        took: list[float] = []

        async def buyer(number: int) -> None:
            for each, pause in zip(waiting, pauses(number, apart), strict=False):
                await asyncio.sleep(pause)
                began = time.perf_counter()
                done = await do(each)
                took.append(time.perf_counter() - began)
                checked(done)

        await asyncio.gather(*map(buyer, range(buyers)))
        return took

    return lambda given: loop.run_until_complete(pace(given))


def footprint() -> dict[str, int]:
    """Read what the process holds now: kB of memory, the most it held, sockets."""
    status = Path("/proc/self/status")
    if not status.exists():
        return {}
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    targets = (entry.readlink() for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink())
    return {
        "rss": int(fields["VmRSS"].split()[0]),
        "peak": int(fields["VmHWM"].split()[0]),
        "sockets": sum(target.name.startswith("socket:") for target in targets),
    }


def main(contestant: str, does: str, pace: str, url: str, route: str, ca_bundle: str) -> None:
    import stripe

    stripe.ca_bundle_path = ca_bundle
    do = getattr(CONTESTANTS[contestant](url, route), does)
    if pace == "thread each":
        run = thread_each(do)
    else:
        number, _, apart = pace.partition(" ")
        crowd = in_tasks if contestant.endswith("-async") else in_threads
        one_thread = pace == "1" and crowd is in_threads
        run = one_by_one(do) if one_thread else crowd(do, int(number), bool(apart))
    supply: Iterator[Any] = deliveries() if contestant.endswith("-receiver") else tokens(does)
    for line in sys.stdin:
        given = list(itertools.islice(supply, int(line)))
        cpu = time.process_time()
        took = run(given)
        cpu = time.process_time() - cpu
        if len(took) != len(given):
            raise SystemExit(f"{contestant} did {len(took)} of {len(given)}.")
        print(json.dumps({"cpu": cpu, "took": took, **footprint()}), flush=True)
        del given, took
    # Not every contestant closes what it opened without complaining.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
