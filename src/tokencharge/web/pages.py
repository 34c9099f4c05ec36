"""The pages, before a framework renders them: the card form, what was paid, what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import attrs

from ..errors import (
    AuthenticationRequired,
    CardDeclined,
    OrderChanged,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    PaymentPending,
    TokenChargeError,
    TokenRejected,
)
from ..order import Order
from ..results import Payment
from ..settings import Settings
from .reply import CAREFUL, Reply, authentication_of, describe_error, describe_payment
from .submission import Typed

_DO_NOT_PAY_AGAIN = (OrderConflict, OrderInProgress, OutcomeUnknown)
_SETTLED = (AuthenticationRequired, CardDeclined, OrderChanged, TokenRejected)

PAID = "This order is paid."

# What a query holds as it was sent; anything else in it is encoded, so that it ends no header and leads nowhere else.
_OF_A_QUERY = "%/:?@!$&'()*+,;=-._~[]"


def form(settings: Settings, status: int, order: Order, payload: Mapping[str, Any], **shown: Any) -> Reply:
    """Show the card form for an order."""
    context = {
        "order": order,
        "amount": str(order.amount),
        "publishable_key": settings.publishable_key or "",
        "stripe_js_url": settings.js_url,
        "element": settings.element,
        # As text: Django would put separators into a number.
        "minor_units": str(order.amount.amount),
        "message": None,
        "email": None,
        "field": None,
        "authentication": None,
        "again": None,
        "again_shown": order.shown,
        "payable": True,
        **shown,
    }
    return Reply(status, payload, "tokencharge/checkout.html", context, CAREFUL)


def form_again(settings: Settings, error: TokenChargeError, order: Order, typed: Typed) -> Reply:
    """Show the card form after a failure: what was typed, what may be sent again, and a sentence."""
    payload, authentication = {"error": describe_error(error)}, authentication_of(error)
    # "This attempt did nothing" says nothing of an attempt before it whose outcome nobody knew.
    unclear = typed.unclear and not isinstance(error, _SETTLED)
    waiting = authentication is not None or isinstance(error, PaymentPending)
    # Sending the same token again is how an open outcome is cleared up: it charges once or not at all.
    same = unclear or waiting or error.retryable
    shown = {
        "message": error.public_message,
        "email": typed.email,
        "field": error.field,
        "authentication": authentication,
        "again": {"token": typed.token, "email": typed.email} if typed.token and typed.email and same else None,
        # What the page showed when the buyer agreed to it: a price that changed meanwhile is not charged by that.
        "again_shown": typed.shown or order.shown,
        "payable": not (unclear or waiting or isinstance(error, _DO_NOT_PAY_AGAIN)),
    }
    reply = form(settings, error.suggested_status, order, payload, **shown)
    return attrs.evolve(reply, words=("Checkout", error.public_message))


def charged(payment: Payment, *, seen: bool) -> Reply:
    """Show a payment: "You've been charged"; or, where the buyer has seen it before, that it was made."""
    charge = payment.charge
    context = {"payment": payment, "charge": charge, "amount": str(charge.amount), "seen": seen}
    done = "You've been charged" if charge.captured else "Payment authorized"
    words = (done, f"{'Charged' if charge.captured else 'Held'}: {charge.amount}")
    payload = {"payment": describe_payment(payment)}
    return Reply(200, payload, "tokencharge/charge.html", context, CAREFUL, words)


def settled(order: Order) -> Reply:
    """Show that an order is paid, where no more is known of the payment."""
    context = {"order": order, "amount": str(order.amount), "message": PAID}
    return Reply(200, {"order": {"paid": True}}, "tokencharge/paid.html", context, CAREFUL)


def problem(error: TokenChargeError) -> Reply:
    """Show what went wrong where there is no order to show a form for."""
    words, context = ("Checkout", error.public_message), {"message": error.public_message}
    payload = {"error": describe_error(error)}
    return Reply(error.suggested_status, payload, "tokencharge/problem.html", context, CAREFUL, words)


def with_query(url: str, query: str) -> str:
    """Carry a page's query along, so that both pages ask the host for the same order."""
    return f"{url}?{quote(query, safe=_OF_A_QUERY)}" if query else url
