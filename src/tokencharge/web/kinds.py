"""The types of Stripe's events: which one a mistyped one was meant to be."""

from __future__ import annotations

from collections.abc import Iterable

from .._mistakes import nearest

_WRITTEN_OF = (
    "charge.captured",
    "charge.dispute.created",
    "charge.expired",
    "charge.failed",
    "charge.refunded",
    "charge.succeeded",
    "charge.updated",
    "customer.created",
    "customer.deleted",
    "customer.updated",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.created",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.attached",
    "payment_method.detached",
    "refund.created",
    "refund.failed",
    "refund.updated",
)
"""Types that this library documents: for these the SDK need not be loaded."""

# How alike two types must be (see nearest): charge.refund and charge.refunded are
# at 0.93, refund.succeeded and charge.succeeded at 0.81.
_ALIKE = 0.85


def meant(kind: str) -> str | None:
    """Return the known type that an unknown type is nearly; None if there is none.

    Args:
        kind: "charge.refunded"; "charge.*" for all types that begin so; "*" for all.
    """
    if kind in {"*", *_WRITTEN_OF, *_families(_WRITTEN_OF)}:
        return None
    from .._stripe import event_types

    known = {*_WRITTEN_OF, *event_types()}
    families = _families(known)
    if kind in known | families:
        return None
    # A type first: "charge.refund" is as near to "charge.refund.*".
    alike = (nearest(kind, sorted(each), least=_ALIKE) for each in (known, families))
    return next(filter(None, alike), None)


def _families(kinds: Iterable[str]) -> set[str]:
    """Return what stands for all types that begin alike, such as "charge.dispute.*"."""
    parts = [kind.split(".") for kind in kinds]
    return {".".join([*each[:end], "*"]) for each in parts for end in range(1, len(each))}
