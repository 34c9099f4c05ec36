"""Read fields of Stripe's objects; what is missing or of another shape is left out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, TypeVar

from .money import Money

T = TypeVar("T")

Raw = Mapping[str, Any]
"""An object of Stripe's, decoded from JSON and otherwise unchanged."""

_LAST_SECOND = 253_402_300_799  # of the year 9999, datetime's last year


def read_id(raw: Raw) -> str:
    """Return the id of an object; every object must have one."""
    value = raw.get("id")
    if not isinstance(value, str) or not value:
        raise ValueError("Stripe's object has no id.")
    return value


def typed(raw: Raw, name: str, kind: type[T]) -> T | None:
    """Return a field if it has the right type, else None."""
    value = raw.get(name)
    return value if isinstance(value, kind) else None


def reference(raw: Raw, name: str) -> str | None:
    """Return the id in a field that holds the bare id or the expanded object."""
    value = raw.get(name)
    return typed(value, "id", str) if isinstance(value, Mapping) else typed(raw, name, str)


def texts(raw: Raw, name: str) -> Mapping[str, str]:
    """Return a field that maps names to texts, such as metadata."""
    value = raw.get(name)
    return (
        {str(key): str(entry) for key, entry in value.items()} if isinstance(value, Mapping) else {}
    )


def money(raw: Raw, name: str, missing: int | None = None) -> Money:
    """Return an amount with its currency; an object that moves money must have both."""
    amount = raw.get(name)
    currency = raw.get("currency")
    if amount is None:
        amount = missing
    if not isinstance(amount, int) or not isinstance(currency, str):
        raise ValueError(f"Stripe's object has no {name} with a currency.")
    return Money(amount, currency)


def known_money(raw: Raw | None, name: str) -> Money | None:
    """Return an amount with its currency, if there is one and it is not below zero."""
    amount, currency = (raw or {}).get(name), (raw or {}).get("currency")
    known = isinstance(amount, int) and isinstance(currency, str) and amount >= 0
    return Money(amount, currency) if known else None  # type: ignore[arg-type]


def read_time(raw: Raw) -> datetime | None:
    """Return when an object was made, in UTC."""
    return moment(raw, "created")


def moment(raw: Raw, name: str) -> datetime | None:
    """Return the time in a field, in UTC."""
    seconds = raw.get(name)
    if not isinstance(seconds, int) or not 0 <= seconds <= _LAST_SECOND:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc)
