"""docs/webhooks.md: what it shows is what runs here, but for Redis, which tests/processes has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.web.deliveries import event, signed
from tests.web.django_shop import DjangoShop
from tests.web.shop import JSON, gateway_to
from tokencharge import Money
from tokencharge.django import use_gateway
from tokencharge.flask import TokenCharge
from tokencharge.sandbox import Sandbox
from tokencharge.webhooks import KEEP, LEASE

PAGE = Path(__file__).parents[2].joinpath("docs", "webhooks.md").read_text("utf-8")
FLASK, DJANGO, SIGNAL, PAID, _, REDIS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
REFUNDED = {"object": "charge", "id": "ch_7", "amount": 500, "amount_refunded": 200, "currency": "usd"}
BUYER = {"receipt_email": "ada@example.com"}


@pytest.fixture
def written() -> list[Any]:
    return []


@pytest.fixture
def names(written: list[Any]) -> dict[str, Any]:
    """What the page leaves to the reader."""
    return {"write_to_the_buyer": lambda *about: written.append(about), "call_the_lawyer": written.append}


def test_the_lines_for_flask(sandbox: Sandbox, names: dict[str, Any], written: list[Any]) -> None:
    """The buyer is written to, once."""
    app = Flask("docs")
    names["payments"] = TokenCharge(app, gateway=gateway_to(sandbox))
    exec(FLASK, names)
    payload = event(about={**REFUNDED, **BUYER})
    headers = {"Stripe-Signature": signed(payload), "Content-Type": JSON}
    statuses = [app.test_client().post("/stripe/webhook", data=payload, headers=headers).status_code for _ in "12"]

    assert [200, 200] == statuses
    assert [("ada@example.com", Money(200, "usd"))] == written


def test_the_lines_for_a_payment(sandbox: Sandbox, names: dict[str, Any], written: list[Any]) -> None:
    """What was bought is sent, once, whether the page or the webhook tells of it."""
    app = Flask("docs")
    names["payments"] = TokenCharge(app, gateway=gateway_to(sandbox))
    names["send_what_was_bought"] = written.append
    exec(PAID, names)
    charge = {"object": "charge", "id": "ch_7", "amount": 500, "amount_captured": 500, "currency": "usd", "paid": True}
    taken = {**charge, "captured": True, "status": "succeeded", "metadata": {"order_id": "order-1"}}
    for kind in ("charge.succeeded", "charge.succeeded", "charge.captured"):
        payload = event(kind, about=taken)
        headers = {"Stripe-Signature": signed(payload), "Content-Type": JSON}
        app.test_client().post("/stripe/webhook", data=payload, headers=headers)

    assert ["order-1"] == written


def test_the_lines_for_django(sandbox: Sandbox, names: dict[str, Any], written: list[Any]) -> None:
    """The handler and the receiver are each told of what they asked for."""
    with use_gateway(gateway_to(sandbox)) as gateway:
        shop = DjangoShop(gateway)
        exec(DJANGO, names)
        exec(SIGNAL, names)
        dispute = event("charge.dispute.created", {"object": "dispute", "id": "dp_1", "charge": "ch_7"})
        statuses = [shop.deliver(payload).status for payload in (event(about={**REFUNDED, **BUYER}), dispute, dispute)]
        shop.close()

    assert [200, 200, 200] == statuses
    assert [("ada@example.com", Money(200, "usd")), "ch_7"] == written


def test_the_page_tells_the_times_there_are() -> None:
    """The lease and the memory are the code's own."""
    days, minutes = {7: "seven"}[KEEP // 86_400], {5: "five"}[LEASE // 60]

    assert f"remembered for {days} days" in PAGE
    assert f"to itself for {minutes} minutes" in PAGE
