"""How many requests a purchase takes: a few, and no more for a customer with a long history."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.flows.line import answer, refuse
from tokencharge import CardDeclined, Money, PaymentGateway
from tokencharge.sandbox import Rules, Sandbox

ADA = "ada@example.com"
FIVE = Money(500, "usd")
FAILS_WHEN_CHARGED = "4000000000000341"
ROUTES = ["payment_intents", "charges"]


@pytest.fixture(params=ROUTES)
def shop(request):
    """A sandbox and a gateway: an account of today over PaymentIntents, one of old over Charges."""
    sandbox = Sandbox(rules=Rules(card_tokens=request.param == "charges"))
    return sandbox, PaymentGateway(
        sandbox.secret_key, http_client=sandbox.http_client(), route=request.param
    )


def sent(sandbox, call):
    """The requests that a call takes."""
    before = len(sandbox.requests)
    call()
    return [f"{arrival.method} {arrival.path}" for arrival in sandbox.requests[before:]]


def just_now():
    return datetime.now(timezone.utc) - timedelta(minutes=1)


@pytest.mark.parametrize("order_id", [None, "order-7"])
def test_a_card_token_takes_three_requests_and_a_confirmation_token_two(new_account, order_id):
    """On the default route, with or without an order."""
    gateway = PaymentGateway(new_account.secret_key, http_client=new_account.http_client())
    tokens = [new_account.create_token(), new_account.create_confirmation_token()]
    orders = [order_id, order_id and "order-8"]
    requests = [
        sent(
            new_account,
            lambda token=token, order=order: gateway.charge(token, ADA, FIVE, order_id=order),
        )
        for token, order in zip(tokens, orders, strict=True)
    ]

    assert [
        ["POST /v1/customers", "POST /v1/payment_methods", "POST /v1/payment_intents"],
        ["POST /v1/customers", "POST /v1/payment_intents"],
    ] == requests


@pytest.mark.parametrize("order_id", [None, "order-7"])
def test_over_charges_a_card_token_takes_no_more_than_three(sandbox, gateway, order_id):
    """Two without an order, where the Customer comes with the card."""
    requests = sent(
        sandbox, lambda: gateway.charge(sandbox.create_token(), ADA, FIVE, order_id=order_id)
    )

    assert (2 if order_id is None else 3) == len(requests)


@pytest.mark.parametrize("make", ["create_token", "create_confirmation_token"])
def test_the_second_card_of_an_order_takes_five_at_most(shop, make):
    """It looks what the order has begun, and goes on with that."""
    sandbox, gateway = shop
    with pytest.raises(CardDeclined):
        gateway.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7")
    token = getattr(sandbox, make)()
    requests = sent(sandbox, lambda: gateway.charge(token, ADA, FIVE, order_id="order-7"))

    assert len(requests) <= 5
    assert ["failed", "succeeded"] == [charge.status for charge in sandbox.charges]


def saved(sandbox, gateway):
    """A Customer with a saved card, and the card."""
    customer = gateway.charge(
        sandbox.create_token(), ADA, FIVE, order_id="order-0", save_card=True
    ).customer
    return customer, sandbox.charges[0].card.id


def test_a_saved_card_is_one_request_while_stripes_keys_guard_the_order(shop):
    """With `began` nothing is looked through; without, both lists are."""
    sandbox, gateway = shop
    customer, card = saved(sandbox, gateway)

    def charge(order_id, **began):
        return sent(
            sandbox,
            lambda: gateway.charge_customer(customer, FIVE, order_id=order_id, card=card, **began),
        )

    assert 1 == len(charge("order-7", began=just_now()))
    assert 3 == len(charge("order-8"))
    assert 3 == len(sandbox.charges)


@pytest.mark.parametrize("earlier", [0, 150, 1_500, 15_000])
@pytest.mark.parametrize("route", ROUTES)
def test_looking_costs_the_same_for_every_customer(line, route, earlier):
    """However many payments came before: the newest page of each list,
    and one search for what is older."""
    gateway = line.gateway(route=route)
    customer, card = saved(line.sandbox, gateway)
    newest = [
        {**line.sandbox.charges[0].raw, "id": f"ch_{number}", "metadata": {}}
        for number in range(min(earlier, 100))
    ]
    page = answer(200, {"object": "list", "data": newest, "has_more": earlier > 100})
    line.plan("GET /v1/charges", *[page] * 2)
    intents = [
        {"id": f"pi_{n}", "status": "succeeded", "amount": 1, "currency": "usd"}
        for n in range(len(newest))
    ]
    line.plan(
        "GET /v1/payment_intents", *[answer(200, {"data": intents, "has_more": earlier > 100})] * 2
    )
    before = len(line.sent)
    for _ in range(2):
        gateway.charge_customer(customer, FIVE, order_id="order-7", card=card)
    first, second = (
        line.sent[before:][: 5 if earlier else 3],
        line.sent[before:][5 if earlier else 3 :],
    )

    assert (5 if earlier else 3) == len(first)
    assert "POST" == first[-1].method
    assert len(second) <= 5
    assert 2 == len(line.sandbox.charges)


@pytest.mark.parametrize("route", ROUTES)
def test_where_there_is_no_search_the_lists_are_read_on(line, route):
    """In India, say: what is older than a page is found all the same."""
    gateway = line.gateway(route=route)
    customer, card = saved(line.sandbox, gateway)
    first = gateway.charge_customer(customer, FIVE, order_id="order-7", card=card)
    for number in range(101):
        gateway.charge_customer(
            customer, FIVE, order_id=f"later-{number}", card=card, began=just_now()
        )
    line.plan(
        "GET */search", *[refuse(400, "The search feature is unavailable for this merchant.")] * 4
    )
    line.sandbox.advance(25 * 3600)
    again = gateway.charge_customer(customer, FIVE, order_id="order-7", card=card)

    assert (first.charge.id, True) == (again.charge.id, again.replayed)
    assert 103 == len(line.sandbox.charges)


def test_a_paid_order_costs_a_look(shop):
    """Whatever card comes with it."""
    sandbox, gateway = shop
    gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")
    requests = sent(sandbox, lambda: gateway.charge("tok_visa", ADA, FIVE, order_id="order-7"))

    assert ["POST /v1/customers", "GET /v1/charges"] == requests
