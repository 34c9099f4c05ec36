"""Answers nobody can trust: the outcome is unknown, never an exception
of another make, and never a loss."""

from __future__ import annotations

import warnings

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from tests.flows.line import Line, answer
from tests.rows import each_row
from tokencharge import (
    CardDeclined,
    GatewayUnavailable,
    Money,
    OutcomeUnknown,
    PaymentGateway,
    PaymentPending,
    TokenChargeError,
)
from tokencharge.sandbox import Fault, Rules, Sandbox

ADA = "ada@example.com"
FIVE = Money(500, "usd")
CHARGE = {"id": "ch_1", "amount": 500, "currency": "usd", "customer": "cus_1"}

BODIES = {
    "nothing": b"",
    "HTML": b"<html><h1>Bad Gateway</h1></html>",
    "half of the JSON": b'{"id": "ch_1", "amo',
    "not UTF-8": b"\xff\xfe\x00",
    "null": b"null",
    "a list": b"[]",
    "a list of objects": b'[{"id": "ch_1"}]',
    "text": b'"ch_1"',
    "a number": b"17",
    "no id": b"{}",
    "no id but all else": b'{"amount": 500, "currency": "usd", "status": "succeeded"}',
    "an empty id": b'{"id": "", "amount": 500, "currency": "usd"}',
    "no text for an id": b'{"id": 1, "amount": 500, "currency": "usd"}',
    "error text": b'{"error": "text"}',
    "OAuth error": b'{"error": "invalid_grant", "error_description": "x"}',
    "error null": b'{"error": null}',
    "error list": b'{"error": []}',
    "error empty": b'{"error": {}}',
    "error number": b'{"error": 7}',
    "too deep": b"[" * 100_000,
}
STATUSES = [200, 201, 301, 400, 402, 404, 409, 429, 500, 502, 503]


@pytest.mark.parametrize("step", ["customers", "charges"])
@each_row("status", STATUSES)
@each_row("body", BODIES)
def test_an_answer_that_cannot_be_trusted_leaves_the_outcome_unknown(step, body, status):
    """After a POST nothing is concluded from what is no answer of Stripe's;
    calling again ends in one charge."""
    sandbox = Sandbox(rules=Rules(card_tokens=True))
    line = Line(sandbox, "charges")
    token = sandbox.create_token()
    line.plan(f"POST /v1/{step}", *[answer(status, body)] * 3)
    with pytest.raises(OutcomeUnknown) as unknown:
        line.gateway(max_retries=0).charge(token, ADA, FIVE, order_id="order-7")
    payment = Line(sandbox, "charges").gateway().charge(token, ADA, FIVE, order_id="order-7")

    assert ("order-7", step.removesuffix("s")) == (unknown.value.order_id, unknown.value.step)
    assert [payment.charge] == sandbox.charges
    assert [] == [text for text in ("Bad Gateway", "ch_1") if text in repr(unknown.value)]


@each_row(
    "fault", [Fault.html(), Fault.empty(), Fault.truncated(), Fault.wrong_shape(), Fault.html(502)]
)
def test_a_charge_behind_an_unreadable_answer_is_found(fault):
    """The money moved; the error does not say otherwise, and calling again finds the charge."""
    sandbox = Sandbox(rules=Rules(card_tokens=True))
    gateway = Line(sandbox, "charges").gateway()
    token = sandbox.create_token()
    with sandbox.faults.add(fault, times=None, path="/v1/charges"), pytest.raises(OutcomeUnknown):
        gateway.charge(token, ADA, FIVE)
    payment = gateway.charge(token, ADA, FIVE)

    assert [payment.charge] == sandbox.charges
    assert True is payment.replayed


@pytest.mark.parametrize("read", ["get_charge", "find"])
@each_row("status", STATUSES)
@each_row("body", BODIES)
def test_an_answer_to_a_question_that_cannot_be_trusted_changed_nothing(read, body, status):
    """After a GET there is nothing to be in doubt about."""
    line = Line(Sandbox(rules=Rules(card_tokens=True)), "charges")
    line.plan("GET *", answer(status, body))
    with pytest.raises(GatewayUnavailable):
        getattr(line.gateway(max_retries=0), read)("xx_1")

    assert 1 == len(line.sent)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
WORDS = st.sampled_from(
    ["card_error", "invalid_request_error", "api_error", "idempotency_error", "No such token: x"]
)
ERROR = st.dictionaries(
    st.sampled_from("type message param charge payment_intent".split()), WORDS | JSON, max_size=5
) | st.dictionaries(st.sampled_from(["code", "decline_code", "type"]), WORDS, max_size=3)


@given(st.sampled_from(STATUSES), st.fixed_dictionaries({"error": ERROR}) | JSON)
def test_any_json_at_any_status_ends_in_an_error_of_ours(status, body):
    """Whatever the parts of an error are, no exception but ours comes out."""
    line = Line(Sandbox())
    line.plan("*", answer(status, body))
    with pytest.raises(TokenChargeError):
        line.gateway(max_retries=0).charge("tok_1ABC", ADA, FIVE)


@each_row("status", [400, 402])
@each_row("field", [{"code": ["x"]}, {"code": {}}, {"decline_code": []}])
def test_a_code_that_is_no_text_is_no_code(status, field):
    """An error whose code is a list is an error of ours, not a TypeError."""
    line = Line(Sandbox(rules=Rules(card_tokens=True)), "charges")
    line.plan(
        "POST *", answer(status, {"error": {"type": "card_error", "message": "No.", **field}})
    )
    with pytest.raises(TokenChargeError):
        line.gateway().charge("tok_1ABC", ADA, FIVE)


@pytest.mark.parametrize("method", ["charge", "get_charge"])
def test_a_notice_of_stripes_loses_no_charge(sandbox, line, monkeypatch, method):
    """A Stripe-Notice header, with warnings as errors, does not come
    between the charge and its answer."""
    monkeypatch.delenv("STRIPE_SUPPRESS_NOTICES", raising=False)

    def noticed(request):
        response = sandbox.handle(request)
        return type(response)(
            response.status, {**response.headers, "Stripe-Notice": "Old version."}, response.body
        )

    line.plan("*", *[noticed] * 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        payment = line.gateway().charge("tok_visa", ADA, FIVE)
        again = line.gateway().get_charge(payment.charge.id)

    assert [payment.charge] == [again] == sandbox.charges


@each_row(
    ("fields", "kind", "code", "decline_code"),
    [
        ({"status": "pending", "paid": False}, PaymentPending, None, None),
        ({"status": "invented"}, PaymentPending, None, None),
        ({"status": "failed", "failure_code": "expired_card"}, CardDeclined, "expired_card", None),
        (
            {
                "status": "failed",
                "failure_code": "card_declined",
                "outcome": {"reason": "fraudulent"},
            },
            CardDeclined,
            "card_declined",
            "fraudulent",
        ),
        ({"status": "failed", "outcome": {"reason": ["x"]}}, CardDeclined, None, None),
        ({"paid": False}, CardDeclined, None, None),
    ],
)
def test_a_200_is_not_yet_a_payment(fields, kind, code, decline_code):
    """A charge that is pending or failed is never returned as paid."""
    line = Line(Sandbox(rules=Rules(card_tokens=True)), "charges")
    line.plan("POST /v1/charges", answer(200, {**CHARGE, **fields}))
    with pytest.raises(kind) as failed:
        line.gateway().charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert kind is type(failed.value)
    assert ("ch_1", "order-7", "charge") == (
        failed.value.charge_id,
        failed.value.order_id,
        failed.value.step,
    )
    assert (code, decline_code) == (failed.value.code, failed.value.decline_code)


def test_a_pending_charge_is_found_by_calling_again(sandbox, gateway, line):
    """While Stripe is processing it the order is not charged anew."""
    paid = gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")
    pending = {**paid.charge.raw, "status": "pending"}
    line.plan("GET /v1/charges", answer(200, {"data": [pending]}))
    with pytest.raises(PaymentPending) as waiting:
        line.gateway().charge("tok_visa", ADA, FIVE, order_id="order-7", customer=paid.customer)

    assert paid.charge.id == waiting.value.charge_id
    assert [paid.charge] == sandbox.charges


class Raising(stripe.HTTPClient):
    """A host's own HTTP client, which raises what it likes."""

    name = "raising"

    def __init__(self, error):
        super().__init__()
        self.error = error

    def request(self, method, url, headers, post_data=None, **_):
        raise self.error

    def close(self):
        """Nothing is open."""


@each_row(
    "error", [KeyError("tok_1ABC"), RuntimeError(ADA), AssertionError("x"), stripe.StripeError("x")]
)
def test_a_clients_own_exception_leaves_the_outcome_unknown(error):
    """Whatever an HTTP client of the host's raises, it is an error
    of ours, and nothing is concluded."""
    gateway = PaymentGateway("sk_test_x", http_client=Raising(error))
    with pytest.raises(OutcomeUnknown):
        gateway.charge("tok_1ABC", ADA, FIVE)
    with pytest.raises(GatewayUnavailable):
        gateway.get_charge("ch_1")


class Recording(Raising):
    """A host's own HTTP client: answers in text, with headers in lower case, and is closed once."""

    name = "recording"
    closed = 0
    answer: tuple[str, int, dict[str, str]] = (
        '{"id": "cus_1"}',
        200,
        {"idempotent-replayed": "true"},
    )

    def request(self, method, url, headers, post_data=None, **_):
        return self.answer

    def close(self):
        self.closed += 1


@pytest.mark.parametrize(
    "odd",
    [
        ('{"id": "cus_1"}', None, {}),
        (None, 200, {}),
        (None, 402, {}),
        ('{"id": "cus_1"}', 200, None),
        None,
    ],
    ids=repr,
)
def test_an_answer_that_is_none_leaves_the_outcome_unknown(odd):
    """A host's own client answered, so the request was sent: what it did is not known."""
    client = Recording(None)
    client.answer = odd
    gateway = PaymentGateway("sk_test_x", http_client=client)
    with pytest.raises(OutcomeUnknown):
        gateway.charge("tok_1ABC", ADA, FIVE)
    with pytest.raises(GatewayUnavailable):
        gateway.get_charge("ch_1")


def test_a_clients_text_and_lower_case_headers_are_read():
    """The SDK's other clients answer so, and are closed with the gateway."""
    client = Recording(None)
    with PaymentGateway("sk_test_x", http_client=client) as gateway:
        assert "cus_1" == gateway.get_customer("cus_1").id

    assert 1 == client.closed


@pytest.mark.parametrize("status", [400, 402])
def test_an_error_in_text_is_read(status):
    """A client that answers an error in text, not bytes, is understood too."""
    client = Recording(None)
    client.answer = ('{"error": {"type": "card_error", "message": "No."}}', status, {})
    with pytest.raises(CardDeclined):
        PaymentGateway("sk_test_x", http_client=client).charge("tok_1ABC", ADA, FIVE)
