"""Spans: one for each operation, in it one for each try of each request, from both gateways."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

import pytest

from tests.flows.line import answer, lose, refuse
from tokencharge import (
    AsyncPaymentGateway,
    GatewayUnavailable,
    InvalidInput,
    Money,
    OutcomeUnknown,
    PaymentGateway,
    TokenChargeError,
)
from tokencharge._stripe import FunctionClient

pytest.importorskip("opentelemetry.sdk")

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tokencharge import otel

ADA = "ada@example.com"
FIVE = Money(500, "usd")


class Seen:
    """The spans that have ended so far."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    @property
    def all(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    @property
    def operations(self) -> list[ReadableSpan]:
        return [span for span in self.all if span.kind is SpanKind.INTERNAL]

    @property
    def requests(self) -> list[ReadableSpan]:
        return [span for span in self.all if span.kind is SpanKind.CLIENT]


@pytest.fixture
def provider() -> TracerProvider:
    return TracerProvider(shutdown_on_exit=False)


@pytest.fixture
def spans(provider: TracerProvider) -> Iterator[Seen]:
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    otel.instrument(provider)
    yield Seen(exporter)
    otel.uninstrument()


def told(span, *names):
    return {name: (span.attributes or {}).get(name) for name in names}


def test_an_operation_holds_its_requests(line, spans):
    """A charge is a span with a span for each request in it, named and
    described by OpenTelemetry's conventions."""
    # Over Charges, where an id stands in a path.
    line.sandbox.rules.card_tokens = True
    payment = line.gateway(route="charges").charge(
        line.sandbox.create_token(), ADA, FIVE, order_id="order-1"
    )
    (operation,) = spans.operations
    customer, card, charge = spans.requests
    digest = line.sent[0].idempotency_key.split("-")[1]

    assert ["tokencharge.charge", "tokencharge"] == [
        operation.name,
        operation.instrumentation_scope.name,
    ]
    assert version("tokencharge") == operation.instrumentation_scope.version
    assert {operation.context.span_id} == {span.parent.span_id for span in spans.requests}
    assert {
        "tokencharge.outcome": "ok",
        "tokencharge.order_digest": digest,
        "tokencharge.charge_id": payment.charge.id,
        "tokencharge.replayed": False,
    } == dict(operation.attributes)
    assert ["POST /v1/customers", "POST /v1/customers/{id}/sources", "POST /v1/charges"] == [
        span.name for span in (customer, card, charge)
    ]
    assert {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": "api.stripe.com",
        "server.port": 443,
        "tokencharge.order_digest": digest,
        "tokencharge.outcome": "ok",
        "tokencharge.replayed": False,
        "tokencharge.request_id": card.attributes["tokencharge.request_id"],
        "tokencharge.step": "card",
        "url.full": f"https://api.stripe.com/v1/customers/{payment.customer.id}/sources",
        "url.template": "/v1/customers/{id}/sources",
    } == dict(card.attributes)
    assert {StatusCode.UNSET} == {span.status.status_code for span in spans.all}


def test_a_span_ends_when_its_request_is_over(gateway, line, spans):
    """What Stripe took is not mixed up with what was made of the answer: spans
    lie in one another, and in a row."""
    gateway.charge(line.sandbox.create_token(), ADA, FIVE, order_id="order-1")
    (operation,) = spans.operations
    times = [moment for span in spans.requests for moment in (span.start_time, span.end_time)]

    assert [operation.start_time, *times, operation.end_time] == sorted(
        [operation.start_time, *times, operation.end_time]
    )


def test_what_is_sent_is_sent_within_its_span(sandbox, spans):
    """What another library makes of the request, a client of the
    host's own say, belongs into our span."""
    client = sandbox.http_client()
    current = []

    def send(*arguments):
        current.append(trace.get_current_span())
        return client.request(*arguments)

    PaymentGateway(sandbox.secret_key, http_client=FunctionClient(send)).charge(
        "tok_visa", ADA, FIVE
    )

    assert [span.context for span in spans.requests] == [
        span.get_span_context() for span in current
    ]
    assert 3 == len(current)
    assert trace.INVALID_SPAN is trace.get_current_span()


def test_an_operation_belongs_to_what_called_it(gateway, spans, provider):
    """The charge of a request is found under the request."""
    with provider.get_tracer("shop").start_as_current_span(
        "POST /charge", kind=SpanKind.SERVER
    ) as request:
        gateway.charge("tok_visa", ADA, FIVE)

    assert [request.get_span_context().span_id] == [
        operation.parent.span_id for operation in spans.operations
    ]
    assert 1 == len({span.context.trace_id for span in spans.all})


def test_each_try_has_a_span_of_its_own(gateway, line, spans):
    """What was sent again says how often before; only the last try knows how the step ended."""
    line.plan(
        "* /v1/payment_intents",
        lose(ConnectionResetError()),
        answer(500, {"error": {"message": "No."}}),
    )
    gateway.charge("tok_visa", ADA, FIVE)
    asked = (
        "http.request.resend_count",
        "http.response.status_code",
        "error.type",
        "tokencharge.outcome",
    )

    assert [
        (None, None, "ConnectionResetError", None),
        (1, 500, "500", None),
        (2, 200, None, "ok"),
    ] == [tuple(told(span, *asked).values()) for span in spans.requests[2:]]
    assert [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET] == [
        span.status.status_code for span in spans.requests[2:]
    ]


def test_waiting_to_try_again_is_no_part_of_a_try(gateway, line, spans, monkeypatch):
    """A try ends when it is over, not when the next one begins."""
    slept = []
    monkeypatch.setattr(time, "sleep", lambda _: slept.append(time.time_ns()))
    line.plan("* /v1/payment_intents", lose(ConnectionResetError()))
    gateway.charge("tok_visa", ADA, FIVE)
    *_, first, second = spans.requests

    assert [first.end_time, *slept, second.start_time] == sorted(
        [first.end_time, *slept, second.start_time]
    )
    assert 1 == len(slept)


FAILURES = {
    # What Stripe does: the request's status and type of error, the outcome of
    # both, the operation's type of error.
    "a decline": (refuse(402, type="card_error"), 402, "402", "card_declined", None),
    "a used token": (refuse(400, code="token_already_used"), 400, "400", "token_rejected", None),
    "a wrong key": (refuse(401), 401, "401", "authentication_failed", "authentication_failed"),
    "too much": (refuse(429), 429, "429", "rate_limited", "rate_limited"),
    "an outage": (answer(503, b"<html>"), 503, "503", "outcome_unknown", "outcome_unknown"),
    "no answer": (lose(TimeoutError()), None, "TimeoutError", "outcome_unknown", "outcome_unknown"),
    "nobody there": (
        lose(ConnectionRefusedError()),
        None,
        "ConnectionRefusedError",
        "gateway_unavailable",
        "gateway_unavailable",
    ),
    "nonsense": (
        answer(200, b"<html>"),
        200,
        "outcome_unknown",
        "outcome_unknown",
        "outcome_unknown",
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_failures(line, spans, failure):
    """A request fails as HTTP does; an operation fails where the shop has to
    see to it, which a decline is not."""
    action, status, type_of_request, outcome, type_of_operation = FAILURES[failure]
    line.plan("* /v1/customers", action)
    with pytest.raises(TokenChargeError):
        line.gateway(max_retries=0).charge("tok_visa", ADA, FIVE)
    (request,), (operation,) = spans.requests, spans.operations

    assert (status, type_of_request, outcome) == tuple(
        told(request, "http.response.status_code", "error.type", "tokencharge.outcome").values()
    )
    assert (outcome, type_of_operation) == tuple(
        told(operation, "tokencharge.outcome", "error.type").values()
    )
    assert [StatusCode.ERROR, StatusCode.ERROR if type_of_operation else StatusCode.UNSET] == [
        request.status.status_code,
        operation.status.status_code,
    ]
    assert {None} == {span.status.description for span in spans.all}
    assert [[], []] == [list(span.events) for span in spans.all]


def test_what_is_refused_before_anything_is_sent(gateway, spans):
    """The host's own mistake is an operation that failed, without a request."""
    with pytest.raises(InvalidInput):
        gateway.charge("", ADA, FIVE)

    assert ["invalid_input"] == [span.attributes["error.type"] for span in spans.operations]
    assert [] == spans.requests


def test_a_request_that_is_not_sent(spans, sandbox, monkeypatch):
    """A request that comes when the call's time is up has no span."""
    clock = itertools.count(0, 100)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with pytest.raises(GatewayUnavailable):
        PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client()).charge(
            "tok_visa", ADA, FIVE
        )

    assert ["tokencharge.charge"] == [span.name for span in spans.all]


def test_no_query_and_nothing_that_is_no_id(gateway, spans):
    """A search holds an order_id, and a path whatever the host took for an id: neither is shown."""
    days_ago = datetime.now(timezone.utc) - timedelta(days=2)
    gateway.charge("tok_visa", ADA, FIVE, order_id="order of ada@example.com", began=days_ago)
    for mistake in ("tok_1ABC", "pi_1_secret_2", ADA):
        with pytest.raises(TokenChargeError):
            gateway.get_charge(mistake)
        with pytest.raises(TokenChargeError):
            gateway.complete(mistake)
    urls = {
        span.attributes["url.full"].removeprefix("https://api.stripe.com/v1/")
        for span in spans.requests
    }

    assert {"charges/search", "charges/{id}", "payment_intents/{id}"} <= urls
    assert {"GET /v1/charges/search", "GET /v1/charges/{id}", "GET /v1/payment_intents/{id}"} <= {
        span.name for span in spans.requests
    }
    assert not [url for url in urls if "?" in url or "order" in url or "ada" in url]


@pytest.mark.parametrize(
    ("api_base", "address", "port"),
    [
        ("http://localhost", "localhost", 80),
        ("http://127.0.0.1:8420", "127.0.0.1", 8420),
        ("http://[::1]:1", "::1", 1),
    ],
)
def test_where_stripe_is(sandbox, spans, api_base, address, port):
    """The server is the one that was configured."""
    gateway = PaymentGateway(
        sandbox.secret_key, api_base=api_base, http_client=sandbox.http_client()
    )
    gateway.find("order-1", customer="cus_1")
    (request,) = spans.requests

    assert (address, port) == (
        request.attributes["server.address"],
        request.attributes["server.port"],
    )
    assert f"{api_base}/v1/charges" == request.attributes["url.full"]


def test_tasks_have_their_own_spans(sandbox, spans):
    """Operations that overlap in one thread each hold their own requests."""
    gateway = AsyncPaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())

    async def rush() -> None:
        await asyncio.gather(*(gateway.charge("tok_visa", ADA, FIVE) for _ in range(10)))

    asyncio.run(rush())
    held = {
        span.context.span_id: span.attributes["tokencharge.order_digest"]
        for span in spans.operations
    }

    assert 10 == len(held) == len(set(held.values()))
    assert 30 == len(spans.requests)
    assert [held[span.parent.span_id] for span in spans.requests] == [
        span.attributes["tokencharge.order_digest"] for span in spans.requests
    ]


def test_threads_have_their_own_spans(sandbox, spans):
    """Nor are those of threads mixed up."""
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    together = threading.Barrier(4)

    def buy(_: int) -> None:
        together.wait(30)
        gateway.charge("tok_visa", ADA, FIVE)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(buy, range(4)))
    held = {
        span.context.span_id: span.attributes["tokencharge.order_digest"]
        for span in spans.operations
    }

    assert 4 == len(held) == len(set(held.values()))
    assert [held[span.parent.span_id] for span in spans.requests] == [
        span.attributes["tokencharge.order_digest"] for span in spans.requests
    ]


def test_a_task_that_is_cancelled(sandbox, spans):
    """Its request ends with it, and says why."""
    gateway = AsyncPaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())

    async def cancel() -> None:
        task = asyncio.ensure_future(gateway.charge("tok_visa", ADA, FIVE))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    (request,), (operation,) = spans.requests, spans.operations

    assert ("CancelledError", "cancelled") == tuple(
        told(request, "error.type", "tokencharge.outcome").values()
    )
    assert ("cancelled", "cancelled") == tuple(
        told(operation, "error.type", "tokencharge.outcome").values()
    )


def test_a_client_that_answers_nonsense(spans):
    """What a client of the host's own returns is its own business; the
    charge is in doubt, and so is its span."""
    client = FunctionClient(lambda *_: (b"{}", 200, {}))
    client.request = lambda *_, **__: None  # type: ignore[method-assign]
    with pytest.raises(OutcomeUnknown):
        PaymentGateway("sk_test_1", http_client=client).charge("tok_visa", ADA, FIVE)

    assert ["outcome_unknown"] == [span.attributes["error.type"] for span in spans.requests]


class Broken(SpanProcessor):
    """A processor that fails, the wrong way."""

    def __init__(self, when: str) -> None:
        self._when = when

    def on_start(self, span, parent_context=None):
        if self._when == "start":
            raise OSError("no collector")

    def on_end(self, span):
        if self._when == "end":
            raise OSError("no collector")


@pytest.mark.parametrize("when", ["start", "end"])
def test_spans_that_cannot_be_made_fail_no_charge(sandbox, line, provider, when):
    """The money has moved, or is about to: tracing must not be what keeps it from being told."""
    provider.add_span_processor(Broken(when))
    otel.instrument(provider)
    line.plan("* /v1/payment_intents", lose(ConnectionResetError()))
    try:
        payment = line.gateway().charge("tok_visa", ADA, FIVE)
    finally:
        otel.uninstrument()

    assert [payment.charge] == sandbox.charges


def test_none_are_made_unless_asked_for(gateway, sandbox, spans):
    """After `uninstrument` there are no more; without a provider they go to
    OpenTelemetry's own, here to nobody."""
    otel.uninstrument()
    gateway.charge("tok_visa", ADA, FIVE)
    otel.instrument()
    gateway.charge("tok_visa", ADA, FIVE)

    assert 2 == len(sandbox.charges)
    assert [] == spans.all
