"""Exactly once: make the Charge of a purchase, or find the one another call has made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from .. import _checks as check
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
from ..results import Charge, Customer, Payment, Raw
from .calls import Call, Flow, Pause, T, ask, entries, path, read
from .purchase import Purchase

# How long to wait for another request of the same order before OrderInProgress: a card authorization takes a
# second or two, and a buyer waits about as long.
PAUSES = (0.5, 1.0, 2.0)


Attempts = dict[int, Charge]
"""The Charges a purchase has made so far, by the slot of the key each was made under."""

# Asking again may itself be what uses up the slot, which only the time after that shows.
_ASK_AGAIN = 2

_REFUSED = (CardDeclined, AuthenticationRequired, InvalidRequest, TokenRejected)


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
            return _payment(purchase, customer, charge, found=replayed)
        except OrderConflict:
            # Another card or amount was first to use this slot: what became of it decides.
            attempts = yield from _look_again(list_attempts(purchase.digest, customer_id, every_page=True))
            if slot in attempts:
                closed.add(slot)
            elif slot in (marked := (yield from _look_again(_closed_slots(purchase.digest, customer_id)))):
                closed |= marked
            else:
                yield Pause(_next_pause(pauses))
        except OutcomeUnknown as error:
            # A 5xx that Stripe saved is repeated for a day. The list tells whether it left a Charge all the same.
            if not error.replayed:
                raise
            attempts = yield from _look_again(list_attempts(purchase.digest, customer_id, every_page=True))
            if paid_charge(attempts) is None:
                raise
        except _REFUSED as refusal:
            if refusal.charge_id is not None:
                raise
            charge, replayed = yield from _close_slot(purchase, call, slot, customer_id, refusal)
            return _payment(purchase, customer, charge, found=replayed)
    return _payment(purchase, customer, paid, found=True)


def _payment(purchase: Purchase, customer: Customer | str, charge: Charge, *, found: bool) -> Payment:
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
    params: dict[str, Any] = {"customer": customer_id, "limit": 100, "expand": ["data.customer"]}
    attempts: Attempts = {}
    while True:
        page, after = yield from read(Call("find", "get", "/v1/charges", dict(params)), read_attempts(digest))
        attempts = {**page, **attempts}
        if not every_page or after is None:
            return attempts
        params["starting_after"] = after


def read_attempts(digest: str) -> Callable[[Raw], tuple[Attempts, str | None]]:
    def page(raw: Raw) -> tuple[Attempts, str | None]:
        attempts: Attempts = {}
        charges = [Charge.from_stripe(entry) for entry in entries(raw)]
        for charge in charges:
            owner, _, slot = charge.metadata.get(check.RESERVED_METADATA, "").partition("/")
            # A slot whose key Stripe forgot can hold two Charges; the one that moved money is the one that counts.
            if owner == digest and slot.isdecimal() and (int(slot) not in attempts or charge.status != "failed"):
                attempts[int(slot)] = charge
        return attempts, charges[-1].id if charges and raw.get("has_more") is True else None

    return page


def _close_slot(
    purchase: Purchase, call: Call, slot: int, customer_id: str, refusal: TokenChargeError
) -> Flow[tuple[Charge, bool]]:
    """Note on the Customer that a slot was used up by a refusal that left no Charge behind, and raise the refusal.

    Without the note the next card would wait for a Charge that never comes. Stripe does not save every refusal, and
    a slot noted although its key is free could be charged beside the next one: so ask again under the same key, and
    note the slot only when Stripe says the refusal is a replay.

    Returns:
        The Charge, should Stripe not have saved the refusal and accept the card now.
    """
    said = refusal
    for _ in range(_ASK_AGAIN):
        if said.replayed:
            break
        try:
            return (yield from ask(call, Charge.from_stripe))
        except OutcomeUnknown:
            raise
        except _REFUSED as again:
            if again.charge_id is not None:
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


def _closed_slots(digest: str, customer_id: str) -> Flow[set[int]]:
    customer = yield from read(Call("find", "get", path("customers", customer_id)), Customer.from_stripe)
    name = _closed_name(digest)
    slots = (key.removeprefix(name) for key in customer.metadata if key.startswith(name))
    return {int(slot) for slot in slots if slot.isdecimal()}


def _closed_name(digest: str) -> str:
    # A metadata name has 40 characters at most, so it takes half of the digest.
    return f"{check.RESERVED_METADATA}_{digest[:16]}_"


def _next_pause(pauses: Iterator[float]) -> float:
    seconds = next(pauses, None)
    if seconds is None:
        raise OrderInProgress(
            "Another request for this order is running, or its outcome is not known yet: call again in a moment.",
            step="charge",
        )
    return seconds


def _look_again(looking: Flow[T]) -> Flow[T]:
    """Look what became of an order another request has begun: not being able to look is not knowing."""
    try:
        return (yield from looking)
    except OutcomeUnknown:
        raise
    except TokenChargeError as error:
        raise OutcomeUnknown(
            "Another request for this order was sent before, and Stripe could not be asked what became of it: call "
            "again with the same arguments.",
            step=error.step,
            http_status=error.http_status,
            request_id=error.request_id,
        ) from error
