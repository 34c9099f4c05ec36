"""Log records: one for each request to Stripe and one for each
operation, the same from both gateways."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.flows.line import answer, lose, refuse
from tests.observe.told import NAMES, fields, kept, operations, steps
from tokencharge import (
    AsyncPaymentGateway,
    Charge,
    InvalidInput,
    InvalidRequest,
    Money,
    PaymentGateway,
    TokenChargeError,
)
from tokencharge._stripe import FunctionClient
from tokencharge.sandbox import Fault

ADA = "ada@example.com"
FIVE = Money(500, "usd")


def only(records, **expected):
    """The fields of the one record there is, as far as they are asked for."""
    (told,) = records
    return {name: told.get(name) for name in expected}


def digest_of(request):
    """What an idempotency key says of the order."""
    return request.idempotency_key.split("-")[1]


def test_each_request_and_each_operation_is_told_once(gateway, line, records):
    """An order is three requests: who, which card, how much; each says how it
    went, all of them what came of it."""
    payment = gateway.charge(line.sandbox.create_token(), ADA, FIVE, order_id="order-1")
    # The card's own key is of the token alone.
    (digest,) = {digest_of(line.sent[0]), digest_of(line.sent[2])}
    told = steps(records)

    assert ["customer", "card", "charge"] == [step["step"] for step in told]
    assert [
        {
            "outcome": "ok",
            "attempts": 1,
            "http_status": 200,
            "replayed": False,
            "order_digest": digest,
        }
    ] * 3 == [
        {
            name: step[name]
            for name in ("outcome", "attempts", "http_status", "replayed", "order_digest")
        }
        for step in told
    ]
    assert all(step["request_id"].startswith("req_") and step["ms"] >= 0 for step in told)
    assert only(
        operations(records), operation=0, outcome=0, order_digest=0, charge_id=0, replayed=0
    ) == {
        "operation": "charge",
        "outcome": "ok",
        "order_digest": digest,
        "charge_id": payment.charge.id,
        "replayed": False,
    }


def test_the_message_says_the_same(gateway, line, records):
    """Whoever reads the message alone misses nothing."""
    line.plan("* /v1/payment_intents", lose(ConnectionResetError()))
    gateway.charge(line.sandbox.create_token(), ADA, FIVE)
    gateway.charge("tok_visa", ADA, FIVE, order_id="order-1")
    gateway.charge("tok_visa", ADA, FIVE, order_id="order-1")
    _, _, step, *_, operation = records
    told, ended = fields(step), fields(operation)

    assert (
        f"Step charge: ok (order {told['order_digest']}, {told['request_id']}, 2 tries, HTTP 200,"
        f" {told['ms']} ms)"
    ) == step.getMessage()
    assert (
        f"Operation charge: ok (order {ended['order_digest']}, {ended['charge_id']}, replayed,"
        f" {ended['ms']} ms)"
    ) == operation.getMessage()


def test_a_record_has_every_field(gateway, records):
    """A formatter may name any of them: what a record says nothing of is None."""
    gateway.charge("tok_visa", ADA, FIVE)

    assert 4 == len(records)
    assert [{f"tokencharge_{name}" for name in NAMES}] * 4 == [
        {name for name in vars(record) if name.startswith("tokencharge_")} for record in records
    ]


OUTCOMES = {
    "card_declined": (refuse(402, type="card_error", code="card_declined"), 402, logging.DEBUG),
    "authentication_required": (refuse(402, code="authentication_required"), 402, logging.DEBUG),
    "token_rejected": (refuse(400, code="token_already_used"), 400, logging.DEBUG),
    "invalid_request": (refuse(400), 400, logging.DEBUG),
    "order_in_progress": (refuse(409), 409, logging.DEBUG),
    "rate_limited": (refuse(429), 429, logging.WARNING),
    "authentication_failed": (refuse(401), 401, logging.ERROR),
    "outcome_unknown": (answer(502, b"<html>"), 502, logging.WARNING),
    "gateway_unavailable": (lose(ConnectionRefusedError()), None, logging.WARNING),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_went_wrong_is_named_and_has_a_level(line, records, outcome):
    """What Stripe answers is told quietly, what needs somebody's attention is not;
    an operation is one line of news."""
    action, status, level = OUTCOMES[outcome]
    line.plan("* /v1/customers", action)
    gateway = line.gateway(max_retries=0)
    with pytest.raises(TokenChargeError):
        gateway.charge("tok_visa", ADA, FIVE)
    step, operation = records

    assert (outcome, status) == (fields(step)["outcome"], fields(step).get("http_status"))
    assert outcome == fields(operation)["outcome"]
    assert (level, logging.INFO) == (step.levelno, operation.levelno)


def test_a_decline_names_the_charge_it_left(gateway, sandbox, records):
    """The dashboard shows failed charges, too."""
    sandbox.decline_next()
    with pytest.raises(TokenChargeError) as declined:
        gateway.charge("tok_visa", ADA, FIVE)

    assert only(operations(records), outcome=0, charge_id=0) == {
        "outcome": "card_declined",
        "charge_id": declined.value.charge_id,
    }
    assert declined.value.charge_id


def test_tries_are_counted(gateway, line, records):
    """A request that was lost and sent again is one step of several
    tries, and no replay of another's."""
    line.sandbox.lose_next_answer()
    line.sandbox.lose_next_answer()
    gateway.charge("tok_visa", ADA, FIVE)

    assert [3, 1, 1] == [step["attempts"] for step in steps(records)]
    assert [False, False, False] == [step["replayed"] for step in steps(records)]


def test_a_replay_is_told(gateway, line, records):
    """The same call again repeats what was done before, and says so."""
    token = line.sandbox.create_token()
    for _ in range(2):
        gateway.charge(token, ADA, FIVE)

    assert [False, False, False, True, True, True, False] == [
        step["replayed"] for step in steps(records)
    ]
    assert [False, True] == [operation["replayed"] for operation in operations(records)]


def test_what_happens_to_a_charge_later_names_its_order(gateway, line, records):
    """Capturing, refunding and looking up have keys of their own: the charge says whose it is."""
    held = gateway.charge("tok_visa", ADA, FIVE, order_id="order-1", capture=False)
    digest = digest_of(line.sent[0])
    records.clear()
    gateway.capture(held.charge)
    gateway.refund(held.charge, idempotency_key="mine")
    gateway.find("order-1", customer=held.customer)
    gateway.get_charge(held.charge.id)
    gateway.get_customer(held.customer.id)
    found = [
        (told["operation"], told.get("order_digest"), told.get("charge_id"))
        for told in operations(records)
    ]

    assert [
        ("capture", digest, held.charge.id),
        ("refund", None, held.charge.id),
        ("find", digest, held.charge.id),
        ("get_charge", digest, held.charge.id),
        ("get_customer", None, None),
    ] == found
    assert {None} == {step.get("order_digest") for step in steps(records)}


def test_reading_is_told_more_quietly_than_moving_money(gateway, records):
    """At INFO there is a line for each time money may have moved, and none for each look."""
    payment = gateway.charge("tok_visa", ADA, FIVE)
    gateway.refund(payment.charge)
    gateway.get_charge(payment.charge.id)
    gateway.find("order-1")
    levels = {
        fields(record)["operation"]: record.levelname
        for record in records
        if "operation" in fields(record)
    }

    assert {"charge": "INFO", "refund": "INFO", "get_charge": "DEBUG", "find": "DEBUG"} == levels


def test_requests_of_one_order_share_its_digest(gateway, line, records):
    """Looking at an order's charges needs no key; what looks is told
    as part of the order all the same."""
    first = gateway.charge("tok_visa", ADA, FIVE, order_id="order-1")
    records.clear()
    gateway.charge("tok_mastercard", ADA, FIVE, order_id="order-1")
    digest = digest_of(line.sent[0])

    assert {digest} == {step["order_digest"] for step in steps(records)}
    assert "find" in {step["step"] for step in steps(records)}
    assert first.charge.id == operations(records)[0]["charge_id"]


def test_what_is_refused_before_anything_is_sent_is_told_too(gateway, records):
    """There is an operation, and no step."""
    with pytest.raises(InvalidInput):
        gateway.charge("", ADA, FIVE)
    with pytest.raises(TypeError):
        gateway.charge()

    assert [] == steps(records)
    assert ["invalid_input", "failed"] == [
        operation["outcome"] for operation in operations(records)
    ]


def test_a_refusal_of_our_own_is_told(gateway, records):
    """Voiding what was captured is refused after a look: the look
    went well, the operation did not."""
    payment = gateway.charge("tok_visa", ADA, FIVE)
    records.clear()
    with pytest.raises(InvalidRequest):
        gateway.void(payment.charge)

    assert ["ok"] == [step["outcome"] for step in steps(records)]
    assert only(operations(records), outcome=0, charge_id=0) == {
        "outcome": "invalid_request",
        "charge_id": payment.charge.id,
    }


def test_a_caller_that_goes_away_is_told(records):
    """A thread interrupted while a request is out leaves a trace of it."""

    def interrupt(*_):
        raise KeyboardInterrupt

    gateway = PaymentGateway("sk_test_1", http_client=FunctionClient(interrupt))
    with pytest.raises(KeyboardInterrupt):
        gateway.charge("tok_visa", ADA, FIVE)

    assert only(steps(records), outcome=0, attempts=0) == {"outcome": "cancelled", "attempts": 1}
    assert only(operations(records), outcome=0) == {"outcome": "cancelled"}
    assert [logging.WARNING, logging.INFO] == [record.levelno for record in records]


def test_a_request_that_a_signal_ends_as_it_is_told_is_told_once(sandbox, records):
    """What is answered is not told again as cancelled."""

    class Interrupted(logging.Filter):
        signals = 1

        def filter(self, record):
            self.signals -= 1
            if self.signals == 0:
                raise KeyboardInterrupt
            return True

    interrupted = Interrupted()
    logger = logging.getLogger("tokencharge")
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    logger.addFilter(interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            gateway.charge(sandbox.create_token(), ADA, FIVE)
    finally:
        logger.removeFilter(interrupted)

    assert [] == steps(records)


def test_a_task_that_is_cancelled_is_told(sandbox, records):
    """So does a cancelled task, and its order can be told from the record."""
    gateway = AsyncPaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())

    async def cancel() -> None:
        task = asyncio.ensure_future(gateway.charge("tok_visa", ADA, FIVE, order_id="order-1"))
        await asyncio.sleep(0)  # the first request is out
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())

    assert only(steps(records), step=0, outcome=0) == {"step": "customer", "outcome": "cancelled"}
    assert only(operations(records), outcome=0) == {"outcome": "cancelled"}
    assert steps(records)[0]["order_digest"] == operations(records)[0]["order_digest"]


def test_tasks_do_not_mix_up_their_orders(sandbox, records):
    """Operations that overlap in one thread each tell of their own requests."""
    gateway = AsyncPaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())

    async def rush() -> None:
        await asyncio.gather(
            *(gateway.charge("tok_visa", ADA, FIVE, order_id=f"order-{n}") for n in range(10))
        )

    asyncio.run(rush())
    digests = [operation["order_digest"] for operation in operations(records)]

    assert 10 == len(set(digests))
    assert sorted(digests * 3) == sorted(step["order_digest"] for step in steps(records))


def test_threads_do_not_mix_up_their_orders(sandbox, records):
    """Nor do threads."""
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    together = threading.Barrier(4)

    def buy(number: int) -> Charge:
        together.wait(30)
        return gateway.charge("tok_visa", ADA, FIVE, order_id=f"order-{number}").charge

    with ThreadPoolExecutor(4) as pool:
        charges = list(pool.map(buy, range(4)))
    by_thread: dict[object, set[str]] = {record.thread: set() for record in records}
    for record in records:
        by_thread[record.thread].add(fields(record)["order_digest"])

    assert {charge.id for charge in charges} == {
        operation["charge_id"] for operation in operations(records)
    }
    assert [1, 1, 1, 1] == [len(digests) for digests in by_thread.values()]


def test_an_operation_within_another_is_its_own(sandbox, records):
    """A client that itself charges, say to count what it sends,
    tells of both and mixes up neither."""
    inner = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    client = sandbox.http_client()

    def send(method, url, headers, body):
        inner.get_customer(customer)
        return client.request(method, url, headers, body)

    customer = inner.charge("tok_visa", ADA, FIVE).customer.id
    records.clear()
    outer = PaymentGateway(sandbox.secret_key, http_client=FunctionClient(send))
    outer.charge("tok_visa", ADA, FIVE, order_id="order-1", customer=customer)
    outer_digest = operations(records)[-1]["order_digest"]

    assert [*["get_customer"] * 5, "charge"] == [
        operation["operation"] for operation in operations(records)
    ]
    assert {None} == {operation.get("order_digest") for operation in operations(records)[:-1]}
    assert outer_digest


def test_an_operation_nobody_watches_is_not_taken_for_the_one_before(line):
    """Trouble with a look that is not watched names no order, least of all the last one."""
    gateway = line.gateway(max_retries=0)
    with kept(logging.getLogger("tokencharge"), level=logging.INFO) as records:
        gateway.charge("tok_visa", ADA, FIVE, order_id="order-1")
        line.plan("*", lose(ConnectionRefusedError()))
        with pytest.raises(TokenChargeError):
            gateway.find("order-2")

    assert only(steps(records), step=0, order_digest=0) == {"step": "find", "order_digest": None}


def test_what_is_no_id_of_stripes_is_not_told(gateway, line, records):
    """A proxy may answer with any header: what has not the form of a request id stays out."""
    token = line.sandbox.create_token()
    body = {"id": "cus_1", "object": "customer"}
    line.plan(
        "* /v1/customers/*",
        answer(200, body, request_id=f"req_{ADA}"),
        answer(200, body, request_id=token),
    )
    gateway.get_customer("cus_1")
    gateway.get_customer("cus_1")

    assert 2 == len(steps(records))
    assert {None} == {step.get("request_id") for step in steps(records)}


class Broken(logging.Handler):
    """A handler that cannot write, and says so the wrong way."""

    def emit(self, record: logging.LogRecord) -> None:
        raise OSError(28, "No space left on device")


def test_a_log_that_cannot_be_written_fails_no_charge(gateway, sandbox):
    """The money has moved: what became of the record is another matter."""
    logger = logging.getLogger("tokencharge")
    broken = Broken()
    logger.addHandler(broken)
    logger.setLevel(logging.DEBUG)
    try:
        payment = gateway.charge("tok_visa", ADA, FIVE)
    finally:
        logger.removeHandler(broken)
        logger.setLevel(logging.NOTSET)

    assert [payment.charge] == sandbox.charges


def test_nobody_who_does_not_listen_is_told(sandbox):
    """As Python comes, with the root logger at WARNING, a charge
    leaves nothing behind; trouble does."""
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), max_retries=0)
    with kept(logging.getLogger("tokencharge"), level=logging.WARNING) as records:
        gateway.charge("tok_visa", ADA, FIVE, order_id="order-1")
        quiet = list(records)
        sandbox.faults.add(Fault.lose_answer(), path="/v1/payment_intents")
        with pytest.raises(TokenChargeError):
            gateway.charge("tok_visa", ADA, FIVE, order_id="order-2")

    assert [] == quiet
    assert only(steps(records), step=0, outcome=0) == {
        "step": "charge",
        "outcome": "outcome_unknown",
    }
    assert [] == operations(records)
