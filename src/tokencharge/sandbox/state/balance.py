"""Money in and out of the account's balance: Charges, Refunds and Disputes."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import Any

import attrs

from ..language.kinds import Kind
from ..language.wire import JSON
from ..shapes import refund_bodies
from ..shapes.cards import Effect
from .account import Account, Visit
from .shelf import Kept

_CLEARING = 2 * 24 * 3600
_DAY = 24 * 3600
_DISPUTE_FEE = 1_500


def book_charge(account: Account, charge: Kept, amount: int) -> str:
    """Book a Charge: the amount minus Stripe's fee, 2.9 % and 30 minor units."""
    fee = min(amount, (amount * 29 + 500) // 1000 + 30)
    available = charge.effect is Effect.NO_PENDING
    return _book(account, charge, charge.id, _Entry.CHARGE, amount, fee, available=available)


def give_back(
    visit: Visit, charge: Kept, amount: int, reason: str | None, metadata: dict[str, str]
) -> JSON:
    """Make a Refund of this amount, and update the Charge."""
    account = visit.account
    pending = charge.effect is Effect.REFUND_PENDING
    name = account.new_id("re_1" if charge.json["payment_intent"] is None else "re_3", 23)
    body = refund_bodies.refund(
        charge.json, amount, reason=reason, metadata=metadata, pending=pending
    )
    now = int(account.now())
    refund = account.keep(
        Kind.REFUND, name, {"id": name, "object": "refund", "created": now, **body}
    )
    if charge.json["captured"]:
        transaction = _book(account, charge, name, _Entry.REFUND, -amount, 0, available=True)
        account.change(refund, balance_transaction=transaction)
    _refunded(account, charge, amount)
    visit.emit("refund.created", refund.json)
    if charge.effect is Effect.REFUND_FAILS and charge.json["captured"]:
        visit.later(account.rules.booking_time, _fail, refund, charge)
    elif charge.json["captured"]:
        visit.later(account.rules.booking_time, _arrive, refund)
    return refund.json


def open_dispute(visit: Visit, charge: Kept) -> None:
    """Open a Dispute about a captured Charge, if its test card asks for that."""
    if charge.effect not in (Effect.DISPUTE, Effect.INQUIRY):
        return
    account = visit.account
    inquiry = charge.effect is Effect.INQUIRY
    # Evidence is due at the end of the eighth day after today.
    due_by = (int(account.now()) // _DAY + 9) * _DAY - 1
    customer = charge.json["customer"]
    buyer = {} if customer is None else account.known(customer).json
    body = refund_bodies.dispute(charge.json, buyer, inquiry=inquiry, due_by=due_by)
    dispute = account.add(Kind.DISPUTE, account.new_id("du_1", 23), body)
    account.change(charge, dispute=dispute.id, disputed=True)
    visit.emit("charge.dispute.created", dispute.json)
    if not inquiry:
        withdraw(visit, dispute)


def withdraw(visit: Visit, dispute: Kept, **fields: Any) -> None:
    """Take the disputed amount and a fee from the account.

    Args:
        visit: The request that caused it.
        dispute: The Dispute.
        fields: Other fields of the Dispute to change.
    """
    account = visit.account
    charge = account.known(dispute.json["charge"])
    amount = -dispute.json["amount"]
    transaction = _book(
        account, charge, dispute.id, _Entry.CHARGEBACK, amount, _DISPUTE_FEE, available=True
    )
    taken = account.known(transaction).json
    account.change(
        dispute,
        balance_transaction=transaction,
        balance_transactions=[taken],
        is_charge_refundable=False,
        status="needs_response",
        **fields,
    )
    visit.emit("charge.dispute.funds_withdrawn", dispute.json)


def reinstate(visit: Visit, dispute: Kept) -> None:
    """Return the disputed amount to the account; the fee is not returned."""
    account = visit.account
    charge = account.known(dispute.json["charge"])
    transaction = _book(
        account, charge, dispute.id, _Entry.REVERSAL, dispute.json["amount"], 0, available=False
    )
    back = account.known(transaction).json
    account.change(
        dispute,
        balance_transactions=[*dispute.json["balance_transactions"], back],
        is_charge_refundable=True,
    )
    visit.emit("charge.dispute.funds_reinstated", dispute.json)


def _refunded(account: Account, charge: Kept, amount: int) -> None:
    refunded = charge.json["amount_refunded"] + amount
    taken = charge.json["amount_captured"] if charge.json["captured"] else charge.json["amount"]
    account.change(charge, amount_refunded=refunded, refunded=refunded == taken)


def _arrive(alone: Visit, refund: Kept) -> None:
    """Complete a Refund: it succeeds and gets the bank's reference."""
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


@attrs.frozen
class _Booking:
    """How Stripe books one kind of movement.

    Attributes:
        type: The `type` of the balance transaction.
        category: Its `reporting_category`.
        description: The template of its `description`.
        fee: The description of its fee.
    """

    type: str
    category: str
    description: str
    fee: str = "Stripe processing fees"


class _Entry(Enum):
    CHARGE = _Booking("charge", "charge", "{description}")
    REFUND = _Booking("refund", "refund", "REFUND FOR CHARGE ({described})")
    CHARGEBACK = _Booking(
        "adjustment", "dispute", "Chargeback withdrawal for {charge}", "Dispute fee"
    )
    REVERSAL = _Booking("adjustment", "dispute_reversal", "Chargeback reversal for {charge}")


def _book(
    account: Account,
    charge: Kept,
    source: str,
    entry: _Entry,
    amount: int,
    fee: int,
    *,
    available: bool,
) -> str:
    booking, currency, said = entry.value, charge.json["currency"], charge.json["description"]
    described = booking.description.format(
        description=said, described=said or charge.id, charge=charge.id
    )
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
        "description": said if entry is _Entry.CHARGE else described,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": _fee_details(fee, currency, booking.fee),
        "net": amount - fee,
        "reporting_category": booking.category,
        "source": source,
        "status": "available" if available else "pending",
        "type": booking.type,
    }
    booked = account.keep(Kind.BALANCE_TRANSACTION, name, json)
    if not available:
        account.later(json["available_on"] - account.now(), _clear, account, booked)
    return name


@lru_cache(maxsize=512)
def _fee_details(fee: int, currency: str, description: str) -> list[JSON]:
    if not fee:
        return []
    details = {"amount": fee, "currency": currency, "description": description}
    return [{**details, "application": None, "type": "stripe_fee"}]


def _clear(account: Account, booked: Kept) -> None:
    """Make booked money available.

    A Dispute has copies of its balance transactions, so they are updated too.
    """
    cleared = account.change(booked, status="available")
    source = account.known(cleared["source"])
    if source.kind is Kind.DISPUTE:
        listed = [account.known(each["id"]).json for each in source.json["balance_transactions"]]
        account.change(source, balance_transactions=listed)
