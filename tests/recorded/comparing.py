"""How an answer differs from the recorded one, and which recorded id stands for which of the
sandbox's.

Values that are random at Stripe are compared by their form. Everything else must be the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs

NAME = re.compile(
    r"\b(?:(?:cus|prod|sub|acct|evt|req)_[A-Za-z0-9]{12,}"
    r"|(?:card|ch|ctoken|du|dp|pi|pm|pmc|py|pyr|re|seti|setatt|src|tok|txn|in|mandate)"
    r"_[0-9][A-Za-z0-9]{11,})\b"
)
"""An id as Stripe makes them; tok_visa, ch_nope and ch_unknown0000 are none."""

RANDOM = {
    "authorization_code": re.compile(r"[0-9A-Z]{6}"),
    "client_secret": re.compile(r"[a-z]+_\w+_secret_(?:[A-Za-z0-9]{25}|[A-Za-z0-9]{31})"),
    "fingerprint": re.compile(r"[A-Za-z0-9]{16}"),
    "invoice_prefix": re.compile(r"[A-Z0-9]{8}"),
    "network_transaction_id": re.compile(r"[0-9]{15}"),
    "receipt_url": re.compile(r"https://pay\.stripe\.com/receipts/\S+"),
    "reference": re.compile(r"[0-9]{16}"),
    "request_log_url": re.compile(r"https://dashboard\.stripe\.com/\S+"),
}
"""Texts that differ from answer to answer, by the key they stand under."""

TIMES = {"available_on", "canceled_at", "capture_before", "created", "due_by", "expires_at"}
"""Seconds since 1970. The sandbox's clock shows the recorded time, give or take `SLACK`."""

SLACK = 5
REDACTED = re.compile(r"<redacted:.*>")


@attrs.frozen
class Difference:
    """One thing that is otherwise.

    Attributes:
        exchange: Which one: "04_money_path:12".
        request: Its method, and its path with `:id` for ids.
        at: Where: the kind of object, and the way to the value from there, "charge.outcome.reason".
            An entry of a list is called `each`.
        what: "status", "unplayable", "missing", "extra", "type", "length", "form", "time", "id" or
            "value".
    """

    exchange: str
    request: str
    at: str
    what: str
    recorded: Any
    sandbox: Any

    def __str__(self) -> str:
        return f"{self.at}: {self.what}: recorded {self.recorded!r}, sandbox {self.sandbox!r}"


class Names:
    """Which of the sandbox's ids stands for a recorded one."""

    def __init__(self) -> None:
        self._sandbox: dict[str, str] = {}
        self._recorded: dict[str, str] = {}

    def knows(self, recorded: str) -> bool:
        """Tell whether an answer has shown what a recorded id stands for."""
        return recorded in self._sandbox

    def pair(self, recorded: str, sandbox: str) -> bool:
        """Learn that two ids stand for one thing; False if either stands for another."""
        if recorded not in self._sandbox and sandbox not in self._recorded:
            self._sandbox[recorded] = sandbox
            self._recorded[sandbox] = recorded
        return self._sandbox.get(recorded) == sandbox

    def translated(self, text: str) -> str:
        """Put the sandbox's ids in the place of recorded ones."""
        return NAME.sub(lambda found: self._sandbox.get(found[0], found[0]), text)


@attrs.frozen
class Answer:
    """A status, and the body decoded."""

    status: int
    body: dict[str, Any]

    def __str__(self) -> str:
        error = self.body.get("error", {})
        return " ".join(
            str(word) for word in (self.status, error.get("code"), error.get("message")) if word
        )


@attrs.frozen
class Comparison:
    """Compares the answers to one request, and learns the names of what they show."""

    exchange: str
    request: str
    names: Names

    def answers(self, recorded: Answer, sandbox: Answer) -> list[Difference]:
        """List how an answer differs. Bodies of different statuses have nothing in common."""
        if recorded.status != sandbox.status:
            return [self._difference("", "status", str(recorded), str(sandbox))]
        return list(self._objects("", recorded.body, sandbox.body))

    def _difference(self, at: str, what: str, recorded: Any, sandbox: Any) -> Difference:
        return Difference(self.exchange, self.request, at, what, recorded, sandbox)

    def _values(self, at: str, recorded: Any, sandbox: Any) -> Iterator[Difference]:
        if kind_of(recorded) != kind_of(sandbox):
            yield self._difference(at, "type", recorded, sandbox)
        elif isinstance(recorded, dict):
            yield from self._objects(at, recorded, sandbox)
        elif isinstance(recorded, list):
            yield from self._lists(at, recorded, sandbox)
        elif isinstance(recorded, str):
            yield from self._texts(at, recorded, sandbox)
        elif isinstance(recorded, int) and at.rpartition(".")[2] in TIMES:
            if abs(recorded - sandbox) > SLACK:
                yield self._difference(at, "time", recorded, sandbox)
        elif at.endswith(".risk_score"):
            if not 0 <= sandbox <= 100:
                yield self._difference(at, "form", recorded, sandbox)
        elif recorded != sandbox:
            yield self._difference(at, "value", recorded, sandbox)

    def _objects(
        self, at: str, recorded: dict[str, Any], sandbox: dict[str, Any]
    ) -> Iterator[Difference]:
        at = str(recorded["object"]) if isinstance(recorded.get("object"), str) else at
        for name in sorted(recorded.keys() | sandbox.keys()):
            place = f"{at}.{name}".lstrip(".")
            if name not in sandbox:
                yield self._difference(place, "missing", recorded[name], None)
            elif name not in recorded:
                yield self._difference(place, "extra", None, sandbox[name])
            else:
                yield from self._values(place, recorded[name], sandbox[name])

    def _lists(self, at: str, recorded: list[Any], sandbox: list[Any]) -> Iterator[Difference]:
        if not any(isinstance(each, dict) for each in recorded + sandbox):
            if recorded != sandbox:
                yield self._difference(at, "value", recorded, sandbox)
            return
        if len(recorded) != len(sandbox):
            yield self._difference(at, "length", len(recorded), len(sandbox))
        for one, other in zip(recorded, sandbox, strict=False):
            yield from self._values(f"{at}.each", one, other)

    def _texts(self, at: str, recorded: str, sandbox: str) -> Iterator[Difference]:
        form = RANDOM.get(at.rpartition(".")[2])
        if form is not None:
            if not form.fullmatch(sandbox):
                yield self._difference(at, "form", recorded, sandbox)
            elif at.endswith(".fingerprint") and not self.names.pair(recorded, sandbox):
                yield self._difference(at, "id", self.names.translated(recorded), sandbox)
        elif NAME.fullmatch(recorded) and NAME.fullmatch(sandbox):
            if not self.names.pair(recorded, sandbox):
                yield self._difference(at, "id", self.names.translated(recorded), sandbox)
            elif _form(recorded) != _form(sandbox):
                yield self._difference(at, "form", recorded, sandbox)
        elif not REDACTED.fullmatch(recorded) and self.names.translated(recorded) != sandbox:
            yield self._difference(at, "value", self.names.translated(recorded), sandbox)


def kind_of(value: Any) -> str:
    """Name a value's type as JSON does."""
    if value is None:
        return "null"
    return {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        list: "list",
        dict: "hash",
    }[type(value)]


def _form(name: str) -> tuple[str, int]:
    prefix, _, rest = name.partition("_")
    return prefix, len(rest)
