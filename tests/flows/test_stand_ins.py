"""Stand-ins for Stripe that others wrote know less than Stripe: over Charges the
flow gets by with what they know."""

from __future__ import annotations

import json

import pytest

from tests.flows.line import Action, Line, refuse
from tests.flows.shop import ADA, FIVE, paid
from tokencharge import CardDeclined, ChargeState, InvalidRequest, PaymentGateway
from tokencharge.sandbox import Request, Response

UNKNOWN_URL = refuse(404, "No matching path.")
NO_SUCH_FILTER = refuse(400, "Unexpected customer.")


@pytest.fixture
def old_gateway(line: Line) -> PaymentGateway:
    return line.gateway(route="charges")


def without_expansion(line: Line) -> Action:
    """Name the Charge of a refund by its id, as if `expand` were unknown."""

    def action(request: Request) -> Response:
        response = line.sandbox.handle(request)
        body = json.loads(response.body)
        body["charge"] = body["charge"]["id"]
        return Response(response.status, response.headers, json.dumps(body).encode())

    return action


@pytest.mark.parametrize("answer", [UNKNOWN_URL, NO_SUCH_FILTER], ids=["no endpoint", "no filter"])
def test_an_order_goes_on_where_nothing_is_known_of_intents(line, old_gateway, answer):
    """What cannot be listed cannot have been made: the next card pays, and the
    call repeated is told the payment."""
    line.plan("GET /v1/payment_intents", *[answer] * 9)
    with pytest.raises(CardDeclined):
        old_gateway.charge("tok_chargeCustomerFail", ADA, FIVE, order_id="order-1")
    payment = old_gateway.charge("tok_visa", ADA, FIVE, order_id="order-1")
    again = old_gateway.charge("tok_visa", ADA, FIVE, order_id="order-1")

    assert [payment.charge.id] == [charge.id for charge in paid(line.sandbox)]
    assert (True, payment.charge.id) == (again.replayed, again.charge.id)


@pytest.mark.parametrize("answer", [UNKNOWN_URL, NO_SUCH_FILTER], ids=["no endpoint", "no filter"])
def test_so_does_a_customer_who_is_known(line, old_gateway, answer):
    """A saved card is looked for before it is charged, and is charged once."""
    customer = old_gateway.charge("tok_visa", ADA, FIVE).customer
    line.plan("GET /v1/payment_intents", *[answer] * 9)
    first, again = (
        old_gateway.charge_customer(customer, FIVE, order_id="order-1") for _ in range(2)
    )

    assert first.charge.id == again.charge.id
    assert 2 == len(paid(line.sandbox))


def test_a_route_that_cannot_list_its_own_is_told(line):
    """Where the gateway's own kind cannot be looked for, nothing is charged."""
    customer = line.gateway(route="charges").charge("tok_visa", ADA, FIVE).customer
    line.plan("GET /v1/payment_intents", UNKNOWN_URL)
    with pytest.raises(InvalidRequest):
        line.gateway(route="payment_intents").charge_customer(customer, FIVE, order_id="order-1")

    assert 1 == len(paid(line.sandbox))


def test_a_hold_is_let_go_where_nothing_is_expanded(line, old_gateway):
    """What the answer only names is read."""
    held = old_gateway.charge("tok_visa", ADA, FIVE, capture=False).charge
    line.plan("POST /v1/refunds", without_expansion(line))

    assert ChargeState.RELEASED is old_gateway.void(held).state
    assert [FIVE] == [charge.amount_refunded for charge in line.sandbox.charges]
