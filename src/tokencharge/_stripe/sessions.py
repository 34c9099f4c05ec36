"""The built-in async transport: one aiohttp session for each event loop, which knows whether a request ever left."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
import attrs
import stripe

from .pool import proxy_for
from .transport import NeverSent, connection_error, remaining

# Seconds an idle connection is kept: longer than a shop's quiet minute, shorter than load balancers keep theirs.
_KEEP_ALIVE = 60.0


@attrs.define
class _Departure:
    """Whether the first byte of a request has left."""

    sent: bool = False


class SessionClient(stripe.HTTPClient):
    """An aiohttp session for each running event loop, closed when its loop shuts down.

    Honours what the SDK's own client honours: `stripe.ca_bundle_path` and the environment's proxies.
    """

    name = "aiohttp"

    def __init__(self) -> None:
        super().__init__()
        self._lives: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[aiohttp.ClientSession, None]]
        self._lives = WeakKeyDictionary()
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()

    async def request_async(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        """Send one request, once."""
        departure = _Departure()
        try:
            session = await self._session(url)
            async with session.request(
                method,
                url,
                data=post_data,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=max(remaining(), 0.001)),
                trace_request_ctx=departure,
            ) as response:
                return await response.read(), response.status, response.headers
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
            kind = stripe.APIConnectionError if departure.sent else NeverSent
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
            # A loop finishes its async generators as it shuts down, and with this one goes the session: so a second
            # asyncio.run finds no connection of the first, and nobody is warned of one left open.
            life = self._lives[loop] = _live(proxy_for(url))
            session = self._sessions[loop] = await anext(life)
        return session


async def _live(proxy: str | None) -> AsyncGenerator[aiohttp.ClientSession, None]:
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_note)
    connector = aiohttp.TCPConnector(
        # No queue of our own: what waits for a connection would spend its timeout there.
        limit=0,
        keepalive_timeout=_KEEP_ALIVE,
        ssl=ssl.create_default_context(cafile=stripe.ca_bundle_path),
    )
    session = aiohttp.ClientSession(connector=connector, trace_configs=[trace], proxy=proxy)
    try:
        yield session
    finally:
        await session.close()


async def _note(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.sent = True
