"""What to answer a request: how an outcome is told as JSON, and all an adapter puts into its framework's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from .._secrets import Discreet
from ..errors import AuthenticationRequired, TokenChargeError, error_code
from ..results import Payment

NO_STORE = {"Cache-Control": "no-store"}


@attrs.frozen(eq=False)
class Reply(Discreet):
    """What to answer. Its repr leaves out what is for the buyer alone.

    Attributes:
        status: The HTTP status.
        payload: The answer as JSON-ready data.
        template: The page that shows the same; None where only `payload` is asked for.
        context: What the template is rendered with; adapters add their URLs and CSRF field.
        headers: To set on the answer, whichever form it takes.
    """

    status: int
    payload: Mapping[str, Any] = attrs.field(repr=False)
    template: str | None
    context: Mapping[str, Any] = attrs.field(repr=False)
    headers: Mapping[str, str]


def describe_payment(payment: Payment) -> dict[str, Any]:
    """Tell a payment as JSON: flat, amounts in minor units."""
    charge, card = payment.charge, payment.charge.card
    return {
        "order_id": payment.order_id,
        "replayed": payment.replayed,
        "customer": {"id": payment.customer.id},
        "charge": {
            "id": charge.id,
            "status": charge.status,
            "amount": charge.amount.amount,
            "currency": charge.amount.currency,
            "captured": charge.captured,
            "card": card
            and {
                "brand": card.brand,
                "last4": card.last4,
                "exp_month": card.exp_month,
                "exp_year": card.exp_year,
            },
            "receipt_url": charge.receipt_url,
        },
    }


def describe_error(error: TokenChargeError) -> dict[str, Any]:
    """Tell a failure as JSON: a code, a sentence for the buyer, and what may help."""
    advice, authentication = getattr(error, "advice", None), authentication_of(error)
    return {
        "code": error_code(error),
        "message": error.public_message,
        "advice": None if advice is None else advice.value,
        **({} if authentication is None else {"authentication": authentication}),
    }


def authentication_of(error: TokenChargeError) -> dict[str, str | None] | None:
    """Return what Stripe.js needs where the bank asks for the buyer.

    A card declined with 402 is off its intent again: that secret leads nowhere.
    """
    if not isinstance(error, AuthenticationRequired) or error.client_secret is None or error.http_status == 402:
        return None
    return {"client_secret": error.client_secret, "payment_intent": error.payment_intent_id}
