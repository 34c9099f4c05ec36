"""Return a Payment for a Charge or an intent, or raise why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._reading import reference, typed
from ..declines import AUTHENTICATION_CODES
from ..errors import (
    AuthenticationFailed,
    AuthenticationRequired,
    CardDeclined,
    InvalidRequest,
    OrderConflict,
    OutcomeUnknown,
    PaymentPending,
    TokenChargeError,
)
from ..results import Charge, Customer, Payment, PaymentIntent
from .calls import Call, Flow, T, path, read, read_charge
from .purchase import Purchase
from .slots import Made, State, state, was_let_go


def complete(intent_id: str) -> Flow[Payment]:
    """Read the result of an intent after the buyer authenticated."""
    intent = yield from read_intent(intent_id)
    charge = yield from charge_of(intent)
    customer = customer_of(charge, intent.customer_id or "")
    return Payment(customer, charge, intent.order_id, replayed=True)


def charge_of(made: Made) -> Flow[Charge]:
    """Return the Charge itself, or the Charge of an intent that has paid.

    Raises:
        TokenChargeError: The intent has not paid (yet), and why.
    """
    if isinstance(made, Charge):
        return made
    if (
        state(made) is not State.PAID
        or made.status in ("processing", "canceled")
        or made.charge_id is None
    ):
        raise _unpaid(made)
    if made.charge is not None:
        return made.charge
    # The money has moved. A Charge that cannot be read must not become
    # GatewayUnavailable.
    return (yield from look_again(read_charge(made.charge_id, "customer")))


def payment_of(
    purchase: Purchase, customer: Customer | str | None, made: Made, *, found: bool
) -> Flow[Payment]:
    """Return the Payment of a Charge or of an intent.

    Args:
        purchase: What is paid.
        customer: The Customer who was to pay; another one may have paid.
        made: The Charge or the intent.
        found: Another call has paid.

    Raises:
        TokenChargeError: There is no payment (yet), or it has another amount.
    """
    about: dict[str, Any] = {
        "step": "charge",
        "charge_id": made.charge_id if isinstance(made, PaymentIntent) else made.id,
    }
    if was_let_go(made):
        raise OrderConflict(
            "The money this order held was let go: use a new order_id to charge it again.",
            **about,
        )
    charge = yield from charge_of(made)
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
            f"This order was charged already, for {charge.amount} and not for {purchase.amount}: "
            "refund or capture that charge, or use a new order_id for a new purchase.",
            **about,
        )
    if charge.status != "succeeded":
        raise pending(charge)
    return Payment(customer_of(charge, customer), charge, purchase.order_id, replayed=found)


def pending(charge: Charge) -> PaymentPending:
    """Build the error for a charge that has neither succeeded nor failed."""
    return PaymentPending(
        "Stripe is still processing the charge: ask again with find or get_charge.",
        step="charge",
        charge_id=charge.id,
        payment_intent_id=charge.payment_intent_id,
    )


def customer_of(charge: Charge, customer: Customer | str | None) -> Customer:
    """Return the Customer of a Charge.

    That is the one expanded in it, else the one who was to pay, if it is the same.
    """
    expanded = charge.raw.get("customer")
    if isinstance(expanded, Mapping) and charge.customer_id:
        return Customer.from_stripe(expanded)
    given = customer if isinstance(customer, Customer) else Customer(customer or "")
    return given if charge.customer_id in (None, given.id) else Customer(charge.customer_id)


def tried(intent: PaymentIntent) -> str | None:
    """Return the payment method that an intent tried last and that failed."""
    failure = typed(intent.raw, "last_payment_error", dict) or {}
    return reference(failure, "payment_method")


def _unpaid(intent: PaymentIntent) -> TokenChargeError:
    about: dict[str, Any] = {
        "step": "charge",
        "charge_id": intent.charge_id,
        "payment_intent_id": intent.id,
    }
    if intent.status == "processing":
        return PaymentPending(
            "Stripe is still processing the payment: ask again with complete or find.", **about
        )
    if intent.status == "requires_action" or intent.failure_code in AUTHENTICATION_CODES:
        asks = AuthenticationRequired(
            "The bank asks the buyer to authenticate: pass client_secret to "
            "handleNextAction of Stripe.js, then call again with the same arguments.",
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


def read_again(made: Made) -> Flow[Made]:
    """Read a Charge or an intent as it is now."""
    if isinstance(made, Charge):
        return (yield from read_charge(made.id, "customer"))
    return (yield from read_intent(made.id))


def read_intent(intent_id: str) -> Flow[PaymentIntent]:
    """Read an intent together with its Charge."""
    call = Call(
        "charge", "get", path("payment_intents", intent_id), {"expand": ["latest_charge.customer"]}
    )
    return (yield from read(call, PaymentIntent.from_stripe))


def look_again(looking: Flow[T], *, harmless: bool = False) -> Flow[T]:
    """Read what an earlier request did; if that fails, the outcome is unknown.

    Args:
        looking: The flow that reads.
        harmless: The earlier request did nothing by itself. So if the key may not read,
            AuthenticationFailed is raised as it is.
    """
    try:
        return (yield from looking)
    except OutcomeUnknown:
        raise
    except TokenChargeError as error:
        if harmless and isinstance(error, AuthenticationFailed):
            raise
        sentence = (
            "A request for this was sent before, and Stripe could not be asked what became of it"
        )
        raise unknown(sentence, error) from error


def unknown(sentence: str, error: TokenChargeError) -> OutcomeUnknown:
    """Build the error for an outcome that Stripe could not be asked about."""
    return OutcomeUnknown(
        f"{sentence}: call again with the same arguments.",
        step=error.step,
        http_status=error.http_status,
        request_id=error.request_id,
    )
