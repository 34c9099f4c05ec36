"""A sandbox, time that passes at once, and all the records the library makes."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest

from tests.flows.line import Line
from tests.observe.told import kept
from tokencharge import PaymentGateway
from tokencharge.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def line(sandbox: Sandbox) -> Line:
    return Line(sandbox)


@pytest.fixture
def gateway(line: Line) -> PaymentGateway:
    return line.gateway()


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """Every record of the logger `tokencharge`, as it comes."""
    with kept(logging.getLogger("tokencharge")) as kept_records:
        yield kept_records


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
