"""The cards of Customers on an old account, and the search for a Customer."""

from __future__ import annotations

from typing import cast

from ..language.kinds import Kind
from ..language.refusals import Refusal, impossible, missing
from ..language.wire import JSON
from ..shapes.cards import HeldCard, declined
from ..state.account import Account, Visit
from ..state.shelf import Kept
from . import forms, reading, tokens

ATTACH = forms.Form(source=tokens.source, card=tokens.source, metadata=forms.metadata)
UPDATE = forms.Form(
    exp_month=forms.integer(1),
    exp_year=forms.integer(1),
    metadata=forms.metadata,
    name=forms.words(empty=True),
    **{
        f"address_{part}": forms.words(empty=True)
        for part in ("city", "country", "line1", "line2", "state", "zip")
    },
)
LIST = forms.listing(object=forms.words())


def alive(account: Account, name: str, param: str | None = None) -> Kept:
    """Return a Customer that exists and is not deleted.

    Raises:
        Refusal: There is no such Customer.
    """
    customer = account.find(Kind.CUSTOMER, name, param)
    if "deleted" in customer.json:
        raise missing(Kind.CUSTOMER, name, param)
    return customer


def take(visit: Visit, name: str, value: str) -> HeldCard:
    """Spend a token on a card for a Customer, unless the bank declines.

    Args:
        visit: The request.
        name: The name of the parameter.
        value: The token.

    Raises:
        Refusal: It is not a token, the account takes no tokens here, or the card is
            declined.
    """
    if value.startswith("pm_"):
        raise impossible(
            "You cannot use a PaymentMethod as a source for Customers. Instead, use the"
            " PaymentMethods API to Attach a Customer to a PaymentMethod. See"
            " https://stripe.com/docs/api/payment_methods/attach"
        )
    tokens.check_policy(visit.account)
    found = tokens.find(visit.account, value, name)
    decline = visit.decline or found.card.magic.at_attach
    if decline is None or visit.account.rules.decline_consumes_token:
        found.spend(visit.account)
    if decline is not None:
        raise declined(decline, None)
    return found.card


def keep(visit: Visit, customer: Kept, card: HeldCard) -> Kept:
    """Store a card of a Customer, as it is after the bank's checks."""
    checked = card.checked()
    json = {**checked.json, "customer": customer.id, "metadata": {}}
    return visit.account.keep(Kind.CARD, json["id"], json, card=HeldCard(json, card.magic))


def attach(visit: Visit, params: JSON, name: str) -> JSON:
    """Add a card to a Customer; it becomes the default only if there is none."""
    customer = alive(visit.account, name)
    named = tokens.sourced(params)
    if named is None:
        raise forms.missing_param("source")
    card = keep(visit, customer, take(visit, *named))
    if "metadata" in params:
        _change(visit, card, metadata=forms.changed({}, params["metadata"]))
    visit.emit("customer.source.created", card.json)
    if customer.json["default_source"] is None:
        before = customer.json
        visit.emit(
            "customer.updated", visit.account.change(customer, default_source=card.id), before
        )
    return card.json


def list_(visit: Visit, params: JSON, name: str) -> JSON:
    """List the cards of a Customer."""
    alive(visit.account, name)
    wanted = {
        "customer": name,
        **{field: params[field] for field in ("object",) if field in params},
    }
    return reading.page(visit.account, Kind.CARD, params, f"/v1/customers/{name}/sources", wanted)


def get(visit: Visit, params: JSON, name: str, card: str) -> JSON:
    """Return a card of a Customer."""
    return _find(visit.account, name, card).json


def update(visit: Visit, params: JSON, name: str, card: str) -> JSON:
    """Update a card of a Customer."""
    kept = _find(visit.account, name, card)
    before = kept.json
    if "metadata" in params:
        params["metadata"] = forms.changed(before["metadata"], params["metadata"])
    after = _change(visit, kept, **params)
    visit.emit("customer.source.updated", after, before)
    return after


def delete(visit: Visit, params: JSON, name: str, card: str) -> JSON:
    """Delete a card of a Customer."""
    remove(visit, _find(visit.account, name, card))
    return {"id": card, "object": "card", "deleted": True}


def remove(visit: Visit, card: Kept) -> None:
    """Take a card from its Customer.

    If it was the default, the oldest card that is left becomes the default.
    """
    customer = visit.account.known(card.json["customer"])
    forget(visit, card)
    before = customer.json
    if before["default_source"] == card.id:
        left = visit.account.shelf(Kind.CARD).candidates({"customer": customer.id})
        default = left[0].id if left else None
        visit.emit(
            "customer.updated", visit.account.change(customer, default_source=default), before
        )


def forget(visit: Visit, card: Kept) -> None:
    """Delete a card."""
    visit.account.forget(card)
    no_default(visit.account, card.json["customer"], card.id)
    visit.emit("customer.source.deleted", card.json)


def no_default(account: Account, name: str, method: str) -> None:
    """Unset a PaymentMethod as the default of a Customer's invoices."""
    customer = account.known(name)
    settings = customer.json["invoice_settings"]
    if settings["default_payment_method"] == method:
        account.change(customer, invoice_settings={**settings, "default_payment_method": None})


def _find(account: Account, name: str, card: str) -> Kept:
    alive(account, name)
    kept = account.get(Kind.CARD, card)
    if kept is None or kept.json["customer"] != name:
        raise missing(Kind.CARD, card)
    return kept


def _change(visit: Visit, card: Kept, **fields: object) -> JSON:
    json = visit.account.change(card, **fields)
    card.card = HeldCard(json, cast("HeldCard", card.card).magic)
    return json


def refuse_stranger(customer: str, card: str) -> Refusal:
    """Build the 404 for a card that does not belong to the Customer."""
    message = f"Customer {customer} does not have card with ID {card}"
    return Refusal(404, message, code="resource_missing", param="card")
