"""A sandbox, a gateway to it, and time that passes at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tests.flows.line import Line
from tests.flows.shop import ROUTES
from tokencharge import PaymentGateway, _clock
from tokencharge.sandbox import Rules, Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    """An account of old: it takes card tokens everywhere, so both routes can be tried on it."""
    return Sandbox(rules=Rules(card_tokens=True))


@pytest.fixture
def new_account() -> Sandbox:
    """An account as Stripe opens it today: Customers and Charges take no card tokens."""
    return Sandbox()


@pytest.fixture
def gateway(sandbox: Sandbox) -> PaymentGateway:
    """Over Charges."""
    return PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route="charges")


@pytest.fixture(params=ROUTES)
def route(request: pytest.FixtureRequest) -> str:
    """Each route, for what holds on both."""
    name: str = request.param
    return name


@pytest.fixture
def line(sandbox: Sandbox) -> Line:
    """Over Charges, unless a gateway is told otherwise."""
    return Line(sandbox, "charges")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses a flow asked for, none of which is waited out."""
    asked: list[float] = []
    monkeypatch.setattr(time, "sleep", asked.append)
    return asked


@pytest.fixture
def later(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let time pass, for Stripe and for the shop alike."""

    def pass_by(seconds: float) -> None:
        sandbox.advance(seconds)
        monkeypatch.setattr(_clock, "time", SimpleNamespace(time=sandbox.now))

    return pass_by
