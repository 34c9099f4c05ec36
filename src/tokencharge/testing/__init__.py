"""The test kit: gateways on a sandbox, recorded Stripe calls, and assertions on what was charged.

It needs neither pytest nor, until a cassette is used, vcrpy. `tokencharge.pytest_plugin` makes fixtures of it.
"""

from __future__ import annotations

from .assertions import CassetteMismatch, assert_charged_once, assert_nothing_charged, assert_refunded
from .audit import Leak, find_leaks
from .cassette import RecordMode, StripeCassette, use_cassette
from .gateways import async_sandbox_gateway, sandbox_gateway

__all__ = [
    "CassetteMismatch",
    "Leak",
    "RecordMode",
    "StripeCassette",
    "assert_charged_once",
    "assert_nothing_charged",
    "assert_refunded",
    "async_sandbox_gateway",
    "find_leaks",
    "sandbox_gateway",
    "use_cassette",
]
