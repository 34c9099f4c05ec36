"""The fields of a record, and the forms that their values must have."""

from __future__ import annotations

import re
from typing import Any

from .. import _checks as check
from ..errors import TokenChargeError
from ..results import Charge, Payment, Refund

Fields = dict[str, Any]

NAMES = (
    "operation",
    "step",
    "event",
    "outcome",
    "order_digest",
    "charge_id",
    "event_id",
    "request_id",
    "replayed",
    "attempts",
    "http_status",
    "ms",
)

# These come from outside, and could be anything.
_FORMS = {
    "charge_id": re.compile(r"(?:ch|py)_[A-Za-z0-9]{1,64}"),
    "event": re.compile(r"[a-z0-9_]{1,40}(?:\.[a-z0-9_]{1,40}){1,4}"),
    "event_id": re.compile(r"evt_[A-Za-z0-9]{1,64}"),
    "request_id": re.compile(r"req_[A-Za-z0-9]{1,64}"),
}
_ORDER_MARK = re.compile(r"([0-9a-f]{32})/")


def known(fields: Fields) -> Fields:
    """Return the fields that have a value of the required form, in their order."""
    return {
        name: value for name in NAMES if (value := _of_its_form(name, fields.get(name))) is not None
    }


def of_result(result: object) -> Fields:
    """Return the fields of an operation's result."""
    if isinstance(result, Payment):
        return {"replayed": result.replayed, **of_result(result.charge)}
    if isinstance(result, Charge):
        marked = _ORDER_MARK.match(result.metadata.get(check.RESERVED_METADATA, ""))
        return {"charge_id": result.id, **({"order_digest": marked[1]} if marked else {})}
    return {"charge_id": result.charge_id} if isinstance(result, Refund) else {}


def of_error(error: BaseException | None) -> Fields:
    """Return the fields of an operation's error."""
    if not isinstance(error, TokenChargeError):
        return {}
    return {"charge_id": error.charge_id, "replayed": error.replayed}


def _of_its_form(name: str, value: Any) -> Any:
    form = _FORMS.get(name)
    return value if form is None or (isinstance(value, str) and form.fullmatch(value)) else None
