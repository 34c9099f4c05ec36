"""The built-in async transport: one aiohttp session for each event loop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import stripe

from .pool import proxy_for
from .transport import NeverSent, connection_error, remaining

# Seconds an idle connection is kept: longer than a shop's quiet minute, shorter than
# load balancers keep theirs.
_KEEP_ALIVE = 60.0


# Raised while a connection is being made, before the first byte of the request:
# refused, no route, no such host, no TLS, a proxy that refuses. After any other error
# the request may have been sent.
_NO_CONNECTION = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
)


class SessionClient(stripe.HTTPClient):
    """An aiohttp session for each running event loop, closed when its loop shuts down.

    It respects what the SDK's own client respects: `stripe.ca_bundle_path` and the
    environment's proxies.
    """

    name = "aiohttp"

    def __init__(self) -> None:
        super().__init__()
        # A session keeps its loop alive. So its entry is removed when the session is
        # closed, or when its loop was closed without that.
        self._lives: dict[
            asyncio.AbstractEventLoop, AsyncGenerator[aiohttp.ClientSession, None]
        ] = {}
        self._sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}

    async def request_async(
        self, method: str, url: str, headers: Any, post_data: Any = None
    ) -> Any:
        """Send one request, without retries."""
        left = max(remaining(), 0.001)
        try:
            session = await self._session(url)
            async with session.request(
                method,
                url,
                # aiohttp takes bytes as they are, and reads a text's type and encoding.
                data=post_data.encode() if isinstance(post_data, str) else post_data,
                headers=headers,
                allow_redirects=False,
                # Less than the total, so that a connect time-out raises
                # ConnectionTimeoutError: the request was never sent.
                timeout=aiohttp.ClientTimeout(total=left, sock_connect=0.95 * left),
            ) as response:
                return await response.read(), response.status, response.headers
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
            kind = NeverSent if isinstance(error, _NO_CONNECTION) else stripe.APIConnectionError
            retry = not isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError))
            raise connection_error(kind, error, retry=retry) from error

    async def close_async(self) -> None:
        """Close this loop's connections."""
        life = self._lives.pop(asyncio.get_running_loop(), None)
        if life is not None:
            await life.aclose()

    async def _session(self, url: str) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            # A loop finishes its async generators as it shuts down, and this one closes
            # the session. So a second asyncio.run finds no connection of the first, and
            # there is no warning of one left open.
            for ended in [each for each in list(self._sessions) if each.is_closed()]:
                self._forget(ended)
            life = self._lives[loop] = self._live(loop, proxy_for(url))
            session = self._sessions[loop] = await anext(life)
        return session

    async def _live(
        self, loop: asyncio.AbstractEventLoop, proxy: str | None
    ) -> AsyncGenerator[aiohttp.ClientSession, None]:
        connector = aiohttp.TCPConnector(
            # No queue of our own: a request would spend its timeout there, waiting.
            limit=0,
            keepalive_timeout=_KEEP_ALIVE,
            ssl=ssl.create_default_context(cafile=stripe.ca_bundle_path),
        )
        # Stripe sets no cookies, and to look for some takes time with each request.
        session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), proxy=proxy
        )
        try:
            yield session
        finally:
            self._forget(loop)
            await session.close()

    def _forget(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sessions.pop(loop, None)
        self._lives.pop(loop, None)
