"""Event: something that happened at Stripe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import attrs

from ._reading import Raw, read_id, read_time
from ._secrets import Discreet
from .results import Charge, ChargeState, Customer, PaymentIntent, Refund

TOLERANCE = 300
"""How many seconds a signature may be old, or ahead of this machine's clock."""

EVENT_LIMIT = 1_048_576
"""How many bytes of a body are read; Stripe's events are much smaller."""

Subject = Charge | Customer | PaymentIntent | Refund | Raw
"""What an event is about, typed if this library has a type; else Stripe's mapping."""

_READERS: dict[str, Callable[[Raw], Charge | Customer | PaymentIntent | Refund]] = {
    "charge": Charge.from_stripe,
    "customer": Customer.from_stripe,
    "payment_intent": PaymentIntent.from_stripe,
    "refund": Refund.from_stripe,
}


@attrs.frozen(eq=False)
class Event(Discreet):
    """Something that happened at Stripe.

    Stripe sends an event at least once, and in no fixed order. Handle each `id` once,
    and read the object again if its state matters. A Charge in an event comes alone,
    without the PaymentIntent that may show that its money was released. In any event
    but `charge.expired`, `HELD` may mean that. `get_charge` returns the right state.

    Attributes:
        id: `evt_...`.
        type: "charge.refunded", "customer.deleted", ...
        created: When it was made, in UTC.
        livemode: Whether it is about real money.
        object: The Charge, Customer, PaymentIntent or Refund it is about; anything else
            as Stripe's mapping.
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
            ValueError: It has no id, no type or no object, or is about something that
                cannot be read.
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
            # Only the event shows that: the Charge looks as it did before.
            subject = attrs.evolve(subject, state=ChargeState.RELEASED)
        return cls(
            id=read_id(raw),
            type=kind,
            created=read_time(raw),
            livemode=raw.get("livemode") is True,
            object=subject,
            raw=raw,
        )
