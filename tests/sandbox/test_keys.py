"""Idempotency: one key, one execution."""

from __future__ import annotations

import pytest

from tests.sandbox.curl import Client, decoded
from tokencharge.sandbox import Pending, Response, Rules, Sandbox

pytestmark = pytest.mark.card_tokens

GOOD = {"amount": 500, "currency": "usd", "source": "tok_visa"}
DAY = 24 * 3600


def begun(sandbox, client, key, body):
    pending = sandbox.begin(client.request("POST", "/v1/charges", key=key, body=body))
    assert isinstance(pending, Pending)
    return pending


def test_a_repeated_request_is_replayed(either, sandbox):
    """The same request with the same key is answered as before, and not executed again."""
    first = either.post("/v1/charges", GOOD, key="k")
    second = either.post("/v1/charges", dict(reversed(GOOD.items())), key="k")

    assert (200, first.body) == (second.status, second.body)
    assert "idempotent-replayed" not in first.headers
    assert "true" == second.headers["idempotent-replayed"]
    assert (
        first.headers["request-id"]
        == second.headers["original-request"]
        != second.headers["request-id"]
    )
    assert ("k", "false") == (
        second.headers["idempotency-key"],
        second.headers["stripe-should-retry"],
    )
    assert 1 == len(sandbox.charges)
    assert [False, True] == [request.replayed for request in sandbox.requests]


def test_without_a_key_everything_is_executed(client, sandbox):
    """No key, or an empty one, protects nothing: each answer names a key of
    Stripe's making, and its own request."""
    answers = [
        client.post("/v1/charges", GOOD),
        *(client.post("/v1/charges", GOOD, key="") for _ in range(2)),
    ]

    assert 3 == len(sandbox.charges)
    assert 3 == len({answer.headers["idempotency-key"] for answer in answers})
    for answer in answers:
        assert answer.headers["request-id"] == answer.headers["original-request"]
        assert "false" == answer.headers["stripe-should-retry"]


def test_keys_are_echoed_where_something_is_changed(client):
    """POST and DELETE tell the key they came with, GET does not."""
    name = client.customer()
    refused = client.post("/v1/customers", {"colour": "red"}, key="a key")
    deleted = client.delete(f"/v1/customers/{name}", key="a key")
    read = client.get(f"/v1/customers/{name}", key="a key")

    assert ["a key", "a key", None] == [
        answer.headers.get("idempotency-key") for answer in (refused, deleted, read)
    ]


def test_only_post_heeds_keys(client):
    """Reading with a key reads anew."""
    before = client.get("/v1/charges", key="k").body["data"]
    client.charge()

    assert ([], 1) == (before, len(client.get("/v1/charges", key="k").body["data"]))


def test_a_decline_is_replayed(client, sandbox):
    """A 402 is saved: the same failure, the same charge id."""
    form = {**GOOD, "source": "tok_chargeDeclined"}
    first, second = (client.post("/v1/charges", form, key="k") for _ in range(2))

    assert (402, first.body) == (second.status, second.body)
    assert 1 == len(sandbox.charges)


def test_what_hangs_on_the_state_of_things_is_replayed(client):
    """A refusal that needed a look at the account is saved, whatever changes then."""
    form = {"customer": client.customer(), "amount": 500, "currency": "usd"}
    client.post("/v1/charges", form, key="k")
    client.post(f"/v1/customers/{form['customer']}/sources", {"source": "tok_visa"})

    assert "missing" == client.post("/v1/charges", form, key="k").error["code"]


@pytest.mark.parametrize(
    ("form", "auth", "status"),
    [
        ({**GOOD, "colour": "red"}, "Bearer sk_test_tokenchargeSandboxKey0001", 400),
        ({**GOOD, "amount": "x"}, "Bearer sk_test_tokenchargeSandboxKey0001", 400),
        ({"amount": 500}, "Bearer sk_test_tokenchargeSandboxKey0001", 400),
        (GOOD, "Bearer sk_test_wrong", 401),
    ],
)
def test_what_was_never_begun_is_not_saved(client, form, auth, status):
    """Bad parameters and a bad key leave the idempotency key free for another
    request, and say nothing of retries."""
    refused = client.post("/v1/charges", form, key="k", auth=auth)
    answer = client.post("/v1/charges", GOOD, key="k")

    assert status == refused.status
    assert "stripe-should-retry" not in refused.headers
    assert refused.headers.get("request-id") == refused.headers.get("original-request")
    assert 200 == answer.status
    assert "idempotent-replayed" not in answer.headers


@pytest.mark.parametrize(("saves", "status"), [(False, 200), (True, 404)])
def test_whether_an_unknown_id_is_saved_can_be_chosen(saves, status):
    """Recorded headers let one infer that it is not: who makes what was
    missing can ask again with the same key."""
    client = Client(Sandbox(rules=Rules(saves_unknown_ids=saves)))
    before = client.post("/v1/customers/cus_mine", {"name": "Ada"}, key="k")
    client.customer(id="cus_mine")
    after = client.post("/v1/customers/cus_mine", {"name": "Ada"}, key="k")

    assert (404, status) == (before.status, after.status)
    assert ("false" if saves else None) == before.headers.get("stripe-should-retry")


@pytest.mark.parametrize(("saves", "status"), [(True, 400), (False, 200)])
def test_whether_a_refusal_by_policy_is_saved_can_be_chosen(saves, status):
    """One of 2026 came back until another key was used, though the
    account had been allowed by then."""
    sandbox = Sandbox(rules=Rules(card_tokens=False, saves_policies=saves))
    client = Client(sandbox)
    before = client.post("/v1/charges", GOOD, key="k")
    sandbox.rules.card_tokens = True
    after = client.post("/v1/charges", GOOD, key="k")

    assert (400, status) == (before.status, after.status)
    assert ("true" if saves else None) == after.headers.get("idempotent-replayed")
    assert 200 == client.post("/v1/charges", GOOD, key="another").status


def test_a_key_is_for_the_same_parameters(client, sandbox):
    """Other parameters under a used key are 400."""
    client.post("/v1/charges", GOOD, key="k")
    answer = client.post("/v1/charges", {**GOOD, "amount": 501}, key="k")

    assert (400, "idempotency_error") == (answer.status, answer.error["type"])
    assert answer.error["message"].startswith(
        "Keys for idempotent requests can only be used with the same parameters"
    )
    assert 1 == len(sandbox.charges)


def test_a_key_is_for_the_same_endpoint(client):
    """Another path under a used key is 400, though the parameters are the same."""
    client.post("/v1/customers", key="k")
    answer = client.post("/v1/charges", key="k")

    assert (400, "idempotency_error") == (answer.status, answer.error["type"])
    assert "('/v1/customers' vs '/v1/charges')" in answer.error["message"]


def test_a_key_has_an_end(client):
    """Stripe takes 255 characters."""
    assert 200 == client.post("/v1/customers", key="k" * 255).status
    assert 400 == client.post("/v1/customers", key="k" * 256).status


def test_a_key_in_use_is_409(client, sandbox):
    """Between reserving a key and saving the answer, others are
    turned away, and get the answer later."""
    body = "amount=500&currency=usd&source=tok_visa"
    pending = begun(sandbox, client, "k", body)
    turned_away = client.send("POST", "/v1/charges", key="k", body=body)
    made = decoded(sandbox.finish(pending))
    replayed = client.send("POST", "/v1/charges", key="k", body=body)

    assert 409 == turned_away.status
    assert ("invalid_request_error", "idempotency_key_in_use") == (
        turned_away.error["type"],
        turned_away.error["code"],
    )
    assert "stripe-should-retry" not in turned_away.headers
    assert (200, made.body) == (replayed.status, replayed.body)


def test_a_replay_begins_and_ends_at_once(client, sandbox):
    """`begin` answers a request whose answer is saved."""
    request = client.request("POST", "/v1/customers", key="k")
    made = sandbox.handle(request)
    replayed = sandbox.begin(request)

    assert isinstance(replayed, Response)
    assert made.body == replayed.body


@pytest.mark.parametrize(("in_flight_first", "status"), [(True, 409), (False, 400)])
def test_the_order_of_the_two_refusals_can_be_chosen(in_flight_first, status):
    """Nobody knows what Stripe says of a key in use with other parameters."""
    sandbox = Sandbox(rules=Rules(card_tokens=True, in_flight_first=in_flight_first))
    client = Client(sandbox)
    begun(sandbox, client, "k", "amount=500&currency=usd&source=tok_visa")
    other = client.post("/v1/charges", {**GOOD, "amount": 501}, key="k")
    same = client.post("/v1/charges", GOOD, key="k")

    assert (status, 409) == (other.status, same.status)


def test_a_key_is_forgotten_after_a_day(client, sandbox):
    """Once it is 24 hours old, a key is new."""
    client.post("/v1/charges", GOOD, key="k")
    sandbox.advance(DAY - 1)
    replayed = client.post("/v1/charges", GOOD, key="k")
    sandbox.advance(1)
    fresh = client.post("/v1/charges", {**GOOD, "amount": 501}, key="k")

    assert "true" == replayed.headers["idempotent-replayed"]
    assert (200, 501) == (fresh.status, fresh.body["amount"])


def test_a_key_in_use_is_not_forgotten(client, sandbox):
    """However long a request takes, its key is its own."""
    pending = begun(sandbox, client, "k", "amount=500&currency=usd&source=tok_visa")
    sandbox.advance(2 * DAY)

    assert 409 == client.post("/v1/charges", GOOD, key="k").status
    assert 200 == sandbox.finish(pending).status
