"""Exactly once: pay a purchase with this card, or find what has already paid it.

One loop serves both routes. They differ in what a slot's key makes (a Charge, or an
intent). And an intent takes one card after another until one pays.
"""

from __future__ import annotations

from .. import _checks as check
from ..errors import AuthenticationFailed, OrderConflict, OutcomeUnknown, TokenChargeError
from ..results import Charge, Customer, Payment, PaymentIntent
from .calls import Flow
from .looking import look, noted_elsewhere, noted_slots, read_customer
from .moving import begin, cancel, confirm
from .payment import look_again, payment_of
from .purchase import Purchase
from .slots import Slots, goes_on
from .waiting import PAUSES, Waiting


def settle(
    purchase: Purchase, customer: Customer | str, card: str | None, slots: Slots
) -> Flow[Payment]:
    """Pay the purchase, or find what has paid it.

    Args:
        purchase: What is to be charged.
        customer: The Customer who pays.
        card: What pays: a card of the Customer, a payment method or a confirmation
            token; the default card if None.
        slots: What the purchase is known to have made before.
    """
    customer_id = customer if isinstance(customer, str) else customer.id
    waiting = Waiting("Another request for this order is running", "charge")
    while (end := slots.end) is None:
        slot = slots.next(purchase, card)
        intent = slots.open(slot)
        if intent is None:
            try:
                made, found = yield from begin(purchase, customer, customer_id, card, slot)
            except (OrderConflict, OutcomeUnknown) as error:
                if purchase.order_id is None and isinstance(error, OrderConflict):
                    return (yield from found_by_token(purchase, slots, customer_id, error))
                left = yield from _find_out(purchase, customer_id, slots, slot, error, waiting)
                if left is None:
                    continue
                made, found = left, True
        elif not goes_on(intent, purchase, customer_id, card):
            slots.see([(yield from cancel(intent, purchase))])
            continue
        else:
            made, found = yield from _take_card(intent, purchase, card, slot)
        if made.status != "canceled":
            return (yield from payment_of(purchase, customer, made, found=found))
        # Another call canceled it, for another amount, and may have begun the next
        # slot.
        slots.see([made])
        yield waiting.pause()
    return (yield from payment_of(purchase, customer, end, found=True))


def _find_out(
    purchase: Purchase,
    customer_id: str,
    slots: Slots,
    slot: int,
    error: TokenChargeError,
    waiting: Waiting,
) -> Flow[Charge | None]:
    """Find what a slot's key did that was used before.

    It was used for another card, amount or route, or Stripe saved a 5xx.

    Returns:
        The declined Charge that this same call made, although Stripe repeats a 5xx.

    Raises:
        OutcomeUnknown: Nothing shows whether the 5xx, which Stripe repeats for a day,
            made something all the same.
        OrderInProgress: The request that used the key is still running.
    """
    if isinstance(error, OutcomeUnknown) and not error.replayed:
        raise error
    # A conflict did nothing by itself. So if the key may not read, its own error is
    # raised.
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
    else:
        yield from _wait_for(purchase, customer_id, slots, slot, waiting)
    return None


def _wait_for(
    purchase: Purchase, customer_id: str, slots: Slots, slot: int, waiting: Waiting
) -> Flow[None]:
    """Wait for what used a slot's key and is in no list of the Customer yet.

    It may have left only a note, or belong to another Customer. Then nothing is waited
    for.

    Raises:
        OrderInProgress: It is still running.
    """
    customer = yield from look_again(read_customer(customer_id), harmless=True)
    slots.spent |= noted_slots(purchase, customer)
    if slot in slots.spent:
        return
    pause = waiting.next()
    if pause in (PAUSES[0], None):
        yield from look_elsewhere(purchase, customer_id, slots)
        if _is_known(slots, slot):
            return
    if pause is None:
        raise waiting.over()
    yield pause


def _is_known(slots: Slots, slot: int) -> bool:
    return slots.end is not None or slots.has(slot) or slot in slots.spent


def look_elsewhere(purchase: Purchase, customer_id: str, slots: Slots) -> Flow[None]:
    """Find what an order has made for other Customers.

    A guest may have logged in since, or the other way round.
    """
    try:
        yield from look_again(look(purchase, slots, None), harmless=True)
        slots.spent |= yield from look_again(noted_elsewhere(purchase, customer_id), harmless=True)
    except AuthenticationFailed:
        return  # the key may not read there


def _take_card(
    intent: PaymentIntent, purchase: Purchase, card: str | None, slot: int
) -> Flow[tuple[PaymentIntent, bool]]:
    """Let an open intent take the card, unless this same call began it."""
    if is_told(intent, purchase):
        return intent, True
    return (yield from confirm(intent.id, purchase, card, slot))


def is_told(intent: PaymentIntent, purchase: Purchase) -> bool:
    """Tell whether this same call began the intent: then its state is returned.

    Its card is not tried again. A token is used up by one try, and would only be
    refused.
    """
    begun_by = intent.metadata.get(check.RESERVED_METADATA, "").rpartition("/")[2]
    has_tried = intent.failure_code is not None or intent.status == "requires_action"
    return begun_by == purchase.payer and has_tried and purchase.is_recent(intent.created)


def found_by_token(
    purchase: Purchase, slots: Slots, customer_id: str | None, error: OrderConflict
) -> Flow[Payment]:
    """Return what a token has already paid over the other route.

    All details of then must be the details of now.

    Raises:
        OrderConflict: The token was used before with other details.
    """
    yield from look_again(look(purchase, slots, customer_id), harmless=True)
    if slots.end is None:
        raise error
    payment = yield from payment_of(purchase, None, slots.end, found=True)
    charge = payment.charge
    said = {
        name: value for name, value in charge.metadata.items() if name != check.RESERVED_METADATA
    }
    told = (charge.description, charge.captured, said, charge.shipping)
    given = (purchase.description, purchase.capture, purchase.metadata, purchase.shipping)
    same_customer = purchase.customer is not None or purchase.is_of(payment.customer)
    if told == given and same_customer:
        return payment
    raise OrderConflict(
        "This token was charged already, with other details: "
        "refund that charge, or ask for the card again for a new purchase.",
        step="charge",
        charge_id=charge.id,
    )
