"""Read a request as far as the rules need it, and call the host's functions."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from functools import partial
from inspect import iscoroutine
from typing import Any

from flask import current_app, request
from werkzeug.formparser import FormDataParser

from ..web import BODY_LIMIT, Incoming

# In a form Werkzeug leaves bytes that are not UTF-8 as they were sent, quoted.
_NOT_UTF8 = re.compile("%[89A-F][0-9A-F]")


def incoming() -> Incoming:
    """Read the current request as far as the rules need it."""
    length, chunks = request.content_length, b""
    if not length and request.environ.get("wsgi.input_terminated"):
        # The body comes in chunks, and the server ends the stream after them. It is
        # read as far as the rules allow.
        chunks = read(BODY_LIMIT)
        length = len(chunks)
    return Incoming(
        content_type=request.headers.get("Content-Type", ""),
        accept=request.headers.get("Accept", ""),
        length=length,
        form=lambda: [(name, _NOT_UTF8.sub("\ufffd", value)) for name, value in _form(chunks)],
        body=lambda: chunks or request.get_data(),
        request=request,
        host=request.host,
        origin=request.headers.get("Origin", ""),
        fetch_site=request.headers.get("Sec-Fetch-Site", ""),
        language=language(),
    )


def language() -> str:
    """Return the language that Flask-Babel chose, or else the browser's."""
    if "babel" in current_app.extensions:
        from flask_babel import get_locale

        return str(get_locale())
    return request.headers.get("Accept-Language", "")


def read(limit: int) -> bytes:
    """Read a body of unknown length, up to a limit.

    Of a longer body, only so much is read as shows that it is too long. A hook may have
    read all of it before.
    """
    return request.stream.read(limit + 1) or request.get_data()


def _form(chunks: bytes) -> Iterable[tuple[str, str]]:
    if not chunks:
        return request.form.items(multi=True)
    options = dict(request.mimetype_params)
    return (
        FormDataParser()
        .parse(io.BytesIO(chunks), request.mimetype, len(chunks), options)[1]
        .items(multi=True)
    )


def call(function: Callable[[Any], object], given: Any) -> object:
    """Call a hook or a handler of the host, and wait if it is async."""
    result: Any = function(given)

    async def wait() -> object:
        return await result

    return current_app.async_to_sync(wait)() if iscoroutine(result) else result


def awaiting(hook: Callable[[Any], object]) -> Callable[[Any], object]:
    """Return a hook that is waited for if it is async."""
    return partial(call, hook)
