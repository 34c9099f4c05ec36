"""Play many schedules, or one again: `python -m tests.simulation --help`."""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

from . import clerks, schedule
from .processes import AT_ONCE, play_all
from .world import ROUTES

_ENOUGH = 10


def main(args: Sequence[str] | None = None) -> int:
    """Play what the command line asks for; return 1 if an invariant was violated."""
    given = _options(args)
    first = random.SystemRandom().randrange(10**9) if given.seed is None else given.seed
    count = given.schedules or (1 if given.seed is not None else 1000)
    if given.verbose:
        play = clerks.play if given.clerks else schedule.play
        failures = [
            failure
            for seed in range(first, first + count)
            if (failure := play(seed, print, given.route))
        ]
    else:
        failures = []
        with (
            _progress(count) as advance,
            closing(
                play_all(first, count, given.jobs, given.route, of_clerks=given.clerks)
            ) as played,
        ):
            for found in played:
                advance()
                failures += found
                if len(failures) >= _ENOUGH:
                    break
    for failure in failures:
        print(failure)
    result = f"{len(failures)} failed" if failures else "all passed"
    print(f"schedules {first} to {first + count - 1}: {result}")
    return 1 if failures else 0


def _options(args: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description="Faults and races, simulated."
    )
    parser.add_argument(
        "--schedules", type=int, metavar="N", help="how many; 1 with --seed, else 1000"
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="the first schedule; drawn if not given"
    )
    parser.add_argument(
        "--jobs", type=int, metavar="N", default=os.cpu_count() or 1, help="processes; one per core"
    )
    parser.add_argument(
        "--route", choices=ROUTES, help="of every schedule; drawn for each if not given"
    )
    parser.add_argument(
        "--clerks", action="store_true", help="who capture, void and refund, in place of buyers"
    )
    parser.add_argument("--verbose", action="store_true", help="tell every event")
    return parser.parse_args(args)


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
        yield lambda: progress.advance(task, AT_ONCE)


if __name__ == "__main__":
    sys.exit(main())
