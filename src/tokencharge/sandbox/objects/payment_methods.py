"""PaymentMethods: cards that pay PaymentIntents and are attached to Customers."""

from __future__ import annotations

from functools import partial

from ..language.kinds import Kind
from ..language.refusals import Refusal, Saving, impossible, invalid, missing
from ..language.wire import JSON
from ..shapes import intent_bodies
from ..shapes.cards import HeldCard
from ..state.account import Account, Visit
from ..state.shelf import Kept
from . import forms, methods, reading, sources


def _not_yet(name: str, value: object) -> object:
    raise invalid(
        "You cannot attach a PaymentMethod to a Customer during PaymentMethod creation. Please"
        " instead create the PaymentMethod and then attach it using the attachment method of the"
        " PaymentMethods API."
    )


CREATE = forms.Form(
    "type",
    "card",
    type=forms.one_of("card"),
    card=methods.CARD,
    allow_redisplay=methods.REDISPLAY,
    billing_details=forms.billing,
    customer=_not_yet,
    metadata=forms.metadata,
    # Stripe.js and old clients send these as well.
    key=forms.words(),
    payment_user_agent=forms.words(),
)
UPDATE = forms.Form(
    allow_redisplay=methods.REDISPLAY,
    billing_details=forms.billing,
    card=forms.Form(exp_month=forms.integer(1), exp_year=forms.integer(1)),
    metadata=forms.metadata,
)
ATTACH = forms.Form(customer=forms.words(500))
LIST = forms.listing(
    customer=forms.words(500), type=forms.one_of("card"), allow_redisplay=methods.REDISPLAY
)
LIST_OF_CUSTOMER = forms.listing(type=forms.one_of("card"), allow_redisplay=methods.REDISPLAY)


def create(visit: Visit, params: JSON) -> JSON:
    """Create a PaymentMethod from a token or a card number; no bank is asked.

    The token is then spent.
    """
    made = methods.add(visit.account, params, methods.read(visit.account, params, "", "token"))
    return intent_bodies.shown(made.json, public=visit.public)


def get(visit: Visit, params: JSON, name: str) -> JSON:
    """Return a PaymentMethod."""
    return methods.shown(methods.find(visit.account, name))


def attach(visit: Visit, params: JSON, name: str) -> JSON:
    """Attach a PaymentMethod to a Customer, unless the bank declines."""
    if "customer" not in params:
        raise invalid("Must provide customer or customer_account.", code="parameter_missing")
    method = methods.find(visit.account, name)
    customer = sources.alive(visit.account, params["customer"], "customer")
    methods.accepted(visit, method, customer.id)
    return methods.shown(methods.give(visit, method, customer.id))


def update(visit: Visit, params: JSON, name: str) -> JSON:
    """Update a PaymentMethod of a Customer."""
    method = methods.find(visit.account, name)
    before = method.json
    if before["customer"] is None or method.kind is Kind.CARD:
        raise impossible("You must save this PaymentMethod to a customer before you can update it.")
    if "metadata" in params:
        params["metadata"] = forms.changed(before["metadata"], params["metadata"])
    if "billing_details" in params:
        params["billing_details"] = {**before["billing_details"], **params["billing_details"]}
    if "card" in params:
        card = methods.held(method)
        method.card = HeldCard({**card.json, **params["card"]}, card.magic)
        params["card"] = {**before["card"], **params["card"]}
    after = visit.account.change(method, **params)
    visit.emit("payment_method.updated", after, before)
    return after


def detach(visit: Visit, params: JSON, name: str) -> JSON:
    """Detach a PaymentMethod from its Customer, for good."""
    method = methods.find(visit.account, name)
    before = methods.shown(method)
    if before["customer"] is None:
        message = (
            "The payment method you provided is not attached to a customer so detachment is"
            " impossible."
        )
        raise impossible(message)
    if method.kind is Kind.CARD:
        sources.remove(visit, method)
        return {**before, "customer": None}
    return methods.let_go(visit, method)


def list_(visit: Visit, params: JSON) -> JSON:
    """List the PaymentMethods of a Customer, newest first.

    Without a Customer, the list is empty.
    """
    if "customer" not in params:
        return {"object": "list", "data": [], "has_more": False, "url": "/v1/payment_methods"}
    customer = sources.alive(visit.account, params["customer"], "customer")
    return _page(visit.account, params, customer.id, "/v1/payment_methods")


def list_of_customer(visit: Visit, params: JSON, name: str) -> JSON:
    """List the PaymentMethods of a Customer and its cards, newest first."""
    customer = sources.alive(visit.account, name)
    return _page(visit.account, params, customer.id, f"/v1/customers/{name}/payment_methods")


def get_of_customer(visit: Visit, params: JSON, name: str, method: str) -> JSON:
    """Return a PaymentMethod of a Customer."""
    sources.alive(visit.account, name)
    found = visit.account.get(Kind.PAYMENT_METHOD, method) or visit.account.get(Kind.CARD, method)
    if found is None:
        raise missing(Kind.PAYMENT_METHOD, method)
    if found.json["customer"] != name:
        raise Refusal(404, "Invalid request", param="customer", saving=Saving.UNKNOWN_ID)
    return methods.shown(found)


def _page(account: Account, params: JSON, customer: str, url: str) -> JSON:
    wanted = {"customer": customer}
    cards = account.shelf(Kind.CARD).candidates(wanted)
    own = account.shelf(Kind.PAYMENT_METHOD).candidates(wanted)
    rows: list[reading.Row] = [*map(_AsMethod, cards), *own]
    rows.sort(key=lambda row: row.serial)
    filters: JSON = {name: params[name] for name in ("type", "allow_redisplay") if name in params}

    def cursor(param: str) -> Kept | None:
        name = params.get(param)
        if name is None:
            return None
        return account.get(Kind.CARD, name) or account.find(Kind.PAYMENT_METHOD, name, param)

    return reading.page_of(rows, params, url, cursor, partial(_fits, filters))


def _fits(filters: JSON, row: reading.Row) -> bool:
    json = row.shown()
    return all(json[name] == value for name, value in filters.items())


class _AsMethod:
    """A Customer's card in a list of PaymentMethods."""

    def __init__(self, card: Kept) -> None:
        self.serial, self.created = card.serial, card.created
        self._card = card

    def shown(self) -> JSON:
        """Return the card as Stripe shows it: as a PaymentMethod."""
        return methods.shown(self._card)
