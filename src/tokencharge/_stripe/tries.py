"""Send one request: again where that can help, and never past the operation's time.

Each try is recorded, and the answer is scrubbed.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any

import attrs
import stripe
import urllib3

from .._drive import drive, drive_async, take
from .._flows import Pause
from .._observe import Watched
from .._secrets import redact_body
from .transport import (
    FunctionClient,
    NeverSent,
    connection_error,
    never_sent,
    remaining,
)

# Seconds before the second try. They double with each further try, up to the longest. A
# part is left to chance: many that failed together then do not come back together. The
# SDK does the same.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
# With less than this part of the time left, a request would rarely be answered in time,
# and then nobody would know what it did. If it is not sent, it did nothing.
_TOO_LATE = 0.05


@attrs.define
class Sending:
    """What is known of the current request, with all its tries.

    Attributes:
        watched: The request's record, for the listeners.
        attempts: How often it was tried so far.
        in_doubt: A try may have reached Stripe and had no trustworthy answer.
        body: Stripe's answer, if that was no error.
    """

    watched: Watched
    attempts: int = 0
    in_doubt: bool = False
    body: str | bytes = attrs.field(default=b"", repr=False)


# Each thread and each task has a context of its own.
_sending: ContextVar[Sending] = ContextVar("tokencharge_sending")


@attrs.frozen
class _Try:
    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: Any = attrs.field(repr=False)


class Wire(stripe.HTTPClient):
    """The HTTP client for the SDK: it sends each try through another client.

    It retries in place of the SDK, which does not know how much time is left, and does
    not retry a 429.

    Args:
        inner: The client that sends the requests.
        timeout: Seconds for an operation with all its requests.
        retries: How often a request is tried again, at most.
    """

    def __init__(self, inner: stripe.HTTPClient, timeout: float, retries: int) -> None:
        super().__init__()
        self._inner = inner
        self._least = timeout * _TOO_LATE
        self._retries = retries
        # Nothing gets better by waiting where there is no network.
        self._first_pause = 0.0 if isinstance(inner, FunctionClient) else _FIRST_PAUSE
        # The SDK reports the transport's name to Stripe. That is the inner client's
        # name.
        self.name = inner.name  # type: ignore[misc]

    @property
    def last(self) -> Sending:
        """The request that this thread or task sent last."""
        return _sending.get()

    def begin(self, watched: Watched) -> None:
        """Begin a request, which is tried once or more."""
        _sending.set(Sending(watched))

    def has_time_for(self, pause: float) -> bool:
        """Tell whether a request can still be sent after a pause of so many seconds."""
        return remaining() - pause >= self._least

    def request_with_retries(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any = None,
        *_: Any,
        **__: Any,
    ) -> Any:
        """Send a request."""
        request = _Try(method, url, headers, post_data)
        return drive(self._tries(request, sys.exc_info()[1]), self._do)

    async def request_with_retries_async(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any = None,
        *_: Any,
        **__: Any,
    ) -> Any:
        """Send a request."""
        request = _Try(method, url, headers, post_data)
        return await drive_async(self._tries(request, sys.exc_info()[1]), self._do_async)

    def _tries(
        self, request: _Try, handled: BaseException | None
    ) -> Generator[_Try | Pause, Any, Any]:
        """Try until there is an answer to give back, or no use in another try.

        Args:
            request: What to send.
            handled: What the caller was handling before.
        """
        sending = _sending.get()
        if not self.has_time_for(0):
            raise NeverSent("The time for this call (STRIPE_TIMEOUT) is up.")  # type: ignore[no-untyped-call]
        while True:
            sending.attempts += 1
            pause = self._pause(sending.attempts)
            try:
                body, status, headers = take((yield request))
                if isinstance(headers, dict):
                    # Names are looked up in any case. A plain dict would hide some.
                    headers = urllib3.HTTPHeaderDict(headers)
            except Exception as error:  # noqa: BLE001 - a host's own client may raise anything
                failure = _understood(error, handled)
                sending.in_doubt |= not isinstance(failure, NeverSent)
                if not failure.should_retry or self._is_last(sending, pause):
                    raise failure from failure.__cause__
            else:
                sending.in_doubt |= status >= 500
                if not _wants_another_try(status, headers) or self._is_last(sending, pause):
                    return self._received(body, status, headers)
            yield Pause(pause)

    def _is_last(self, sending: Sending, pause: float) -> bool:
        return sending.attempts > self._retries or not self.has_time_for(pause)

    def _pause(self, attempts: int) -> float:
        longest = min(self._first_pause * 2.0 ** (attempts - 1), _LONGEST_PAUSE)
        return max(longest * (1 + random.random()) / 2, self._first_pause)  # noqa: S311

    def _do(self, step: _Try | Pause) -> Any:
        if isinstance(step, Pause):
            return time.sleep(step.seconds)
        with self._attempt(step) as attempt:
            attempt.result = answer = self._inner.request(
                step.method, step.url, step.headers, step.body
            )
        return answer

    async def _do_async(self, step: _Try | Pause) -> Any:
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds)
        with self._attempt(step) as attempt:
            attempt.result = answer = await self._inner.request_async(
                step.method, step.url, step.headers, step.body
            )
        return answer

    def _attempt(self, step: _Try) -> AbstractContextManager[Watched]:
        sending = _sending.get()
        return sending.watched.attempt(step.method, step.url, sending.attempts)

    def _received(self, body: Any, status: int, headers: Mapping[str, str]) -> Any:
        if 200 <= status < 300:
            # Kept from the SDK, which would decode it slowly and log it, with the
            # e-mail.
            _sending.get().body, body = body, b"{}"
        else:
            # Stripe's errors repeat tokens and e-mails, and the SDK copies them into
            # exceptions and logs.
            body = redact_body(body if isinstance(body, str) else body.decode("utf-8", "replace"))
        return body, status, headers

    def close(self) -> None:
        """Close the inner client's connections."""
        self._inner.close()  # type: ignore[no-untyped-call]

    async def close_async(self) -> None:
        """Close the inner client's connections."""
        await self._inner.close_async()  # type: ignore[no-untyped-call]


def _understood(error: Exception, handled: BaseException | None) -> stripe.APIConnectionError:
    """Return the SDK's error for what a client raised.

    Unless it is known that nothing was sent, the request may have arrived.
    """
    if isinstance(error, NeverSent):
        return error
    retry = isinstance(error, stripe.APIConnectionError) and error.should_retry
    kind = NeverSent if never_sent(error, handled) else stripe.APIConnectionError
    failure = connection_error(kind, error, retry=retry)
    failure.__cause__ = error
    return failure


def _wants_another_try(status: int, headers: Mapping[str, str]) -> bool:
    """Tell whether the answer may be another one later.

    Stripe's header decides, if there is one. Else a conflict and a failure at Stripe
    are retried, as by the SDK. So is a 429: Stripe asks to come back later
    (https://docs.stripe.com/rate-limits).
    """
    said = headers.get("stripe-should-retry")
    if said in ("true", "false"):
        return said == "true"
    return status in (409, 429) or status >= 500
