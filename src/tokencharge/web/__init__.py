"""The checkout without a framework: a form or JSON in, a charge, a Reply out. Adapters only carry between."""

from .._frames import forgetful
from ..errors import error_code
from .checkout import Attempt, Checkout, no_order, with_query
from .hooks import Hooks
from .policy import content_security_policy
from .reply import Reply
from .submission import BODY_LIMIT, Incoming

__all__ = [
    "BODY_LIMIT",
    "Attempt",
    "Checkout",
    "Hooks",
    "Incoming",
    "Reply",
    "content_security_policy",
    "error_code",
    "forgetful",
    "no_order",
    "with_query",
]
