"""A sandbox, a gateway to it, and time that passes at once."""

from __future__ import annotations

import time

import pytest

from tests.flow.line import Line
from tokencharge import PaymentGateway
from tokencharge.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def gateway(sandbox: Sandbox) -> PaymentGateway:
    return PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route="charges")


@pytest.fixture
def line(sandbox: Sandbox) -> Line:
    return Line(sandbox)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses a flow asked for, none of which is waited out."""
    asked: list[float] = []
    monkeypatch.setattr(time, "sleep", asked.append)
    return asked
