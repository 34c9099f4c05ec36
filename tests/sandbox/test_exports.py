"""An account in India that sells abroad."""

from __future__ import annotations

import pytest

from tests.flows.shop import by_hand
from tokencharge import Address, InvalidRequest, Money, PaymentGateway, Person
from tokencharge.sandbox import Rules, Sandbox

ADA = Person("Ada Lovelace", address=Address("1 High Street", city="London", country="GB"))
SAID = {"description": "A shawl", "billing": ADA}


@pytest.fixture
def sandbox():
    """An account in India, which takes card tokens everywhere."""
    return Sandbox(rules=Rules(card_tokens=True, exports_from_india=True))


@pytest.fixture(params=["payment_intents", "charges"])
def gateway(request, sandbox):
    """On each route."""
    return PaymentGateway(
        sandbox.secret_key, http_client=sandbox.http_client(), route=request.param
    )


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({**SAID, "description": None}, "a description"),
        ({**SAID, "billing": None}, "a customer name and address"),
        ({**SAID, "billing": Person("Ada Lovelace")}, "a customer name and address"),
        ({**SAID, "billing": Person(address=ADA.address)}, "a customer name and address"),
    ],
)
def test_a_payment_from_abroad_needs_a_name_an_address_and_words(gateway, said, missing):
    """Stripe's sentence says what is missing."""
    with pytest.raises(InvalidRequest, match=f"export transactions require {missing}"):
        gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"), order_id="7", **said)


@pytest.mark.parametrize(
    "said", [SAID, {**SAID, "billing": None, "shipping": ADA}], ids=["billing", "shipping"]
)
def test_with_them_it_is_paid(gateway, said):
    """Whether they are the buyer's or the parcel's."""
    assert gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"), **said).charge.paid


def test_the_address_of_a_confirmation_token_counts(gateway, sandbox):
    """What the browser has collected is the payment's."""
    token = by_hand(
        sandbox,
        "test_helpers/confirmation_tokens",
        payment_method_data={"type": "card", "card": {"token": "tok_visa"}},
        shipping=ADA.to_stripe(),
    )["id"]

    assert gateway.charge(
        token, "ada@example.com", Money(500, "usd"), description="A shawl"
    ).charge.paid


def test_in_rupees_nothing_of_it_is_needed(gateway):
    """That is no export."""
    assert gateway.charge("tok_visa", "ada@example.com", Money(50_000, "inr")).charge.paid
