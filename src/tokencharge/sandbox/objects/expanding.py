"""`expand`: show an object in full where an answer has only its id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ..language.kinds import Kind
from ..language.refusals import invalid
from ..language.wire import JSON, nested
from ..shapes import intent_bodies
from ..state.account import Account
from .reading import Endpoint

Paths = dict[str, Any]
"""The paths of `expand` as a tree."""


@attrs.frozen
class Many:
    """A list of objects of this kind, which `expand` adds."""

    kind: Kind


# The fields that can be expanded, and their kinds. None is a field that is always null
# here.
_EXPANDABLE: dict[Kind, dict[str, Kind | Many | None]] = {
    Kind.CHARGE: {
        "application": None,
        "application_fee": None,
        "balance_transaction": Kind.BALANCE_TRANSACTION,
        "customer": Kind.CUSTOMER,
        "dispute": Kind.DISPUTE,
        "failure_balance_transaction": None,
        "on_behalf_of": None,
        "payment_intent": Kind.PAYMENT_INTENT,
        "refunds": Many(Kind.REFUND),
        "review": None,
        "source_transfer": None,
    },
    Kind.CUSTOMER: {"default_source": Kind.CARD, "sources": Many(Kind.CARD), "test_clock": None},
    Kind.CARD: {"customer": Kind.CUSTOMER},
    Kind.DISPUTE: {"charge": Kind.CHARGE, "payment_intent": Kind.PAYMENT_INTENT},
    Kind.REFUND: {
        "balance_transaction": Kind.BALANCE_TRANSACTION,
        "charge": Kind.CHARGE,
        "failure_balance_transaction": None,
        "payment_intent": Kind.PAYMENT_INTENT,
    },
    Kind.BALANCE_TRANSACTION: {"source": Kind.CHARGE},
    Kind.PAYMENT_INTENT: {
        "application": None,
        "customer": Kind.CUSTOMER,
        "latest_charge": Kind.CHARGE,
        "on_behalf_of": None,
        "payment_method": Kind.PAYMENT_METHOD,
        "review": None,
        "source": None,
    },
    Kind.PAYMENT_METHOD: {"customer": Kind.CUSTOMER},
    Kind.SETUP_INTENT: {
        "application": None,
        "customer": Kind.CUSTOMER,
        "mandate": None,
        "on_behalf_of": None,
        "payment_method": Kind.PAYMENT_METHOD,
        "single_use_mandate": None,
    },
}
# The fields of a part of an object. The part has no kind of its own.
_PARTS = {(Kind.CUSTOMER, "invoice_settings"): {"default_payment_method": Kind.PAYMENT_METHOD}}


def paths(expand: Iterable[str], endpoint: Endpoint) -> Paths:
    """Read `expand` for the answer of an endpoint.

    Raises:
        Refusal: One of the paths cannot be expanded.
    """
    tree: Paths = {}
    for path in expand:
        node, steps = tree, path.split(".")
        known: Mapping[str, Any] = _known(
            Many(endpoint.kind) if endpoint.many and endpoint.kind else endpoint.kind
        )
        for step in steps:
            if step not in known or len(steps) > 4:
                raise invalid(f"This property cannot be expanded ({path}).", "expand")
            node, known = node.setdefault(step, {}), _known(known[step])
    return tree


def _known(target: object) -> Mapping[str, Any]:
    """Return what can be expanded in a kind, a list or a part of an object."""
    if isinstance(target, Many):
        return {"data": target.kind}
    if isinstance(target, Kind):
        parts = {name: part for (kind, name), part in _PARTS.items() if kind is target}
        return {**_EXPANDABLE.get(target, {}), **parts}
    return target if isinstance(target, dict) else {}


def expanded(account: Account, json: JSON, tree: Paths) -> JSON:
    """Return an object with the fields of a tree of paths filled in."""
    result = dict(json)
    for field, branch in tree.items():
        value = json.get(field)
        if field == "data":
            result["data"] = [expanded(account, each, branch) for each in json["data"]]
            continue
        if field == "sources":
            value = _embedded(
                account, Kind.CARD, {"customer": json["id"]}, f"/v1/customers/{json['id']}/sources"
            )
        elif field == "refunds":
            value = _embedded(
                account, Kind.REFUND, {"charge": json["id"]}, f"/v1/charges/{json['id']}/refunds"
            )
        elif isinstance(value, str):
            value = _named(account, field, value)
        result[field] = expanded(account, value, branch) if nested(value) else value
    return result


def _named(account: Account, field: str, name: str) -> JSON | str:
    """Return the object that a field names, or the id if the object is gone.

    A field for a PaymentMethod shows a Customer's card as a PaymentMethod.
    """
    kept = account.look_up(name)
    if kept is None:
        return name
    if kept.card is not None and kept.kind is Kind.CARD and field.endswith("payment_method"):
        return intent_bodies.card_as_method(kept.card, kept.created)
    return kept.json


def _embedded(account: Account, kind: Kind, wanted: Mapping[str, str], url: str) -> JSON:
    rows = account.shelf(kind).candidates(wanted)
    # Within a Customer, its cards are listed oldest first.
    rows = rows if kind is Kind.CARD else rows[::-1]
    data = [kept.json for kept in rows[:10]]
    return {
        "object": "list",
        "data": data,
        "has_more": len(rows) > 10,
        "total_count": len(rows),
        "url": url,
    }
