"""Money in and out of the account's balance: Charges booked, Refunds given, Disputes opened."""

from __future__ import annotations

from ..language.kinds import Kind
from ..language.wire import JSON
from ..shapes import bodies
from ..shapes.cards import Effect
from .account import Account, Visit
from .shelf import Kept

_CLEARING = 2 * 24 * 3600
_DAY = 24 * 3600
_DISPUTE_FEE = 1_500


def book_charge(account: Account, charge: Kept, amount: int) -> str:
    """Book what a Charge brought: the amount less Stripe's fee, 2.9 % and 30."""
    fee = min(amount, (amount * 29 + 500) // 1000 + 30)
    available = charge.effect is Effect.NO_PENDING
    return _book(account, charge, charge.id, "charge", amount, fee, available=available)


def give_back(visit: Visit, charge: Kept, amount: int, reason: str | None, metadata: dict[str, str]) -> JSON:
    """Make the Refund of an amount of a Charge, and tell the Charge."""
    account = visit.account
    pending = charge.effect is Effect.REFUND_PENDING
    name = account.new_id("re_1" if charge.json["payment_intent"] is None else "re_3", 23)
    body = bodies.refund(charge.json, amount, reason=reason, metadata=metadata, pending=pending)
    now = int(account.now())
    refund = account.keep(Kind.REFUND, name, {"id": name, "object": "refund", "created": now, **body})
    if charge.json["captured"]:
        transaction = _book(account, charge, name, "refund", -amount, 0, available=True)
        account.change(refund, balance_transaction=transaction)
    _refunded(account, charge, amount)
    visit.emit("refund.created", refund.json)
    if charge.effect is Effect.REFUND_FAILS:
        visit.later(account.rules.booking_time, lambda alone: _fail(alone, refund, charge))
    elif charge.json["captured"]:
        visit.later(account.rules.booking_time, lambda alone: _arrive(alone, refund))
    return refund.json


def open_dispute(visit: Visit, charge: Kept) -> None:
    """Let the customer's bank dispute a Charge whose money was taken, if its card has that in store."""
    if charge.effect not in (Effect.DISPUTE, Effect.INQUIRY):
        return
    account = visit.account
    inquiry = charge.effect is Effect.INQUIRY
    # Evidence is due when the eighth day after this one is over.
    due_by = (int(account.now()) // _DAY + 9) * _DAY - 1
    customer = charge.json["customer"]
    buyer = {} if customer is None else account.known(customer).json
    body = bodies.dispute(charge.json, buyer, inquiry=inquiry, due_by=due_by)
    dispute = account.add(Kind.DISPUTE, account.new_id("du_1", 23), body)
    account.change(charge, dispute=dispute.id, disputed=True)
    visit.emit("charge.dispute.created", dispute.json)
    if inquiry:
        return
    transaction = _book(account, charge, dispute.id, "adjustment", -charge.json["amount"], _DISPUTE_FEE, available=True)
    taken = account.known(transaction).json
    account.change(dispute, balance_transaction=transaction, balance_transactions=[taken])
    visit.emit("charge.dispute.funds_withdrawn", dispute.json)


def _refunded(account: Account, charge: Kept, amount: int) -> None:
    refunded = charge.json["amount_refunded"] + amount
    taken = charge.json["amount_captured"] if charge.json["captured"] else charge.json["amount"]
    account.change(charge, amount_refunded=refunded, refunded=refunded == taken)


def _arrive(alone: Visit, refund: Kept) -> None:
    """Let the bank take a Refund, and name it."""
    before = refund.json
    details = before["destination_details"]
    digits = "".join(str(ord(letter) % 10) for letter in alone.account.new_id("", 16))
    reference = {"reference": digits, "reference_status": "available"}
    details = {**details, "card": {**details["card"], **reference}}
    now = alone.account.change(refund, destination_details=details, status="succeeded")
    for type_ in ("refund.updated", "charge.refund.updated"):
        alone.emit(type_, now, before)


def _fail(alone: Visit, refund: Kept, charge: Kept) -> None:
    account = alone.account
    failed = account.change(refund, status="failed", failure_reason="expired_or_canceled_card")
    _refunded(account, charge, -refund.json["amount"])
    alone.emit("refund.failed", failed)


_DESCRIPTIONS = {
    "refund": "REFUND FOR CHARGE ({})",
    "adjustment": "Chargeback withdrawal for {}",
}


def _book(account: Account, charge: Kept, source: str, type_: str, amount: int, fee: int, *, available: bool) -> str:
    currency = charge.json["currency"]
    details = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Dispute fee" if type_ == "adjustment" else "Stripe processing fees",
        "type": "stripe_fee",
    }
    description = charge.json["description"]
    if type_ == "refund":
        description = _DESCRIPTIONS[type_].format(description or charge.id)
    elif type_ == "adjustment":
        description = _DESCRIPTIONS[type_].format(charge.id)
    name = account.new_id("txn_1" if charge.json["payment_intent"] is None else "txn_3", 23)
    now = int(account.now())
    json = {
        "id": name,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now + (0 if available else _CLEARING),
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [details] if fee else [],
        "net": amount - fee,
        "reporting_category": "dispute" if type_ == "adjustment" else type_,
        "source": source,
        "status": "available" if available else "pending",
        "type": type_,
    }
    account.keep(Kind.BALANCE_TRANSACTION, name, json)
    return name
