"""A local stand-in for the part of Stripe that this library uses; see the README beside this file."""

from __future__ import annotations

from .account import Rules
from .engine import Arrival, Pending
from .faults import Armed, Fault, Faults
from .sandbox import Sandbox
from .server import Server
from .webhooks import Delivery, Webhooks
from .wire import Request, Response

__all__ = [
    "Armed",
    "Arrival",
    "Delivery",
    "Fault",
    "Faults",
    "Pending",
    "Request",
    "Response",
    "Rules",
    "Sandbox",
    "Server",
    "Webhooks",
]
