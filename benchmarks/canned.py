"""The canned answers, taken down from the sandbox: `python -m benchmarks.canned`.

They are what `PaymentGateway.charge` is answered on each route, for a card with a name
and an address; no account's ids are in them.
"""

from __future__ import annotations

import json
from typing import Any

from tokencharge import Money, PaymentGateway
from tokencharge.sandbox import Request, Response, Rules, Sandbox

from . import ANSWERS

CLOCK = 1_795_392_000
CARD: dict[str, Any] = {
    "name": "Ada Lovelace",
    "address_line1": "12 St James's Square",
    "address_city": "London",
    "address_zip": "SW1Y 4JH",
    "address_country": "GB",
}


class Noting(Sandbox):
    """A sandbox that notes the last answer of each kind."""

    noted: dict[str, Any]

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        body = json.loads(response.body)
        self.noted[body["object"]] = body
        return response


def answers(route: str) -> dict[str, Any]:
    """Return by their kind what a purchase is answered on a route, and an event."""
    sandbox = Noting(clock=lambda: CLOCK, seed=1, rules=Rules(card_tokens=True))
    sandbox.noted = {}
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route=route)
    gateway.charge(
        sandbox.create_token(**CARD), "ada@example.com", Money(500, "usd"), description="Tea"
    )
    told = [event.raw for event in sandbox.events if event.type == "charge.succeeded"]
    return {**sandbox.noted, "event": told[-1]}


def main() -> None:
    for name, body in {**answers("charges"), **answers("payment_intents")}.items():
        # Stripe indents its answers so.
        text = json.dumps(body, indent=2) + "\n"
        (ANSWERS / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
