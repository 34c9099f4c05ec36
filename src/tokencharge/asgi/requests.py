"""Read a request as far as the rules need it, and call the host's functions.

Both are done from an event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from inspect import iscoroutine
from typing import Any
from urllib.parse import parse_qsl

import attrs
from anyio import CancelScope, from_thread
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from ..web import BODY_LIMIT, Incoming


def call(function: Callable[[Any], Any], given: Any) -> Any:
    """Call a function that may be async, from a worker thread."""
    result = function(given)
    return from_thread.run(lambda: result) if iscoroutine(result) else result


async def take(step: Callable[[], Any]) -> Any:
    """Carry out a step of an answer.

    An async step is awaited without holding a worker thread.
    """
    # Shielded, so that what a handler has done is recorded even if the client leaves.
    with CancelScope(shield=True):
        result = await run_in_threadpool(step)
        return await result if iscoroutine(result) else result


async def read(request: Request, limit: int) -> bytes:
    """Read a body, up to a limit.

    Of a longer body, only so much is read as shows that it is too long.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)


async def incoming(request: Request) -> Incoming:
    """Read a request, and no more of its body than the rules allow.

    The order function and the hooks may read the body again.
    """
    kind, length = (request.headers.get(name, "") for name in ("content-type", "content-length"))
    size, body = int(length) if length.isdecimal() else None, b""
    if size is None or size <= BODY_LIMIT:
        # An ASGI server ends the body at its end, with or without a Content-Length.
        body = await read(request, BODY_LIMIT)
        # Some servers pass on a Content-Length that the chunks do not match.
        size = max(size or 0, len(body))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    again = Request(request.scope, receive)
    fields: Iterable[tuple[str, object]] = []  # as for a form that cannot be read
    with suppress(HTTPException, MultiPartException, ValueError):
        # Starlette reads unquoted UTF-8 as Latin-1.
        fields = parse_qsl(body.decode(), keep_blank_values=True)
        if kind.lower().startswith("multipart/"):
            fields = []
            async with again.form() as form:
                fields = form.multi_items()
    return attrs.evolve(described(again), length=size, form=lambda: fields, body=lambda: body)


def described(request: Request) -> Incoming:
    """Describe a request before its body is read."""
    return Incoming(
        content_type=request.headers.get("content-type", ""),
        accept=request.headers.get("accept", ""),
        length=None,
        form=list,
        body=bytes,
        request=request,
        host=request.headers.get("host", ""),
        origin=request.headers.get("origin", ""),
        fetch_site=request.headers.get("sec-fetch-site", ""),
        language=language(request),
    )


def language(request: Request) -> str:
    """Return the buyer's language, as their browser states it."""
    return request.headers.get("accept-language", "")
