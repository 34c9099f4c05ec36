"""The listener that logs each operation, request and webhook.

It writes to the logger `tokencharge`.
"""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from .fields import NAMES
from .watch import Watched

logger = logging.getLogger("tokencharge")

# An answer of Stripe is normal, even a refusal. These need somebody's attention.
_TROUBLE = {
    "authentication_failed": logging.ERROR,
    "cancelled": logging.WARNING,
    "card_tokens_refused": logging.ERROR,
    "gateway_unavailable": logging.WARNING,
    "outcome_unknown": logging.WARNING,
    "rate_limited": logging.WARNING,
}
_READING = ("cards", "find", "get_charge", "get_customer")
_SAID = ("operation", "step", "outcome")  # at the beginning of a message


class Log:
    """Writes a record when something has ended, but not for single tries."""

    kinds: ClassVar = frozenset({"operation", "request", "webhook"})

    def begin(self, watched: Watched) -> None:
        """Do nothing: the record is written at the end."""

    def end(self, watched: Watched) -> None:
        """Write a record; each field is an attribute with the prefix `tokencharge_`."""
        level = _level(watched)
        if not logger.isEnabledFor(level):
            return
        fields = watched.described()
        words = (
            _in_words(name, value)
            for name, value in fields.items()
            if name not in _SAID and value is not False
        )
        extra = {f"tokencharge_{name}": fields.get(name) for name in NAMES}
        logger.log(
            level, "%s: %s (%s)", _title(watched), fields["outcome"], ", ".join(words), extra=extra
        )


def _level(watched: Watched) -> int:
    if watched.kind == "request":
        return _TROUBLE.get(watched.fields["outcome"], logging.DEBUG)
    return logging.DEBUG if watched.name in _READING else logging.INFO


def _title(watched: Watched) -> str:
    return {"operation": f"Operation {watched.name}", "request": f"Step {watched.name}"}.get(
        watched.kind, "Webhook"
    )


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
