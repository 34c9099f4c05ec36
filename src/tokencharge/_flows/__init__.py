"""The rules, without IO: each flow is a generator that yields a Call and is sent the Answer.

Whoever drives a flow (a blocking gateway, an async one, a simulation) sends each Call to Stripe and sends back the
Answer, or the error that the call ended in; a Pause is waited out. There is one copy of the rules.

How an order is charged once, and why each key contains what it contains, is in docs/exactly-once.md.
"""

from .calls import Answer, Call, Flow, Pause
from .cards import cards, forget_card
from .charge import charge, charge_customer
from .hold import capture, void
from .manage import find, get_charge, get_customer
from .payment import complete
from .purchase import Purchase
from .refund import refund

__all__ = [
    "Answer",
    "Call",
    "Flow",
    "Pause",
    "Purchase",
    "capture",
    "cards",
    "charge",
    "charge_customer",
    "complete",
    "find",
    "forget_card",
    "get_charge",
    "get_customer",
    "refund",
    "void",
]
