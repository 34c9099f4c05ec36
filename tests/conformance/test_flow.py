"""The flow as a buyer and a shop meet it, the same on the sandbox, on cassettes and on Stripe."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tokencharge import (
    Address,
    CardDeclined,
    InvalidInput,
    InvalidRequest,
    Money,
    OrderConflict,
    PaymentGateway,
    Person,
    TokenRejected,
)

EMAIL = "ada@example.com"
FIVE = Money(500, "usd")


def test_a_token_becomes_a_customer_and_a_charge(till: PaymentGateway) -> None:
    """A token and an e-mail make one Customer and one paid Charge of it."""
    payment = till.charge(
        "tok_visa", EMAIL, FIVE, description="Flask Charge", metadata={"cart": "7"}
    )

    assert EMAIL == payment.customer.email
    assert payment.customer.id == payment.charge.customer_id
    assert ("succeeded", True, True, FIVE) == (
        payment.charge.status,
        payment.charge.paid,
        payment.charge.captured,
        payment.charge.amount,
    )
    assert ("Flask Charge", "7") == (payment.charge.description, payment.charge.metadata["cart"])
    assert payment.charge.card is not None
    assert ("visa", "US") == (payment.charge.card.brand, payment.charge.card.country)
    assert not payment.replayed


def test_what_was_made_can_be_read_back(till: PaymentGateway) -> None:
    """The Charge and the Customer read back are those the payment told of."""
    payment = till.charge("tok_mastercard", EMAIL, FIVE)

    assert payment.charge == till.get_charge(payment.charge.id)
    assert EMAIL == till.get_customer(payment.customer.id).email


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("jpy", 500), ("eur", 1999), ("isk", 100_00)],
    ids=["jpy", "eur", "isk"],
)
def test_amounts_are_minor_units(till: PaymentGateway, currency: str, amount: int) -> None:
    """An amount arrives as it was given, however many digits its currency has."""
    payment = till.charge("tok_visa", EMAIL, Money(amount, currency))

    assert Money(amount, currency) == payment.charge.amount


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("tok_chargeDeclined", "card_declined", "generic_decline"),
        ("tok_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("tok_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("tok_chargeDeclinedExpiredCard", "expired_card", None),
        ("tok_chargeDeclinedProcessingError", "processing_error", None),
    ],
    ids=["declined", "funds", "stolen", "expired", "processing"],
)
def test_a_card_is_declined_when_it_is_added(
    till: PaymentGateway, route: str, token: str, code: str, decline_code: str | None
) -> None:
    """A card its bank refuses pays nothing, and the error says why; over
    Charges it leaves nothing behind."""
    with pytest.raises(CardDeclined) as caught:
        till.charge(token, EMAIL, FIVE)

    assert code == caught.value.code
    # Stripe has begun to repeat some codes as decline codes.
    assert caught.value.decline_code in (decline_code, code)
    if route == "charges":
        assert (None, None) == (caught.value.customer_id, caught.value.charge_id)
    else:
        assert caught.value.charge_id is not None
        assert "failed" == till.get_charge(caught.value.charge_id).status


def test_a_card_is_declined_when_it_is_charged(till: PaymentGateway) -> None:
    """A card that can be added and not charged leaves a failed Charge, and the error names it."""
    with pytest.raises(CardDeclined) as caught:
        till.charge("tok_chargeCustomerFail", EMAIL, FIVE)

    assert caught.value.charge_id is not None
    failed = till.get_charge(caught.value.charge_id)
    assert ("failed", False) == (failed.status, failed.paid)
    assert caught.value.customer_id == failed.customer_id


def test_an_order_is_charged_once(till: PaymentGateway, order: str) -> None:
    """A second submission of an order, with the card entered again, ends in the same Charge."""
    first = till.charge("tok_visa", EMAIL, FIVE, order_id=order)
    second = till.charge("tok_mastercard", EMAIL, FIVE, order_id=order)

    assert first.charge.id == second.charge.id
    assert (False, True) == (first.replayed, second.replayed)
    assert order == second.order_id == first.charge.order_id


def test_an_order_stays_open_after_a_decline(till: PaymentGateway, order: str) -> None:
    """A declined card leaves the order open for another card; the money moves once."""
    with pytest.raises(CardDeclined):
        till.charge("tok_chargeCustomerFail", EMAIL, FIVE, order_id=order)
    paid = till.charge("tok_visa", EMAIL, FIVE, order_id=order)
    found = till.find(order, customer=paid.customer)

    assert "succeeded" == paid.charge.status
    assert found is not None
    assert paid.charge.id == found.charge.id


def test_an_order_has_one_amount(till: PaymentGateway, order: str) -> None:
    """An order that is paid is not charged another amount."""
    paid = till.charge("tok_visa", EMAIL, FIVE, order_id=order)
    with pytest.raises(OrderConflict) as caught:
        till.charge("tok_mastercard", EMAIL, Money(900, "usd"), order_id=order)

    assert (order, paid.charge.id) == (caught.value.order_id, caught.value.charge_id)


def test_an_order_keeps_its_customer_when_the_e_mail_is_corrected(
    till: PaymentGateway, order: str
) -> None:
    """A corrected e-mail goes to the Customer the order has, and the order is charged once."""
    with pytest.raises(CardDeclined):
        till.charge("tok_chargeDeclined", "adda@example.com", FIVE, order_id=order)
    paid = till.charge("tok_visa", EMAIL, FIVE, order_id=order)

    assert EMAIL == till.get_customer(paid.customer.id).email


def test_an_unpaid_order_is_not_found(till: PaymentGateway, order: str) -> None:
    """An order of a Customer that was never charged for it has no payment."""
    customer = till.charge("tok_visa", EMAIL, FIVE).customer

    assert till.find(order, customer=customer) is None


def test_a_saved_card_is_charged_once_per_order(till: PaymentGateway, order: str) -> None:
    """A Customer's own card pays a new order, once."""
    customer = till.charge("tok_visa", EMAIL, FIVE, save_card=True).customer
    first = till.charge_customer(customer, Money(700, "usd"), order_id=order)
    second = till.charge_customer(customer, Money(700, "usd"), order_id=order)

    assert (customer.id, Money(700, "usd")) == (first.charge.customer_id, first.charge.amount)
    assert first.charge.id == second.charge.id
    assert second.replayed


def test_a_known_customer_gets_the_card(till: PaymentGateway, order: str) -> None:
    """A token charged for a known Customer makes no second one, and leaves its saved card alone."""
    known = till.charge("tok_visa", EMAIL, FIVE, save_card=True).customer
    paid = till.charge("tok_mastercard", EMAIL, FIVE, customer=known, order_id=order)
    again = till.charge_customer(known, FIVE, order_id=f"{order}-2")

    assert known.id == paid.charge.customer_id
    assert paid.charge.card is not None
    assert again.charge.card is not None
    assert ("mastercard", "visa") == (paid.charge.card.brand, again.charge.card.brand)


def test_the_same_token_pays_once(till: PaymentGateway, new_token: Callable[[], str]) -> None:
    """A double click on the button ends in one Charge."""
    token = new_token()
    first, second = till.charge(token, EMAIL, FIVE), till.charge(token, EMAIL, FIVE)

    assert (first.customer.id, first.charge.id) == (second.customer.id, second.charge.id)
    assert (False, True) == (first.replayed, second.replayed)


def test_a_used_token_pays_no_other_order(
    till: PaymentGateway, order: str, new_token: Callable[[], str]
) -> None:
    """A token spent on one purchase is refused for another."""
    token = new_token()
    till.charge(token, EMAIL, FIVE)
    with pytest.raises(TokenRejected) as caught:
        till.charge(token, EMAIL, FIVE, order_id=order)

    assert token not in str(caught.value)


def test_an_unknown_token_is_refused(till: PaymentGateway) -> None:
    """A token Stripe never made is refused, and not repeated."""
    with pytest.raises(TokenRejected) as caught:
        till.charge("tok_1AAAAAAAAAAAAAAAAAAAAAAA", EMAIL, FIVE)

    assert "tok_1AAAAAAAAAAAAAAAAAAAAAAA" not in str(caught.value)


def test_an_amount_can_be_too_small(till: PaymentGateway) -> None:
    """Less than Stripe's minimum is refused by Stripe, after the Customer was made."""
    with pytest.raises(InvalidRequest) as caught:
        till.charge("tok_visa", EMAIL, Money(1, "usd"))

    assert "amount_too_small" == caught.value.code


def test_an_unknown_charge_is_refused(till: PaymentGateway) -> None:
    """A charge that is not there cannot be read."""
    with pytest.raises(InvalidRequest) as caught:
        till.get_charge("ch_1AAAAAAAAAAAAAAAAAAAAAAA")

    assert "resource_missing" == caught.value.code


def test_a_wrong_amount_costs_no_request(till: PaymentGateway) -> None:
    """What cannot be right is refused before Stripe is asked."""
    with pytest.raises(InvalidInput):
        till.charge("tok_visa", EMAIL, Money(0, "usd"))


ADA = Person(
    "Ada Lovelace",
    "+44 20 7946 0000",
    Address("12 St James Square", None, "London", None, "SW1Y 4JH", "GB"),
)
CHARLES = Person("Charles Babbage", address=Address("1 Dorset Street", city="London", country="GB"))


def test_names_and_addresses_reach_the_customer_and_the_charge(
    till: PaymentGateway, route: str, order: str
) -> None:
    """The Customer says who buys and who gets it, the Charge who gets it; over
    an intent the card says who buys."""
    payment = till.charge(
        "tok_visa", EMAIL, FIVE, order_id=order, billing=ADA, shipping=CHARLES, receipt_email=EMAIL
    )
    customer = till.get_customer(payment.customer.id)

    assert (ADA.name, ADA.phone, ADA.address, CHARLES) == (
        customer.name,
        customer.phone,
        customer.address,
        customer.shipping,
    )
    assert (CHARLES, EMAIL) == (payment.charge.shipping, payment.charge.receipt_email)
    assert (ADA if route == "payment_intents" else None) == payment.charge.billing


def test_an_order_that_goes_on_is_sent_where_was_said_last(
    till: PaymentGateway, order: str
) -> None:
    """After a decline the address is corrected: on the Customer, and on the Charge that pays."""
    with pytest.raises(CardDeclined):
        till.charge("tok_chargeDeclined", EMAIL, FIVE, order_id=order, billing=ADA, shipping=ADA)
    payment = till.charge(
        "tok_visa", EMAIL, FIVE, order_id=order, billing=CHARLES, shipping=CHARLES
    )

    assert CHARLES == payment.charge.shipping == payment.customer.shipping
    assert (CHARLES.name, CHARLES.address) == (payment.customer.name, payment.customer.address)
