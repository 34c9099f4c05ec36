"""Charge an order from a script:
`python examples/script.py order-1 tok_visa ada@example.com 14.50 usd`.

Run it again with the same order, and it finds the payment instead of making another. The exit code
says what to do:

    0   paid
    1   not paid, and the same again would end the same: another card, or a mistake to mend
    75  not known, or not yet: run it again with the same arguments

With STRIPE_SECRET_KEY=sk_test_... it charges in Stripe's test mode; without a key in a sandbox of
its own, which has forgotten everything the next time. To have one that remembers, run `tokencharge
sandbox` and paste what it prints. A live key is refused.
"""

from __future__ import annotations

import argparse
import os
import sys

from tokencharge import ConfigurationError, Money, PaymentGateway, Settings, TokenChargeError
from tokencharge.sandbox import Sandbox


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("order", "token", "email", "amount", "currency"):
        parser.add_argument(name)
    asked = parser.parse_args()
    try:
        amount = Money.of(asked.amount, asked.currency)
        with open_gateway() as gateway:
            payment = gateway.charge(asked.token, asked.email, amount, order_id=asked.order)
    except TokenChargeError as error:
        print(f"{type(error).__name__}: {error.message}", file=sys.stderr)
        return 75 if error.retryable else 1
    charge = payment.charge
    card = f"{charge.card.brand} ending in {charge.card.last4}" if charge.card else "a card"
    before = ", as before" if payment.replayed else ""
    print(f"{charge.amount} from {card}{before}: {payment.customer.id}, {charge.id}")
    return 0


def open_gateway() -> PaymentGateway:
    """Make the gateway: to Stripe's test mode, or to a sandbox in this process."""
    if "STRIPE_SECRET_KEY" not in os.environ:
        sandbox = Sandbox()
        return PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    settings = Settings.from_env()
    if settings.mode != "test":
        raise ConfigurationError(
            "This script is for trying things out: set STRIPE_SECRET_KEY to a test key."
        )
    return PaymentGateway.from_settings(settings)


if __name__ == "__main__":
    sys.exit(main())
