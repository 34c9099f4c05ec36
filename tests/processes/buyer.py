"""A program that charges one order and prints the Charge: `python -m
tests.processes.buyer order-1 tok_...`."""

from __future__ import annotations

import sys
import time

from tokencharge import Money, Payment, PaymentGateway, TokenChargeError


def buy(gateway: PaymentGateway, order_id: str, token: str) -> Payment:
    """Charge an order, and call again for as long as the error says that this is safe."""
    while True:
        try:
            return gateway.charge(token, "ada@example.com", Money(500, "usd"), order_id=order_id)
        except TokenChargeError as error:
            if not error.retryable:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    with PaymentGateway.from_env() as gateway:
        print(buy(gateway, *sys.argv[1:]).charge.id)
