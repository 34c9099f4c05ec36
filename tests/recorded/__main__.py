"""Plays a file of recorded exchanges against the sandbox: `python -m tests.recorded FILE.jsonl`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tokencharge.sandbox import Rules

from .allowed import NEW_ACCOUNT, as_today, sorted_out
from .comparing import Difference
from .exchanges import UnreadableError, read
from .playing import play


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if nothing differs, 1 if something does, 2 if the file cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m tests.recorded", description=__doc__)
    parser.add_argument("file", type=Path, help="recorded exchanges, a line of JSON each")
    parser.add_argument(
        "--rules",
        type=_rule,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a rule of the sandbox's account: card_tokens=true is the old one",
    )
    parser.add_argument(
        "--part", action="store_true", help="the file shows only part of what is allowed to differ"
    )
    parser.add_argument("--all", action="store_true", help="list what is allowed to differ, too")
    given = parser.parse_args(arguments)
    try:
        exchanges = read(given.file)
    except UnreadableError as error:
        print(error, file=sys.stderr)
        return 2
    rules = Rules(**{"card_tokens": False, **dict(given.rules)})
    table = () if given.all else NEW_ACCOUNT
    differences = play(
        exchanges, rules, as_today, lambda difference: not any(a.covers(difference) for a in table)
    )
    left, used = sorted_out(differences, table)
    unused = [] if given.part else [allowed for allowed, times in used.items() if not times]
    _report(left)
    for allowed, times in used.items():
        if times:
            print(f"Allowed {times} times: {allowed}")
    for allowed in unused:
        print(f"Allowed, but never differs: {allowed}")
    print(
        f"{len(exchanges)} exchanges played, {len(left)} differences, {len(unused)} allowances too"
        " many."
    )
    return 1 if left or unused else 0


def _report(differences: list[Difference]) -> None:
    """Print each difference once, with every exchange that shows it."""
    places: dict[str, list[str]] = {}
    for difference in differences:
        seen = f"{difference.request}  {difference}" if not difference.at else str(difference)
        places.setdefault(seen, []).append(difference.exchange)
    for seen, exchanges in places.items():
        print(f"{seen}\n    {', '.join(exchanges)}")


def _rule(text: str) -> tuple[str, bool | float]:
    name, _, value = text.partition("=")
    old = getattr(Rules(), name, None)
    if isinstance(old, bool) and value in {"true", "false"}:
        return name, value == "true"
    if isinstance(old, float) and value.replace(".", "", 1).isdigit():
        return name, float(value)
    raise argparse.ArgumentTypeError(f"{text!r} is no rule of the sandbox's")


if __name__ == "__main__":
    sys.exit(main())
