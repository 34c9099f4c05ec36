"""What is told of operations, requests and webhooks: log records, and spans where `tokencharge.otel` makes them.

Nothing secret can be told. It is our own words and numbers, digests, and what has the form of one of Stripe's ids.
"""

from .spans import NOBODY, Same, Tries, make_spans
from .told import Fields
from .watch import tell_event, tell_step, watch_operation, watch_step

__all__ = [
    "NOBODY",
    "Fields",
    "Same",
    "Tries",
    "make_spans",
    "tell_event",
    "tell_step",
    "watch_operation",
    "watch_step",
]
