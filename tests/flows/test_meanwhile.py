"""What changes between one request of a flow and the next, and what cannot be looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import attrs
import pytest

from tests.flows.line import Action, Line, answer, lose, refuse
from tests.flows.shop import ADA, DAY, FAILS_WHEN_CHARGED, FIVE, HOUR, by_hand, paid
from tokencharge import (
    CardDeclined,
    InvalidRequest,
    Money,
    OrderInProgress,
    OutcomeUnknown,
    PaymentGateway,
    TokenRejected,
)
from tokencharge.sandbox import Fault, Request, Response

ORDER = "order-7"
GRACE = "grace@example.com"
TOO_LITTLE = Money(30, "usd")
NO_SEARCH = refuse(400, "The search feature is unavailable for this merchant.")
FORBIDDEN = refuse(403, "The provided key does not have the required permissions.")
NAMES_NOTHING: dict[str, Any] = {"type": "card_error", "code": "card_declined"}


@pytest.fixture
def till(line: Line, route: str) -> PaymentGateway:
    return line.gateway(route=route, max_retries=0)


def after(event: Callable[[], object], action: Action) -> Action:
    """Let something happen just before a request is answered."""

    def act(request: Request) -> Response:
        event()
        return action(request)

    return act


def test_a_refusal_that_names_nothing_hides_no_payment(line, till, route):
    """Another call paid the order meanwhile: that is told, not the refusal."""
    pay = lambda: line.gateway(route=route).charge(  # noqa: E731
        "tok_mastercard", ADA, FIVE, order_id=ORDER
    )
    line.plan(f"POST /v1/{route}", after(pay, refuse(402, **NAMES_NOTHING)))
    payment = till.charge("tok_visa", ADA, FIVE, order_id=ORDER)

    assert [payment.charge.id] == [charge.id for charge in paid(line.sandbox)]
    assert ("mastercard", True) == (payment.charge.card.brand, payment.replayed)


def test_a_repeated_decline_hides_no_payment(line):
    """The intent it names was paid by another card meanwhile: that is told, not the decline."""
    till = line.gateway(route="payment_intents")
    declined = [line.sandbox.create_token(FAILS_WHEN_CHARGED) for _ in range(2)]
    for token in declined:
        with pytest.raises(CardDeclined):
            till.charge(token, ADA, FIVE, order_id=ORDER)
    pay = lambda: till.charge("tok_mastercard", ADA, FIVE, order_id=ORDER)  # noqa: E731
    line.plan("POST /v1/payment_intents/*/confirm", after(pay, line.sandbox.handle))
    payment = till.charge(declined[1], ADA, FIVE, order_id=ORDER)

    assert [payment.charge] == paid(line.sandbox)
    assert "mastercard" == payment.charge.card.brand


def test_a_repeated_decline_of_a_saved_card_hides_no_payment(line):
    """Asked for in one request, Stripe repeats the decline; but
    another card has paid the intent since."""
    till = line.gateway(route="payment_intents")
    customer = till.charge("tok_visa", ADA, FIVE, order_id="order-6", save_card=True).customer
    cards = [
        by_hand(line.sandbox, f"payment_methods/pm_card_{kind}/attach", customer=customer.id)["id"]
        for kind in ("chargeCustomerFail", "mastercard")
    ]
    began = datetime.now(timezone.utc)
    with pytest.raises(CardDeclined):
        till.charge_customer(customer, FIVE, order_id=ORDER, card=cards[0], began=began)
    second, first = (
        till.charge_customer(customer, FIVE, order_id=ORDER, card=card, began=began)
        for card in reversed(cards)
    )

    assert (second.charge, True) == (first.charge, first.replayed)
    assert 2 == len(paid(line.sandbox))


def test_a_note_that_is_lost_leaves_the_outcome_open(line, till, route):
    """Nobody else would know that the slot is spent, so the caller is to call
    again; and then is told the refusal."""
    line.plan(f"POST /v1/{route}", *[refuse(402, saved=True, **NAMES_NOTHING)] * 3)
    line.plan(
        "POST /v1/customers/cus_*",
        *[line.sandbox.handle] * (route == "charges"),
        lose(ConnectionResetError()),
    )
    with pytest.raises(OutcomeUnknown):
        till.charge("tok_visa", ADA, FIVE, order_id=ORDER)
    for _ in range(2):  # the second finds the note of the first
        with pytest.raises(CardDeclined):
            till.charge("tok_visa", ADA, FIVE, order_id=ORDER)

    assert [] == paid(line.sandbox)


def test_the_same_call_finds_the_card_it_was_declined_with(line):
    """Over Charges, an intent was begun meanwhile and takes the card: repeated,
    the call finds the same card again."""
    till = line.gateway(route="charges")
    declined = [line.sandbox.create_token(FAILS_WHEN_CHARGED) for _ in range(2)]

    def begin_an_intent() -> None:
        with pytest.raises(CardDeclined):
            line.gateway(route="payment_intents").charge(declined[0], ADA, FIVE, order_id=ORDER)

    line.plan("POST /v1/charges", after(begin_an_intent, line.sandbox.handle))
    for _ in range(2):
        with pytest.raises(CardDeclined):
            till.charge(declined[1], ADA, FIVE, order_id=ORDER)
    payment = till.charge("tok_visa", ADA, FIVE, order_id=ORDER)

    assert [payment.charge] == paid(line.sandbox)


def test_a_used_token_is_refused_beside_an_intent(line):
    """Neither as a payment method nor as a card of the Customer's does it pay a second time."""
    till = line.gateway(route="charges")
    used, declined = line.sandbox.create_token(), line.sandbox.create_token(FAILS_WHEN_CHARGED)
    till.charge(used, ADA, FIVE)
    with pytest.raises(CardDeclined):
        line.gateway(route="payment_intents").charge(declined, ADA, FIVE, order_id=ORDER)
    with pytest.raises(TokenRejected):
        till.charge(used, ADA, FIVE, order_id=ORDER)

    assert 1 == len(paid(line.sandbox))


def test_the_same_call_finds_the_customer_it_was_refused_with(line, till, route, later):
    """An order has two Customers, and a refusal was noted on neither: the same
    call makes it known all the same."""
    step = {
        "payment_intents": "POST /v1/payment_methods",
        "charges": "POST /v1/customers/*/sources",
    }[route]
    line.plan(step, lose(ConnectionResetError()))
    with pytest.raises(OutcomeUnknown):
        till.charge("tok_visa", ADA, FIVE, order_id=ORDER)
    later(DAY + HOUR)
    begun_by_another = refuse(
        400, "Keys can only be used with the same parameters.", type="idempotency_error"
    )
    line.plan("POST /v1/customers", begun_by_another)
    line.plan("GET /v1/charges", line.sandbox.handle, lose(ConnectionResetError()))
    with pytest.raises(OutcomeUnknown, match="could not be noted"):
        till.charge("tok_visa", ADA, TOO_LITTLE, order_id=ORDER)
    with pytest.raises(OrderInProgress):
        till.charge("tok_mastercard", GRACE, FIVE, order_id=ORDER)
    with pytest.raises(InvalidRequest) as refused:
        till.charge("tok_visa", ADA, TOO_LITTLE, order_id=ORDER)
    payment = till.charge("tok_mastercard", GRACE, FIVE, order_id=ORDER)

    assert "amount_too_small" == refused.value.code
    assert 2 == len(line.sandbox.customers)
    assert [payment.charge] == paid(line.sandbox)


def test_a_key_that_may_not_look_elsewhere_waits(line, till, route):
    """Where only a Customer's own lists may be read, whoever has the key may be at work still."""

    def of_customers_only(request: Request) -> Response:
        return (line.sandbox.handle if "customer=" in request.query else FORBIDDEN)(request)

    line.plan(f"GET /v1/{route}", *[of_customers_only] * 30)
    line.plan(f"POST /v1/{route}", *[refuse(400, type="idempotency_error")] * 9)
    with pytest.raises(OrderInProgress):
        till.charge("tok_visa", ADA, FIVE, order_id=ORDER)

    assert [] == paid(line.sandbox)


def test_an_order_outlives_its_customer(line, till, route, later):
    """An old order whose Customer was deleted meanwhile is charged to another."""
    began = datetime.now(timezone.utc)
    with pytest.raises(CardDeclined):
        till.charge(
            line.sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id=ORDER, began=began
        )
    (first,) = line.sandbox.customers
    later(2 * DAY)
    by_hand(line.sandbox, f"customers/{first.id}", method="delete")
    payment = till.charge("tok_visa", ADA, FIVE, order_id=ORDER, began=began)

    assert first.id != payment.customer.id
    assert [payment.charge] == paid(line.sandbox)


def test_a_step_goes_on_under_fresh_keys(line, till, route):
    """Four times a saved 5xx, told each time: the fifth key makes the Customer, once."""
    # The n-th call meets n of them: those that are repeated, and a new one.
    line.sandbox.faults.add(
        Fault.server_error(), times=1 + 2 + 3 + 4, path="/v1/customers", method="POST"
    )
    for _ in range(4):
        with pytest.raises(OutcomeUnknown):
            till.charge("tok_visa", ADA, FIVE, order_id=ORDER)
    payment = till.charge("tok_visa", ADA, FIVE, order_id=ORDER)

    assert [payment.customer.id] == [customer.id for customer in line.sandbox.customers]
    assert [payment.charge] == paid(line.sandbox)


@pytest.mark.parametrize("pages", [2, 20], ids=["found", "given up"])
def test_a_corrected_email_is_found_without_search(line, till, route, pages):
    """The newest thousand Customers are read; what is older cannot be found yet."""
    with pytest.raises(CardDeclined):
        till.charge(
            line.sandbox.create_token(FAILS_WHEN_CHARGED), "old@example.com", FIVE, order_id=ORDER
        )
    other = answer(200, {"data": [{"id": "cus_other", "metadata": {}}], "has_more": True})
    from_the_newest = lambda request: line.sandbox.handle(  # noqa: E731
        attrs.evolve(request, query="limit=100")
    )
    line.plan("GET /v1/customers", *[other] * pages, from_the_newest)
    line.plan("GET /v1/customers/search", *[NO_SEARCH] * 9)
    if pages == 20:
        with pytest.raises(OrderInProgress, match="cannot be found yet"):
            till.charge("tok_visa", ADA, FIVE, order_id=ORDER)
    else:
        till.charge("tok_visa", ADA, FIVE, order_id=ORDER)

    assert [ADA if pages == 2 else "old@example.com"] == [
        customer.email for customer in line.sandbox.customers
    ]
    assert (pages == 2) == bool(paid(line.sandbox))


def test_intents_that_others_give_up_are_not_followed_for_ever(line, pauses):
    """Each new one is canceled by somebody else: after a few seconds the
    caller is told that others are at work."""
    canceled = {"object": "payment_intent", "status": "canceled", "amount": 500, "currency": "usd"}
    answers = [answer(200, {**canceled, "id": f"pi_{number}"}) for number in range(9)]
    line.plan("POST /v1/payment_intents", *answers)
    with pytest.raises(OrderInProgress):
        line.gateway(route="payment_intents").charge("tok_visa", ADA, FIVE, order_id=ORDER)

    assert 4 == sum(
        request.path == "/v1/payment_intents" for request in line.sent if request.method == "POST"
    )
    assert [0.5, 1.0, 2.0] == pauses
