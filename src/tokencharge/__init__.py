"""Take a card token and an e-mail; get one Customer and exactly one Charge, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .declines import Advice
from .errors import (
    AuthenticationFailed,
    AuthenticationRequired,
    CardDeclined,
    CardTokensRefused,
    ChargeRefused,
    ConfigurationError,
    CrossSiteRequest,
    GatewayUnavailable,
    InvalidEvent,
    InvalidInput,
    InvalidRequest,
    InvalidSignature,
    OrderChanged,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    PageExpired,
    PaymentPending,
    RateLimited,
    TokenChargeError,
    TokenRejected,
)
from .events import Event
from .gateway import PaymentGateway
from .languages import Language
from .mending import MendedBy
from .money import Money
from .order import Order
from .people import Address, Person
from .results import Card, Charge, ChargeState, Customer, Payment, PaymentIntent, Refund
from .settings import Settings

if TYPE_CHECKING:
    from .aio import AsyncPaymentGateway

__all__ = [
    "Address",
    "Advice",
    "AsyncPaymentGateway",
    "AuthenticationFailed",
    "AuthenticationRequired",
    "Card",
    "CardDeclined",
    "CardTokensRefused",
    "Charge",
    "ChargeRefused",
    "ChargeState",
    "ConfigurationError",
    "CrossSiteRequest",
    "Customer",
    "Event",
    "GatewayUnavailable",
    "InvalidEvent",
    "InvalidInput",
    "InvalidRequest",
    "InvalidSignature",
    "Language",
    "MendedBy",
    "Money",
    "Order",
    "OrderChanged",
    "OrderConflict",
    "OrderInProgress",
    "OutcomeUnknown",
    "PageExpired",
    "Payment",
    "PaymentGateway",
    "PaymentIntent",
    "PaymentPending",
    "Person",
    "RateLimited",
    "Refund",
    "Settings",
    "TokenChargeError",
    "TokenRejected",
]


def __getattr__(name: str) -> Any:
    # Loaded on demand: asyncio and importlib.metadata each take longer to import than
    # all the modules above.
    if name == "AsyncPaymentGateway":
        from .aio import AsyncPaymentGateway

        return AsyncPaymentGateway
    if name == "__version__":
        from importlib.metadata import version

        return version("tokencharge")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
