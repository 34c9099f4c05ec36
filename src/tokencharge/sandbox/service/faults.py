"""Faults: what can go wrong between a caller and Stripe, on request.

A `Fault` says what happens to one exchange. `Faults` holds the armed ones; each request takes the first that
matches it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from types import TracebackType

import attrs

from ..language.refusals import Refusal, locked
from ..language.wire import Request, Response
from ..shapes.cards import Decline
from ..state.keys import in_use


@attrs.frozen
class Fault:
    """What happens to one exchange; the classmethods name the useful kinds.

    Attributes:
        name: What it is called in the log of requests.
        arrives: The request reaches Stripe.
        refused: Stripe turns it away at the door: nothing is executed, nothing is saved.
        delay: Seconds between reserving the idempotency key and executing.
        executed: The endpoint runs.
        broken: Stripe answers 500 whatever the endpoint said, and saves that or not.
        decline: The card is declined, whatever card it is.
        deliveries: How often the network delivers the request; the first answer counts.
        garbled: What becomes of the answer on the way.
        raised: What the caller gets instead of an answer.
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
        """Let nobody in, so that nothing is sent; over HTTP, hang up without an answer instead."""
        return cls("refuse_connection", arrives=False, raised=ConnectionRefusedError)

    @classmethod
    def lose_request(cls) -> Fault:
        """Lose the request on its way: the connection is reset, nothing is executed."""
        return cls("lose_request", arrives=False, raised=ConnectionResetError)

    @classmethod
    def lose_answer(cls) -> Fault:
        """Execute the request, save the answer, and lose it on its way."""
        return cls("lose_answer", raised=ConnectionResetError)

    @classmethod
    def time_out(cls, *, executed: bool = True) -> Fault:
        """Let the caller wait for an answer in vain; over HTTP, until it hangs up."""
        return cls("time_out", arrives=executed, raised=TimeoutError)

    @classmethod
    def wait(cls, seconds: float) -> Fault:
        """Take a while, with the idempotency key in use."""
        return cls("wait", delay=seconds)

    @classmethod
    def key_in_use(cls) -> Fault:
        """Answer 409, as if another request with the same key were being answered."""
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
        """Answer 500: with the endpoint run or not, with the 500 saved under the key or not."""
        return cls("server_error", executed=executed, broken=True, saved=saved)

    @classmethod
    def html(cls, status: int = 200) -> Fault:
        """Execute the request and answer with a page of HTML, as a proxy does."""
        page = b"<html><body><h1>Bad Gateway</h1></body></html>"
        return cls("html", garbled=lambda _: Response(status, {"content-type": "text/html"}, page))

    @classmethod
    def empty(cls) -> Fault:
        """Execute the request and answer with nothing."""
        return cls("empty", garbled=lambda response: attrs.evolve(response, body=b""))

    @classmethod
    def truncated(cls) -> Fault:
        """Execute the request and answer with half of the JSON."""

        def garbled(response: Response) -> Response:
            return attrs.evolve(response, body=response.body[: len(response.body) // 2])

        return cls("truncated", garbled=garbled)

    @classmethod
    def wrong_shape(cls, body: bytes = b"[]") -> Fault:
        """Execute the request and answer with JSON of another shape: `[]`, or an object without an id."""
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
        """Disarm it, used or not."""
        if self in self._held_by:
            self._held_by.remove(self)

    def __enter__(self) -> Armed:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()


class Faults:
    """The faults that are armed, in the order in which they were."""

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
            times: To how many requests; None for all until it is cancelled.
            path: To which paths, one pattern or several; `*` stands for anything: "/v1/customers/*/sources".
            method: To which method.
        """
        paths = (path,) if isinstance(path, str) else tuple(path)
        armed = Armed(fault, paths, method, times, self._armed)
        self._armed.append(armed)
        return armed

    def clear(self) -> None:
        """Disarm all."""
        self._armed.clear()

    def take(self, request: Request) -> Fault:
        """Return what happens to a request."""
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
