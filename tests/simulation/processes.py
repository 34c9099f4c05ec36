"""Many schedules, shared among processes."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing.sharedctypes import Synchronized

from . import clerks, schedule
from .schedule import Failure

AT_ONCE = 25


def play_all(
    first: int, count: int, jobs: int, route: str | None = None, *, of_clerks: bool = False
) -> Generator[list[Failure], None, None]:
    """Play schedules, and yield the failures among each few of them."""
    last = first + count
    parts = [range(start, min(start + AT_ONCE, last)) for start in range(first, last, AT_ONCE)]
    if jobs == 1:
        yield from map(partial(play_some, route=route, of_clerks=of_clerks), parts)
        return
    # Not forked: a fork would not take along the threads the schedules run in.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _settle_on_core, (context.Value("i", 0),)) as pool:
        try:
            for done in as_completed(
                [pool.submit(play_some, part, route, of_clerks) for part in parts]
            ):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def play_some(seeds: range, route: str | None = None, of_clerks: bool = False) -> list[Failure]:
    """Play these schedules and return the failures."""
    play = clerks.play if of_clerks else schedule.play
    return [failure for seed in seeds if (failure := play(seed, route=route))]


def _settle_on_core(number: Synchronized[int]) -> None:
    """Keep a process on one core: its threads take turns, and a turn passes faster there."""
    if sys.platform == "linux":
        with number.get_lock():
            number.value += 1
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {cores[number.value % len(cores)]})
