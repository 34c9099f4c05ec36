"""The listener that writes the log: a record for each operation, request and webhook, on the logger `tokencharge`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar

from .fields import NAMES

if TYPE_CHECKING:
    from .watch import Watched

logger = logging.getLogger("tokencharge")

# What Stripe answers is an answer, a refusal too; these need somebody's attention.
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
    """Writes a record of what has ended; of single tries none."""

    kinds: ClassVar = frozenset({"operation", "request", "webhook"})

    def begin(self, watched: Watched) -> None:
        """Wait for the end."""

    def end(self, watched: Watched) -> None:
        """Make a record, with each field as an attribute, `tokencharge_` before its name."""
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
