"""Charge saved customers, a file of them.

    $ python examples/charge_customers.py orders.csv results.jsonl

The first file has a line for each order: `order_id,customer,amount,currency,began`,
with the names as its first line. The amount is in minor units, `began` is when the shop
made the order (2026-11-26T09:00:00+00:00). What came of each order is added to the
second file at once. Kill it at any time and start it again: what the second file calls
paid is skipped, and an order that was paid a moment before the kill is found, not
charged again.

    --attempt NAME   one name for each day on which declined cards are asked again

The exit code is 75 where some outcome is not known or Stripe was not reached: start it
again, with the same attempt. It is 1 where some order is the shop's to mend, such as
one of a customer who was deleted; the rest is charged.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rich.progress import track

from tokencharge import (
    AuthenticationRequired,
    CardDeclined,
    InvalidRequest,
    Money,
    OrderConflict,
    PaymentGateway,
    PaymentPending,
    TokenChargeError,
    TokenRejected,
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("orders", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--attempt", metavar="NAME")
    asked = parser.parse_args()
    paid = {result["order"] for result in read(asked.results) if result["status"] == "paid"}
    with asked.orders.open(newline="", encoding="utf-8") as file:
        orders = [order for order in csv.DictReader(file) if order["order_id"] not in paid]
    ended: Counter[object] = Counter()
    with (
        PaymentGateway.from_env() as gateway,
        asked.results.open("a", encoding="utf-8", buffering=1) as results,
    ):
        for order in track(orders, "Charging", disable=not sys.stdout.isatty()):
            result = charge(gateway, order, asked.attempt)
            ended[result["status"]] += 1
            results.write(json.dumps({"order": order["order_id"], **result}) + "\n")
    print(", ".join(f"{status}: {count}" for status, count in ended.items()) or "Nothing to do.")
    return 75 if ended["again"] else 1 if ended["shop"] else 0


def charge(
    gateway: PaymentGateway, order: Mapping[str, str], attempt: str | None
) -> dict[str, object]:
    """Charge one order, and say what came of it; what no order could pass, such as a
    wrong key, is raised."""
    try:
        payment = gateway.charge_customer(
            order["customer"],
            Money(int(order["amount"]), order["currency"]),
            order_id=order["order_id"],
            began=datetime.fromisoformat(order["began"]),
            attempt=attempt,
        )
    except AuthenticationRequired:
        return {"status": "buyer", "why": "The bank wants to see them: bring them to the checkout."}
    except TokenRejected as error:
        return {"status": "buyer", "why": error.public_message}
    except CardDeclined as error:
        return {"status": "declined", "why": error.public_message, "advice": error.advice}
    except PaymentPending:
        return {"status": "again", "why": "Stripe is still at work."}
    except (ValueError, InvalidRequest, OrderConflict) as error:
        return {"status": "shop", "why": str(error)}
    except TokenChargeError as error:
        if not error.retryable:
            raise
        return {"status": "again", "why": type(error).__name__}
    return {"status": "paid", "charge": payment.charge.id, "replayed": payment.replayed}


def read(results: Path) -> list[dict[str, str]]:
    """Read what earlier runs have noted; a line that a kill cut short says nothing."""
    lines = results.read_text("utf-8").splitlines() if results.exists() else []
    whole = [line for line in lines if line.endswith("}")]
    return [json.loads(line) for line in whole]


if __name__ == "__main__":
    sys.exit(main())
