"""The one place that knows stripe-python: a funnel every Call goes through, its transport, its errors."""

from stripe import HTTPClient

from .channel import Channel
from .pool import PooledClient
from .signature import is_signed
from .transport import FunctionClient, NeverSent

__all__ = ["Channel", "FunctionClient", "HTTPClient", "NeverSent", "PooledClient", "is_signed"]
