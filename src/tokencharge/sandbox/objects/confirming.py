"""What a PaymentIntent is to be confirmed with: a PaymentMethod, found and checked, and the terms."""

from __future__ import annotations

from typing import Any

import attrs

from ..language.refusals import impossible, invalid
from ..language.wire import JSON
from ..state.account import Account
from . import attempts, confirmation_tokens, customers, payment_methods

_PAYERS = ("payment_method", "payment_method_data", "confirmation_token")
_KEPT = ("capture_method", "receipt_email", "setup_future_usage", "shipping")
_OF_TOKENS = ("return_url", "setup_future_usage", "shipping", "use_stripe_sdk")


@attrs.frozen
class Means:
    """What a request wants to pay with.

    Attributes:
        method: The PaymentMethod, if there is one.
        token: The confirmation token it came from, if it did.
        params: The request's parameters, and what the token says where they say nothing.
    """

    method: JSON | None
    token: JSON | None
    params: JSON


def means(account: Account, intent: JSON, params: JSON, *, needed: bool) -> Means:
    """Find what a request wants to pay with.

    Args:
        account: Where.
        intent: What is to be paid.
        params: The request's.
        needed: The request confirms: without a PaymentMethod of its own it uses the one there is.

    Raises:
        Refusal: There is none, or none that can be used.
    """
    given = [name for name in _PAYERS if name in params]
    if len(given) > 1:
        raise invalid(f"You may only specify one of these parameters: {', '.join(given)}.", given[1])
    token = None
    if "confirmation_token" in params:
        token = confirmation_tokens.usable(account, params["confirmation_token"])
        params = {**{name: token[name] for name in _OF_TOKENS if token[name]}, **params}
    if needed:
        _check_return(intent, params)
    return Means(_method(account, intent, params, token, needed=needed), token, params)


def confirmed(account: Account, intent: JSON, means: Means) -> JSON:
    """Try to pay a PaymentIntent; return it as it is then.

    Raises:
        Refusal: The card was declined.
    """
    if means.token is not None:
        account.change(means.token["id"], payment_intent=intent["id"])
    kept = {name: means.params[name] for name in _KEPT if name in means.params}
    said: dict[str, Any] = {name: means.params[name] for name in attempts.TERMS if name in means.params}
    intent = account.change(intent["id"], **kept)
    return attempts.pay(account, intent, means.method or {}, attempts.Terms(**said))


def _method(account: Account, intent: JSON, params: JSON, token: JSON | None, *, needed: bool) -> JSON | None:
    if token is not None:
        return confirmation_tokens.method_of(account, token)
    if "payment_method_data" in params:
        data = params["payment_method_data"]
        return payment_methods.add(account, data, payment_methods.read(account, data, "payment_method_data"))
    name, customer = params.get("payment_method"), intent["customer"]
    if needed and name is None:
        name = intent["payment_method"]
        if name is None and customer is not None:
            name = customers.find(account, customer, "customer")["default_source"]
    if name is not None:
        return payment_methods.usable(account, payment_methods.find(account, name), customer)
    if not needed:
        return None
    message = "You cannot confirm this PaymentIntent because it's missing a payment method."
    if customer is None:
        message += (
            " You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it"
            " again directly with a payment method or ConfirmationToken."
        )
    else:
        message += (
            f" To confirm the PaymentIntent with {customer}, specify a payment method attached to this customer along"
            " with the customer ID."
        )
    raise impossible(message, code="payment_intent_unexpected_state")


def _check_return(intent: JSON, params: JSON) -> None:
    automatic = intent["automatic_payment_methods"]
    if automatic is None or automatic["allow_redirects"] == "never" or "return_url" in params:
        return
    raise impossible(
        "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these"
        " payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't"
        " want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and"
        " `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."
    )
