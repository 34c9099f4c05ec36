"""Webhooks: an event is accepted only if Stripe signed it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import stripe

from ..errors import ConfigurationError, InvalidEvent, InvalidSignature
from ..events import EVENT_LIMIT, TOLERANCE, Event


def parse_event(payload: object, signature: object, secrets: tuple[str, ...]) -> Event:
    """Verify and read a webhook.

    Args:
        payload: The request's body, in the bytes that were received. A body that was
            parsed and written again has another signature.
        signature: The `Stripe-Signature` header.
        secrets: The endpoint's signing secrets: one, or two while it is being rolled.

    Raises:
        ConfigurationError: There is no secret.
        InvalidSignature: The signature is missing, wrong, or more than five minutes
            off.
        InvalidEvent: The body is no event that this library can read.
    """
    if not secrets:
        raise ConfigurationError(
            "STRIPE_WEBHOOK_SECRET is not set: set it to the endpoint's signing secret (whsec_...)."
        )
    if not isinstance(payload, (bytes, bytearray, memoryview)):
        raise InvalidEvent(
            f"A webhook's payload is the raw body in bytes, not {type(payload).__name__}."
        )
    if len(payload) > EVENT_LIMIT:
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
    if not any(_is_signed(text, signature, secret) for secret in secrets):
        raise InvalidSignature(
            "The webhook is not signed by Stripe: "
            "check STRIPE_WEBHOOK_SECRET, and pass the raw body."
        )
    # The SDK rejects old signatures only. One from the future could be replayed until
    # its time comes.
    parts = (part.split("=") for part in signature.split(","))
    signed_at = next(int(value[0]) for name, *value in parts if name == "t")
    if abs(int(time.time()) - signed_at) > TOLERANCE:
        raise InvalidSignature(
            "The webhook was signed more than five minutes ago or ahead: "
            "check this machine's clock."
        )


def _is_signed(payload: str, header: str, secret: str) -> bool:
    """Tell whether a `Stripe-Signature` header is of this payload and secret.

    Its age does not matter here.
    """
    try:
        stripe.WebhookSignature.verify_header(payload, header, secret)
    except stripe.SignatureVerificationError:
        return False
    return True
