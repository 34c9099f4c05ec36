"""What users type most: each line reads as it is said, and answers what it says."""

from __future__ import annotations

from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from tests.rows import each_row
from tokencharge import (
    Advice,
    CardDeclined,
    Charge,
    ChargeState,
    Event,
    Money,
    Order,
    PaymentIntent,
)
from tokencharge.sandbox import Sandbox
from tokencharge.testing import sandbox_gateway

PRICE = Money(500, "usd")
ADA = "ada@example.com"


@pytest.fixture(scope="module")
def said() -> SimpleNamespace:
    """A payment, part of it given back, a declined card, and what became of each."""
    sandbox = Sandbox()
    gateway = sandbox_gateway(sandbox)
    payment = gateway.charge(
        "tok_visa", ADA, PRICE, order_id="order-1", description="Tea", save_card=True
    )
    refund = gateway.refund(payment.charge, Money(200, "usd"), reason="requested_by_customer")
    sandbox.advance(60)
    with pytest.raises(CardDeclined) as declined:
        gateway.charge("tok_chargeDeclinedInsufficientFunds", ADA, PRICE, order_id="order-2")
    return SimpleNamespace(
        payment=payment,
        refund=refund,
        charge=gateway.get_charge(payment.charge.id),
        found=gateway.find("order-1"),
        card=gateway.cards(payment.customer)[0],
        error=declined.value,
        event=next(each for each in sandbox.events if each.type == "charge.succeeded"),
        intent=next(
            each.object for each in sandbox.events if each.type == "payment_intent.succeeded"
        ),
        order=Order(PRICE, "Tea", order_id="order-1"),
    )


LINES = {
    "charge.amount.minor": 500,
    "charge.amount.currency": "usd",
    "charge.amount_kept.minor": 300,
    "charge.amount_refunded.minor": 200,
    "charge.fee.minor": 45,
    "charge.net.minor": 455,
    "charge.state": ChargeState.PAID,
    "charge.order_id": "order-1",
    "charge.description": "Tea",
    "charge.paid": True,
    "charge.captured": True,
    "charge.refunded": False,
    "charge.livemode": False,
    "charge.card.brand": "visa",
    "charge.card.last4": "4242",
    "payment.charge.amount.minor": 500,
    "payment.charge.order_id": "order-1",
    "payment.charge.card.last4": "4242",
    "payment.customer.email": ADA,
    "payment.order_id": "order-1",
    "payment.replayed": False,
    "found.charge.state": ChargeState.PAID,
    "found.customer.email": ADA,
    "found.replayed": True,
    "card.last4": "4242",
    "card.is_expired": False,
    "card.is_default": True,
    "refund.amount.minor": 200,
    "refund.status": "succeeded",
    "refund.reason": "requested_by_customer",
    "refund.replayed": False,
    "error.public_message": "Your card does not have enough available for this payment. "
    "Please use a different card or try again later.",
    "error.decline_code": "insufficient_funds",
    "error.advice": Advice.TRY_AGAIN_LATER,
    "error.order_id": "order-2",
    "event.type": "charge.succeeded",
    "event.object.amount.minor": 500,
    "event.object.order_id": "order-1",
    "intent.amount.minor": 500,
    "intent.order_id": "order-1",
    "order.amount.minor": 500,
    "order.order_id": "order-1",
}


@each_row(("line", "answer"), LINES.items())
def test_a_line_read_aloud_says_what_it_answers(
    line: str, answer: Any, said: SimpleNamespace
) -> None:
    """Nobody has to look up a name, a list of fields or a dictionary's key."""
    assert answer == attrgetter(line)(said)


def test_the_parts_know_each_other(said: SimpleNamespace) -> None:
    """Payment, charge, card, refund and customer point to one another by their ids."""
    charge, customer = said.payment.charge, said.payment.customer

    assert customer.id == charge.customer_id == said.card.customer_id
    assert charge.id == said.refund.charge_id == said.event.object.id == said.intent.charge_id
    assert charge.payment_intent_id == said.intent.id


def test_money_has_minor_units_and_a_currency(said: SimpleNamespace) -> None:
    """An amount's amount is said in one way: by place or by name, and no other name is there."""
    assert ["minor", "currency"] == [field.name for field in attrs.fields(Money)]
    assert Money(minor=500, currency="usd") == PRICE == said.charge.amount
    assert not hasattr(PRICE, "amount")


@pytest.mark.parametrize("kind", [Charge, PaymentIntent])
def test_what_pays_no_order_names_none(kind: type[Charge | PaymentIntent]) -> None:
    """Without an order_id in its metadata it has None, as Payment has."""
    raw = {"id": "x_1", "status": "succeeded", "amount": 500, "currency": "usd"}

    assert kind.from_stripe(raw).order_id is None
    assert kind.from_stripe({**raw, "metadata": {"shelf": "3"}}).order_id is None
    assert "7" == kind.from_stripe({**raw, "metadata": {"order_id": "7"}}).order_id


def test_an_event_is_told_with_the_same_words(said: SimpleNamespace) -> None:
    """What a webhook brings is the Charge that the gateway returns."""
    assert isinstance(said.event, Event)
    assert isinstance(said.event.object, Charge)
