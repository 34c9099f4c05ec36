"""After the charge: read it back, and find it."""

from __future__ import annotations

import pytest

from tests.flows.line import answer, refuse
from tests.rows import each_row
from tokencharge import (
    GatewayUnavailable,
    InvalidRequest,
    Money,
    PaymentGateway,
)
from tokencharge.sandbox import Rules, Sandbox

ADA = "ada@example.com"
FIVE = Money(500, "usd")
DAY = 24 * 3600


def charge_of(payment):
    return payment and payment.charge.id


@pytest.fixture
def held(sandbox, gateway):
    return gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7", capture=False)


@pytest.fixture
def paid(sandbox, gateway):
    return gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")


def test_what_was_made_can_be_read_back(gateway, paid):
    """The charge and the Customer read as they were answered."""
    assert paid.charge == gateway.get_charge(paid.charge.id)
    assert paid.customer == gateway.get_customer(paid.customer.id)


@pytest.mark.parametrize("read", ["get_charge", "get_customer"])
def test_what_stripe_does_not_know_is_an_invalid_request(gateway, read):
    """The error says that there is no such thing."""
    with pytest.raises(InvalidRequest) as refused:
        getattr(gateway, read)("xx_unknown")

    assert ("resource_missing", 404) == (refused.value.code, refused.value.http_status)


@pytest.mark.parametrize("by", [None, "id", "customer"])
def test_an_order_is_found(gateway, paid, by):
    """Among what the account charged, or what its Customer was charged: the same payment."""
    customer = {None: None, "id": paid.customer.id, "customer": paid.customer}[by]
    found = gateway.find("order-7", customer=customer)

    assert (paid.charge, paid.customer, "order-7", True) == (
        found.charge,
        found.customer,
        found.order_id,
        found.replayed,
    )


@pytest.mark.parametrize("order_id", ["order-8", 'order"7', "order\\7", "order'7 AND x", "ordeŕ-7"])
def test_an_order_not_paid_is_not_found(gateway, paid, order_id):
    """Quotes, backslashes and accents are part of the name: another order is another order."""
    assert None is gateway.find(order_id)
    assert None is gateway.find(order_id, customer=paid.customer)

    again = gateway.charge("tok_visa", ADA, FIVE, order_id=order_id)

    assert again.charge.id == charge_of(gateway.find(order_id))


def test_a_declined_order_is_not_found(sandbox, gateway):
    """Only a charge that moved money, or may yet, is a payment."""
    with pytest.raises(Exception, match="declined"):
        gateway.charge("tok_chargeCustomerFail", ADA, FIVE, order_id="order-7")

    assert 1 == len(sandbox.charges)
    assert None is gateway.find("order-7")


@pytest.fixture
def lagging():
    return Sandbox(rules=Rules(search_lag=60))


def test_what_was_just_paid_is_found(lagging):
    """With the Customer and without: what a search does not know
    yet, the newest page of a list shows."""
    gateway = PaymentGateway(lagging.secret_key, http_client=lagging.http_client())
    paid = gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert paid.charge.id == charge_of(gateway.find("order-7"))
    assert paid.charge.id == charge_of(gateway.find("order-7", customer=paid.customer))


def test_what_is_a_hundred_charges_old_is_searched_for(lagging):
    """Asked without the Customer, such an order is found within a minute."""
    gateway = PaymentGateway(lagging.secret_key, http_client=lagging.http_client())
    paid = gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")
    for number in range(100):
        gateway.charge("tok_visa", ADA, FIVE, order_id=f"other-{number}")
    before = gateway.find("order-7")
    lagging.advance(60)

    assert None is before
    assert paid.charge.id == charge_of(gateway.find("order-7"))


def test_an_order_is_found_behind_many_others(gateway, paid):
    """Every page of the Customer's charges is looked through."""
    for number in range(101):
        gateway.charge_customer(paid.customer, FIVE, order_id=f"other-{number}")

    assert paid.charge == gateway.find("order-7", customer=paid.customer).charge


@each_row(
    "body",
    [
        {},
        {"data": None},
        {"data": {}},
        {"data": [None]},
        {"data": [{"id": "ch_1"}]},
        [],
    ],
)
@each_row("customer", [None, "cus_1"])
def test_a_list_that_cannot_be_read_is_no_answer(line, body, customer):
    """None means not paid; a list of another shape does not."""
    line.plan("GET *", answer(200, body))
    with pytest.raises(GatewayUnavailable, match="cannot be read"):
        line.gateway().find("order-7", customer=customer)


def test_charges_that_are_none_of_ours_are_passed_over(line):
    """A Customer's other charges, and marks nobody made, name no order."""
    marks = [
        {},
        {"order_id": "order-7"},
        {"tokencharge": "x"},
        {"tokencharge": "x/y"},
        {"tokencharge": 7},
    ]
    others = [
        {"id": f"ch_{n}", "amount": 1, "currency": "usd", "metadata": mark}
        for n, mark in enumerate(marks)
    ]
    line.plan("GET *", answer(200, {"data": others, "has_more": False}))

    assert None is line.gateway().find("order-7", customer="cus_1")


def test_a_charge_whose_customer_is_no_object_still_names_it(sandbox, gateway, line, paid):
    """Where Stripe does not expand the Customer, its id is what is known."""
    bare = {**sandbox.charges[0].raw, "customer": paid.customer.id}
    nobody = {**bare, "customer": None}
    line.plan("GET *", answer(200, {"data": [bare]}), answer(200, {"data": [nobody]}))
    found = [line.gateway().find("order-7", customer="cus_other").customer.id for _ in range(2)]

    assert [paid.customer.id, "cus_other"] == found


def test_of_two_charges_in_one_slot_the_paid_one_counts(sandbox, line, paid):
    """A key used again after Stripe forgot it can leave a failed charge beside the paid one."""
    good = dict(sandbox.charges[0].raw)
    bad = {
        **good,
        "id": "ch_failed",
        "status": "failed",
        "paid": False,
        "failure_code": "card_declined",
    }
    line.plan("GET *", *(answer(200, {"data": order}) for order in ([good, bad], [bad, good])))
    found = [line.gateway().find("order-7", customer=paid.customer).charge.id for _ in range(2)]

    assert [paid.charge.id, paid.charge.id] == found


def test_a_refusal_to_read_is_told(line):
    """A key that may not list charges is our problem, not the order's."""
    line.plan("GET *", refuse(403, "The provided key does not have the required permissions."))
    with pytest.raises(Exception, match="Stripe refused the secret key") as refused:
        line.gateway().find("order-7", customer="cus_1")

    assert "AuthenticationFailed" == type(refused.value).__name__


def test_a_gateway_is_closed_and_used_again(sandbox):
    """As a context manager it closes its connections, and still works."""
    with PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client()) as gateway:
        gateway.charge("tok_visa", ADA, FIVE)
    gateway.charge("tok_visa", ADA, FIVE)

    assert 2 == len(sandbox.charges)


def test_a_charge_that_stripe_names_is_not_replaced(line):
    """An error keeps what Stripe says it was about."""
    line.plan("POST *", refuse(400, charge="ch_other"))
    with pytest.raises(InvalidRequest) as refused:
        line.gateway().refund("ch_1")

    assert "ch_other" == refused.value.charge_id
