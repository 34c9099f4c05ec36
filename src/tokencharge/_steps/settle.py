"""Exactly once: pay a purchase with this card, or find what has paid it already.

One loop for both routes. They differ in what a slot's key makes (a Charge, or an intent) and in that an intent takes
one card after another until one pays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from .._reading import Raw
from ..errors import (
    AuthenticationRequired,
    CardDeclined,
    InvalidRequest,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    TokenChargeError,
    TokenRejected,
)
from ..results import Charge, Customer, Payment, PaymentIntent
from .calls import Call, Flow, Pause, T, ask, path
from .payment import charge_of, look_again, payment_of, read_intent, unknown
from .purchase import Purchase
from .slots import OPEN, Made, Slots, list_slots, note_refused, refused_slots

# How long to wait for another request of the same order before OrderInProgress: a card authorization takes a
# second or two, and a buyer waits about as long.
PAUSES = (0.5, 1.0, 2.0)
# Asking again may itself be what uses up the slot, which only the time after that shows.
_ASK_AGAIN = 2
_FRESH_KEYS = 4

_REFUSED = (CardDeclined, AuthenticationRequired, InvalidRequest, TokenRejected)
_UNEXPECTED = ("payment_intent_unexpected_state", "intent_invalid_state")


def settle(purchase: Purchase, customer: Customer | str, card: str | None, slots: Slots) -> Flow[Payment]:
    """Pay the purchase, or find what has paid it.

    Args:
        purchase: What is to be charged.
        customer: Who pays.
        card: What pays: a card of the Customer's, a payment method or a confirmation token; the default card if None.
        slots: What is known of what the purchase has made before.
    """
    customer_id = customer if isinstance(customer, str) else customer.id
    pauses = iter(PAUSES)
    while slots.paid is None:
        slot = slots.next(purchase, card)
        intent = slots.intents.get(slot)
        if intent is None:
            try:
                made, found = yield from _begin(purchase, customer, customer_id, card, slot)
            except (OrderConflict, OutcomeUnknown) as error:
                slots = yield from _look(purchase, customer_id, slots.spent, slot, error, pauses)
                continue
        elif (intent.amount, intent.capture) == (purchase.amount, purchase.capture):
            made, found = intent, True
        else:
            yield from _cancel(intent)
            slots = yield from look_again(list_slots(purchase, customer_id))
            continue
        if isinstance(made, PaymentIntent) and made.status in OPEN and (intent or purchase.order_id is not None):
            made, found = yield from _ask(purchase.confirm_call(made.id, card, slot), made.id)
            if made.status == "canceled":
                yield Pause(_next_pause(pauses))
        if made.status != "canceled":
            return payment_of(purchase, customer, (yield from charge_of(made)), found=found)
        # Another call gave it up, for another amount, and may have begun the next.
        slots = yield from look_again(list_slots(purchase, customer_id))
    return payment_of(purchase, customer, (yield from charge_of(slots.paid)), found=True)


def _begin(
    purchase: Purchase, customer: Customer | str, customer_id: str, card: str | None, slot: int
) -> Flow[tuple[Made, bool]]:
    """Make what a slot's key makes; an intent is confirmed at once where nobody can have another card for it."""
    reader: Callable[[Raw], Made] = Charge.from_stripe
    if purchase.by_intent:
        confirmation = purchase.confirmation(card) if purchase.order_id is None else None
        call, reader = purchase.intent_call(customer_id, slot, confirmation), PaymentIntent.from_stripe
    else:
        call = purchase.charge_call(customer_id, card, slot, expand_customer=isinstance(customer, str))
    try:
        if purchase.by_intent:
            return (yield from _ask(call, None))
        return (yield from ask(call, reader))
    except _REFUSED as refusal:
        if _left_something(refusal):
            raise
        return (yield from _close(purchase, customer_id, slot, call, reader, refusal))


def _look(
    purchase: Purchase, customer_id: str, spent: set[int], slot: int, error: TokenChargeError, pauses: Iterator[float]
) -> Flow[Slots]:
    """See what became of a slot whose key was used before: for another card, amount or route, or Stripe saved a 5xx.

    Raises:
        OutcomeUnknown: Nothing shows whether the 5xx, which Stripe repeats for a day, left something all the same.
        OrderInProgress: Whoever used the key is at work still.
    """
    if isinstance(error, OutcomeUnknown) and not error.replayed:
        raise error
    slots = yield from look_again(list_slots(purchase, customer_id, slot))
    slots.spent |= spent
    if slots.paid is not None or slot in slots.intents:
        return slots
    if isinstance(error, OutcomeUnknown):
        raise error
    if slot in slots.charges:
        slots.spent.add(slot)
        return slots
    slots.spent |= yield from look_again(refused_slots(purchase.digest, customer_id))
    if slot not in slots.spent:
        yield Pause(_next_pause(pauses))
    return slots


def _ask(
    call: Call, intent_id: str | None, fresh: int = 1, again: int = _ASK_AGAIN
) -> Flow[tuple[PaymentIntent, bool]]:
    """Make or confirm an intent. What Stripe only repeats, or refuses for no fault of the card's, the intent tells.

    Returns:
        The intent as it is now, and whether an earlier call brought it there.
    """
    try:
        intent, replayed = yield from ask(call, PaymentIntent.from_stripe)
    except OutcomeUnknown as error:
        if intent_id is None or not error.replayed:
            raise
        intent = yield from look_again(read_intent(intent_id))
        if intent.status not in OPEN or intent.status == "requires_action":
            return intent, True
        if fresh > _FRESH_KEYS:
            raise
        # Stripe saved a 5xx under this key, and the intent is open: under another it cannot pay twice either.
        return (yield from _ask(attrs.evolve(call, key=f"{call.key}-{fresh}"), intent_id, fresh + 1))
    except _REFUSED as refusal:
        known = intent_id or refusal.payment_intent_id
        if known is None or (refusal.charge_id is not None and not refusal.replayed):
            raise
        unexpected = refusal.code in _UNEXPECTED
        if again and not refusal.replayed and not unexpected:
            # Stripe does not save every refusal, and then an earlier try that is late could yet be the first.
            return (yield from _ask(call, intent_id, fresh, again - 1))
        intent = yield from look_again(read_intent(known))
        if intent.status not in OPEN or (unexpected and intent.status == "requires_action"):
            return intent, True
        raise
    return ((yield from look_again(read_intent(intent.id))) if replayed else intent), replayed


def _cancel(intent: PaymentIntent) -> Flow[None]:
    """Give up an open intent that asks for another amount: canceled, it can never pay.

    Stripe refuses that of one that has been paid, but not of one that holds money: that could have been told as a
    payment a moment ago, so one that is to hold money is never given up.
    """
    if not intent.capture:
        raise OrderConflict(
            f"This order was begun to hold {intent.amount} and may not be charged otherwise: call with that amount and "
            "capture=False, or use a new order_id.",
            step="charge",
            payment_intent_id=intent.id,
        )
    try:
        yield Call("cancel", "post", path("payment_intents", intent.id) + "/cancel")
    except InvalidRequest:
        if (yield from look_again(read_intent(intent.id))).status in OPEN:
            raise  # for it has not ended in the meantime


def _close(
    purchase: Purchase, customer_id: str, slot: int, call: Call, reader: Callable[[Raw], T], refusal: TokenChargeError
) -> Flow[tuple[T, bool]]:
    """Note that a slot was spent by a refusal that left nothing behind, and raise the refusal.

    Without the note the next card would wait for a Charge that never comes. Stripe does not save every refusal, and
    a slot noted although its key is free could be charged beside the next one: so ask again under the same key, and
    note the slot only when Stripe says the refusal is a replay.

    Returns:
        What the call makes, should Stripe not have saved the refusal and accept it now.
    """
    said = refusal
    try:
        for _ in range(_ASK_AGAIN):
            if not said.replayed:
                try:
                    return (yield from ask(call, reader))
                except _REFUSED as again:
                    said = again
            if _left_something(said):
                raise said
        if said.replayed:
            yield from note_refused(purchase.digest, customer_id, slot)
    except (*_REFUSED, OutcomeUnknown):
        raise
    except TokenChargeError as error:
        # No other card could know of the refusal yet: the same call, repeated, makes it known.
        raise unknown("The charge was refused, but the refusal could not be noted", error) from refusal
    raise refusal


def _left_something(refusal: TokenChargeError) -> bool:
    """Tell whether a refusal left behind what every list shows: a failed Charge, or an intent."""
    return refusal.charge_id is not None or refusal.payment_intent_id is not None


def _next_pause(pauses: Iterator[float]) -> float:
    seconds = next(pauses, None)
    if seconds is None:
        raise OrderInProgress(
            "Another request for this order is running, or its outcome is not known yet: call again in a moment.",
            step="charge",
        )
    return seconds
