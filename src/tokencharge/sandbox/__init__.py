"""A local stand-in for the part of Stripe that this library uses.

See the README beside this file.
"""

from __future__ import annotations

from .language.wire import Request, Response
from .sandbox import Sandbox
from .service.engine import Arrival, Pending
from .service.faults import Armed, Fault, Faults
from .service.server import Server
from .service.webhooks import Delivery, WebhookSender
from .state.rules import Rules

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
    "WebhookSender",
]
