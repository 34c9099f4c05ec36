"""A sandbox at a fixed time, and a client for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.curl import NOW, Client
from tokencharge.sandbox import Rules, Sandbox


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on an account of either kind, unless it is marked to need one of them."""
    if "card_tokens" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("card_tokens")
    kinds = [False, True] if mark is None else mark.args or [True]
    metafunc.parametrize(
        "card_tokens", kinds, ids=["old account" if kind else "new account" for kind in kinds]
    )


@pytest.fixture
def sandbox(card_tokens: bool) -> Sandbox:
    """The account takes card tokens at Customers and Charges, as those
    opened in 2026 do not, or it does not."""
    return Sandbox(clock=lambda: float(NOW), seed=1, rules=Rules(card_tokens=card_tokens))


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
