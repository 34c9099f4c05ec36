"""The types of events that the installed SDK knows."""

from __future__ import annotations

from typing import get_args

import stripe


def event_types() -> frozenset[str]:
    """Return the types that the SDK declares for `Event.type`.

    It is empty if the SDK declares them in another way. Stripe may have newer types.
    """
    return frozenset(map(str, get_args(stripe.Event.__annotations__.get("type"))))
