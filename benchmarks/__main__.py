"""`python -m benchmarks`: measure, print a table, keep the numbers as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from . import __doc__ as method
from .scenarios import EFFORTS, SCENARIOS, why_not
from .stage import GaveUp, stage
from .table import Row, draw


def main() -> None:
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
        "--full", dest="effort", action="store_const", const="full", help="100,000 charges long"
    )
    parser.set_defaults(effort="usual")
    parser.add_argument(
        "--only", nargs="+", choices=SCENARIOS, metavar="SCENARIO", help=", ".join(SCENARIOS)
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the numbers there, round by round"
    )
    options = parser.parse_args()

    # On Windows, which has no load average, nobody knows how busy it was.
    load = getattr(os, "getloadavg", lambda: ())
    busy = [load()[:1]]
    rows: list[Row] = []
    skipped: dict[str, str] = {}
    with stage() as here:
        for name in options.only or SCENARIOS:
            reason = why_not(name)
            if reason:
                skipped[name] = reason
                continue
            print(f"measuring {name} ...", flush=True)
            try:
                rows += SCENARIOS[name](here, EFFORTS[options.effort])
            except GaveUp as error:
                # The SDK on httpx runs into its own time-outs on a busy machine.
                skipped[name] = str(error)
    machine = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "load": " to ".join(f"{now[0]:.1f}" for now in [*busy, load()[:1]] if now) or "unknown",
        **{name: version(name) for name in ("tokencharge", "stripe", "requests", "urllib3")},
    }
    print()
    print(draw(rows))
    print()
    print(*(f"{name} {value}" for name, value in machine.items()), sep="; ")
    for name, reason in skipped.items():
        print(f"Left out: {name} ({reason}).")
    if options.json:
        kept = {"machine": machine, "effort": options.effort, "skipped": skipped}
        options.json.write_text(
            json.dumps({**kept, "rows": [row.as_json() for row in rows]}, indent=2) + "\n"
        )


if __name__ == "__main__":
    main()
