"""The pages, before a framework renders them.

They show the card form, a payment, a paid order, or an error.
"""

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
from ..languages import Language
from ..order import Order
from ..results import Payment
from ..settings import Settings
from .details import SAME_AS_BILLING, filled
from .offering import Offer, describe_cards
from .offering import shown as shown_cards
from .reply import Reply, authentication_of, careful, describe_error, describe_payment
from .typed import Typed
from .words import card_name, spoken

_DO_NOT_PAY_AGAIN = (OrderConflict, OrderInProgress, OutcomeUnknown)
_CARD_REFUSED = (AuthenticationRequired, CardDeclined, TokenRejected)
_SETTLED = (AuthenticationRequired, CardDeclined, OrderChanged, TokenRejected)

# These characters of a query stay as they were sent. All others are encoded, so that a
# query cannot end a header or lead elsewhere.
_OF_A_QUERY = "%/:?@!$&'()*+,;=-._~[]"


def form(
    settings: Settings,
    status: int,
    order: Order,
    payload: Mapping[str, Any],
    language: Language,
    offer: Offer,
    *,
    typed: Typed | None = None,
    before: str | None = None,
    **shown: Any,
) -> Reply:
    """Show the card form for an order.

    Args:
        settings: The keys that it shows.
        status: The HTTP status.
        order: What is to be paid.
        payload: The same content for scripts.
        language: The buyer's language.
        offer: Their saved cards.
        typed: What they typed before.
        before: The saved card that the buyer had chosen; empty if they chose none of
            them.
        shown: Values of the template's context that are not as on the first visit.
    """
    amount = language.price(order.amount)
    details = filled(order.collect, language, typed.details if typed else None, shown.get("field"))
    # A buyer who pays with a saved card is asked for these, too.
    always = [
        group for group in details if offer.cards and group.name in order.collect_with_saved_card
    ]
    context = {
        **spoken(language, amount=amount),
        "order": order,
        "amount": amount,
        "publishable_key": settings.publishable_key or "",
        "stripe_js_url": settings.js_url,
        "element": settings.element,
        # As text, because Django would put separators into a number.
        "minor_units": str(order.amount.minor),
        "message": None,
        "email": typed and typed.email,
        "keep": typed is not None and typed.keep,
        "field": None,
        "details": [group for group in details if group not in always],
        "always_details": always,
        "countries": language.countries() if _asks_for_address(order) else (),
        "same_as_billing": SAME_AS_BILLING,
        "authentication": None,
        "again": [],
        "again_shown": order.shown,
        "payable": True,
        **shown_cards(order, offer, language, before),
        **shown,
    }
    return Reply(status, payload, "tokencharge/checkout.html", context, careful(language))


def first(settings: Settings, order: Order, language: Language, offer: Offer) -> Reply:
    """Show the card form to a buyer who has not paid yet."""
    price = {"amount": order.amount.minor, "currency": order.amount.currency}
    payload: dict[str, Any] = {
        "order": {**price, "description": order.description, "shown": order.shown}
    }
    if order.offers_cards:
        payload["cards"] = describe_cards(offer.cards)
    return form(settings, 200, order, payload, language, offer)


def is_payable(error: TokenChargeError, typed: Typed) -> bool:
    """Tell whether the buyer may pay with another card after a failure.

    They may not while an outcome is open.
    """
    unclear, waiting = _is_open(error, typed)
    return not (unclear or waiting or isinstance(error, _DO_NOT_PAY_AGAIN))


def _is_open(error: TokenChargeError, typed: Typed) -> tuple[bool, bool]:
    # "This attempt did nothing" says nothing about an earlier attempt whose outcome is
    # unknown.
    unclear = typed.unclear and not isinstance(error, _SETTLED)
    return unclear, authentication_of(error) is not None or isinstance(error, PaymentPending)


def form_again(
    settings: Settings,
    error: TokenChargeError,
    order: Order,
    typed: Typed,
    language: Language,
    offer: Offer,
) -> Reply:
    """Show the card form after a failure.

    It has what was typed, what may be sent again, and a sentence.
    """
    payload, authentication = {"error": describe_error(error, language)}, authentication_of(error)
    message = language.say(error.public_message)
    unclear, waiting = _is_open(error, typed)
    # Sending the same token again clears up an open outcome: it charges once, or not at
    # all.
    same = unclear or waiting or error.retryable
    shown = {
        "message": message,
        "field": error.field,
        "authentication": authentication,
        "again": typed.pays if same else [],
        # What the page showed when the buyer agreed. So a price that changed meanwhile
        # is not charged.
        "again_shown": typed.shown or order.shown,
        "payable": is_payable(error, typed),
    }
    # A card that was refused is not offered first.
    before = "" if isinstance(error, _CARD_REFUSED) or typed.card is None else typed.card
    reply = form(
        settings,
        error.suggested_status,
        order,
        payload,
        language,
        offer,
        typed=typed,
        before=before,
        **shown,
    )
    return attrs.evolve(reply, words=(reply.context["say"]["checkout"], message))


def _asks_for_address(order: Order) -> bool:
    return any(asked.endswith("_address") for asked in order.collect)


def charged(payment: Payment, language: Language, *, seen: bool) -> Reply:
    """Show a payment: "You've been charged".

    If the buyer has seen it before, the page says that it is the same payment.
    """
    charge, amount = payment.charge, language.price(payment.charge.amount)
    words = spoken(language, amount=amount)
    paid_with = card_name(charge.card, language) if charge.card else ""
    context = {
        **words,
        "payment": payment,
        "charge": charge,
        "amount": amount,
        "paid_with": paid_with,
        "seen": seen,
    }
    names = (
        ("you_were_charged", "charged_amount") if charge.captured else ("authorized", "held_amount")
    )
    title, sentence = (context["say"][name] for name in names)
    payload = {"payment": describe_payment(payment)}
    return Reply(
        200, payload, "tokencharge/charge.html", context, careful(language), (title, sentence)
    )


def settled(order: Order, language: Language) -> Reply:
    """Show that an order is paid, if no more is known of the payment."""
    words, amount = spoken(language), language.price(order.amount)
    message = words["say"]["order_is_paid"]
    context = {**words, "order": order, "amount": amount, "message": message}
    payload = {"order": {"paid": True, "message": message}}
    return Reply(200, payload, "tokencharge/paid.html", context, careful(language))


def problem(error: TokenChargeError, language: Language) -> Reply:
    """Show an error, if there is no order to show a form for."""
    message, words = language.say(error.public_message), spoken(language)
    context, payload = {**words, "message": message}, {"error": describe_error(error, language)}
    said = (words["say"]["checkout"], message)
    return Reply(
        error.suggested_status,
        payload,
        "tokencharge/problem.html",
        context,
        careful(language),
        said,
    )


def with_query(url: str, query: str) -> str:
    """Add a page's query, so that both pages ask the host for the same order."""
    return f"{url}?{quote(query, safe=_OF_A_QUERY)}" if query else url
