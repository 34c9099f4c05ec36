"""Events read back: GET /v1/events."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ..language.refusals import missing
from ..language.wire import JSON
from ..state.account import Account
from . import forms, reading

GET = forms.Form()
LIST = forms.listing(type=forms.words())


def get(account: Account, params: JSON, name: str) -> JSON:
    """Look at an event."""
    for each in account.record.since():
        if each.id == name:
            return each.event()
    raise missing("event", name)


def list_(account: Account, params: JSON) -> JSON:
    """List events, newest first; in their type, `*` stands for anything."""
    wanted = params.get("type", "*")
    found = [each.event() for each in account.record.since() if fnmatchcase(each.type, wanted)]
    return reading.page(found, params, "/v1/events")
