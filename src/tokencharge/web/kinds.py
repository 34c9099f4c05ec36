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

# How alike two types must be (difflib's ratio): charge.refund and charge.refunded are
# at 0.93, refund.succeeded and charge.succeeded at 0.81.
_ALIKE = 0.85


def meant(kind: str) -> str | None:
    """Return the known type that an unknown type is nearly; None if there is none.

    Args:
        kind: "charge.refunded"; "charge.*" for all types that begin so; "*" for all.
    """
    if kind in _with_families(_WRITTEN_OF):
        return None
    from .._stripe import event_types

    known = _with_families({*_WRITTEN_OF, *event_types()})
    if kind in known:
        return None
    alike = [each for each in known if each.endswith("*") == kind.endswith("*")]
    return nearest(kind, sorted(alike), least=_ALIKE)


def _with_families(kinds: Iterable[str]) -> set[str]:
    """Add what stands for all types that begin alike, such as "charge.dispute.*"."""
    known = {"*"}
    for kind in kinds:
        parts = kind.split(".")
        known |= {kind, *(".".join([*parts[:end], "*"]) for end in range(1, len(parts)))}
    return known
