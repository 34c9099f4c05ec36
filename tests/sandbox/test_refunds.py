"""Refunds: all, part, none."""

from __future__ import annotations

import pytest

from tests.sandbox.curl import NOW

pytestmark = pytest.mark.card_tokens


def refund(client, charge, **form):
    return client.post("/v1/refunds", {"charge": charge, **form})


def test_a_charge_is_refunded(either):
    """Without an amount everything goes back, and the charge says so."""
    charge = either.charge().body["id"]
    made = refund(either, charge, reason="requested_by_customer", **{"metadata[a]": "1"}).body
    after = either.get(f"/v1/charges/{charge}").body
    booked = either.get(f"/v1/balance_transactions/{made['balance_transaction']}").body

    assert made["id"].startswith("re_1")
    assert (
        "refund",
        NOW,
        500,
        "usd",
        charge,
        "succeeded",
        "requested_by_customer",
        {"a": "1"},
    ) == tuple(
        made[name]
        for name in (
            "object",
            "created",
            "amount",
            "currency",
            "charge",
            "status",
            "reason",
            "metadata",
        )
    )
    assert (500, True, 500) == (
        after["amount_refunded"],
        after["refunded"],
        after["amount_captured"],
    )
    assert (-500, 0, "refund", made["id"]) == tuple(
        booked[name] for name in ("amount", "fee", "type", "source")
    )
    assert made == either.get(f"/v1/refunds/{made['id']}").body


def test_a_charge_is_refunded_in_parts(client):
    """Parts add up until all is given back."""
    charge = client.charge().body["id"]
    refund(client, charge, amount=200)
    part = client.get(f"/v1/charges/{charge}").body
    refund(client, charge)
    whole = client.get(f"/v1/charges/{charge}").body

    assert (200, False) == (part["amount_refunded"], part["refunded"])
    assert (500, True) == (whole["amount_refunded"], whole["refunded"])


def test_no_more_can_be_refunded_than_is_left(client):
    """Too much is 400 on the amount, without a code, and says how much there is."""
    charge = client.charge(amount=3_000).body["id"]
    before = refund(client, charge, amount=3_001)
    refund(client, charge, amount=500)
    after = refund(client, charge, amount=3_000)

    assert [400, 400] == [before.status, after.status]
    assert {
        "message": "Refund amount ($30.01) is greater than charge amount ($30.00)",
        "param": "amount",
        "type": "invalid_request_error",
    } == before.error
    assert (
        "Refund amount ($30.00) is greater than unrefunded amount on charge ($25.00)"
        == after.error["message"]
    )


@pytest.mark.parametrize(
    ("currency", "amount", "written"),
    [
        ("jpy", 1_500, "\u00a51,500"),
        ("eur", 123_456, "\u20ac1,234.56"),
        ("bhd", 5_000, "5.000"),
        ("sek", 900, "9.00"),
    ],
)
def test_amounts_are_written_as_their_currency_is(client, currency, amount, written):
    """Errors write amounts with the places and the sign of their currency."""
    charge = client.charge(currency=currency, amount=amount).body["id"]

    assert (
        f"charge amount ({written})" in refund(client, charge, amount=amount + 10).error["message"]
    )


def test_a_charge_is_refunded_once(client):
    """Where nothing is left, another refund is 400."""
    charge = client.charge().body["id"]
    refund(client, charge)
    answer = refund(client, charge)

    assert (400, "charge_already_refunded") == (answer.status, answer.error["code"])
    assert f"Charge {charge} has already been refunded." == answer.error["message"]


def test_an_authorization_is_let_go_as_a_whole(client):
    """Refunding what is not captured voids it; a part of it is 400."""
    charge = client.charge(capture="false").body["id"]
    part = refund(client, charge, amount=200)
    whole = refund(client, charge).body
    after = client.get(f"/v1/charges/{charge}").body

    assert (400, "amount") == (part.status, part.error["param"])
    assert (500, None, "reversal") == (
        whole["amount"],
        whole["balance_transaction"],
        whole["destination_details"]["card"]["type"],
    )
    assert (True, False, 0) == (after["refunded"], after["captured"], after["amount_captured"])


def test_a_failed_or_unknown_charge_cannot_be_refunded(client):
    """There is nothing to give back; a charge that is not there is
    404, though a parameter names it."""
    failed = client.charge("tok_chargeDeclined").error["charge"]
    unknown = refund(client, "ch_1nothing")

    assert 400 == refund(client, failed).status
    assert (404, "resource_missing", "id") == (
        unknown.status,
        unknown.error["code"],
        unknown.error["param"],
    )


def test_reasons_are_stripes_three(client):
    """Any other reason is 400, and the three are named."""
    answer = refund(client, client.charge().body["id"], reason="because")

    assert (400, "reason") == (answer.status, answer.error["param"])
    assert (
        "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer"
    ) == answer.error["message"]


def test_a_refund_may_be_pending_first(client, sandbox):
    """`tok_pendingRefund`: the refund succeeds when the bank names it."""
    made = refund(client, client.charge("tok_pendingRefund").body["id"]).body
    sandbox.advance(sandbox.rules.booking_time)

    assert "pending" == made["status"]
    assert "succeeded" == client.get(f"/v1/refunds/{made['id']}").body["status"]


def test_a_refund_may_fail_later(client, sandbox):
    """`tok_refundFail`: the refund fails a little later, and the charge has its money again."""
    charge = client.charge("tok_refundFail").body["id"]
    refund(client, charge)
    sandbox.advance(sandbox.rules.booking_time)
    (failed,) = sandbox.refunds
    after = client.get(f"/v1/charges/{charge}").body

    assert ("failed", "expired_or_canceled_card") == (failed.status, failed.failure_reason)
    assert (0, False) == (after["amount_refunded"], after["refunded"])


def test_the_bank_names_a_refund_a_little_later(client, sandbox):
    """The reference is pending at first, and digits once the
    bank has it; a hold let go has none."""
    made = refund(client, client.charge().body["id"]).body
    let_go = refund(client, client.charge(capture="false").body["id"]).body
    sandbox.advance(sandbox.rules.booking_time)
    after = client.get(f"/v1/refunds/{made['id']}").body["destination_details"]

    assert {
        "card": {
            "reference_status": "pending",
            "reference_type": "acquirer_reference_number",
            "type": "refund",
        },
        "type": "card",
    } == made["destination_details"]
    assert ("available", True) == (
        after["card"]["reference_status"],
        after["card"]["reference"].isdigit(),
    )
    assert let_go == client.get(f"/v1/refunds/{let_go['id']}").body


def test_a_refund_says_whose_money_it_was(client):
    """It names customer and card, and leaves out what Stripe's leaves out."""
    customer = client.customer("tok_visa")
    charge = client.post(
        "/v1/charges", {"customer": customer, "amount": 500, "currency": "usd"}
    ).body
    made = refund(client, charge["id"]).body

    assert (customer, None, charge["payment_method"]) == tuple(
        made[name] for name in ("customer", "customer_account", "payment_method")
    )
    assert not {"livemode", "failure_reason", "description"} & made.keys()


def test_what_is_noted_on_a_refund_can_be_changed(client, sandbox):
    """Metadata can, as ever, and that is told twice."""
    made = refund(client, client.charge().body["id"], **{"metadata[a]": "1"}).body
    changed = client.post(f"/v1/refunds/{made['id']}", {"metadata[a]": "", "metadata[b]": "2"}).body
    told = [event.type for event in sandbox.events][-2:]
    same = client.post(f"/v1/refunds/{made['id']}").body

    assert {**made, "metadata": {"b": "2"}} == changed == same
    assert ["refund.updated", "charge.refund.updated"] == told
    assert 5 == len(sandbox.events)
    assert 404 == client.post("/v1/refunds/re_1nothing").status


def test_a_refund_to_a_card_cannot_be_canceled(client):
    """It can be called back by nobody."""
    made = refund(client, client.charge().body["id"]).body["id"]
    answer = client.post(f"/v1/refunds/{made}/cancel")

    assert (400, "Canceling this refund is unsupported.") == (
        answer.status,
        answer.error["message"],
    )
    assert 404 == client.post("/v1/refunds/re_1nothing/cancel").status


def test_a_charge_is_refunded_under_its_own_path(client, sandbox):
    """`refunds` answers with the refund, `refund` with the charge, as in 2013."""
    charge = client.charge().body["id"]
    made = client.post(f"/v1/charges/{charge}/refunds", {"amount": 200}).body
    after = client.post(f"/v1/charges/{charge}/refund", {"reason": "duplicate"}).body
    again = client.post(f"/v1/charges/{charge}/refunds")

    assert ("refund", 200, charge) == (made["object"], made["amount"], made["charge"])
    assert ("charge", charge, True, 500) == tuple(
        after[name] for name in ("object", "id", "refunded", "amount_refunded")
    )
    assert [None, "duplicate"] == [each.reason for each in sandbox.refunds]
    assert "charge_already_refunded" == again.error["code"]
    for path in ("refund", "refunds"):
        assert 404 == client.post(f"/v1/charges/ch_1nothing/{path}").status


def test_refunds_are_read_under_their_charge(client):
    """Listed without a count; one of another charge is not there."""
    mine, other = (client.charge().body["id"] for _ in range(2))
    names = [refund(client, mine, amount=100).body["id"] for _ in range(2)]
    foreign = refund(client, other).body["id"]
    path = f"/v1/charges/{mine}/refunds"
    listed = client.get(path).body
    missing = client.get(f"{path}/{foreign}")

    assert (names[::-1], path, False) == (
        [each["id"] for each in listed["data"]],
        listed["url"],
        listed["has_more"],
    )
    assert "count" not in listed
    assert names[0] == client.get(f"{path}/{names[0]}").body["id"]
    assert (404, "resource_missing", "refund") == (
        missing.status,
        missing.error["code"],
        missing.error["param"],
    )
    assert 404 == client.get(f"{path}/re_1nothing").status
    assert 404 == client.get("/v1/charges/ch_1nothing/refunds").status


def test_refunds_of_something_are_counted(client):
    """A list by charge says how many there are; a list of all does not."""
    mine = client.charge().body["id"]
    for _ in range(3):
        refund(client, mine, amount=100)
    refund(client, client.charge().body["id"])
    listed = client.get("/v1/refunds", {"charge": mine, "limit": 1}).body

    assert (3, 1, True) == (listed["count"], len(listed["data"]), listed["has_more"])
    assert "count" not in client.get("/v1/refunds").body


def test_an_unknown_refund_is_404(client):
    """In a path, an unknown id is 404."""
    assert 404 == client.get("/v1/refunds/re_1nothing").status


def test_refunds_are_listed_by_charge(client):
    """The newest comes first, and other charges' refunds do not."""
    mine, other = (client.charge().body["id"] for _ in range(2))
    first, second = (refund(client, mine, amount=100).body["id"] for _ in range(2))
    refund(client, other)

    assert [second, first] == [
        each["id"] for each in client.get("/v1/refunds", {"charge": mine}).body["data"]
    ]
