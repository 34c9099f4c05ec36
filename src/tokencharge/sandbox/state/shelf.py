"""The objects of one kind, oldest first, with indexes on some of their fields."""

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
    """A stored object.

    Attributes:
        id: Its id.
        kind: Its kind.
        serial: Its number, in the order in which all objects were made.
        born: When it was made, in seconds since 1970, with fractions.
        json: The JSON as Stripe shows it. It is replaced, never changed, so a copy that
            was read earlier stays as it was.
        card: The card of a token, a PaymentMethod or a confirmation token.
        spent: Whether a PaymentMethod can never be used again.
        set_up: Whether the owner of a PaymentMethod agreed to off-session payments.
        effect: What the test card makes happen to a Charge later.
        asked: The PaymentMethod that an intent uses after the customer's
            authentication.
        lapsed: Whether the authorization of a Charge has expired.
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
        """When the object was made, in whole seconds since 1970."""
        return int(self.born)

    def shown(self) -> JSON:
        """Return the JSON as Stripe shows it."""
        return self.json


class Shelf:
    """The objects of one kind, oldest first."""

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
        """Change fields of an object, and return its new JSON."""
        return self._put_in_place(
            kept, {**kept.json, **fields}, moved=not self._watched.isdisjoint(fields)
        )

    def show(self, kept: Kept, json: JSON) -> JSON:
        """Replace the JSON of an object, and return it."""
        return self._put_in_place(kept, json, moved=True)

    def remove(self, kept: Kept) -> None:
        """Remove an object."""
        _remove(self.rows, kept)
        for name in self._names(kept.json):
            self._index.remove(name, kept)

    def candidates(self, where: Mapping[str, Any]) -> Sequence[Kept]:
        """Return all objects that may have these values, oldest first.

        At most one field is looked up. The caller compares the others.

        Args:
            where: The values by field. `metadata[name]` is one field of the metadata.
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
    """Finds objects by a field and its value, oldest first.

    Most values belong to one object only. Such an object is stored without a list:
    Python's garbage collector would spend most of its time on those lists.
    """

    def __init__(self) -> None:
        self._alone: dict[tuple[str, Any], Kept] = {}
        self._together: dict[tuple[str, Any], list[Kept]] = {}

    def rows(self, name: tuple[str, Any]) -> Sequence[Kept]:
        """Return the objects with this field and value."""
        alone = self._alone.get(name)
        return self._together.get(name, ()) if alone is None else (alone,)

    def add(self, name: tuple[str, Any], kept: Kept) -> None:
        """Add an object under a field and value."""
        rows = self._together.get(name)
        if rows is None:
            first = self._alone.setdefault(name, kept)
            if first is kept:
                return
            rows = self._together[name] = [self._alone.pop(name)]
        rows.insert(_place(rows, kept.serial), kept)

    def remove(self, name: tuple[str, Any], kept: Kept) -> None:
        """Remove an object from a field and value."""
        if self._alone.pop(name, None) is None:
            _remove(self._together[name], kept)


def after(rows: Sequence[Any], serial: int) -> int:
    """Return the index of the first row with a greater serial number."""
    return _place(rows, serial + 1)


def _place(rows: Sequence[Any], serial: int) -> int:
    return bisect_left(rows, serial, key=lambda row: row.serial)


def _remove(rows: list[Kept], kept: Kept) -> None:
    del rows[_place(rows, kept.serial)]
