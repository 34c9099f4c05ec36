"""Customers: create, update, delete."""

from __future__ import annotations

from typing import Any

from ..language.kinds import Kind
from ..language.refusals import Refusal, missing
from ..language.wire import JSON
from ..shapes import bodies
from ..state.account import Account, Visit
from ..state.shelf import Kept
from . import forms, methods, sources, tokens

_SETTINGS = forms.Form(
    default_payment_method=forms.words(empty=True),
    footer=forms.words(empty=True),
)
_FIELDS: dict[str, forms.Reader] = {
    "address": forms.address,
    "balance": forms.integer(),
    "business_name": forms.words(150, empty=True),
    "card": tokens.source,
    "description": forms.words(empty=True),
    "email": forms.email,
    "individual_name": forms.words(150, empty=True),
    "invoice_prefix": forms.words(12),
    "invoice_settings": _SETTINGS,
    "metadata": forms.metadata,
    "name": forms.words(256, empty=True),
    "next_invoice_sequence": forms.integer(1),
    "phone": forms.words(20, empty=True),
    "preferred_locales": forms.several,
    "shipping": forms.recipient,
    "source": tokens.source,
    "tax_exempt": forms.one_of("exempt", "none", "reverse"),
}

CREATE = forms.Form(id=forms.words(), payment_method=forms.words(), **_FIELDS)
UPDATE = forms.Form(default_source=forms.words(), **_FIELDS)


def create(visit: Visit, params: JSON) -> JSON:
    """Create a Customer, but none with a card that is declined."""
    account = visit.account
    metadata = forms.changed({}, params.pop("metadata", {}))
    name = params.pop("id", None) or account.new_id("cus_", 14)
    if account.get(Kind.CUSTOMER, name) is not None:
        raise Refusal(400, "Customer already exists.", code="resource_already_exists")
    named = tokens.sourced(params)
    card = None if named is None else sources.take(visit, *named)
    method = _method_for_new(visit, params)
    body = bodies.customer(params, metadata, account.new_id("", 8).upper())
    customer = account.add(Kind.CUSTOMER, name, body)
    held = None if card is None else sources.keep(visit, customer, card)
    if held is not None:
        account.change(customer, default_source=held.id)
    visit.emit("customer.created", customer.json)
    if held is not None:
        visit.emit("customer.source.created", held.json)
    if method is not None:
        methods.give(visit, method, name)
    return customer.json


def update(visit: Visit, params: JSON, name: str) -> JSON:
    """Update a Customer.

    A new `source` replaces the default card, which is then deleted.
    """
    account = visit.account
    customer = sources.alive(account, name)
    before = customer.json
    if "metadata" in params:
        params["metadata"] = forms.changed(before["metadata"], params["metadata"])
    if "invoice_settings" in params:
        params["invoice_settings"] = {**before["invoice_settings"], **params["invoice_settings"]}
        _check_default(account, name, params["invoice_settings"]["default_payment_method"])
    named = tokens.sourced(params)
    if named is not None:
        card = sources.take(visit, *named)
        if before["default_source"] is not None:
            sources.forget(visit, account.known(before["default_source"]))
        held = sources.keep(visit, customer, card)
        visit.emit("customer.source.created", held.json)
        params["default_source"] = held.id
    elif "default_source" in params:
        default = account.get(Kind.CARD, params["default_source"])
        if default is None or default.json["customer"] != name:
            raise missing(Kind.CARD, params["default_source"], "source")
    after = account.change(customer, **params)
    visit.emit("customer.updated", after, before)
    return after


def delete(visit: Visit, params: JSON, name: str) -> JSON:
    """Delete a Customer and its cards; its Charges stay."""
    account = visit.account
    customer = sources.alive(account, name)
    owned = {"customer": name}
    for card in list(account.shelf(Kind.CARD).candidates(owned)):
        sources.forget(visit, card)
    for method in list(account.shelf(Kind.PAYMENT_METHOD).candidates(owned)):
        methods.let_go(visit, method)
    visit.emit("customer.deleted", customer.json)
    return account.show(customer, {"id": name, "object": "customer", "deleted": True})


def _method_for_new(visit: Visit, params: JSON) -> Kept | None:
    """Take the PaymentMethod for a new Customer out of the parameters."""
    name = params.pop("payment_method", None)
    default = params.get("invoice_settings", {}).get("default_payment_method")
    if default not in (None, name):
        raise _not_attached(default)
    if name is None:
        return None
    method = methods.find(visit.account, name, "payment_method")
    methods.accepted(visit, method, None)
    if default is not None:
        # A magic PaymentMethod becomes a new one with its own id.
        params["invoice_settings"] = {
            **params["invoice_settings"],
            "default_payment_method": method.id,
        }
    return method


def _check_default(account: Account, customer: str, method: Any) -> None:
    if method is None:
        return
    kept = account.get(Kind.PAYMENT_METHOD, method) or account.get(Kind.CARD, method)
    if kept is None:
        raise missing(Kind.PAYMENT_METHOD, method, "invoice_settings[default_payment_method]")
    if kept.json["customer"] != customer:
        raise _not_attached(method)


def _not_attached(method: str) -> Refusal:
    message = (
        f"The customer does not have a payment method with the ID {method}. The payment method"
        " must be attached to the customer."
    )
    param = "invoice_settings[default_payment_method]"
    return Refusal(400, message, code="resource_missing", param=param)
