"""Faults: what can go wrong between a caller and Stripe, on request.

A `Fault` describes what happens to one exchange. `Faults` holds the armed ones; each
request takes the first that matches it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

import attrs

from ..language.refusals import Refusal, locked
from ..language.wire import Request, Response
from ..shapes.cards import Decline
from ..state.keys import in_use


@attrs.frozen
class Fault:
    """What happens to one exchange; the classmethods make the useful kinds.

    Attributes:
        name: The name in the log of requests.
        arrives: The request reaches Stripe.
        refused: Stripe refuses the request at once: nothing is executed, nothing is
            saved.
        delay: The seconds between reserving the idempotency key and executing.
        executed: The endpoint is executed.
        broken: Stripe answers 500, whatever the endpoint answered.
        saved: The 500 is saved under the idempotency key.
        decline: The card is declined, whatever card it is.
        deliveries: How often the network delivers the request; the first answer counts.
        garbled: Changes the answer on its way.
        raised: The error that the caller gets instead of an answer.
    """

    name: str
    arrives: bool = True
    refused: Callable[[Request], Refusal] | None = None
    delay: float = 0.0
    executed: bool = True
    broken: bool = False
    saved: bool = True
    decline: Decline | None = None
    deliveries: int = 1
    garbled: Callable[[Response], Response] | None = None
    raised: type[OSError] | None = None

    @classmethod
    def refuse_connection(cls) -> Fault:
        """Refuse the connection, so that nothing is sent.

        Over HTTP, hang up without an answer instead.
        """
        return cls("refuse_connection", arrives=False, raised=ConnectionRefusedError)

    @classmethod
    def lose_request(cls) -> Fault:
        """Lose the request on its way: reset the connection, execute nothing."""
        return cls("lose_request", arrives=False, raised=ConnectionResetError)

    @classmethod
    def lose_answer(cls) -> Fault:
        """Execute the request and save the answer, but lose it on its way."""
        return cls("lose_answer", raised=ConnectionResetError)

    @classmethod
    def time_out(cls, *, executed: bool = True) -> Fault:
        """Give no answer; over HTTP, wait until the caller hangs up."""
        return cls("time_out", arrives=executed, raised=TimeoutError)

    @classmethod
    def wait(cls, seconds: float) -> Fault:
        """Take some time, with the idempotency key in use."""
        return cls("wait", delay=seconds)

    @classmethod
    def key_in_use(cls) -> Fault:
        """Answer 409, as if another request used the same key."""
        return cls("key_in_use", refused=lambda request: in_use(request.idempotency_key or ""))

    @classmethod
    def rate_limit(cls, reason: str = "global-rate") -> Fault:
        """Answer 429: too many requests."""

        def refused(request: Request) -> Refusal:
            return Refusal(
                429,
                "Request rate limit exceeded.",
                code="rate_limit",
                headers={"stripe-rate-limited-reason": reason},
            )

        return cls("rate_limit", refused=refused)

    @classmethod
    def lock_timeout(cls) -> Fault:
        """Answer 429: another request holds the object."""
        return cls("lock_timeout", refused=lambda _: locked())

    @classmethod
    def overloaded(cls) -> Fault:
        """Answer 503."""

        def refused(request: Request) -> Refusal:
            return Refusal(503, "Stripe is temporarily unavailable.", kind="api_error")

        return cls("overloaded", refused=refused)

    @classmethod
    def server_error(cls, *, executed: bool = False, saved: bool = True) -> Fault:
        """Answer 500.

        Args:
            executed: The endpoint is executed first.
            saved: The 500 is saved under the idempotency key.
        """
        return cls("server_error", executed=executed, broken=True, saved=saved)

    @classmethod
    def html(cls, status: int = 200) -> Fault:
        """Execute the request and answer with a page of HTML, as a proxy does."""
        page = b"<html><body><h1>Bad Gateway</h1></body></html>"
        return cls("html", garbled=lambda _: Response(status, {"content-type": "text/html"}, page))

    @classmethod
    def empty(cls) -> Fault:
        """Execute the request and answer with an empty body."""
        return cls("empty", garbled=lambda response: attrs.evolve(response, body=b""))

    @classmethod
    def truncated(cls) -> Fault:
        """Execute the request and answer with half of the JSON."""

        def garbled(response: Response) -> Response:
            return attrs.evolve(response, body=response.body[: len(response.body) // 2])

        return cls("truncated", garbled=garbled)

    @classmethod
    def wrong_shape(cls, body: bytes = b"[]") -> Fault:
        """Execute the request and answer with JSON of another shape.

        That is `[]`, or for example an object without an id.
        """
        return cls("wrong_shape", garbled=lambda response: attrs.evolve(response, body=body))

    @classmethod
    def declined(cls, code: str = "generic_decline", *, leaves_charge: bool = True) -> Fault:
        """Decline the card with this code or decline code."""
        decline = attrs.evolve(Decline.named(code), leaves_charge=leaves_charge)
        return cls("declined", decline=decline)

    @classmethod
    def duplicate(cls, deliveries: int = 2) -> Fault:
        """Deliver the request more than once, as a network may."""
        return cls("duplicate", deliveries=deliveries)


NO_FAULT = Fault("")


@attrs.define(eq=False)
class Armed:
    """A fault that waits for requests; usable as a context manager."""

    fault: Fault
    paths: tuple[str, ...]
    method: str
    left: int | None
    _held_by: list[Armed] = attrs.field(repr=False)

    def cancel(self) -> None:
        """Disarm the fault, used or not."""
        if self in self._held_by:
            self._held_by.remove(self)

    def __enter__(self) -> Armed:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


class Faults:
    """The armed faults, in the order in which they were armed."""

    def __init__(self) -> None:
        self._armed: list[Armed] = []
        self._lock = threading.Lock()

    def add(
        self,
        fault: Fault,
        *,
        times: int | None = 1,
        path: str | Sequence[str] = "*",
        method: str = "*",
    ) -> Armed:
        """Arm a fault.

        Args:
            fault: What is to happen.
            times: The number of requests; None for all until it is canceled.
            path: A pattern of paths, or several; `*` stands for anything:
                "/v1/customers/*/sources".
            method: A pattern of methods.
        """
        paths = (path,) if isinstance(path, str) else tuple(path)
        armed = Armed(fault, paths, method, times, self._armed)
        self._armed.append(armed)
        return armed

    def clear(self) -> None:
        """Disarm all faults."""
        self._armed.clear()

    def take(self, request: Request) -> Fault:
        """Return the fault for a request, and use it up."""
        if not self._armed:
            return NO_FAULT
        with self._lock:
            for armed in self._armed:
                here = any(fnmatchcase(request.path, path) for path in armed.paths)
                if here and fnmatchcase(request.method, armed.method):
                    if armed.left is not None:
                        armed.left -= 1
                        if not armed.left:
                            armed.cancel()
                    return armed.fault
        return NO_FAULT
