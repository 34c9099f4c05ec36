"""Charge a token (Customer, card, Charge), or charge a saved card."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import attrs

from .._reading import Raw, read_id
from ..errors import (
    CardTokensRefused,
    InvalidRequest,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    TokenChargeError,
    TokenRejected,
)
from ..results import Customer, Payment
from .calls import Call, Flow, T, ask, path, place, read
from .cards import forget_card, saved_card
from .looking import look, marked_customers, read_customer
from .moving import REFUSED
from .payment import look_again, payment_of
from .purchase import Purchase
from .settle import found_by_token, settle
from .slots import Slots, goes_on

_FRESH_KEYS = 4


def charge(purchase: Purchase) -> Flow[Payment]:
    """Charge a card token or payment method: the Customer, the card, the Charge."""
    slots = Slots(purchase.digest)
    customer_id = purchase.customer
    try:
        looked = yield from _look_ahead(purchase, slots)
        if slots.end is not None:
            return (yield from payment_of(purchase, customer_id, slots.end, found=True))
        try:
            customer, begun = yield from customer_of(purchase, slots)
        except OrderConflict as conflict:
            return (yield from found_by_token(purchase, slots, None, conflict))
        except OrderInProgress as waiting:
            return (yield from _paid_elsewhere(purchase, slots, waiting))
        customer_id = customer.id
        return (yield from _paid_by(purchase, customer, slots, begun=begun, looked=looked))
    except TokenChargeError as error:
        place(error, order_id=purchase.order_id, customer_id=customer_id)
        raise


def _paid_by(
    purchase: Purchase, customer: Customer, slots: Slots, *, begun: bool, looked: bool
) -> Flow[Payment]:
    """Let a Customer pay with the card, unless the purchase is paid already.

    Args:
        purchase: What is charged.
        customer: The Customer who pays.
        slots: What the purchase is known to have made before.
        begun: An earlier call may have made the Customer, and more.
        looked: What the purchase made before was read.
    """
    card = None
    if begun and not looked:
        yield from look_again(look(purchase, slots, customer.id), harmless=True)
    if slots.end is None:
        if begun:
            customer = yield from _corrected(purchase, customer)
        looked = looked or purchase.customer is None or purchase.order_id is None
        card = yield from _card(purchase, customer, slots, looked=looked)
    payment = yield from settle(purchase, customer, card, slots)
    if purchase.reuse_card is False and not purchase.save_card:
        yield from _forget(payment, card)
    return payment


def _paid_elsewhere(purchase: Purchase, slots: Slots, error: OrderInProgress) -> Flow[Payment]:
    """Return what another Customer paid for an order that has no Customer yet.

    Whoever began it as a guest may have logged in since.

    Raises:
        OrderInProgress: Nobody has.
    """
    if purchase.order_id is not None:
        yield from look_again(look(purchase, slots, None), harmless=True)
    if slots.end is None:
        raise error
    return (yield from payment_of(purchase, None, slots.end, found=True))


def charge_customer(
    purchase: Purchase, customer_id: str, *, receipt: bool = False
) -> Flow[Payment]:
    """Charge a saved card.

    That is the named card, else the Customer's default as it is now, else the card
    saved last.

    Args:
        purchase: What is charged.
        customer_id: The Customer who pays.
        receipt: Send a receipt to the Customer's own address.
    """
    slots = Slots(purchase.digest)
    customer: Customer | str = customer_id
    try:
        yield from _look_ahead(purchase, slots)
        if slots.end is None and (purchase.card is None or receipt):
            customer = yield from _known_customer(customer_id)
            card = purchase.card or (yield from saved_card(customer))
            address = customer.email if receipt else purchase.receipt_email
            purchase = attrs.evolve(purchase, card=card, receipt_email=address)
        return (yield from settle(purchase, customer, purchase.card, slots))
    except TokenChargeError as error:
        place(error, order_id=purchase.order_id, customer_id=customer_id)
        raise


def _look_ahead(purchase: Purchase, slots: Slots) -> Flow[bool]:
    """Read what an order made before, where Stripe's keys may not protect it.

    Return whether that was read. If the Customer is made for the order, the request
    that makes it shows whether the order was begun before.
    """
    if purchase.order_id is None:
        return False
    adds_card = purchase.token_is_card and not purchase.by_intent
    known = purchase.customer is not None and (adds_card or not purchase.keys_live)
    if known or purchase.is_old:
        yield from look(purchase, slots, purchase.customer, everywhere=purchase.is_old, ahead=True)
        return True
    return False


def customer_of(purchase: Purchase, slots: Slots) -> Flow[tuple[Customer, bool]]:
    """Return the Customer of a purchase, and whether the purchase was begun before."""
    if purchase.customer is not None:
        return (yield from _known_customer(purchase.customer)), False
    call = purchase.customer_call()
    if purchase.order_id is None:
        customer, _ = yield from _prepare(call, Customer.from_stripe)
        return customer, False
    begun_with = slots.last
    if begun_with is not None and begun_with.customer_id is not None:
        customer = yield from read_customer(begun_with.customer_id)
        if not customer.deleted:
            return customer, True
    if purchase.is_old:
        # The key its Customer was made under is forgotten, and would make another one.
        found = yield from _order_customer(purchase)
        if found is not None:
            return found, True
    try:
        return (yield from _prepare(call, Customer.from_stripe, lambda: _order_customer(purchase)))
    except OrderConflict:
        # The order began with another e-mail.
        found = yield from _order_customer(purchase)
    if found is None:
        raise OrderInProgress(
            "This order was begun with another e-mail, and its customer cannot be "
            "found yet: call again in a minute, or with the e-mail it began with.",
            step="customer",
        )
    return found, True


def _order_customer(purchase: Purchase) -> Flow[Customer | None]:
    """Find the Customer that an order already has.

    Of several, it is the one with this e-mail, else the one made last. So a repeated
    call uses the same Customer, and Stripe can repeat its answer.
    """
    found = yield from marked_customers(purchase)
    return next((each for each in found if each.email == purchase.email), next(iter(found), None))


def _corrected(purchase: Purchase, customer: Customer) -> Flow[Customer]:
    """Update the buyer's details on an order's Customer, where they have changed."""
    corrections = purchase.corrections(customer)
    if not corrections:
        return customer
    call = Call(
        "customer", "post", path("customers", customer.id), corrections, purchase=purchase.digest
    )
    return (yield from read(call, Customer.from_stripe))


def _known_customer(customer_id: str) -> Flow[Customer]:
    customer = yield from read_customer(customer_id)
    if customer.deleted:
        raise InvalidRequest(
            "The customer was deleted: charge another one, or a token.",
            step="customer",
            param="customer",
        )
    return customer


def _card(
    purchase: Purchase, customer: Customer, slots: Slots, *, looked: bool
) -> Flow[str | None]:
    """Make what pays: a payment method for an intent, a Customer's card for a Charge.

    A paid order accepts any token. So if the token is refused, or was used before with
    other billing details, the payment is looked for, unless that was done (`looked`).
    """
    if not purchase.token_is_card:
        return purchase.token
    if purchase.paid_with_customer:
        return None
    by_intent = purchase.by_intent or any(
        goes_on(each, purchase, customer.id, None) for each in slots.opens
    )
    call = purchase.method_call() if by_intent else purchase.source_call(customer.id)
    try:
        card, _ = yield from _prepare(call, read_id)
    except (*REFUSED, OrderConflict) as refusal:
        if not looked:
            yield from look_again(look(purchase, slots, customer.id), harmless=True)
        if slots.end is not None:
            return None
        if purchase.by_intent or not slots.has_intents or not isinstance(refusal, TokenRejected):
            raise
        # This same call may have made the other kind, before an intent was begun or
        # after it was canceled.
        other = purchase.source_call(customer.id) if by_intent else purchase.method_call()
        return (yield from _made_before(other, refusal))
    return card


def _made_before(call: Call, refusal: TokenRejected) -> Flow[str]:
    """Return what the same call made of the token before; Stripe repeats it."""
    try:
        card, _ = yield from _prepare(call, read_id)
    except (*REFUSED, CardTokensRefused):
        raise refusal from None
    return card


def _forget(payment: Payment, card: str | None) -> Flow[None]:
    """Remove the card that paid over Charges, where the buyer did not want it kept.

    Over Charges, Stripe keeps every card.
    """
    paid_by = payment.charge.card
    if card is not None and card.startswith("card_") and paid_by is not None and paid_by.id == card:
        # The money has moved. An error here is no failure of the payment.
        with suppress(TokenChargeError):
            yield from forget_card(card, payment.customer.id)


def _prepare(
    call: Call, reader: Callable[[Raw], T], already: Callable[[], Flow[T | None]] | None = None
) -> Flow[tuple[T, bool]]:
    """Send a request that moves no money; use a fresh key after a saved 5xx.

    Every caller who repeats the request gets the same 5xx, and goes on to the same
    fresh key.

    Args:
        call: The request.
        reader: Reads its answer.
        already: Finds what the request may have made in spite of the 5xx.

    Returns:
        The object, and whether an earlier call may have made it.
    """
    key = call.key
    for fresh in range(1, _FRESH_KEYS + 1):
        try:
            made, answer = yield from ask(call, reader)
            return made, answer.replayed
        except OutcomeUnknown as error:
            # A replayed 2xx that arrived garbled is no 5xx: it is asked for again under
            # its own key.
            if not error.replayed or (error.http_status or 0) < 500:
                raise
        if already is not None:
            before = yield from already()
            if before is not None:
                return before, True
        call = attrs.evolve(call, key=f"{key}-{fresh}")
    made, answer = yield from ask(call, reader)
    return made, answer.replayed
