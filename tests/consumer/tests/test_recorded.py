"""The shop on recorded calls."""

from __future__ import annotations

import pytest
from shop import PRICE, buy, cancel

from tokencharge import PaymentGateway
from tokencharge.pytest_plugin import StripeCassettes
from tokencharge.testing import StripeCassette

ADA = "ada@example.com"


def test_buying(gateway: PaymentGateway, stripe_cassette: StripeCassette) -> None:
    """What Stripe once said is said again."""
    told = buy(gateway, stripe_cassette.unique("order"), "tok_visa", ADA)

    assert told == "You've been charged 5.00 USD."


@pytest.mark.stripe_cassette("a book is returned")
def test_cancelling(gateway: PaymentGateway, stripe_cassette: StripeCassette) -> None:
    """An order is given back once it was bought."""
    order = stripe_cassette.unique("order")
    payment = gateway.charge("tok_visa", ADA, PRICE, order_id=order)
    gateway.refund(payment.charge)

    assert gateway.get_charge(payment.charge.id).refunded


@pytest.mark.stripe_cassette
class TestNobody:
    """A class whose tests are all recorded."""

    def test_there_is_nothing_to_cancel(self, gateway: PaymentGateway) -> None:
        """An order nobody bought has nothing to give back."""
        assert not cancel(gateway, "order-nobody-made")


def test_the_cassettes(stripe_cassettes: StripeCassettes) -> None:
    """Every cassette is used, and none shows a secret."""
    assert stripe_cassettes.unused() == []
    assert stripe_cassettes.leaks() == []
