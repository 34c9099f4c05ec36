"""The funnel: every Call leaves through here, and comes back as an Answer or as one of our errors."""

from __future__ import annotations

import json
from typing import Any

import stripe

from .._steps import Answer, Call
from ..settings import Settings
from .translate import presentable, translate, unreadable
from .transport import Wire

API_VERSION = "2026-10-28.endive"
"""Stripe's API version, pinned: answers keep their shape whatever SDK is installed or the account's default is."""


class Channel:
    """A way to one Stripe account. Safe to share among threads and across a fork."""

    def __init__(self, settings: Settings, http_client: stripe.HTTPClient) -> None:
        self._wire = Wire(http_client, settings.timeout)
        self._client = stripe.StripeClient(
            settings.secret_key,
            stripe_version=API_VERSION,
            base_addresses={"api": settings.api_base.rstrip("/")},
            # StripeClient retries nothing unless it is told to.
            max_network_retries=settings.max_retries,
            http_client=self._wire,
        )

    # raw_request, not customers.create: it survives the removal of the SDK's Charge methods, builds no object tree,
    # and does not turn a Stripe-Notice header into a warning that could lose the answer.

    def send(self, call: Call) -> Answer:
        """Send one request and decode its answer.

        Raises:
            TokenChargeError: Chained from what stripe-python raised.
        """
        self._wire.begin()
        try:
            return self._answer(self._client.raw_request(call.method, call.path, **call.params, **_options(call)))
        except Exception as error:  # noqa: BLE001
            failure = _understood(error)
        # Outside the except block, or Python would keep the unscrubbed error as the new one's context.
        raise translate(failure, call, in_doubt=self._wire.last.in_doubt) from presentable(failure)

    async def send_async(self, call: Call) -> Answer:
        """Send one request and decode its answer, as `send` does."""
        self._wire.begin()
        try:
            return self._answer(
                await self._client.raw_request_async(call.method, call.path, **call.params, **_options(call))
            )
        except Exception as error:  # noqa: BLE001
            failure = _understood(error)
        raise translate(failure, call, in_doubt=self._wire.last.in_doubt) from presentable(failure)

    def _answer(self, response: Any) -> Answer:
        last = self._wire.last
        body = _decoded(last.body)
        if body is None:
            raise unreadable(last.body, response.code, response.headers)
        # A replay that follows a try of this same call is this call's own first success.
        return Answer(body, response.headers.get("idempotent-replayed") == "true" and not last.in_doubt)

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._wire.close()

    async def close_async(self) -> None:
        """Close the connections; the next call opens new ones."""
        await self._wire.close_async()


def _options(call: Call) -> dict[str, Any]:
    return {} if call.key is None else {"idempotency_key": call.key}


def _understood(error: Exception) -> stripe.StripeError:
    if isinstance(error, stripe.StripeError):
        return error
    # The SDK trips over errors of an unknown shape, such as {"error": "text"}, after sending the request.
    return stripe.APIError(f"stripe-python could not read the answer ({type(error).__name__}).")


def _decoded(body: str | bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
