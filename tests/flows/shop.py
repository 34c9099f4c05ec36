"""What the tests of flows take for granted: routes, whom they charge
how much, and what was really paid."""

from __future__ import annotations

from typing import Any

import stripe

from tokencharge import Charge, Money
from tokencharge.sandbox import Sandbox

ADA = "ada@example.com"
FIVE, SIX = Money(500, "usd"), Money(600, "usd")
HOUR, DAY = 3600, 24 * 3600
ROUTES = ["payment_intents", "charges"]
# Test cards: one pays, one makes the bank ask, one is declined when it is charged.
GOOD, ASKS, FAILS_WHEN_CHARGED = "4242424242424242", "4000002760003184", "4000000000000341"


def paid(sandbox: Sandbox) -> list[Charge]:
    """The charges that moved or hold money."""
    return [charge for charge in sandbox.charges if charge.status == "succeeded"]


def by_hand(sandbox: Sandbox, what: str, *, method: str = "post", **params: Any) -> dict[str, Any]:
    """Do what somebody does in the dashboard, and return Stripe's answer."""
    client = stripe.StripeClient(sandbox.secret_key, http_client=sandbox.http_client())
    answer: dict[str, Any] = client.raw_request(method, f"/v1/{what}", **params).data
    return answer
