"""One confirmation of a SetupIntent: 3-D Secure, and the effect on the card."""

from __future__ import annotations

from typing import cast

from ..language.kinds import Kind
from ..language.refusals import Refusal, card_refused, doc_url, impossible
from ..language.wire import JSON
from ..shapes.cards import Decline
from ..shapes.intent_bodies import payment_error, shown
from ..state.account import Visit
from ..state.shelf import Kept
from . import intents, methods


def usable(method: Kept, customer: str | None) -> Kept:
    """Return the PaymentMethod if it can be set up for this Customer, or for none.

    Raises:
        Refusal: The PaymentMethod is used up, or it belongs to another Customer.
    """
    owner = method.json["customer"]
    if owner is not None and customer is None:
        message = (
            f"The payment method supplied ({method.id}) belongs to the Customer {owner}. Please"
            " include the Customer in the `customer` parameter on the SetupIntent."
        )
        raise impossible(message, "payment_method")
    return methods.usable(method, customer)


def confirmed(visit: Visit, intent: Kept, method: Kept, terms: intents.Terms) -> JSON:
    """Try to set up a PaymentMethod, and return the SetupIntent.

    Raises:
        Refusal: The card is declined.
    """
    account, magic = visit.account, methods.held(method).magic
    intent.asked = None
    account.change(intent, latest_attempt=account.new_id("setatt_1", 23))
    decline = visit.decline or magic.at_attach
    if decline is not None:
        raise _declined(visit, intent, method, decline)
    return (
        _succeeded(visit, intent, method)
        if magic.asks is None
        else intents.ask(visit, intent, method, terms)
    )


def authenticate(visit: Visit, intent: Kept, *, approve: bool) -> JSON:
    """End the authentication of a SetupIntent that `requires_action`."""
    method, intent.asked = cast("Kept", intent.asked), None
    if approve:
        return _succeeded(visit, intent, method)
    return _failed(visit, intent, method, intents.failure(Kind.SETUP_INTENT))


def _succeeded(visit: Visit, intent: Kept, method: Kept) -> JSON:
    """Give the Customer the card, for off-session payments too.

    Without a Customer, the card is used up.
    """
    methods.checked(visit.account, method)
    customer = intent.json["customer"]
    if customer is not None:
        methods.give(visit, method, customer)
    method.set_up = True
    method.spent = customer is None
    done = visit.account.change(
        intent,
        last_setup_error=None,
        next_action=None,
        payment_method=method.id,
        status="succeeded",
    )
    visit.emit("setup_intent.succeeded", done)
    return done


def _declined(visit: Visit, intent: Kept, method: Kept, decline: Decline) -> Refusal:
    methods.checked(visit.account, method)
    json = _failed(visit, intent, method, payment_error(decline, doc_url(decline.code), None))
    return card_refused(
        decline.message,
        decline.code,
        decline.param,
        payment_method=shown(methods.shown(method), public=visit.public),
        setup_intent=shown(json, public=visit.public),
        **decline.codes,
    )


def _failed(visit: Visit, intent: Kept, method: Kept, error: JSON) -> JSON:
    """Let a SetupIntent wait for another PaymentMethod."""
    if method.json["customer"] is None and visit.account.rules.decline_consumes_method:
        method.spent = True
    json = visit.account.change(
        intent,
        last_setup_error={**error, "payment_method": methods.shown(method)},
        next_action=None,
        payment_method=None,
        status="requires_payment_method",
    )
    visit.emit("setup_intent.setup_failed", json)
    return json
