"""The account itself: who it is, and what is in its balance."""

from __future__ import annotations

import pytest

DAY = 24 * 3600


def test_the_account_tells_who_it_is(either):
    """By its own name or by none; that of another is 403."""
    account = either.get("/v1/account").body
    foreign = either.get("/v1/accounts/acct_1nobody")

    assert account["id"].startswith("acct_1")
    assert ("account", "standard", "US", "usd", True) == tuple(
        account[name]
        for name in ("object", "type", "country", "default_currency", "charges_enabled")
    )
    assert account == either.get(f"/v1/accounts/{account['id']}").body
    assert (403, "account_invalid") == (foreign.status, foreign.error["code"])


def test_no_account_is_connected(client):
    """The list of connected accounts is empty."""
    assert {"object": "list", "data": [], "has_more": False, "url": "/v1/accounts"} == client.get(
        "/v1/accounts"
    ).body


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
    assert [[(941, "eur"), (9_635, "usd")], [(0, "usd")]] == [
        sums(after[name]) for name in ("available", "pending")
    ]
    assert {"card": 941} == after["available"][0]["source_types"]


def sums(funds):
    return [(each["amount"], each["currency"]) for each in funds]


def test_money_is_available_once_its_time_has_come(client, sandbox):
    """A charge's is pending until its `available_on`, and available
    from then on; a refund's is at once."""
    charge = client.pay(capture_method="automatic").body["latest_charge"]
    booked = client.get(f"/v1/charges/{charge}").body["balance_transaction"]
    client.post("/v1/refunds", {"charge": charge, "amount": 100})

    def statuses():
        return [each["status"] for each in client.get("/v1/balance_transactions").body["data"]]

    at_first = statuses()
    sandbox.advance(2 * DAY - 1)
    before = statuses()
    sandbox.advance(1)

    assert [["available", "pending"]] * 2 == [at_first, before]
    assert ["available"] * 2 == statuses()
    assert "available" == client.get(f"/v1/balance_transactions/{booked}").body["status"]


def test_what_was_booked_is_listed(client):
    """Newest first; by type, by currency and by what it was for; an unknown type lists nothing."""
    paid = client.pay(capture_method="automatic").body
    euro = client.pay(capture_method="automatic", currency="eur").body
    refund = client.post("/v1/refunds", {"payment_intent": paid["id"]}).body

    def listed(**query):
        return [
            each["source"] for each in client.get("/v1/balance_transactions", query).body["data"]
        ]

    assert [refund["id"], euro["latest_charge"], paid["latest_charge"]] == listed()
    assert [refund["id"]] == listed(type="refund")
    assert [euro["latest_charge"]] == listed(currency="eur")
    assert [paid["latest_charge"]] == listed(source=paid["latest_charge"])
    assert [] == listed(type="nothing")


@pytest.mark.parametrize(
    ("description", "told"),
    [(None, "REFUND FOR CHARGE ({charge})"), ("Shoes", "REFUND FOR CHARGE (Shoes)")],
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
