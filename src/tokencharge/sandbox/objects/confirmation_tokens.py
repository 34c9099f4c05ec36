"""Confirmation tokens: what a browser collected to confirm one PaymentIntent."""

from __future__ import annotations

from ..language.kinds import Kind
from ..language.refusals import impossible, invalid
from ..language.wire import JSON
from ..shapes import intent_bodies
from ..state.account import Account, Visit
from ..state.shelf import Kept
from . import forms, methods

_FIELDS: dict[str, forms.Reader] = {
    "payment_method": forms.words(),
    "payment_method_data": methods.DATA,
    "return_url": forms.words(),
    "setup_future_usage": forms.one_of("off_session", "on_session"),
    "shipping": forms.shipping,
}

CREATE = forms.Form(use_stripe_sdk=forms.boolean, **_FIELDS)
TEST_CREATE = forms.Form(**_FIELDS)


def create(visit: Visit, params: JSON) -> JSON:
    """Create a confirmation token, like Stripe.js or the test helper."""
    account = visit.account
    if ("payment_method" in params) == ("payment_method_data" in params):
        raise invalid(
            "You must provide one of payment_method and payment_method_data.", "payment_method_data"
        )
    if "payment_method" in params:
        held = methods.held(methods.find(account, params["payment_method"], "payment_method"))
    else:
        held = methods.read_data(account, params["payment_method_data"])
    body = intent_bodies.confirmation_token(held, params, int(account.now()))
    return account.add(
        Kind.CONFIRMATION_TOKEN, account.new_id("ctoken_1", 23), body, card=held
    ).json


def usable(account: Account, name: str) -> Kept:
    """Return a confirmation token that can still confirm a PaymentIntent.

    Raises:
        Refusal: The token is unknown, used or expired.
    """
    token = account.find(Kind.CONFIRMATION_TOKEN, name, "confirmation_token")
    if token.json["payment_intent"] is not None:
        message = (
            "The confirmation token has already been used to confirm a previous PaymentIntent."
        )
        raise impossible(message, "confirmation_token")
    if token.json["expires_at"] <= account.now():
        message = (
            "The confirmation token has expired. Create a new one to confirm the PaymentIntent"
            " with."
        )
        raise impossible(message, "confirmation_token")
    return token


def method_of(account: Account, token: Kept) -> Kept:
    """Create the PaymentMethod of a confirmation token."""
    preview = token.json["payment_method_preview"]
    details = {field: preview[field] for field in ("allow_redisplay", "billing_details")}
    return methods.add(account, details, methods.held(token))
