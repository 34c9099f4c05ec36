"""The account with its objects, clock and ids, and `Visit`, one request to it."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import Any

import attrs

from ..language.kinds import Kind
from ..language.refusals import missing
from ..language.wire import JSON
from ..shapes.cards import Decline
from .record import NO_REQUEST, Cause, Happening, Record
from .rules import Rules
from .shelf import Kept, Shelf

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SPREAD = bytes(ord(_BASE62[value % 62]) for value in range(256))


class Account:
    """The state of one Stripe account in test mode, in memory.

    Attributes:
        id: Stripe's name for the account.
        rules: The kind of account, and the choices where Stripe is slow or unverified.
        record: The events.
    """

    def __init__(self, clock: Callable[[], float], seed: int | None, rules: Rules) -> None:
        self.rules = rules
        self.record = Record()
        self._clock = clock
        self._travelled = 0.0
        self._random = random.Random(seed)
        self._kept: dict[str, Kept] = {}
        self._shelves = {kind: Shelf(kind) for kind in Kind}
        self._made = 0
        # Time, serial number, action and arguments. These are plain tuples, which cost
        # little, because many of them wait for days.
        self._due: list[tuple[Any, ...]] = []
        self._promises = 0
        self.id = self.new_id("acct_1", 15)

    def now(self) -> float:
        """Return the account's time, in seconds since 1970."""
        return self._clock() + self._travelled

    def travel(self, seconds: float) -> None:
        """Move the time forward."""
        self._travelled += seconds

    def new_id(self, prefix: str, length: int) -> str:
        """Make an id that looks like Stripe's."""
        return (
            prefix
            + self._random.getrandbits(8 * length)
            .to_bytes(length, "little")
            .translate(_SPREAD)
            .decode()
        )

    def add(self, kind: Kind, name: str, fields: JSON, **more: Any) -> Kept:
        """Store a new object.

        Args:
            kind: The kind of the object.
            name: Its id.
            fields: Its JSON without `id`, `object`, `created` and `livemode`.
            more: Other attributes of `Kept`.
        """
        json = {
            "id": name,
            "object": kind.value,
            "created": int(self.now()),
            "livemode": False,
            **fields,
        }
        return self.keep(kind, name, json, **more)

    def keep(self, kind: Kind, name: str, json: JSON, **more: Any) -> Kept:
        """Store a new object with exactly this JSON."""
        self._made += 1
        kept = self._kept[name] = Kept(name, kind, self._made, self.now(), json, **more)
        self._shelves[kind].put(kept)
        return kept

    def change(self, kept: Kept, **fields: Any) -> JSON:
        """Change fields of an object, and return its new JSON."""
        return self._shelves[kept.kind].change(kept, fields) if fields else kept.json

    def show(self, kept: Kept, json: JSON) -> JSON:
        """Replace the JSON of an object, and return it."""
        return self._shelves[kept.kind].show(kept, json)

    def forget(self, kept: Kept) -> None:
        """Remove an object."""
        self._shelves[kept.kind].remove(kept)
        del self._kept[kept.id]

    def get(self, kind: Kind, name: str) -> Kept | None:
        """Return the object with this kind and id, or None."""
        kept = self._kept.get(name)
        return kept if kept is not None and kept.kind is kind else None

    def find(self, kind: Kind, name: str, param: str | None = None) -> Kept:
        """Return the object with this kind and id.

        Args:
            kind: The kind of the object.
            name: Its id.
            param: The parameter that has the id; None if the id is in the path.

        Raises:
            Refusal: There is no such object.
        """
        kept = self.get(kind, name)
        if kept is None:
            raise missing(kind, name, param)
        return kept

    def look_up(self, name: str) -> Kept | None:
        """Return the object with this id, of any kind, or None."""
        return self._kept.get(name)

    def known(self, name: str) -> Kept:
        """Return an object that must exist, because another object has its id."""
        return self._kept[name]

    def shelf(self, kind: Kind) -> Shelf:
        """Return all objects of a kind."""
        return self._shelves[kind]

    def later(self, seconds: float, action: Callable[..., object], *about: Any) -> None:
        """Run an action after some seconds of the account's time."""
        self._promises += 1
        heapq.heappush(self._due, (self.now() + seconds, self._promises, action, *about))

    def settle(self) -> None:
        """Run all actions whose time has come."""
        now = self.now()
        while self._due and self._due[0][0] <= now:
            _, _, action, *about = heapq.heappop(self._due)
            action(*about)


@attrs.frozen
class Visit:
    """One request that the sandbox executes.

    Attributes:
        account: The account that the request is for.
        cause: The request as its events name it.
        decline: The decline that a test has ordered, whatever the card.
        public: Whether the request used the publishable key.
        host: The `Host` header, if the request came over HTTP.
    """

    account: Account
    cause: Cause = NO_REQUEST
    decline: Decline | None = None
    public: bool = False
    host: str | None = None

    def emit(self, type: str, about: JSON, before: JSON | None = None) -> None:
        """Record an event.

        Args:
            type: Stripe's name of the event: "charge.refunded".
            about: The object as it is now. It becomes the event's snapshot.
            before: The object before an update. An update that changes nothing makes no
                event.
        """
        if about == before:
            return
        account = self.account
        account.record.add(
            Happening(
                account.new_id("evt_1", 23), type, int(account.now()), about, before, self.cause
            )
        )

    def later(self, seconds: float, action: Callable[..., object], *about: Any) -> None:
        """Run an action by itself after some seconds of the account's time.

        Args:
            seconds: The seconds until then.
            action: A function. It gets a `Visit` without a request, and then `about`.
            about: The other arguments of the function.
        """
        self.account.later(seconds, action, Visit(self.account), *about)
