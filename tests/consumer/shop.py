"""A shop as its owner might write it."""

from __future__ import annotations

from tokencharge import CardDeclined, Money, OutcomeUnknown, PaymentGateway

PRICE = Money(500, "usd")


def buy(gateway: PaymentGateway, order_id: str, token: str, email: str) -> str:
    """Charge an order, and return what the buyer is told."""
    try:
        payment = gateway.charge(token, email, PRICE, order_id=order_id, description="A book")
    except CardDeclined as declined:
        return declined.public_message
    except OutcomeUnknown:
        return "Do not pay again: we are looking into it."
    return f"You've been charged {payment.charge.amount}."


def cancel(gateway: PaymentGateway, order_id: str) -> bool:
    """Give an order's money back, and tell whether there was any."""
    payment = gateway.find(order_id)
    if payment is None:
        return False
    gateway.refund(payment.charge)
    return True
