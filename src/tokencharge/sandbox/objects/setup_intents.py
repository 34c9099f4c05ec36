"""SetupIntents: create, confirm, cancel, update.

They save a card of a Customer without a payment.
"""

from __future__ import annotations

from ..language.kinds import Kind
from ..language.refusals import Refusal, impossible
from ..language.wire import JSON
from ..shapes import intent_bodies
from ..shapes.intent_bodies import shown
from ..state.account import Account, Visit
from ..state.shelf import Kept
from . import forms, intents, methods, setting_up, sources
from .intent_forms import AUTOMATIC, no_types

_KIND = Kind.SETUP_INTENT
_UNEXPECTED = "setup_intent_unexpected_state"
_OVER = {"succeeded": "it has already succeeded", "canceled": "it has been canceled"}

_CONFIRMING: dict[str, forms.Reader] = {
    "return_url": forms.words(),
    "use_stripe_sdk": forms.boolean,
}
_SAYING: dict[str, forms.Reader] = {
    "customer": forms.words(500),
    "description": forms.description,
    "metadata": forms.metadata,
    "payment_method_types": no_types,
    # Whatever the value, a SetupIntent is for off-session use.
    "usage": forms.words(),
}

CREATE = forms.Form(
    automatic_payment_methods=AUTOMATIC,
    confirm=forms.boolean,
    payment_method=forms.words(),
    **_CONFIRMING,
    **_SAYING,
)
GET = forms.Form(client_secret=forms.words())
UPDATE = forms.Form(payment_method=forms.words(empty=True), **_SAYING)
CONFIRM = forms.Form(
    client_secret=forms.words(),
    payment_method=forms.words(),
    payment_method_types=no_types,
    **_CONFIRMING,
)
CANCEL = forms.Form(
    cancellation_reason=forms.one_of("abandoned", "duplicate", "requested_by_customer")
)


def create(visit: Visit, params: JSON) -> JSON:
    """Create a SetupIntent, and confirm it if the request says so."""
    account = visit.account
    intents.check_confirming(_KIND, params, _CONFIRMING)
    if "customer" in params:
        sources.alive(account, params["customer"], "customer")
    metadata = forms.changed({}, params.get("metadata", {}))
    name = account.new_id("seti_1", 23)
    body = intent_bodies.setup_intent(params, metadata, f"{name}_secret_{account.new_id('', 31)}")
    given = params.get("payment_method")
    confirm = params.get("confirm", False)
    if confirm:
        _check_confirmation(body, given, params)
    if given is None:
        intent = account.add(_KIND, name, body)
        visit.emit("setup_intent.created", intent.json)
        return intent.json
    method = _method(account, given, body["customer"])
    intent = account.add(
        _KIND, name, {**body, "payment_method": method.id, "status": "requires_confirmation"}
    )
    visit.emit("setup_intent.created", intent.json)
    return (
        setting_up.confirmed(visit, intent, method, intents.Terms.of(params))
        if confirm
        else intent.json
    )


def get(visit: Visit, params: JSON, name: str) -> JSON:
    """Return a SetupIntent; the publishable key needs its client secret."""
    return shown(intents.find(visit, _KIND, name, params).json, public=visit.public)


def update(visit: Visit, params: JSON, name: str) -> JSON:
    """Update a SetupIntent.

    Its PaymentMethod can change only until it has succeeded or is canceled.
    """
    account = visit.account
    intent = account.find(_KIND, name)
    json = intent.json
    params.pop("usage", None)
    if "customer" in params:
        sources.alive(account, params["customer"], "customer")
    if "metadata" in params:
        params["metadata"] = forms.changed(json["metadata"], params["metadata"])
    if "payment_method" in params:
        if json["status"] in _OVER:
            raise _unexpected(
                visit,
                intent,
                f"You cannot update this SetupIntent because {_OVER[json['status']]}.",
            )
        try:
            params.update(
                _with_method(account, params["payment_method"], {**json, **params}["customer"])
            )
        except Refusal as refusal:
            refusal.more["setup_intent"] = json
            raise
        # The bank was asked about a card that may have changed.
        intent.asked = None
    return account.change(intent, **params)


def confirm(visit: Visit, params: JSON, name: str) -> JSON:
    """Set up the given PaymentMethod, or the SetupIntent's own."""
    intent = intents.find(visit, _KIND, name, params)
    json = intent.json
    given = params.get("payment_method") or json["payment_method"]
    try:
        _check_confirmation(json, given, params)
        method = _method(visit.account, given, json["customer"])
    except Refusal as refusal:
        refusal.more["setup_intent"] = shown(json, public=visit.public)
        raise
    return shown(
        setting_up.confirmed(visit, intent, method, intents.Terms.of(params)), public=visit.public
    )


def cancel(visit: Visit, params: JSON, name: str) -> JSON:
    """Cancel a SetupIntent that has not succeeded."""
    intent = visit.account.find(_KIND, name)
    status = intent.json["status"]
    if status == "canceled":
        raise _unexpected(
            visit, intent, "You cannot cancel this SetupIntent because it is already canceled."
        )
    if status == "succeeded":
        message = (
            "You cannot cancel this SetupIntent because it has a status of succeeded. Only a"
            " SetupIntent with one of the following statuses may be canceled:"
            " `requires_payment_method`, `requires_confirmation`, or `requires_action`."
        )
        raise _unexpected(visit, intent, message)
    intent.asked = None
    reason = params.get("cancellation_reason")
    ended = visit.account.change(
        intent, cancellation_reason=reason, next_action=None, status="canceled"
    )
    visit.emit("setup_intent.canceled", ended)
    return ended


def _check_confirmation(intent: JSON, method: str | None, params: JSON) -> None:
    """Refuse a confirmation that cannot succeed.

    It has no PaymentMethod, its SetupIntent is over, or it may redirect the customer
    without `return_url`.
    """
    if method is None:
        message = (
            "You cannot confirm this SetupIntent because it's missing a payment method. You can"
            " either update the SetupIntent with a payment method and then confirm it again, or"
            " confirm it again directly with a payment method or ConfirmationToken."
        )
        raise impossible(message, code=_UNEXPECTED)
    if intent["status"] in _OVER:
        raise impossible(
            f"You cannot confirm this SetupIntent because {_OVER[intent['status']]}.",
            code=_UNEXPECTED,
        )
    intents.check_return(intent, params, _KIND)


def _method(account: Account, name: str, customer: str | None) -> Kept:
    return setting_up.usable(methods.find(account, name, "payment_method"), customer)


def _with_method(account: Account, name: str | None, customer: str | None) -> JSON:
    """Return the fields of a SetupIntent with another PaymentMethod, or with none."""
    if name is None:
        return {"next_action": None, "payment_method": None, "status": "requires_payment_method"}
    method = _method(account, name, customer)
    return {"next_action": None, "payment_method": method.id, "status": "requires_confirmation"}


def _unexpected(visit: Visit, intent: Kept, message: str) -> Refusal:
    return Refusal(400, message, code=_UNEXPECTED, setup_intent=intent.json)
