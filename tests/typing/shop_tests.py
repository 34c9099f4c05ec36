"""A shop's tests, typed: the sandbox, gateways on it,
assertions, cassettes. Nothing here is run."""

from __future__ import annotations

from typing_extensions import assert_type

from tokencharge import AsyncPaymentGateway, Charge, Event, Money, PaymentGateway, Refund
from tokencharge.sandbox import Fault, Rules, Sandbox
from tokencharge.testing import (
    Leak,
    StripeCassette,
    assert_charged_once,
    assert_held,
    assert_refunded,
    assert_released,
    async_sandbox_gateway,
    find_leaks,
    sandbox_gateway,
    use_cassette,
)


def test_buying() -> None:
    """A sandbox, what it shows, and what can go wrong in it."""
    sandbox = Sandbox(seed=7, rules=Rules(search_lag=60))
    sandbox.faults.add(Fault.lose_answer(), times=2, path="/v1/payment_intents")
    with sandbox_gateway(sandbox, max_retries=2) as gateway, sandbox.serve() as server:
        assert_type(gateway, PaymentGateway)
        assert_type(server.url, str)
    assert_type(async_sandbox_gateway(sandbox), AsyncPaymentGateway)
    assert_type(sandbox.charges, list[Charge])
    assert_type(sandbox.events, list[Event])
    assert_type(sandbox.create_token("4242424242424242"), str)
    assert_type(assert_charged_once(sandbox, Money(500, "usd"), order_id="order-1"), Charge)
    assert_type(assert_refunded(sandbox, "ch_1"), list[Refund])
    assert_type(assert_held(sandbox, "ch_1", Money(500, "usd")), Charge)
    assert_type(assert_released(sandbox, "ch_1"), Charge)


def test_recorded() -> None:
    """A cassette."""
    with use_cassette("buying.yaml", record="once") as cassette:
        assert_type(cassette, StripeCassette)
        assert_type(cassette.gateway(), PaymentGateway)
        assert_type(cassette.unique("order"), str)
    assert_type(find_leaks(["buying.yaml"]), list[Leak])
