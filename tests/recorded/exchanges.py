"""A file of recorded exchanges: a line of JSON each, in the order in which they were made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import attrs
from attrs.validators import and_, deep_mapping, ge, instance_of, matches_re, optional

FIELDS = ("from", "seq", "method", "path", "params", "idempotency_key", "status", "body")
"""What each line has; it may have a `note` too."""


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

    session: str = attrs.field(validator=instance_of(str))
    seq: int = attrs.field(validator=instance_of(int))
    method: str = attrs.field(validator=matches_re("GET|POST|DELETE"))
    path: str = attrs.field(validator=matches_re("/v1/.+"))
    params: dict[str, Any] = attrs.field(validator=deep_mapping(instance_of(str), lambda *_: None))
    idempotency_key: str | None = attrs.field(validator=optional(instance_of(str)))
    status: int = attrs.field(validator=and_(instance_of(int), ge(200)))
    body: dict[str, Any] = attrs.field(validator=deep_mapping(instance_of(str), lambda *_: None))

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
    found = [_exchange(f"{file}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
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
    wrong = sorted(set(FIELDS) ^ (fields.keys() - {"note"}))
    if wrong:
        raise UnreadableError(f"{where} must have the keys {', '.join(FIELDS)}, no other; look at {', '.join(wrong)}.")
    try:
        return Exchange(*(fields[name] for name in FIELDS))
    except (TypeError, ValueError) as error:
        field = next((str(arg.name) for arg in error.args if isinstance(arg, attrs.Attribute)), "a value")
        raise UnreadableError(f"{where} has a {field} that cannot be.") from None
