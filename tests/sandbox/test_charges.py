"""Charges: made, captured, changed."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.curl import NOW

pytestmark = pytest.mark.card_tokens

DAY = 24 * 3600


def test_a_customer_is_charged(either):
    """The customer's default card pays, and the charge says all about it."""
    customer = either.customer("tok_visa")
    card = either.get(f"/v1/customers/{customer}").body["default_source"]
    charge = either.post(
        "/v1/charges",
        {
            "customer": customer,
            "amount": 500,
            "currency": "usd",
            "description": "Flask Charge",
            "receipt_email": "ada@example.com",
            "statement_descriptor_suffix": "FLASK",
            "metadata[order_id]": "7",
        },
    ).body

    assert charge["id"].startswith("ch_1")
    assert ("charge", NOW, False, "succeeded", True, True, False) == tuple(
        charge[name]
        for name in ("object", "created", "livemode", "status", "paid", "captured", "refunded")
    )
    assert (500, 500, 0, "usd") == tuple(
        charge[name] for name in ("amount", "amount_captured", "amount_refunded", "currency")
    )
    assert (customer, card, card) == (
        charge["customer"],
        charge["payment_method"],
        charge["source"]["id"],
    )
    assert ("Flask Charge", "ada@example.com", "SANDBOX* FLASK", {"order_id": "7"}) == tuple(
        charge[name]
        for name in ("description", "receipt_email", "calculated_statement_descriptor", "metadata")
    )
    assert (None, None, "authorized") == (
        charge["failure_code"],
        charge["payment_intent"],
        charge["outcome"]["type"],
    )
    assert charge["receipt_url"].startswith("https://")
    assert charge["balance_transaction"].startswith("txn_1")
    assert charge == either.get(f"/v1/charges/{charge['id']}").body


def test_a_charge_is_about_as_long_as_stripes(client):
    """The body is as large as the real thing, written out as Stripe does."""
    assert 2_500 < len(json.dumps(client.charge().body, indent=2)) < 5_000


def test_a_token_can_be_charged_directly(client):
    """A charge needs no customer."""
    charge = client.charge().body

    assert (None, None, "succeeded") == (
        charge["customer"],
        charge["source"]["customer"],
        charge["status"],
    )


def test_one_of_a_customers_cards_can_be_chosen(client):
    """`customer` and `source` together name a card that the customer holds."""
    customer = client.customer("tok_visa")
    card = client.post(f"/v1/customers/{customer}/sources", {"source": "tok_amex"}).body["id"]

    assert card == client.charge(card, customer=customer).body["payment_method"]


def test_a_token_is_not_a_card_of_the_customer(client):
    """`customer` with a token is 404 about a card, whatever the parameter is called."""
    customer = client.customer("tok_visa")
    answer = client.charge("tok_visa", customer=customer)

    assert 404 == answer.status
    assert {
        "type": "invalid_request_error",
        "code": "resource_missing",
        "message": f"Customer {customer} does not have card with ID tok_visa",
        "param": "card",
    } == answer.error


def test_a_customer_without_a_card_cannot_be_charged(client):
    """It is the card that is missing: 402."""
    answer = client.post(
        "/v1/charges", {"customer": client.customer(), "amount": 500, "currency": "usd"}
    )

    assert 402 == answer.status
    assert ("card_error", "missing", "card") == tuple(
        answer.error[name] for name in ("type", "code", "param")
    )


def test_an_unknown_customer_cannot_be_charged(client):
    """In a form, an unknown id is 400."""
    answer = client.charge(customer="cus_nobody")

    assert (400, "resource_missing", "customer") == (
        answer.status,
        answer.error["code"],
        answer.error["param"],
    )


def test_money_is_held_and_captured(either):
    """With `capture=false` the money is held, and taken by a capture."""
    held = either.charge(capture="false", statement_descriptor="SHOP").body
    taken = either.post(
        f"/v1/charges/{held['id']}/capture", {"receipt_email": "ada@example.com"}
    ).body

    assert (True, False, 0, None, "SANDBOX* SHOP") == (
        held["paid"],
        held["captured"],
        held["amount_captured"],
        held["balance_transaction"],
        held["calculated_statement_descriptor"],
    )
    assert (True, 500, 0, "ada@example.com") == (
        taken["captured"],
        taken["amount_captured"],
        taken["amount_refunded"],
        taken["receipt_email"],
    )
    assert taken["balance_transaction"].startswith("txn_1")


def test_what_is_not_captured_is_released(client, sandbox):
    """A partial capture lets the rest go, of which no refund tells."""
    held = client.charge(capture="false").body["id"]
    taken = client.post(f"/v1/charges/{held}/capture", {"amount": 300}).body

    booked = client.get(f"/v1/balance_transactions/{taken['balance_transaction']}").body

    assert (500, 300, 0, False) == tuple(
        taken[name] for name in ("amount", "amount_captured", "amount_refunded", "refunded")
    )
    assert 300 == booked["amount"]
    assert [] == sandbox.refunds


def test_what_was_captured_in_part_is_refunded_in_whole(client):
    """What was never taken cannot be given back: the part captured is all there is."""
    held = client.charge(capture="false").body["id"]
    client.post(f"/v1/charges/{held}/capture", {"amount": 300})
    too_much = client.post("/v1/refunds", {"charge": held, "amount": 301})
    refund = client.post("/v1/refunds", {"charge": held}).body
    after = client.get(f"/v1/charges/{held}").body

    assert (400, "amount") == (too_much.status, too_much.error["param"])
    assert (300, 300, True) == (refund["amount"], after["amount_refunded"], after["refunded"])


def test_a_charge_is_captured_once(client):
    """The second capture is 400."""
    charge = client.charge().body["id"]
    answer = client.post(f"/v1/charges/{charge}/capture")

    assert (400, "charge_already_captured") == (answer.status, answer.error["code"])
    assert f"Charge {charge} has already been captured." == answer.error["message"]


def test_no_more_can_be_captured_than_was_held(client):
    """Too large and too small amounts are 400, and capture nothing."""
    charge = client.charge(capture="false").body["id"]
    large = client.post(f"/v1/charges/{charge}/capture", {"amount": 501})
    small = client.post(f"/v1/charges/{charge}/capture", {"amount": 49})

    assert ("amount_too_large", "amount_too_small") == (large.error["code"], small.error["code"])
    assert not client.get(f"/v1/charges/{charge}").body["captured"]


def test_a_failed_or_released_charge_cannot_be_captured(client):
    """There is nothing to take."""
    failed = client.charge("tok_chargeDeclined", capture="false").error["charge"]
    released = client.charge(capture="false").body["id"]
    client.post("/v1/refunds", {"charge": released})

    assert 400 == client.post(f"/v1/charges/{failed}/capture").status
    answer = client.post(f"/v1/charges/{released}/capture")
    assert (400, "charge_already_refunded") == (answer.status, answer.error["code"])


def test_an_authorization_lapses_after_seven_days(client, sandbox):
    """What was not captured by then is let go: it can be neither captured
    nor refunded, and looks as it did."""
    lapsed, taken, let_go = (client.charge(capture="false").body["id"] for _ in range(3))
    before = client.get(f"/v1/charges/{lapsed}").body
    client.post(f"/v1/charges/{taken}/capture")
    client.post("/v1/refunds", {"charge": let_go})
    sandbox.advance(7 * DAY)
    captured = client.post(f"/v1/charges/{lapsed}/capture")
    refunded = client.post("/v1/refunds", {"charge": lapsed})

    assert (400, "charge_expired_for_capture") == (captured.status, captured.error["code"])
    assert (400, "charge") == (refunded.status, refunded.error["param"])
    assert before == client.get(f"/v1/charges/{lapsed}").body
    assert [False, False, True] == [charge.refunded for charge in sandbox.charges]
    assert [let_go] == [refund.charge_id for refund in sandbox.refunds]


def test_a_hold_says_until_when_it_is_good(client):
    """The charge of a hold names the end of its authorization; one
    that is captured at once has none."""
    held, taken = client.charge(capture="false").body, client.charge().body

    assert NOW + 7 * DAY == held["payment_method_details"]["card"]["capture_before"]
    assert "capture_before" not in taken["payment_method_details"]["card"]


def test_a_charge_can_be_changed(client):
    """Words and metadata can be changed, and a customer given once."""
    charge = client.charge(description="before").body["id"]
    customer = client.customer()
    changes = {"description": "after", "metadata[a]": "1", "customer": customer}
    changed = client.post(f"/v1/charges/{charge}", changes).body
    again = client.post(f"/v1/charges/{charge}", {"customer": customer})
    sent = {
        "shipping[name]": "Ada",
        "shipping[address][country]": "DE",
        "fraud_details[user_report]": "safe",
    }
    unset = client.post(f"/v1/charges/{charge}", {"description": "", **sent}).body
    nobody = client.post(f"/v1/charges/{charge}", {"customer": "cus_nobody"})

    assert ("after", {"a": "1"}, customer) == (
        changed["description"],
        changed["metadata"],
        changed["customer"],
    )
    assert (400, "customer") == (again.status, again.error["param"])
    assert (400, "resource_missing") == (nobody.status, nobody.error["code"])
    assert (None, {"a": "1"}, {"user_report": "safe"}) == tuple(
        unset[name] for name in ("description", "metadata", "fraud_details")
    )
    assert {
        "address": {
            "city": None,
            "country": "DE",
            "line1": None,
            "line2": None,
            "postal_code": None,
            "state": None,
        },
        "carrier": None,
        "name": "Ada",
        "phone": None,
        "tracking_number": None,
    } == unset["shipping"]


def test_an_unknown_charge_is_404(client):
    """In a path, an unknown id is 404."""
    for answer in (
        client.get("/v1/charges/ch_1nothing"),
        client.post("/v1/charges/ch_1nothing"),
        client.post("/v1/charges/ch_1nothing/capture"),
    ):
        assert (404, "No such charge: 'ch_1nothing'") == (answer.status, answer.error["message"])


@pytest.mark.parametrize("token", ["tok_createDispute", "tok_visa_createDispute"])
def test_some_cards_are_disputed_at_once(client, token):
    """The charge is disputed as it is made, and cannot be refunded."""
    charge = client.charge(token).body
    refund = client.post("/v1/refunds", {"charge": charge["id"]})

    assert (True, True) == (charge["disputed"], charge["paid"])
    assert charge["dispute"].startswith("du_1")
    assert (400, "charge_disputed") == (refund.status, refund.error["code"])
    assert (
        f"Charge {charge['id']} has been charged back; cannot issue a refund."
        == refund.error["message"]
    )


def test_a_hold_is_disputed_when_it_is_captured(client):
    """What was not taken cannot be fought over."""
    held = client.charge("tok_createDispute", capture="false").body
    taken = client.post(f"/v1/charges/{held['id']}/capture").body

    assert (False, True) == (held["disputed"], taken["disputed"])


def test_a_charge_is_booked(client):
    """The balance transaction holds the amount, Stripe's fee and what is left."""
    name = client.charge(amount=10_000).body["balance_transaction"]
    booked = client.get(f"/v1/balance_transactions/{name}").body

    assert (10_000, 320, 9_680, "usd", "charge", "pending", NOW + 2 * DAY) == tuple(
        booked[name]
        for name in ("amount", "fee", "net", "currency", "type", "status", "available_on")
    )
    assert [320] == [fee["amount"] for fee in booked["fee_details"]]


def test_some_cards_bring_their_money_at_once(client):
    """`tok_bypassPending` goes straight to the available balance."""
    name = client.charge("tok_bypassPending").body["balance_transaction"]

    assert "available" == client.get(f"/v1/balance_transactions/{name}").body["status"]


def test_an_unknown_balance_transaction_is_404(client):
    """In a path, an unknown id is 404."""
    assert 404 == client.get("/v1/balance_transactions/txn_1nothing").status
