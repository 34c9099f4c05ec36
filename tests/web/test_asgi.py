"""What is Starlette's and FastAPI's own: the routes, where they hang, what is read of a body."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stripe
from anyio import CancelScope
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Mount
from starlette.testclient import TestClient

from tests.web.deliveries import event, signed
from tests.web.shop import EMAIL, FORM, gateway_to
from tokencharge import (
    AsyncPaymentGateway,
    ConfigurationError,
    Event,
    Money,
    Order,
    OutcomeUnknown,
    Settings,
)
from tokencharge.asgi import TokenCharge
from tokencharge.sandbox import Sandbox
from tokencharge.web import BODY_LIMIT
from tokencharge.webhooks import EVENT_LIMIT, MemoryStore

KEYS = {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_PUBLISHABLE_KEY": "pk_test_1"}
DECLINED = "4000000000000341"


@pytest.fixture
def gateway(sandbox: Sandbox) -> AsyncPaymentGateway:
    return gateway_to(sandbox, AsyncPaymentGateway)


def selling(amount: int = 500) -> Callable[[Request], Order]:
    return lambda request: Order(Money(amount, "usd"), "A blue notebook")


def visiting(*shops: TokenCharge, **options: Any) -> TestClient:
    app = Starlette()
    for payments in shops:
        app.routes.extend(payments.routes)
    return TestClient(app, follow_redirects=False, **options)


def test_a_few_lines_make_a_site_a_shop(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is charged over HTTP with the settings from the environment;
    the connection ends with the app."""
    with sandbox.serve() as server:
        for name, value in sandbox.environment(server.url).items():
            monkeypatch.setenv(name, value)
        payments = TokenCharge()
        payments.order(selling())
        app = FastAPI(lifespan=payments.lifespan)
        app.routes.extend(payments.routes)
        with TestClient(app) as client:
            paid = client.post("/charge", data={"token": sandbox.create_token(), "email": EMAIL})

    assert 200 == paid.status_code
    assert [Money(500, "usd")] == [charge.amount for charge in sandbox.charges]


@pytest.mark.parametrize("given", [KEYS, Settings.from_mapping(KEYS)], ids=["names", "Settings"])
def test_settings_may_be_given(given: Any) -> None:
    """As names and values, or as read before."""
    assert "pk_test_1" == TokenCharge(given).gateway.settings.publishable_key


@pytest.mark.parametrize("given", [{}, {**KEYS, "STRIPE_SECRET_KEY": "pk_test_misplaced"}])
def test_a_wrong_key_is_refused_at_start(given: dict[str, str]) -> None:
    """The app does not start, and the message shows no key; the environment does
    not stand in for an empty mapping."""
    with pytest.raises(ConfigurationError) as caught:
        TokenCharge(given)

    assert "misplaced" not in str(caught.value)


def test_a_shop_without_an_order_is_an_error() -> None:
    """The message says which decorator is missing."""
    with pytest.raises(RuntimeError, match=r"@payments\.order"):
        visiting(TokenCharge(KEYS)).get("/checkout")


def test_one_app_may_have_several(gateway: AsyncPaymentGateway, sandbox: Sandbox) -> None:
    """Each page posts to its own: what is captured goes along,
    and is the order function's to read."""
    tickets = TokenCharge(
        gateway=gateway, url_prefix="/tickets/{row:int}", checkout_path="/pay", charge_path="/paid"
    )
    tickets.order(lambda request: Order(Money(100 * request.path_params["row"], "usd")))
    drinks = TokenCharge(KEYS, url_prefix="/drinks")
    drinks.order(selling(300))
    client = visiting(tickets, drinks)
    pages = [client.get("/tickets/7/pay").text, client.get("/drinks/checkout").text]
    paid = client.post("/tickets/7/paid", json={"token": sandbox.create_token(), "email": EMAIL})

    assert ['action="/tickets/7/paid"' in pages[0], "$7.00" in pages[0]] == [True, True]
    assert ['action="/drinks/charge"' in pages[1], "$3.00" in pages[1]] == [True, True]
    assert "/tickets/7/pay" == client.get("/tickets/7/paid").headers["Location"]
    assert 200 == paid.status_code
    assert [Money(700, "usd")] == [charge.amount for charge in sandbox.charges]


@pytest.mark.parametrize("name", [None, "shop"])
def test_links_hold_where_the_routes_are_mounted(
    gateway: AsyncPaymentGateway, name: str | None
) -> None:
    """Under a prefix of the server's and one of the app's every URL
    begins with both, and none with a host."""
    payments = TokenCharge(gateway=gateway)
    payments.order(selling())
    app = Starlette(routes=[Mount("/pay", routes=payments.routes, name=name)])
    client = TestClient(app, root_path="/site", follow_redirects=False)
    page = client.get("/site/pay/checkout").text
    script = client.get("/site/pay/tokencharge/static/tokencharge.js")

    assert 'action="/site/pay/charge"' in page
    assert 'src="/site/pay/tokencharge/static/tokencharge.js"' in page
    assert "/site/pay/checkout" == client.get("/site/pay/charge").headers["Location"]
    assert (200, "text/javascript") == (
        script.status_code,
        script.headers["Content-Type"].partition(";")[0],
    )


def test_the_pages_are_the_sites_to_change(tmp_path: Path, gateway: AsyncPaymentGateway) -> None:
    """A template of the same name comes first, and `csp=False` sends no policy."""
    (tmp_path / "tokencharge").mkdir()
    (tmp_path / "tokencharge" / "charge.html").write_text("Thank you for {{ amount }}", "utf-8")
    payments = TokenCharge(gateway=gateway, templates=tmp_path, csp=False)
    payments.order(selling())
    client = visiting(payments)
    page = client.get("/checkout")

    assert (
        "Thank you for $5.00"
        == client.post("/charge", data={"token": "tok_visa", "email": EMAIL}).text
    )
    assert 'data-tokencharge="pay"' in page.text
    assert "Content-Security-Policy" not in page.headers


def test_hooks_may_be_given_at_once(gateway: AsyncPaymentGateway, sandbox: Sandbox) -> None:
    """As arguments they are called like those that decorators add, and before them."""
    told: list[str] = []
    payments = TokenCharge(
        gateway=gateway,
        before_charge=lambda request: told.append(request.url.path),
        on_payment=lambda payment: told.append("paid"),
        on_failure=lambda error: told.append("failed"),
    )
    payments.order(selling())

    @payments.on_payment
    async def later(payment: object) -> None:
        told.append("later")

    client = visiting(payments)
    client.post("/charge", data={"token": sandbox.create_token(), "email": EMAIL})
    client.post("/charge", data={"token": sandbox.create_token(DECLINED), "email": EMAIL})

    assert ["/charge", "paid", "later", "/charge", "failed"] == told


@pytest.mark.parametrize("kind", ["form", "multipart", "json"])
def test_the_order_may_be_read_from_the_body_too(
    gateway: AsyncPaymentGateway, sandbox: Sandbox, kind: str
) -> None:
    """How many are bought stands beside the token: what this library has
    read is there for the host to read."""
    payments = TokenCharge(gateway=gateway)

    @payments.order
    async def order(request: Request) -> Order:
        fields = await (request.json() if kind == "json" else request.form())
        return Order(Money(100 * int(str(fields["seats"])), "usd"))

    client = visiting(payments)
    sent = {"token": sandbox.create_token(), "email": "zoë@example.com", "seats": "3"}
    if kind == "json":
        client.post("/charge", json=sent)
    elif kind == "form":
        client.post("/charge", data=sent)
    else:
        body = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in sent.items()
        )
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        client.post("/charge", content=f"{body}--x--\r\n".encode(), headers=headers)

    assert [Money(300, "usd")] == [charge.amount for charge in sandbox.charges]
    assert ["zoë@example.com"] == [customer.email for customer in sandbox.customers]


def asked(
    payments: TokenCharge,
    receive: Callable[[], Any],
    body_length: int,
    path: str = "/charge",
    **more: str,
) -> Any:
    """Make a POST of an ASGI server's, without the server."""
    app = Starlette(routes=payments.routes)
    given = {"content-type": FORM, "content-length": str(body_length), **more}
    headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": headers,
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> int:
        await app(scope, receive, send)
        return int(sent[0]["status"])

    return run()


def test_a_body_longer_than_it_says_is_not_read_to_its_end(
    gateway: AsyncPaymentGateway, sandbox: Sandbox
) -> None:
    """Chunks that go on for ever fill no memory."""
    payments = TokenCharge(gateway=gateway)
    payments.order(selling())
    chunks: list[bytes] = []

    async def receive() -> Any:
        chunks.append(b"token=tok_visa&email=ada%40example.com&".ljust(1_000, b"a"))
        return {"type": "http.request", "body": chunks[-1], "more_body": True}

    status = asyncio.run(asked(payments, receive, 10))

    assert 400 == status
    assert BODY_LIMIT < len(b"".join(chunks)) <= BODY_LIMIT + 1_000
    assert [] == sandbox.requests


class Silent(stripe.HTTPClient):
    """A way to Stripe on which nothing comes back."""

    name = "silent"

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def request_async(
        self, method: str, url: str, headers: Any, post_data: Any = None
    ) -> Any:
        self.asked.set()
        await asyncio.Event().wait()


def test_a_request_cut_off_while_it_charges_is_not_lost(caplog: pytest.LogCaptureFixture) -> None:
    """The host and its log learn that the order's outcome is unknown."""
    told: list[object] = []

    async def cut() -> None:
        silent = Silent()
        payments = TokenCharge(
            gateway=AsyncPaymentGateway("sk_test_1", http_client=silent), on_failure=told.append
        )
        payments.order(lambda request: Order(Money(500, "usd"), order_id="order-14"))

        async def receive() -> Any:
            body = b"token=tok_visa&email=ada%40example.com"
            return {"type": "http.request", "body": body, "more_body": False}

        task = asyncio.create_task(asked(payments, receive, 38))
        await silent.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cut())

    assert [OutcomeUnknown] == [type(error) for error in told]
    assert "order-14" in caplog.text


def deliver(payments: TokenCharge, payload: bytes, path: str = "/stripe/webhook") -> int:
    """Deliver an event, and return the status."""
    return (
        visiting(payments)
        .post(path, content=payload, headers={"Stripe-Signature": signed(payload)})
        .status_code
    )


def test_the_webhooks_path_is_the_sites_to_choose(gateway: AsyncPaymentGateway) -> None:
    """Another one, or none."""
    chosen = TokenCharge(gateway=gateway, url_prefix="/{shop}", webhook_path="/told")
    without = TokenCharge(gateway=gateway, webhook_path=None)

    assert [200, 404] == [deliver(chosen, event(), path) for path in ("/a/told", "/stripe/webhook")]
    assert 404 == deliver(without, event())


def test_a_body_is_read_as_far_as_events_go(gateway: AsyncPaymentGateway) -> None:
    """Chunks that go on for ever fill no memory, whatever length was told."""
    chunks: list[bytes] = []

    async def receive() -> Any:
        chunks.append(b"a" * 65_536)
        return {"type": "http.request", "body": chunks[-1], "more_body": True}

    status = asyncio.run(asked(TokenCharge(gateway=gateway), receive, 10, "/stripe/webhook"))

    assert 400 == status
    assert EVENT_LIMIT < len(b"".join(chunks)) <= EVENT_LIMIT + 65_536


def test_a_handler_that_blocks_does_so_in_a_worker_thread(gateway: AsyncPaymentGateway) -> None:
    """One that is async runs in the event loop, where its clients live."""
    payments = TokenCharge(gateway=gateway)
    loops: list[bool] = []

    def in_a_loop() -> bool:
        try:
            return asyncio.get_running_loop().is_running()
        except RuntimeError:
            return False

    @payments.on("*")
    def blocks(event: Event) -> None:
        loops.append(in_a_loop())

    @payments.on("*")
    async def waits(event: Event) -> None:
        loops.append(in_a_loop())

    assert 200 == deliver(payments, event())
    assert [False, True] == loops


def test_async_handlers_hold_no_worker_thread(gateway: AsyncPaymentGateway) -> None:
    """A burst of events whose handlers need one themselves does not lock up."""
    payments = TokenCharge(gateway=gateway)
    told: list[Event] = []

    @payments.on("*")
    async def waits(event: Event) -> None:
        await asyncio.sleep(0)
        await run_in_threadpool(told.append, event)

    async def one() -> int:
        payload = event()

        async def receive() -> Any:
            return {"type": "http.request", "body": payload, "more_body": False}

        status: int = await asked(
            payments, receive, len(payload), "/stripe/webhook", stripe_signature=signed(payload)
        )
        return status

    async def burst() -> list[int]:
        current_default_thread_limiter().total_tokens = 1
        return await asyncio.wait_for(asyncio.gather(*[one() for _ in range(20)]), 30)

    assert [200] * 20 == asyncio.run(burst())
    assert 20 == len(told)


class AsyncStore(MemoryStore):
    """A store that has to be waited for."""

    async def add(self, key: str, value: str, seconds: int, /) -> bool:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().add(key, value, seconds)

    async def get(self, key: str, /) -> str | None:  # type: ignore[override]
        return super().get(key)

    async def set(self, key: str, value: str, seconds: int, /) -> None:  # type: ignore[override]
        return super().set(key, value, seconds)

    async def delete(self, key: str, /) -> None:  # type: ignore[override]
        return super().delete(key)


def test_a_store_may_be_async(gateway: AsyncPaymentGateway) -> None:
    """As a client for Redis is."""
    payments = TokenCharge(gateway=gateway, event_store=AsyncStore())
    told: list[Event] = []

    @payments.on("*")
    async def fails_once(event: Event) -> None:
        told.append(event)
        if len(told) == 1:
            raise ZeroDivisionError

    payload = event()

    assert [500, 200, 200] == [deliver(payments, payload) for _ in range(3)]
    assert 2 == len(told)


def test_a_delivery_cut_off_is_recorded_as_far_as_it_got(gateway: AsyncPaymentGateway) -> None:
    """A time-out of the host's waits for the handler and what is
    noted of it: it is not called again."""
    payments = TokenCharge(gateway=gateway)
    told: list[Event] = []
    payload = event()

    async def receive() -> Any:
        return {"type": "http.request", "body": payload, "more_body": False}

    async def cut() -> bool:
        with CancelScope() as scope:

            @payments.on("*")
            async def handle(event: Event) -> None:
                scope.cancel()
                await asyncio.sleep(0)
                told.append(event)

            await asked(
                payments, receive, len(payload), "/stripe/webhook", stripe_signature=signed(payload)
            )
        return scope.cancel_called

    assert asyncio.run(cut())
    assert 200 == deliver(payments, payload)
    assert 1 == len(told)
