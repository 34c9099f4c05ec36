"""Find what a purchase has made: in lists, in search, in notes on Customers.

The cost is the same for every Customer. The newest page of a list shows an object as
soon as it is made. If there is more, one search finds what is older. The index of
search lags by a minute, but it has what is a hundred payments old. If an account has no
search (India, say), the rest of the list is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

import attrs

from .. import _checks as check
from .._drive import take
from .._reading import Raw, read_id
from ..errors import AuthenticationFailed, InvalidRequest
from ..results import Charge, Customer, PaymentIntent
from .calls import Call, Flow, T, as_of, ask, entries, path, read
from .purchase import KEYS_LIVE, Purchase
from .slots import Slots

# How many pages of the whole account's list are read without search, where the age of
# an order is unknown.
_MOST_PAGES = 10
# The metadata name of the purchase whose slot was noted on a Customer last. Its value
# can be searched for.
_REFUSED = f"{check.RESERVED_METADATA}_refused"


@attrs.frozen
class Kind:
    """One of the two kinds of objects that are looked for."""

    where: str
    reader: Callable[[Raw], Any]
    expand: tuple[str, ...]


CHARGES = Kind("/v1/charges", Charge.from_stripe, ("data.customer",))
INTENTS = Kind("/v1/payment_intents", PaymentIntent.from_stripe, ("data.latest_charge.customer",))


def look(
    purchase: Purchase,
    slots: Slots,
    customer_id: str | None,
    *,
    everywhere: bool = False,
    ahead: bool = False,
) -> Flow[None]:
    """Find what a purchase has made on either route.

    Args:
        purchase: The purchase.
        slots: Records what is found.
        customer_id: Whose lists are read; the whole account's if None.
        everywhere: Search for older objects although the lists have no more: they may
            belong to another Customer.
        ahead: Only this look protects the purchase. Otherwise Stripe's keys do. Then a
            list of the other route is left out if our key may not read it.

    Raises:
        AuthenticationFailed: The key may not read a list.
        InvalidRequest: There is no such Customer.
    """
    for kind in (CHARGES, INTENTS):
        if isinstance(slots.end, Charge) and slots.end.captured:
            return
        try:
            began = purchase.began if everywhere else None
            slots.see((yield from listed(kind, purchase.order_id, customer_id, began)))
        except AuthenticationFailed:
            if ahead or (kind is INTENTS) == purchase.by_intent:
                raise
        except InvalidRequest:
            # Stand-ins written by others may not know the other route. Then nothing was
            # made there.
            if (kind is INTENTS) == purchase.by_intent:
                raise


def listed(
    kind: Kind, order_id: str | None, customer_id: str | None, began: datetime | None = None
) -> Flow[list[Any]]:
    """List the newest objects of a Customer or the account, and an order's older ones.

    Args:
        kind: Charges or PaymentIntents.
        order_id: The order whose older objects are looked for; None to look for none.
        customer_id: Whose objects; the account's if None.
        began: When the order began. If given, older objects of any Customer are looked
            for, although the list has no more.
    """
    params: dict[str, Any] = {"limit": 100, "expand": [*kind.expand]}
    if customer_id is not None:
        params["customer"] = customer_id
    newest, after = yield from page(kind.where, params, kind.reader)
    if order_id is None or (after is None and began is None):
        return newest
    older = yield from searched(kind, order_id)
    if older is None and began is not None:
        params = {
            "limit": 100,
            "expand": [*kind.expand],
            "created": {"gte": int(began.timestamp())},
        }
        older = yield from _pages(kind.where, params, kind.reader)
    elif older is None:
        most = _MOST_PAGES if customer_id is None else None
        older = yield from _pages(kind.where, params, kind.reader, after=after, most=most)
    return newest + older


def searched(kind: Kind, order_id: str) -> Flow[list[Any] | None]:
    """Search for the objects of an order, of any Customer.

    Return None where this account or this key has no search.
    """
    query = f'metadata["order_id"]:{json.dumps(order_id, ensure_ascii=False)}'
    params = {"query": query, "limit": 100, "expand": [*kind.expand]}
    try:
        return (yield from page(f"{kind.where}/search", params, kind.reader))[0]
    except (AuthenticationFailed, InvalidRequest):
        return None


def _pages(
    where: str,
    params: Mapping[str, Any],
    reader: Callable[[Raw], T],
    *,
    after: str | None = None,
    most: int | None = None,
) -> Flow[list[T]]:
    """List objects, newest first, after a given one, up to a number of pages."""
    found: list[T] = []
    for _ in count() if most is None else range(most):
        further = {} if after is None else {"starting_after": after}
        these, after = yield from page(where, {**params, **further}, reader)
        found += these
        if after is None:
            break
    return found


def page(
    where: str, params: Mapping[str, Any], reader: Callable[[Raw], T]
) -> Flow[tuple[list[T], str | None]]:
    """Read one page; return its objects, and the id after which the next page begins.

    The id is None on the last page.
    """

    def read_page(raw: Raw) -> tuple[list[T], str | None]:
        listed = entries(raw)
        more = bool(listed) and raw.get("has_more") is True
        return [reader(entry) for entry in listed], read_id(listed[-1]) if more else None

    (found, after), answer = yield from ask(Call("find", "get", where, params), read_page)
    return [as_of(each, answer) for each in found], after


def marked_customers(purchase: Purchase) -> Flow[list[Customer]]:
    """List the Customers that were made for a purchase, newest first."""
    found = yield from _customers(purchase, {check.RESERVED_METADATA: purchase.digest})
    return sorted(
        found, key=lambda each: each.created.timestamp() if each.created else 0.0, reverse=True
    )


def noted_elsewhere(purchase: Purchase, customer_id: str) -> Flow[set[int]]:
    """Return the slots noted as spent on Customers other than this one."""
    marks = {check.RESERVED_METADATA: purchase.digest, _REFUSED: purchase.digest}
    found = yield from _customers(purchase, marks, but=customer_id)
    return {slot for each in found for slot in noted_slots(purchase, each)}


def _customers(
    purchase: Purchase, marks: Mapping[str, str], *, but: str | None = None
) -> Flow[list[Customer]]:
    """Find Customers by metadata, except one.

    A list shows the newest at once. If none of them matches, Stripe's search is used.
    """

    def ours(listed: list[Customer]) -> list[Customer]:
        return [each for each in listed if each.id != but and marks.items() & each.metadata.items()]

    newest, after = yield from page("/v1/customers", {"limit": 100}, Customer.from_stripe)
    found = ours(newest)
    if found or after is None:
        return found
    for name, value in marks.items():
        query = {"query": f'metadata["{name}"]:"{value}"', "limit": 100}
        try:
            older, _ = yield from page("/v1/customers/search", query, Customer.from_stripe)
        except (AuthenticationFailed, InvalidRequest):
            # This account, or this key, has no search.
            params = {"limit": 100}
            older = yield from _pages(
                "/v1/customers", params, Customer.from_stripe, after=after, most=_MOST_PAGES
            )
            return ours(older)
        found += ours(older)
    return found


def read_customer(customer_id: str) -> Flow[Customer]:
    """Read a Customer."""
    return (
        yield from read(
            Call("customer", "get", path("customers", customer_id)), Customer.from_stripe
        )
    )


def noted_slots(purchase: Purchase, customer: Customer) -> set[int]:
    """Return the slots noted as spent by a refusal.

    A note counts for as long as the slot's key lives.
    """
    return {
        slot for slot, at in _notes(purchase, customer).items() if purchase.now - at < KEYS_LIVE
    }


def note_refused(purchase: Purchase, customer_id: str, slot: int, *, first: bool) -> Flow[None]:
    """Note on the Customer that a refusal spent a slot and made nothing.

    Args:
        purchase: The purchase of the slot.
        customer_id: The Customer to note it on.
        slot: The slot's number.
        first: This call was the first to be refused. Otherwise the slot's key is older,
            but no older than the order. If the order's age is unknown, the note counts
            for an hour.
    """
    customer = yield from read_customer(customer_id)
    if slot in noted_slots(purchase, customer):
        return
    at = purchase.now if first else _earliest(purchase, customer)
    expired = [
        name
        for name in customer.metadata
        if _is_expired(name, customer.metadata[name], purchase.now)
    ]
    note = {
        **dict.fromkeys(expired, ""),
        _note_name(purchase.digest) + str(slot): str(int(at)),
        _REFUSED: purchase.digest,
    }
    # No key: noting it twice does no harm, but a 5xx saved under a key would.
    call = Call(
        "note", "post", path("customers", customer_id), {"metadata": note}, purchase=purchase.digest
    )
    take((yield call))


def _earliest(purchase: Purchase, customer: Customer) -> float:
    """Return the latest known time before which no key of a purchase was used."""
    made_for_it = customer.metadata.get(check.RESERVED_METADATA) == purchase.digest
    moments = (purchase.began, customer.created if made_for_it else None)
    return max(
        [
            purchase.now - KEYS_LIVE + 3600,
            *(each.timestamp() for each in moments if each is not None),
        ]
    )


def _notes(purchase: Purchase, customer: Customer) -> dict[int, int]:
    name = _note_name(purchase.digest)
    notes = (
        (key.removeprefix(name), at)
        for key, at in customer.metadata.items()
        if key.startswith(name)
    )
    return {int(slot): int(at) for slot, at in notes if slot.isdecimal() and at.isdecimal()}


def _is_expired(name: str, at: str, now: float) -> bool:
    return name.startswith(f"{check.RESERVED_METADATA}_") and (
        not at.isdecimal() or now - int(at) >= KEYS_LIVE
    )


def _note_name(digest: str) -> str:
    # A metadata name has at most 40 characters, so it takes half of the digest.
    return f"{check.RESERVED_METADATA}_{digest[:16]}_"
