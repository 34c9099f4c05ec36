"""What a type checker must object to: each comment says what it objects to, and one without an
objection is an error.

A mistake in an argument's type, a result that is not looked at before it is used, a coroutine that
is not awaited.
"""

from __future__ import annotations

from flask import Flask

from tokencharge import AsyncPaymentGateway, Money, Order, PaymentGateway, Settings
from tokencharge.flask import TokenCharge
from tokencharge.sandbox import Sandbox
from tokencharge.testing import use_cassette

PRICE = Money(500, "usd")

Money("14.50", "usd")  # type: ignore[arg-type]
Money.of(14.5, "usd")  # type: ignore[arg-type]
Order(500)  # type: ignore[arg-type]
Settings("sk_test_1", timeout="30")  # type: ignore[arg-type]
PaymentGateway("sk_test_1", retries=2)  # type: ignore[call-arg]
PRICE.minor = 600  # type: ignore[misc]


def blocking(gateway: PaymentGateway) -> None:
    gateway.charge("tok_visa", "ada@example.com", 500)  # type: ignore[arg-type]
    gateway.charge("tok_visa", "ada@example.com")  # type: ignore[call-arg]
    gateway.charge("tok_visa", "ada@example.com", PRICE, "order-1")  # type: ignore[call-arg]
    gateway.charge_customer("cus_1", PRICE)  # type: ignore[call-arg]
    print(gateway.find("order-1").charge)  # type: ignore[union-attr]
    payment = gateway.charge("tok_visa", "ada@example.com", PRICE)
    print(payment.charge.card.last4)  # type: ignore[union-attr]
    gateway.parse_event("{}", "t=1,v1=")  # type: ignore[arg-type]


async def awaited(gateway: AsyncPaymentGateway) -> None:
    print(gateway.charge("tok_visa", "ada@example.com", PRICE).charge)  # type: ignore[attr-defined]
    await gateway.refund(500)  # type: ignore[arg-type]


TokenCharge(Flask(__name__), gateway=Sandbox())  # type: ignore[arg-type]
use_cassette("buying.yaml", record="always")  # type: ignore[arg-type]
