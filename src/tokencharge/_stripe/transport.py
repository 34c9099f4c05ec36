"""How requests travel, whatever carries them: a memory of what may have reached Stripe, and nothing secret back."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any

import stripe
import urllib3
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from .._redact import redact_body

Sent = tuple[bytes, int, Mapping[str, str]]
"""An answer as it came: body, HTTP status, headers."""


class NeverSent(stripe.APIConnectionError):
    """No connection came about, so nothing was sent: refused, no route, no such host, no TLS."""


class Wire(stripe.HTTPClient):
    """The HTTP client the SDK is given: sends each try through another one and remembers what is in doubt."""

    def __init__(self, inner: stripe.HTTPClient) -> None:
        super().__init__()
        self._inner = inner
        self._call = threading.local()
        # The SDK reports the transport's name to Stripe; that is the inner one's.
        self.name = inner.name  # type: ignore[misc]

    @property
    def in_doubt(self) -> bool:
        """A try of this thread's last call may have reached Stripe and had no trustworthy answer."""
        return getattr(self._call, "in_doubt", False)

    def request_with_retries(self, *args: Any, **kwargs: Any) -> Any:
        """Begin a call: the SDK tries it once or more."""
        self._call.in_doubt = False
        return super().request_with_retries(*args, **kwargs)

    def request(self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any) -> Any:
        """Try once."""
        body: Any
        try:
            body, status, answered = self._inner.request(method, url, headers, post_data)
        except stripe.APIConnectionError as error:
            self._call.in_doubt = self.in_doubt or not never_sent(error)
            raise
        except Exception as error:
            # A client of the host's own may raise anything, and then nothing is known.
            self._call.in_doubt = True
            raise connection_error(stripe.APIConnectionError, error, retry=False) from error
        if status >= 500:
            self._call.in_doubt = True
        if status >= 400:
            # Stripe's errors repeat tokens and e-mails, and the SDK copies them into exceptions and logs.
            body = redact_body(body if isinstance(body, str) else body.decode("utf-8", "replace"))
        return body, status, answered

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return self._inner._sleep_time_seconds(num_retries)

    def close(self) -> None:
        """Close the inner client's connections."""
        self._inner.close()  # type: ignore[no-untyped-call]


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

    def request(self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any) -> Any:
        """Hand one request to the function."""
        try:
            body, status, answered = self._send(method, url, headers or {}, post_data)
        except OSError as error:
            raise connection_error(stripe.APIConnectionError, error) from error
        return body, status, urllib3.HTTPHeaderDict(answered)

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return 0.0

    def close(self) -> None:
        """Do nothing: there are no connections."""


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Return a header by its lower-case name, whatever the mapping a client answered with thinks of case."""
    return next((str(value) for given, value in headers.items() if given.lower() == name), None)


def connection_error(
    kind: type[stripe.APIConnectionError], error: Exception, *, retry: bool = True
) -> stripe.APIConnectionError:
    """Build the SDK's error for a failed try, without the text of the failure, which may quote what was sent."""
    message = f"Could not talk to Stripe ({type(error).__name__})."
    return kind(message, should_retry=retry)


def never_sent(error: BaseException | None) -> bool:
    """Tell from a chain of exceptions that no connection came about; what is not known may have been sent."""
    telling = (
        NeverSent,
        ConnectionRefusedError,
        socket.gaierror,
        ssl.SSLCertVerificationError,
        NewConnectionError,
        ConnectTimeoutError,
    )
    while error is not None:
        if isinstance(error, telling):
            return True
        error = error.__cause__ or error.__context__
    return False
