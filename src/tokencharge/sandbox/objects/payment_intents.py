"""PaymentIntents: create, confirm, capture, cancel, update."""

from __future__ import annotations

from ..language.kinds import Kind
from ..language.refusals import Refusal, impossible, missing
from ..language.wire import JSON
from ..shapes import intent_bodies
from ..shapes.intent_bodies import shown
from ..state.account import Visit
from ..state.shelf import Kept
from . import charges, confirming, forms, intents, outcomes, sources
from .intent_forms import CONFIRMING

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE = (
    "requires_payment_method",
    "requires_capture",
    "requires_reauthorization",
    "requires_confirmation",
    "requires_action",
    "expired",
    "processing",
)
_SETTLED = (
    "amount",
    "capture_method",
    "currency",
    "customer",
    "payment_method",
    "setup_future_usage",
)


def create(visit: Visit, params: JSON) -> JSON:
    """Create a PaymentIntent, and confirm it if the request says so."""
    account = visit.account
    confirm = params.get("confirm", False)
    intents.check_confirming(Kind.PAYMENT_INTENT, params, CONFIRMING)
    charges.check_minimum(params["amount"], params["currency"])
    if "customer" in params:
        sources.alive(account, params["customer"], "customer")
    metadata = forms.changed({}, params.pop("metadata", {}))
    name = account.new_id("pi_3", 23)
    body = intent_bodies.payment_intent(params, metadata, f"{name}_secret_{account.new_id('', 25)}")
    means = confirming.means(account, body, params, needed=confirm)
    if means.method is not None:
        body.update(payment_method=means.method.id, status="requires_confirmation")
    intent = account.add(Kind.PAYMENT_INTENT, name, body)
    visit.emit("payment_intent.created", intent.json)
    return confirming.confirmed(visit, intent, means) if confirm else intent.json


def get(visit: Visit, params: JSON, name: str) -> JSON:
    """Return a PaymentIntent; the publishable key needs its client secret."""
    return shown(intents.find(visit, Kind.PAYMENT_INTENT, name, params).json, public=visit.public)


def update(visit: Visit, params: JSON, name: str) -> JSON:
    """Update a PaymentIntent.

    The fields in `_SETTLED` can change only until it is paid.
    """
    account = visit.account
    intent = account.find(Kind.PAYMENT_INTENT, name)
    json = intent.json
    given = {"payment_method" if param == "payment_method_data" else param for param in params}
    changing = [param for param in _SETTLED if param in given]
    if changing and json["status"] not in _OPEN:
        message = (
            f"This PaymentIntent's {changing[0]} could not be updated because it has a status of"
            f" {json['status']}. You may only update the {changing[0]} of a PaymentIntent with one"
            f" of the following statuses: {', '.join(_OPEN)}."
        )
        raise _unexpected(visit, intent, message, changing[0])
    becomes = {**json, **params}
    charges.check_minimum(becomes["amount"], becomes["currency"])
    if "customer" in params:
        sources.alive(account, params["customer"], "customer")
    if "metadata" in params:
        params["metadata"] = forms.changed(json["metadata"], params["metadata"])
    method = confirming.means(account, becomes, params, needed=False).method
    params.pop("payment_method_data", None)
    if method is not None:
        params["payment_method"] = method.id
    if method is not None or (changing and json["status"] == "requires_action"):
        # The bank was asked about a payment that has now changed.
        intent.asked = None
        params.update(next_action=None, status="requires_confirmation")
    return account.change(intent, **{"last_payment_error": None, **params}) if params else json


def confirm(visit: Visit, params: JSON, name: str) -> JSON:
    """Pay a PaymentIntent, with the given PaymentMethod or its own."""
    intent = intents.find(visit, Kind.PAYMENT_INTENT, name, params)
    try:
        if intent.json["status"] not in _OPEN:
            raise _unexpected(visit, intent, _why_not_confirmed(intent.json["status"], params))
        means = confirming.means(visit.account, intent.json, params, needed=True)
    except Refusal as refusal:
        refusal.more["payment_intent"] = shown(intent.json, public=visit.public)
        raise
    return shown(confirming.confirmed(visit, intent, means), public=visit.public)


def capture(visit: Visit, params: JSON, name: str) -> JSON:
    """Capture a held PaymentIntent, or part of it; the rest is released."""
    account = visit.account
    intent = account.find(Kind.PAYMENT_INTENT, name)
    json = intent.json
    if json["status"] == "succeeded":
        message = "This PaymentIntent could not be captured because it has already been captured."
        if json["capture_method"] == "manual":
            message = (
                "The remaining amount on this PaymentIntent could not be captured because the"
                " remainder of the authorized amount has been released."
            )
        raise _unexpected(visit, intent, message)
    if json["status"] != "requires_capture":
        message = (
            "This PaymentIntent could not be captured because it has a status of"
            f" {json['status']}. Only a PaymentIntent with one of the following statuses may be"
            " captured: requires_capture."
        )
        raise _unexpected(visit, intent, message)
    amount = params.pop("amount_to_capture", json["amount_capturable"])
    try:
        _check_capture(amount, json)
    except Refusal as refusal:
        refusal.more["payment_intent"] = json
        raise
    if "metadata" in params:
        params["metadata"] = forms.changed(json["metadata"], params["metadata"])
    account.change(intent, **params)
    return outcomes.captured(visit, intent, amount)


def cancel(visit: Visit, params: JSON, name: str) -> JSON:
    """Cancel a PaymentIntent that is not paid; what it holds is released."""
    intent = visit.account.find(Kind.PAYMENT_INTENT, name)
    status = intent.json["status"]
    slow = status == "processing" and not visit.account.rules.cancel_while_processing
    if status not in _CANCELABLE or slow:
        message = (
            f"You cannot cancel this PaymentIntent because it has a status of {status}. Only a"
            " PaymentIntent with one of the following statuses may be canceled:"
            f" {', '.join(_CANCELABLE)}."
        )
        raise _unexpected(visit, intent, message)
    return outcomes.canceled(visit, intent, params.get("cancellation_reason"))


def source_cancel(visit: Visit, params: JSON, name: str) -> JSON:
    """Give up the authentication of a PaymentIntent.

    Stripe.js does so when the customer closes the bank's window.
    """
    intent = intents.find(visit, Kind.PAYMENT_INTENT, name, params)
    status = intent.json["status"]
    if status != "requires_action":
        message = (
            "You cannot cancel the source of this PaymentIntent because it has a status of"
            f" {status}."
        )
        raise _unexpected(visit, intent, message)
    if params["source"] != intent.json["payment_method"]:
        raise missing(Kind.CARD, params["source"], "source")
    return shown(confirming.authenticate(visit, intent, approve=False), public=visit.public)


def _check_capture(amount: int, intent: JSON) -> None:
    if amount < 0:
        raise impossible("Invalid non-negative integer", "amount_to_capture")
    if amount == 0:
        message = "This value must be greater than or equal to 1."
        raise impossible(message, "amount", "parameter_invalid_integer")
    if amount > intent["amount_capturable"]:
        raise impossible(charges.TOO_MUCH, code="amount_too_large")
    charges.check_minimum(amount, intent["currency"])


def _unexpected(visit: Visit, intent: Kept, message: str, param: str | None = None) -> Refusal:
    seen = shown(intent.json, public=visit.public)
    return Refusal(
        400, message, code="payment_intent_unexpected_state", param=param, payment_intent=seen
    )


def _why_not_confirmed(status: str, params: JSON) -> str:
    if status == "succeeded":
        return (
            "You cannot confirm this PaymentIntent because it has already succeeded after being"
            " previously confirmed."
        )
    if status == "canceled" and any(
        name in params for name in ("payment_method", "payment_method_data")
    ):
        return (
            "This PaymentIntent's payment_method could not be updated because it has a status of"
            f" {status}. You may only update the payment_method of a PaymentIntent with one of the"
            f" following statuses: {', '.join(_OPEN)}."
        )
    return (
        f"You cannot confirm this PaymentIntent because it has a status of {status}. Only a"
        f" PaymentIntent with one of the following statuses may be confirmed: {', '.join(_OPEN)}."
    )
