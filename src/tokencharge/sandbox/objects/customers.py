"""Customers and the cards they hold."""

from __future__ import annotations

import attrs

from ..language.refusals import missing
from ..language.wire import JSON
from ..shapes import bodies
from ..shapes.cards import declined
from ..state.account import Account, HeldCard
from . import forms, reading, tokens

_FIELDS = {
    "address": forms.anything,
    "business_name": forms.words(150, empty=True),
    "description": forms.words(empty=True),
    "email": forms.email,
    "individual_name": forms.words(150, empty=True),
    "name": forms.words(256, empty=True),
    "phone": forms.words(20, empty=True),
    "shipping": forms.anything,
}

CREATE = forms.Form(metadata=forms.metadata, source=forms.words(), **_FIELDS)
UPDATE = forms.Form(metadata=forms.metadata, source=forms.words(), default_source=forms.words(), **_FIELDS)
GET = forms.Form()
LIST = forms.listing(email=forms.words(512))
ATTACH = forms.Form("source", source=forms.words())
LIST_CARDS = forms.listing(object=forms.one_of("card"))


def create(account: Account, params: JSON) -> JSON:
    """Make a Customer; with a token whose card is declined, make none."""
    metadata = forms.changed({}, params.pop("metadata", {}))
    source = params.pop("source", None)
    card = None if source is None else _take(account, source)
    body = bodies.customer(params, metadata, account.new_id("", 8).upper())
    customer = account.add("cus_", 14, body)
    account.wallets[customer["id"]] = []
    if card is None:
        account.emit("customer.created", customer)
        return customer
    held = _attach(account, customer["id"], card)
    customer = account.change(customer["id"], default_source=card.json["id"])
    account.emit("customer.created", customer)
    account.emit("customer.source.created", held.json)
    return customer


def get(account: Account, params: JSON, name: str) -> JSON:
    """Look at a Customer; of a deleted one a stub is left."""
    customer = account.objects["customer"].get(name)
    if customer is None:
        raise missing("customer", name)
    return customer


def find(account: Account, name: str, param: str) -> JSON:
    """Return a Customer that is there and not deleted."""
    customer = account.objects["customer"].get(name)
    if customer is None or "deleted" in customer:
        raise missing("customer", name, param)
    return customer


def update(account: Account, params: JSON, name: str) -> JSON:
    """Change a Customer; a new `source` takes the place of the default card, which is gone then."""
    customer = find(account, name, "id")
    if "metadata" in params:
        params["metadata"] = forms.changed(customer["metadata"], params["metadata"])
    source = params.pop("source", None)
    if source is not None:
        card = _take(account, source)
        if customer["default_source"] is not None:
            account.wallets[name].remove(customer["default_source"])
            _forget(account, customer["default_source"])
        account.emit("customer.source.created", _attach(account, name, card).json)
        params["default_source"] = card.json["id"]
    elif params.get("default_source", None) not in (None, *account.wallets[name]):
        raise missing("source", params["default_source"], "default_source")
    changed = account.change(name, **params)
    account.emit("customer.updated", changed, customer)
    return changed


def delete(account: Account, params: JSON, name: str) -> JSON:
    """Delete a Customer and its cards; its Charges stay."""
    customer = find(account, name, "id")
    for card in account.wallets.pop(name):
        _forget(account, card)
    for method in list(account.objects["payment_method"].values()):
        if method["customer"] == name:
            account.spent.add(method["id"])
            account.emit("payment_method.detached", account.change(method["id"], customer=None), method)
    account.emit("customer.deleted", customer)
    stub = {"id": name, "object": "customer", "deleted": True}
    account.objects["customer"][name] = stub
    return stub


def list_(account: Account, params: JSON) -> JSON:
    """List Customers, newest first."""
    alive = [each for each in account.objects["customer"].values() if "deleted" not in each]
    return reading.page(alive, params, "/v1/customers", "email")


def search(account: Account, params: JSON) -> JSON:
    """Search Customers that the index has caught up with."""
    alive = [each for each in account.objects["customer"].values() if "deleted" not in each]
    return reading.search(account, alive, params, "/v1/customers/search", ("email", "name", "phone"))


def attach(account: Account, params: JSON, name: str) -> JSON:
    """Add a card to a Customer; it becomes the default only where there is none."""
    customer = find(account, name, "id")
    card = _attach(account, name, _take(account, params["source"]))
    account.emit("customer.source.created", card.json)
    if customer["default_source"] is None:
        account.emit("customer.updated", account.change(name, default_source=card.json["id"]), customer)
    return card.json


def list_cards(account: Account, params: JSON, name: str) -> JSON:
    """List the cards of a Customer."""
    find(account, name, "id")
    cards = [account.cards[card].json for card in account.wallets[name]]
    return reading.page(cards, params, f"/v1/customers/{name}/sources")


def remove(account: Account, name: str, card: str) -> None:
    """Take a card from a Customer; the one that was added first of those left is the default then."""
    customer = account.objects["customer"][name]
    account.wallets[name].remove(card)
    _forget(account, card)
    if customer["default_source"] == card:
        default = next(iter(account.wallets[name]), None)
        account.emit("customer.updated", account.change(name, default_source=default), customer)


def _take(account: Account, name: str) -> HeldCard:
    """Spend a token on a card to be attached, unless the bank objects."""
    token = tokens.as_source(account, name)
    decline = account.decline or token.card.magic.at_attach
    if decline is None or account.rules.decline_consumes_token:
        tokens.spend(token)
    if decline is not None:
        raise declined(decline, None)
    return token.card


def _attach(account: Account, name: str, card: HeldCard) -> HeldCard:
    owned = attrs.evolve(card, json={**card.json, "customer": name})
    account.cards[card.json["id"]] = owned
    account.wallets[name].append(card.json["id"])
    return owned


def _forget(account: Account, card: str) -> None:
    account.emit("customer.source.deleted", account.cards.pop(card).json)
