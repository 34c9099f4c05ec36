"""Plays recorded sessions against a fresh sandbox each, and lists what differs.

The sandbox's clock shows the time of the recording. An exchange happens when the newest object that
it shows was made, or right after the one before it. Nobody wrote down when a charge was read,
though, and Stripe books a payment some seconds after it was made; so an exchange that made nothing,
and differs, is played at the last moment at which it may have happened, too, and what fits better
is taken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from tokencharge.sandbox import Request, Rules, Sandbox

from .comparing import NAME, Answer, Comparison, Difference, Names
from .exchanges import Exchange, sessions

NEW_ACCOUNT = Rules(card_tokens=False)
Translate = Callable[[Exchange], dict[str, Any]]


def play(
    exchanges: list[Exchange],
    rules: Rules = NEW_ACCOUNT,
    translate: Translate = lambda exchange: exchange.params,
    counts: Callable[[Difference], bool] = lambda difference: True,
) -> list[Difference]:
    """Play a file.

    Args:
        exchanges: Of one session or several.
        rules: What kind of account it was.
        translate: Says what a request of another API version would send today.
        counts: Tells of a difference whether it counts when one time is preferred to another.
    """
    return [
        difference
        for session in sessions(exchanges)
        for difference in _played(session, rules, translate, counts)
    ]


def _played(
    session: list[Exchange],
    rules: Rules,
    translate: Translate,
    counts: Callable[[Difference], bool],
) -> list[Difference]:
    first, last = times(session)
    best = list(_Session(session, first, rules, translate).play())
    for place, exchange in enumerate(session):
        wrong = {difference.exchange for difference in best if counts(difference)}
        if first[place] < last[place] and exchange.name in wrong:
            moved = [*first[:place], *(max(time, last[place]) for time in first[place:])]
            later = list(_Session(session, moved, rules, translate).play())
            if sum(map(counts, later)) < sum(map(counts, best)):
                first, best = moved, later
    return best


def form(params: dict[str, Any]) -> str:
    """Encode nested parameters as Stripe's clients do:
    `card[token]=tok_visa&expand[0]=latest_charge`."""
    return urlencode(list(_pairs("", params)))


def _pairs(at: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _pairs(f"{at}[{name}]" if at else name, each)
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _pairs(f"{at}[{place}]", each)
    elif isinstance(value, bool):
        yield at, str(value).lower()
    else:
        yield at, "" if value is None else str(value)


class _Session:
    """One recording, played from the beginning, each exchange at its time."""

    def __init__(
        self, exchanges: list[Exchange], times: list[int], rules: Rules, translate: Translate
    ) -> None:
        self._exchanges = exchanges
        self._times = times
        self._now = float(times[0])
        self._sandbox = Sandbox(clock=lambda: self._now, seed=1, rules=rules)
        self._names = Names()
        self._translate = translate
        self._failed: dict[str, str] = {}

    def play(self) -> Iterator[Difference]:
        for exchange, time in zip(self._exchanges, self._times, strict=True):
            self._now = float(time)
            request = f"{exchange.method} {NAME.sub(':id', exchange.path)}"
            unknown = self._unknown(exchange)
            if unknown is not None:
                yield Difference(exchange.name, request, "", "unplayable", unknown, None)
                self._remember(exchange)
                continue
            differences = self._ask(exchange, request)
            if any(difference.what == "status" for difference in differences):
                self._remember(exchange)
            yield from differences

    def _ask(self, exchange: Exchange, request: str) -> list[Difference]:
        headers = {"Authorization": f"Bearer {self._sandbox.secret_key}"}
        if exchange.idempotency_key is not None:
            headers["Idempotency-Key"] = exchange.idempotency_key
        path = self._names.translated(exchange.path)
        params = self._names.translated(form(self._translate(exchange)))
        in_body = exchange.method == "POST"
        query, body = ("", params) if in_body else (params, "")
        response = self._sandbox.handle(
            Request(exchange.method, path, query, headers, body.encode())
        )
        return Comparison(exchange.name, request, self._names).answers(
            Answer(exchange.status, exchange.body),
            Answer(response.status, json.loads(response.body)),
        )

    def _unknown(self, exchange: Exchange) -> str | None:
        """Tell which id stops an exchange from being played, unless
        it was answered that there is none."""
        message = str(exchange.body.get("error", {}).get("message"))
        for name in NAME.findall(f"{exchange.path} {json.dumps(exchange.params)}"):
            if self._names.knows(name) or (message.startswith("No such") and name in message):
                continue
            if name in self._failed:
                return f"names {name}, which the sandbox did not make at {self._failed[name]}"
            return f"names {name}, which no exchange made"
        return None

    def _remember(self, exchange: Exchange) -> None:
        for name in NAME.findall(json.dumps(exchange.body)):
            if not self._names.knows(name):
                self._failed.setdefault(name, exchange.name)


def times(exchanges: list[Exchange]) -> tuple[list[int], list[int]]:
    """Tell when each exchange happened, at first and at last, in seconds since 1970."""
    seen: set[str] = set()
    first: list[int] = []
    makes: list[bool] = []
    for exchange in exchanges:
        made = [created for name, created in _made(exchange.body) if name not in seen]
        seen.update(name for name, _ in _made(exchange.body))
        first.append(max([*made, *first[-1:]], default=0))
        makes.append(exchange.method != "GET" and first[-1] in made)
    start = next((time for time in first if time), 1_800_000_000)
    first = [time or start for time in first]
    last = [
        time
        if makes[place]
        else min((later for later in first[place:] if later > time), default=time)
        for place, time in enumerate(first)
    ]
    return first, last


def _made(value: Any) -> Iterator[tuple[str, int]]:
    if isinstance(value, dict):
        if isinstance(value.get("id"), str) and isinstance(value.get("created"), int):
            yield value["id"], value["created"]
        for each in value.values():
            yield from _made(each)
    elif isinstance(value, list):
        for each in value:
            yield from _made(each)
