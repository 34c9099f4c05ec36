"""`tokencharge find`: what became of an order, for whoever answers the buyer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .. import Charge, ChargeState, PaymentGateway, PaymentPending
from .terminal import CommandFailed, write, write_json

_DASHBOARD = "https://dashboard.stripe.com"


def run(order_id: str, customer: str | None, *, as_json: bool) -> int:
    """Write what became of an order, and return 1 if it is not paid or held yet.

    Raises:
        CommandFailed: The order has no payment.
        TokenChargeError: The order cannot be looked for.
    """
    pending, email = False, None
    with PaymentGateway.from_env() as gateway:
        try:
            payment = gateway.find(order_id, customer=customer)
        except PaymentPending as error:
            pending, charge_id = True, str(error.charge_id)
        else:
            if payment is None:
                raise CommandFailed(_nothing(order_id, customer, gateway.settings.mode), 1)
            charge_id, email = payment.charge.id, payment.customer.email
        # Only here it has its fee.
        charge = gateway.get_charge(charge_id)
    if as_json:
        write_json(_document(order_id, charge, email))
    else:
        for name, value in _lines(order_id, charge, email).items():
            if value:
                write(f"{name:<10} {value}")
    return 1 if pending else 0


def _nothing(order_id: str, customer: str | None, mode: str | None) -> str:
    whose = f" of {customer}" if customer else ""
    where = f" in {mode} mode" if mode else ""
    return (
        f"No payment of order {order_id!r}{whose} was found{where}. "
        "A declined card or a released hold is no payment."
    )


def _lines(order_id: str, charge: Charge, email: str | None) -> dict[str, str | None]:
    card = charge.card
    until = charge.capture_before if charge.state is ChargeState.HELD else None
    return {
        "order": order_id,
        "state": charge.state.value,
        "amount": str(charge.amount),
        "charged": str(charge.amount_captured),
        "refunded": str(charge.amount_refunded),
        "kept": str(charge.amount_kept),
        "fee": str(charge.fee or "not booked"),
        "card": _words(card.brand, card.last4, card.wallet) if card else None,
        "when": _time(charge.created),
        "until": _time(until),
        "customer": _words(charge.customer_id, email),
        "charge": charge.id,
        "dashboard": _dashboard(charge),
    }


def _time(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else None


def _words(*words: str | None) -> str:
    return " ".join(word for word in words if word)


def _document(order_id: str, charge: Charge, email: str | None) -> dict[str, Any]:
    """Describe the same as JSON, with Stripe's names and amounts in minor units."""
    card, fee = charge.card, charge.fee
    return {
        "order_id": order_id,
        "state": charge.state.value,
        "amount": charge.amount.minor,
        "currency": charge.amount.currency,
        "amount_captured": charge.amount_captured.minor,
        "amount_refunded": charge.amount_refunded.minor,
        "amount_kept": charge.amount_kept.minor,
        "fee": fee and {"amount": fee.minor, "currency": fee.currency},
        "card": card
        and {
            name: getattr(card, name)
            for name in ("brand", "last4", "exp_month", "exp_year", "wallet")
        },
        "created": charge.created and charge.created.isoformat(),
        "capture_before": charge.capture_before and charge.capture_before.isoformat(),
        "customer": {"id": charge.customer_id, "email": email},
        "charge": charge.id,
        "payment_intent": charge.payment_intent_id,
        "livemode": charge.livemode,
        "dashboard": _dashboard(charge),
    }


def _dashboard(charge: Charge) -> str:
    mode = "" if charge.livemode else "/test"
    return f"{_DASHBOARD}{mode}/payments/{charge.payment_intent_id or charge.id}"
