"""What all HTTP clients share: the time that is left, and how a request fails."""

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

Sent = tuple[bytes | str, int, Mapping[str, str]]
"""An answer as received: body, HTTP status, headers."""


class NeverSent(stripe.APIConnectionError):
    """Nothing was sent.

    The connection was refused, or there was no route, no such host, no TLS or no time
    left.
    """


# Each thread and each task has a context of its own.
_ends: ContextVar[float] = ContextVar("tokencharge_ends")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give the block so many seconds for its requests, retries and pauses."""
    before = _ends.get(0.0)
    _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        # No context token is used: it would bind a coroutine to the context it was
        # begun in.
        _ends.set(before)


def remaining() -> float:
    """Return the seconds that are left for the current operation."""
    return _ends.get() - time.monotonic()


class FunctionClient(stripe.HTTPClient):
    """A client without a network: it gives each request to a function.

    Args:
        send: Takes method, URL, headers and body. Returns body, status and headers. An
            OSError that it raises counts as a network failure.
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
        """Give one request to the function."""
        try:
            body, status, answered = self._send(method, url, headers or {}, post_data)
        except OSError as error:
            raise connection_error(stripe.APIConnectionError, error) from error
        return body, status, urllib3.HTTPHeaderDict(answered)

    async def request_async(
        self, method: str, url: str, headers: Any, post_data: Any = None
    ) -> Any:
        """Give one request to the function; other tasks run before, as on a network."""
        await asyncio.sleep(0)
        return self.request(method, url, headers, post_data)

    def close(self) -> None:
        """Do nothing: there are no connections."""

    async def close_async(self) -> None:
        """Do nothing: there are no connections."""


def connection_error(
    kind: type[stripe.APIConnectionError], error: Exception, *, retry: bool = True
) -> stripe.APIConnectionError:
    """Build the SDK's error for a failed try.

    It leaves out the failure's text, which may quote what was sent.
    """
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
    """Tell from what a client raised whether no connection was made.

    If that is not known, the request may have been sent.

    Args:
        error: What the client raised. The reasons are in the chain behind it, the last
            failure first.
        handled: What the caller was handling before. There this failure's chain ends.
    """
    while error is not None and error is not handled:
        if isinstance(error, _NO_CONNECTION):
            return True
        if isinstance(error, OSError) and type(error).__module__ in ("builtins", "socket", "ssl"):
            return False
        error = error.__cause__ or error.__context__
    return False
