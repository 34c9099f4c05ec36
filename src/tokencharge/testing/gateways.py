"""Gateways that charge in a sandbox, in process and without a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import PaymentGateway, Settings
from ..sandbox import Sandbox

if TYPE_CHECKING:
    from .. import AsyncPaymentGateway


def sandbox_gateway(sandbox: Sandbox, **settings: Any) -> PaymentGateway:
    """Make a gateway on a sandbox.

    It does not retry unless `max_retries` is given. So a fault that is set on the
    sandbox reaches the caller.

    Args:
        sandbox: The sandbox to charge in.
        settings: Fields of `Settings` to change: `max_retries=2`.
    """
    return PaymentGateway.from_settings(
        sandbox_settings(sandbox, **settings), http_client=sandbox.http_client()
    )


def async_sandbox_gateway(sandbox: Sandbox, **settings: Any) -> AsyncPaymentGateway:
    """Make an async gateway on a sandbox; see `sandbox_gateway`."""
    from .. import AsyncPaymentGateway

    return AsyncPaymentGateway.from_settings(
        sandbox_settings(sandbox, **settings), http_client=sandbox.http_client()
    )


def sandbox_settings(sandbox: Sandbox, **settings: Any) -> Settings:
    """Return the settings of a gateway that charges in a sandbox."""
    given = {
        "publishable_key": sandbox.publishable_key,
        "webhook_secret": sandbox.webhook_secret,
        "livemode": False,
        "max_retries": 0,
        **settings,
    }
    return Settings(sandbox.secret_key, **given)
