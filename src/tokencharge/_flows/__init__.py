"""The rules, without IO: each flow is a generator that yields a Call.

A driver (a blocking gateway, an async gateway or a simulation) sends each Call to
Stripe. It sends back the Answer, or the error that the call raised. It waits when it
gets a Pause. So there is one copy of the rules.

docs/exactly-once.md explains how an order is charged once, and what each key contains
and why.
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
