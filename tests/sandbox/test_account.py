"""The account itself: who it is, what is in its balance, what its customers' banks object to."""

from __future__ import annotations

import pytest


def test_the_account_tells_who_it_is(either):
    """By its own name or by none; that of another is 403."""
    account = either.get("/v1/account").body
    foreign = either.get("/v1/accounts/acct_1nobody")

    assert account["id"].startswith("acct_1")
    assert ("account", "standard", "US", "usd", True) == tuple(
        account[name] for name in ("object", "type", "country", "default_currency", "charges_enabled")
    )
    assert account == either.get(f"/v1/accounts/{account['id']}").body
    assert (403, "account_invalid") == (foreign.status, foreign.error["code"])


def test_no_account_is_connected(client):
    """The list of connected accounts is empty."""
    assert {"object": "list", "data": [], "has_more": False, "url": "/v1/accounts"} == client.get("/v1/accounts").body


def test_the_balance_adds_up_what_was_booked(client, sandbox):
    """By currency, what is there and what is on its way, less Stripe's fees."""
    empty = client.get("/v1/balance").body
    client.pay("pm_card_bypassPending", amount=10_000, capture_method="automatic")
    client.pay(amount=1_000, currency="eur", capture_method="automatic")
    refunded = client.pay("pm_card_bypassPending", capture_method="automatic").body["id"]
    client.post("/v1/refunds", {"payment_intent": refunded})
    before = client.get("/v1/balance").body
    sandbox.advance(2 * 24 * 3600)
    after = client.get("/v1/balance").body

    assert ("balance", False) == (empty["object"], empty["livemode"])
    assert [[(0, "usd")]] * 2 == [sums(empty[name]) for name in ("available", "pending")]
    assert [[(9_680 - 45, "usd")], [(941, "eur"), (0, "usd")]] == [
        sums(before[name]) for name in ("available", "pending")
    ]
    assert [[(941, "eur"), (9_635, "usd")], [(0, "usd")]] == [sums(after[name]) for name in ("available", "pending")]
    assert {"card": 941} == after["available"][0]["source_types"]


def sums(funds):
    return [(each["amount"], each["currency"]) for each in funds]


def test_what_was_booked_is_listed(client):
    """Newest first; by type, by currency and by what it was for; an unknown type lists nothing."""
    paid = client.pay(capture_method="automatic").body
    euro = client.pay(capture_method="automatic", currency="eur").body
    refund = client.post("/v1/refunds", {"payment_intent": paid["id"]}).body

    def listed(**query):
        return [each["source"] for each in client.get("/v1/balance_transactions", query).body["data"]]

    assert [refund["id"], euro["latest_charge"], paid["latest_charge"]] == listed()
    assert [refund["id"]] == listed(type="refund")
    assert [euro["latest_charge"]] == listed(currency="eur")
    assert [paid["latest_charge"]] == listed(source=paid["latest_charge"])
    assert [] == listed(type="nothing")


@pytest.mark.parametrize(
    ("description", "told"), [(None, "REFUND FOR CHARGE ({charge})"), ("Shoes", "REFUND FOR CHARGE (Shoes)")]
)
def test_a_refund_is_booked_under_its_charges_name(client, description, told):
    """Its description, or its id where there is none."""
    form = {} if description is None else {"description": description}
    charge = client.pay(capture_method="automatic", **form).body["latest_charge"]
    refund = client.post("/v1/refunds", {"charge": charge}).body["balance_transaction"]
    booked = client.get(f"/v1/balance_transactions/{refund}").body

    assert (told.format(charge=charge), "refund", []) == (
        booked["description"],
        booked["reporting_category"],
        booked["fee_details"],
    )


def test_an_unknown_balance_transaction_is_missing(client):
    """It is called by two words."""
    answer = client.get("/v1/balance_transactions/txn_nope")

    assert (404, "No such balance transaction: 'txn_nope'", "id") == (
        answer.status,
        answer.error["message"],
        answer.error["param"],
    )


def test_a_disputed_payment_is_taken_back(client, sandbox):
    """The bank takes the money and Stripe its fee, as soon as the payment is made; the charge names the dispute."""
    paid = client.pay("pm_card_createDispute").body
    charge = client.get(f"/v1/charges/{paid['latest_charge']}").body
    dispute = client.get(f"/v1/disputes/{charge['dispute']}").body
    (booked,) = dispute["balance_transactions"]
    refund = client.post("/v1/refunds", {"payment_intent": paid["id"]})

    assert (True, "succeeded") == (charge["disputed"], paid["status"])
    assert ("dispute", charge["id"], paid["id"], 500, "needs_response", False) == tuple(
        dispute[name] for name in ("object", "charge", "payment_intent", "amount", "status", "is_charge_refundable")
    )
    assert (-500, 1_500, -2_000, "adjustment", "dispute", dispute["id"]) == tuple(
        booked[name] for name in ("amount", "fee", "net", "type", "reporting_category", "source")
    )
    assert booked == client.get(f"/v1/balance_transactions/{dispute['balance_transaction']}").body
    assert (400, "charge_disputed") == (refund.status, refund.error["code"])
    assert [
        "payment_intent.created",
        "charge.succeeded",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "payment_intent.succeeded",
    ] == [event.type for event in sandbox.events]


def test_a_disputed_hold_is_disputed_at_its_capture(client, sandbox):
    """Until then there is nothing to take back."""
    held = client.pay("pm_card_createDispute", capture_method="manual").body
    before = client.get("/v1/disputes").body["data"]
    client.post(f"/v1/payment_intents/{held['id']}/capture")
    (after,) = client.get("/v1/disputes").body["data"]

    assert ([], held["latest_charge"]) == (before, after["charge"])
    assert [
        "charge.captured",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "payment_intent.succeeded",
    ] == [event.type for event in sandbox.events][-4:]


@pytest.mark.parametrize("method", ["pm_card_createDisputeInquiry", "pm_card_visa_createDisputeInquiry"])
def test_a_bank_may_only_ask(client, method):
    """An inquiry takes no money, and the charge can be refunded."""
    paid = client.pay(method).body
    dispute = client.get(f"/v1/charges/{paid['latest_charge']}/dispute").body
    refund = client.post("/v1/refunds", {"payment_intent": paid["id"]})

    assert ("warning_needs_response", True, None, []) == tuple(
        dispute[name] for name in ("status", "is_charge_refundable", "balance_transaction", "balance_transactions")
    )
    assert 200 == refund.status


def test_disputes_are_listed(client):
    """Newest first, counted where it is said of what; each can be looked at under its charge."""
    first, second = (client.pay("pm_card_createDispute").body for _ in range(2))
    listed = client.get("/v1/disputes").body
    of_one = client.get("/v1/disputes", {"payment_intent": first["id"]}).body
    by_charge = client.get("/v1/disputes", {"charge": first["latest_charge"]}).body

    assert [second["latest_charge"], first["latest_charge"]] == [each["charge"] for each in listed["data"]]
    assert ("count" in listed, 1, of_one) == (False, of_one["count"], by_charge)
    assert of_one["data"][0] == client.get(f"/v1/charges/{first['latest_charge']}/dispute").body


def test_what_is_not_disputed_has_no_dispute(client):
    """404, as for one that is not there."""
    paid = client.pay().body["latest_charge"]
    none = client.get(f"/v1/charges/{paid}/dispute")
    unknown = client.get("/v1/disputes/du_1nothing")

    assert (404, f"No dispute for charge: {paid}") == (none.status, none.error["message"])
    assert 404 == client.get("/v1/charges/ch_1nothing/dispute").status
    assert (404, "resource_missing", "dispute") == (unknown.status, unknown.error["code"], unknown.error["param"])
