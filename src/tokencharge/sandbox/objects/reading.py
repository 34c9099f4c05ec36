"""Read objects: one by its id, pages of a list, search."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Protocol

import attrs

from ..language.kinds import Kind
from ..language.refusals import invalid
from ..language.wire import JSON
from ..state.account import Account, Visit
from ..state.shelf import Kept, after
from . import forms


@attrs.frozen
class Endpoint:
    """An endpoint of the API.

    Attributes:
        run: Takes the visit, the parameters and the ids in the path; returns the
            answer.
        form: Reads the parameters.
        kind: The kind of object in the answer; None for a stub.
        many: The answer is a list of them.
        public: The publishable key may use it.
    """

    run: Callable[..., JSON]
    form: forms.Form
    kind: Kind | None
    many: bool = False
    public: bool = False


class Row(Protocol):
    """A row of a page: a stored object, or an event."""

    @property
    def serial(self) -> int:
        """The number of the row, in the order in which all were made."""
        ...

    @property
    def created(self) -> int:
        """When it was made, in whole seconds since 1970."""
        ...

    def shown(self) -> JSON:
        """Return the row as Stripe shows it."""
        ...


def one(kind: Kind) -> Endpoint:
    """Make the endpoint that returns an object of this kind."""

    def run(visit: Visit, params: JSON, name: str) -> JSON:
        return visit.account.find(kind, name).json

    return Endpoint(run, forms.NOTHING, kind)


def many(kind: Kind, url: str, **filters: forms.Reader) -> Endpoint:
    """Make the endpoint that lists objects of this kind, newest first.

    Args:
        kind: The kind of the objects.
        url: The URL of the list.
        filters: Parameters that must equal the field of the same name.
    """

    def run(visit: Visit, params: JSON) -> JSON:
        wanted = {name: params[name] for name in filters if name in params}
        return page(visit.account, kind, params, url, wanted)

    return Endpoint(run, forms.listing(**filters), kind, many=True)


def found(kind: Kind, url: str, *fields: str) -> Endpoint:
    """Make the endpoint that searches objects by these fields and by metadata."""
    form = forms.Form("query", query=forms.words(), limit=forms.limit, page=forms.words())
    return Endpoint(partial(_search, kind, f"{url}/search", fields), form, kind, many=True)


def page(account: Account, kind: Kind, params: JSON, url: str, wanted: Mapping[str, Any]) -> JSON:
    """Return a page of the objects with the wanted fields, newest first.

    Raises:
        Refusal: A cursor names no object of this kind.
    """

    def cursor(param: str) -> Kept | None:
        name = params.get(param)
        return None if name is None else account.find(kind, name, param)

    return page_of(
        account.shelf(kind).candidates(wanted), params, url, cursor, partial(_says, wanted)
    )


def counted(kind: Kind, url: str, *filters: str) -> Endpoint:
    """Make the endpoint that lists objects of this kind and counts them.

    The answer has a `count` only if a filter is given.
    """

    def run(visit: Visit, params: JSON) -> JSON:
        account = visit.account
        wanted = {name: params[name] for name in filters if name in params}
        listed = page(account, kind, params, url, wanted)
        if not wanted:
            return listed
        count = sum(_says(wanted, kept) for kept in account.shelf(kind).candidates(wanted))
        return {"object": "list", "count": count, **listed}

    return Endpoint(run, forms.listing(**dict.fromkeys(filters, forms.words())), kind, many=True)


def page_of(
    rows: Sequence[Row],
    params: JSON,
    url: str,
    cursor: Callable[[str], Row | None],
    fits: Callable[[Any], bool],
) -> JSON:
    """Return a page of the rows that fit, newest first.

    Args:
        rows: All rows, oldest first.
        params: The parameters, as the endpoint's form read them.
        url: The URL of the list.
        cursor: Returns the row that the cursor of this name names, or None.
        fits: Tells whether a row belongs to the list.

    Raises:
        Refusal: There are two cursors.
    """
    if "starting_after" in params and "ending_before" in params:
        raise invalid(
            "Received both starting_after and ending_before parameters. Please pass in only one."
        )
    limit = params.get("limit", 10)
    newer, older = cursor("ending_before"), cursor("starting_after")
    if newer is not None:
        ahead: Iterator[Row] = (
            rows[place] for place in range(after(rows, newer.serial), len(rows))
        )
    else:
        end = len(rows) if older is None else after(rows, older.serial - 1)
        ahead = (rows[place] for place in range(end - 1, -1, -1))
    span = params.get("created", {})
    chosen = list(islice((row for row in ahead if _within(row, span) and fits(row)), limit + 1))
    data = [row.shown() for row in chosen[:limit]]
    if newer is not None:
        data.reverse()
    return {"object": "list", "data": data, "has_more": len(chosen) > limit, "url": url}


_BOUNDS: dict[str, Callable[[int, int], bool]] = {
    "gt": int.__gt__,
    "gte": int.__ge__,
    "lt": int.__lt__,
    "lte": int.__le__,
}


def _within(row: Row, span: Mapping[str, int]) -> bool:
    return all(_BOUNDS[bound](row.created, moment) for bound, moment in span.items())


def _says(wanted: Mapping[str, Any], kept: Kept) -> bool:
    json = kept.json
    return "deleted" not in json and all(json.get(name) == value for name, value in wanted.items())


# field:'value' or metadata['key']:'value', in either kind of quotes. A backslash
# escapes a quote.
_CLAUSE = re.compile(
    r"""\s*(?P<field>\w+)(?:\[(['"])(?P<key>(?:\\.|(?!\2)[^\\])*)\2\])?\s*:\s*"""
    r"""(['"])(?P<value>(?:\\.|(?!\4)[^\\])*)\4\s*(?:$|AND\s)"""
)


def _search(kind: Kind, url: str, fields: Iterable[str], visit: Visit, params: JSON) -> JSON:
    """Search by clauses: `metadata['order_id']:'42' AND email:'ada@example.com'`.

    Only equality and AND are supported. An object cannot be found until the index has
    caught up with it (`Rules.search_lag`).
    """
    account = visit.account
    wanted = _clauses(params["query"], (*fields, "metadata"))
    known_until = account.now() - account.rules.search_lag
    rows = [
        kept
        for kept in account.shelf(kind).candidates(wanted)
        if kept.born <= known_until and _matches(kept.json, wanted)
    ]
    if not account.rules.search_oldest_first:
        rows.reverse()
    start = int(params["page"]) if params.get("page", "").isdigit() else 0
    end = start + params.get("limit", 10)
    return {
        "object": "search_result",
        "data": [kept.json for kept in rows[start:end]],
        "has_more": len(rows) > end,
        "next_page": str(end) if len(rows) > end else None,
        "url": url,
    }


def _clauses(query: str, fields: Iterable[str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    rest = query
    while rest or not wanted:
        match = _CLAUSE.match(rest)
        if match is None or match["field"] not in fields:
            raise invalid("We were unable to parse your search query.", "query")
        if (match["field"] == "metadata") != (match["key"] is not None):
            raise invalid("We were unable to parse your search query.", "query")
        field = match["field"] if match["key"] is None else f"metadata[{_plain(match['key'])}]"
        value = _plain(match["value"])
        if wanted.setdefault(field, value) != value:
            # A field cannot have two values, so nothing matches.
            wanted[f"{field} AND {field}"] = value
        rest = rest[match.end() :]
    return wanted


def _matches(json: JSON, wanted: Mapping[str, str]) -> bool:
    if "deleted" in json:
        return False
    metadata = json["metadata"]
    return all(
        (metadata.get(field[9:-1]) if field.startswith("metadata[") else json.get(field)) == value
        for field, value in wanted.items()
    )


def _plain(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted)
