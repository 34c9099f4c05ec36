"""What an account in India must state about a payment from abroad."""

from __future__ import annotations

from ..language.kinds import Kind
from ..language.refusals import Refusal, impossible
from ..language.wire import JSON
from ..state.account import Account


def check(account: Account, payment: JSON) -> None:
    """Check a payment: a Charge's parameters, or a PaymentIntent.

    Raises:
        Refusal: The account exports from India, and something that Indian law requires
            is missing.
    """
    if not account.rules.exports_from_india or payment["currency"] == "inr":
        return
    if not payment.get("description"):
        raise _required("a description")
    customer = account.get(Kind.CUSTOMER, payment.get("customer") or "")
    known = (customer.json if customer else {}, payment.get("shipping") or {})
    if not any(
        person.get("name") and (person.get("address") or {}).get("line1") for person in known
    ):
        raise _required("a customer name and address")


def _required(what: str) -> Refusal:
    return impossible(
        f"As per Indian regulations, export transactions require {what}. More info here:"
        " https://stripe.com/docs/india-exports"
    )
