"""Read events: GET /v1/events."""

from __future__ import annotations

from fnmatch import fnmatchcase

import attrs

from ..language.kinds import Kind
from ..language.refusals import missing
from ..language.wire import JSON
from ..state.account import Account, Visit
from ..state.record import Happening
from . import forms, reading

LIST = forms.listing(type=forms.words(), types=forms.several, delivery_success=forms.boolean)


@attrs.frozen
class _Row:
    """A happening as a row in a list of events."""

    happening: Happening

    @property
    def serial(self) -> int:
        return self.happening.serial

    @property
    def created(self) -> int:
        return self.happening.created

    def shown(self) -> JSON:
        return self.happening.event(0)


def get(visit: Visit, params: JSON, name: str) -> JSON:
    """Return an event."""
    return _find(visit.account, name).shown()


def list_(visit: Visit, params: JSON) -> JSON:
    """List events, newest first; in a type, `*` stands for anything."""
    wanted = [*params.get("types", []), *([params["type"]] if "type" in params else [])] or ["*"]
    rows = [_Row(each) for each in visit.account.record.since()]

    def cursor(param: str) -> _Row | None:
        return None if param not in params else _find(visit.account, params[param], param)

    def fits(row: _Row) -> bool:
        return any(fnmatchcase(row.happening.type, pattern) for pattern in wanted)

    return reading.page_of(rows, params, "/v1/events", cursor, fits)


def _find(account: Account, name: str, param: str | None = None) -> _Row:
    for each in account.record.since():
        if each.id == name:
            return _Row(each)
    raise missing(Kind.EVENT, name, param)
