"""Call, Answer and Pause, which a flow exchanges with its driver; their readers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import attrs

from .._drive import take
from .._reading import Raw
from ..errors import GatewayUnavailable, OutcomeUnknown, TokenChargeError
from ..results import Charge

T = TypeVar("T")


@attrs.frozen
class Call:
    """One request to Stripe.

    A POST has an idempotency key, unless repeating it does no harm. A GET has none.
    `purchase` is the digest of the purchase, if the request is for one.
    """

    step: str
    method: str
    path: str
    params: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    key: str | None = None
    purchase: str | None = None


@attrs.frozen
class Answer:
    """Stripe's answer to a Call.

    Attributes:
        body: The decoded body.
        replayed: Stripe repeated an earlier answer to the same key. It may be out of
            date.
        own: The repeated answer may belong to an earlier try of this same call.
        date: When Stripe answered, as an HTTP date; empty if no answer had one.
    """

    body: object
    replayed: bool = False
    own: bool = False
    date: str = ""

    @property
    def found(self) -> bool:
        """Whether another call made the object in the answer."""
        return self.replayed and not self.own

    @property
    def at(self) -> datetime | None:
        """When Stripe answered, by its own clock."""
        # Imported here, so that importing tokencharge does not load it.
        from email.utils import parsedate_to_datetime

        try:
            return parsedate_to_datetime(self.date)
        except ValueError:
            return None


@attrs.frozen
class Pause:
    """Seconds to wait before the next request, or the next try of one."""

    seconds: float


Flow = Generator["Call | Pause", Any, T]


def ask(call: Call, reader: Callable[[Raw], T]) -> Flow[tuple[T, Answer]]:
    """Send a Call and read its answer.

    An unreadable answer to a GET raises GatewayUnavailable; any other raises
    OutcomeUnknown.
    """
    answer: Answer = take((yield call))
    try:
        if not isinstance(answer.body, Mapping):
            raise ValueError("Stripe's answer is no JSON object.")
        return reader(answer.body), answer
    except ValueError as error:
        if call.method == "get":
            raise GatewayUnavailable(
                f"Stripe's answer cannot be read; nothing was changed. {error}", step=call.step
            ) from error
        raise OutcomeUnknown(
            "Stripe accepted the request, but its answer cannot be read: "
            f"call again with the same arguments. {error}",
            step=call.step,
        ) from error


def read(call: Call, reader: Callable[[Raw], T]) -> Flow[T]:
    """Send a Call and return the value read from its answer."""
    value, _ = yield from ask(call, reader)
    return value


def read_charge(charge_id: str, *also: str) -> Flow[Charge]:
    """Read a Charge together with its PaymentIntent.

    Only the PaymentIntent shows whether the money is still held.

    Args:
        charge_id: The Charge to read.
        also: More fields to expand.
    """
    call = Call("charge", "get", path("charges", charge_id), {"expand": ["payment_intent", *also]})
    charge, answer = yield from ask(call, Charge.from_stripe)
    return charge.as_of(answer.at)


def as_of(made: Any, answer: Answer) -> Any:
    """Return an object as it is by Stripe's clock.

    Only the time may show that the hold of a Charge is over.
    """
    return made.as_of(answer.at) if isinstance(made, Charge) else made


def entries(raw: Raw) -> list[Raw]:
    data = raw.get("data")
    if not isinstance(data, list) or not all(isinstance(entry, Mapping) for entry in data):
        raise ValueError("Stripe's list has no data.")
    return data


def path(resource: str, name: str) -> str:
    return f"/v1/{resource}/{quote(name, safe='')}"


def about(charge_id: str, flow: Flow[T]) -> Flow[T]:
    """Run a flow, and add the Charge's id to its error."""
    try:
        return (yield from flow)
    except TokenChargeError as error:
        place(error, charge_id=charge_id)
        raise


def place(error: TokenChargeError, **known: str | None) -> None:
    """Fill in what an error lacks: its order, Customer or Charge.

    The caller needs these to go on.
    """
    for name, value in known.items():
        if getattr(error, name) is None:
            setattr(error, name, value)
