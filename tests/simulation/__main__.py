"""Play many schedules, or one again: `python -m tests.simulation --help`."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized

from .schedule import Failure, play

_AT_ONCE = 25
_ENOUGH = 10


def main(args: Sequence[str] | None = None) -> int:
    """Play what the command line asks for; return 1 if an invariant was violated."""
    given = _options(args)
    first = random.SystemRandom().randrange(10**9) if given.seed is None else given.seed
    count = given.schedules or (1 if given.seed is not None else 1000)
    if given.verbose:
        failures = [failure for seed in range(first, first + count) if (failure := play(seed, print))]
    else:
        failures = []
        with _progress(count) as advance:
            for found in _play_all(first, count, given.jobs):
                advance()
                failures += found
                if len(failures) >= _ENOUGH:
                    break
    for failure in failures:
        print(failure)
    print(f"schedules {first} to {first + count - 1}: {f'{len(failures)} failed' if failures else 'all passed'}")
    return 1 if failures else 0


def _options(args: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Faults and races, simulated.")
    parser.add_argument("--schedules", type=int, metavar="N", help="how many; 1 with --seed, else 1000")
    parser.add_argument("--seed", type=int, metavar="N", help="the first schedule; drawn if not given")
    parser.add_argument("--jobs", type=int, metavar="N", default=os.cpu_count() or 1, help="processes; one per core")
    parser.add_argument("--verbose", action="store_true", help="tell every event")
    return parser.parse_args(args)


def _play_all(first: int, count: int, jobs: int) -> Iterator[list[Failure]]:
    """Play schedules and yield the failures among each few of them."""
    last = first + count
    parts = [range(start, min(start + _AT_ONCE, last)) for start in range(first, last, _AT_ONCE)]
    if jobs == 1:
        yield from map(_play_part, parts)
        return
    # Not forked: a fork would not take along the threads the schedules run in.
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, _settle_on_core, [context.Value("i", 0)]) as pool:
        yield from pool.imap_unordered(_play_part, parts)


def _play_part(seeds: range) -> list[Failure]:
    return [failure for seed in seeds if (failure := play(seed))]


def _settle_on_core(number: Synchronized[int]) -> None:
    """Keep a process on one core: its threads take turns, and a turn passes faster there."""
    if sys.platform == "linux":
        with number.get_lock():
            number.value += 1
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {cores[number.value % len(cores)]})


@contextmanager
def _progress(count: int) -> Iterator[Callable[[], object]]:
    """Show how far it got, if anybody is watching."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("schedules", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=count)
        yield lambda: progress.advance(task, _AT_ONCE)


if __name__ == "__main__":
    sys.exit(main())
