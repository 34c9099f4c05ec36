"""`tokencharge audit-cassettes`: what recordings show that must not be shared."""

from __future__ import annotations

from collections.abc import Sequence

from ..testing.audit import cassettes, find_leaks
from .terminal import CommandFailed, write, write_json


def run(paths: Sequence[str], *, as_json: bool) -> int:
    """Audit cassettes; return 0 if they are clean, and 1 if not.

    Raises:
        CommandFailed: There is nothing to audit.
    """
    try:
        count, leaks = len(cassettes(paths)), find_leaks(paths)
    except FileNotFoundError as error:
        raise CommandFailed(str(error), 2) from None
    if not count:
        raise CommandFailed("There is no cassette (*.yaml, *.yml, *.json) in what was named.", 2)
    if as_json:
        found = [{"path": str(leak.path), "where": leak.where, "what": leak.what} for leak in leaks]
        write_json({"cassettes": count, "leaks": found})
        return 1 if leaks else 0
    for leak in leaks:
        write(str(leak))
    noun = "cassette" if count == 1 else "cassettes"
    write(
        f"{count} {noun}: "
        f"{f'{len(leaks)} found that must not be shared' if leaks else 'nothing that leaks'}."
    )
    return 1 if leaks else 0
