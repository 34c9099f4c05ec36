"""Reading back: pages of a list, search, and `expand`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..language.refusals import invalid, missing
from ..language.wire import JSON
from ..state import intent_bodies
from ..state.account import Account
from . import forms

SEARCH = forms.Form("query", query=forms.words(), limit=forms.integer(1, 100), page=forms.words())

_BOUNDS: dict[str, Callable[[int, int], bool]] = {
    "gt": int.__gt__,
    "gte": int.__ge__,
    "lt": int.__lt__,
    "lte": int.__le__,
}


def page(objects: Sequence[JSON], params: JSON, url: str, *filters: str) -> JSON:
    """Return a page of objects (given oldest first), newest first.

    Args:
        objects: What there is.
        params: As the endpoint's form read them.
        url: The list's own.
        filters: Parameters that must equal the field of the same name.

    Raises:
        Refusal: A cursor names no object of the list.
    """
    found = [each for each in reversed(objects) if _passes(each, params, filters)]
    limit = params.get("limit", 10)
    if "starting_after" in params:
        found = found[_position(found, params["starting_after"], "starting_after") + 1 :]
    if "ending_before" in params:
        found = found[: _position(found, params["ending_before"], "ending_before")]
        chosen = found[-limit:]
    else:
        chosen = found[:limit]
    return {"object": "list", "data": chosen, "has_more": len(found) > limit, "url": url}


def _passes(each: JSON, params: JSON, filters: Iterable[str]) -> bool:
    for bound, moment in params.get("created", {}).items():
        if not _BOUNDS[bound](each["created"], moment):
            return False
    return all(each[name] == params[name] for name in filters if name in params)


def _position(objects: Sequence[JSON], name: str, param: str) -> int:
    for position, each in enumerate(objects):
        if each["id"] == name:
            return position
    raise missing("object", name, param)


# field:'value' or metadata['key']:'value', in either kind of quotes, a backslash before a quote that is meant.
_CLAUSE = re.compile(
    r"""\s*(?P<field>\w+)(?:\[(['"])(?P<key>(?:\\.|(?!\2)[^\\])*)\2\])?\s*:\s*"""
    r"""(['"])(?P<value>(?:\\.|(?!\4)[^\\])*)\4\s*(?:$|AND\s)"""
)


def search(account: Account, objects: Iterable[JSON], params: JSON, url: str, fields: Iterable[str]) -> JSON:
    """Search by clauses such as `metadata['order_id']:'42' AND email:'ada@example.com'`.

    Only equality and AND are known. An object cannot be found until the index has caught up with it
    (`Rules.search_lag`).
    """
    clauses = _clauses(params["query"], (*fields, "metadata"))
    known_until = account.now() - account.rules.search_lag
    found = [
        each for each in objects if account.born[each["id"]] <= known_until and all(clause(each) for clause in clauses)
    ][::-1]
    start = int(params["page"]) if params.get("page", "").isdigit() else 0
    end = start + params.get("limit", 10)
    return {
        "object": "search_result",
        "data": found[start:end],
        "has_more": len(found) > end,
        "next_page": str(end) if len(found) > end else None,
        "url": url,
    }


def _clauses(query: str, fields: Iterable[str]) -> list[Callable[[JSON], bool]]:
    clauses: list[Callable[[JSON], bool]] = []
    rest = query
    while rest or not clauses:
        match = _CLAUSE.match(rest)
        if match is None or match["field"] not in fields:
            raise invalid("We were unable to parse your search query.", "query")
        if (match["field"] == "metadata") != (match["key"] is not None):
            raise invalid("We were unable to parse your search query.", "query")
        clauses.append(_equals(match["field"], match["key"], _plain(match["value"])))
        rest = rest[match.end() :]
    return clauses


def _equals(field: str, key: str | None, value: str) -> Callable[[JSON], bool]:
    if key is None:
        return lambda each: each[field] == value
    name = _plain(key)
    return lambda each: each["metadata"].get(name) == value


def _plain(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted)


Paths = dict[str, Any]
"""The paths of `expand` as a tree."""

# What can be expanded, and into what; None is a field that is always null here.
_EXPANDABLE: dict[str, dict[str, str | None]] = {
    "charge": {
        "application": None,
        "application_fee": None,
        "balance_transaction": "balance_transaction",
        "customer": "customer",
        "failure_balance_transaction": None,
        "on_behalf_of": None,
        "payment_intent": "payment_intent",
        "refunds": "list refund",
        "review": None,
        "source_transfer": None,
    },
    "customer": {"default_source": "card", "sources": "list card", "test_clock": None},
    "card": {"customer": "customer"},
    "refund": {
        "balance_transaction": "balance_transaction",
        "charge": "charge",
        "failure_balance_transaction": None,
        "payment_intent": "payment_intent",
    },
    "balance_transaction": {"source": "charge"},
    "payment_intent": {
        "application": None,
        "customer": "customer",
        "latest_charge": "charge",
        "on_behalf_of": None,
        "payment_method": "payment_method",
        "review": None,
        "source": None,
    },
    "payment_method": {"customer": "customer"},
    "confirmation_token": {},
    "token": {},
}


def paths(expand: Iterable[str], kind: str) -> Paths:
    """Read `expand` for an endpoint that answers with this kind of object ("list charge", say).

    Raises:
        Refusal: One of the paths leads nowhere.
    """
    tree: Paths = {}
    for path in expand:
        node, at = tree, kind
        steps = path.split(".")
        for step in steps:
            target = _target(at, step)
            if target == "" or len(steps) > 4:
                raise invalid(f"This property cannot be expanded ({path}).", "expand")
            node, at = node.setdefault(step, {}), target or "nothing"
    return tree


def _target(kind: str, step: str) -> str | None:
    if kind.startswith("list "):
        return kind[5:] if step == "data" else ""
    return _EXPANDABLE.get(kind, {}).get(step, "")


def expanded(account: Account, json: JSON, tree: Paths) -> JSON:
    """Return an object with the fields of a tree of paths filled in."""
    result = dict(json)
    for field, branch in tree.items():
        if field == "data":
            result["data"] = [expanded(account, each, branch) for each in json["data"]]
            continue
        value = _value(account, json, field)
        if value is not None:
            value = expanded(account, value, branch)
        result[field] = value
    return result


def _value(account: Account, json: JSON, field: str) -> JSON | None:
    if field == "sources":
        cards = [account.cards[card].json for card in account.wallets.get(json["id"], ())]
        return page(cards[::-1], {}, f"/v1/customers/{json['id']}/sources")
    if field == "refunds":
        refunds = [each for each in account.objects["refund"].values() if each["charge"] == json["id"]]
        return page(refunds, {}, f"/v1/charges/{json['id']}/refunds")
    name = json.get(field)
    if field == "payment_method" and name in account.cards:
        return intent_bodies.card_as_method(account, name)
    return None if name is None else account.find(name)
