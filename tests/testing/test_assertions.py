"""Assertions on what was charged: they hold when it is so, and
tell what is there when it is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tokencharge import CardDeclined, Money, Payment, PaymentGateway
from tokencharge.sandbox import Sandbox
from tokencharge.testing import (
    assert_charged_once,
    assert_held,
    assert_nothing_charged,
    assert_refunded,
    assert_released,
    sandbox_gateway,
)

FIVE = Money(500, "usd")


@pytest.fixture
def buy(gateway: PaymentGateway) -> Callable[..., Payment]:
    """Buy something for Ada."""

    def buy(
        order: str = "order-1",
        email: str = "ada@example.com",
        token: str = "tok_visa",
        **more: bool,
    ) -> Payment:
        return gateway.charge(
            token,
            email,
            FIVE,
            order_id=order,
            description="A book",
            metadata={"cart": "7"},
            **more,  # type: ignore[arg-type]
        )

    return buy


def test_one_charge_is_returned(buy: Callable[..., Payment], stripe_sandbox: Sandbox) -> None:
    """The Charge that is as expected is handed back."""
    payment = buy()
    found = assert_charged_once(
        stripe_sandbox,
        FIVE,
        order_id="order-1",
        description="A book",
        metadata={"cart": "7"},
        captured=True,
    )

    assert payment.charge == found


def test_charges_are_told_apart_by_order_and_e_mail(
    buy: Callable[..., Payment], stripe_sandbox: Sandbox
) -> None:
    """Of several purchases, one is looked at."""
    one, two = buy("order-1", "ada@example.com"), buy("order-2", "bob@example.com")

    assert one.charge == assert_charged_once(stripe_sandbox, email="ada@example.com")
    assert two.charge == assert_charged_once(stripe_sandbox, order_id="order-2")
    assert_nothing_charged(stripe_sandbox, order_id="order-3")
    with pytest.raises(AssertionError, match=r"One charge was expected, and there are 2"):
        assert_charged_once(stripe_sandbox)


def test_a_failed_charge_is_no_charge(buy: Callable[..., Payment], stripe_sandbox: Sandbox) -> None:
    """A declined card has moved no money; the message shows it all the same."""
    with pytest.raises(CardDeclined):
        buy(token="tok_chargeCustomerFail")

    assert_nothing_charged(stripe_sandbox)
    with pytest.raises(
        AssertionError,
        match=r"(?s)for order 'order-1' for ada@.*, and there are 0.*failed, not captu",
    ):
        assert_charged_once(stripe_sandbox, order_id="order-1", email="ada@example.com")


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"amount": Money(600, "usd")}, "ch_.*: amount is 5.00 USD, and 6.00 USD was expected"),
        ({"description": "Two"}, "ch_.*: description is A book, and Two was expected"),
        ({"captured": True}, "ch_.*: captured is False, and True was expected"),
        ({"metadata": {"cart": "8"}}, "ch_.*: metadata cart is '7', and '8' was expected"),
    ],
)
def test_a_charge_that_is_otherwise_is_described(
    buy: Callable[..., Payment], stripe_sandbox: Sandbox, expected: dict[str, object], said: str
) -> None:
    """What differs is named."""
    buy(capture=False)
    with pytest.raises(AssertionError, match=said):
        assert_charged_once(stripe_sandbox, **expected)  # type: ignore[arg-type]


def test_a_charge_where_none_was_expected_is_listed(
    buy: Callable[..., Payment], stripe_sandbox: Sandbox
) -> None:
    """The sandbox's charges are part of the message."""
    charge = buy().charge
    with pytest.raises(
        AssertionError, match=rf"(?s)No charge was expected, and there are 1.*{charge.id}  5.00 USD"
    ):
        assert_nothing_charged(stripe_sandbox)


def test_refunds_are_added_up(
    buy: Callable[..., Payment], gateway: PaymentGateway, stripe_sandbox: Sandbox
) -> None:
    """Parts that make the whole are the whole."""
    charge = buy().charge
    parts = [gateway.refund(charge, Money(part, "usd")) for part in (200, 300)]

    assert parts == assert_refunded(stripe_sandbox, charge)
    assert parts == assert_refunded(stripe_sandbox, charge.id, FIVE)
    with pytest.raises(
        AssertionError, match=r"5.00 USD of ch_.* was refunded, and 2.00 USD was expected"
    ):
        assert_refunded(stripe_sandbox, charge, Money(200, "usd"))


def test_a_refund_of_nothing_is_noticed(stripe_sandbox: Sandbox) -> None:
    """A charge that is not there was not refunded."""
    with pytest.raises(AssertionError, match=r"(?s)There is no charge ch_x.*none"):
        assert_refunded(stripe_sandbox, "ch_x")


def test_a_refund_that_failed_is_none(gateway: PaymentGateway, stripe_sandbox: Sandbox) -> None:
    """It gave nothing back."""
    charge = gateway.charge("tok_refundFail", "ada@example.com", FIVE).charge
    gateway.refund(charge)
    assert_refunded(stripe_sandbox, charge, FIVE)
    stripe_sandbox.advance(60)
    with pytest.raises(
        AssertionError, match=r"0.00 USD of ch_.* was refunded, and 5.00 USD was expected"
    ):
        assert_refunded(stripe_sandbox, charge)


@pytest.mark.parametrize("route", ["charges", "payment_intents"])
def test_money_that_is_held_is_let_go_or_taken(stripe_sandbox: Sandbox, route: str) -> None:
    """A hold is held until it is let go, and is no refund then; a part that is
    captured is given back as a part."""
    stripe_sandbox.rules.card_tokens = route == "charges"
    gateway = sandbox_gateway(stripe_sandbox, route=route)
    one, two = (
        gateway.charge("tok_visa", "ada@example.com", FIVE, capture=False).charge for _ in range(2)
    )

    assert one == assert_held(stripe_sandbox, one, FIVE)
    with pytest.raises(
        AssertionError, match=r"5.00 USD of ch_.* is held, and 2.00 USD was expected"
    ):
        assert_held(stripe_sandbox, one.id, Money(200, "usd"))
    with pytest.raises(
        AssertionError, match=r"The money of ch_.* is held, and released was expected"
    ):
        assert_released(stripe_sandbox, one)

    released, captured = gateway.void(one), gateway.capture(two, Money(300, "usd"))

    assert released == assert_released(stripe_sandbox, one)
    for charge in (released, captured):
        with pytest.raises(AssertionError, match=r"0.00 USD of ch_.* was refunded"):
            assert_refunded(stripe_sandbox, charge)
        with pytest.raises(AssertionError, match=r"is (released|paid), and held was expected"):
            assert_held(stripe_sandbox, charge)

    refund = gateway.refund(captured)

    assert [refund] == assert_refunded(stripe_sandbox, captured)
    assert [refund] == assert_refunded(stripe_sandbox, captured, Money(300, "usd"))


@pytest.mark.parametrize("route", ["charges", "payment_intents"])
def test_a_hold_that_lapsed_is_released(stripe_sandbox: Sandbox, route: str) -> None:
    """Nobody let it go, and it is let go."""
    stripe_sandbox.rules.card_tokens = route == "charges"
    gateway = sandbox_gateway(stripe_sandbox, route=route)
    held = gateway.charge("tok_visa", "ada@example.com", FIVE, capture=False).charge
    stripe_sandbox.advance(8 * 24 * 3600)

    assert gateway.get_charge(held.id) == assert_released(stripe_sandbox, held)
