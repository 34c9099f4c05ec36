"""The one place that knows stripe-python: it sends Calls and translates errors."""

from stripe import HTTPClient

from .channel import Channel
from .kinds import event_types
from .pool import PooledClient
from .signature import parse_event
from .transport import FunctionClient, NeverSent

__all__ = [
    "Channel",
    "FunctionClient",
    "HTTPClient",
    "NeverSent",
    "PooledClient",
    "event_types",
    "parse_event",
]
