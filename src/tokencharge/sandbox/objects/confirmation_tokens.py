"""Confirmation tokens: what a browser collected, to confirm one PaymentIntent with."""

from __future__ import annotations

from ..language.refusals import impossible, invalid, missing
from ..language.wire import JSON
from ..state import intent_bodies
from ..state.account import Account
from . import forms, payment_methods

_FIELDS: dict[str, forms.Reader] = {
    "payment_method": forms.words(),
    "payment_method_data": payment_methods.CREATE,
    "return_url": forms.words(),
    "setup_future_usage": forms.one_of("off_session", "on_session"),
    "shipping": forms.anything,
}

CREATE = forms.Form(use_stripe_sdk=forms.boolean, **_FIELDS)
TEST_CREATE = forms.Form(**_FIELDS)
GET = forms.Form()


def create(account: Account, params: JSON) -> JSON:
    """Make a confirmation token, as Stripe.js does, or as the test helper does."""
    if ("payment_method" in params) == ("payment_method_data" in params):
        raise invalid("You must provide one of payment_method and payment_method_data.", "payment_method_data")
    if "payment_method" in params:
        method = payment_methods.find(account, params["payment_method"])
        held = payment_methods.held(account, method)
    else:
        held = payment_methods.read(account, params["payment_method_data"], "payment_method_data")
    token = account.add("ctoken_1", 23, intent_bodies.confirmation_token(held, params, int(account.now())))
    account.methods[token["id"]] = held
    return token


def get(account: Account, params: JSON, name: str) -> JSON:
    """Look at a confirmation token."""
    return _find(account, name, "confirmation_token", path=True)


def usable(account: Account, name: str) -> JSON:
    """Return a confirmation token that can still confirm a PaymentIntent.

    Raises:
        Refusal: It was used, or its time is over.
    """
    token = _find(account, name, "confirmation_token", path=False)
    if token["payment_intent"] is not None:
        message = "The confirmation token has already been used to confirm a previous PaymentIntent."
        raise impossible(message, "confirmation_token")
    if token["expires_at"] <= account.now():
        message = "The confirmation token has expired. Create a new one to confirm the PaymentIntent with."
        raise impossible(message, "confirmation_token")
    return token


def method_of(account: Account, token: JSON) -> JSON:
    """Make the PaymentMethod that a confirmation token stands for."""
    preview = token["payment_method_preview"]
    details = {field: preview[field] for field in ("allow_redisplay", "billing_details")}
    return payment_methods.add(account, details, account.methods[token["id"]])


def _find(account: Account, name: str, param: str, *, path: bool) -> JSON:
    token = account.objects["confirmation_token"].get(name)
    if token is None:
        raise missing("confirmation_token", name, param, path=path)
    return token
