"""A contestant's process: reads how many tokens to charge, charges them, and says what it took.

Run as `python -m benchmarks.worker CONTESTANT PACE URL CA_BUNDLE`; one line of JSON in, one out.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .buyers import ASYNC, BLOCKING, Buy, BuyAsync

IN_FLIGHT = 500
THREADS = 32

# Takes tokens, charges each, and returns the Charges' ids.
Pace = Callable[[Iterable[str]], "list[str]"]


def one_by_one(buy: Buy) -> Pace:
    return lambda tokens: [buy(token) for token in tokens]


def thread_each(buy: Buy) -> Pace:
    """Do as a server does that starts a thread for each request."""

    def charge(tokens: Iterable[str]) -> list[str]:
        charged: list[str] = []
        for token in tokens:
            thread = threading.Thread(target=lambda token=token: charged.append(buy(token)))
            thread.start()
            thread.join()
        return charged

    return charge


def many_threads(buy: Buy) -> Pace:
    pool = ThreadPoolExecutor(THREADS)
    return lambda tokens: list(pool.map(buy, tokens))


def in_flight(buy: BuyAsync) -> Pace:
    loop = asyncio.new_event_loop()

    async def charge(tokens: Iterable[str]) -> list[str]:
        waiting = iter(tokens)
        charged: list[str] = []

        async def buyer() -> None:
            for token in waiting:
                charged.append(await buy(token))  # noqa: PERF401

        await asyncio.gather(*(buyer() for _ in range(IN_FLIGHT)))
        return charged

    return lambda tokens: loop.run_until_complete(charge(tokens))


PACES: dict[str, Callable[[Buy], Pace]] = {
    "one by one": one_by_one,
    "thread each": thread_each,
    "32 threads": many_threads,
}


def footprint() -> dict[str, int]:
    """Read what the process holds now: kB of memory, the most it held, threads, sockets."""
    status = Path("/proc/self/status")
    if not status.exists():
        return {}
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    targets = (entry.readlink() for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink())
    return {
        "rss": int(fields["VmRSS"].split()[0]),
        "peak": int(fields["VmHWM"].split()[0]),
        "threads": int(fields["Threads"]),
        "sockets": sum(target.name.startswith("socket:") for target in targets),
    }


def main(contestant: str, pace: str, url: str, ca_bundle: str) -> None:
    import stripe

    stripe.ca_bundle_path = ca_bundle
    charge = (
        in_flight(ASYNC[contestant](url))
        if contestant in ASYNC
        else PACES[pace](BLOCKING[contestant](url))
    )
    numbers = itertools.count()
    for line in sys.stdin:
        count = int(line)
        # Like real tokens: single-use, and going on with a digit.
        tokens = [f"tok_1SWk{next(numbers):016d}" for _ in range(count)]
        cpu, wall = time.process_time(), time.perf_counter()
        charged = charge(tokens)
        took = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        if len(charged) != count or not all(charge_id.startswith("ch_") for charge_id in charged):
            raise SystemExit(f"{contestant} charged {len(charged)} of {count} tokens.")
        del tokens, charged
        print(json.dumps({**took, **footprint()}), flush=True)
    # Not every contestant closes what it opened without complaining.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
