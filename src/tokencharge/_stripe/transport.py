"""How requests travel, whatever carries them: a memory of what may have reached Stripe, and nothing secret back."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, NoReturn

import attrs
import stripe
import urllib3
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from .._observe import Watched
from .._secrets import redact_body

Headers = Mapping[str, str] | None

Sent = tuple[bytes, int, Mapping[str, str]]
"""An answer as it came: body, HTTP status, headers."""


class NeverSent(stripe.APIConnectionError):
    """No connection came about, so nothing was sent: refused, no route, no such host, no TLS."""


@attrs.define
class Sending:
    """What is known of the request being sent, with all its tries.

    Attributes:
        watched: The request, to whoever listens.
        deadline: When it must be over, by the monotonic clock.
        attempts: How often it was tried so far.
        in_doubt: A try may have reached Stripe and had no trustworthy answer.
        body: What Stripe answered, if that was no error.
    """

    watched: Watched
    deadline: float
    attempts: int = 0
    in_doubt: bool = False
    body: str | bytes = attrs.field(default=b"", repr=False)


# Of this thread or task: each has a context of its own.
_sending: ContextVar[Sending] = ContextVar("tokencharge_sending")


def remaining() -> float:
    """Return the seconds left for the request being sent."""
    return _sending.get().deadline - time.monotonic()


class Wire(stripe.HTTPClient):
    """The HTTP client the SDK is given: sends each try through another one and remembers what is in doubt.

    Args:
        inner: What carries the requests.
        timeout: Seconds for a call, all its tries and the waiting between them together.
    """

    def __init__(self, inner: stripe.HTTPClient, timeout: float) -> None:
        super().__init__()
        self._inner = inner
        self._timeout = timeout
        # The SDK reports the transport's name to Stripe; that is the inner one's.
        self.name = inner.name  # type: ignore[misc]

    @property
    def last(self) -> Sending:
        """The request this thread or task sent last."""
        return _sending.get()

    def begin(self, watched: Watched) -> None:
        """Begin a request, which the SDK tries once or more."""
        _sending.set(Sending(watched, time.monotonic() + self._timeout))

    def request(
        self, method: str, url: str, headers: Headers, post_data: Any = None, **_: Any
    ) -> Any:
        """Try once."""
        handled = sys.exc_info()[1]
        try:
            with self._attempt(method, url) as attempt:
                attempt.result = answer = self._inner.request(method, url, headers, post_data)
        except Exception as error:  # noqa: BLE001
            self._raise(error, handled)
        return self._received(*answer)

    async def request_async(
        self, method: str, url: str, headers: Any, post_data: Any = None
    ) -> Any:
        """Try once."""
        handled = sys.exc_info()[1]
        try:
            with self._attempt(method, url) as attempt:
                attempt.result = answer = await self._inner.request_async(
                    method, url, headers, post_data
                )
        except Exception as error:  # noqa: BLE001
            self._raise(error, handled)
        return self._received(*answer)

    def _attempt(self, method: str, url: str) -> AbstractContextManager[Watched]:
        sending = _sending.get()
        sending.attempts += 1
        return sending.watched.attempt(method, url, sending.attempts)

    def _raise(self, error: Exception, handled: BaseException | None) -> NoReturn:
        retry = isinstance(error, stripe.APIConnectionError) and error.should_retry
        if isinstance(error, NeverSent):
            raise error
        if _never_sent(error, handled):
            raise connection_error(NeverSent, error, retry=retry) from error
        # A client of the host's own may raise anything, and then nothing is known.
        _sending.get().in_doubt = True
        raise connection_error(stripe.APIConnectionError, error, retry=retry) from error

    def _received(self, body: Any, status: int, headers: Mapping[str, str]) -> Any:
        if isinstance(headers, dict):
            # The SDK looks names up in this case and that; a client's plain dict would hide Stripe-Should-Retry.
            headers = urllib3.HTTPHeaderDict(headers)
        if 200 <= status < 300:
            # Kept from the SDK, which would decode it the slow way and write it, e-mail and all, to its log.
            _sending.get().body, body = body, b"{}"
        else:
            _sending.get().in_doubt |= status >= 500
            # Stripe's errors repeat tokens and e-mails, and the SDK copies them into exceptions and logs.
            body = redact_body(body if isinstance(body, str) else body.decode("utf-8", "replace"))
        return body, status, headers

    def _should_retry(self, *args: Any, **kwargs: Any) -> bool:
        return remaining() > self.INITIAL_DELAY and super()._should_retry(*args, **kwargs)

    # Until 15.3 the SDK passed the response too.
    def _sleep_time_seconds(self, num_retries: int, *response: Any) -> float:
        return min(
            self._inner._sleep_time_seconds(num_retries, *response),
            max(remaining() - self.INITIAL_DELAY, 0),
        )

    async def sleep_async(self, secs: float) -> None:
        """Wait between two tries."""
        await asyncio.sleep(secs)

    def close(self) -> None:
        """Close the inner client's connections."""
        self._inner.close()  # type: ignore[no-untyped-call]

    async def close_async(self) -> None:
        """Close the inner client's connections."""
        await self._inner.close_async()  # type: ignore[no-untyped-call]


class FunctionClient(stripe.HTTPClient):
    """A client without a network: hands each request to a function, and never sleeps between tries.

    Args:
        send: Takes method, URL, headers and body; returns body, status and headers. An OSError it raises is what
            the network did.
    """

    name = "function"

    def __init__(self, send: Callable[[str, str, Mapping[str, str], Any], Sent]) -> None:
        super().__init__()
        self._send = send

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **_: Any,
    ) -> Any:
        """Hand one request to the function."""
        try:
            body, status, answered = self._send(method, url, headers or {}, post_data)
        except OSError as error:
            raise connection_error(stripe.APIConnectionError, error) from error
        return body, status, urllib3.HTTPHeaderDict(answered)

    async def request_async(
        self, method: str, url: str, headers: Any, post_data: Any = None
    ) -> Any:
        """Hand one request to the function, after letting other tasks run as a network would."""
        await asyncio.sleep(0)
        return self.request(method, url, headers, post_data)

    def _sleep_time_seconds(self, num_retries: int, *response: Any) -> float:
        return 0.0

    def close(self) -> None:
        """Do nothing: there are no connections."""

    async def close_async(self) -> None:
        """Do nothing: there are no connections."""


def connection_error(
    kind: type[stripe.APIConnectionError], error: Exception, *, retry: bool = True
) -> stripe.APIConnectionError:
    """Build the SDK's error for a failed try, without the text of the failure, which may quote what was sent."""
    message = f"Could not talk to Stripe ({type(error).__name__})."
    return kind(message, should_retry=retry)


_NO_CONNECTION = (
    ConnectionRefusedError,
    socket.gaierror,
    ssl.SSLCertVerificationError,
    NewConnectionError,
    ConnectTimeoutError,
)


def _never_sent(error: BaseException | None, handled: BaseException | None) -> bool:
    """Tell from what a client raised that no connection came about; what is not known may have been sent.

    Args:
        error: What the client raised; the reasons are in the chain behind it, the last failure first.
        handled: What the caller was handling before, where the chain of this failure ends.
    """
    while error is not None and error is not handled:
        if isinstance(error, _NO_CONNECTION):
            return True
        if isinstance(error, OSError) and type(error).__module__ in ("builtins", "socket", "ssl"):
            return False
        error = error.__cause__ or error.__context__
    return False
