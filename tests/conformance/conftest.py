"""What each test of the flow is run on: the sandbox thrice, a cassette, and
Stripe's test mode if there is a key."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tokencharge import AsyncPaymentGateway, PaymentGateway
from tokencharge.sandbox import Sandbox
from tokencharge.testing import async_sandbox_gateway, sandbox_gateway

# Read before any test hides it from the others.
KEY = os.environ.get("STRIPE_SECRET_KEY")
NO_KEY = pytest.mark.skipif(
    KEY is None, reason="needs a Stripe account: set STRIPE_SECRET_KEY=sk_test_..."
)

MOST_PATIENCE = 120
NO_TOKENS = "Stripe lets few accounts turn card numbers into tokens on a server"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "till" not in metafunc.fixturenames:
        return
    minting = [NO_KEY]
    if "new_token" in metafunc.fixturenames:
        minting = [pytest.mark.skip(reason=NO_TOKENS)]
    stages = [
        pytest.param("sandbox in process"),
        pytest.param("sandbox, awaited"),
        pytest.param("sandbox over HTTP"),
        pytest.param("cassette", marks=pytest.mark.stripe_cassette),
        pytest.param("Stripe", marks=minting),
    ]
    metafunc.parametrize("till", stages, indirect=True)
    # Card tokens are taken by Charges on accounts of old alone.
    ways = [("charges", True), ("payment_intents", True), ("payment_intents", False)]
    ids = ["charges", "payment_intents, old account", "payment_intents"]
    metafunc.parametrize(("route", "card_tokens"), ways, ids=ids)


class Awaited:
    """An async gateway whose coroutines are awaited to their end,
    each in an event loop of its own."""

    def __init__(self, gateway: AsyncPaymentGateway) -> None:
        self._gateway = gateway

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def method(*args: Any, **options: Any) -> Any:
            return asyncio.run(getattr(self._gateway, name)(*args, **options))

        return method


@pytest.fixture
def till(
    request: pytest.FixtureRequest, stripe_sandbox: Sandbox, route: str, card_tokens: bool
) -> Iterator[PaymentGateway]:
    """A gateway on each of them: over Charges on an account of old, over
    PaymentIntents on one of today as well."""
    stripe_sandbox.rules.card_tokens = card_tokens
    if request.param == "sandbox in process":
        yield sandbox_gateway(stripe_sandbox, route=route)
    elif request.param == "sandbox, awaited":
        yield Awaited(async_sandbox_gateway(stripe_sandbox, route=route))  # type: ignore[misc]
    elif request.param == "sandbox over HTTP":
        with (
            stripe_sandbox.serve() as server,
            sandbox_gateway(stripe_sandbox, api_base=server.url, route=route) as gateway,
        ):
            yield gateway
    elif request.param == "cassette":
        with request.getfixturevalue("stripe_cassette").gateway(route=route) as gateway:
            yield gateway
    else:
        with PaymentGateway(str(KEY), livemode=False, route=route) as gateway:
            yield gateway


@pytest.fixture
def order(request: pytest.FixtureRequest) -> str:
    """An order_id that Stripe has not seen."""
    if "cassette" in request.node.callspec.id:
        unique: str = request.getfixturevalue("stripe_cassette").unique("order")
        return unique
    return f"order-{uuid.uuid4()}"


@pytest.fixture
def later(request: pytest.FixtureRequest, stripe_sandbox: Sandbox) -> Callable[[int], None]:
    """Let seconds pass. At Stripe only a few can be waited for; a cassette has them behind it."""
    at_stripe = "Stripe" in request.node.callspec.id
    if KEY and "cassette" in request.node.callspec.id:
        at_stripe = request.getfixturevalue("stripe_cassette").recording

    def later(seconds: int) -> None:
        if not at_stripe:
            stripe_sandbox.advance(seconds)
        elif seconds > MOST_PATIENCE:
            pytest.skip(f"nobody waits {seconds} seconds")
        else:
            time.sleep(seconds)

    return later


@pytest.fixture
def new_token(request: pytest.FixtureRequest, stripe_sandbox: Sandbox) -> Callable[[], str]:
    """Mint single-use tokens."""
    if (
        KEY
        and "cassette" in request.node.callspec.id
        and request.getfixturevalue("stripe_cassette").recording
    ):
        pytest.skip(NO_TOKENS)
    return stripe_sandbox.create_token
