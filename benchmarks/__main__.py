"""`python -m benchmarks`: measure, print a table, write the numbers and a plot."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from . import __doc__ as method
from . import plot
from .rounds import EFFORTS
from .scenarios import SCENARIOS
from .stage import GaveUp, stage
from .table import Row, draw


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description=method,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument(
        "--quick", dest="effort", action="store_const", const="quick", help="little of everything"
    )
    effort.add_argument(
        "--full", dest="effort", action="store_const", const="full", help="100,000 purchases long"
    )
    parser.set_defaults(effort="usual")
    parser.add_argument(
        "--only", nargs="+", choices=SCENARIOS, metavar="SCENARIO", help=", ".join(SCENARIOS)
    )
    parser.add_argument(
        "--into",
        type=Path,
        default=Path("build"),
        metavar="FOLDER",
        help="write performance.json, .txt and .svg there (build)",
    )
    options = parser.parse_args()

    # On Windows, which has no load average, nobody knows how busy it was.
    load = getattr(os, "getloadavg", lambda: ())
    busy = [load()[:1]]
    rows: list[Row] = []
    gave_up: dict[str, str] = {}
    with stage() as here:
        for name in options.only or SCENARIOS:
            print(f"measuring {name} ...", flush=True)
            try:
                rows += SCENARIOS[name](here, EFFORTS[options.effort])
            except GaveUp as error:
                gave_up[name] = str(error)
    machine = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "load": " to ".join(f"{now[0]:.1f}" for now in [*busy, load()[:1]] if now) or "unknown",
        **{name: version(name) for name in ("tokencharge", "stripe", "requests", "urllib3")},
    }
    table = draw(rows)
    print(f"\n{table}\n")
    print(*(f"{name} {value}" for name, value in machine.items()), sep="; ")
    for name, reason in gave_up.items():
        print(f"Not measured: {name} ({reason}).")
    missed = [row for row in rows if row.met is False]
    for row in missed:
        print(f"Over its budget: {row.measured} {row.route}".rstrip() + ".")
    run = {
        "machine": machine,
        "effort": options.effort,
        "gave_up": gave_up,
        "rows": [row.as_json() for row in rows],
    }
    written = {"json": json.dumps(run, indent=2) + "\n", "txt": table + "\n", "svg": plot.draw(run)}
    options.into.mkdir(parents=True, exist_ok=True)
    for kind, content in written.items():
        (options.into / f"performance.{kind}").write_text(content, encoding="utf-8")
    return 1 if missed or gave_up else 0


if __name__ == "__main__":
    sys.exit(main())
