"""The shop on the sandbox: no network, no account, no sockets."""

from __future__ import annotations

from shop import PRICE, buy, cancel

from tokencharge import PaymentGateway
from tokencharge.sandbox import Sandbox
from tokencharge.testing import assert_charged_once, assert_nothing_charged, assert_refunded

ADA = "ada@example.com"


def test_buying(gateway: PaymentGateway, stripe_sandbox: Sandbox) -> None:
    """A good card is charged the price, once."""
    told = buy(gateway, "order-1", stripe_sandbox.create_token(), ADA)

    assert told == "You've been charged 5.00 USD."
    assert_charged_once(stripe_sandbox, PRICE, order_id="order-1", email=ADA, description="A book")


def test_a_declined_card(gateway: PaymentGateway, stripe_sandbox: Sandbox) -> None:
    """A declined buyer is told, and not charged."""
    stripe_sandbox.decline_next("insufficient_funds")
    told = buy(gateway, "order-1", stripe_sandbox.create_token(), ADA)

    assert "not have enough" in told
    assert_nothing_charged(stripe_sandbox)


def test_an_answer_is_lost(gateway: PaymentGateway, stripe_sandbox: Sandbox) -> None:
    """A buyer whose charge is in doubt is told to wait, and trying again charges nothing twice."""
    stripe_sandbox.lose_next_answer(path="/v1/payment_intents")
    token = stripe_sandbox.create_token()
    told = [buy(gateway, "order-1", token, ADA) for _ in range(2)]

    assert told == ["Do not pay again: we are looking into it.", "You've been charged 5.00 USD."]
    assert_charged_once(stripe_sandbox, order_id="order-1")


def test_the_next_day(gateway: PaymentGateway, stripe_sandbox: Sandbox) -> None:
    """An order is not charged again after Stripe has forgotten its keys,
    as long as its customer is known."""
    buy(gateway, "order-1", stripe_sandbox.create_token(), ADA)
    stripe_sandbox.advance(25 * 3600)

    assert cancel(gateway, "order-1")
    assert_refunded(stripe_sandbox, assert_charged_once(stripe_sandbox), PRICE)
