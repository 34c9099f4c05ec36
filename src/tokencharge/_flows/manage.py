"""Find the payment of an order, and read a Charge or a Customer."""

from __future__ import annotations

import attrs

from ..errors import AuthenticationFailed
from ..results import Charge, Customer, Payment
from .calls import Flow, read_charge
from .looking import CHARGES, listed, read_customer
from .payment import customer_of, pending
from .purchase import order_digest
from .slots import Slots, was_let_go


def find(order_id: str, customer_id: str | None = None) -> Flow[Payment | None]:
    """Find the payment of an order.

    It is looked for among the newest Charges of the Customer or the account, else by
    search.
    """
    kind = attrs.evolve(CHARGES, expand=("data.customer", "data.payment_intent"))
    charges = yield from listed(kind, order_id, customer_id)
    slots = Slots(order_digest(order_id))
    slots.see(each for each in charges if not was_let_go(each))
    paid = slots.end
    if not isinstance(paid, Charge):
        return None
    if paid.status == "pending":
        raise pending(paid)
    return Payment(customer_of(paid, customer_id), paid, order_id, replayed=True)


def get_charge(charge_id: str) -> Flow[Charge]:
    """Read a Charge with its balance transaction, where the key may read that."""
    try:
        return (yield from read_charge(charge_id, "balance_transaction"))
    except AuthenticationFailed as error:
        if error.http_status != 403:
            raise
    return (yield from read_charge(charge_id))


def get_customer(customer_id: str) -> Flow[Customer]:
    """Read a Customer."""
    return (yield from read_customer(customer_id))
