"""What Stripe says happened: an Event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import attrs

from ._reading import Raw, read_id, read_time
from ._secrets import Discreet
from .results import Charge, ChargeState, Customer, PaymentIntent, Refund

TOLERANCE = 300
"""Seconds a signature may be old, or ahead of this machine's clock."""

EVENT_LIMIT = 1_048_576
"""Bytes of body that are read: Stripe's events are a small part of it."""

Subject = Charge | Customer | PaymentIntent | Refund | Raw
"""What an event is about: typed where this library has a type for it, else Stripe's own mapping."""

_READERS: dict[str, Callable[[Raw], Charge | Customer | PaymentIntent | Refund]] = {
    "charge": Charge.from_stripe,
    "customer": Customer.from_stripe,
    "payment_intent": PaymentIntent.from_stripe,
    "refund": Refund.from_stripe,
}


@attrs.frozen(eq=False)
class Event(Discreet):
    """Something that happened at Stripe.

    Stripe sends an event at least once and in no promised order: handle it by `id` once, and read back what its
    state matters for. A Charge in an event was sent alone, without the PaymentIntent that may know that its money
    was let go: in any event but `charge.expired`, `HELD` may mean that. `get_charge` knows.

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
        if (
            raw.get("object") != "event"
            or not isinstance(kind, str)
            or not isinstance(about, Mapping)
        ):
            raise ValueError("Stripe's event has no type, or is about nothing.")
        reader = _READERS.get(str(about.get("object")))
        subject = about if reader is None else reader(about)
        if kind == "charge.expired" and isinstance(subject, Charge):
            # Of that the event alone tells: the Charge looks as it did before.
            subject = attrs.evolve(subject, state=ChargeState.RELEASED)
        return cls(
            id=read_id(raw),
            type=kind,
            created=read_time(raw),
            livemode=raw.get("livemode") is True,
            object=subject,
            raw=raw,
        )
