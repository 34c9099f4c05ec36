"""Records of what the library does, for the log and for OpenTelemetry.

OpenTelemetry gets them where `tokencharge.otel` is used. No secret can be recorded:
only our own words and numbers, digests, and what has the form of one of Stripe's ids.
"""

from .fields import Fields
from .log import Log
from .watch import (
    Listener,
    Watched,
    listen,
    stop_listening,
    watch_operation,
    watch_request,
    watch_webhook,
)

__all__ = [
    "Fields",
    "Listener",
    "Watched",
    "listen",
    "stop_listening",
    "watch_operation",
    "watch_request",
    "watch_webhook",
]

listen(Log())
