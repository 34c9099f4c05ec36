"""One confirmation of a PaymentIntent: the PaymentMethod, the terms, 3-D Secure."""

from __future__ import annotations

from typing import cast

import attrs

from ..language.kinds import Kind
from ..language.refusals import impossible, invalid
from ..language.wire import JSON
from ..shapes.cards import DECLINES, Asks
from ..state.account import Account, Visit
from ..state.shelf import Kept
from . import confirmation_tokens, exports, intents, methods, outcomes, sources

_PAYERS = ("payment_method", "payment_method_data", "confirmation_token")
_KEPT = ("capture_method", "receipt_email", "setup_future_usage", "shipping")
_OF_TOKENS = ("return_url", "setup_future_usage", "shipping", "use_stripe_sdk")

_REQUIRED = DECLINES["authentication_required"]
_NOT_HANDLED = attrs.evolve(
    _REQUIRED,
    decline_code="authentication_not_handled",
    message=(
        "This payment required an authentication action to complete, but"
        " `error_on_requires_action` was set. When you're ready, you can upgrade your integration"
        " to handle actions at"
        " https://stripe.com/docs/payments/payment-intents/upgrade-to-handle-actions."
    ),
)


@attrs.frozen
class Means:
    """What a request pays with.

    Attributes:
        method: The PaymentMethod, if there is one.
        token: The confirmation token that it came from, if any.
        params: The request's parameters. The token supplies missing ones.
    """

    method: Kept | None
    token: Kept | None
    params: JSON


def means(account: Account, intent: JSON, params: JSON, *, needed: bool) -> Means:
    """Find what a request pays with.

    Args:
        account: The account.
        intent: The PaymentIntent to pay.
        params: The request's parameters.
        needed: The request confirms. Without a PaymentMethod of its own it uses the one
            there is.

    Raises:
        Refusal: There is no PaymentMethod, or it cannot be used.
    """
    given = [name for name in _PAYERS if name in params]
    if len(given) > 1:
        raise invalid(
            f"You may only specify one of these parameters: {', '.join(given)}.", given[1]
        )
    token = None
    if "confirmation_token" in params:
        token = confirmation_tokens.usable(account, params["confirmation_token"])
        params = {**{name: token.json[name] for name in _OF_TOKENS if token.json[name]}, **params}
    if needed:
        intents.check_return(intent, params, Kind.PAYMENT_INTENT)
    return Means(_method(account, intent, params, token, needed=needed), token, params)


def confirmed(visit: Visit, intent: Kept, means: Means) -> JSON:
    """Try to pay a PaymentIntent, and return the intent.

    Raises:
        Refusal: The card is declined.
    """
    account = visit.account
    kept = {name: means.params[name] for name in _KEPT if name in means.params}
    exports.check(account, {**intent.json, **kept})
    if means.token is not None:
        account.change(means.token, payment_intent=intent.id)
    account.change(intent, **kept)
    intent.asked = None
    return _pay(visit, intent, cast("Kept", means.method), intents.Terms.of(means.params))


def authenticate(visit: Visit, intent: Kept, *, approve: bool) -> JSON:
    """End the authentication of a PaymentIntent that `requires_action`.

    Raises:
        Refusal: The customer was authenticated, but the card is declined.
    """
    method, intent.asked = cast("Kept", intent.asked), None
    if not approve:
        return outcomes.failed(
            visit,
            intent,
            method,
            intents.failure(Kind.PAYMENT_INTENT),
            intent.json["latest_charge"],
        )
    magic = methods.held(method).magic
    if magic.once_asked is not None:
        raise outcomes.declined(visit, intent, method, magic.once_asked)
    return outcomes.approved(visit, intent, method, asked=True)


def _pay(visit: Visit, intent: Kept, method: Kept, terms: intents.Terms) -> JSON:
    magic = methods.held(method).magic
    if visit.decline is not None:
        raise outcomes.declined(visit, intent, method, visit.decline)
    if _asks(method, terms):
        # A bank that asks before the charge leaves no Charge behind.
        charged = magic.asks is not Asks.FIRST
        if terms.off_session:
            decline = attrs.evolve(_REQUIRED, leaves_charge=charged)
            raise outcomes.declined(visit, intent, method, decline)
        if terms.error_on_requires_action:
            decline = attrs.evolve(_NOT_HANDLED, leaves_charge=charged)
            raise outcomes.declined(visit, intent, method, decline, tried=_REQUIRED)
        return intents.ask(visit, intent, method, terms)
    decline_at_once = magic.once_asked if magic.asks or magic.once_asked else magic.at_charge
    if decline_at_once is not None:
        raise outcomes.declined(visit, intent, method, decline_at_once)
    return outcomes.approved(visit, intent, method, asked=False)


def _asks(method: Kept, terms: intents.Terms) -> bool:
    asks = methods.held(method).magic.asks
    if terms.off_session and asks is Asks.UNLESS_SET_UP:
        return not method.set_up
    return asks is not None and not (terms.off_session and asks is Asks.ON_SESSION)


def _method(
    account: Account, intent: JSON, params: JSON, token: Kept | None, *, needed: bool
) -> Kept | None:
    if token is not None:
        return confirmation_tokens.method_of(account, token)
    if "payment_method_data" in params:
        data = params["payment_method_data"]
        return methods.add(account, data, methods.read_data(account, data))
    name, customer = params.get("payment_method"), intent["customer"]
    if needed and name is None:
        name = intent["payment_method"]
        if name is None and customer is not None:
            name = sources.alive(account, customer, "customer").json["default_source"]
    if name is not None:
        return methods.usable(methods.find(account, name, "payment_method"), customer)
    if not needed:
        return None
    message = "You cannot confirm this PaymentIntent because it's missing a payment method."
    if customer is None:
        message += (
            " You can either update the PaymentIntent with a payment method and then confirm it"
            " again, or confirm it again directly with a payment method or ConfirmationToken."
        )
    else:
        message += (
            f" To confirm the PaymentIntent with {customer}, specify a payment method attached to"
            " this customer along with the customer ID."
        )
    raise impossible(message, code="payment_intent_unexpected_state")
