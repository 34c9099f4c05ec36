"""Runs an example whose visitor has logged in: `python tests/browser/returning.py
examples/flask_app.py --port=5000`.

The visitor is always the same Customer, where the order has an id; and may keep cards.
"""

from __future__ import annotations

import runpy
import sys
from typing import Any

import tokencharge

CUSTOMER = "cus_returning"


def order_of_the_customer(
    amount: tokencharge.Money, description: str, order_id: str | None
) -> tokencharge.Order:
    known: dict[str, Any] = {"customer": CUSTOMER, "reuse_cards": True} if order_id else {}
    return Order(amount, description, order_id, **known)


if __name__ == "__main__":
    Order = tokencharge.Order
    tokencharge.Order = order_of_the_customer  # type: ignore[assignment,misc]
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")
