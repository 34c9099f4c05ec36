"""Send one request: again where that can help, and never past the operation's time.

Each try is recorded.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import attrs
import stripe
import urllib3

from .._drive import take
from .._flows import Pause
from .._observe import Watched
from .request import Request
from .transport import (
    FunctionClient,
    NeverSent,
    Sent,
    connection_error,
    never_sent,
    remaining,
)

T = TypeVar("T")

# Seconds before the second try. They double with each further try, up to the longest. A
# part is left to chance: many that failed together then do not come back together. The
# SDK does the same.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
# With less than this part of the time left, a request would rarely be answered in time,
# and then nobody would know what it did. If it is not sent, it did nothing.
_TOO_LATE = 0.05


@attrs.define
class Sending:
    """What is known of a request that is being sent, with all its tries.

    Attributes:
        request: What each try sends.
        watched: The request's record, for the listeners.
        attempts: How often it was tried so far.
        in_doubt: A try may have reached Stripe and had no trustworthy answer.
    """

    request: Request
    watched: Watched
    attempts: int = 0
    in_doubt: bool = False

    def attempt(self) -> AbstractContextManager[Watched]:
        """Record one try, for the length of a block."""
        return self.watched.attempt(self.request.method, self.request.url, self.attempts)


Steps = Generator["Sending | Pause", Any, T]
"""What yields each try of its requests, and each pause, for a driver to do."""


class Wire:
    """The way to Stripe: it sends each try through a client of the SDK's kind.

    Args:
        client: It sends the requests.
        timeout: Seconds for an operation with all its requests.
        retries: How often a request is tried again, at most.
    """

    def __init__(self, client: stripe.HTTPClient, timeout: float, retries: int) -> None:
        self._client = client
        self._least = timeout * _TOO_LATE
        self._retries = retries
        # Nothing gets better by waiting where there is no network.
        self._first_pause = 0.0 if isinstance(client, FunctionClient) else _FIRST_PAUSE

    def has_time_for(self, pause: float) -> bool:
        """Tell whether a request can still be sent after a pause of so many seconds."""
        return remaining() - pause >= self._least

    def tries(self, sending: Sending) -> Steps[Sent]:
        """Try until there is an answer to give back, or no use in another try.

        Raises:
            stripe.APIConnectionError: There is no answer.
        """
        handled = sys.exc_info()[1]
        if not self.has_time_for(0):
            raise NeverSent("The time for this call (STRIPE_TIMEOUT) is up.")  # type: ignore[no-untyped-call]
        while True:
            sending.attempts += 1
            pause = self._pause(sending.attempts)
            try:
                body, status, headers = take((yield sending))
                if isinstance(headers, dict):
                    # Names are looked up in any case. A plain dict would hide some.
                    headers = urllib3.HTTPHeaderDict(headers)
                broken, again = status >= 500, _wants_another_try(status, headers)
            except Exception as error:  # noqa: BLE001 - a host's own client may raise anything
                failure = _understood(error, handled)
                sending.in_doubt |= not isinstance(failure, NeverSent)
                if not failure.should_retry or self._is_last(sending, pause):
                    raise failure from failure.__cause__
            else:
                sending.in_doubt |= broken
                if not again or self._is_last(sending, pause):
                    return body, status, headers
            take((yield Pause(pause)))

    def _is_last(self, sending: Sending, pause: float) -> bool:
        return sending.attempts > self._retries or not self.has_time_for(pause)

    def _pause(self, attempts: int) -> float:
        longest = min(self._first_pause * 2.0 ** (attempts - 1), _LONGEST_PAUSE)
        return max(longest * (1 + random.random()) / 2, self._first_pause)  # noqa: S311

    def do(self, step: Sending | Pause) -> Any:
        """Send one try and return its answer, or wait."""
        if isinstance(step, Pause):
            return time.sleep(step.seconds)
        request = step.request
        with step.attempt() as attempt:
            attempt.result = answer = self._client.request(
                request.method, request.url, request.headers, request.body
            )
        return answer

    async def do_async(self, step: Sending | Pause) -> Any:
        """Do a step as `do` does."""
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds)
        request = step.request
        with step.attempt() as attempt:
            attempt.result = answer = await self._client.request_async(
                request.method, request.url, request.headers, request.body
            )
        return answer

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()  # type: ignore[no-untyped-call]

    async def close_async(self) -> None:
        """Close the client's connections."""
        await self._client.close_async()  # type: ignore[no-untyped-call]


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
