"""docs/webhooks.md: what it shows is what runs here, but for Redis, which tests/processes has."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.web.deliveries import SECRET, event, signed
from tests.web.django_shop import DjangoShop
from tests.web.shop import JSON
from tokencharge import Money, PaymentGateway
from tokencharge.django import use_gateway
from tokencharge.flask import TokenCharge
from tokencharge.sandbox import Sandbox
from tokencharge.testing import sandbox_gateway
from tokencharge.webhooks import KEEP, LEASE

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS.joinpath("webhooks.md").read_text("utf-8")


def shown(page: str) -> list[str]:
    """The Python that a page shows."""
    return re.findall(r"```python\n(.*?)```", page, re.DOTALL)


FLASK, DJANGO, SIGNAL, AFTER, _ = shown(PAGE)
PAID = shown(DOCS.joinpath("writing-the-payment.md").read_text("utf-8"))[0]
ADA, FIVE = "ada@example.com", Money(500, "usd")
TOLD = ("write_to_the_buyer", "write_to_the_office", "release_the_stock", "note_in_the_books")


@pytest.fixture
def written() -> list[Any]:
    return []


@pytest.fixture
def names(written: list[Any]) -> dict[str, Any]:
    """What the page leaves to the reader."""
    told = {name: lambda *about, name=name: written.append((name, *about)) for name in TOLD}
    return {**told, "call_the_lawyer": written.append}


@pytest.fixture(params=["charges", "payment_intents"])
def route(request: pytest.FixtureRequest) -> str:
    """All of this holds on both routes."""
    name: str = request.param
    return name


@pytest.fixture
def gateway(route: str, sandbox: Sandbox) -> PaymentGateway:
    return sandbox_gateway(sandbox, route=route, webhook_secret=SECRET)


@pytest.fixture
def send(
    sandbox: Sandbox, gateway: PaymentGateway, names: dict[str, Any]
) -> Callable[[], list[int]]:
    """A shop in Flask with the page's handlers, and what delivers all events to it, twice."""
    app = Flask("docs")
    names["payments"] = TokenCharge(app, gateway=gateway)
    exec(FLASK, names)
    exec(AFTER, names)

    def send() -> list[int]:
        return [
            app.test_client()
            .post(
                "/stripe/webhook",
                data=payload,
                headers={"Stripe-Signature": signed(payload), "Content-Type": JSON},
            )
            .status_code
            for event in sandbox.events
            for payload in [json.dumps(event.raw).encode()] * 2
        ]

    return send


def test_the_lines_for_a_payment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The order is noted as paid once, by the charge that paid it first."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_ofTheShop")
    monkeypatch.setenv("STRIPE_PUBLISHABLE_KEY", "pk_test_ofTheShop")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "shop"}
    exec(PAID, names)
    charge = {
        "object": "charge",
        "id": "ch_7",
        "amount": 500,
        "amount_captured": 500,
        "currency": "usd",
        "paid": True,
    }
    taken = {**charge, "captured": True, "status": "succeeded", "metadata": {"order_id": "1001"}}
    later = {**taken, "id": "ch_8"}
    for kind, about in (
        ("charge.succeeded", taken),
        ("charge.succeeded", taken),
        ("charge.captured", later),
    ):
        payload = event(kind, about=about)
        headers = {"Stripe-Signature": signed(payload), "Content-Type": JSON}
        answer = names["app"].test_client().post("/stripe/webhook", data=payload, headers=headers)

        assert 200 == answer.status_code

    assert ("ch_7", 1) == names["run"]("SELECT paid_by, to_send FROM orders WHERE id = '1001'")


def test_the_buyer_is_told_what_went_back(
    gateway: PaymentGateway, send: Callable[[], list[int]], written: list[Any]
) -> None:
    """Each refund is told once, with its own amount; a hold that was let go is no refund."""
    paid, held = (
        gateway.charge("tok_visa", ADA, FIVE, capture=taken).charge for taken in (True, False)
    )
    for amount in (300, 200):
        gateway.refund(paid, Money(amount, "usd"))
    gateway.void(held)

    assert {200} == {*send()}
    told = [what for what in written if what[0] == "write_to_the_buyer"]
    assert [("write_to_the_buyer", ADA, Money(amount, "usd")) for amount in (300, 200)] == told


def test_what_is_let_go_is_put_back_on_the_shelf(
    sandbox: Sandbox, gateway: PaymentGateway, send: Callable[[], list[int]], written: list[Any]
) -> None:
    """A hold that lapsed, on either route; over PaymentIntents one that was voided, too."""
    orders = {f"order-{number}": ("tok_visa", ADA, FIVE) for number in range(2)}
    first, _ = (
        gateway.charge(*order, order_id=name, capture=False).charge
        for name, order in orders.items()
    )
    if gateway.settings.route == "payment_intents":
        gateway.void(first)
    sandbox.advance(8 * 24 * 3600)
    send()

    assert {("release_the_stock", name) for name in orders} == {*written}


def test_the_office_is_told_of_what_came_back(
    sandbox: Sandbox, gateway: PaymentGateway, send: Callable[[], list[int]], written: list[Any]
) -> None:
    """A refund that failed, and what Stripe keeps of a charge."""
    paid = gateway.charge("tok_refundFail", ADA, FIVE).charge
    gateway.refund(paid)
    sandbox.advance(60)
    send()

    assert ("write_to_the_office", paid.id, FIVE, "expired_or_canceled_card") in written
    if gateway.settings.route == "payment_intents":
        assert ("note_in_the_books", paid.id, Money(45, "usd"), Money(455, "usd")) in written


def test_the_lines_for_django(
    sandbox: Sandbox, gateway: PaymentGateway, names: dict[str, Any], written: list[Any]
) -> None:
    """The handler and the receiver are each told of what they asked for."""
    gateway.refund(gateway.charge("tok_visa", ADA, FIVE).charge, Money(200, "usd"))
    with use_gateway(gateway):
        shop = DjangoShop(gateway)
        exec(DJANGO, names)
        exec(SIGNAL, names)
        refund = next(
            json.dumps(each.raw).encode()
            for each in sandbox.events
            if each.type == "refund.created"
        )
        dispute = event(
            "charge.dispute.created", {"object": "dispute", "id": "dp_1", "charge": "ch_7"}
        )
        statuses = [shop.deliver(payload).status for payload in (refund, dispute, dispute)]
        shop.close()

    assert [200, 200, 200] == statuses
    assert [("write_to_the_buyer", ADA, Money(200, "usd")), "ch_7"] == written


def test_the_page_tells_the_times_there_are() -> None:
    """The lease and the memory are the code's own."""
    days, minutes = {7: "seven"}[KEEP // 86_400], {5: "five"}[LEASE // 60]

    assert f"remembered for {days} days" in PAGE
    assert f"more than {minutes} minutes, for which it has the event to itself" in PAGE
