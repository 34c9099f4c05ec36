"""Orders: what is to be paid, checked when it is made, and the witness of what a page showed."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from tests.rows import each_row
from tokencharge import Charge, Customer, InvalidInput, Money, Order, Payment
from tokencharge.sandbox import Sandbox
from tokencharge.testing import sandbox_gateway

FIVE = Money(500, "usd")
CUSTOMER = Customer.from_stripe({"id": "cus_1", "created": 0})
CHARGE = Charge.from_stripe(
    {"id": "ch_1", "amount": 500, "currency": "usd", "created": 0, "status": "succeeded"}
)


@each_row(
    ("wrong", "param"),
    [
        ({"amount": 500}, "amount"),
        ({"amount": Money(0, "usd")}, "amount"),
        ({"description": 7}, "description"),
        ({"order_id": 7}, "order_id"),
        ({"order_id": ""}, "order_id"),
        ({"metadata": {"a": "x" * 501}}, "metadata"),
        ({"metadata": {"order_id": "2"}, "order_id": "1"}, "metadata"),
        ({"capture": "no"}, "capture"),
        ({"began": datetime(2026, 1, 1)}, "began"),  # noqa: DTZ001 - what is tried
        ({"customer": "cus 1"}, "id"),
        ({"receipt_email": "nobody"}, "email"),
        ({"save_card": 1}, "save_card"),
        ({"reuse_cards": "yes", "order_id": "1"}, "reuse_cards"),
        ({"paid": "yes"}, "paid"),
        ({"statement_descriptor_suffix": "1245"}, "statement_descriptor_suffix"),
    ],
)
def test_an_order_that_cannot_be_is_not_made(wrong: dict[str, Any], param: str) -> None:
    """The error names what is wrong of it, and repeats nothing."""
    with pytest.raises(InvalidInput) as caught:
        Order(**{"amount": FIVE, **wrong})

    assert param == caught.value.param


def test_what_an_order_is_made_of_reaches_the_gateway() -> None:
    """All of it but that it is paid."""
    began = datetime(2026, 1, 1, tzinfo=timezone.utc)
    order = Order(
        FIVE, "Tea", "1", {"a": "1"}, False, began, CUSTOMER, "a@example.com", True, "TEA 1"
    )

    assert {
        "amount": FIVE,
        "description": "Tea",
        "order_id": "1",
        "metadata": {"a": "1"},
        "capture": False,
        "began": began,
        "customer": "cus_1",
        "receipt_email": "a@example.com",
        "save_card": True,
        "statement_descriptor_suffix": "TEA 1",
    } == order.arguments
    assert "a@example.com" not in repr(order)


def test_a_saved_card_is_charged_by_what_is_said_of_the_order() -> None:
    """All but what is said of the card."""
    order = Order(FIVE, "Tea", "1", customer=CUSTOMER, save_card=True, reuse_cards=True)

    assert set(order.arguments) - {"save_card"} == set(order.customer_arguments)
    assert ("cus_1", "1", FIVE) == tuple(
        order.customer_arguments[name] for name in ("customer", "order_id", "amount")
    )


def test_an_order_that_reuses_cards_has_a_name() -> None:
    """No token would tell two purchases of one card apart."""
    with pytest.raises(InvalidInput, match="reuse_cards needs an order_id") as caught:
        Order(FIVE, reuse_cards=True)

    assert "order_id" == caught.value.param


def test_the_witness_is_of_what_the_buyer_agrees_to() -> None:
    """Amount, currency, capture and order id; nothing of them can be read from it."""
    shown = {
        Order(FIVE).shown,
        Order(Money(501, "usd")).shown,
        Order(Money(500, "eur")).shown,
        Order(FIVE, capture=False).shown,
        Order(FIVE, order_id="1").shown,
    }

    assert 5 == len(shown)
    assert (
        Order(FIVE).shown
        == Order(FIVE, "Tea", metadata={"a": "b"}, paid=Payment(CUSTOMER, CHARGE, None)).shown
    )
    assert all(len(each) == 32 and each.isalnum() for each in shown)


SUFFIXES = [
    "#96054",
    "1245",
    "2026-11",
    "注文1245",
    "Company™",
    "😀",
    " ",
    "Café",
    "",
    "x" * 23,
    "a*b",
    "a\tb",
]


@each_row("suffix", SUFFIXES)
def test_a_suffix_that_stripe_refuses_is_refused_first(suffix: str) -> None:
    """Latin characters, a letter among them: nothing is sent."""
    sandbox = Sandbox()
    with pytest.raises(InvalidInput, match="at least one of them a letter"):
        sandbox_gateway(sandbox).charge(
            "tok_visa", "a@example.com", FIVE, statement_descriptor_suffix=suffix
        )

    assert [] == sandbox.requests


@each_row("suffix", ["A", "ORDER 1245", "x" * 22, "2026-11 TEA", None])
def test_a_suffix_that_stripe_takes_is_passed_on(suffix: str | None) -> None:
    """It arrives as it was given."""
    sandbox = Sandbox()
    sandbox_gateway(sandbox).charge(
        "tok_visa", "a@example.com", FIVE, statement_descriptor_suffix=suffix
    )

    assert [suffix] == [charge.raw.get("statement_descriptor_suffix") for charge in sandbox.charges]


@each_row(
    "collect", ["name", b"name", None, 7, ["address"], ["name", 7], [["name"]], {"e-mail": 1}]
)
def test_what_cannot_be_collected_is_refused(collect):
    """It is a list of some of four names."""
    with pytest.raises(InvalidInput) as caught:
        Order(Money(500, "usd"), collect=collect)

    assert "collect" == caught.value.param


def test_what_is_collected_has_one_order():
    """However often and in whatever order it is named."""
    order = Order(Money(500, "usd"), collect=["shipping_address", "name", "name"])

    assert ("name", "shipping_address") == order.collect
    assert "collect" not in order.arguments


@each_row("receipt", ["ada@example.com", True, False, None])
def test_a_receipt_goes_to_an_address_or_the_buyers_own(receipt):
    """True stands for the address the buyer types."""
    assert receipt == Order(Money(500, "usd"), receipt_email=receipt).arguments["receipt_email"]
