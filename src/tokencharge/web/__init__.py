"""The checkout without a framework: a form or JSON in, a charge, a Reply out.

Adapters only carry requests and replies between it and their framework.
"""

from .._frames import forgetful
from ..errors import error_code
from .asking import ask, ask_for_order, check_gateway, is_gateway, no_order, warn_of_no_page
from .checkout import Checkout
from .fields import BODY_LIMIT, Incoming
from .hooks import Hooks
from .offering import Offer
from .origins import read_origins
from .pages import with_query
from .policy import content_security_policy
from .reply import Reply
from .submission import Submission
from .success import SuccessUrl, read_success_url
from .words import read_languages

__all__ = [
    "BODY_LIMIT",
    "Checkout",
    "Hooks",
    "Incoming",
    "Offer",
    "Reply",
    "Submission",
    "SuccessUrl",
    "ask",
    "ask_for_order",
    "check_gateway",
    "content_security_policy",
    "error_code",
    "forgetful",
    "is_gateway",
    "no_order",
    "read_languages",
    "read_origins",
    "read_success_url",
    "warn_of_no_page",
    "with_query",
]
