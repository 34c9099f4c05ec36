"""The requests that advance an order: begin a slot, confirm or cancel an intent."""

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

# The first repeat may be the one that Stripe saves. Only the second repeat is then
# marked as a replay: so repeat twice.
_ASK_AGAIN = 2
_FRESH_KEYS = 4

REFUSED = (CardDeclined, AuthenticationRequired, InvalidRequest, TokenRejected)
_UNEXPECTED = ("payment_intent_unexpected_state", "intent_invalid_state")


def begin(
    purchase: Purchase, customer: Customer | str, customer_id: str, card: str | None, slot: int
) -> Flow[tuple[Made, bool]]:
    """Make the Charge or the PaymentIntent of a slot.

    Returns:
        The object as it is now, and whether another call made it.
    """
    if purchase.by_intent or check.is_for_intents(card or ""):
        call = purchase.intent_call(customer_id, card, slot)
        return (yield from _made(purchase, customer_id, slot, call, PaymentIntent.from_stripe))
    call = purchase.charge_call(customer_id, card, slot, expand_customer=isinstance(customer, str))
    return (yield from _made(purchase, customer_id, slot, call, Charge.from_stripe))


def confirm(
    intent_id: str, purchase: Purchase, card: str | None, slot: int
) -> Flow[tuple[PaymentIntent, bool]]:
    """Confirm an intent.

    If Stripe replays an old answer, or refuses for another reason than the card, the
    intent is read: its status is the truth.

    Returns:
        The intent as it is now, and whether an earlier call brought it there.
    """
    call = purchase.confirm_call(intent_id, card, slot)
    key, fresh, again = call.key, 0, _ASK_AGAIN
    while True:
        try:
            intent, answer = yield from ask(call, PaymentIntent.from_stripe)
        except (OrderConflict, OutcomeUnknown) as error:
            # A conflict: this card was tried before with another receipt address or
            # shipping.
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
            # The key is used up, by a 5xx that Stripe saved, say. The intent is open,
            # so it cannot pay twice under another key either.
            fresh += 1
            call = attrs.evolve(call, key=f"{key}-{fresh}")
        except REFUSED as refusal:
            if refusal.charge_id is not None and not refusal.replayed:
                raise
            unexpected = refusal.code in _UNEXPECTED
            if again and not refusal.replayed and not unexpected:
                # Stripe does not save every refusal. So an earlier try that is late
                # could still be the first to count.
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
    """Cancel an open intent of another amount or Customer, so that it never pays.

    Stripe refuses to cancel an intent that has been paid, but not one that holds money.
    A hold may have been returned as a payment a moment ago. So an intent that is to
    hold money is never canceled.

    Returns:
        The intent as it is then.
    """
    if not intent.capture:
        raise OrderConflict(
            f"This order was begun to hold {intent.amount} and may not be charged otherwise: "
            "call with that amount, capture=False and the same customer, or use a new order_id.",
            step="charge",
            payment_intent_id=intent.id,
        )
    call = purchase.post("cancel", path("payment_intents", intent.id) + "/cancel", {}, None)
    try:
        return (yield from read(call, PaymentIntent.from_stripe))
    except InvalidRequest:
        now = yield from look_again(read_intent(intent.id))
        if state(now) is State.OPEN:
            raise  # it has not ended in the meantime
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
            # A replay shows the past, so the object is read again.
            return (
                (yield from look_again(read_again(made))) if answer.replayed else made
            ), answer.found
        if refusal.payment_intent_id is not None or refusal.charge_id is not None:
            return (yield from _told_again(refusal)), True
        left = yield from left_behind(purchase, customer_id, slot, refusal, first=again > 0)
        if left is not None:
            return left, True
        if refusal.replayed or again == _ASK_AGAIN:
            raise refusal
        again += 1


def _told_again(refusal: TokenChargeError) -> Flow[PaymentIntent]:
    """Return the intent of a replayed refusal if it has gone on since.

    Otherwise raise the refusal.
    """
    if refusal.payment_intent_id is not None and refusal.replayed:
        intent = yield from look_again(read_intent(refusal.payment_intent_id))
        if state(intent) is not State.OPEN or intent.status == "requires_action":
            return intent
    raise refusal


def left_behind(
    purchase: Purchase, customer_id: str, slot: int, refusal: TokenChargeError, *, first: bool
) -> Flow[Made | None]:
    """Let later callers know what a refusal that names no object did to its slot.

    It may have left an intent behind, which every list shows: then the slot is open. If
    it left nothing, the next card would wait in vain, so the slot is noted as spent.
    Stripe does not save every refusal. If a slot is noted while its key is free, it
    could be charged in addition to the next slot. So it is noted only once Stripe
    repeats the refusal. Until then, the caller is to ask again under the same key.

    Args:
        purchase: The purchase of the slot.
        customer_id: The Customer who was to pay.
        slot: The slot's number.
        refusal: Stripe's refusal.
        first: This call was the first to be refused.

    Returns:
        What has paid meanwhile.

    Raises:
        TokenChargeError: The refusal, where there is nothing to note; OutcomeUnknown
            where Stripe could not be asked.
    """
    if purchase.order_id is None:
        return None  # no other call has another card for it
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
        raise refusal from None  # the Customer takes no note: repeating the call does not help
    except OutcomeUnknown:
        raise
    except TokenChargeError as error:
        raise _not_noted(error) from refusal
    return None


def _not_noted(error: TokenChargeError) -> OutcomeUnknown:
    """Build the error for a refusal that could not be noted for other cards.

    Repeating the same call notes it.
    """
    return unknown("The charge was refused, but the refusal could not be noted", error)
