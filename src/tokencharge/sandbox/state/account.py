"""The account: every object Stripe would keep for it, its clock, its ids and its rules."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import Any

import attrs

from ..language.wire import JSON
from ..shapes.cards import Decline, MagicCard
from .record import NO_REQUEST, Cause, Happening, Record

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KINDS = {
    "ch": "charge",
    "ctoken": "confirmation_token",
    "cus": "customer",
    "pi": "payment_intent",
    "pm": "payment_method",
    "re": "refund",
    "txn": "balance_transaction",
}
_SPREAD = bytes(ord(_BASE62[value % 62]) for value in range(256))


@attrs.define
class Rules:
    """What Stripe does slowly, or does in a way nobody has verified: choose.

    Attributes:
        search_lag: Seconds until a new Customer or Charge can be found by search (Stripe: up to a minute).
        decline_consumes_token: A token is spent by a request that its card declined.
        card_tokens: Customers and Charges take card tokens (Stripe: accounts must allow it in their API policies).
        in_flight_first: Of a key in use and other parameters, answer 409 rather than 400.
        lock_intents: A PaymentIntent that one request is at work on turns others away with 429; else they wait.
        keys_by_path: One key may be used at several endpoints, and is another key at each; else it is refused there.
        decline_consumes_method: A PaymentMethod of no Customer is used up by a PaymentIntent that its card declined.
        processing_time: Seconds that the sandbox's own slow cards leave a PaymentIntent `processing`.
        cancel_while_processing: A PaymentIntent that is `processing` can be canceled (Stripe: in rare cases).
    """

    search_lag: float = 0.0
    decline_consumes_token: bool = True
    card_tokens: bool = True
    in_flight_first: bool = True
    lock_intents: bool = False
    keys_by_path: bool = False
    decline_consumes_method: bool = True
    processing_time: float = 60.0
    cancel_while_processing: bool = False


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
        methods: The card behind each PaymentMethod and each confirmation token.
        asked: What is to pay each PaymentIntent whose customer is asked to authenticate.
        spent: The PaymentMethods that can never be used again.
        set_up: Those whose owner has agreed to payments while away.
        effects: What a Charge's card still has in store for it.
        born: When an object was made, to the fraction of a second.
        decline: How the request at hand is to be declined, whatever its card.
        public: The request at hand was signed with the publishable key.
        host: Where the request at hand was sent to, if it came over HTTP.
        cause: The request at hand.
        record: What happened.
    """

    def __init__(self, clock: Callable[[], float], seed: int | None, rules: Rules) -> None:
        self.rules = rules
        self.tokens: dict[str, Token] = {}
        self.cards: dict[str, HeldCard] = {}
        self.wallets: dict[str, list[str]] = {}
        self.objects: dict[str, dict[str, JSON]] = {kind: {} for kind in _KINDS.values()}
        self.effects: dict[str, str] = {}
        self.born: dict[str, float] = {}
        self.methods: dict[str, HeldCard] = {}
        self.asked: dict[str, tuple[JSON, HeldCard]] = {}
        self.spent: set[str] = set()
        self.set_up: set[str] = set()
        self.decline: Decline | None = None
        self.public = False
        self.host: str | None = None
        self.cause: Cause = NO_REQUEST
        self.record = Record()
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

    def emit(self, type: str, about: JSON, before: JSON | None = None) -> None:
        """Let something that happened become an event.

        Args:
            type: By Stripe's name: "charge.refunded".
            about: The object as it is now, and the event's snapshot: to change it, store another, as `change` does.
            before: The object as it was before an update; an update that changes nothing is no event.
        """
        if about == before:
            return
        self.record.add(Happening(self.new_id("evt_1", 23), type, int(self.now()), about, before, self.cause))

    def find(self, name: str) -> JSON:
        """Return the stored object with this id; a card no longer held is gone."""
        if name.startswith("card_"):
            return self.cards[name].json
        return self.objects[_KINDS[name.partition("_")[0]]][name]
