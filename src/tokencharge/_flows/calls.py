"""What a flow says to whoever drives it: Call, Answer, Pause; and how an answer is read."""

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
    """One request to Stripe. A POST has an idempotency key, a GET has none.

    `purchase` is the digest of the purchase it is for, where there is one.
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
        body: Decoded.
        replayed: Stripe repeats what it said to the same key before: history.
        own: What it repeats may have been the answer to an earlier try of this very call.
        date: When Stripe answered, as HTTP writes it; empty where no answer said.
    """

    body: object
    replayed: bool = False
    own: bool = False
    date: str = ""

    @property
    def found(self) -> bool:
        """Another call did what is answered."""
        return self.replayed and not self.own

    @property
    def at(self) -> datetime | None:
        """When Stripe answered, by its own clock."""
        from email.utils import (
            parsedate_to_datetime,
        )  # here, so that importing tokencharge does not load it

        try:
            return parsedate_to_datetime(self.date)
        except ValueError:
            return None


@attrs.frozen
class Pause:
    """Seconds to wait before going on: another request for the same order is at work."""

    seconds: float


Flow = Generator["Call | Pause", Any, T]


def ask(call: Call, reader: Callable[[Raw], T]) -> Flow[tuple[T, Answer]]:
    """Send a Call and read its answer; an answer that cannot be read is no answer."""
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
            f"Stripe accepted the request, but its answer cannot be read: call again with the same arguments. {error}",
            step=call.step,
        ) from error


def read(call: Call, reader: Callable[[Raw], T]) -> Flow[T]:
    """Send a Call, and return what its answer says."""
    value, _ = yield from ask(call, reader)
    return value


def read_charge(charge_id: str, *also: str) -> Flow[Charge]:
    """Read a Charge, with the PaymentIntent that alone knows whether its money is held still.

    Args:
        charge_id: Which.
        also: What else is to be sent along.
    """
    call = Call("charge", "get", path("charges", charge_id), {"expand": ["payment_intent", *also]})
    charge, answer = yield from ask(call, Charge.from_stripe)
    return charge.as_of(answer.at)


def as_of(made: Any, answer: Answer) -> Any:
    """Return what was read as it is by Stripe's clock: of a Charge, the clock alone may tell that its hold is over."""
    return made.as_of(answer.at) if isinstance(made, Charge) else made


def entries(raw: Raw) -> list[Raw]:
    data = raw.get("data")
    if not isinstance(data, list) or not all(isinstance(entry, Mapping) for entry in data):
        raise ValueError("Stripe's list has no data.")
    return data


def path(resource: str, name: str) -> str:
    return f"/v1/{resource}/{quote(name, safe='')}"


def about(charge_id: str, flow: Flow[T]) -> Flow[T]:
    """Go through a flow, and say on its error which Charge it was about."""
    try:
        return (yield from flow)
    except TokenChargeError as error:
        place(error, charge_id=charge_id)
        raise


def place(error: TokenChargeError, **known: str | None) -> None:
    """Say on an error which order, Customer or Charge it was about, so that the caller can go on from there."""
    for name, value in known.items():
        if getattr(error, name) is None:
            setattr(error, name, value)
