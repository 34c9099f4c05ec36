"""From what was made to a Payment, or to the error that says why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..declines import AUTHENTICATION_CODES
from ..errors import (
    AuthenticationRequired,
    CardDeclined,
    InvalidRequest,
    OrderConflict,
    OutcomeUnknown,
    PaymentPending,
    TokenChargeError,
)
from ..results import Charge, Customer, Payment, PaymentIntent
from .calls import Call, Flow, T, path, read
from .purchase import Purchase
from .slots import Made, has_paid


def complete(intent_id: str) -> Flow[Payment]:
    """Read how an intent has ended after the buyer authenticated."""
    intent = yield from read_intent(intent_id)
    charge = yield from charge_of(intent)
    customer = customer_of(charge, intent.customer_id or "")
    return Payment(customer, charge, intent.metadata.get("order_id"), replayed=True)


def charge_of(made: Made) -> Flow[Charge]:
    """Return the Charge itself, or that of an intent that has paid.

    Raises:
        TokenChargeError: The intent has not paid (yet), and why.
    """
    if isinstance(made, Charge):
        return made
    if not has_paid(made) or made.status == "processing" or made.charge_id is None:
        raise _unpaid(made)
    if made.charge is not None:
        return made.charge
    # The money has moved: that its Charge cannot be read is no "nothing was done".
    call = Call("charge", "get", path("charges", made.charge_id))
    return (yield from look_again(read(call, Charge.from_stripe)))


def payment_of(purchase: Purchase, customer: Customer | str, charge: Charge, *, found: bool) -> Payment:
    """Return the payment that a Charge is.

    Raises:
        TokenChargeError: It is none, or none of this amount.
    """
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


def _unpaid(intent: PaymentIntent) -> TokenChargeError:
    about: dict[str, Any] = {"step": "charge", "charge_id": intent.charge_id, "payment_intent_id": intent.id}
    if intent.status == "processing":
        return PaymentPending("Stripe is still processing the payment: ask again with complete or find.", **about)
    if intent.status == "requires_action" or intent.failure_code in AUTHENTICATION_CODES:
        asks = AuthenticationRequired(
            "The bank asks the buyer to authenticate: pass client_secret to handleNextAction of Stripe.js, then call "
            "again with the same arguments.",
            code=intent.failure_code,
            **about,
        )
        asks.client_secret = intent.client_secret
        return asks
    if intent.failure_code is not None:
        return CardDeclined(
            "The card was declined: show the buyer public_message, and follow advice.",
            code=intent.failure_code,
            decline_code=intent.decline_code,
            **about,
        )
    return InvalidRequest(
        f"The PaymentIntent is not paid, but {intent.status}: charge the order again, with a card.",
        code="payment_intent_unexpected_state",
        **about,
    )


def read_intent(intent_id: str) -> Flow[PaymentIntent]:
    call = Call("charge", "get", path("payment_intents", intent_id), {"expand": ["latest_charge.customer"]})
    return (yield from read(call, PaymentIntent.from_stripe))


def look_again(looking: Flow[T]) -> Flow[T]:
    """Look what became of what an earlier request has begun: not being able to look is not knowing."""
    try:
        return (yield from looking)
    except OutcomeUnknown:
        raise
    except TokenChargeError as error:
        sentence = "A request for this was sent before, and Stripe could not be asked what became of it"
        raise unknown(sentence, error) from error


def unknown(sentence: str, error: TokenChargeError) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{sentence}: call again with the same arguments.",
        step=error.step,
        http_status=error.http_status,
        request_id=error.request_id,
    )
