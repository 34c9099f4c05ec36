"""Send every Call to Stripe; return an Answer or raise one of our errors."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stripe

from .._flows import Answer, Call, Pause
from .._observe import Watched, watch_operation, watch_request
from ..errors import TokenChargeError, error_code
from ..settings import Settings, stand_in
from .translate import presentable, translate, unreadable
from .transport import within
from .tries import Wire

API_VERSION = "2026-10-28.endive"
"""Stripe's API version, pinned.

So answers keep their shape, whatever SDK is installed and whatever the account's
default is.
"""


class Channel:
    """The way to one Stripe account. Safe to share among threads and across a fork."""

    def __init__(self, settings: Settings, http_client: stripe.HTTPClient) -> None:
        self._settings = settings
        self._wire = Wire(http_client, settings.timeout, settings.max_retries)

    @functools.cached_property
    def _client(self) -> stripe.StripeClient:
        settings = self._settings
        return stripe.StripeClient(
            settings.secret_key,
            stripe_version=API_VERSION,
            base_addresses={"api": settings.api_base.rstrip("/")},
            http_client=self._wire,
        )

    # raw_request, not customers.create. It survives the removal of the SDK's Charge
    # methods, and builds no object tree. It does not turn a Stripe-Notice header into a
    # warning that could lose the answer.

    def send(self, call: Call) -> Answer:
        """Send one request and decode its answer.

        Raises:
            TokenChargeError: Translated from what stripe-python raised, which is its
                cause.
        """
        self._wire.begin(watch_request(call))
        try:
            return self._answer(
                self._client.raw_request(call.method, call.path, **call.params, **_options(call))
            )
        except Exception as error:  # noqa: BLE001
            failure = _understood(error)
        except BaseException:
            self._ended("cancelled")
            raise
        # Outside the except block: inside it, Python would keep the unscrubbed error as
        # the context of the new one.
        raise self._failed(call, failure) from presentable(failure)

    async def send_async(self, call: Call) -> Answer:
        """Send one request and decode its answer, as `send` does."""
        self._wire.begin(watch_request(call))
        try:
            return self._answer(
                await self._client.raw_request_async(
                    call.method, call.path, **call.params, **_options(call)
                )
            )
        except Exception as error:  # noqa: BLE001
            failure = _understood(error)
        except BaseException:
            self._ended("cancelled")
            raise
        raise self._failed(call, failure) from presentable(failure)

    @contextmanager
    def operation(self, name: str) -> Iterator[Watched]:
        """Watch the operation in the block, and allow it its time.

        Its result is to be set on what the block is given.
        """
        with within(self._settings.timeout), watch_operation(name) as watched:
            yield watched

    def time_for(self, pause: Pause) -> float:
        """Return the seconds to pause.

        None, if no request could follow: then the next one is sent at once.
        """
        return pause.seconds if self._wire.has_time_for(pause.seconds) else 0.0

    def _answer(self, response: Any) -> Answer:
        last = self._wire.last
        body = _decoded(last.body)
        if body is None:
            raise unreadable(last.body, response.code, response.headers)
        # A replay that follows a try of this same call may repeat this call's own first
        # success.
        replayed = response.headers.get("idempotent-replayed") == "true"
        answer = Answer(body, replayed, own=last.in_doubt, date=response.headers.get("date") or "")
        self._ended("ok", answer.found, response.code, response.headers.get("request-id"))
        return answer

    def _failed(self, call: Call, failure: stripe.StripeError) -> TokenChargeError:
        error = translate(
            failure,
            call,
            in_doubt=self._wire.last.in_doubt,
            asked_at=stand_in(self._settings.api_base),
        )
        self._ended(error_code(error), error.replayed, error.http_status, error.request_id)
        return error

    def _ended(
        self,
        outcome: str,
        replayed: bool = False,
        http_status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        last = self._wire.last
        answered = {"replayed": replayed, "http_status": http_status, "request_id": request_id}
        last.watched.end(outcome=outcome, attempts=last.attempts, **answered)

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
    # The SDK fails on errors of an unknown shape, such as {"error": "text"}, after the
    # request was sent.
    return stripe.APIError(f"stripe-python could not read the answer ({type(error).__name__}).")


def _decoded(body: str | bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
