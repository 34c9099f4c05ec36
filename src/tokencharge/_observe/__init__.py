"""What the library does, told to whoever listens: to the log, and to OpenTelemetry where `tokencharge.otel` is used.

Nothing secret can be told. It is our own words and numbers, digests, and what has the form of one of Stripe's ids.
"""

from .fields import Fields
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
