"""PaymentIntents: made, confirmed, captured, canceled, changed."""

from __future__ import annotations

from ..language.refusals import Refusal, impossible, invalid, missing
from ..language.wire import JSON
from ..state import intent_bodies
from ..state.account import Account
from ..state.intent_bodies import shown
from . import attempts, charges, confirming, customers, forms, outcomes, reading
from .intent_forms import CONFIRMING

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing")
_SETTLED = ("amount", "capture_method", "currency", "customer", "payment_method", "setup_future_usage")


def create(account: Account, params: JSON) -> JSON:
    """Make a PaymentIntent, and confirm it where that is wanted."""
    confirm = params.get("confirm", False)
    for name in CONFIRMING:
        if name in params and not confirm:
            message = (
                f"The parameter `{name}` cannot be passed when creating a PaymentIntent unless `confirm` is set to"
                " true."
            )
            raise invalid(message, name)
    charges.check_minimum(params["amount"], params["currency"])
    if "customer" in params:
        customers.find(account, params["customer"], "customer")
    metadata = forms.changed({}, params.pop("metadata", {}))
    body = intent_bodies.payment_intent(params, metadata)
    means = confirming.means(account, body, params, needed=confirm)
    name = account.add("pi_3", 23, body)["id"]
    intent = account.change(
        name,
        client_secret=f"{name}_secret_{account.new_id('', 25)}",
        payment_method=means.method and means.method["id"],
        status="requires_confirmation" if means.method else "requires_payment_method",
    )
    account.emit("payment_intent.created", intent)
    return confirming.confirmed(account, intent, means) if confirm else intent


def get(account: Account, params: JSON, name: str) -> JSON:
    """Look at a PaymentIntent; with the publishable key that takes its client secret."""
    return shown(account, _find(account, name, params))


def find(account: Account, name: str, param: str) -> JSON:
    """Return a PaymentIntent that a parameter names, or, as `intent`, the path."""
    intent = account.objects["payment_intent"].get(name)
    if intent is None:
        raise missing("payment_intent", name, param, path=param == "intent")
    return intent


def update(account: Account, params: JSON, name: str) -> JSON:
    """Change a PaymentIntent: how it is paid only as long as it is not."""
    intent = find(account, name, "intent")
    given = {"payment_method" if name == "payment_method_data" else name for name in params}
    changing = [name for name in _SETTLED if name in given]
    if changing and intent["status"] not in _OPEN:
        message = (
            f"This PaymentIntent's {changing[0]} could not be updated because it has a status of {intent['status']}."
            f" You may only update the {changing[0]} of a PaymentIntent with one of the following statuses:"
            f" {', '.join(_OPEN)}."
        )
        raise _unexpected(account, intent, message, changing[0])
    becomes = {**intent, **params}
    charges.check_minimum(becomes["amount"], becomes["currency"])
    if "customer" in params:
        customers.find(account, params["customer"], "customer")
    if "metadata" in params:
        params["metadata"] = forms.changed(intent["metadata"], params["metadata"])
    method = confirming.means(account, becomes, params, needed=False).method
    params.pop("payment_method_data", None)
    if method is not None:
        params["payment_method"] = method["id"]
    if method is not None or (changing and intent["status"] == "requires_action"):
        # What the bank asks about is no longer what is to be paid.
        account.asked.pop(name, None)
        params.update(next_action=None, status="requires_confirmation")
    return account.change(name, **{"last_payment_error": None, **params}) if params else intent


def confirm(account: Account, params: JSON, name: str) -> JSON:
    """Pay a PaymentIntent, with the PaymentMethod given or the one it has."""
    intent = _find(account, name, params)
    try:
        if intent["status"] not in _OPEN:
            raise _unexpected(account, intent, _why_not_confirmed(intent["status"], params))
        means = confirming.means(account, intent, params, needed=True)
    except Refusal as refusal:
        refusal.more["payment_intent"] = shown(account, intent)
        raise
    return shown(account, confirming.confirmed(account, intent, means))


def capture(account: Account, params: JSON, name: str) -> JSON:
    """Take what a PaymentIntent holds, or part of it; the rest is released."""
    intent = find(account, name, "intent")
    if intent["status"] == "succeeded":
        message = "This PaymentIntent could not be captured because it has already been captured."
        if intent["capture_method"] == "manual":
            message = (
                "The remaining amount on this PaymentIntent could not be captured because the remainder of the"
                " authorized amount has been released."
            )
        raise _unexpected(account, intent, message)
    if intent["status"] != "requires_capture":
        message = (
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a"
            " PaymentIntent with one of the following statuses may be captured: requires_capture."
        )
        raise _unexpected(account, intent, message)
    amount = params.pop("amount_to_capture", intent["amount_capturable"])
    if amount > intent["amount_capturable"]:
        message = (
            "The payment could not be captured because the requested capture amount is greater than the amount you can"
            " capture for this charge."
        )
        raise Refusal(400, message, code="amount_too_large", payment_intent=intent)
    charges.check_minimum(amount, intent["currency"])
    if "metadata" in params:
        params["metadata"] = forms.changed(intent["metadata"], params["metadata"])
    return outcomes.captured(account, account.change(name, **params), amount)


def cancel(account: Account, params: JSON, name: str) -> JSON:
    """End a PaymentIntent that is not paid; what it holds is released."""
    intent = find(account, name, "intent")
    slow = intent["status"] == "processing" and not account.rules.cancel_while_processing
    if intent["status"] not in _CANCELABLE or slow:
        message = (
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent"
            f" with one of the following statuses may be canceled: {', '.join(_CANCELABLE)}."
        )
        raise _unexpected(account, intent, message)
    return outcomes.canceled(account, intent, params.get("cancellation_reason"))


def source_cancel(account: Account, params: JSON, name: str) -> JSON:
    """Give up the authentication of a PaymentIntent, as Stripe.js does when the customer closes the bank's window."""
    intent = _find(account, name, params)
    if intent["status"] != "requires_action":
        message = f"You cannot cancel the source of this PaymentIntent because it has a status of {intent['status']}."
        raise _unexpected(account, intent, message)
    if params["source"] != intent["payment_method"]:
        raise missing("source", params["source"], "source")
    return shown(account, attempts.authenticate(account, intent, approve=False))


def list_(account: Account, params: JSON) -> JSON:
    """List PaymentIntents, newest first."""
    everything = list(account.objects["payment_intent"].values())
    return reading.page(everything, params, "/v1/payment_intents", "customer")


def search(account: Account, params: JSON) -> JSON:
    """Search PaymentIntents that the index has caught up with."""
    fields = ("currency", "customer", "status")
    everything = account.objects["payment_intent"].values()
    return reading.search(account, everything, params, "/v1/payment_intents/search", fields)


def _find(account: Account, name: str, params: JSON) -> JSON:
    intent = find(account, name, "intent")
    secret = params.pop("client_secret", None)
    if (account.public or secret is not None) and secret != intent["client_secret"]:
        message = "The client_secret provided does not match the client_secret associated with the PaymentIntent."
        raise impossible(message, "client_secret", "payment_intent_invalid_parameter")
    return intent


def _unexpected(account: Account, intent: JSON, message: str, param: str | None = None) -> Refusal:
    seen = shown(account, intent)
    return Refusal(400, message, code="payment_intent_unexpected_state", param=param, payment_intent=seen)


def _why_not_confirmed(status: str, params: JSON) -> str:
    if status == "succeeded":
        return (
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
        )
    if status == "canceled" and any(name in params for name in ("payment_method", "payment_method_data")):
        return (
            f"This PaymentIntent's payment_method could not be updated because it has a status of {status}. You may"
            " only update the payment_method of a PaymentIntent with one of the following statuses:"
            f" {', '.join(_OPEN)}."
        )
    return (
        f"You cannot confirm this PaymentIntent because it has a status of {status}. Only a PaymentIntent with one of"
        f" the following statuses may be confirmed: {', '.join(_OPEN)}."
    )
