"""The contract of gateways: one account or several, and the right kind for each adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client, override_settings
from django.urls import include, path
from flask import Flask, request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from tests.rows import each_row
from tests.web.deliveries import event, signed
from tests.web.shop import EMAIL, gateway_to
from tokencharge import AsyncPaymentGateway, ConfigurationError, Money, Order, PaymentGateway
from tokencharge import asgi as starlette_adapter
from tokencharge import flask as flask_adapter
from tokencharge.sandbox import Sandbox

TENANTS = ("red", "blue")
Ask = Callable[[str, str, dict[str, Any]], int]


def order(*given: object) -> Order:
    return Order(Money(500, "usd"))


def takes_nothing() -> Order:
    return order()


@pytest.fixture
def sandboxes() -> dict[str, Sandbox]:
    """An account for each tenant."""
    return {tenant: Sandbox() for tenant in TENANTS}


def secret_of(tenant: str) -> str:
    return f"whsec_of_{tenant}"


def accounts(sandboxes: dict[str, Sandbox], kind: Any) -> dict[str, Any]:
    return {
        name: gateway_to(each, kind, webhook_secret=secret_of(name))
        for name, each in sandboxes.items()
    }


def flask_site(sandboxes: dict[str, Sandbox]) -> Ask:
    gateways = accounts(sandboxes, PaymentGateway)
    app = Flask(__name__)
    payments = flask_adapter.TokenCharge(app, gateway=lambda: gateways[request.headers["X-Tenant"]])
    payments.order(order)

    @app.get("/who")
    def who() -> str:
        return str(flask_adapter.current_gateway.settings.webhook_secret)

    def ask(tenant: str, where: str, sent: dict[str, Any]) -> int:
        client = app.test_client()
        assert client.get("/who", headers={"X-Tenant": tenant}).text == secret_of(tenant)
        headers = {"X-Tenant": tenant, **sent.pop("headers", {})}
        return client.post(where, headers=headers, **sent).status_code

    return ask


def django_site(sandboxes: dict[str, Sandbox]) -> Ask:
    from tests.web import django_shop  # configures Django
    from tests.web.test_django import site
    from tokencharge.django import ChargeView, WebhookView, checkout_urls

    gateways = accounts(sandboxes, PaymentGateway)
    assert django_shop.urlpatterns

    class Mine:
        def get_gateway(self) -> PaymentGateway:
            gateway: PaymentGateway = gateways[
                self.request.headers["X-Tenant"]  # type: ignore[attr-defined]
            ]
            return gateway

    class Buy(Mine, ChargeView):
        def get_order(self) -> Order:
            return order()

    class Hear(Mine, WebhookView):
        pass

    urls = site(path("", include(checkout_urls(Buy, webhook_view=Hear))))

    def ask(tenant: str, where: str, sent: dict[str, Any]) -> int:
        headers = {"X-Tenant": tenant, **sent.pop("headers", {})}
        given = {
            "data": sent["data"],
            **({} if where == "/charge" else {"content_type": "application/json"}),
        }
        with override_settings(ROOT_URLCONF=urls):
            status: int = Client().post(where, headers=headers, **given).status_code
            return status

    return ask


def asgi_site(sandboxes: dict[str, Sandbox], *, awaited: bool) -> Ask:
    gateways = accounts(sandboxes, AsyncPaymentGateway)

    async def later(request: Request) -> AsyncPaymentGateway:
        await asyncio.sleep(0)
        gateway: AsyncPaymentGateway = gateways[request.headers["X-Tenant"]]
        return gateway

    def at_once(request: Request) -> AsyncPaymentGateway:
        gateway: AsyncPaymentGateway = gateways[request.headers["X-Tenant"]]
        return gateway

    payments = starlette_adapter.TokenCharge(gateway=later if awaited else at_once)
    payments.order(order)
    app = Starlette(routes=payments.routes, lifespan=payments.lifespan)

    def ask(tenant: str, where: str, sent: dict[str, Any]) -> int:
        headers = {"X-Tenant": tenant, **sent.pop("headers", {})}
        body = (
            {"content": sent["data"]} if isinstance(sent["data"], bytes) else {"data": sent["data"]}
        )
        with TestClient(app) as client:
            status: int = client.post(where, headers=headers, **body).status_code
        return status

    with pytest.raises(ConfigurationError, match="from a function"):
        _ = payments.gateway
    return ask


SITES: dict[str, Callable[[dict[str, Sandbox]], Ask]] = {
    "flask": flask_site,
    "django": django_site,
    "starlette": lambda sandboxes: asgi_site(sandboxes, awaited=False),
    "starlette, awaited": lambda sandboxes: asgi_site(sandboxes, awaited=True),
}


@pytest.mark.parametrize("make", SITES.values(), ids=SITES)
def test_each_request_is_charged_on_its_own_account(
    sandboxes: dict[str, Sandbox], make: Callable[[dict[str, Sandbox]], Ask]
) -> None:
    """The gateway comes from a function of the request; so does the
    secret that a webhook is verified with."""
    ask = make(sandboxes)
    paid = [
        ask(
            tenant, "/charge", {"data": {"token": sandboxes[tenant].create_token(), "email": EMAIL}}
        )
        for tenant in TENANTS
    ]
    payload = event()
    heard = [
        ask(
            tenant, "/stripe/webhook", {"data": payload, "headers": {"Stripe-Signature": signature}}
        )
        for tenant in TENANTS
        for signature in (signed(payload, secret_of("red")), signed(payload, secret_of("blue")))
    ]

    assert [200, 200] == paid
    assert [1, 1] == [len(sandboxes[tenant].charges) for tenant in TENANTS]
    assert [200, 400, 400, 200] == heard


def test_a_gateway_of_the_other_kind_is_refused_when_it_is_given(sandbox: Sandbox) -> None:
    """Not when a buyer's money has moved."""
    from tests.web import django_shop
    from tokencharge.django import charge_from_request, use_gateway

    blocking, awaited = gateway_to(sandbox), gateway_to(sandbox, AsyncPaymentGateway)
    assert django_shop.urlpatterns

    with pytest.raises(ConfigurationError, match="other kind of gateway: make a PaymentGateway"):
        flask_adapter.TokenCharge(gateway=awaited)  # type: ignore[arg-type]
    with (
        pytest.raises(ConfigurationError, match="make a PaymentGateway"),
        use_gateway(awaited),  # type: ignore[arg-type]
    ):
        pass
    with pytest.raises(ConfigurationError, match="make a PaymentGateway"):
        charge_from_request(None, order(), gateway=awaited)  # type: ignore[arg-type]
    with pytest.raises(
        ConfigurationError, match="other kind of gateway: make a AsyncPaymentGateway"
    ):
        starlette_adapter.TokenCharge(gateway=blocking)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="A gateway charges; str does not"):
        flask_adapter.TokenCharge(gateway="sk_test_1")  # type: ignore[arg-type]


def test_a_gateway_function_that_returns_the_other_kind_charges_nothing(sandbox: Sandbox) -> None:
    """It is told before anything is charged."""
    awaited, app = gateway_to(sandbox, AsyncPaymentGateway), Flask(__name__)
    app.testing = True
    payments = flask_adapter.TokenCharge(
        app,
        gateway=lambda: awaited,  # type: ignore[arg-type, return-value]
    )
    payments.order(order)

    with pytest.raises(ConfigurationError, match="other kind"):
        app.test_client().post("/charge", data={"token": "tok_visa", "email": EMAIL})

    assert [] == sandbox.requests


class TestAnOrderFunctionOfAnotherShape:
    """What it takes, and what it returns, is told in one sentence at the first GET."""

    def flask(self, function: Any, prefix: str | None = None) -> Any:
        app = Flask(__name__)
        app.config.update(
            TESTING=True, STRIPE_SECRET_KEY="sk_test_1", STRIPE_PUBLISHABLE_KEY="pk_test_1"
        )
        flask_adapter.TokenCharge(app, url_prefix=prefix).order(function)
        return app.test_client()

    def test_flask(self) -> None:
        """It is called with what the URL captures."""
        with pytest.raises(ConfigurationError, match="let it take none"):
            self.flask(lambda request: order()).get("/checkout")
        with pytest.raises(ConfigurationError, match="let it take slug"):
            self.flask(takes_nothing, "/<slug>").get("/a/checkout")

    def test_flask_calls_plain_functions(self) -> None:
        """A coroutine is no order."""

        async def later() -> Order:
            raise AssertionError

        with pytest.raises(
            ConfigurationError, match="async, and this adapter calls plain functions"
        ):
            self.flask(later).get("/checkout")

    def test_django(self, sandbox: Sandbox) -> None:
        """`get_order` takes nothing, and is not async."""
        from tests.web.test_django import site
        from tokencharge.django import ChargeView, checkout_urls, use_gateway

        class Other(ChargeView):
            def get_order(self, request: object) -> Order:  # type: ignore[override]
                raise AssertionError

        class Later(ChargeView):
            async def get_order(self) -> Order:  # type: ignore[override]
                raise AssertionError

        said = {Other: "let it take none", Later: "calls plain functions"}
        for view, words in said.items():
            urls = site(path("", include(checkout_urls(view))))
            told = pytest.raises(ConfigurationError, match=words)
            with override_settings(ROOT_URLCONF=urls), use_gateway(gateway_to(sandbox)), told:
                Client().get("/checkout")

    def test_starlette(self, sandbox: Sandbox) -> None:
        """It is called with the request."""
        payments = starlette_adapter.TokenCharge(gateway=gateway_to(sandbox, AsyncPaymentGateway))
        payments.order(takes_nothing)

        with pytest.raises(ConfigurationError, match="let it take Request"):
            TestClient(Starlette(routes=payments.routes)).get("/checkout")


class TestLinks:
    """What a path captures leads nowhere else, and may be a name in any script."""

    HOSTILE = (
        "/%09/evil.example/charge",
        "/a%0d%0aSet-Cookie:%20x=1/b/charge",
        "/%5cevil.example/b/charge",
    )
    NAMES = ("/%E6%97%A5%E6%9C%AC/caf%C3%A9/charge", "/a%3Fb/c%23d/charge", "/100%25/x%20y/charge")

    def visit(self, prefix: str, path: str) -> tuple[str, str]:
        """Where GET /charge leads, and what the checkout's form posts to; as
        a server hands a path on, decoded."""
        payments = starlette_adapter.TokenCharge(
            gateway=gateway_to(Sandbox(), AsyncPaymentGateway), url_prefix=prefix
        )
        payments.order(order)
        app = Starlette(routes=payments.routes)
        where, _, query = path.partition("?")

        def get(path: str) -> tuple[dict[str, str], str]:
            scope = {
                "type": "http",
                "method": "GET",
                "path": unquote(path),
                "query_string": query.encode(),
            }
            sent: list[Any] = []

            async def receive() -> Any:
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message: Any) -> None:
                sent.append(message)

            asyncio.run(app({**scope, "headers": []}, receive, send))
            headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
            return headers, b"".join(each.get("body", b"") for each in sent[1:]).decode()

        page = get(where.replace("/charge", "/checkout"))[1]
        return get(where)[0]["location"], unescape(page.split('action="')[1].split('"')[0])

    @each_row("path", [*HOSTILE, *NAMES])
    def test_it_comes_back_to_where_it_was(self, path: str) -> None:
        """The link is the path that was asked for, encoded."""
        back, action = self.visit("/{shop}/{item}", path)

        assert path.lower() == action.lower()
        assert path.replace("/charge", "/checkout").lower() == back.lower()

    def test_two_slashes_are_no_host(self) -> None:
        """A path that begins with two leads to this site all the same."""
        back, action = self.visit("/{shop:path}", "//evil.example/charge")

        assert ("/%2Fevil.example/checkout", "/%2Fevil.example/charge") == (back, action)

    def test_a_query_ends_no_header(self) -> None:
        """What is no character of a query is encoded."""
        back, action = self.visit("/{shop}", "/a/charge?q=%0d%0a%C3%A9&r='x'\x01Set-Cookie: x=1 \"")

        assert "/a/checkout?q=%0d%0a%C3%A9&r='x'%01Set-Cookie:%20x=1%20%22" == back
        assert back.replace("/checkout", "/charge") == action
