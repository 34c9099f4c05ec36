"""Shops with tokencharge: the same purchases as in by_hand.py, on either route."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from tokencharge import AsyncPaymentGateway, Money, PaymentGateway

from .by_hand import CARD, CUSTOMER, EMAIL

PRICE = Money(500, "usd")


class Ours:
    """A shop with the blocking gateway."""

    def __init__(self, gateway: PaymentGateway) -> None:
        self.gateway = gateway

    def card_token(self, token: str, order_id: str | None = None) -> str:
        paid = self.gateway.charge(token, EMAIL, PRICE, order_id=order_id, description="Tea")
        return paid.charge.id

    confirmation_token = card_token

    def saved_card(self, order: str, customer: str = CUSTOMER, card: str | None = CARD) -> str:
        """Charge a saved card for an order that the shop made just now."""
        return self.looked_for(order, customer, card, began=datetime.now(timezone.utc))

    def looked_for(
        self, order: str, customer: str = CUSTOMER, card: str | None = CARD, **more: Any
    ) -> str:
        """Charge a saved card for an order that may have been paid long ago."""
        paid = self.gateway.charge_customer(
            customer, PRICE, order_id=order, card=card, description="Tea", **more
        )
        return paid.charge.id


class OursAsync:
    """A shop with the async gateway."""

    def __init__(self, gateway: AsyncPaymentGateway) -> None:
        self.gateway = gateway

    async def card_token(self, token: str) -> str:
        return (await self.gateway.charge(token, EMAIL, PRICE, description="Tea")).charge.id
