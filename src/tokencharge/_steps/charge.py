"""From a token to a Customer, a card and a Charge; and from a saved card to a Charge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from .. import _checks as check
from ..errors import (
    InvalidRequest,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    TokenChargeError,
)
from ..results import Customer, Payment, Raw
from .after import get_customer
from .calls import Call, Flow, T, entries, path, place, read
from .purchase import Purchase, digest
from .settle import Attempts, list_attempts, paid_charge, settle

_FRESH_KEYS = 4


def charge(purchase: Purchase) -> Flow[Payment]:
    """Charge a token: a Customer, the card, the Charge."""
    customer: Customer | None = None
    customer_id = purchase.customer
    attempts: Attempts = {}
    try:
        if customer_id is None:
            customer = yield from _make_customer(purchase)
            customer_id = customer.id
        elif purchase.order_id is not None:
            attempts = yield from list_attempts(purchase.digest, customer_id)
        card = None
        if not (purchase.paid_with_customer or paid_charge(attempts)):
            card = yield from _add_card(purchase, customer_id)
        return (yield from settle(purchase, customer or customer_id, card, attempts))
    except TokenChargeError as error:
        place(error, order_id=purchase.order_id, customer_id=customer_id)
        raise


def charge_customer(purchase: Purchase, customer_id: str) -> Flow[Payment]:
    """Charge a saved card: the one named, else the Customer's default as it is now."""
    try:
        customer = yield from get_customer(customer_id)
        if customer.deleted:
            raise InvalidRequest(
                "The customer was deleted: charge another one, or a token.",
                step="customer",
                param="customer",
            )
        default = customer.raw.get("default_source")
        card = purchase.card or (default if isinstance(default, str) else None)
        attempts = yield from list_attempts(purchase.digest, customer_id)
        return (yield from settle(purchase, customer, card, attempts))
    except TokenChargeError as error:
        place(error, order_id=purchase.order_id, customer_id=customer_id)
        raise


def _make_customer(purchase: Purchase) -> Flow[Customer]:
    params: dict[str, Any] = {"email": purchase.email}
    if purchase.paid_with_customer:
        params["source"] = purchase.token
    else:
        params["metadata"] = {"order_id": purchase.order_id, check.RESERVED_METADATA: purchase.digest}
    call = Call("customer", "post", "/v1/customers", params, purchase.key("customer"))
    if purchase.order_id is None:
        return (yield from _prepare(call, Customer.from_stripe))
    try:
        return (yield from _prepare(call, Customer.from_stripe, lambda: _order_customer(purchase)))
    except OrderConflict:
        # The order began with another e-mail.
        customer = yield from _order_customer(purchase)
    if customer is None:
        raise OrderInProgress(
            "This order was begun with another e-mail, and its customer cannot be found yet: call again in a minute.",
            step="customer",
        )
    return customer


def _order_customer(purchase: Purchase) -> Flow[Customer | None]:
    """Find the Customer an order has already, and give it this e-mail.

    It is among the newest, which a list shows at once, or old enough for Stripe's search, whose index lags.
    """
    found = yield from _find_customer(purchase, "/v1/customers", {"limit": 100})
    if found is None:
        query = f'metadata["{check.RESERVED_METADATA}"]:"{purchase.digest}"'
        found = yield from _find_customer(purchase, "/v1/customers/search", {"query": query})
    if found is None:
        return None
    correction = Call("customer", "post", path("customers", found), {"email": purchase.email})
    return (yield from read(correction, Customer.from_stripe))


def _find_customer(purchase: Purchase, where: str, params: Mapping[str, Any]) -> Flow[str | None]:
    def ours(raw: Raw) -> str | None:
        customers = map(Customer.from_stripe, entries(raw))
        mark = check.RESERVED_METADATA
        return next((found.id for found in customers if found.metadata.get(mark) == purchase.digest), None)

    return (yield from read(Call("customer", "get", where, params), ours))


def _add_card(purchase: Purchase, customer_id: str) -> Flow[str]:
    """Add the token's card to the Customer; it neither becomes nor replaces the default."""
    key = purchase.key("card-" + digest("token", purchase.token or "", purchase.nonce or ""))
    call = Call(
        "card",
        "post",
        path("customers", customer_id) + "/sources",
        {"source": purchase.token},
        key,
    )
    return (yield from _prepare(call, lambda raw: Customer.from_stripe(raw).id))


def _prepare(call: Call, reader: Callable[[Raw], T], already: Callable[[], Flow[T | None]] | None = None) -> Flow[T]:
    """Take a step that moves no money, under a fresh key where Stripe saved a 5xx under the first.

    Everyone who repeats the step is repeated the same 5xx and so goes on to the same fresh key.

    Args:
        call: The step.
        reader: Reads its answer.
        already: Finds what the step may have made in spite of the 5xx.
    """
    for fresh in range(1, _FRESH_KEYS + 1):
        try:
            return (yield from read(call, reader))
        except OutcomeUnknown as error:
            # A repeated 2xx that arrived garbled is no 5xx: it is asked for again, under its own key.
            if not error.replayed or (error.http_status or 0) < 500:
                raise
        if already is not None:
            made = yield from already()
            if made is not None:
                return made
        call = attrs.evolve(call, key=f"{call.key}-{fresh}")
    return (yield from read(call, reader))
