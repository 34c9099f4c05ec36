"""What the rules ask of a host: its functions, its guards, the origins
it trusts, the store that it gives."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from django.test import Client

from tests.flows.line import Line
from tests.web.django_shop import DjangoShop
from tests.web.shop import EMAIL, FORM, gateway_to
from tokencharge import Charge, ConfigurationError, Money, Order, OutcomeUnknown, TokenChargeError
from tokencharge.django import use_gateway
from tokencharge.sandbox import Request, Response, Sandbox
from tokencharge.web import Checkout, Incoming, ask
from tokencharge.webhooks import Handlers, MemoryStore, Webhooks

ORDER = Order(Money(500, "usd"), "A blue notebook")


def test_a_function_that_does_not_tell_what_it_takes_is_called() -> None:
    """As some that are written in C."""
    assert {} == ask(dict, "The gateway function")


def test_a_guard_that_nothing_awaits_is_no_guard(sandbox: Sandbox) -> None:
    """Where an adapter of one's own calls the hooks as they are, an async one
    is refused, and nothing is charged."""

    async def guard(request: object) -> bool:
        return True

    gateway = gateway_to(sandbox)
    sent = [("token", sandbox.create_token()), ("email", EMAIL)]
    incoming = Incoming(FORM, "text/html", 80, form=lambda: sent, body=bytes, request=None)
    with pytest.raises(ConfigurationError, match="before_charge hook is async"):
        Checkout(gateway.settings, before_charge=[guard]).charge(incoming, ORDER, gateway)

    assert [] == sandbox.charges


@pytest.mark.parametrize(
    "origins",
    [
        "https://shop.example",
        ["shop.example"],
        ["https://shop.example/path"],
        ["ftp://shop.example"],
        ["https://[::"],
        ["https://shop.example:0"],
        ["*"],
    ],
    ids=str,
)
def test_what_is_no_list_of_origins_is_refused(sandbox: Sandbox, origins: Any) -> None:
    """When it is given, and not when a buyer comes from there."""
    with pytest.raises(ConfigurationError, match="rusted origin"):
        Checkout(gateway_to(sandbox).settings, trusted_origins=origins)


def test_a_worker_that_is_stopped_tells_whose_payment_is_unknown(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that ends a worker at its work, as gunicorn does after its
    time-out, raises SystemExit there: hooks and log have the order all the same."""

    def stop(request: Request) -> Response:
        sandbox.handle(request)
        raise SystemExit(1)

    told: list[TokenChargeError] = []
    line = Line(sandbox)
    line.plan("POST /v1/payment_intents", stop)
    gateway, order = line.gateway(), attrs.evolve(ORDER, order_id="order-1")
    sent = [("token", sandbox.create_token()), ("email", EMAIL)]
    incoming = Incoming(FORM, "text/html", 80, form=lambda: sent, body=bytes, request=None)
    checkout = Checkout(gateway.settings, on_failure=[told.append])
    with pytest.raises(SystemExit):
        checkout.charge(incoming, order, gateway)

    assert [(OutcomeUnknown, "order-1")] == [(type(error), error.order_id) for error in told]
    assert "OutcomeUnknown (charge None, customer cus_" in caplog.text
    assert [checkout.charge(incoming, order, gateway).charge] == sandbox.charges


def test_a_store_that_fails_hides_no_payment(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The page shows what was paid, and the log says that a webhook is to tell of it."""

    class Away(MemoryStore):
        def add(self, key: str, value: str, timeout: int) -> bool:
            raise ConnectionError("the store is away")

    gateway, handlers = gateway_to(sandbox, route="payment_intents"), Handlers()
    told: list[Charge] = []
    handlers.paid(told.append)
    payment = gateway.charge(sandbox.create_token(), EMAIL, ORDER.amount)
    Webhooks(gateway, handlers.of, Away()).paid(payment.charge)

    assert [] == told
    assert f"The event store failed (charge {payment.charge.id})" in caplog.text


@pytest.mark.parametrize(("nonce", "tags"), [("abc", 2), (None, 0)])
def test_the_nonce_of_django_6(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, nonce: str | None, tags: int
) -> None:
    """Where Django itself has one for the request, the page's script
    tags carry it; the style's link, too."""
    monkeypatch.setitem(
        sys.modules, "django.middleware.csp", SimpleNamespace(get_nonce=lambda request: nonce)
    )
    with use_gateway(gateway_to(sandbox)) as gateway:
        shop = DjangoShop(gateway)
        page = Client().get("/checkout").content.decode()
        shop.close()

    assert tags == page.count('nonce="abc"></script>')
    assert ("nonce=" in page) == bool(tags)
