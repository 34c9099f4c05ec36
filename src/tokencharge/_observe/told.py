"""What is told, and how: the fields of a record, the forms they must have, and their words."""

from __future__ import annotations

import logging
import re
from typing import Any

Fields = dict[str, Any]

logger = logging.getLogger("tokencharge")

_FIELDS = (
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
_SAID = ("operation", "step", "outcome")  # at the beginning of a message

# What comes from outside, and could be anything.
_FORMS = {
    "charge_id": re.compile(r"(?:ch|py)_[A-Za-z0-9]{1,64}"),
    "event": re.compile(r"[a-z0-9_]{1,40}(?:\.[a-z0-9_]{1,40}){1,4}"),
    "event_id": re.compile(r"evt_[A-Za-z0-9]{1,64}"),
    "request_id": re.compile(r"req_[A-Za-z0-9]{1,64}"),
}


def known(fields: Fields) -> Fields:
    """Return the fields that say something, and have the form they must have, in their order."""
    return {name: value for name in _FIELDS if (value := _of_its_form(name, fields.get(name))) is not None}


def log(level: int, about: str, told: Fields) -> None:
    """Make a record, with each field as an attribute, `tokencharge_` before its name."""
    words = (_in_words(name, value) for name, value in told.items() if name not in _SAID and value is not False)
    extra = {f"tokencharge_{name}": told.get(name) for name in _FIELDS}
    logger.log(level, "%s: %s (%s)", about, told["outcome"], ", ".join(words), extra=extra)


def _of_its_form(name: str, value: Any) -> Any:
    form = _FORMS.get(name)
    return value if form is None or (isinstance(value, str) and form.fullmatch(value)) else None


def _in_words(name: str, value: Any) -> str:
    match name:
        case "http_status":
            return f"HTTP {value}"
        case "order_digest":
            return f"order {value}"
        case "attempts":
            return "1 try" if value == 1 else f"{value} tries"
        case "replayed":
            return "replayed"
        case "ms":
            return f"{value} ms"
        case _:
            return str(value)
