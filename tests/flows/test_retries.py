"""Retries: nothing is charged twice, nothing charged is called unavailable."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.flows.line import answer, lose, refuse
from tokencharge import (
    AuthenticationFailed,
    CardDeclined,
    GatewayUnavailable,
    InvalidRequest,
    Money,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    RateLimited,
    TokenChargeError,
    TokenRejected,
)
from tokencharge.sandbox import Fault

ADA = "ada@example.com"
FIVE = Money(500, "usd")
STEPS = ["/v1/customers", "/v1/charges"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault.lose_answer(),
        Fault.lose_request(),
        Fault.time_out(),
        Fault.time_out(executed=False),
        Fault.refuse_connection(),
        Fault.overloaded(),
        Fault.key_in_use(),
        Fault.lock_timeout(),
        Fault.rate_limit(),
        Fault.server_error(saved=False),
        Fault.duplicate(),
    ],
    ids=lambda fault: fault.name,
)
def test_a_fault_that_passes_is_not_noticed(sandbox, gateway, step, fault):
    """It is tried again under the same key: one charge, and it is this call's own."""
    sandbox.faults.add(fault, path=step)
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE)

    assert [payment.charge] == sandbox.charges
    assert [payment.customer] == sandbox.customers
    assert False is payment.replayed


@pytest.mark.parametrize("times", [1, 2])
def test_retries_are_as_many_as_were_set(sandbox, line, times):
    """`max_retries` is the number of tries after the first."""
    line.plan("POST /v1/customers", *[lose(ConnectionResetError())] * 9)
    with pytest.raises(OutcomeUnknown):
        line.gateway(max_retries=times).charge("tok_visa", ADA, FIVE)

    assert 1 + times == len(line.sent)
    assert 1 == len({request.idempotency_key for request in line.sent})


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "fault", [Fault.lose_answer(), Fault.time_out()], ids=lambda fault: fault.name
)
@pytest.mark.parametrize("order_id", [None, "order-7"])
def test_a_lost_answer_is_an_unknown_outcome_and_calling_again_finds_it(
    sandbox, gateway, step, fault, order_id
):
    """It says how far it got; the same call then finds the charge or makes it, once."""
    token = sandbox.create_token()
    sandbox.faults.add(fault, times=3, path=step, method="POST")
    with pytest.raises(OutcomeUnknown) as unknown:
        gateway.charge(token, ADA, FIVE, order_id=order_id)
    charged = bool(sandbox.charges)
    payment = gateway.charge(token, ADA, FIVE, order_id=order_id)

    assert [payment.charge] == sandbox.charges
    assert 1 == len(sandbox.customers)
    assert (order_id, charged) == (unknown.value.order_id, payment.replayed)
    assert unknown.value.customer_id == (payment.customer.id if charged else None)
    assert unknown.value.retryable


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError(), socket.gaierror(-2, "Name or service not known")],
    ids=lambda error: type(error).__name__,
)
def test_what_was_never_sent_charged_nobody(sandbox, line, step, error):
    """Refused and not found are told apart from lost: nothing happened, and the
    text of the failure is not quoted."""
    line.plan(f"POST {step}", *[lose(error)] * 3)
    with pytest.raises(GatewayUnavailable) as unavailable:
        line.gateway().charge(sandbox.create_token(), ADA, FIVE)

    assert [] == sandbox.charges
    assert "Name or service" not in str(unavailable.value)


def test_what_was_never_sent_is_known_while_the_caller_handles_something_else(sandbox, line):
    """A client of the host's own may wrap the refusal, and the host may be
    handling any error of its own."""

    def refused(request):
        try:
            raise ConnectionRefusedError
        except OSError:
            raise RuntimeError("no connection")  # noqa: B904 - the context is what counts

    line.plan("POST *", refused)
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        with pytest.raises(GatewayUnavailable):
            line.gateway().charge(sandbox.create_token(), ADA, FIVE)

    assert [] == sandbox.charges


def test_an_outage_ends(sandbox, gateway):
    """While Stripe cannot be reached nothing happens; then the same call charges once."""
    token = sandbox.create_token()
    with sandbox.unavailable(), pytest.raises(GatewayUnavailable):
        gateway.charge(token, ADA, FIVE)
    gateway.charge(token, ADA, FIVE)

    assert 1 == len(sandbox.charges)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("fault", "code"),
    [(Fault.rate_limit(), "rate_limit"), (Fault.lock_timeout(), "lock_timeout")],
)
def test_a_limited_rate_did_nothing(sandbox, gateway, step, fault, code):
    """A 429 that does not pass within the call's tries is told as it is."""
    sandbox.faults.add(fault, path=step, times=3)
    with pytest.raises(RateLimited) as limited:
        gateway.charge(sandbox.create_token(), ADA, FIVE)

    assert (code, 429) == (limited.value.code, limited.value.http_status)
    assert [429] * 3 == [arrival.status for arrival in sandbox.requests if arrival.path == step]
    assert [] == sandbox.charges


AFTERWARDS = {
    "429": refuse(429, code="rate_limit"),
    "refused": lose(ConnectionRefusedError()),
    "401": refuse(401),
    "403": refuse(403),
}


@pytest.mark.parametrize("then", AFTERWARDS.values(), ids=AFTERWARDS)
@pytest.mark.parametrize(
    "fault", [Fault.lose_answer(), Fault.html(502), Fault.server_error(executed=True)]
)
def test_a_try_in_doubt_keeps_the_call_in_doubt(sandbox, line, fault, then):
    """If any try may have charged, "did nothing" would be a lie, whatever the next try was told."""
    token = sandbox.create_token()

    def first(request):
        with sandbox.faults.add(fault):
            return sandbox.handle(request)

    line.plan("POST /v1/charges", first, then, then)
    with pytest.raises(OutcomeUnknown):
        line.gateway().charge(token, ADA, FIVE)

    assert 1 == len([charge for charge in sandbox.charges if charge.paid])


@pytest.mark.parametrize("then", [AFTERWARDS["refused"], AFTERWARDS["429"]])
def test_a_question_in_doubt_changed_nothing(line, then):
    """A GET that was lost and then refused is simply unavailable."""
    line.plan("GET *", lose(ConnectionResetError()), then, then)
    with pytest.raises((GatewayUnavailable, RateLimited)):
        line.gateway().get_charge("ch_1")

    assert "GET" == line.sent[0].method


def test_doubt_ends_with_the_call(sandbox, line):
    """What one call left in doubt does not colour the next."""
    line.plan("POST /v1/charges", *[lose(ConnectionResetError())] * 3, *[refuse(429)] * 3)
    gateway = line.gateway()
    with pytest.raises(OutcomeUnknown):
        gateway.charge(token := sandbox.create_token(), ADA, FIVE)
    with pytest.raises(RateLimited):
        gateway.charge(token, ADA, FIVE)

    assert [] == sandbox.charges


@pytest.mark.parametrize(
    "handled", [ConnectionRefusedError("redis"), socket.gaierror("cache")], ids=repr
)
def test_an_exception_the_caller_is_handling_says_nothing_about_the_request(
    sandbox, gateway, handled
):
    """A charge made while the host handles its own refused connection
    is in doubt if its answer is lost."""
    sandbox.faults.add(Fault.lose_answer(), times=3, path="/v1/charges")
    token = sandbox.create_token()

    def in_a_handler():
        try:
            raise handled
        except OSError:
            gateway.charge(token, ADA, FIVE)

    with pytest.raises(TokenChargeError) as unknown:
        in_a_handler()

    assert 1 == len(sandbox.charges)
    assert OutcomeUnknown is type(unknown.value)


def test_a_client_that_went_on_to_another_address_may_have_sent(sandbox, line):
    """One address refused, the next reset after the request: the outcome is unknown."""

    def second_address(request):
        try:
            raise ConnectionRefusedError("::1")
        except ConnectionRefusedError:
            sandbox.handle(request)
            raise ConnectionResetError("127.0.0.1")  # noqa: B904

    line.plan("POST /v1/charges", *[second_address] * 3)
    with pytest.raises(TokenChargeError) as unknown:
        line.gateway().charge(sandbox.create_token(), ADA, FIVE)

    assert 1 == len(sandbox.charges)
    assert OutcomeUnknown is type(unknown.value)


def test_another_request_under_the_same_key_is_waited_for(sandbox, gateway):
    """409: the other one is running; after the retries the caller is asked to come back."""
    sandbox.faults.add(Fault.key_in_use(), times=3, path="/v1/charges")
    token = sandbox.create_token()
    with pytest.raises(OrderInProgress) as running:
        gateway.charge(token, ADA, FIVE, order_id="order-7")
    payment = gateway.charge(token, ADA, FIVE, order_id="order-7")

    assert (409, "order-7") == (running.value.http_status, running.value.order_id)
    assert [payment.charge] == sandbox.charges


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/customers/*/sources"])
@pytest.mark.parametrize("executed", [False, True])
def test_a_500_saved_before_the_charge_is_left_behind(sandbox, gateway, path, executed):
    """A step that moves no money is taken again under a fresh key; if the token
    went with it, it is asked for again."""
    sandbox.faults.add(Fault.server_error(executed=executed), path=path)
    if executed and path.endswith("sources"):
        with pytest.raises(TokenRejected):
            gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")

    assert [payment.charge] == sandbox.charges
    assert 1 == len(
        {arrival.idempotency_key for arrival in sandbox.requests if arrival.status == 500}
    )


def test_fresh_keys_come_to_an_end(sandbox, gateway):
    """If Stripe saves a 500 under each key, the outcome stays unknown, and the keys stay short."""
    sandbox.faults.add(Fault.server_error(), times=None, path="/v1/customers", method="POST")
    with pytest.raises(OutcomeUnknown):
        gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")
    keys = {arrival.idempotency_key for arrival in sandbox.requests if arrival.method == "POST"}

    assert 5 == len(keys)
    assert max(map(len, keys)) <= 255
    assert [] == sandbox.customers


def test_a_500_not_saved_is_not_left_behind(sandbox, line):
    """Only a replay proves that the key is spent."""
    sandbox.faults.add(Fault.server_error(saved=False), path="/v1/customers")
    with pytest.raises(OutcomeUnknown):
        line.gateway(max_retries=0).charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert 1 == len({arrival.idempotency_key for arrival in sandbox.requests})


@pytest.mark.parametrize("executed", [True, False])
def test_a_500_saved_at_the_charge(sandbox, gateway, executed):
    """The list tells: what it charged all the same is the payment; else no
    card is charged, and `find` says so."""
    sandbox.faults.add(Fault.server_error(executed=executed), path="/v1/charges", method="POST")
    if executed:
        payment = gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")

        assert [payment.charge] == sandbox.charges
        assert True is payment.replayed
        assert payment == gateway.find("order-7")
    else:
        with pytest.raises(OutcomeUnknown):
            gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")
        with pytest.raises(OutcomeUnknown) as unknown:
            gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")
        with pytest.raises(OrderInProgress):
            gateway.charge("tok_mastercard", ADA, FIVE, order_id="order-7")

        assert [] == sandbox.charges
        assert None is gateway.find("order-7", customer=unknown.value.customer_id)


@pytest.mark.parametrize(
    "refused", [refuse(429), lose(ConnectionRefusedError()), answer(200, b"<html>")]
)
def test_not_being_able_to_look_is_not_knowing(sandbox, gateway, line, refused):
    """Another card came first and the list cannot be had: it may
    be paid, so the outcome is unknown."""
    gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")
    line.plan("GET /v1/charges", *[refused] * 3)
    with pytest.raises(OutcomeUnknown) as unknown:
        line.gateway().charge("tok_mastercard", ADA, FIVE, order_id="order-7")

    assert ("order-7", sandbox.customers[0].id) == (
        unknown.value.order_id,
        unknown.value.customer_id,
    )
    assert isinstance(unknown.value.__cause__, (RateLimited, GatewayUnavailable))
    assert 1 == len(sandbox.charges)


DECLINED: dict[str, Any] = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "do_not_honor",
}


def test_a_refusal_that_was_not_saved_is_asked_again_before_it_is_believed(sandbox, line):
    """Without a charge to prove it, the slot could be charged beside the
    next card: the second answer counts."""
    line.plan("POST /v1/charges", refuse(402, **DECLINED))
    payment = line.gateway().charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert [payment.charge] == sandbox.charges


REPEATED = {
    "saved": [refuse(402, saved=True, **DECLINED)],
    "saved by asking again": [refuse(402, **DECLINED), refuse(402, saved=True, **DECLINED)],
    "never saved": [refuse(402, **DECLINED)] * 5,
    "with a charge": [refuse(402, charge="ch_1", **DECLINED)],
}


@pytest.mark.parametrize("again", REPEATED.values(), ids=REPEATED)
def test_a_refusal_said_again_is_a_refusal(sandbox, line, again):
    """From Stripe's memory or anew: the buyer is told of the decline."""
    line.plan("POST /v1/charges", refuse(402, **DECLINED), *again)
    with pytest.raises(CardDeclined) as declined:
        line.gateway().charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert ("do_not_honor", "order-7") == (declined.value.decline_code, declined.value.order_id)
    assert [] == sandbox.charges


@pytest.mark.parametrize(
    "again", [refuse(429), refuse(409), lose(ConnectionRefusedError()), lose(TimeoutError())]
)
def test_a_refusal_that_cannot_be_asked_again_is_unsettled(sandbox, line, again):
    """The next card could not know of it, so it is not told as a
    decline; the same call settles it."""
    line.plan("POST /v1/charges", refuse(402, **DECLINED), *[again] * 3)
    with pytest.raises(OutcomeUnknown) as unsettled:
        line.gateway().charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert "order-7" == unsettled.value.order_id
    assert [] == sandbox.charges


def test_doubt_about_a_refusal_is_doubt(sandbox, line):
    """Asking again may have charged."""

    def charge_and_lose(request):
        sandbox.handle(request)
        raise ConnectionResetError

    line.plan("POST /v1/charges", refuse(402, **DECLINED), *[charge_and_lose] * 3)
    with pytest.raises(OutcomeUnknown):
        line.gateway().charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert 1 == len(sandbox.charges)


def test_a_refusal_that_is_being_decided_again_is_not_told_as_a_decline(sandbox, line):
    """Asked again, the answer is lost and then still in the making: this call may yet charge."""

    def begin_and_lose(request):
        pending.append(sandbox.begin(request))
        raise TimeoutError

    pending: list = []
    line.plan("POST /v1/charges", refuse(402, **DECLINED), begin_and_lose)
    with pytest.raises(TokenChargeError) as failed:
        line.gateway().charge("tok_visa", ADA, FIVE, order_id="order-7")
    sandbox.finish(pending[0])

    assert [True] == [charge.paid for charge in sandbox.charges]
    assert type(failed.value) in (OutcomeUnknown, OrderInProgress)


def test_a_note_that_cannot_be_made_is_made_by_the_same_call(sandbox, line):
    """Until the refusal is noted it is not told as a decline; then the next card goes past it."""
    sandbox.faults.add(Fault.declined("do_not_honor", leaves_charge=False), path="/v1/charges")
    line.plan("POST /v1/customers/" + "?" * 18, *[refuse(429)] * 3)
    with pytest.raises(OutcomeUnknown):
        line.gateway().charge("tok_visa", ADA, FIVE, order_id="order-7")
    with pytest.raises(CardDeclined):
        line.gateway().charge("tok_visa", ADA, FIVE, order_id="order-7")
    payment = line.gateway().charge("tok_mastercard", ADA, FIVE, order_id="order-7")

    assert [payment.charge] == sandbox.charges


def test_a_parameter_stripe_refuses_is_no_slot_used(sandbox, gateway):
    """An amount too small is refused; mended, the same order is charged."""
    with pytest.raises(InvalidRequest) as refused:
        gateway.charge("tok_visa", ADA, Money(1, "usd"), order_id="order-7")
    payment = gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert ("amount", "amount_too_small", "charge") == (
        refused.value.param,
        refused.value.code,
        refused.value.step,
    )
    assert [payment.charge] == sandbox.charges


def test_marks_nobody_made_close_no_slot(sandbox, line):
    """Only this library's notes on the Customer count."""
    gateway = line.gateway()
    with pytest.raises(CardDeclined) as declined:
        gateway.charge("tok_chargeCustomerFail", ADA, FIVE, order_id="order-7")
    name = next(
        request for request in line.sent if request.path == "/v1/charges"
    ).idempotency_key.split("-")[1][:16]
    odd = {f"tokencharge_{name}_x": "refused", "other": "refused"}
    line.plan("GET /v1/charges", *[answer(200, {"data": []})] * 20)
    line.plan(
        "GET /v1/customers/*",
        *[answer(200, {"id": declined.value.customer_id, "metadata": odd})] * 20,
    )
    with pytest.raises(OrderInProgress):
        gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert [False] == [charge.paid for charge in sandbox.charges]


def test_a_conflict_at_the_capture_of_a_charge_is_asked_again(sandbox, line):
    """There capture and void share a key: while the other has it and the
    money is held, the capture waits."""
    held = line.gateway().charge("tok_visa", ADA, FIVE, capture=False)
    conflict = refuse(400, type="idempotency_error")
    line.plan("POST /v1/charges/*/capture", conflict, conflict)
    captured = line.gateway().capture(held.charge)

    assert captured.captured
    assert 3 == sum(request.path.endswith("/capture") for request in line.sent)
    assert [FIVE] == [charge.amount_captured for charge in sandbox.charges]


def test_a_conflict_at_the_capture_of_an_intent_is_told(sandbox, line):
    """There each request has a key of its own, so nobody explains
    the conflict: the money stays held."""
    gateway = line.gateway(route="payment_intents")
    held = gateway.charge("tok_visa", ADA, FIVE, capture=False)
    line.plan("POST /v1/payment_intents/*/capture", refuse(400, type="idempotency_error"))
    with pytest.raises(OrderConflict):
        gateway.capture(held.charge)

    assert [False] == [charge.captured for charge in sandbox.charges]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_did_nothing(sandbox, line, status):
    """Our key, our problem: the buyer is not blamed."""
    line.plan("POST *", refuse(status))
    with pytest.raises(AuthenticationFailed) as failed:
        line.gateway().charge("tok_visa", ADA, FIVE)

    assert status == failed.value.http_status
    assert [] == sandbox.requests
