"""Webhook signatures, checked by stripe-python."""

from __future__ import annotations

import stripe


def is_signed(payload: str, header: str, secret: str) -> bool:
    """Tell whether a `Stripe-Signature` header was made from a payload with a secret, whenever that was."""
    try:
        stripe.WebhookSignature.verify_header(payload, header, secret)
    except stripe.SignatureVerificationError:
        return False
    return True
