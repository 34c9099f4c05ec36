"""From a token to a Customer, a card and a Charge; and from a saved card to a Charge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from .. import _checks as check
from .._reading import Raw, read_id
from ..errors import (
    InvalidRequest,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    TokenChargeError,
)
from ..results import Customer, Payment
from .after import get_customer
from .calls import Call, Flow, T, ask, entries, path, place, read
from .purchase import Purchase, digest
from .settle import settle
from .slots import Slots, list_charges, list_slots

_FRESH_KEYS = 4


def charge(purchase: Purchase) -> Flow[Payment]:
    """Charge what the browser made of a card: a Customer, the card, the Charge."""
    customer: Customer | None = None
    customer_id = purchase.customer
    begun = False
    try:
        if customer_id is None:
            customer, begun = yield from _make_customer(purchase)
            customer_id = customer.id
        slots = yield from _look_ahead(purchase, customer_id, begun=begun)
        card = purchase.token
        if purchase.paid_with_customer and customer is not None:
            card = _default_card(customer) if purchase.by_intent else None
        elif purchase.token_is_card and slots.paid is None:
            card = yield from _add_card(purchase, customer_id)
        return (yield from settle(purchase, customer or customer_id, card, slots))
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
        card = purchase.card or _default_card(customer)
        slots = yield from _look_ahead(purchase, customer_id, begun=False)
        return (yield from settle(purchase, customer, card, slots))
    except TokenChargeError as error:
        place(error, order_id=purchase.order_id, customer_id=customer_id)
        raise


def _look_ahead(purchase: Purchase, customer_id: str, *, begun: bool) -> Flow[Slots]:
    """List what a purchase may have made before, where that outlives Stripe's keys or took the other route."""
    known = purchase.order_id is not None and purchase.customer is not None
    if known and purchase.by_intent:
        return (yield from list_slots(purchase, customer_id))
    if known or (begun and purchase.by_intent):
        return Slots((yield from list_charges(purchase.digest, customer_id)))
    return Slots()


def _default_card(customer: Customer) -> str | None:
    settings = customer.raw.get("invoice_settings")
    chosen = settings.get("default_payment_method") if isinstance(settings, Mapping) else None
    default = customer.raw.get("default_source") or chosen
    return default if isinstance(default, str) else None


def _make_customer(purchase: Purchase) -> Flow[tuple[Customer, bool]]:
    """Make the Customer of a purchase; return it, and whether an earlier call had made it."""
    params: dict[str, Any] = {"email": purchase.email}
    if purchase.paid_with_customer:
        params["source"] = purchase.token
    else:
        order = {} if purchase.order_id is None else {"order_id": purchase.order_id}
        params["metadata"] = {**order, check.RESERVED_METADATA: purchase.digest}
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
    return customer, True


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
    card, _ = yield from _prepare(call, read_id)
    return card


def _prepare(
    call: Call, reader: Callable[[Raw], T], already: Callable[[], Flow[T | None]] | None = None
) -> Flow[tuple[T, bool]]:
    """Take a step that moves no money, under a fresh key where Stripe saved a 5xx under the first.

    Everyone who repeats the step is repeated the same 5xx and so goes on to the same fresh key.

    Args:
        call: The step.
        reader: Reads its answer.
        already: Finds what the step may have made in spite of the 5xx.

    Returns:
        What was made, and whether an earlier call had made it.
    """
    for fresh in range(1, _FRESH_KEYS + 1):
        try:
            return (yield from ask(call, reader))
        except OutcomeUnknown as error:
            # A repeated 2xx that arrived garbled is no 5xx: it is asked for again, under its own key.
            if not error.replayed or (error.http_status or 0) < 500:
                raise
        if already is not None:
            made = yield from already()
            if made is not None:
                return made, True
        call = attrs.evolve(call, key=f"{call.key}-{fresh}")
    return (yield from ask(call, reader))
