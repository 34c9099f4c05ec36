"""The saved cards of a Customer: list them, choose one, forget one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import attrs

from .._drive import take
from .._reading import Raw, read_id, reference, typed
from ..errors import InvalidRequest, TokenRejected
from ..results import Card, Customer
from .calls import Call, Flow, entries, path, read


def cards(customer_id: str) -> Flow[list[Card]]:
    """List the cards of a Customer, the newest first.

    The list of PaymentMethods holds the cards of the Cards API and of Sources as well
    (https://docs.stripe.com/payments/payment-methods/transitioning), so one request
    shows them all.
    """
    params: dict[str, Any] = {"type": "card", "limit": 100, "expand": ["data.customer"]}
    found: dict[str, Raw] = {}
    more = True
    while more:
        try:
            these, more = yield from _listed(customer_id, params)
        except InvalidRequest as error:
            if error.http_status == 404:
                raise _no_customer(customer_id, error) from error
            raise
        found |= {read_id(each): each for each in these}
        params = {**params, "starting_after": next(reversed(found), None)}
    newest_first = sorted(found.values(), key=lambda each: -(typed(each, "created", int) or 0))
    read_cards = [Card.from_stripe(each) for each in newest_first]
    default = next(
        (default_card(typed(each, "customer", dict) or {}) for each in newest_first), None
    )
    chosen = default or next((card.id for card in read_cards), None)
    return [
        attrs.evolve(card, customer_id=customer_id, is_default=card.id == chosen)
        for card in read_cards
    ]


def forget_card(card_id: str, customer_id: str) -> Flow[None]:
    """Remove a card from its Customer for good. A missing card is no error."""
    # Neither request has a key: forgetting a card twice does no harm, but a 5xx saved
    # under a key would.
    if card_id.startswith("pm_"):
        where = path("payment_methods", card_id)
        call = Call("card", "post", f"{where}/detach")
    else:
        where = f"{path('customers', customer_id)}/sources/{quote(card_id, safe='')}"
        call = Call("card", "delete", where)
    try:
        take((yield call))
    except (InvalidRequest, TokenRejected) as error:
        if error.http_status == 404:
            return
        # Stripe refuses to detach a card that is already detached, without an error
        # code. So read whose card it is.
        if (
            yield from read(Call("card", "get", where), lambda raw: reference(raw, "customer"))
        ) is not None:
            raise


def saved_card(customer: Customer) -> Flow[str]:
    """Return the Customer's default card, or else the card saved last."""
    default = default_card(customer.raw)
    if default is not None:
        return default
    newest, _ = yield from _listed(customer.id, {"limit": 1})
    if not newest:
        raise InvalidRequest(
            "The customer has no saved card: charge a token, or save a card first.",
            code="missing",
            step="card",
            param="card",
        )
    return read_id(newest[0])


def default_card(customer: Raw) -> str | None:
    """Return the Customer's default card, used where no card is named.

    That is the legacy `default_source`, or else the default of its invoices.
    """
    settings = typed(customer, "invoice_settings", dict) or {}
    return reference(customer, "default_source") or reference(settings, "default_payment_method")


def _listed(customer_id: str, params: dict[str, Any]) -> Flow[tuple[list[Raw], bool]]:
    """List payment methods of a Customer: one page, and whether there is another."""

    def read_page(raw: Raw) -> tuple[list[Raw], bool]:
        these = [each for each in entries(raw) if read_id(each)]
        return these, bool(these) and raw.get("has_more") is True

    return (
        yield from read(
            Call("card", "get", path("customers", customer_id) + "/payment_methods", params),
            read_page,
        )
    )


def _no_customer(customer_id: str, error: InvalidRequest) -> InvalidRequest:
    return InvalidRequest(
        "Stripe knows no such customer, or it was deleted and its cards with it: forget its id.",
        code=error.code,
        param="customer",
        http_status=error.http_status,
        request_id=error.request_id,
        step="card",
        customer_id=customer_id,
    )
