"""OpenTelemetry: a span for each operation, and in it one for each request.

It needs the extra `otel`.
"""

from __future__ import annotations

import re
import time
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ._mistakes import extra

with extra("otel", __name__):
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
from ._observe import Fields, Watched, listen, stop_listening

__all__ = ["instrument", "uninstrument"]

# Outcomes that the buyer, or the buyer's bank, can fix are not span errors.
_NO_FAILURES = (
    "ok",
    "authentication_required",
    "card_declined",
    "payment_pending",
    "token_rejected",
)
# Fields that a span has under OpenTelemetry's own names.
_SAID = ("operation", "attempts", "http_status", "ms")
# Anything else is left out: a path may hold a token or an e-mail by mistake.
_ID = re.compile(r"(?:card|ch|cus|pi|py|re)_[A-Za-z0-9]{1,64}")


def instrument(tracer_provider: TracerProvider | None = None) -> None:
    """Make spans from now on, for every gateway of this process.

    Args:
        tracer_provider: Makes the tracer; None for OpenTelemetry's global provider,
            whether it is set already or later.
    """
    uninstrument()
    listen(_Spans(get_tracer("tokencharge", __version__, tracer_provider)))


def uninstrument() -> None:
    """Make no more spans."""
    stop_listening(_Spans)


class _Spans:
    """The listener that makes a span for each operation and each try of a request.

    A request has no span of its own. Its result is recorded on the span of its last
    try. That span stays open until then, and ends with the time at which the try was
    over.
    """

    kinds: ClassVar = frozenset({"operation", "request", "try"})

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def begin(self, watched: Watched) -> Any:
        """Begin a span; it is current until it is over."""
        if watched.kind == "operation":
            return _Open(self._tracer.start_span(f"tokencharge.{watched.name}"))
        if watched.kind != "try" or watched.within is None or watched.call is None:
            return None
        before = watched.within.kept.get(self)
        if before is not None:
            before.end()
        tried, call = watched.fields, watched.call
        opened = _Open(self._begin_try(call, watched.within.fields, **tried))
        watched.within.kept[self] = opened
        return opened

    def end(self, watched: Watched) -> None:
        """End a span, or record when a try was over."""
        opened: _Open | None = watched.kept[self]
        if opened is None:
            return
        if watched.kind == "try":
            opened.leave()
            opened.answered(watched.result, watched.error)
            return
        fields = watched.described()
        opened.describe(fields)
        if watched.kind == "operation":
            opened.leave()
        failures = _NO_FAILURES if watched.kind == "operation" else ("ok",)
        if fields["outcome"] not in failures and not opened.failed:
            opened.fail(fields["outcome"])
        opened.end()

    def _begin_try(self, call: Call, known: Fields, *, method: str, url: str, number: int) -> Span:
        parts, template = urlsplit(url), _path(call.path, ids=False)
        attributes: dict[str, Any] = {
            "http.request.method": method,
            "server.address": str(parts.hostname),
            "server.port": parts.port or (80 if parts.scheme == "http" else 443),
            # Without the query: a search holds an order_id.
            "url.full": f"{parts.scheme}://{parts.netloc}{_path(call.path, ids=True)}",
            "url.template": template,
            "tokencharge.step": call.step,
        }
        if known["order_digest"] is not None:
            attributes["tokencharge.order_digest"] = known["order_digest"]
        if number > 1:
            attributes["http.request.resend_count"] = number - 1
        return self._tracer.start_span(
            f"{method} {template}", kind=SpanKind.CLIENT, attributes=attributes
        )


class _Open:
    """A span that has not ended; it is current until `leave`."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._token = context.attach(set_span_in_context(span))
        self._over: int | None = None
        self.failed = False

    def leave(self) -> None:
        """Record when it was over, and make the previous span current again."""
        self._over = time.time_ns()
        context.detach(self._token)

    def answered(self, answer: Any, error: BaseException | None) -> None:
        """Record the answer to a try, or that there was none."""
        if error is not None:
            self.fail(type(error.__cause__ or error).__qualname__)
            return
        # A host's own client may return anything. Then this raises.
        status = answer[1]
        self._span.set_attribute("http.response.status_code", status)
        if status >= 400:
            self.fail(str(status))

    def describe(self, fields: Fields) -> None:
        """Record the fields of what has ended."""
        for name, value in fields.items():
            if name not in _SAID:
                self._span.set_attribute(f"tokencharge.{name}", value)

    def fail(self, kind: str) -> None:
        """Mark the span as an error.

        Never use record_exception: messages may quote what only Stripe and the host
        should read.
        """
        self.failed = True
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        """End the span with the time when it was over."""
        self._span.end(self._over)


def _path(path: str, *, ids: bool) -> str:
    """Return a path with {id} in place of an id: /v1/customers/{id}/sources."""
    parts = path.split("/")
    if len(parts) > 3 and parts[3] != "search" and not (ids and _ID.fullmatch(parts[3])):
        parts[3] = "{id}"
    return "/".join(parts)
