"""The cards a Customer has saved: listed, charged, forgotten; the same on the
sandbox, on cassettes and on Stripe."""

from __future__ import annotations

import pytest

from tokencharge import InvalidRequest, Money, PaymentGateway, TokenRejected

EMAIL = "ada@example.com"
FIVE = Money(500, "usd")


def test_saved_cards_are_listed(till: PaymentGateway) -> None:
    """The newest first, whatever kind they are of, each with what may be shown of it."""
    customer = till.charge("tok_visa", EMAIL, FIVE, save_card=True).customer
    till.charge("tok_mastercard", EMAIL, FIVE, customer=customer, save_card=True)
    cards = till.cards(customer)

    assert ["mastercard", "visa"] == [card.brand for card in cards]
    assert [4, 4] == [len(card.last4 or "") for card in cards]
    assert [False, False] == [card.is_expired for card in cards]
    assert [customer.id] * 2 == [card.customer_id for card in cards]
    assert 1 == sum(card.is_default for card in cards)
    assert cards == till.cards(customer.id)


def test_the_default_is_what_is_charged(till: PaymentGateway, order: str) -> None:
    """The card that says it is the default pays where no card is named."""
    customer = till.charge("tok_visa", EMAIL, FIVE, save_card=True).customer
    till.charge("tok_mastercard", EMAIL, FIVE, customer=customer, save_card=True)
    (default,) = (card for card in till.cards(customer) if card.is_default)
    charged = till.charge_customer(customer, FIVE, order_id=order).charge.card

    assert charged is not None
    assert (default.id, default.last4) == (charged.id, charged.last4)


def test_a_customer_without_a_card_has_none(till: PaymentGateway, route: str) -> None:
    """A card that was not kept is not listed; over Charges each is kept."""
    customer = till.charge("tok_visa", EMAIL, FIVE).customer

    assert (route == "charges") == bool(till.cards(customer))


def test_a_card_is_forgotten(till: PaymentGateway, order: str) -> None:
    """For good, however often it is asked for, and the others stay."""
    customer = till.charge("tok_visa", EMAIL, FIVE, save_card=True).customer
    till.charge("tok_mastercard", EMAIL, FIVE, customer=customer, save_card=True)
    newest, oldest = till.cards(customer)
    for _ in range(2):
        till.forget_card(oldest)

    assert [newest.id] == [card.id for card in till.cards(customer)]
    with pytest.raises(TokenRejected):
        till.charge_customer(customer, FIVE, order_id=order, card=oldest.id)


def test_the_card_of_another_customer_is_refused(till: PaymentGateway, order: str) -> None:
    """It charges nobody."""
    owner = till.charge("tok_visa", EMAIL, FIVE, save_card=True).customer
    other = till.charge("tok_mastercard", "bob@example.com", FIVE, save_card=True).customer
    (card,) = till.cards(owner)
    with pytest.raises(TokenRejected):
        till.charge_customer(other, FIVE, order_id=order, card=card.id)

    assert till.find(order, customer=other) is None
    assert till.find(order, customer=owner) is None


def test_a_card_that_was_made_up_is_refused(till: PaymentGateway, order: str) -> None:
    """It charges nobody."""
    customer = till.charge("tok_visa", EMAIL, FIVE, save_card=True).customer
    with pytest.raises(TokenRejected):
        till.charge_customer(customer, FIVE, order_id=order, card="pm_1AAAAAAAAAAAAAAAAAAAAAAA")

    assert till.find(order, customer=customer) is None


def test_an_unknown_customer_has_no_cards(till: PaymentGateway) -> None:
    """That is said in one sentence."""
    with pytest.raises(
        InvalidRequest, match=r"knows no such customer, or it was deleted"
    ) as caught:
        till.cards("cus_AAAAAAAAAAAAAA")

    assert ("resource_missing", "customer") == (caught.value.code, caught.value.param)
