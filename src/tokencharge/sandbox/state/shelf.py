"""Objects of one kind, in the order they were made, and where those of one owner are found."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from ..language.kinds import Kind
from ..language.wire import JSON
from ..shapes.cards import Effect, HeldCard

_BY = {
    Kind.BALANCE_TRANSACTION: ("source",),
    Kind.CARD: ("customer",),
    Kind.CHARGE: ("customer", "payment_intent"),
    Kind.CUSTOMER: ("email",),
    Kind.DISPUTE: ("charge", "payment_intent"),
    Kind.PAYMENT_INTENT: ("customer",),
    Kind.PAYMENT_METHOD: ("customer",),
    Kind.REFUND: ("charge", "payment_intent"),
    Kind.SETUP_INTENT: ("customer", "payment_method"),
}
_BY_METADATA = (Kind.CHARGE, Kind.CUSTOMER, Kind.PAYMENT_INTENT)


@attrs.define(eq=False)
class Kept:
    """All that is kept under one id.

    Attributes:
        id: Stripe's name for it.
        kind: What it is.
        serial: How many objects were made before it.
        born: When it was made, to the fraction of a second since 1970.
        json: What Stripe shows of it. It is replaced, never changed: what was read once
            stays what it was.
        card: The card behind a token, a PaymentMethod or a confirmation token.
        spent: A PaymentMethod that can never be used again.
        set_up: A PaymentMethod whose owner has agreed to payments while away.
        effect: What the card of a Charge still has in store for it.
        asked: What an intent is to use once its customer, who is asked to, has authenticated.
        lapsed: A Charge whose authorization has come to its end.
    """

    id: str
    kind: Kind
    serial: int
    born: float
    json: JSON = attrs.field(repr=False)
    card: HeldCard | None = None
    spent: bool = False
    set_up: bool = False
    effect: Effect | None = None
    asked: Kept | None = None
    lapsed: bool = False

    @property
    def created(self) -> int:
        """When it was made, in whole seconds since 1970."""
        return int(self.born)

    def shown(self) -> JSON:
        """Return what Stripe shows of it."""
        return self.json


class Shelf:
    """Objects of one kind, oldest first."""

    def __init__(self, kind: Kind) -> None:
        self.rows: list[Kept] = []
        self._by = _BY.get(kind, ())
        self._by_metadata = kind in _BY_METADATA
        self._watched = {*self._by, *(["metadata"] if self._by_metadata else [])}
        self._index = _Index()

    def put(self, kept: Kept) -> None:
        """Add the newest object."""
        self.rows.append(kept)
        for name in self._names(kept.json):
            self._index.add(name, kept)

    def change(self, kept: Kept, fields: JSON) -> JSON:
        """Show other fields of an object from now on; return all it shows."""
        return self._put_in_place(
            kept, {**kept.json, **fields}, moved=not self._watched.isdisjoint(fields)
        )

    def show(self, kept: Kept, json: JSON) -> JSON:
        """Show just this of an object from now on."""
        return self._put_in_place(kept, json, moved=True)

    def remove(self, kept: Kept) -> None:
        """Take an object away, as if it had never been."""
        _remove(self.rows, kept)
        for name in self._names(kept.json):
            self._index.remove(name, kept)

    def candidates(self, where: Mapping[str, Any]) -> Sequence[Kept]:
        """Return objects among which are all those whose fields say this, oldest first.

        Args:
            where: Values by field; `metadata[name]` is the field of one name in metadata.
        """
        for field, value in where.items():
            if field in self._by or (self._by_metadata and field.startswith("metadata[")):
                return self._index.rows((field, value))
        return self.rows

    def _put_in_place(self, kept: Kept, json: JSON, *, moved: bool) -> JSON:
        before, kept.json = kept.json, json
        if moved:
            old, new = {*self._names(before)}, {*self._names(json)}
            for name in old - new:
                self._index.remove(name, kept)
            for name in new - old:
                self._index.add(name, kept)
        return json

    def _names(self, json: JSON) -> Iterator[tuple[str, Any]]:
        for field in self._by:
            value = json.get(field)
            if value is not None:
                yield field, value
        if self._by_metadata:
            for key, text in json.get("metadata", {}).items():
                yield f"metadata[{key}]", text


class _Index:
    """Objects by what their fields say, oldest first.

    Most say what no other does. One object alone is kept without a list around it: a list for each of them is what
    Python's garbage collector would spend most of its time on.
    """

    def __init__(self) -> None:
        self._alone: dict[tuple[str, Any], Kept] = {}
        self._together: dict[tuple[str, Any], list[Kept]] = {}

    def rows(self, name: tuple[str, Any]) -> Sequence[Kept]:
        """Return the objects of which a field says this."""
        alone = self._alone.get(name)
        return self._together.get(name, ()) if alone is None else (alone,)

    def add(self, name: tuple[str, Any], kept: Kept) -> None:
        """Note that a field of an object says this."""
        rows = self._together.get(name)
        if rows is None:
            first = self._alone.setdefault(name, kept)
            if first is kept:
                return
            rows = self._together[name] = [self._alone.pop(name)]
        rows.insert(_place(rows, kept.serial), kept)

    def remove(self, name: tuple[str, Any], kept: Kept) -> None:
        """Note that a field of an object says this no longer."""
        if self._alone.pop(name, None) is None:
            _remove(self._together[name], kept)


def after(rows: Sequence[Any], serial: int) -> int:
    """Return the place in rows, oldest first, behind the one with this serial number."""
    return _place(rows, serial + 1)


def _place(rows: Sequence[Any], serial: int) -> int:
    return bisect_left(rows, serial, key=lambda row: row.serial)


def _remove(rows: list[Kept], kept: Kept) -> None:
    del rows[_place(rows, kept.serial)]
