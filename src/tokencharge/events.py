"""Webhooks: what Stripe says happened, believed only when Stripe signed it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import attrs

from ._reading import Raw, read_id, read_time
from .errors import ConfigurationError, InvalidEvent, InvalidSignature
from .results import Charge, Customer, PaymentIntent, Refund

TOLERANCE = 300
"""Seconds a signature may be old, or ahead of this machine's clock."""

BODY_LIMIT = 1_048_576
"""Bytes of body that are read: Stripe's events are a small part of it."""

Subject = Charge | Customer | PaymentIntent | Refund | Raw
"""What an event is about: typed where this library has a type for it, else Stripe's own mapping."""

_READERS: dict[str, Callable[[Raw], Charge | Customer | PaymentIntent | Refund]] = {
    "charge": Charge.from_stripe,
    "customer": Customer.from_stripe,
    "payment_intent": PaymentIntent.from_stripe,
    "refund": Refund.from_stripe,
}


@attrs.frozen
class Event:
    """Something that happened at Stripe.

    Stripe sends an event at least once and in no promised order: handle it by `id` once, and read back what its
    state matters for.

    Attributes:
        id: `evt_...`.
        type: "charge.refunded", "customer.deleted", ...
        created: When, in UTC.
        livemode: Whether it is about real money.
        object: The Charge, Customer, PaymentIntent or Refund it is about; anything else as Stripe's mapping.
        raw: Stripe's whole event.
    """

    id: str
    type: str
    created: datetime | None = None
    livemode: bool = False
    object: Subject = attrs.field(factory=dict, repr=False)
    raw: Raw = attrs.field(repr=False, eq=False, factory=dict)

    @classmethod
    def from_stripe(cls, raw: Raw) -> Event:
        """Read an event of API v1, of any version.

        Raises:
            ValueError: It has no id, no type or no object, or is about something that cannot be read.
        """
        data, kind = raw.get("data"), raw.get("type")
        about = data.get("object") if isinstance(data, Mapping) else None
        if raw.get("object") != "event" or not isinstance(kind, str) or not isinstance(about, Mapping):
            raise ValueError("Stripe's event has no type, or is about nothing.")
        reader = _READERS.get(str(about.get("object")))
        return cls(
            id=read_id(raw),
            type=kind,
            created=read_time(raw),
            livemode=raw.get("livemode") is True,
            object=about if reader is None else reader(about),
            raw=raw,
        )


def parse_event(payload: object, signature: object, secrets: tuple[str, ...]) -> Event:
    """Verify and read a webhook.

    Args:
        payload: The request's body, as the bytes it came in: a body parsed and written again has another signature.
        signature: The `Stripe-Signature` header.
        secrets: The endpoint's signing secrets: one, or two while it is being rolled.

    Raises:
        ConfigurationError: There is no secret.
        InvalidSignature: The signature is missing, wrong, or more than five minutes off.
        InvalidEvent: The body is no event this library can read.
    """
    if not secrets:
        raise ConfigurationError(
            "STRIPE_WEBHOOK_SECRET is not set: set it to the endpoint's signing secret (whsec_...)."
        )
    if not isinstance(payload, (bytes, bytearray, memoryview)):
        raise InvalidEvent(f"A webhook's payload is the raw body in bytes, not {type(payload).__name__}.")
    if len(payload) > BODY_LIMIT:
        raise InvalidEvent("The body is larger than any event of Stripe's.")
    try:
        text = bytes(payload).decode()
    except UnicodeDecodeError:
        raise InvalidEvent("The body is not text in UTF-8.") from None
    _verify(text, signature, secrets)
    try:
        raw: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidEvent("The body is signed, but not JSON.") from None
    if not isinstance(raw, Mapping):
        raise InvalidEvent("The body is signed, but no event.")
    try:
        return Event.from_stripe(raw)
    except ValueError as error:
        raise InvalidEvent(
            f"The body is signed, but no event of API v1 (thin events are not read here). {error}"
        ) from error


def _verify(text: str, signature: object, secrets: tuple[str, ...]) -> None:
    if not isinstance(signature, str) or not signature.isascii():
        raise InvalidSignature("The Stripe-Signature header is missing or garbled.")
    from ._stripe import is_signed  # here, so that importing tokencharge does not load the SDK

    if not any(is_signed(text, signature, secret) for secret in secrets):
        raise InvalidSignature(
            "The webhook is not signed by Stripe: check STRIPE_WEBHOOK_SECRET, and pass the raw body."
        )
    # The SDK checks for old signatures only; one from the future could be replayed until its time comes.
    parts = (part.split("=") for part in signature.split(","))
    signed_at = next(int(value[0]) for name, *value in parts if name == "t")
    if abs(int(time.time()) - signed_at) > TOLERANCE:
        raise InvalidSignature(
            "The webhook was signed more than five minutes ago or ahead: check this machine's clock."
        )
