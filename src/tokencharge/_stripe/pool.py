"""The built-in transport: one urllib3 pool for all threads.

It knows whether a request was ever sent.
"""

from __future__ import annotations

import functools
import http.client
import io
import os
import socket
import threading
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs
import stripe
import urllib3
from urllib3.exceptions import HTTPError, SSLError
from urllib3.util.ssl_ import create_urllib3_context

from ..settings import is_loopback
from .transport import Headers, NeverSent, connection_error, remaining

# Idle connections kept for one host: as many as a large thread pool uses at once. More
# are opened when needed.
_POOL_SIZE = 64

# What this thread's connections did during its current request.
_connection = threading.local()


@attrs.frozen
class _Way:
    """How one process reaches one host."""

    pid: int
    origin: str
    pool: Any

    def target(self, url: str) -> str:
        """Return the path if the pool knows the host, else the whole URL."""
        return url.removeprefix(self.origin)


class PooledClient(stripe.HTTPClient):
    """One urllib3 pool for all threads; a forked process gets its own.

    It respects what the SDK's own client respects: `stripe.ca_bundle_path` and the
    environment's proxies.
    """

    name = "urllib3"

    def __init__(self) -> None:
        super().__init__()
        self._way: _Way | None = None
        self._ways: dict[tuple[int, str], _Way] = {}

    def request(
        self, method: str, url: str, headers: Headers, post_data: Any = None, **_: Any
    ) -> Any:
        """Send one request, without retries."""
        _connection.sent = False
        try:
            way = self._way_to(url)
            response = way.pool.urlopen(
                method.upper(),
                way.target(url),
                body=post_data,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=remaining(),
                assert_same_host=False,
            )
        except (HTTPError, OSError) as error:
            kind = stripe.APIConnectionError if _connection.sent else NeverSent
            raise connection_error(kind, error, retry=not isinstance(error, SSLError)) from error
        return response.data, response.status, response.headers

    def close(self) -> None:
        """Close all idle connections."""
        self._way = None
        while self._ways:
            (_, way) = self._ways.popitem()
            (way.pool.clear if isinstance(way.pool, urllib3.PoolManager) else way.pool.close)()

    def _way_to(self, url: str) -> _Way:
        # Two processes that write to one TCP connection would read each other's
        # answers.
        pid, way = os.getpid(), self._way
        if way is None or way.pid != pid or not url.startswith(way.origin):
            # Threads that come at the same time agree on one pool. There is no lock,
            # because a fork could leave it locked.
            new = _new_way(pid, url)
            way = self._way = self._ways.setdefault((pid, new.origin), new)
        return way


class _Clocked(io.RawIOBase):
    """A socket's input whose reads share the time left for the call.

    Otherwise each read could take the whole timeout again.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        # Keeps the socket open until the answer is read, even if it is closed elsewhere
        # before.
        self._hold = sock.makefile("rb", buffering=0)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """Return the file from which http.client reads an answer."""
        return io.BufferedReader(self, 16_384)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = remaining()
        if left <= 0:
            raise TimeoutError("Stripe's answer took longer than the timeout.")
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        self._hold.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_Clocked(sock), *args, **kwargs)  # type: ignore[arg-type]


class _Noting:
    """Record when a request's first byte is sent: a failure before that did nothing."""

    sock: Any
    response_class: Any = _Response

    def request(self, *args: Any, **kwargs: Any) -> None:
        # For connections that do not use `send`: a recorder's connection has another
        # one inside.
        _connection.sent = True
        super().request(*args, **kwargs)  # type: ignore[misc]

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        finally:
            # Asking a proxy for a tunnel also sends bytes, but none of the request.
            _connection.sent = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _connection.sent = True
        super().send(data)  # type: ignore[misc]


@functools.lru_cache(maxsize=8)
def _noting(kind: type[Any]) -> type[Any]:
    return type(f"Noting{kind.__name__}", (_Noting, kind), {})


# urllib3's connection class is looked up for each new connection, because recorders
# such as vcrpy replace it for a while. A class from before would bypass them and use
# the network.
class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = property(lambda _: _noting(urllib3.HTTPConnectionPool.ConnectionCls))  # pyright: ignore[reportAssignmentType]


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = property(lambda _: _noting(urllib3.HTTPSConnectionPool.ConnectionCls))  # pyright: ignore[reportAssignmentType]


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for a URL, or None.

    A loopback URL uses none: plain HTTP is allowed there because it stays on this
    machine.
    """
    parts = urlsplit(url)
    if parts.scheme == "http" and is_loopback(url):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _new_way(pid: int, url: str) -> _Way:
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    options: dict[str, Any] = {"maxsize": _POOL_SIZE}
    if parts.scheme == "https":
        # One context for all connections: reading the CA bundle costs more than a
        # handshake.
        context = options["ssl_context"] = create_urllib3_context()
        context.load_verify_locations(stripe.ca_bundle_path)
    proxy = proxy_for(url)
    manager: urllib3.PoolManager
    if proxy is None:
        manager = urllib3.PoolManager(**options)
    else:
        login = urlsplit(proxy)
        auth = (
            f"{unquote(login.username)}:{unquote(login.password or '')}" if login.username else None
        )
        manager = urllib3.ProxyManager(
            proxy, proxy_headers=urllib3.make_headers(proxy_basic_auth=auth), **options
        )
    pools: dict[str, Any] = {"http": _PlainPool, "https": _SecurePool}
    manager.pool_classes_by_scheme = pools
    if proxy is not None and parts.scheme == "http":
        # Such a proxy gets the whole URL, and headers of its own. The manager does
        # that.
        return _Way(pid, "", manager)
    return _Way(pid, origin, manager.connection_from_url(url))
