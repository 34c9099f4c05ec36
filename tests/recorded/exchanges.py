"""A file of recorded exchanges: a line of JSON each, in the order in which they were made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import attrs

FIELDS: dict[str, Callable[[Any], bool]] = {
    "from": lambda value: isinstance(value, str),
    "seq": lambda value: isinstance(value, int),
    "method": lambda value: value in {"GET", "POST", "DELETE"},
    "path": lambda value: isinstance(value, str) and value.startswith("/v1/"),
    "params": lambda value: isinstance(value, dict),
    "idempotency_key": lambda value: value is None or isinstance(value, str),
    "status": lambda value: isinstance(value, int) and 200 <= value < 600,
    "body": lambda value: isinstance(value, dict),
}
"""What each line has, and what may stand there; a line may have a `note`, too."""


class UnreadableError(Exception):
    """A file is no file of recorded exchanges; the message is one sentence."""


@attrs.frozen
class Exchange:
    """A request, and what Stripe answered.

    Attributes:
        session: The recording it belongs to (`from`): one account, from nothing.
        seq: Its number there.
        params: As they were meant, nested: `{"card": {"token": "tok_visa"}}`.
    """

    session: str
    seq: int
    method: str
    path: str
    params: dict[str, Any]
    idempotency_key: str | None
    status: int
    body: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is called in a report: "04_money_path:12"."""
        return f"{self.session}:{self.seq}"


def read(file: Path) -> list[Exchange]:
    """Read a file.

    Raises:
        UnreadableError: It is missing, or no file of recorded exchanges.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UnreadableError(f"{file} cannot be read: {reason}.") from None
    found = [
        _exchange(f"{file}, line {number}", line)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not found:
        raise UnreadableError(f"{file} holds no exchange.")
    return found


def sessions(exchanges: list[Exchange]) -> Iterator[list[Exchange]]:
    """Cut a file where another recording begins."""
    for _, session in groupby(exchanges, key=lambda exchange: exchange.session):
        yield list(session)


def _exchange(where: str, line: str) -> Exchange:
    try:
        fields = json.loads(line)
    except ValueError:
        raise UnreadableError(f"{where} is no JSON.") from None
    if not isinstance(fields, dict):
        raise UnreadableError(f"{where} is no JSON object.")
    odd = ", ".join(sorted(FIELDS.keys() ^ (fields.keys() - {"note"})))
    if odd:
        raise UnreadableError(
            f"{where} must have the keys {', '.join(FIELDS)}, and no other: look at {odd}."
        )
    wrong = [name for name, good in FIELDS.items() if not good(fields[name])]
    if wrong:
        raise UnreadableError(f"{where} has what cannot be under {', '.join(wrong)}.")
    return Exchange(*(fields[name] for name in FIELDS))
