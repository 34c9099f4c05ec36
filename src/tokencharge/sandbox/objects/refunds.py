"""Refunds, and balance transactions read back."""

from __future__ import annotations

from ..language.refusals import impossible, invalid, missing
from ..language.wire import JSON
from ..state import balance
from ..state.account import Account
from . import charges, forms, payment_intents, reading

CREATE = forms.Form(
    amount=forms.amount,
    charge=forms.words(),
    metadata=forms.metadata,
    payment_intent=forms.words(),
    reason=forms.one_of("duplicate", "fraudulent", "requested_by_customer"),
)
GET = forms.Form()
LIST = forms.listing(charge=forms.words(), payment_intent=forms.words())


def create(account: Account, params: JSON) -> JSON:
    """Give back all or part of a Charge; of one not captured yet, let all of it go."""
    charge = _charge(account, params)
    name, left = charge["id"], charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    if not charge["paid"]:
        raise impossible(f"Charge {name} cannot be refunded because it failed.", "charge")
    if charge["disputed"]:
        raise impossible(f"Charge {name} has been charged back.", code="charge_disputed")
    if charge["refunded"]:
        message = f"Charge {name} has already been refunded."
        raise impossible(message, code="charge_already_refunded")
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise impossible(message, "amount")
    if amount < left and not charge["captured"]:
        message = (
            "You cannot partially refund an uncaptured charge. Instead, capture the charge for an"
            " amount less than the original amount"
        )
        raise impossible(message, "amount")
    metadata = forms.changed({}, params.get("metadata", {}))
    refund = balance.give_back(account, name, amount, params.get("reason"), metadata)
    account.emit("charge.refunded", account.objects["charge"][name])
    return refund


def get(account: Account, params: JSON, name: str) -> JSON:
    """Look at a Refund."""
    if name not in account.objects["refund"]:
        raise missing("refund", name)
    return account.objects["refund"][name]


def list_(account: Account, params: JSON) -> JSON:
    """List Refunds, newest first."""
    everything = list(account.objects["refund"].values())
    return reading.page(everything, params, "/v1/refunds", "charge", "payment_intent")


def _charge(account: Account, params: JSON) -> JSON:
    """Return the Charge that is meant; one that a PaymentIntent made must be captured, else it is to be canceled."""
    if "charge" in params:
        charge = charges.find(account, params["charge"], "charge")
    elif "payment_intent" in params:
        intent = payment_intents.find(account, params["payment_intent"], "payment_intent")
        charge = account.objects["charge"].get(intent["latest_charge"], {"payment_intent": intent["id"], "paid": False})
    else:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise invalid(message, code="parameter_missing")
    intent = charge["payment_intent"]
    if intent is not None and not charge["paid"]:
        raise impossible(f"This PaymentIntent ({intent}) does not have a successful charge to refund.")
    if intent is not None and not charge["captured"]:
        message = (
            f"This uncaptured Charge was created by a PaymentIntent ({intent}). You must cancel the PaymentIntent to"
            " reverse the authorization instead of refunding the Charge directly. For more information, see"
            " https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
        )
        raise impossible(message)
    return charge


def get_transaction(account: Account, params: JSON, name: str) -> JSON:
    """Look at a balance transaction."""
    if name not in account.objects["balance_transaction"]:
        raise missing("balance transaction", name)
    return account.objects["balance_transaction"][name]
