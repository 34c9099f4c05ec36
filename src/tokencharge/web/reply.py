"""The answer to a request: an outcome as JSON, and a Reply for the adapters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import attrs

from .._secrets import Discreet
from ..errors import AuthenticationRequired, TokenChargeError, error_code
from ..languages import Language
from ..results import Payment

# The headers of a careful page. It is not stored, and is read only as the type that it
# states. Other sites do not learn its address, which may hold an order's id. Not
# `no-referrer`: then browsers would send Origin: null from its own form.
CAREFUL = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

logger = logging.getLogger("tokencharge")


def careful(language: Language) -> dict[str, str]:
    """Return the headers of a careful answer in a language.

    Such an answer is only for requests with the same Accept-Language.
    """
    return {**CAREFUL, "Content-Language": language.tag, "Vary": "Accept-Language"}


_PLAIN = """<!doctype html>
<html lang="{lang}" dir="{direction}"><head><meta charset="utf-8"><title>{title}</title></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""


@attrs.frozen(eq=False)
class Reply(Discreet):
    """What to answer. Its repr leaves out what is only for the buyer.

    Attributes:
        status: The HTTP status.
        payload: The answer as data for JSON.
        template: The page that shows the same; None if only `payload` is asked for.
        context: The values for the template; adapters add their URLs and CSRF field.
        headers: The headers of the answer, for a page and for JSON.
        words: A title and a sentence that say the same without a template, after a
            charge was tried. If the page fails then, the buyer must still learn the
            result.
    """

    status: int
    payload: Mapping[str, Any] = attrs.field(repr=False)
    template: str | None
    context: Mapping[str, Any] = attrs.field(repr=False)
    headers: Mapping[str, str]
    words: tuple[str, str] | None = None

    def page(self, render: Callable[[], str]) -> str:
        """Render the page by calling `render`.

        If that fails after a charge was tried, the error is logged, and a plain page
        says how the charge ended.
        """
        try:
            return render()
        except Exception:
            if self.words is None:
                raise
            logger.exception(
                "The page %s cannot be rendered: the buyer was told in plain words.", self.template
            )
            (title, text), language = map(escape, self.words), self.context["language"]
            return _PLAIN.format(
                title=title, text=text, lang=language.tag, direction=language.direction
            )


def describe_payment(payment: Payment) -> dict[str, Any]:
    """Describe a payment as JSON: flat, with amounts in minor units."""
    charge, card = payment.charge, payment.charge.card
    return {
        "order_id": payment.order_id,
        "replayed": payment.replayed,
        "customer": {"id": payment.customer.id},
        "charge": {
            "id": charge.id,
            "status": charge.status,
            "amount": charge.amount.minor,
            "currency": charge.amount.currency,
            "captured": charge.captured,
            "card": card
            and {
                "brand": card.brand,
                "last4": card.last4,
                "exp_month": card.exp_month,
                "exp_year": card.exp_year,
                "wallet": card.wallet,
            },
            "receipt_url": charge.receipt_url,
        },
    }


def describe_error(error: TokenChargeError, language: Language) -> dict[str, Any]:
    """Describe a failure as JSON.

    It has a code, a sentence for the buyer in their language, and what may help.
    """
    advice, authentication = getattr(error, "advice", None), authentication_of(error)
    return {
        "code": error_code(error),
        "message": language.say(error.public_message),
        "advice": None if advice is None else advice.value,
        **({} if error.field is None else {"field": error.field}),
        **({} if authentication is None else {"authentication": authentication}),
    }


def authentication_of(error: TokenChargeError) -> dict[str, str | None] | None:
    """Return what Stripe.js needs if the bank asks the buyer to authenticate.

    A card that was declined with 402 is no longer on its intent, so that secret is of
    no use.
    """
    if (
        not isinstance(error, AuthenticationRequired)
        or error.client_secret is None
        or error.http_status == 402
    ):
        return None
    return {"client_secret": error.client_secret, "payment_intent": error.payment_intent_id}
