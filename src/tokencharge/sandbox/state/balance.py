"""Money in and out of the account's balance: Charges booked, Refunds given."""

from __future__ import annotations

from ..language.wire import JSON
from .account import Account

_CLEARING = 2 * 24 * 3600
_REFUND_MOVES = 1.0


def book_charge(account: Account, charge: JSON, amount: int) -> JSON:
    """Book what a Charge brought: the amount less Stripe's fee, 2.9 % and 30."""
    fee = min(amount, (amount * 29 + 500) // 1000 + 30)
    available = account.effects.get(charge["id"]) == "no_pending"
    return _book(account, charge, charge["id"], "charge", amount, fee, available)


def give_back(account: Account, name: str, amount: int, reason: str | None, metadata: dict[str, str]) -> JSON:
    """Make the Refund of an amount of a Charge, and tell the Charge."""
    charge = account.objects["charge"][name]
    effect = account.effects.get(name)
    refund = account.add(
        "re_1" if charge["payment_intent"] is None else "re_3",
        23,
        {
            "amount": amount,
            "balance_transaction": None,
            "charge": name,
            "currency": charge["currency"],
            "destination_details": {
                "card": {
                    "reference_status": "pending",
                    "reference_type": "acquirer_reference_number",
                    "type": "refund" if charge["captured"] else "reversal",
                },
                "type": "card",
            },
            "metadata": metadata,
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "pending" if effect == "refund_pending" else "succeeded",
            "transfer_reversal": None,
        },
    )
    refunded = charge["amount_refunded"] + amount
    account.change(name, amount_refunded=refunded, refunded=refunded == charge["amount"])
    if effect == "refund_pending":
        account.later(_REFUND_MOVES, lambda: _succeed(account, refund["id"]))
    if effect == "refund_fails":
        account.later(_REFUND_MOVES, lambda: _fail(account, refund["id"]))
    if charge["captured"]:
        transaction = _book(account, charge, refund["id"], "refund", -amount, 0, available=True)
        refund = account.change(refund["id"], balance_transaction=transaction["id"])
    account.emit("refund.created", refund)
    return refund


def _succeed(account: Account, name: str) -> None:
    refund = account.objects["refund"][name]
    account.emit("refund.updated", account.change(name, status="succeeded"), refund)


def _fail(account: Account, name: str) -> None:
    refund = account.change(name, status="failed", failure_reason="expired_or_canceled_card")
    account.emit("refund.failed", refund)
    charge = account.objects["charge"][refund["charge"]]
    left = charge["amount_refunded"] - refund["amount"]
    account.change(charge["id"], amount_refunded=left, refunded=False)


def _book(
    account: Account,
    charge: JSON,
    source: str,
    kind: str,
    amount: int,
    fee: int,
    available: bool,
) -> JSON:
    currency = charge["currency"]
    details = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    return account.add(
        "txn_1",
        23,
        {
            "amount": amount,
            "available_on": int(account.now()) + (0 if available else _CLEARING),
            "balance_type": "payments",
            "currency": currency,
            "description": charge["description"],
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [details] if fee else [],
            "net": amount - fee,
            "reporting_category": kind,
            "source": source,
            "status": "available" if available else "pending",
            "type": kind,
        },
    )
