"""What a purchase has made so far, slot by slot, on either route: as Stripe's lists and a note on the Customer show it.

A slot is a number in the idempotency key of the request that makes a Charge or a PaymentIntent. The first call to use
a slot's key decides what the slot is for; Stripe refuses all others. The next slot is used only once this one is spent:

    free      nothing was made under its key, as far as anybody knows
    open      an intent that still takes a card
    spent     a declined Charge, a canceled intent, or a refusal that left nothing behind but our note
    paid      money was taken or is held, or may yet be without anyone's doing
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any

import attrs

from .. import _checks as check
from .._reading import Raw, read_id
from ..results import Charge, Customer, PaymentIntent
from .calls import Call, Flow, T, entries, path, read
from .purchase import Purchase

Made = Charge | PaymentIntent
"""What a slot's key can make."""

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


@attrs.define
class Slots:
    """What is known of the slots of a purchase.

    Attributes:
        charges: The Charges made, by slot; of two in one slot the one that moved money.
        intents: The PaymentIntents made, by slot.
        spent: Slots known to be spent that neither shows.
    """

    charges: dict[int, Charge] = attrs.field(factory=dict[int, Charge])
    intents: dict[int, PaymentIntent] = attrs.field(factory=dict[int, PaymentIntent])
    spent: set[int] = attrs.field(factory=set[int])

    @property
    def paid(self) -> Made | None:
        """What has paid the purchase, or is about to: nothing more may be charged for it."""
        made: tuple[Made, ...] = (*self.charges.values(), *self.intents.values())
        return next((each for each in made if has_paid(each)), None)

    def next(self, purchase: Purchase, card: str | None) -> int:
        """Return the first slot that is not spent; this very call's own decline is to be repeated, not tried again."""
        return next(slot for slot in count() if not self._is_spent(slot, purchase, card))

    def _is_spent(self, slot: int, purchase: Purchase, card: str | None) -> bool:
        charge, intent = self.charges.get(slot), self.intents.get(slot)
        if slot in self.spent or charge is None:
            return slot in self.spent or (intent is not None and intent.status == "canceled")
        same_card = card is None or (charge.card is not None and charge.card.id == card)
        return purchase.by_intent or not same_card or charge.amount != purchase.amount


def has_paid(made: Made) -> bool:
    """Tell whether this has paid, or still may by itself; an intent that is canceled may have held money before."""
    if isinstance(made, Charge):
        return made.status != "failed"
    if made.status == "canceled":
        return made.charge is not None and made.charge.status == "succeeded"
    return made.status not in OPEN


def list_slots(purchase: Purchase, customer_id: str, slot: int | None = None) -> Flow[Slots]:
    """List what a purchase has made on either route; over Charges, no further than shows what became of a slot."""
    slots = Slots((yield from list_charges(purchase.digest, customer_id, every_page=True)))
    if not purchase.by_intent and (slot in slots.charges or slots.paid is not None):
        return slots
    params = {"customer": customer_id, "limit": 100, "expand": ["data.latest_charge.customer"]}
    listed = yield from list_pages("/v1/payment_intents", params, PaymentIntent.from_stripe, every_page=True)
    slots.intents = _by_slot(purchase.digest, listed)
    return slots


def list_charges(digest: str, customer_id: str, *, every_page: bool = False) -> Flow[dict[int, Charge]]:
    """List what a purchase was charged. Unlike search, listing shows a Charge as soon as it is made."""
    params = {"customer": customer_id, "limit": 100, "expand": ["data.customer"]}
    return charges_of(digest, (yield from list_pages("/v1/charges", params, Charge.from_stripe, every_page=every_page)))


def charges_of(digest: str, charges: Iterable[Charge]) -> dict[int, Charge]:
    """Sort out a purchase's own Charges; an intent's that failed spends no slot, another card may yet pay it."""
    return _by_slot(digest, (each for each in charges if each.status != "failed" or not each.payment_intent_id))


def _by_slot(digest: str, listed: Iterable[Any]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for made in listed:
        owner, _, slot = made.metadata.get(check.RESERVED_METADATA, "").partition("/")
        # A slot whose key Stripe forgot can hold two; the one that moved money is the one that counts.
        if owner == digest and slot.isdecimal() and (int(slot) not in found or has_paid(made)):
            found[int(slot)] = made
    return found


def refused_slots(digest: str, customer_id: str) -> Flow[set[int]]:
    """Read which slots were noted as spent by a refusal."""
    customer = yield from read(Call("find", "get", path("customers", customer_id)), Customer.from_stripe)
    name = _note_name(digest)
    slots = (key.removeprefix(name) for key in customer.metadata if key.startswith(name))
    return {int(slot) for slot in slots if slot.isdecimal()}


def note_refused(digest: str, customer_id: str, slot: int) -> Flow[None]:
    """Note on the Customer that a slot was spent by a refusal that left nothing behind."""
    note = {"metadata": {_note_name(digest) + str(slot): "refused"}}
    # Without a key: to note it twice does no harm, a 5xx saved under a key would.
    yield Call("note", "post", path("customers", customer_id), note)


def _note_name(digest: str) -> str:
    # A metadata name has 40 characters at most, so it takes half of the digest.
    return f"{check.RESERVED_METADATA}_{digest[:16]}_"


def list_pages(where: str, params: Mapping[str, Any], reader: Callable[[Raw], T], *, every_page: bool) -> Flow[list[T]]:
    """List objects of Stripe's, the newest first."""

    def page(raw: Raw) -> tuple[list[T], str | None]:
        listed = entries(raw)
        more = bool(listed) and raw.get("has_more") is True
        return [reader(entry) for entry in listed], read_id(listed[-1]) if more else None

    found: list[T] = []
    after: str | None = None
    while True:
        further = {} if after is None else {"starting_after": after}
        these, after = yield from read(Call("find", "get", where, {**params, **further}), page)
        found += these
        if not every_page or after is None:
            return found
