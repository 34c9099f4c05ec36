"""The built-in transport: one urllib3 pool for all threads, which knows whether a request ever left."""

from __future__ import annotations

import http.client
import io
import os
import socket
import threading
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import stripe
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, SSLError

from .transport import Headers, NeverSent, connection_error, remaining

# Idle connections kept for one host: as many as a large thread pool uses at once. More are opened when needed.
_POOL_SIZE = 64

# What the connections of this thread did during its current request.
_connection = threading.local()


class PooledClient(stripe.HTTPClient):
    """One urllib3 pool for all threads; a forked process gets its own.

    Honours what the SDK's own client honours: `stripe.ca_bundle_path` and the environment's proxies.
    """

    name = "urllib3"

    def __init__(self) -> None:
        super().__init__()
        self._pools: tuple[int, urllib3.PoolManager] | None = None

    def request(self, method: str, url: str, headers: Headers, post_data: Any = None, **_: Any) -> Any:
        """Send one request, once."""
        _connection.sent = False
        try:
            response = self._manager(url).urlopen(
                method.upper(),
                url,
                body=post_data,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=remaining(),
            )
        except (HTTPError, OSError) as error:
            kind = stripe.APIConnectionError if _connection.sent else NeverSent
            raise connection_error(kind, error, retry=not isinstance(error, SSLError)) from error
        return response.data, response.status, response.headers

    def close(self) -> None:
        """Close all idle connections."""
        if self._pools is not None:
            self._pools[1].clear()

    def _manager(self, url: str) -> urllib3.PoolManager:
        # Two processes writing to one TCP connection would read each other's answers.
        pid = os.getpid()
        if self._pools is None or self._pools[0] != pid:
            self._pools = (pid, _new_manager(url))
        return self._pools[1]


class _Clocked(io.RawIOBase):
    """A socket's input that allows each read what is left of the call's time, not the whole of it again."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._input = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = remaining()
        if left <= 0:
            raise TimeoutError("Stripe's answer took longer than the timeout.")
        self._sock.settimeout(left)
        return self._input.readinto(buffer)

    def close(self) -> None:
        self._input.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Clocked(sock))


class _Noting:
    """Note the moment a request's first byte leaves: before it, a failure charged nobody."""

    sock: Any
    response_class: Any = _Response

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        finally:
            # Asking a proxy for a tunnel sends bytes too, but none of the request's.
            _connection.sent = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _connection.sent = True
        super().send(data)  # type: ignore[misc]


class _PlainConnection(_Noting, HTTPConnection):
    pass


class _SecureConnection(_Noting, HTTPSConnection):
    pass


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection  # pyright: ignore[reportAssignmentType]


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection  # pyright: ignore[reportAssignmentType]


def proxy_for(url: str) -> str | None:
    """Return the proxy the environment names for a URL, or None."""
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy and not proxy_bypass(parts.hostname or "") else None


def _new_manager(url: str) -> urllib3.PoolManager:
    options: dict[str, Any] = {
        "maxsize": _POOL_SIZE,
        "cert_reqs": "CERT_REQUIRED",
        "ca_certs": stripe.ca_bundle_path,
    }
    proxy = proxy_for(url)
    manager: urllib3.PoolManager
    if proxy is None:
        manager = urllib3.PoolManager(**options)
    else:
        login = urlsplit(proxy)
        auth = f"{login.username}:{login.password or ''}" if login.username else None
        manager = urllib3.ProxyManager(proxy, proxy_headers=urllib3.make_headers(proxy_basic_auth=auth), **options)
    pools: dict[str, Any] = {"http": _PlainPool, "https": _SecurePool}
    manager.pool_classes_by_scheme = pools
    return manager
