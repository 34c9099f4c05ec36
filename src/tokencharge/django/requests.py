"""Read a request as far as the rules need it, and return what its page needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any

from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.template.backends.utils import csrf_input
from django.templatetags.static import static
from django.utils.translation import get_language

from ..web import BODY_LIMIT, Incoming


def incoming(request: HttpRequest) -> Incoming:
    """Read a request as far as the rules need it."""
    told = request.META.get("CONTENT_LENGTH") or ""
    length = int(told) if told.isdecimal() else None
    chunks = b"" if length else read(request, BODY_LIMIT)
    return Incoming(
        content_type=request.META.get("CONTENT_TYPE", ""),
        accept=request.META.get("HTTP_ACCEPT", ""),
        length=len(chunks) or length,
        form=lambda: _fields(request, chunks),
        body=lambda: chunks or request.body,
        request=request,
        host=request.get_host(),
        origin=request.META.get("HTTP_ORIGIN", ""),
        fetch_site=request.META.get("HTTP_SEC_FETCH_SITE", ""),
        language=language(),
    )


def language() -> str:
    """Return the buyer's language, which is the active one.

    LocaleMiddleware chooses it. Without that, it is LANGUAGE_CODE.
    """
    return get_language() or ""


def read(request: HttpRequest, limit: int) -> bytes:
    """Read a body, up to a limit.

    Of a longer body, only so much is read as shows that it is too long. If a body comes
    in chunks, Django has all of it over ASGI, and nothing over WSGI. There the server
    knows where the body ends, and says so. PEP 3333 leaves this open; gunicorn and
    others set `wsgi.input_terminated`.
    """
    if not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated"):
        body: bytes = request.META["wsgi.input"].read(limit + 1)
        return body
    return request.read(limit + 1)


def _fields(request: HttpRequest, chunks: bytes) -> Iterator[tuple[str, str]]:
    posted = _posted(request, chunks) if chunks else request.POST
    return ((name, str(value)) for name, values in posted.lists() for value in values)


def _posted(request: HttpRequest, chunks: bytes) -> QueryDict:
    if request.content_type != "multipart/form-data":
        return QueryDict(chunks)
    with suppress(MultiPartParserError):
        told = {**request.META, "CONTENT_LENGTH": str(len(chunks))}
        posted: QueryDict = MultiPartParser(told, BytesIO(chunks), []).parse()[0]
        return posted
    return QueryDict()


def assets(request: HttpRequest) -> dict[str, Any]:
    """Return what templates need besides the rules' own context."""
    return {
        "script_url": static("tokencharge/tokencharge.js"),
        "style_url": static("tokencharge/tokencharge.css"),
        "csrf_input": csrf_input(request),
        "csp_nonce": _csp_nonce(request),
    }


def _csp_nonce(request: HttpRequest) -> object:
    """Return the request's nonce if it has one: django-csp's, or Django 6.0's own.

    A nonce that was not read is no text yet. So a page that needs none has none in its
    policy.
    """
    try:
        from django.middleware.csp import get_nonce
    except ImportError:
        return getattr(request, "csp_nonce", "")
    return getattr(request, "csp_nonce", None) or get_nonce(request) or ""
