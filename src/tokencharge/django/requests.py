"""A request, as far as the rules read it, and what a page for it needs."""

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
    """Read a request as far as the rules ask."""
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
    """Return the buyer's language: the active one, which LocaleMiddleware chooses, and LANGUAGE_CODE without it."""
    return get_language() or ""


def read(request: HttpRequest, limit: int) -> bytes:
    """Read a body, and of one beyond the limit no more than shows that it is.

    Of one that comes in chunks Django has everything by ASGI, and nothing by WSGI: there it is the server that knows
    where the body ends, and says so (PEP 3333 leaves it open; `wsgi.input_terminated`, as gunicorn and others have it).
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
    """Return what templates need beside the rules' own context."""
    return {
        "script_url": static("tokencharge/tokencharge.js"),
        "style_url": static("tokencharge/tokencharge.css"),
        "csrf_input": csrf_input(request),
        "csp_nonce": _csp_nonce(request),
    }


def _csp_nonce(request: HttpRequest) -> object:
    """Return the nonce of the request where it has one: django-csp's, or that of Django 6.0 itself.

    Unread it is no text yet, so that a page that needs none has none in its policy.
    """
    try:
        from django.middleware.csp import get_nonce
    except ImportError:
        return getattr(request, "csp_nonce", "")
    return getattr(request, "csp_nonce", None) or get_nonce(request) or ""
