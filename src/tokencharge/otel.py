"""OpenTelemetry: a span for each operation, and in it one for each request to Stripe. Needs the extra `otel`."""

from __future__ import annotations

import re
import time
from contextlib import AbstractContextManager, suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from opentelemetry import context
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    TracerProvider,
    get_tracer,
    set_span_in_context,
)

from . import __version__
from ._flows import Call
from ._observe import NOBODY, Fields, Same, make_spans

__all__ = ["instrument", "uninstrument"]

T = TypeVar("T")

# What is for the buyer, or the buyer's bank, to put right is no failure of the shop's.
_NO_FAILURES = ("ok", "authentication_required", "card_declined", "payment_pending", "token_rejected")
# What a span says in OpenTelemetry's own words.
_SAID = ("operation", "attempts", "http_status", "ms")
# Anything else may stand in a path by mistake, a token or an e-mail: it is left out.
_ID = re.compile(r"(?:card|ch|cus|pi|py|re)_[A-Za-z0-9]{1,64}")


def instrument(tracer_provider: TracerProvider | None = None) -> None:
    """Make spans from now on, for every gateway of this process.

    Args:
        tracer_provider: Who makes them; None for OpenTelemetry's global one, whether set already or later.
    """
    make_spans(_Spans(get_tracer("tokencharge", __version__, tracer_provider)))


def uninstrument() -> None:
    """Make no more spans."""
    make_spans(None)


class _Operation:
    """The span of an operation, current until it ends."""

    def __init__(self, tracer: Tracer, name: str) -> None:
        self._span = tracer.start_span(f"tokencharge.{name}")
        self._token = context.attach(set_span_in_context(self._span))

    def end(self, fields: Fields) -> None:
        context.detach(self._token)
        _describe(self._span, fields)
        if fields["outcome"] not in _NO_FAILURES:
            _fail(self._span, fields["outcome"])
        self._span.end()


class _Try:
    """The span of one try of a request, current while it is out."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.failed = False
        self._token = context.attach(set_span_in_context(span))
        self._ended: int | None = None

    def __enter__(self) -> Same:
        return self._answered

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._ended = time.time_ns()
        context.detach(self._token)
        if error is not None:
            self.fail(type(error.__cause__ or error).__qualname__)

    def fail(self, kind: str) -> None:
        self.failed = True
        _fail(self.span, kind)

    def end(self) -> None:
        """End it when it was over: how the step ended was known a little later."""
        self.span.end(self._ended)

    def _answered(self, answer: T, /) -> T:
        # Whatever a client of the host's own returns.
        with suppress(Exception):
            status: Any = answer[1]  # type: ignore[index]
            self.span.set_attribute("http.response.status_code", status)
            if status >= 400:
                self.fail(str(status))
        return answer


class _Step:
    """The spans of one request to Stripe, one for each try; the last one tells how it ended."""

    def __init__(self, tracer: Tracer, call: Call, order_digest: str | None) -> None:
        self._tracer = tracer
        self._call = call
        self._known = {"tokencharge.step": call.step}
        if order_digest is not None:
            self._known["tokencharge.order_digest"] = order_digest
        self._last: _Try | None = None

    def attempt(self, method: str, url: str, number: int, /) -> AbstractContextManager[Same]:
        try:
            if self._last is not None:
                self._last.end()
            self._last = _Try(self._begin(method.upper(), url, number))
        except Exception:  # noqa: BLE001 - a span that cannot be made must not keep a request from being made
            return NOBODY
        return self._last

    def end(self, fields: Fields) -> None:
        if self._last is not None:
            _describe(self._last.span, fields)
            if fields["outcome"] != "ok" and not self._last.failed:
                self._last.fail(fields["outcome"])
            self._last.end()

    def _begin(self, method: str, url: str, number: int) -> Span:
        parts, path = urlsplit(url), self._call.path
        template = _path(path, ids=False)
        attributes: dict[str, Any] = {
            "http.request.method": method,
            "server.address": str(parts.hostname),
            "server.port": parts.port or (80 if parts.scheme == "http" else 443),
            # Without the query: a search holds an order_id.
            "url.full": f"{parts.scheme}://{parts.netloc}{_path(path, ids=True)}",
            "url.template": template,
            **self._known,
        }
        if number > 1:
            attributes["http.request.resend_count"] = number - 1
        return self._tracer.start_span(f"{method} {template}", kind=SpanKind.CLIENT, attributes=attributes)


class _Spans:
    """Makes spans with a tracer."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def operation(self, name: str) -> _Operation:
        return _Operation(self._tracer, name)

    def step(self, call: Call, order_digest: str | None) -> _Step:
        return _Step(self._tracer, call, order_digest)


def _describe(span: Span, fields: Fields) -> None:
    for name, value in fields.items():
        if name not in _SAID:
            span.set_attribute(f"tokencharge.{name}", value)


def _fail(span: Span, kind: str) -> None:
    # Never record_exception: messages may quote what only Stripe and the host should read.
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def _path(path: str, *, ids: bool) -> str:
    """Return a path of Stripe's with {id} where an id stands: /v1/customers/{id}/sources."""
    parts = path.split("/")
    if len(parts) > 3 and parts[3] != "search" and not (ids and _ID.fullmatch(parts[3])):
        parts[3] = "{id}"
    return "/".join(parts)
