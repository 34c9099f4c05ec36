"""Refunds: create, update, list."""

from __future__ import annotations

from ..language.kinds import Kind
from ..language.refusals import Refusal, impossible, invalid, missing
from ..language.wire import JSON
from ..shapes.currencies import written
from ..state import balance
from ..state.account import Account, Visit
from ..state.shelf import Kept
from . import charges, forms, reading


def _reason(name: str, value: object) -> str:
    if value not in ("duplicate", "fraudulent", "requested_by_customer"):
        raise invalid(
            "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer", name
        )
    return str(value)


_FIELDS: dict[str, forms.Reader] = {
    "amount": forms.amount,
    "metadata": forms.metadata,
    "reason": _reason,
}

CREATE = forms.Form(charge=forms.words(), payment_intent=forms.words(), **_FIELDS)
CREATE_OF_CHARGE = forms.Form(**_FIELDS)
UPDATE = forms.Form(metadata=forms.metadata)
LIST_OF_CHARGE = forms.listing()


def create(visit: Visit, params: JSON) -> JSON:
    """Refund all or part of a Charge; release all of an uncaptured one."""
    return _refund(visit, _charge(visit.account, params), params)


def create_of_charge(visit: Visit, params: JSON, name: str) -> JSON:
    """Refund all or part of the Charge in the path; return the Refund."""
    return _refund(visit, _refundable(visit.account.find(Kind.CHARGE, name)), params)


def refund_charge(visit: Visit, params: JSON, name: str) -> JSON:
    """Refund all or part of the Charge in the path; return the Charge, as in 2013."""
    charge = visit.account.find(Kind.CHARGE, name)
    create_of_charge(visit, params, name)
    return charge.json


def update(visit: Visit, params: JSON, name: str) -> JSON:
    """Update the metadata of a Refund."""
    refund = visit.account.find(Kind.REFUND, name)
    before = refund.json
    after = visit.account.change(
        refund, metadata=forms.changed(before["metadata"], params.get("metadata", {}))
    )
    for type_ in ("refund.updated", "charge.refund.updated"):
        visit.emit(type_, after, before)
    return after


def cancel(visit: Visit, params: JSON, name: str) -> JSON:
    """Refuse to cancel a Refund to a card."""
    visit.account.find(Kind.REFUND, name)
    raise impossible("Canceling this refund is unsupported.")


def list_of_charge(visit: Visit, params: JSON, name: str) -> JSON:
    """List the Refunds of a Charge, newest first."""
    visit.account.find(Kind.CHARGE, name)
    return reading.page(
        visit.account, Kind.REFUND, params, f"/v1/charges/{name}/refunds", {"charge": name}
    )


def get_of_charge(visit: Visit, params: JSON, name: str, refund: str) -> JSON:
    """Return a Refund of the Charge in the path."""
    visit.account.find(Kind.CHARGE, name)
    kept = visit.account.get(Kind.REFUND, refund)
    if kept is None or kept.json["charge"] != name:
        gone = missing(Kind.REFUND, refund)
        gone.param = "refund"
        raise gone
    return kept.json


def _refund(visit: Visit, charge: Kept, params: JSON) -> JSON:
    name, json = charge.id, charge.json
    # The part of a hold that was not captured cannot be refunded.
    taken = json["amount_captured"] if json["captured"] else json["amount"]
    left = taken - json["amount_refunded"]
    amount = params.get("amount", left)
    if not json["paid"]:
        raise charges.failed(charge)
    if _charged_back(visit.account, charge):
        message = f"Charge {name} has been charged back; cannot issue a refund."
        raise impossible(message, code="charge_disputed")
    if charge.lapsed:
        message = f"Charge {name} has expired: it holds nothing that could be given back."
        raise impossible(message, "charge")
    if left == 0:
        message = f"Charge {name} has already been refunded."
        raise impossible(message, code="charge_already_refunded")
    if amount > left:
        what = "unrefunded amount on charge" if json["amount_refunded"] else "charge amount"
        currency = json["currency"]
        message = (
            f"Refund amount ({written(amount, currency)}) is greater than {what}"
            f" ({written(left, currency)})"
        )
        raise impossible(message, "amount")
    if amount < left and not json["captured"]:
        message = (
            "You cannot partially refund an uncaptured charge. Instead, capture the charge for an"
            " amount less than the original amount"
        )
        raise impossible(message, "amount")
    metadata = forms.changed({}, params.get("metadata", {}))
    refund = balance.give_back(visit, charge, amount, params.get("reason"), metadata)
    visit.emit("charge.refunded", charge.json)
    return refund


def _charged_back(account: Account, charge: Kept) -> bool:
    dispute = charge.json["dispute"]
    return dispute is not None and not account.known(dispute).json["is_charge_refundable"]


def _charge(account: Account, params: JSON) -> Kept:
    """Return the Charge that the parameters name."""
    if "charge" in params:
        return _refundable(account.find(Kind.CHARGE, params["charge"]))
    if "payment_intent" in params:
        intent = account.find(Kind.PAYMENT_INTENT, params["payment_intent"], "payment_intent")
        if intent.json["latest_charge"] is None:
            raise _nothing_to_refund(intent.id)
        return _refundable(account.known(intent.json["latest_charge"]))
    message = (
        "One of the following params should be provided for this request: payment_intent or charge."
    )
    raise invalid(message)


def _refundable(charge: Kept) -> Kept:
    """Return the Charge, unless a PaymentIntent made it and has not captured it.

    Such a PaymentIntent is to be canceled.
    """
    intent = charge.json["payment_intent"]
    if intent is not None and not charge.json["paid"]:
        raise _nothing_to_refund(intent)
    if intent is not None and not charge.json["captured"]:
        message = (
            f"This uncaptured Charge was created by a PaymentIntent ({intent}). You must cancel"
            " the PaymentIntent to reverse the authorization instead of refunding the Charge"
            " directly. For more information, see"
            " https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
        )
        raise impossible(message)
    return charge


def _nothing_to_refund(intent: str) -> Refusal:
    return impossible(f"This PaymentIntent ({intent}) does not have a successful charge to refund.")
