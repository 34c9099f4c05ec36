"""OpenTelemetry: a span for each operation, and in it one for each request to Stripe. Needs the extra `otel`."""

from __future__ import annotations

import re
import time
from typing import Any, ClassVar
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
from ._observe import Fields, Watched, listen, stop_listening

__all__ = ["instrument", "uninstrument"]

# Outcomes that the buyer, or the buyer's bank, can put right are no failures of the shop's.
_NO_FAILURES = (
    "ok",
    "authentication_required",
    "card_declined",
    "payment_pending",
    "token_rejected",
)
# Fields that a span has in OpenTelemetry's own words.
_SAID = ("operation", "attempts", "http_status", "ms")
# Anything else may stand in a path by mistake, a token or an e-mail: it is left out.
_ID = re.compile(r"(?:card|ch|cus|pi|py|re)_[A-Za-z0-9]{1,64}")


def instrument(tracer_provider: TracerProvider | None = None) -> None:
    """Make spans from now on, for every gateway of this process.

    Args:
        tracer_provider: Who makes them; None for OpenTelemetry's global one, whether set already or later.
    """
    uninstrument()
    listen(_Spans(get_tracer("tokencharge", __version__, tracer_provider)))


def uninstrument() -> None:
    """Make no more spans."""
    stop_listening(_Spans)


class _Spans:
    """The listener that makes spans: one for an operation, one for each try of a request.

    A request has no span of its own. How it ended is told on the span of its last try, which stays open until then
    and ends with the time at which the try was over.
    """

    kinds: ClassVar = frozenset({"operation", "request", "try"})

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def begin(self, watched: Watched) -> Any:
        """Begin a span, current until it has ended."""
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
        """End a span, or note when it was over."""
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
    """A span that has not ended, current until it is left."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._token = context.attach(set_span_in_context(span))
        self._over: int | None = None
        self.failed = False

    def leave(self) -> None:
        """Note that it is over, and let what was current before be it again."""
        self._over = time.time_ns()
        context.detach(self._token)

    def answered(self, answer: Any, error: BaseException | None) -> None:
        """Note what a try was answered, or that it was not."""
        if error is not None:
            self.fail(type(error.__cause__ or error).__qualname__)
            return
        # A client of the host's own may return anything, and then this raises.
        status = answer[1]
        self._span.set_attribute("http.response.status_code", status)
        if status >= 400:
            self.fail(str(status))

    def describe(self, fields: Fields) -> None:
        """Note the fields of what has ended."""
        for name, value in fields.items():
            if name not in _SAID:
                self._span.set_attribute(f"tokencharge.{name}", value)

    def fail(self, kind: str) -> None:
        """Mark it as an error. Never record_exception: messages may quote what only Stripe and the host should read."""
        self.failed = True
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        """End it, as of when it was over."""
        self._span.end(self._over)


def _path(path: str, *, ids: bool) -> str:
    """Return a path of Stripe's with {id} where an id stands: /v1/customers/{id}/sources."""
    parts = path.split("/")
    if len(parts) > 3 and parts[3] != "search" and not (ids and _ID.fullmatch(parts[3])):
        parts[3] = "{id}"
    return "/".join(parts)
