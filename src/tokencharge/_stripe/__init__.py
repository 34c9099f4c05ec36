"""The one place that knows stripe-python: a funnel every Call goes through, its transport, its errors."""

from stripe import HTTPClient

from .channel import Channel
from .pool import PooledClient
from .signature import parse_event
from .transport import FunctionClient, NeverSent

__all__ = ["Channel", "FunctionClient", "HTTPClient", "NeverSent", "PooledClient", "parse_event"]
