"""Exactly once: make the Charge of a purchase, or find the one another call has made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from .. import _checks as check
from .._reading import Raw, read_id
from ..errors import (
    AuthenticationRequired,
    CardDeclined,
    InvalidRequest,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    PaymentPending,
    TokenChargeError,
    TokenRejected,
)
from ..results import Charge, Customer, Payment
from .calls import Call, Flow, Pause, T, ask, entries, path, read
from .purchase import Purchase

# How long to wait for another request of the same order before OrderInProgress: a card authorization takes a
# second or two, and a buyer waits about as long.
PAUSES = (0.5, 1.0, 2.0)


Attempts = dict[int, Charge]
"""The Charges a purchase has made so far, by the slot of the key each was made under."""

# Asking again may itself be what uses up the slot, which only the time after that shows.
ASK_AGAIN = 2

REFUSED = (CardDeclined, AuthenticationRequired, InvalidRequest, TokenRejected)


def settle(purchase: Purchase, customer: Customer | str, card: str | None, attempts: Attempts) -> Flow[Payment]:
    """Make the Charge, or find the one another call has made.

    A slot is a number in the key. The first call to use a slot decides its card and amount; only once that attempt
    is known to have failed is the next slot tried. So one card at a time is charged, and none after a success.
    """
    customer_id = customer if isinstance(customer, str) else customer.id
    pauses = iter(PAUSES)
    closed: set[int] = set()
    while (paid := paid_charge(attempts)) is None:
        slot = next(
            slot
            for slot in count()
            if slot not in closed and (slot not in attempts or _same_attempt(attempts[slot], purchase, card))
        )
        call = purchase.charge_call(customer_id, card, slot, expand_customer=isinstance(customer, str))
        try:
            charge, replayed = yield from ask(call, Charge.from_stripe)
            return payment_of(purchase, customer, charge, found=replayed)
        except OrderConflict:
            # Another card or amount was first to use this slot: what became of it decides.
            attempts = yield from look_again(list_attempts(purchase.digest, customer_id, every_page=True))
            if slot in attempts:
                closed.add(slot)
            elif slot in (marked := (yield from look_again(closed_slots(purchase.digest, customer_id)))):
                closed |= marked
            else:
                yield Pause(next_pause(pauses))
        except OutcomeUnknown as error:
            # A 5xx that Stripe saved is repeated for a day. The list tells whether it left a Charge all the same.
            if not error.replayed:
                raise
            attempts = yield from look_again(list_attempts(purchase.digest, customer_id, every_page=True))
            if paid_charge(attempts) is None:
                raise
        except REFUSED as refusal:
            if refusal.charge_id is not None:
                raise
            charge, replayed = yield from close_slot(purchase, call, Charge.from_stripe, slot, customer_id, refusal)
            return payment_of(purchase, customer, charge, found=replayed)
    return payment_of(purchase, customer, paid, found=True)


def payment_of(purchase: Purchase, customer: Customer | str, charge: Charge, *, found: bool) -> Payment:
    about: dict[str, Any] = {"step": "charge", "charge_id": charge.id}
    if charge.status == "failed":
        reason = (charge.outcome or {}).get("reason")
        raise CardDeclined(
            "The card was declined: ask for another card.",
            code=charge.failure_code,
            decline_code=reason if isinstance(reason, str) else None,
            **about,
        )
    if charge.amount != purchase.amount:
        raise OrderConflict(
            f"This order was charged already, for {charge.amount} and not for {purchase.amount}: refund or capture "
            "that charge, or use a new order_id for a new purchase.",
            **about,
        )
    if charge.status != "succeeded":
        raise PaymentPending("Stripe is still processing the charge: ask again with find or get_charge.", **about)
    if isinstance(customer, str):
        customer = customer_of(charge, customer)
    return Payment(customer, charge, purchase.order_id, replayed=found)


def customer_of(charge: Charge, customer_id: str) -> Customer:
    expanded = charge.raw.get("customer")
    if isinstance(expanded, Mapping) and charge.customer_id:
        return Customer.from_stripe(expanded)
    return Customer(charge.customer_id or customer_id)


def paid_charge(attempts: Attempts) -> Charge | None:
    return next((charge for charge in attempts.values() if charge.status != "failed"), None)


def _same_attempt(attempt: Charge, purchase: Purchase, card: str | None) -> bool:
    """Tell whether an attempt was this very call, whose decline is to be repeated, not tried again."""
    same_card = card is None or (attempt.card is not None and attempt.card.id == card)
    return same_card and attempt.amount == purchase.amount


def list_attempts(digest: str, customer_id: str, *, every_page: bool = False) -> Flow[Attempts]:
    """List what a purchase was charged. Unlike search, listing shows a Charge as soon as it is made."""
    params = {"customer": customer_id, "limit": 100, "expand": ["data.customer"]}
    charges = yield from list_pages("/v1/charges", params, Charge.from_stripe, every_page=every_page)
    return attempts_of(digest, charges)


def attempts_of(digest: str, charges: Iterable[Charge]) -> Attempts:
    """Sort out a purchase's own Charges; a PaymentIntent's that failed uses up no slot, another card may yet pay it."""
    attempts: Attempts = {}
    for charge in charges:
        slot, failed = slot_of(digest, charge.metadata), charge.status == "failed"
        # A slot whose key Stripe forgot can hold two Charges; the one that moved money is the one that counts.
        if slot is not None and not (failed and (slot in attempts or charge.payment_intent_id)):
            attempts[slot] = charge
    return attempts


def slot_of(digest: str, metadata: Mapping[str, str]) -> int | None:
    """Return the slot of a purchase that something was made for, or None if it is not this purchase's."""
    owner, _, slot = metadata.get(check.RESERVED_METADATA, "").partition("/")
    return int(slot) if owner == digest and slot.isdecimal() else None


def list_pages(where: str, params: Mapping[str, Any], reader: Callable[[Raw], T], *, every_page: bool) -> Flow[list[T]]:
    """List objects of Stripe's, the newest first."""

    def page(raw: Raw) -> tuple[list[T], str | None]:
        listed = entries(raw)
        return [reader(entry) for entry in listed], read_id(listed[-1]) if listed and raw.get(
            "has_more"
        ) is True else None

    found: list[T] = []
    after: str | None = None
    while True:
        further = {} if after is None else {"starting_after": after}
        these, after = yield from read(Call("find", "get", where, {**params, **further}), page)
        found += these
        if not every_page or after is None:
            return found


def close_slot(
    purchase: Purchase,
    call: Call,
    reader: Callable[[Raw], T],
    slot: int,
    customer_id: str,
    refusal: TokenChargeError,
) -> Flow[tuple[T, bool]]:
    """Note on the Customer that a slot was used up by a refusal that left nothing behind, and raise the refusal.

    Without the note the next card would wait for a Charge that never comes. Stripe does not save every refusal, and
    a slot noted although its key is free could be charged beside the next one: so ask again under the same key, and
    note the slot only when Stripe says the refusal is a replay.

    Returns:
        What the call makes, should Stripe not have saved the refusal and accept it now.
    """
    said = refusal
    for _ in range(ASK_AGAIN):
        if said.replayed:
            break
        try:
            return (yield from ask(call, reader))
        except OutcomeUnknown:
            raise
        except REFUSED as again:
            if again.charge_id is not None or again.payment_intent_id is not None:
                raise
            said = again
        except TokenChargeError as error:
            raise _unsettled(error) from refusal
    if not said.replayed:
        raise refusal
    note = {"metadata": {_closed_name(purchase.digest) + str(slot): "refused"}}
    try:
        # Without a key: to note it twice does no harm, a 5xx saved under a key would.
        yield Call("note", "post", path("customers", customer_id), note)
    except TokenChargeError as error:
        raise _unsettled(error) from refusal
    raise refusal


def _unsettled(error: TokenChargeError) -> OutcomeUnknown:
    """Build the error for a refusal that no other card could know of yet: the same call, repeated, makes it known."""
    return OutcomeUnknown(
        "The charge was refused, but the refusal could not be noted: call again with the same arguments.",
        step=error.step,
        http_status=error.http_status,
        request_id=error.request_id,
    )


def closed_slots(digest: str, customer_id: str) -> Flow[set[int]]:
    customer = yield from read(Call("find", "get", path("customers", customer_id)), Customer.from_stripe)
    name = _closed_name(digest)
    slots = (key.removeprefix(name) for key in customer.metadata if key.startswith(name))
    return {int(slot) for slot in slots if slot.isdecimal()}


def _closed_name(digest: str) -> str:
    # A metadata name has 40 characters at most, so it takes half of the digest.
    return f"{check.RESERVED_METADATA}_{digest[:16]}_"


def next_pause(pauses: Iterator[float]) -> float:
    seconds = next(pauses, None)
    if seconds is None:
        raise OrderInProgress(
            "Another request for this order is running, or its outcome is not known yet: call again in a moment.",
            step="charge",
        )
    return seconds


def look_again(looking: Flow[T]) -> Flow[T]:
    """Look what became of what an earlier request has begun: not being able to look is not knowing."""
    try:
        return (yield from looking)
    except OutcomeUnknown:
        raise
    except TokenChargeError as error:
        raise OutcomeUnknown(
            "A request for this was sent before, and Stripe could not be asked what became of it: call again with the "
            "same arguments.",
            step=error.step,
            http_status=error.http_status,
            request_id=error.request_id,
        ) from error
