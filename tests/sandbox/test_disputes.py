"""Disputes: opened by the bank of some test cards, answered or given in to by the shop."""

from __future__ import annotations

import pytest


def disputed(client, method="pm_card_createDispute", **form):
    """Pay with a card that is disputed at once; return the Dispute."""
    paid = client.pay(method, **form).body
    return client.get(f"/v1/charges/{paid['latest_charge']}/dispute").body


def answer(client, dispute, text, **form):
    return client.post(
        f"/v1/disputes/{dispute['id']}", {"evidence[uncategorized_text]": text, **form}
    )


def wait(sandbox):
    sandbox.advance(sandbox.rules.booking_time)


def types(sandbox, since):
    """What happened to disputes since so many events."""
    return [
        event.type for event in sandbox.events[since:] if event.type.startswith("charge.dispute.")
    ]


def test_a_disputed_payment_is_taken_back(client, sandbox):
    """The bank takes the money and Stripe its fee, as soon as the payment is
    made; the charge names the dispute."""
    paid = client.pay("pm_card_createDispute").body
    charge = client.get(f"/v1/charges/{paid['latest_charge']}").body
    dispute = client.get(f"/v1/disputes/{charge['dispute']}").body
    (booked,) = dispute["balance_transactions"]
    refund = client.post("/v1/refunds", {"payment_intent": paid["id"]})

    assert (True, "succeeded") == (charge["disputed"], paid["status"])
    assert ("dispute", charge["id"], paid["id"], 500, "needs_response", False) == tuple(
        dispute[name]
        for name in (
            "object",
            "charge",
            "payment_intent",
            "amount",
            "status",
            "is_charge_refundable",
        )
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
    """Until then there is nothing to take back, and then no more than was taken."""
    held = client.pay("pm_card_createDispute", capture_method="manual").body
    before = client.get("/v1/disputes").body["data"]
    client.post(f"/v1/payment_intents/{held['id']}/capture", {"amount_to_capture": 300})
    (after,) = client.get("/v1/disputes").body["data"]

    assert ([], held["latest_charge"], 300) == (before, after["charge"], after["amount"])
    assert [-300] == [booked["amount"] for booked in after["balance_transactions"]]
    assert [
        "charge.captured",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "payment_intent.succeeded",
    ] == [event.type for event in sandbox.events][-4:]


@pytest.mark.parametrize(
    "method", ["pm_card_createDisputeInquiry", "pm_card_visa_createDisputeInquiry"]
)
def test_a_bank_may_only_ask(client, method):
    """An inquiry takes no money, and the charge can be refunded."""
    paid = client.pay(method).body
    dispute = client.get(f"/v1/charges/{paid['latest_charge']}/dispute").body
    refund = client.post("/v1/refunds", {"payment_intent": paid["id"]})

    assert ("warning_needs_response", True, None, []) == tuple(
        dispute[name]
        for name in (
            "status",
            "is_charge_refundable",
            "balance_transaction",
            "balance_transactions",
        )
    )
    assert 200 == refund.status


def test_disputes_are_listed(client):
    """Newest first, counted where it is said of what; each can be looked at under its charge."""
    first, second = (client.pay("pm_card_createDispute").body for _ in range(2))
    listed = client.get("/v1/disputes").body
    of_one = client.get("/v1/disputes", {"payment_intent": first["id"]}).body
    by_charge = client.get("/v1/disputes", {"charge": first["latest_charge"]}).body

    assert [second["latest_charge"], first["latest_charge"]] == [
        each["charge"] for each in listed["data"]
    ]
    assert ("count" in listed, 1, of_one) == (False, of_one["count"], by_charge)
    assert of_one["data"][0] == client.get(f"/v1/charges/{first['latest_charge']}/dispute").body


def test_what_is_not_disputed_has_no_dispute(client):
    """404, as for one that is not there."""
    paid = client.pay().body["latest_charge"]
    none = client.get(f"/v1/charges/{paid}/dispute")
    unknown = client.get("/v1/disputes/du_1nothing")

    assert (404, f"No dispute for charge: {paid}") == (none.status, none.error["message"])
    assert 404 == client.get("/v1/charges/ch_1nothing/dispute").status
    assert (404, "resource_missing", "dispute") == (
        unknown.status,
        unknown.error["code"],
        unknown.error["param"],
    )


def test_a_dispute_tells_what_is_known_of_the_buyer(client):
    """Its evidence begins with that, and is due at the end of a day."""
    customer = client.customer(email="ada@example.com", name="Ada")
    known = disputed(client, customer=customer, description="Shoes")
    unknown = disputed(client)

    assert ("ada@example.com", "Ada", "Shoes") == tuple(
        known["evidence"][name]
        for name in ("customer_email_address", "customer_name", "product_description")
    )
    assert {None} == {
        text for name, text in unknown["evidence"].items() if name != "enhanced_evidence"
    }
    assert 0 == (known["evidence_details"]["due_by"] + 1) % (24 * 3600)


def test_a_dispute_is_won(either, sandbox):
    """Evidence sends it under review; the money comes back, and the charge can be refunded then."""
    dispute = disputed(either)
    since = len(sandbox.events)
    reviewed = answer(either, dispute, "winning_evidence").body
    wait(sandbox)
    won = either.get(f"/v1/disputes/{dispute['id']}").body
    refund = either.post("/v1/refunds", {"charge": dispute["charge"]})

    assert ("under_review", "winning_evidence", True, 1) == (
        reviewed["status"],
        reviewed["evidence"]["uncategorized_text"],
        reviewed["evidence_details"]["has_evidence"],
        reviewed["evidence_details"]["submission_count"],
    )
    assert ("won", [-500, 500], True) == (
        won["status"],
        [booked["amount"] for booked in won["balance_transactions"]],
        won["is_charge_refundable"],
    )
    assert 200 == refund.status
    assert [
        "charge.dispute.updated",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ] == types(sandbox, since)


def test_a_dispute_is_lost(client, sandbox):
    """The money stays away, and the charge cannot be refunded."""
    dispute = disputed(client)
    since = len(sandbox.events)
    answer(client, dispute, "losing_evidence")
    wait(sandbox)
    lost = client.get(f"/v1/disputes/{dispute['id']}").body

    assert ("lost", [-500], False) == (
        lost["status"],
        [booked["amount"] for booked in lost["balance_transactions"]],
        lost["is_charge_refundable"],
    )
    assert (
        "charge_disputed" == client.post("/v1/refunds", {"charge": dispute["charge"]}).error["code"]
    )
    assert ["charge.dispute.updated", "charge.dispute.closed"] == types(sandbox, since)


def test_what_a_won_dispute_brought_back_is_available_later(client, sandbox):
    """The dispute lists what was booked as it is by then."""
    dispute = disputed(client)
    answer(client, dispute, "winning_evidence")
    wait(sandbox)

    def booked():
        return client.get(f"/v1/disputes/{dispute['id']}").body["balance_transactions"]

    at_first = [each["status"] for each in booked()]
    sandbox.advance(2 * 24 * 3600)

    assert ["available", "pending"] == at_first
    assert ["available"] * 2 == [each["status"] for each in booked()]
    assert booked()[1] == client.get(f"/v1/balance_transactions/{booked()[1]['id']}").body


@pytest.mark.parametrize("text", ["It was delivered.", "escalate_inquiry_evidence"])
def test_other_evidence_decides_nothing(client, sandbox, text):
    """The dispute stays under review."""
    dispute = disputed(client)
    answer(client, dispute, text)
    wait(sandbox)

    assert "under_review" == client.get(f"/v1/disputes/{dispute['id']}").body["status"]


def test_evidence_can_be_collected_first(client, sandbox):
    """With `submit=false` nothing is sent, and notes are no evidence."""
    dispute = disputed(client)
    since = len(sandbox.events)
    collected = answer(client, dispute, "winning_evidence", submit="false").body
    noted = client.post(f"/v1/disputes/{dispute['id']}", {"metadata[a]": "1"}).body
    client.post(f"/v1/disputes/{dispute['id']}")
    wait(sandbox)

    assert ("needs_response", "winning_evidence", False) == (
        collected["status"],
        collected["evidence"]["uncategorized_text"],
        collected["evidence_details"]["has_evidence"],
    )
    assert (
        {**collected, "metadata": {"a": "1"}}
        == noted
        == client.get(f"/v1/disputes/{dispute['id']}").body
    )
    assert ["charge.dispute.updated"] * 2 == types(sandbox, since)


def test_a_shop_may_give_in(client, sandbox):
    """Closed, a dispute is lost: it can be neither answered nor closed
    again, and no bank decides any more."""
    dispute = disputed(client)
    answer(client, dispute, "winning_evidence")
    closed = client.post(f"/v1/disputes/{dispute['id']}/close").body
    again = [
        client.post(f"/v1/disputes/{dispute['id']}/close"),
        answer(client, dispute, "winning_evidence"),
    ]
    wait(sandbox)

    assert "lost" == closed["status"]
    assert closed == client.get(f"/v1/disputes/{dispute['id']}").body
    assert [(400, "This dispute is already closed")] * 2 == [
        (each.status, each.error["message"]) for each in again
    ]


@pytest.mark.parametrize("text", ["winning_evidence", "losing_evidence"])
def test_an_inquiry_is_closed_by_an_answer(client, sandbox, text):
    """No money was taken, so none comes back."""
    inquiry = disputed(client, "pm_card_createDisputeInquiry")
    reviewed = answer(client, inquiry, text).body
    wait(sandbox)
    closed = client.get(f"/v1/disputes/{inquiry['id']}").body

    assert ("warning_under_review", "warning_closed") == (reviewed["status"], closed["status"])
    assert [] == closed["balance_transactions"]


def test_an_inquiry_may_become_a_chargeback(client, sandbox):
    """Then the money is taken, and the charge can no longer be refunded."""
    inquiry = disputed(client, "pm_card_createDisputeInquiry")
    since = len(sandbox.events)
    answer(client, inquiry, "escalate_inquiry_evidence")
    wait(sandbox)
    dispute = client.get(f"/v1/disputes/{inquiry['id']}").body

    assert ("inquiry", "chargeback") == tuple(
        each["payment_method_details"]["card"]["case_type"] for each in (inquiry, dispute)
    )
    assert ("needs_response", [-500], False) == (
        dispute["status"],
        [booked["amount"] for booked in dispute["balance_transactions"]],
        dispute["is_charge_refundable"],
    )
    assert (
        "charge_disputed" == client.post("/v1/refunds", {"charge": inquiry["charge"]}).error["code"]
    )
    assert "charge.dispute.funds_withdrawn" in types(sandbox, since)


def test_evidence_has_stripes_fields_only(client):
    """Any other is unknown."""
    refused = client.post(f"/v1/disputes/{disputed(client)['id']}", {"evidence[nope]": "1"})

    assert (400, "parameter_unknown", "evidence[nope]") == (
        refused.status,
        refused.error["code"],
        refused.error["param"],
    )
