"""The requests that move an order on: begin a slot, confirm an open intent, give one up."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from .. import _checks as check
from .._reading import Raw
from ..errors import (
    AuthenticationRequired,
    CardDeclined,
    InvalidRequest,
    OrderConflict,
    OutcomeUnknown,
    TokenChargeError,
    TokenRejected,
)
from ..results import Charge, Customer, PaymentIntent
from .calls import Call, Flow, ask, path, read
from .looking import look, note_refused
from .payment import look_again, read_again, read_intent, tried, unknown
from .purchase import Purchase
from .slots import Made, Slots, State, state

# Asking again may itself be what uses up the slot, which only the time after that shows.
_ASK_AGAIN = 2
_FRESH_KEYS = 4

REFUSED = (CardDeclined, AuthenticationRequired, InvalidRequest, TokenRejected)
_UNEXPECTED = ("payment_intent_unexpected_state", "intent_invalid_state")


def begin(
    purchase: Purchase, customer: Customer | str, customer_id: str, card: str | None, slot: int
) -> Flow[tuple[Made, bool]]:
    """Make what a slot's key makes; return it as it is now, and whether another call has made it."""
    if purchase.by_intent or check.is_for_intents(card or ""):
        call = purchase.intent_call(customer_id, card, slot)
        return (yield from _made(purchase, customer_id, slot, call, PaymentIntent.from_stripe))
    call = purchase.charge_call(customer_id, card, slot, expand_customer=isinstance(customer, str))
    return (yield from _made(purchase, customer_id, slot, call, Charge.from_stripe))


def confirm(
    intent_id: str, purchase: Purchase, card: str | None, slot: int
) -> Flow[tuple[PaymentIntent, bool]]:
    """Confirm an intent. What Stripe only repeats, or refuses for no fault of the card's, the intent tells.

    Returns:
        The intent as it is now, and whether an earlier call brought it there.
    """
    call = purchase.confirm_call(intent_id, card, slot)
    key, fresh, again = call.key, 0, _ASK_AGAIN
    while True:
        try:
            intent, answer = yield from ask(call, PaymentIntent.from_stripe)
        except (OrderConflict, OutcomeUnknown) as error:
            # A conflict: this card was tried before, when something else was said of receipt or shipping.
            if isinstance(error, OutcomeUnknown) and not error.replayed:
                raise
            intent = yield from look_again(read_intent(intent_id))
            if (
                state(intent) is not State.OPEN
                or intent.status == "requires_action"
                or tried(intent) == card
            ):
                return intent, True
            if fresh == _FRESH_KEYS:
                raise
            # The key is used up, by a 5xx that Stripe saved, say. The intent is open: under another key it cannot pay
            # twice either.
            fresh += 1
            call = attrs.evolve(call, key=f"{key}-{fresh}")
        except REFUSED as refusal:
            if refusal.charge_id is not None and not refusal.replayed:
                raise
            unexpected = refusal.code in _UNEXPECTED
            if again and not refusal.replayed and not unexpected:
                # Stripe does not save every refusal, and then an earlier try that is late could yet be the first.
                again -= 1
                continue
            intent = yield from look_again(read_intent(intent_id))
            if state(intent) is not State.OPEN or (
                unexpected and intent.status == "requires_action"
            ):
                return intent, True
            raise
        else:
            return (
                (yield from look_again(read_intent(intent_id))) if answer.replayed else intent
            ), answer.found


def cancel(intent: PaymentIntent, purchase: Purchase) -> Flow[PaymentIntent]:
    """Give up an open intent that asks for another amount, or another Customer: canceled, it can never pay.

    Stripe refuses that of one that has been paid, but not of one that holds money: that could have been told as a
    payment a moment ago, so one that is to hold money is never given up.

    Returns:
        The intent as it is then.
    """
    if not intent.capture:
        raise OrderConflict(
            f"This order was begun to hold {intent.amount} and may not be charged otherwise: call with that amount, "
            "capture=False and the same customer, or use a new order_id.",
            step="charge",
            payment_intent_id=intent.id,
        )
    call = purchase.post("cancel", path("payment_intents", intent.id) + "/cancel", {}, None)
    try:
        return (yield from read(call, PaymentIntent.from_stripe))
    except InvalidRequest:
        now = yield from look_again(read_intent(intent.id))
        if state(now) is State.OPEN:
            raise  # for it has not ended in the meantime
        return now


def _made(
    purchase: Purchase, customer_id: str, slot: int, call: Call, reader: Callable[[Raw], Made]
) -> Flow[tuple[Made, bool]]:
    again = 0
    while True:
        try:
            made, answer = yield from ask(call, reader)
        except REFUSED as error:
            refusal = error
        except OutcomeUnknown:
            raise
        except TokenChargeError as error:
            if again:
                raise _not_noted(error) from error
            raise
        else:
            # What Stripe only repeats is how things were.
            return (
                (yield from look_again(read_again(made))) if answer.replayed else made
            ), answer.found
        if refusal.payment_intent_id is not None or refusal.charge_id is not None:
            return (yield from _told_again(refusal)), True
        left = yield from _left_behind(purchase, customer_id, slot, refusal, first=again > 0)
        if left is not None:
            return left, True
        if refusal.replayed or again == _ASK_AGAIN:
            raise refusal
        again += 1


def _told_again(refusal: TokenChargeError) -> Flow[PaymentIntent]:
    """Return the intent of a refusal that Stripe only repeats, if it has gone on since; else raise the refusal."""
    if refusal.payment_intent_id is not None and refusal.replayed:
        intent = yield from look_again(read_intent(refusal.payment_intent_id))
        if state(intent) is not State.OPEN or intent.status == "requires_action":
            return intent
    raise refusal


def _left_behind(
    purchase: Purchase, customer_id: str, slot: int, refusal: TokenChargeError, *, first: bool
) -> Flow[Made | None]:
    """See to it that whoever comes next knows what a refusal that names nothing has made of its slot.

    It may have left an intent behind all the same, which every list shows: then the slot is open. If it left nothing,
    the next card would wait for what never comes, so the slot is noted as spent. Stripe does not save every refusal,
    and a slot noted although its key is free could be charged beside the next one: so it is noted only once Stripe
    repeats the refusal, and else the caller is to ask again under the same key.

    Args:
        purchase: Whose slot.
        customer_id: Who was to pay.
        slot: Which.
        refusal: What Stripe said.
        first: This call was the first to be refused.

    Returns:
        What has paid meanwhile.

    Raises:
        TokenChargeError: The refusal, where there is nothing to note; OutcomeUnknown where Stripe could not be asked.
    """
    if purchase.order_id is None:
        return None  # nobody else has another card for it
    try:
        slots = Slots(purchase.digest)
        yield from look(purchase, slots, customer_id)
        if slots.end is not None:
            return slots.end
        if slots.has(slot):
            raise refusal
        if refusal.replayed:
            yield from note_refused(purchase, customer_id, slot, first=first)
    except REFUSED:
        raise refusal from None  # a Customer that takes no note: repeating the call mends nothing
    except OutcomeUnknown:
        raise
    except TokenChargeError as error:
        raise _not_noted(error) from refusal
    return None


def _not_noted(error: TokenChargeError) -> OutcomeUnknown:
    """Build the error for a refusal that no other card could know of yet: the same call, repeated, makes it known."""
    return unknown("The charge was refused, but the refusal could not be noted", error)
