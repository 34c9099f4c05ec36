"""What can go wrong, and what the sandbox has done by then."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.curl import Client
from tokencharge.sandbox import Fault, Rules, Sandbox

pytestmark = pytest.mark.card_tokens

GOOD = {"amount": 500, "currency": "usd", "source": "tok_visa"}


def charge(client, key="k"):
    return client.post("/v1/charges", GOOD, key=key)


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Fault.refuse_connection(), ConnectionRefusedError),
        (Fault.lose_request(), ConnectionResetError),
        (Fault.time_out(executed=False), TimeoutError),
    ],
)
def test_what_does_not_arrive_is_not_executed(client, sandbox, fault, raised):
    """The caller gets no answer, nothing happened, and nothing is on the record."""
    sandbox.faults.add(fault)
    with pytest.raises(raised, match="The sandbox was told to"):
        charge(client)

    assert ([], []) == (sandbox.charges, sandbox.requests)
    assert "idempotent-replayed" not in charge(client).headers


@pytest.mark.parametrize(
    ("fault", "raised"),
    [(Fault.lose_answer(), ConnectionResetError), (Fault.time_out(), TimeoutError)],
)
def test_what_arrives_is_executed_and_saved(client, sandbox, fault, raised):
    """The caller gets no answer, but asking again with the key gets it."""
    sandbox.faults.add(fault)
    with pytest.raises(raised):
        charge(client)

    assert [200] == [request.status for request in sandbox.requests]
    assert "true" == charge(client).headers["idempotent-replayed"]
    assert 1 == len(sandbox.charges)


@pytest.mark.parametrize(
    ("fault", "status", "code", "reason"),
    [
        (Fault.rate_limit(), 429, "rate_limit", "global-rate"),
        (Fault.rate_limit("endpoint-rate"), 429, "rate_limit", "endpoint-rate"),
        (Fault.lock_timeout(), 429, "lock_timeout", None),
        (Fault.key_in_use(), 409, "idempotency_key_in_use", None),
        (Fault.overloaded(), 503, None, None),
    ],
)
def test_what_is_turned_away_is_neither_executed_nor_saved(
    either, sandbox, fault, status, code, reason
):
    """The answer says so, and the next try is the first."""
    sandbox.faults.add(fault)
    answer = charge(either)

    assert (status, code) == (answer.status, answer.error.get("code"))
    assert reason == answer.headers.get("stripe-rate-limited-reason")
    assert [] == sandbox.charges
    assert "idempotent-replayed" not in charge(either).headers


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize("saved", [True, False])
def test_a_server_error_may_be_executed_and_may_be_saved(either, sandbox, executed, saved):
    """All four kinds of 500 can be had."""
    sandbox.faults.add(Fault.server_error(executed=executed, saved=saved))
    first, second = charge(either), charge(either)

    assert (500, "api_error") == (first.status, first.error["type"])
    assert (500 if saved else 200) == second.status
    assert ("true" if saved else None) == second.headers.get("idempotent-replayed")
    assert "stripe-should-retry" not in first.headers
    assert executed + (not saved) == len(sandbox.charges)


def test_a_server_error_hides_what_the_endpoint_said(client, sandbox):
    """A decline under a 500 is executed too, and not told."""
    sandbox.faults.add(Fault.server_error(executed=True))
    answer = client.charge("tok_chargeDeclined")

    assert 500 == answer.status
    assert ["failed"] == [made.status for made in sandbox.charges]


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Fault.html(), 200, b"<html><body><h1>Bad Gateway</h1></body></html>"),
        (Fault.html(502), 502, b"<html><body><h1>Bad Gateway</h1></body></html>"),
        (Fault.empty(), 200, b""),
        (Fault.wrong_shape(), 200, b"[]"),
        (Fault.wrong_shape(b'{"object":"charge"}'), 200, b'{"object":"charge"}'),
    ],
)
def test_an_answer_may_be_garbled(client, sandbox, fault, status, body):
    """The request is executed and saved, and the caller reads nonsense."""
    sandbox.faults.add(fault)
    request = client.request(
        "POST", "/v1/charges", key="k", body="amount=500&currency=usd&source=tok_visa"
    )
    garbled = sandbox.handle(request)

    assert (status, body) == (garbled.status, garbled.body)
    assert 1 == len(sandbox.charges)
    assert 200 == sandbox.handle(request).status
    assert 1 == len(sandbox.charges)


def test_an_answer_may_be_truncated(client, sandbox):
    """Half of the JSON is no JSON."""
    sandbox.faults.add(Fault.truncated())
    response = sandbox.handle(client.request("GET", "/v1/charges"))

    with pytest.raises(json.JSONDecodeError):
        json.loads(response.body)


def test_a_request_may_take_a_while():
    """While it waits its key is in use."""
    seen = []
    sandbox = Sandbox(
        sleep=lambda seconds: seen.append((seconds, charge(client).status)),
        rules=Rules(card_tokens=True),
    )
    client = Client(sandbox)
    sandbox.faults.add(Fault.wait(80.0))
    answer = charge(client)

    assert (200, [(80.0, 409)]) == (answer.status, seen)


def test_a_request_may_be_delivered_twice(client, sandbox):
    """With a key that is harmless, without one it is not."""
    sandbox.faults.add(Fault.duplicate(), times=2)
    charge(client)
    keyed = len(sandbox.charges)
    client.charge()

    assert (1, 3) == (keyed, len(sandbox.charges))
    assert [False, True, False, False] == [request.replayed for request in sandbox.requests]


def test_the_next_charge_can_be_declined(either, sandbox):
    """`decline_next` declines a good card once, with any code."""
    sandbox.decline_next("insufficient_funds")
    customer = either.customer("tok_visa")
    form = {"customer": customer, "amount": 500, "currency": "usd"}
    declined, paid = (either.post("/v1/charges", form) for _ in range(2))

    assert (402, "card_declined", "insufficient_funds") == (
        declined.status,
        declined.error["code"],
        declined.error["decline_code"],
    )
    assert "Your card has insufficient funds." == declined.error["message"]
    assert declined.error["charge"] == sandbox.charges[0].id
    assert 200 == paid.status


@pytest.mark.parametrize(
    ("asked", "code", "decline_code"),
    [
        ("expired_card", "expired_card", "expired_card"),
        ("authentication_required", "authentication_required", "authentication_required"),
        ("brand_new_reason", "card_declined", "brand_new_reason"),
    ],
)
def test_a_decline_takes_codes_and_decline_codes(client, sandbox, asked, code, decline_code):
    """A code that stands for itself is repeated as decline code; unknown ones are decline codes."""
    sandbox.decline_next(asked)
    answer = client.charge()

    assert (code, decline_code) == (answer.error["code"], answer.error.get("decline_code"))


def test_the_next_card_can_be_declined_when_it_is_attached(client, sandbox):
    """With another path, `decline_next` declines there."""
    sandbox.decline_next(path="/v1/customers")
    answer = client.post("/v1/customers", {"source": "tok_visa"})

    assert (402, "") == (answer.status, answer.error["param"])
    assert [] == sandbox.customers


def test_a_decline_may_leave_no_charge(client, sandbox):
    """Some declines leave no charge object behind."""
    sandbox.faults.add(Fault.declined("generic_decline", leaves_charge=False))
    answer = client.charge()

    assert 402 == answer.status
    assert "charge" not in answer.error
    assert [] == sandbox.charges


def test_a_fault_waits_for_its_request(client, sandbox):
    """Faults can be kept for a path and a method, and for so many requests."""
    sandbox.faults.add(Fault.overloaded(), path="/v1/customers/*/sources", method="POST", times=2)
    name = client.customer()
    tries = [
        client.post(f"/v1/customers/{name}/sources", {"source": "tok_visa"}).status
        for _ in range(3)
    ]

    assert 200 == client.get(f"/v1/customers/{name}/sources").status
    assert [503, 503, 200] == tries


def test_faults_are_taken_in_order_and_can_be_disarmed(client, sandbox):
    """The first one armed comes first; a cancelled one never comes."""
    sandbox.faults.add(Fault.overloaded())
    cancelled = sandbox.faults.add(Fault.overloaded())
    sandbox.faults.add(Fault.rate_limit())
    cancelled.cancel()
    cancelled.cancel()
    statuses = [client.get("/v1/charges").status for _ in range(3)]
    sandbox.faults.add(Fault.overloaded())
    sandbox.faults.clear()

    assert [503, 429, 200] == statuses
    assert 200 == client.get("/v1/charges").status


def test_an_answer_can_be_lost(client, sandbox):
    """`lose_next_answer` loses one, of the path it is told."""
    sandbox.lose_next_answer(path="/v1/charges")
    client.customer()
    with pytest.raises(ConnectionResetError):
        client.charge()

    assert (1, 1) == (len(sandbox.customers), len(sandbox.charges))


def test_a_request_can_be_rate_limited(client, sandbox):
    """`rate_limit_next` turns one away."""
    sandbox.rate_limit_next()

    assert (429, 200) == (client.charge().status, client.charge().status)


def test_stripe_can_be_unavailable(client, sandbox):
    """Connections are refused within a `with` block, or until `available`."""
    with sandbox.unavailable(), pytest.raises(ConnectionRefusedError):
        client.charge()
    inside = client.charge().status
    sandbox.unavailable()
    sandbox.unavailable()
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            client.charge()
    sandbox.available()

    assert (200, 200) == (inside, client.charge().status)
