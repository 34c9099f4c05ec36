"""What the SDK is spared: nothing that Stripe, or whoever reads the SDK's log, would miss."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest
import stripe
from stripe._api_requestor import _APIRequestor

from tests.flow.line import Line
from tokencharge import AsyncPaymentGateway, Money, PaymentGateway
from tokencharge._stripe import FunctionClient
from tokencharge._stripe.requestor import rehearsed

ADA = "ada@example.com"
FIVE = Money(500, "usd")
AGENT = "x-stripe-client-user-agent"


@pytest.fixture(autouse=True)
def _rehearse_anew() -> Iterator[None]:
    rehearsed.cache_clear()
    yield
    rehearsed.cache_clear()


@pytest.fixture
def line(sandbox) -> Line:
    return Line(sandbox)


def shown(request):
    """A request but for what is new each time: keys made up, and how long the last one took."""
    headers = {**request.headers, "x-stripe-client-telemetry": ""}
    if not headers.get("idempotency-key", "").startswith("tokencharge-"):
        headers.pop("idempotency-key", None)
    return request.method, request.path, request.query, request.body, headers


def sent_for_an_order(line, kind):
    """What is sent to charge an order that is charged already, and to find it: the same each time."""
    gateway = kind("sk_test_tokenchargeSandboxKey0001", http_client=FunctionClient(line.send))

    async def order() -> None:
        await gateway.charge(
            "tok_visa", ADA, FIVE, order_id="1", description="Größe", metadata={"a b": "&"}
        )
        await gateway.find("1")

    del line.sent[:]
    if kind is AsyncPaymentGateway:
        asyncio.run(order())
    else:
        gateway.charge(
            "tok_visa", ADA, FIVE, order_id="1", description="Größe", metadata={"a b": "&"}
        )
        gateway.find("1")
    return [shown(request) for request in line.sent]


@pytest.mark.parametrize("kind", [PaymentGateway, AsyncPaymentGateway])
def test_stripe_is_sent_the_same(line, monkeypatch, kind):
    """Method, URL, form and headers are those the SDK would have sent by itself."""
    sent_for_an_order(line, PaymentGateway)
    ours = sent_for_an_order(line, kind)
    monkeypatch.setattr("tokencharge._stripe.requestor.rehearsed", lambda: False)

    assert sent_for_an_order(line, kind) == ours
    assert ["POST", "GET", "GET"] == [method for method, *_ in ours]


def test_it_is_in_use():
    """With the SDK that is installed here, the rehearsal goes well."""
    assert rehearsed()


def test_each_request_has_its_own_key(line):
    """Headers are kept, keys are not: neither ours, nor those the SDK makes up where there is none of ours."""
    gateway = line.gateway(max_retries=0)
    client = gateway._channel._client
    for _ in range(2):
        gateway.charge("tok_visa", ADA, FIVE)
        client.raw_request("post", "/v1/customers", email=ADA)
        client.raw_request("get", "/v1/customers")
    keys = [request.headers.get("idempotency-key") for request in line.sent]
    posts = [key for key in keys if key is not None]

    assert 10 == len(keys)
    assert 8 == len(set(posts)) == len(posts)


@pytest.mark.parametrize("kind", [PaymentGateway, AsyncPaymentGateway])
def test_what_the_sdk_is_told_later_counts(sandbox, monkeypatch, kind):
    """Telemetry may be switched off, and an app named, at any time."""
    line = Line(sandbox)
    gateway = kind(sandbox.secret_key, http_client=FunctionClient(line.send))

    def agent():
        call = gateway.find("order-1")
        if kind is AsyncPaymentGateway:
            asyncio.run(call)
        return json.loads(line.sent[-1].headers[AGENT])

    monkeypatch.setattr(stripe, "enable_telemetry", True)
    with_telemetry = agent()
    monkeypatch.setattr(stripe, "enable_telemetry", False)
    without = agent()
    monkeypatch.setattr(
        stripe, "app_info", {"name": "shop", "version": "1", "url": None, "partner_id": None}
    )
    named = agent()

    assert "platform" in with_telemetry
    assert "platform" not in without
    assert ("shop", None) == (named["application"]["name"], with_telemetry.get("application"))


def lines_of(records):
    return [record.getMessage().split(" ")[0] for record in records if record.name == "stripe"]


@pytest.mark.parametrize("kind", [PaymentGateway, AsyncPaymentGateway])
@pytest.mark.parametrize("made", ["before", "after"])
def test_the_sdks_log_is_written_for_whoever_reads_it(sandbox, caplog, kind, made):
    """As soon as somebody listens, whether the gateway was there before or not; and no longer than that."""

    def gateway():
        return kind(sandbox.secret_key, http_client=sandbox.http_client())

    def buy(gateway):
        call = gateway.charge("tok_visa", ADA, FIVE)
        if kind is AsyncPaymentGateway:
            asyncio.run(call)

    first = gateway()
    buy(first)
    unread = lines_of(caplog.records)
    caplog.set_level(logging.INFO, logger="stripe")
    second = first if made == "before" else gateway()
    buy(second)
    info = lines_of(caplog.records)
    caplog.set_level(logging.DEBUG, logger="stripe")
    buy(second)
    debug = lines_of(caplog.records)[len(info) :]

    assert [] == unread
    assert 6 == len(info)
    assert 15 == len(debug)


def test_a_rehearsal_is_not_read(sandbox, caplog):
    """Who listens from the beginning hears of what is sent to Stripe, and of nothing else."""
    caplog.set_level(logging.INFO, logger="stripe")
    PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client()).charge(
        "tok_visa", ADA, FIVE
    )

    assert 6 == len(lines_of(caplog.records))


def test_the_sdks_log_is_printed_for_whoever_asked_for_it(sandbox, monkeypatch, capsys):
    """`stripe.log` writes past `logging`."""
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    gateway.charge("tok_visa", ADA, FIVE)
    silence = capsys.readouterr().err
    monkeypatch.setattr(stripe, "log", "info")
    gateway.charge("tok_visa", ADA, FIVE)

    assert "" == silence
    assert 3 == capsys.readouterr().err.count("Request to Stripe api")


ARGUMENTS = _APIRequestor._args_for_request_with_retries
ASYNC = _APIRequestor.request_raw_async


def signing(self, method, url, params=None, options=None, **more):
    """A requestor that adds a header of its own, which ours knows nothing of."""
    method, url, headers, body, retries, *_ = ARGUMENTS(self, method, url, params, options, **more)
    headers["X-Signed"] = "yes"
    return self._get_http_client().request_with_retries(
        method, url, headers, body, max_network_retries=retries
    )


def in_a_dict(self, *args, **more):
    """Another shape of what ours takes apart."""
    return dict(
        zip(("method", "url", "headers", "body"), ARGUMENTS(self, *args, **more), strict=False)
    )


def sending_the_dict(self, method, url, params=None, options=None, **more):
    """The part that goes with it."""
    asked = in_a_dict(self, method, url, params, options, **more)
    return self._get_http_client().request_with_retries(*asked.values())


async def sending_the_dict_async(self, method, url, params=None, options=None, **more):
    """The same, awaited."""
    asked = in_a_dict(self, method, url, params, options, **more)
    return await self._get_http_client().request_with_retries_async(*asked.values())


async def waiting(self, *args, **more):
    """A requestor that waits for something before it sends."""
    await asyncio.sleep(0)
    return await ASYNC(self, *args, **more)


OTHERWISE = {
    "it signs": {"request_raw": signing},
    "it has other parts": {
        "_args_for_request_with_retries": in_a_dict,
        "request_raw": sending_the_dict,
        "request_raw_async": sending_the_dict_async,
    },
    "it waits": {"request_raw_async": waiting},
}


@pytest.mark.parametrize("how", OTHERWISE)
def test_an_sdk_that_is_built_otherwise_is_left_alone(line, monkeypatch, how):
    """As a later one may be: the rehearsal tells, and all it does is done."""
    for name, method in OTHERWISE[how].items():
        monkeypatch.setattr(_APIRequestor, name, method)
    payment = line.gateway().charge("tok_visa", ADA, FIVE)
    gateway = AsyncPaymentGateway(
        "sk_test_tokenchargeSandboxKey0001", http_client=FunctionClient(line.send)
    )
    awaited = asyncio.run(gateway.charge("tok_visa", ADA, FIVE))

    assert not rehearsed()
    assert [payment.charge, awaited.charge] == line.sandbox.charges
    assert (how == "it signs") == ("x-signed" in line.sent[0].headers)
