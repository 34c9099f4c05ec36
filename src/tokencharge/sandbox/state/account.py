"""The account: every object Stripe would keep for it, its clock, its ids, and the request at hand."""

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
        rules: What kind of account it is.
        record: What happened.
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
        # When, which promise, what is to happen and to what: one plain tuple each, for many wait for days.
        self._due: list[tuple[Any, ...]] = []
        self._promises = 0
        self.id = self.new_id("acct_1", 15)

    def now(self) -> float:
        """Tell the time, as far as it was moved on."""
        return self._clock() + self._travelled

    def travel(self, seconds: float) -> None:
        """Move the time on."""
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
        """Keep a new object.

        Args:
            kind: What it is.
            name: Its id.
            fields: What Stripe shows of it, but for id, kind, time and mode.
            more: What else `Kept` has to say of it.
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
        """Keep a new object that is shown just so."""
        self._made += 1
        kept = self._kept[name] = Kept(name, kind, self._made, self.now(), json, **more)
        self._shelves[kind].put(kept)
        return kept

    def change(self, kept: Kept, **fields: Any) -> JSON:
        """Show other fields of an object from now on; return all it shows."""
        return self._shelves[kept.kind].change(kept, fields) if fields else kept.json

    def show(self, kept: Kept, json: JSON) -> JSON:
        """Show just this of an object from now on."""
        return self._shelves[kept.kind].show(kept, json)

    def forget(self, kept: Kept) -> None:
        """Keep an object no longer."""
        self._shelves[kept.kind].remove(kept)
        del self._kept[kept.id]

    def get(self, kind: Kind, name: str) -> Kept | None:
        """Return the object of this kind and id, if there is one."""
        kept = self._kept.get(name)
        return kept if kept is not None and kept.kind is kind else None

    def find(self, kind: Kind, name: str, param: str | None = None) -> Kept:
        """Return the object of this kind and id.

        Args:
            kind: What it is.
            name: Its id.
            param: The parameter that names it; None if the path does.

        Raises:
            Refusal: There is none.
        """
        kept = self.get(kind, name)
        if kept is None:
            raise missing(kind, name, param)
        return kept

    def look_up(self, name: str) -> Kept | None:
        """Return the object with this id, whatever it is."""
        return self._kept.get(name)

    def known(self, name: str) -> Kept:
        """Return the object with an id that another object names."""
        return self._kept[name]

    def shelf(self, kind: Kind) -> Shelf:
        """Return all objects of a kind."""
        return self._shelves[kind]

    def later(self, seconds: float, action: Callable[..., object], *about: Any) -> None:
        """Let something happen once the time has come."""
        self._promises += 1
        heapq.heappush(self._due, (self.now() + seconds, self._promises, action, *about))

    def settle(self) -> None:
        """Let everything happen that is due."""
        now = self.now()
        while self._due and self._due[0][0] <= now:
            _, _, action, *about = heapq.heappop(self._due)
            action(*about)


@attrs.frozen
class Visit:
    """A request at hand, on the account it is made to.

    Attributes:
        account: Whose objects it asks for.
        cause: What it is called in the events of what it makes happen.
        decline: How it is to be declined, whatever its card.
        public: It was signed with the publishable key.
        host: Where it was sent to, if it came over HTTP.
    """

    account: Account
    cause: Cause = NO_REQUEST
    decline: Decline | None = None
    public: bool = False
    host: str | None = None

    def emit(self, type: str, about: JSON, before: JSON | None = None) -> None:
        """Let something that happened become an event.

        Args:
            type: By Stripe's name: "charge.refunded".
            about: The object as it is now, and the event's snapshot.
            before: The object as it was before an update; an update that changes nothing is no event.
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
        """Let something happen by itself once the time has come.

        Args:
            seconds: How long that takes.
            action: Takes a visit that no request makes, and then the rest.
            about: What else it takes.
        """
        self.account.later(seconds, action, Visit(self.account), *about)
