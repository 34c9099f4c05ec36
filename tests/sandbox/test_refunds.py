"""Refunds: all, part, none."""

from __future__ import annotations

from tests.sandbox.curl import NOW


def refund(client, charge, **form):
    return client.post("/v1/refunds", {"charge": charge, **form})


def test_a_charge_is_refunded(either):
    """Without an amount everything goes back, and the charge says so."""
    charge = either.charge().body["id"]
    made = refund(either, charge, reason="requested_by_customer", **{"metadata[a]": "1"}).body
    after = either.get(f"/v1/charges/{charge}").body
    booked = either.get(f"/v1/balance_transactions/{made['balance_transaction']}").body

    assert made["id"].startswith("re_1")
    assert ("refund", NOW, 500, "usd", charge, "succeeded", "requested_by_customer", {"a": "1"}) == tuple(
        made[name] for name in ("object", "created", "amount", "currency", "charge", "status", "reason", "metadata")
    )
    assert (500, True, 500) == (after["amount_refunded"], after["refunded"], after["amount_captured"])
    assert (-500, 0, "refund", made["id"]) == tuple(booked[name] for name in ("amount", "fee", "type", "source"))
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
    """Too much is 400 on the amount, without a code."""
    charge = client.charge().body["id"]
    refund(client, charge, amount=200)
    answer = refund(client, charge, amount=301)

    assert 400 == answer.status
    assert ("amount", None) == (answer.error["param"], answer.error.get("code"))
    assert "301" in answer.error["message"]
    assert "300" in answer.error["message"]


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
    """There is nothing to give back."""
    failed = client.charge("tok_chargeDeclined").error["charge"]
    unknown = refund(client, "ch_1nothing")

    assert 400 == refund(client, failed).status
    assert (400, "resource_missing", "charge") == (unknown.status, unknown.error["code"], unknown.error["param"])


def test_reasons_are_stripes_three(client):
    """Any other reason is 400."""
    answer = refund(client, client.charge().body["id"], reason="because")

    assert (400, "reason") == (answer.status, answer.error["param"])


def test_a_refund_may_be_pending_first(client, sandbox):
    """`tok_pendingRefund`: the refund succeeds a second later."""
    made = refund(client, client.charge("tok_pendingRefund").body["id"]).body
    sandbox.advance(1)

    assert "pending" == made["status"]
    assert "succeeded" == client.get(f"/v1/refunds/{made['id']}").body["status"]


def test_a_refund_may_fail_later(client, sandbox):
    """`tok_refundFail`: the refund fails a second later, and the charge has its money again."""
    charge = client.charge("tok_refundFail").body["id"]
    refund(client, charge)
    sandbox.advance(1)
    (failed,) = sandbox.refunds
    after = client.get(f"/v1/charges/{charge}").body

    assert ("failed", "expired_or_canceled_card") == (failed.status, failed.failure_reason)
    assert (0, False) == (after["amount_refunded"], after["refunded"])


def test_an_unknown_refund_is_404(client):
    """In a path, an unknown id is 404."""
    assert 404 == client.get("/v1/refunds/re_1nothing").status


def test_refunds_are_listed_by_charge(client):
    """The newest comes first, and other charges' refunds do not."""
    mine, other = (client.charge().body["id"] for _ in range(2))
    first, second = (refund(client, mine, amount=100).body["id"] for _ in range(2))
    refund(client, other)

    assert [second, first] == [each["id"] for each in client.get("/v1/refunds", {"charge": mine}).body["data"]]
