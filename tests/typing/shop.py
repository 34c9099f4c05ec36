"""A shop's own code, typed as strictly as can be: what mypy and pyright see
of the core. Nothing here is run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from typing_extensions import assert_type

from tokencharge import (
    Address,
    Advice,
    AsyncPaymentGateway,
    AuthenticationRequired,
    Card,
    CardDeclined,
    Charge,
    Customer,
    Event,
    Money,
    Order,
    OutcomeUnknown,
    Payment,
    PaymentGateway,
    PaymentIntent,
    Person,
    Refund,
    Settings,
    TokenChargeError,
)

PRICE = Money.of("14.50", "usd")
ORDER = Order(PRICE, "Wildflower honey", order_id="order-1", metadata={"shelf": "3"}, capture=False)


ADA = Person("Ada Lovelace", address=Address("1 High Street", country="GB"))
ASKING = Order(PRICE, collect=["name", "shipping_address"], receipt_email=True)


def people(gateway: PaymentGateway) -> None:
    assert_type(ADA.address, Address | None)
    payment = gateway.charge(
        "tok_visa", "ada@example.com", PRICE, billing=ADA, shipping=ADA, receipt_email=True
    )
    assert_type(payment.charge.shipping, Person | None)
    assert_type(payment.customer.address, Address | None)


def settings() -> None:
    assert_type(Settings.from_env(), Settings)
    assert_type(Settings.from_mapping({"STRIPE_SECRET_KEY": "sk_test_1"}).livemode, bool | None)
    assert_type(PaymentGateway.from_env(), PaymentGateway)
    assert_type(
        AsyncPaymentGateway.from_settings(Settings("sk_test_1", timeout=5)), AsyncPaymentGateway
    )
    with PaymentGateway("sk_test_1", livemode=False, max_retries=0) as gateway:
        assert_type(gateway, PaymentGateway)


def money() -> None:
    assert_type(PRICE, Money)
    assert_type(PRICE.minor, int)
    assert_type(PRICE.currency, str)
    assert_type(PRICE.decimal, Decimal)


def charging(gateway: PaymentGateway) -> None:
    payment = gateway.charge(
        "tok_visa", "ada@example.com", PRICE, order_id="order-1", metadata={"shelf": "3"}
    )
    assert_type(payment, Payment)
    assert_type(payment.customer, Customer)
    assert_type(payment.charge, Charge)
    assert_type(payment.order_id, str | None)
    assert_type(payment.replayed, bool)
    assert_type(payment.charge.amount, Money)
    assert_type(payment.charge.order_id, str | None)
    assert_type(payment.charge.card, Card | None)
    assert_type(payment.charge.created, datetime | None)
    assert_type(payment.charge.metadata, Mapping[str, str])
    assert_type(payment.charge.raw, Mapping[str, Any])
    if payment.charge.card is not None:
        assert_type(payment.charge.card.last4, str | None)
    assert_type(
        gateway.charge_customer(payment.customer, PRICE, order_id="order-2", card="card_1"), Payment
    )


def afterwards(gateway: PaymentGateway) -> None:
    assert_type(gateway.capture("ch_1", Money(500, "usd")), Charge)
    assert_type(gateway.void("ch_1"), Charge)
    assert_type(gateway.refund(gateway.get_charge("ch_1"), reason="duplicate"), Refund)
    assert_type(gateway.find("order-1"), Payment | None)
    assert_type(gateway.complete("pi_1"), Payment)
    assert_type(gateway.get_customer("cus_1"), Customer)
    assert_type(gateway.get_customer("cus_1").email, str | None)
    assert_type(gateway.cards("cus_1"), list[Card])
    for card in gateway.cards(gateway.get_customer("cus_1")):
        assert_type(card.is_expired, bool)
        gateway.forget_card(card)


async def awaited(gateway: AsyncPaymentGateway) -> None:
    assert_type(await gateway.cards("cus_1"), list[Card])
    assert_type(await gateway.charge("tok_visa", "ada@example.com", PRICE), Payment)
    assert_type(await gateway.charge_customer("cus_1", PRICE, order_id="order-2"), Payment)
    assert_type(await gateway.capture("ch_1"), Charge)
    assert_type(await gateway.void("ch_1"), Charge)
    assert_type(await gateway.refund("ch_1"), Refund)
    assert_type(await gateway.find("order-1", customer="cus_1"), Payment | None)
    assert_type(await gateway.complete("pi_1"), Payment)
    assert_type(await gateway.get_charge("ch_1"), Charge)
    assert_type(await gateway.get_customer("cus_1"), Customer)
    async with gateway as entered:
        assert_type(entered, AsyncPaymentGateway)


def errors(gateway: PaymentGateway) -> str:
    try:
        gateway.charge("tok_visa", "ada@example.com", PRICE)
    except CardDeclined as error:
        assert_type(error.advice, Advice)
        assert_type(error.decline_code, str | None)
        return error.public_message
    except AuthenticationRequired as error:
        assert_type(error.client_secret, str | None)
        assert_type(error.payment_intent_id, str | None)
    except OutcomeUnknown as error:
        assert_type(error.customer_id, str | None)
        assert_type(error.retryable, bool)
    except TokenChargeError as error:
        assert_type(error.suggested_status, int)
        assert_type(error.public_message, str)
        assert_type(error.http_status, int | None)
    return ""


def events(gateway: PaymentGateway, body: bytes) -> None:
    event = gateway.parse_event(body, None)
    assert_type(event, Event)
    assert_type(event.type, str)
    if isinstance(event.object, Charge):
        assert_type(event.object.refunded, bool)
    elif isinstance(event.object, PaymentIntent):
        assert_type(event.object.status, str)
