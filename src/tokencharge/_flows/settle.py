"""Exactly once: pay a purchase with this card, or find what has paid it already.

One loop for both routes. They differ in what a slot's key makes (a Charge, or an intent) and in that an intent takes
one card after another until one pays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from .. import _checks as check
from .._reading import Raw
from ..errors import (
    AuthenticationFailed,
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
from .calls import Call, Flow, Pause, ask, path, read
from .looking import look, note_refused, noted_elsewhere, noted_slots, read_customer
from .payment import look_again, payment_of, read_again, read_intent, tried, unknown
from .purchase import Purchase
from .slots import Made, Slots, State, goes_on, state

# How long to wait for another request of the same order before OrderInProgress: a card authorization takes a
# second or two, and a buyer waits about as long.
PAUSES = (0.5, 1.0, 2.0)
# Asking again may itself be what uses up the slot, which only the time after that shows.
_ASK_AGAIN = 2
_FRESH_KEYS = 4

REFUSED = (CardDeclined, AuthenticationRequired, InvalidRequest, TokenRejected)
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
    while (end := slots.end) is None:
        slot = slots.next(purchase, card)
        intent = slots.open(slot)
        if intent is None:
            try:
                made, found = yield from _begin(purchase, customer, customer_id, card, slot)
            except (OrderConflict, OutcomeUnknown) as error:
                if purchase.order_id is None and isinstance(error, OrderConflict):
                    return (yield from found_by_token(purchase, slots, customer_id, error))
                left = yield from _find_out(purchase, customer_id, slots, slot, error, pauses)
                if left is None:
                    continue
                made, found = left, True
        elif not goes_on(intent, purchase, customer_id, card):
            slots.see([(yield from _cancel(intent, purchase))])
            continue
        elif _is_told(intent, purchase):
            made, found = intent, True
        else:
            made, found = yield from _confirm(intent.id, purchase, card, slot)
        if made.status != "canceled":
            return (yield from payment_of(purchase, customer, made, found=found))
        # Another call gave it up, for another amount, and may have begun the next.
        slots.see([made])
        yield Pause(_next_pause(pauses))
    return (yield from payment_of(purchase, customer, end, found=True))


def _begin(
    purchase: Purchase, customer: Customer | str, customer_id: str, card: str | None, slot: int
) -> Flow[tuple[Made, bool]]:
    """Make what a slot's key makes; return it as it is now, and whether another call has made it."""
    if purchase.by_intent or check.is_for_intents(card or ""):
        call = purchase.intent_call(customer_id, card, slot)
        return (yield from _made(purchase, customer_id, slot, call, PaymentIntent.from_stripe))
    call = purchase.charge_call(customer_id, card, slot, expand_customer=isinstance(customer, str))
    return (yield from _made(purchase, customer_id, slot, call, Charge.from_stripe))


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
            return ((yield from look_again(read_again(made))) if answer.replayed else made), answer.found
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


def _find_out(
    purchase: Purchase, customer_id: str, slots: Slots, slot: int, error: TokenChargeError, pauses: Iterator[float]
) -> Flow[Charge | None]:
    """See what became of a slot whose key was used before: for another card, amount or route, or Stripe saved a 5xx.

    Returns:
        The declined Charge that this very call has made, although Stripe repeats a 5xx.

    Raises:
        OutcomeUnknown: Nothing shows whether the 5xx, which Stripe repeats for a day, left something all the same.
        OrderInProgress: Whoever used the key is at work still.
    """
    if isinstance(error, OutcomeUnknown) and not error.replayed:
        raise error
    # A conflict did nothing by itself, so a key that may not look is told as such.
    harmless = isinstance(error, OrderConflict)
    yield from look_again(look(purchase, slots, customer_id), harmless=harmless)
    if isinstance(error, OutcomeUnknown):
        if slots.end is None and not slots.has(slot):
            raise error
        return slots.declined(slot)
    if slots.end is not None or slots.open(slot) is not None:
        return None
    if slots.has(slot):
        slots.spent.add(slot)
        return None
    customer = yield from look_again(read_customer(customer_id), harmless=True)
    slots.spent |= noted_slots(purchase, customer)
    if slot in slots.spent:
        return None
    seconds = next(pauses, None)
    if seconds in (PAUSES[0], None):
        yield from _look_elsewhere(purchase, customer_id, slots)
        if _is_known(slots, slot):
            return None
    if seconds is None:
        raise _in_progress()
    yield Pause(seconds)
    return None


def _is_known(slots: Slots, slot: int) -> bool:
    return slots.end is not None or slots.has(slot) or slot in slots.spent


def _look_elsewhere(purchase: Purchase, customer_id: str, slots: Slots) -> Flow[None]:
    """See what an order has made for other Customers: for the guest who has logged in since, or the other way round."""
    try:
        yield from look_again(look(purchase, slots, None), harmless=True)
        slots.spent |= yield from look_again(noted_elsewhere(purchase, customer_id), harmless=True)
    except AuthenticationFailed:
        return  # the key may not look there


def _is_told(intent: PaymentIntent, purchase: Purchase) -> bool:
    """Tell whether an intent was begun by this very call: it is told how it stands, and its card not tried again.

    What is used up by one try, a token, would only be refused.
    """
    begun_by = intent.metadata.get(check.RESERVED_METADATA, "").rpartition("/")[2]
    has_tried = intent.failure_code is not None or intent.status == "requires_action"
    return begun_by == purchase.payer and has_tried and purchase.is_recent(intent.created)


def _confirm(intent_id: str, purchase: Purchase, card: str | None, slot: int) -> Flow[tuple[PaymentIntent, bool]]:
    """Confirm an intent. What Stripe only repeats, or refuses for no fault of the card's, the intent tells.

    Returns:
        The intent as it is now, and whether an earlier call brought it there.
    """
    call = purchase.confirm_call(intent_id, card, slot)
    key, fresh, again = call.key, 0, _ASK_AGAIN
    while True:
        try:
            intent, answer = yield from ask(call, PaymentIntent.from_stripe)
        except OutcomeUnknown as error:
            if not error.replayed:
                raise
            intent = yield from look_again(read_intent(intent_id))
            if state(intent) is not State.OPEN or intent.status == "requires_action" or tried(intent) == card:
                return intent, True
            if fresh == _FRESH_KEYS:
                raise
            # Stripe saved a 5xx under this key, and the intent is open: under another it cannot pay twice either.
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
            if state(intent) is not State.OPEN or (unexpected and intent.status == "requires_action"):
                return intent, True
            raise
        else:
            return ((yield from look_again(read_intent(intent_id))) if answer.replayed else intent), answer.found


def _cancel(intent: PaymentIntent, purchase: Purchase) -> Flow[PaymentIntent]:
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


def found_by_token(purchase: Purchase, slots: Slots, customer_id: str | None, error: OrderConflict) -> Flow[Payment]:
    """Return what a token has paid already, if all that was said of it then is said of it now: over the other route.

    Raises:
        OrderConflict: It was used before with other details.
    """
    yield from look_again(look(purchase, slots, customer_id), harmless=True)
    if slots.end is None:
        raise error
    payment = yield from payment_of(purchase, None, slots.end, found=True)
    charge = payment.charge
    said = {name: value for name, value in charge.metadata.items() if name != check.RESERVED_METADATA}
    told = (charge.description, charge.captured, said)
    given = (purchase.description, purchase.capture, purchase.metadata)
    same_customer = purchase.customer is not None or payment.customer.email == purchase.email
    if told == given and same_customer:
        return payment
    raise OrderConflict(
        "This token was charged already, with other details: refund that charge, or ask for the card again for a new "
        "purchase.",
        step="charge",
        charge_id=charge.id,
    )


def _next_pause(pauses: Iterator[float]) -> float:
    seconds = next(pauses, None)
    if seconds is None:
        raise _in_progress()
    return seconds


def _in_progress() -> OrderInProgress:
    return OrderInProgress(
        "Another request for this order is running, or its outcome is not known yet: call again in a moment.",
        step="charge",
    )
