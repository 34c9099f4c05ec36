"""A call's time: it is for all its requests, retries and pauses together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import stripe

from tests.flows.line import Line, answer, lose, refuse
from tokencharge import (
    AsyncPaymentGateway,
    GatewayUnavailable,
    Money,
    OrderInProgress,
    OutcomeUnknown,
    PaymentGateway,
    RateLimited,
    Settings,
)

ADA = "ada@example.com"
FIVE = Money(500, "usd")
# gunicorn's default, after which it kills a worker.
SERVERS_PATIENCE = 30.0


class Clock:
    """The time, and how it passes while requests are out and while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def takes(self, seconds, then):
        """An action that takes so many seconds."""

        def action(request):
            self.now += seconds
            return then(request)

        return action

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: made.now)
    monkeypatch.setattr(time, "sleep", made.sleep)
    return made


@pytest.fixture
def line(new_account):
    """To an account of today, over PaymentIntents."""
    return Line(new_account)


def paths(line):
    return [f"{request.method} {request.path}" for request in line.sent]


def test_the_default_leaves_a_server_time_to_answer():
    """A worker that its server gives 30 seconds can still say what is known."""
    assert Settings("sk_test_1").timeout < SERVERS_PATIENCE


def test_a_call_whose_time_is_up_sends_no_charge(new_account, line, clock):
    """After two slow answers no charge is sent, and the same call again charges once."""
    slow = clock.takes(12.0, new_account.handle)
    line.plan("POST *", slow, slow)
    token = new_account.create_token()
    with pytest.raises(GatewayUnavailable) as unavailable:
        line.gateway(timeout=25.0).charge(token, ADA, FIVE, order_id="order-7")
    sent = paths(line)
    payment = line.gateway(timeout=25.0).charge(token, ADA, FIVE, order_id="order-7")

    assert ["POST /v1/customers", "POST /v1/payment_methods"] == sent
    assert "STRIPE_TIMEOUT" in str(unavailable.value.__cause__)
    assert "order-7" == unavailable.value.order_id
    assert [payment.charge] == new_account.charges


def test_each_call_has_its_own_time(new_account, line, clock):
    """What one call used up is not missing to the next."""
    for _ in range(3):
        line.plan("POST /v1/customers", clock.takes(20.0, new_account.handle))
        line.gateway(timeout=25.0).charge(new_account.create_token(), ADA, FIVE)

    assert 3 == len(new_account.charges)


@pytest.mark.parametrize(
    ("lost", "tries"), [(1.0, 3), (12.0, 2), (24.0, 1)], ids=["early", "half way", "late"]
)
def test_no_try_begins_too_late(new_account, line, clock, lost, tries):
    """A request is tried again only while there is time for an answer."""
    for _ in range(3):
        line.plan("POST /v1/payment_intents", clock.takes(lost, lose(TimeoutError())))
    with pytest.raises(OutcomeUnknown):
        line.gateway(timeout=25.0).charge(new_account.create_token(), ADA, FIVE)

    assert tries == paths(line).count("POST /v1/payment_intents")


def test_a_pause_past_the_end_is_not_made(new_account, line, clock):
    """A flow that would wait past its time asks at once instead."""
    used = refuse(400, code="idempotency_error", type="idempotency_error")
    line.plan("POST /v1/customers", clock.takes(23.5, new_account.handle))
    line.plan("POST /v1/payment_intents", *[used] * 30)
    with pytest.raises(OrderInProgress):
        line.gateway(timeout=25.0, max_retries=0).charge(
            new_account.create_token(), ADA, FIVE, order_id="order-7"
        )

    assert clock.now <= 1000.0 + 25.0


def test_it_is_told_at_once_that_stripe_wants_no_other_try(new_account, line):
    """Stripe's header says whether to ask again, whatever the status is."""
    line.plan(
        "POST /v1/customers",
        answer(503, {"error": {"type": "api_error"}}, stripe_should_retry="false"),
    )
    with pytest.raises(OutcomeUnknown):
        line.gateway().charge(new_account.create_token(), ADA, FIVE)

    assert ["POST /v1/customers"] == paths(line)


class Refusing(stripe.HTTPClient):
    """A client of the host's, which meets a 429 each time."""

    name = "refusing"

    def request(self, method, url, headers, post_data=None, **_):
        return '{"error": {"code": "rate_limit"}}', 429, {}

    async def request_async(self, method, url, headers, post_data=None):
        return self.request(method, url, headers)

    def close(self):
        pass

    async def close_async(self):
        pass


def finished(call):
    """The result of a gateway's method, be the gateway blocking or async."""
    return asyncio.run(call) if asyncio.iscoroutine(call) else call


@pytest.mark.parametrize("asynchronous", [False, True])
def test_tries_back_off(monkeypatch, asynchronous):
    """Tries are half a second apart, then twice as long each time, and 5 seconds at most."""
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    kind = AsyncPaymentGateway if asynchronous else PaymentGateway
    gateway = kind("sk_test_1", max_retries=7, timeout=600.0, http_client=Refusing())
    read: Callable[[], Any] = partial(gateway.get_charge, "ch_1")
    with pytest.raises(RateLimited):
        asyncio.run(read()) if asynchronous else read()

    assert 7 == len(slept)
    assert all(0.5 <= each <= 5.0 for each in slept)
    assert all(later > earlier / 2 for earlier, later in pairwise(slept))
    assert 2.5 <= slept[-1]


def test_who_failed_together_does_not_come_back_together(monkeypatch):
    """A part of each pause is left to chance."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    gateway = PaymentGateway("sk_test_1", max_retries=2, http_client=Refusing())
    for _ in range(20):
        with pytest.raises(RateLimited):
            gateway.get_charge("ch_1")

    assert 20 <= len(set(slept))
