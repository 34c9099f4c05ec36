"""What every client that carries requests shares: the time that is left, and how it fails."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import stripe
import urllib3
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

Headers = Mapping[str, str] | None

Sent = tuple[bytes, int, Mapping[str, str]]
"""An answer as it came: body, HTTP status, headers."""


class NeverSent(stripe.APIConnectionError):
    """Nothing was sent: refused, no route, no such host, no TLS, or no time left."""


# Of this thread or task: each has a context of its own.
_ends: ContextVar[float] = ContextVar("tokencharge_ends")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Allow what happens in the block so many seconds: requests, retries and pauses."""
    token = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(token)


def remaining() -> float:
    """Return the seconds that are left for the operation at work."""
    return _ends.get() - time.monotonic()


class FunctionClient(stripe.HTTPClient):
    """A client without a network. It hands each request to a function.

    Args:
        send: Takes method, URL, headers and body. Returns body, status and headers. An
            OSError that it raises is what the network did.
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

    def close(self) -> None:
        """Do nothing: there are no connections."""

    async def close_async(self) -> None:
        """Do nothing: there are no connections."""


def connection_error(
    kind: type[stripe.APIConnectionError], error: Exception, *, retry: bool = True
) -> stripe.APIConnectionError:
    """Build the SDK's error for a failed try, without the failure's text: it may quote what was sent."""
    message = f"Could not talk to Stripe ({type(error).__name__})."
    return kind(message, should_retry=retry)


_NO_CONNECTION = (
    ConnectionRefusedError,
    socket.gaierror,
    ssl.SSLCertVerificationError,
    NewConnectionError,
    ConnectTimeoutError,
)


def never_sent(error: BaseException | None, handled: BaseException | None) -> bool:
    """Tell from what a client raised that no connection came about. What is not known may have been sent.

    Args:
        error: What the client raised. The reasons are in the chain behind it, the last
            failure first.
        handled: What the caller was handling before. There the chain of this failure ends.
    """
    while error is not None and error is not handled:
        if isinstance(error, _NO_CONNECTION):
            return True
        if isinstance(error, OSError) and type(error).__module__ in ("builtins", "socket", "ssl"):
            return False
        error = error.__cause__ or error.__context__
    return False
