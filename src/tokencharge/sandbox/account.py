"""The account: every object Stripe would keep for it, its clock, its ids and its rules."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import Any

import attrs

from .cards import Decline, MagicCard
from .wire import JSON

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KINDS = {"cus": "customer", "ch": "charge", "re": "refund", "txn": "balance_transaction"}
_SPREAD = bytes(ord(_BASE62[value % 62]) for value in range(256))


@attrs.define
class Rules:
    """What Stripe does slowly, or does in a way nobody has verified: choose.

    Attributes:
        search_lag: Seconds until a new Customer or Charge can be found by search (Stripe: up to a minute).
        decline_consumes_token: A token is spent by a request that its card declined.
        in_flight_first: Of a key in use and other parameters, answer 409 rather than 400.
    """

    search_lag: float = 0.0
    decline_consumes_token: bool = True
    in_flight_first: bool = True


@attrs.frozen
class HeldCard:
    """A card under an id: what Stripe shows of it, and what it does."""

    json: JSON = attrs.field(repr=False)
    magic: MagicCard = attrs.field(repr=False)


@attrs.define
class Token:
    """A token, good for one use."""

    json: JSON = attrs.field(repr=False)
    card: HeldCard


class Account:
    """The state of one Stripe account in test mode, in memory.

    Stored objects are never changed: an update stores a new one. So an object once read, or handed to a
    test, stays what it was.

    Attributes:
        objects: By Stripe's name for the kind and by id, oldest first.
        wallets: The ids of each Customer's cards.
        effects: What a Charge's card still has in store for it.
        born: When an object was made, to the fraction of a second.
        decline: How the request at hand is to be declined, whatever its card.
    """

    def __init__(self, clock: Callable[[], float], seed: int | None, rules: Rules) -> None:
        self.rules = rules
        self.tokens: dict[str, Token] = {}
        self.cards: dict[str, HeldCard] = {}
        self.wallets: dict[str, list[str]] = {}
        self.objects: dict[str, dict[str, JSON]] = {kind: {} for kind in _KINDS.values()}
        self.effects: dict[str, str] = {}
        self.born: dict[str, float] = {}
        self.decline: Decline | None = None
        self._clock = clock
        self._travelled = 0.0
        self._random = random.Random(seed)
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._promises = 0

    def now(self) -> float:
        """Tell the time, as far as it was moved on."""
        return self._clock() + self._travelled

    def travel(self, seconds: float) -> None:
        """Move the time on."""
        self._travelled += seconds

    def new_id(self, prefix: str, length: int) -> str:
        """Make an id that looks like Stripe's."""
        return prefix + self._random.randbytes(length).translate(_SPREAD).decode()

    def add(self, prefix: str, length: int, fields: JSON) -> JSON:
        """Store a new object: its id and kind, then the fields given."""
        name = self.new_id(prefix, length)
        kind = _KINDS[prefix.partition("_")[0]]
        now = self.now()
        self.born[name] = now
        stored = {"id": name, "object": kind, "created": int(now), "livemode": False, **fields}
        self.objects[kind][name] = stored
        return stored

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Let something happen once the time has come."""
        self._promises += 1
        heapq.heappush(self._due, (self.now() + seconds, self._promises, action))

    def settle(self) -> None:
        """Let everything happen that is due."""
        while self._due and self._due[0][0] <= self.now():
            heapq.heappop(self._due)[2]()

    def change(self, name: str, /, **fields: Any) -> JSON:
        """Store a changed object in place of the old one, and return it."""
        objects = self.objects[_KINDS[name.partition("_")[0]]]
        objects[name] = {**objects[name], **fields}
        return objects[name]

    def find(self, name: str) -> JSON:
        """Return the stored object with this id; a card no longer held is gone."""
        if name.startswith("card_"):
            return self.cards[name].json
        return self.objects[_KINDS[name.partition("_")[0]]][name]
