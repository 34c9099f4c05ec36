"""A sandbox at a fixed time, and a client for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.curl import NOW, Client
from tokencharge.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(clock=lambda: float(NOW), seed=1)


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox)


@pytest.fixture(params=["in process", "over HTTP"])
def either(sandbox: Sandbox, request: pytest.FixtureRequest) -> Iterator[Client]:
    """The same client, by each of the two ways in."""
    if request.param == "in process":
        yield Client(sandbox)
        return
    with sandbox.serve() as server:
        yield Client(sandbox, server.url)
