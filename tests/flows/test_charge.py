"""A charge: token to Customer to Charge, once."""

from __future__ import annotations

from datetime import timezone

import pytest

from tokencharge import (
    AuthenticationRequired,
    CardDeclined,
    InvalidRequest,
    Money,
    OrderConflict,
    OrderInProgress,
    Payment,
    PaymentGateway,
    TokenRejected,
)
from tokencharge.sandbox import Fault, Pending, Rules, Sandbox

ADA = "ada@example.com"
FIVE = Money(500, "usd")
DAY = 24 * 3600


def paths(sandbox):
    return [(arrival.method, arrival.path) for arrival in sandbox.requests]


def test_a_token_becomes_a_customer_and_a_charge(sandbox, gateway):
    """Two requests, and the answer is what the sandbox keeps."""
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, description="Flask Charge")

    assert [payment.charge] == sandbox.charges
    assert [payment.customer] == sandbox.customers
    assert [("POST", "/v1/customers"), ("POST", "/v1/charges")] == paths(sandbox)
    assert (FIVE, "succeeded", True, "Flask Charge") == (
        payment.charge.amount,
        payment.charge.status,
        payment.charge.captured,
        payment.charge.description,
    )
    assert (ADA, payment.customer.id) == (payment.customer.email, payment.charge.customer_id)
    assert ("visa", "4242") == (payment.charge.card.brand, payment.charge.card.last4)
    assert timezone.utc is payment.charge.created.tzinfo
    assert (None, False) == (payment.order_id, payment.replayed)


def test_everything_given_reaches_the_charge(sandbox, gateway):
    """Receipt, statement, metadata and capture are the charge's."""
    gateway.charge(
        sandbox.create_token(),
        ADA,
        FIVE,
        order_id="order-7",
        capture=False,
        description="Django Charge",
        metadata={"basket": 12, "order_id": "order-7"},
        receipt_email="boss@example.com",
        statement_descriptor_suffix="BOOKS",
    )
    (charge,) = sandbox.charges

    assert (False, Money(0, "usd")) == (charge.captured, charge.amount_captured)
    assert ("12", "order-7") == (charge.metadata["basket"], charge.order_id)
    assert ("boss@example.com", "BOOKS") == (
        charge.receipt_email,
        charge.raw["statement_descriptor_suffix"],
    )


@pytest.mark.parametrize("order_id", [None, "order-7"])
def test_the_same_submission_twice_is_one_payment(sandbox, gateway, order_id):
    """A double click ends in the same Customer and the same
    Charge, and the second answer says so."""
    token = sandbox.create_token()
    first, second = (gateway.charge(token, ADA, FIVE, order_id=order_id) for _ in range(2))

    assert [first.charge] == sandbox.charges
    assert (first.charge, first.customer) == (second.charge, second.customer)
    assert (False, True) == (first.replayed, second.replayed)
    assert 1 == len(sandbox.customers)


def test_a_used_token_is_rejected_once_its_keys_are_forgotten(sandbox, gateway):
    """A day later the token is simply spent: no second charge."""
    token = sandbox.create_token()
    gateway.charge(token, ADA, FIVE)
    sandbox.advance(DAY)
    with pytest.raises(TokenRejected) as refused:
        gateway.charge(token, ADA, FIVE)

    assert 1 == len(sandbox.charges)
    assert "token_already_used" == refused.value.code
    assert token not in str(refused.value)


def test_named_test_tokens_name_no_purchase(sandbox, gateway):
    """`tok_visa` can be charged again and again, as a developer does all day."""
    first, second = (gateway.charge("tok_visa", ADA, FIVE) for _ in range(2))

    assert [first.charge, second.charge] == sandbox.charges
    assert (False, False) == (first.replayed, second.replayed)


def test_an_order_paid_with_a_named_test_token_is_one_order(sandbox, gateway):
    """With an order_id the order decides, whatever the token."""
    for _ in range(2):
        gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert 1 == len(sandbox.charges)


def test_an_unknown_mode_takes_no_token_for_a_test_token():
    """Only a key known to be a test key makes each `tok_visa` a purchase of its own."""
    sandbox = Sandbox(secret_key="key_of_next_year", rules=Rules(card_tokens=True))
    gateway = PaymentGateway("key_of_next_year", http_client=sandbox.http_client(), route="charges")
    for _ in range(2):
        gateway.charge("tok_visa", ADA, FIVE)

    assert 1 == len(sandbox.charges)


@pytest.mark.parametrize("order_id", [None, "order-7"])
def test_a_customer_already_known_is_charged(sandbox, gateway, order_id):
    """The card is added to the given Customer, neither made nor replacing its default."""
    known = gateway.charge("tok_mastercard", ADA, FIVE).customer
    payment = gateway.charge(
        sandbox.create_token(), ADA, FIVE, customer=known.id, order_id=order_id
    )
    again = gateway.charge("tok_visa", ADA, FIVE, customer=payment.customer, order_id=order_id)

    assert known.id == payment.charge.customer_id == payment.customer.id == again.customer.id
    assert "visa" == payment.charge.card.brand
    assert known.raw["default_source"] == gateway.get_customer(known.id).raw["default_source"]
    assert ADA == payment.customer.email
    assert 1 == len(sandbox.customers)
    assert (order_id is not None) == again.replayed
    assert (2 if order_id else 3) == len(sandbox.charges)


def test_an_order_of_a_known_customer_that_is_paid_needs_no_new_card(sandbox, gateway):
    """The list comes first: a second tab's card is not even added."""
    known = gateway.charge("tok_visa", ADA, FIVE).customer
    gateway.charge("tok_visa", ADA, FIVE, customer=known, order_id="order-7")
    before = len(sandbox.requests)
    gateway.charge("tok_visa", ADA, FIVE, customer=known, order_id="order-7")

    assert [("GET", "/v1/charges")] == paths(sandbox)[before:]


# Where the sandbox declines: when the card is attached, or when it is charged.
DECLINES = {
    "tok_visa_chargeDeclinedInsufficientFunds": ("customer", "card_declined", "insufficient_funds"),
    "tok_chargeDeclinedExpiredCard": ("customer", "expired_card", "expired_card"),
    "tok_visa_chargeCustomerFailLostCard": ("charge", "card_declined", "lost_card"),
    "tok_riskLevelHighest": ("charge", "card_declined", "fraudulent"),
}


@pytest.mark.parametrize(("token", "expected"), DECLINES.items())
def test_a_declined_card_is_told(sandbox, gateway, token, expected):
    """The error says where, why and with which request, and nothing was charged."""
    with pytest.raises(CardDeclined) as declined:
        gateway.charge(token, ADA, FIVE)
    error = declined.value

    assert expected == (error.step, error.code, error.decline_code)
    assert 402 == error.http_status
    assert sandbox.requests[-1].request_id == error.request_id
    assert [] == [charge for charge in sandbox.charges if charge.paid]
    assert [charge.id for charge in sandbox.charges] == (
        [error.charge_id] if error.charge_id else []
    )
    assert error.customer_id == (sandbox.customers[0].id if sandbox.customers else None)


@pytest.mark.parametrize("token", ["tok_authenticationRequired", "tok_threeDSecure2Required"])
def test_a_bank_that_asks_for_authentication_declines_nothing(sandbox, gateway, token):
    """3-D Secure is an outcome of its own."""
    with pytest.raises(AuthenticationRequired) as asked:
        gateway.charge(token, ADA, FIVE, order_id="order-7")

    assert "order-7" == asked.value.order_id
    assert [False] == [charge.paid for charge in sandbox.charges]


@pytest.mark.parametrize(
    "token",
    [
        "tok_chargeCustomerFail",
        "tok_visa_chargeDeclined",
        "tok_riskLevelHighest",
        "tok_authenticationRequired",
    ],
)
def test_an_order_goes_on_with_the_next_card(sandbox, gateway, token):
    """A declined card, wherever it was declined, leaves the order open; the next one pays it."""
    for _ in range(2):
        with pytest.raises((CardDeclined, AuthenticationRequired)):
            gateway.charge(token, ADA, FIVE, order_id="order-7")
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")
    late = gateway.charge(token="tok_mastercard", email=ADA, amount=FIVE, order_id="order-7")

    assert [payment.charge] == [charge for charge in sandbox.charges if charge.paid]
    assert (False, True) == (payment.replayed, late.replayed)
    assert payment.charge == late.charge
    assert 1 == len(sandbox.customers)


def test_the_same_declined_call_is_declined_again_without_another_attempt(sandbox, gateway):
    """Repeating a call repeats its decline; the bank is asked once."""
    token = sandbox.create_token("4000000000000341")
    for _ in range(3):
        with pytest.raises(CardDeclined):
            gateway.charge(token, ADA, FIVE, order_id="order-7")

    assert 1 == len(sandbox.charges)


def test_a_declined_call_with_another_description_is_another_attempt(sandbox, gateway):
    """What differs is sent, under the next key, and the bank is asked again: once for each."""
    token = sandbox.create_token("4000000000000341")
    for description in ("first", "second", "second"):
        with pytest.raises(CardDeclined):
            gateway.charge(token, ADA, FIVE, order_id="order-7", description=description)

    assert ["first", "second"] == [charge.description for charge in sandbox.charges]


@pytest.mark.parametrize("refusals", [1, 3])
def test_a_refusal_that_leaves_no_charge_does_not_lock_the_order(sandbox, gateway, refusals):
    """The spent slot is noted on the Customer, and the next card goes past it."""
    for _ in range(refusals):
        refusing = sandbox.faults.add(
            Fault.declined("do_not_honor", leaves_charge=False), times=None, path="/v1/charges"
        )
        with refusing, pytest.raises(CardDeclined) as declined:
            gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")
        assert "do_not_honor" == declined.value.decline_code
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")

    assert [payment.charge] == sandbox.charges
    assert False is payment.replayed


@pytest.mark.parametrize("paid", [True, False])
def test_another_amount_for_the_same_order(sandbox, gateway, paid):
    """A paid order is not charged another amount; one whose card was declined is open for it."""
    tokens = [
        sandbox.create_token("4242424242424242" if paid else "4000000000000341"),
        sandbox.create_token(),
    ]
    if paid:
        gateway.charge(tokens[0], ADA, FIVE, order_id="order-7")
        with pytest.raises(OrderConflict) as conflict:
            gateway.charge(tokens[1], ADA, Money(700, "usd"), order_id="order-7")

        assert sandbox.charges[0].id == conflict.value.charge_id
        assert (sandbox.customers[0].id, "order-7") == (
            conflict.value.customer_id,
            conflict.value.order_id,
        )
    else:
        with pytest.raises(CardDeclined):
            gateway.charge(tokens[0], ADA, FIVE, order_id="order-7")
        gateway.charge(tokens[1], ADA, Money(700, "usd"), order_id="order-7")

        assert [(500, False), (700, True)] == [
            (charge.amount.minor, charge.paid) for charge in sandbox.charges
        ]


def test_another_amount_for_the_same_token_is_a_conflict(sandbox, gateway):
    """Without an order_id the token is the purchase: it is charged once, for one amount."""
    token = sandbox.create_token()
    paid = gateway.charge(token, ADA, FIVE)
    with pytest.raises(OrderConflict) as conflict:
        gateway.charge(token, ADA, Money(700, "usd"))

    assert paid.charge.id == conflict.value.charge_id
    assert [paid.charge] == sandbox.charges


@pytest.mark.parametrize("route", ["charges", "payment_intents"])
@pytest.mark.parametrize(
    "other",
    [
        {"description": "foundation"},
        {"metadata": {"book": "2"}},
        {"capture": True},
        {"amount": Money(700, "usd")},
    ],
    ids=["description", "metadata", "capture", "amount"],
)
def test_other_details_of_the_same_token_are_a_conflict(sandbox, route, other):
    """Without an order_id the token is the purchase, and what was said
    about it: it pays for nothing else."""
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route=route)
    details = {"token": sandbox.create_token(), "email": ADA, "amount": FIVE, "capture": False}
    paid = gateway.charge(**details)
    again = gateway.charge(**details)
    with pytest.raises(OrderConflict) as conflict:
        gateway.charge(**{**details, **other})

    assert (paid.charge, True) == (again.charge, again.replayed)
    assert paid.charge.id == conflict.value.charge_id
    assert [paid.charge] == sandbox.charges


def test_another_email_for_the_same_token_is_a_conflict(sandbox, gateway):
    """Without an order there is no telling which is right: it is
    refused, and nothing is charged anew."""
    token = sandbox.create_token()
    paid = gateway.charge(token, ADA, FIVE)
    with pytest.raises(OrderConflict) as conflict:
        gateway.charge(token, "eve@example.com", FIVE)

    assert paid.charge.id == conflict.value.charge_id
    assert 1 == len(sandbox.charges)


def test_a_corrected_email_goes_on_with_the_order(sandbox, gateway):
    """The order's Customer is found and corrected."""
    with pytest.raises(CardDeclined):
        gateway.charge("tok_chargeCustomerFail", "ada@exmaple.com", FIVE, order_id="order-7")
    payment = gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert [ADA] == [customer.email for customer in sandbox.customers]
    assert ADA == payment.customer.email


@pytest.mark.parametrize("lag", [0, 60])
def test_a_customer_beyond_the_newest_hundred_is_searched(lag):
    """An older Customer is found by search; until its index has caught up
    the order is said to be in progress."""
    sandbox = Sandbox(rules=Rules(card_tokens=True, search_lag=lag))
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route="charges")
    with pytest.raises(CardDeclined):
        gateway.charge("tok_chargeCustomerFail", "ada@exmaple.com", FIVE, order_id="order-7")
    for number in range(100):
        gateway.charge("tok_visa", ADA, FIVE, order_id=f"other-{number}")
    if lag:
        with pytest.raises(OrderInProgress) as waiting:
            gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")
        sandbox.advance(lag)

        assert ("customer", "order-7") == (waiting.value.step, waiting.value.order_id)
    payment = gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert [payment.charge] == [c for c in sandbox.charges if c.paid and c.order_id == "order-7"]
    assert 101 == len(sandbox.customers)


def test_two_cards_at_once_pay_an_order_once(sandbox, line):
    """While one tab's charge is under way, another tab is told to wait, and then finds it paid."""
    sandbox.rules.in_flight_first = False
    other = line.gateway()
    seen = []

    def hold(request):
        pending = sandbox.begin(request)
        with pytest.raises(OrderInProgress) as waiting:
            other.charge("tok_mastercard", ADA, FIVE, order_id="order-7")
        seen.append(waiting.value.order_id)
        return sandbox.finish(pending)

    line.plan("POST /v1/charges", hold)
    payment = line.gateway().charge("tok_visa", ADA, FIVE, order_id="order-7")
    late = other.charge("tok_mastercard", ADA, FIVE, order_id="order-7")

    assert ["order-7"] == seen
    assert [payment.charge] == sandbox.charges
    assert (payment.charge, True) == (late.charge, late.replayed)


def test_a_second_tab_waits_a_little_for_the_first(sandbox, line, monkeypatch):
    """If the other charge comes to an end within the pauses, the second tab gets that payment."""
    sandbox.rules.in_flight_first = False
    pending: list[Pending] = []
    payments: list[Payment] = []
    monkeypatch.setattr("time.sleep", lambda seconds: pending and sandbox.finish(pending.pop()))

    def hold(request):
        pending.append(sandbox.begin(request))
        payments.append(line.gateway().charge("tok_mastercard", ADA, FIVE, order_id="order-7"))
        return sandbox.handle(request)

    line.plan("POST /v1/charges", hold)
    first = line.gateway().charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert [first.charge] == sandbox.charges
    assert [first.charge] == [payment.charge for payment in payments]
    assert "visa" == first.charge.card.brand


def test_a_saved_card_is_charged(sandbox, gateway):
    """By default the Customer's default card, else the one named; once per order."""
    customer = gateway.charge("tok_mastercard", ADA, FIVE).customer
    visa = gateway.charge("tok_visa", ADA, FIVE, customer=customer).charge.card.id
    by_default = gateway.charge_customer(customer, FIVE, order_id="order-7")
    by_name = gateway.charge_customer(
        customer.id, FIVE, order_id="order-8", card=visa, capture=False
    )
    again = gateway.charge_customer(customer, FIVE, order_id="order-7")

    assert ("mastercard", "visa") == (by_default.charge.card.brand, by_name.charge.card.brand)
    assert [by_default.charge, by_name.charge] == sandbox.charges[2:]
    assert (by_default.charge, True) == (again.charge, again.replayed)
    assert customer == by_default.customer


def test_a_saved_card_is_charged_once_even_after_its_keys_are_forgotten(sandbox, gateway):
    """The Customer's charges are looked through first."""
    customer = gateway.charge("tok_visa", ADA, FIVE).customer
    first = gateway.charge_customer(customer, FIVE, order_id="order-7")
    sandbox.advance(3 * DAY)
    again = gateway.charge_customer(customer, FIVE, order_id="order-7")

    assert (first.charge, True) == (again.charge, again.replayed)
    assert 2 == len(sandbox.charges)


def test_a_customer_without_a_card_cannot_be_charged(sandbox, gateway):
    """Nobody's bank was asked: a refused request, not a decline."""
    with pytest.raises(CardDeclined) as declined:
        gateway.charge("tok_visa_chargeDeclined", ADA, FIVE, order_id="order-7")
    with pytest.raises(InvalidRequest) as refused:
        gateway.charge_customer(declined.value.customer_id, FIVE, order_id="order-8")

    assert ("missing", "order-8") == (refused.value.code, refused.value.order_id)
    assert [] == sandbox.charges


def test_a_deleted_customer_cannot_be_charged(sandbox, gateway, line):
    """The stub that is left is read as deleted."""
    customer = gateway.charge("tok_visa", ADA, FIVE).customer
    line.send(
        "DELETE",
        f"http://x/v1/customers/{customer.id}",
        {"authorization": f"Bearer {sandbox.secret_key}"},
        b"",
    )
    with pytest.raises(InvalidRequest) as refused:
        gateway.charge_customer(customer, FIVE, order_id="order-7")

    assert True is gateway.get_customer(customer.id).deleted
    assert ("customer", "customer", "order-7") == (
        refused.value.step,
        refused.value.param,
        refused.value.order_id,
    )
    assert 1 == len(sandbox.charges)


def test_keys_name_nobody(sandbox, gateway):
    """Idempotency keys are at most 255 ASCII characters, and hold no token, e-mail or order."""
    token, order = sandbox.create_token(), "order-" + "ö" * 490
    gateway.charge(token, ADA, FIVE, order_id=order)
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE)
    gateway.refund(payment.charge)
    keys = [arrival.idempotency_key for arrival in sandbox.requests if arrival.method == "POST"]

    assert 6 == len(keys) == len(set(keys))
    assert [] == [
        key
        for key in keys
        if len(key) > 255 or not key.isascii() or not key.startswith("tokencharge-")
    ]
    assert [] == [
        key for key in keys if token in key or ADA in key or "order-ö" in key or token[4:] in key
    ]


def test_a_saved_card_that_is_declined_is_declined_again(sandbox, gateway):
    """The same call repeats its decline without asking the bank; another card
    or amount goes on with the order."""
    customer = gateway.charge("tok_visa", ADA, FIVE).customer
    with pytest.raises(CardDeclined) as added:
        gateway.charge("tok_chargeCustomerFail", ADA, FIVE, customer=customer, order_id="order-6")
    bad = next(charge.card.id for charge in sandbox.charges if charge.id == added.value.charge_id)
    for _ in range(2):
        with pytest.raises(CardDeclined):
            gateway.charge_customer(customer, FIVE, order_id="order-7", card=bad)
    with pytest.raises(CardDeclined):
        gateway.charge_customer(customer, Money(700, "usd"), order_id="order-7", card=bad)
    paid = gateway.charge_customer(customer, FIVE, order_id="order-7")

    attempts = [charge for charge in sandbox.charges if charge.order_id == "order-7"]
    assert [(500, False), (700, False), (500, True)] == [
        (each.amount.minor, each.paid) for each in attempts
    ]
    assert paid.charge == attempts[-1]
