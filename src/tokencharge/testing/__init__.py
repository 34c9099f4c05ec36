"""The test kit: sandbox gateways, recorded Stripe calls, and assertions on charges.

It does not need pytest, and needs vcrpy only for cassettes. `tokencharge.pytest_plugin`
makes fixtures of it.
"""

from __future__ import annotations

from .assertions import (
    CassetteMismatch,
    assert_charged_once,
    assert_held,
    assert_nothing_charged,
    assert_refunded,
    assert_released,
)
from .audit import Leak, find_leaks
from .cassette import RecordMode, StripeCassette, use_cassette
from .gateways import async_sandbox_gateway, sandbox_gateway

__all__ = [
    "CassetteMismatch",
    "Leak",
    "RecordMode",
    "StripeCassette",
    "assert_charged_once",
    "assert_held",
    "assert_nothing_charged",
    "assert_refunded",
    "assert_released",
    "async_sandbox_gateway",
    "find_leaks",
    "sandbox_gateway",
    "use_cassette",
]
