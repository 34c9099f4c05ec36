"""AsyncPaymentGateway: the same operations, awaited; across loops, and through cancellation."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import sys
import time
import weakref
from collections.abc import Iterator

import pytest

from tests.flows.line import Busy, Line, refuse
from tokencharge import (
    AsyncPaymentGateway,
    CardDeclined,
    ChargeState,
    ConfigurationError,
    GatewayUnavailable,
    InvalidInput,
    Money,
    OutcomeUnknown,
    Payment,
    PaymentGateway,
)
from tokencharge._stripe import FunctionClient
from tokencharge.sandbox import Fault, Rules, Sandbox, Server

pytest.importorskip("aiohttp")

ADA = "ada@example.com"
FIVE = Money(500, "usd")


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Server]:
    with sandbox.serve() as server:
        yield server


@pytest.fixture(params=["in process", "over HTTP"])
def gateway(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncPaymentGateway:
    if request.param == "in process":
        return AsyncPaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    server = request.getfixturevalue("server")
    return AsyncPaymentGateway(sandbox.secret_key, api_base=server.url)


def test_it_has_every_method_of_the_blocking_gateway():
    """Same names, same arguments, same documentation; each a coroutine, but
    for parse_event, which asks nobody."""
    methods = [name for name in vars(PaymentGateway) if not name.startswith("_")]
    here, there = AsyncPaymentGateway, PaymentGateway
    asked = [name for name in methods if name != "close"]

    assert methods == [name for name in vars(here) if not name.startswith("_")]
    assert [inspect.signature(getattr(there, name)) for name in asked] == [
        inspect.signature(getattr(here, name)) for name in asked
    ]
    assert all(getattr(here, name).__doc__ == getattr(there, name).__doc__ for name in asked)


def test_a_day_in_a_shop(gateway, sandbox):
    """Charge, hold, capture, void, refund, a saved card, a look
    back: all that moves money, awaited."""

    async def day() -> list[Payment]:
        async with gateway:
            paid = await gateway.charge(sandbox.create_token(), ADA, FIVE, save_card=True)
            held = await gateway.charge(sandbox.create_token(), ADA, FIVE, capture=False)
            let_go = await gateway.charge(sandbox.create_token(), ADA, FIVE, capture=False)
            await gateway.capture(held.charge, Money(300, "usd"))
            await gateway.void(let_go.charge)
            await gateway.refund(paid.charge, Money(100, "usd"))
            again = await gateway.charge_customer(paid.customer, FIVE, order_id="order-1")
            found = await gateway.find("order-1", customer=paid.customer)
            assert again.charge == found.charge
            assert paid.customer == await gateway.get_customer(paid.customer.id)
            assert paid.charge.id == (await gateway.get_charge(paid.charge.id)).id
            return [paid, held, let_go, again]

    payments = asyncio.run(day())

    assert [payment.charge.id for payment in payments] == [charge.id for charge in sandbox.charges]
    assert [500, 300, 0, 500] == [charge.amount_captured.minor for charge in sandbox.charges]
    assert [100, 0, 0, 0] == [charge.amount_refunded.minor for charge in sandbox.charges]


def test_many_tabs_of_one_order_end_in_one_charge(gateway, sandbox):
    """Twenty tasks with twenty cards: whoever is not in time is
    shown the payment, or told to wait."""

    async def rush() -> list[object]:
        tasks = (
            gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-1") for _ in range(20)
        )
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    results = asyncio.run(rush())
    (charge,) = sandbox.charges

    assert {charge.id} == {result.charge.id for result in results if isinstance(result, Payment)}
    assert 1 == len(
        [result for result in results if isinstance(result, Payment) and not result.replayed]
    )


# Of the loops that are left as they are.
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("way", ["run", "closed", "left"])
def test_no_event_loop_is_kept(sandbox, way):
    """A gateway shared by many runs holds none of their loops, whether or not
    they shut down as asyncio.run does."""
    pytest.importorskip("aiohttp")
    loops = []

    async def use(gateway):
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await gateway.get_customer(customer)
        if way == "closed":
            await gateway.close()

    with sandbox.serve() as server:
        customer = (
            PaymentGateway(sandbox.secret_key, api_base=server.url)
            .charge("tok_visa", ADA, FIVE)
            .customer.id
        )
        gateway = AsyncPaymentGateway(sandbox.secret_key, api_base=server.url)
        for _ in range(5):
            if way == "left":
                loop = asyncio.new_event_loop()
                loop.run_until_complete(use(gateway))
                loop.close()
                del loop
            else:
                asyncio.run(use(gateway))
        gc.collect()
        gc.collect()
        alive = [loop for loop in loops if loop() is not None]
        del gateway
        gc.collect()

    assert 5 == len(loops)
    assert len(alive) <= (1 if way == "left" else 0)


def test_a_second_event_loop_finds_a_working_gateway(gateway, sandbox):
    """A gateway made once serves one asyncio.run after the other."""
    for _ in range(3):
        asyncio.run(gateway.charge(sandbox.create_token(), ADA, FIVE))

    assert 3 == len(sandbox.charges)


def test_closing_is_not_the_end(gateway, sandbox):
    """After close, and without anything to close, the next call opens connections of its own."""

    async def close_and_go_on() -> None:
        await gateway.close()
        await gateway.charge(sandbox.create_token(), ADA, FIVE)
        await gateway.close()
        await gateway.charge(sandbox.create_token(), ADA, FIVE)

    asyncio.run(close_and_go_on())

    assert 2 == len(sandbox.charges)


def test_errors_are_the_blocking_gateways(gateway, sandbox):
    """A decline is a decline, a bad argument is refused before anything is sent."""
    with pytest.raises(CardDeclined):
        asyncio.run(gateway.charge("tok_chargeDeclined", ADA, FIVE))
    with pytest.raises(InvalidInput):
        asyncio.run(gateway.charge("", ADA, FIVE))

    assert [200, 200, 402] == [arrival.status for arrival in sandbox.requests]


@pytest.mark.parametrize("trouble", ["nobody listens", "no such host", "no TLS"])
def test_without_a_connection_nothing_was_sent(server, sandbox, trouble):
    """Refused, an unknown name, a failed handshake: it charged nobody, and says so,
    and where it was asked for."""
    urls = {
        "nobody listens": server.url,
        "no such host": "https://nothing.invalid",
        "no TLS": server.url.replace("http:", "https:"),
    }
    if trouble == "nobody listens":
        server.close()
    gateway = AsyncPaymentGateway("sk_test_1", api_base=urls[trouble], max_retries=0)
    with pytest.raises(GatewayUnavailable) as unavailable:
        asyncio.run(gateway.charge("tok_visa", ADA, FIVE))

    where = urls[trouble].partition("://")[2]
    assert f" {where} was asked, as STRIPE_API_BASE says:" in unavailable.value.message
    assert [] == sandbox.requests


def test_a_lost_answer_is_unknown_and_found_by_asking_again(server, sandbox):
    """The connection breaks after the charge was made: unknown, and
    the same call finds the one charge."""
    gateway = AsyncPaymentGateway(sandbox.secret_key, api_base=server.url, max_retries=0)
    token = sandbox.create_token()
    sandbox.lose_next_answer(path="/v1/payment_intents")
    with pytest.raises(OutcomeUnknown) as unknown:
        asyncio.run(gateway.charge(token, ADA, FIVE))
    payment = asyncio.run(gateway.charge(token, ADA, FIVE))

    assert sandbox.customers[0].id == unknown.value.customer_id
    assert [payment.charge] == sandbox.charges


@pytest.mark.parametrize("wait", ["a moment between the SDK's tries", "a pause of the flow"])
def test_waiting_lets_other_tasks_run(sandbox, monkeypatch, wait):
    """Retries and pauses sleep with the loop, not with the thread."""
    slept = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", note)
    if wait.startswith("a moment"):
        sandbox.lose_next_answer()
        gateway = AsyncPaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    else:
        first = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
        sandbox.faults.add(
            Fault.server_error(executed=False, saved=True),
            path="/v1/payment_intents",
            method="POST",
        )
        with pytest.raises(OutcomeUnknown):
            first.charge(sandbox.create_token(), ADA, FIVE, order_id="order-1")
        gateway = AsyncPaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())

    async def buy() -> object:
        try:
            return await gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-1")
        except Exception as error:  # noqa: BLE001
            return error

    asyncio.run(buy())

    assert slept


def known(cancelled: BaseException | None) -> OutcomeUnknown:
    """Find what a cancelled task knew; Python 3.10 raises a second
    CancelledError with the first behind it."""
    while cancelled is not None and not isinstance(cancelled.__cause__, OutcomeUnknown):
        cancelled = cancelled.__context__
    assert cancelled is not None
    assert isinstance(cancelled.__cause__, OutcomeUnknown)
    return cancelled.__cause__


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/payment_intents"])
def test_a_cancelled_task_knows_how_far_it_got_and_can_be_called_again(server, sandbox, path):
    """CancelledError comes from an OutcomeUnknown that names the
    order, and calling again charges once."""
    gateway = AsyncPaymentGateway(sandbox.secret_key, api_base=server.url)
    token = sandbox.create_token()
    sandbox.faults.add(Fault.time_out(executed=True), path=path, method="POST")

    async def buy_and_cancel() -> BaseException | None:
        async with gateway:
            task = asyncio.create_task(gateway.charge(token, ADA, FIVE, order_id="order-1"))
            while not any(arrival.path == path for arrival in sandbox.requests):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as cancelled:
                return cancelled
            return None

    cancelled = asyncio.run(buy_and_cancel())
    payment = asyncio.run(gateway.charge(token, ADA, FIVE, order_id="order-1"))

    assert "order-1" == known(cancelled).order_id
    assert [payment.charge] == sandbox.charges


@pytest.mark.parametrize("kind", [PaymentGateway, AsyncPaymentGateway])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_whatever_stops_a_call_comes_from_what_is_known_of_it(sandbox, kind, stop):
    """Ctrl-C, a server that ends its worker, or a time-out of a green thread: the
    OutcomeUnknown behind it names order and Customer, and calling again charges once."""

    def stopped(request):
        sandbox.handle(request)
        raise stop

    line = Line(sandbox)
    line.plan("POST /v1/payment_intents", stopped)
    gateway = kind(sandbox.secret_key, http_client=FunctionClient(line.send))
    token = sandbox.create_token()

    def buy():
        return finished(gateway.charge(token, ADA, FIVE, order_id="order-1"))

    with pytest.raises(stop) as ended:
        buy()
    unknown = known(ended.value)
    payment = buy()

    assert ("order-1", sandbox.customers[0].id) == (unknown.order_id, unknown.customer_id)
    assert [payment.charge] == sandbox.charges


def finished(called):
    """Return what a method returns; run a coroutine without a loop,
    which would handle what stops it."""
    if not inspect.iscoroutine(called):
        return called
    try:
        while True:
            called.send(None)
    except StopIteration as stop:
        return stop.value


class SoftTimeLimitExceeded(Exception):
    """What Celery raises from a signal, wherever its task is."""


@pytest.mark.parametrize("kind", [PaymentGateway, AsyncPaymentGateway])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, SoftTimeLimitExceeded])
def test_a_stop_between_two_tries_stops_the_call(sandbox, kind, stop, monkeypatch):
    """No other try is sent, and the one before may have charged."""

    def interrupt(seconds):
        raise stop

    async def interrupt_task(seconds):
        interrupt(seconds)

    line = Line(sandbox)
    line.plan("POST /v1/payment_intents", refuse(500, type="api_error"))
    gateway = kind(sandbox.secret_key, http_client=Busy(line.send))
    token = sandbox.create_token()
    monkeypatch.setattr(time, "sleep", interrupt)
    monkeypatch.setattr(asyncio, "sleep", interrupt_task)
    with pytest.raises(stop) as ended:
        finished(gateway.charge(token, ADA, FIVE, order_id="order-1"))
    sent = [request.path for request in line.sent]

    assert 1 == sent.count("/v1/payment_intents")
    assert "order-1" == known(ended.value).order_id


def test_what_a_stop_comes_from_is_kept(sandbox):
    """Behind the OutcomeUnknown stands the host's own reason."""

    def stopped(request):
        raise SystemExit(3) from ValueError("the host's reason")

    line = Line(sandbox)
    line.plan("POST /v1/payment_intents", stopped)
    with pytest.raises(SystemExit) as ended:
        line.gateway().charge(sandbox.create_token(), ADA, FIVE, order_id="order-1")

    assert "the host's reason" == str(known(ended.value).__cause__)


def test_a_coroutine_may_be_closed_in_another_context(sandbox):
    """As one is that is left over when its loop has ended: it raises nothing then."""
    gateway = AsyncPaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    called = gateway.charge(sandbox.create_token(), ADA, FIVE)
    contextvars.copy_context().run(called.send, None)
    called.close()

    assert [] == sandbox.charges


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SoftTimeLimitExceeded])
def test_a_pause_that_is_stopped_leaves_nothing_unknown(sandbox, monkeypatch, stop):
    """Where a call waits for another request of its order, its own did nothing."""

    def interrupt(seconds):
        raise stop

    line = Line(sandbox)
    line.plan("POST /v1/payment_intents", refuse(400, type="idempotency_error"))
    monkeypatch.setattr(time, "sleep", interrupt)
    with pytest.raises(stop) as ended:
        line.gateway().charge(sandbox.create_token(), ADA, FIVE, order_id="order-1")

    assert ended.value.__cause__ is None
    assert [] == sandbox.charges


@pytest.mark.parametrize("way", ["capture", "void"])
def test_a_stopped_pause_moves_no_hold(monkeypatch, way):
    """Where a call waits for another that captures or voids the same Charge."""

    def interrupt(seconds):
        raise SoftTimeLimitExceeded

    line = Line(Sandbox(rules=Rules(card_tokens=True)), route="charges")
    gateway = line.gateway()
    held = gateway.charge(line.sandbox.create_token(), ADA, FIVE, capture=False).charge
    line.plan("POST *", refuse(400, type="idempotency_error"))
    monkeypatch.setattr(time, "sleep", interrupt)
    with pytest.raises(SoftTimeLimitExceeded):
        getattr(gateway, way)(held.id)

    assert [ChargeState.HELD] == [charge.state for charge in line.sandbox.charges]


def test_a_task_cancelled_after_the_payment_names_it():
    """While the card that was not to be kept is forgotten, the charge is made already."""
    sandbox = Sandbox(rules=Rules(card_tokens=True))

    def cancelled(request):
        if request.method == "DELETE":
            raise asyncio.CancelledError
        return sandbox.handle(request)

    line = Line(sandbox)
    line.plan("DELETE *", cancelled)
    gateway = AsyncPaymentGateway(
        sandbox.secret_key, http_client=FunctionClient(line.send), route="charges"
    )
    with pytest.raises(asyncio.CancelledError) as ended:
        asyncio.run(
            gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-1", reuse_card=False)
        )
    unknown = known(ended.value)

    assert [unknown.charge_id] == [charge.id for charge in sandbox.charges]
    assert ("order-1", sandbox.customers[0].id) == (unknown.order_id, unknown.customer_id)


def test_without_aiohttp_it_says_what_to_install(monkeypatch):
    """The extra `async` is named, in one sentence."""
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "tokencharge._stripe.sessions", raising=False)
    with pytest.raises(ConfigurationError, match=r"tokencharge\[async\]"):
        AsyncPaymentGateway("sk_test_1")
