"""Refunds, and balance transactions read back."""

from __future__ import annotations

from . import balance, charges, forms, reading
from .account import Account
from .refusals import impossible, missing
from .wire import JSON

CREATE = forms.Form(
    "charge",
    amount=forms.amount,
    charge=forms.words(),
    metadata=forms.metadata,
    reason=forms.one_of("duplicate", "fraudulent", "requested_by_customer"),
)
GET = forms.Form()
LIST = forms.listing(charge=forms.words())


def create(account: Account, params: JSON) -> JSON:
    """Give back all or part of a Charge; of one not captured yet, let all of it go."""
    charge = charges.find(account, params["charge"], "charge")
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
    return balance.give_back(account, name, amount, params.get("reason"), metadata)


def get(account: Account, params: JSON, name: str) -> JSON:
    """Look at a Refund."""
    if name not in account.objects["refund"]:
        raise missing("refund", name)
    return account.objects["refund"][name]


def list_(account: Account, params: JSON) -> JSON:
    """List Refunds, newest first."""
    everything = list(account.objects["refund"].values())
    return reading.page(everything, params, "/v1/refunds", "charge")


def get_transaction(account: Account, params: JSON, name: str) -> JSON:
    """Look at a balance transaction."""
    if name not in account.objects["balance_transaction"]:
        raise missing("balance transaction", name)
    return account.objects["balance_transaction"][name]
