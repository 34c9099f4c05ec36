"""The sandbox's webhooks meet the shops' endpoints: what one sends
the other takes, however it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.web.deliveries import SECRET
from tests.web.shop import Shop
from tokencharge import Charge, Event, Money, PaymentGateway
from tokencharge.sandbox import Sandbox
from tokencharge.testing import sandbox_gateway


@pytest.fixture
def gateway(sandbox: Sandbox) -> PaymentGateway:
    """The back office's gateway; the endpoints know one of the two
    secrets that the sandbox signs with."""
    sandbox.webhook_secret = f"whsec_of_another_day,{SECRET}"
    return sandbox_gateway(sandbox)


def post_to(shop: Shop) -> Callable[[bytes, dict[str, str]], int]:
    return lambda body, headers: shop.send("POST", "/stripe/webhook", body, headers).status


def test_what_happens_is_told_once(shop: Shop, sandbox: Sandbox, gateway: PaymentGateway) -> None:
    """Each event, sent three times and in any order, is handled once."""
    with sandbox.webhooks(post_to(shop), copies=3, shuffle=7) as hooks:
        payment = gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"))
        gateway.refund(payment.charge, Money(200, "usd"))

    assert {200} == {delivery.status for delivery in hooks.sent}
    assert 18 == len(hooks.sent)
    assert {"charge.succeeded": 1, "charge.refunded": 1} == Counter(
        event.type for event in shop.events
    )
    # What Stripe books a moment later is in the sandbox's own Charge, and not yet in the event's.
    assert [(payment.charge.id, Money(200, "usd"))] == [
        (event.object.id, event.object.amount_refunded)
        for event in shop.refunds
        if isinstance(event.object, Charge)
    ]


def test_a_handler_that_fails_is_asked_again(
    shop: Shop, sandbox: Sandbox, gateway: PaymentGateway
) -> None:
    """A handler's failure is answered 500, so the event comes again, under a new signature."""
    failures = iter([ZeroDivisionError("the mail server is away")])

    def fail_once(event: Event) -> None:
        for failure in failures:
            raise failure

    shop.on_event = fail_once
    with sandbox.webhooks(post_to(shop), "charge.*") as hooks:
        gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"))

    assert [500, 200] == [delivery.status for delivery in hooks.sent]
    assert ["charge.succeeded"] == [event.type for event in shop.events]


def test_a_secret_the_shop_does_not_know(
    shop: Shop, sandbox: Sandbox, gateway: PaymentGateway
) -> None:
    """An endpoint that was not told of the new secret refuses everything, and is told nothing."""
    sandbox.webhook_secret = "whsec_of_another_day"
    with sandbox.webhooks(post_to(shop), retries=()) as hooks:
        gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"))

    assert [400, 400, 400, 400] == [delivery.status for delivery in hooks.sent]
    assert [] == shop.events
