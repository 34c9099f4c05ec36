"""Send every Call to Stripe; return an Answer or raise one of our errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from .._flows import Answer, Call, Pause
from .._observe import Watched, watch_operation, watch_request
from .._secrets import redact_body
from ..errors import TokenChargeError, error_code
from ..settings import Settings, stand_in
from .request import written
from .translate import decoded, presentable, refused, translate, unreadable
from .transport import Sent, within
from .tries import Sending, Wire


class Channel:
    """The way to one Stripe account. Safe to share among threads and across a fork."""

    def __init__(self, settings: Settings, http_client: stripe.HTTPClient) -> None:
        self._settings = settings
        self._wire = Wire(http_client, settings.timeout, settings.max_retries)

    def send(self, call: Call) -> Answer:
        """Send one request and decode its answer.

        Raises:
            TokenChargeError: Translated from one of stripe-python's errors, its cause.
        """
        sending = self._begun(call)
        try:
            return self._answer(sending, self._wire.send(sending))
        except Exception as error:  # noqa: BLE001
            failure = _understood(error)
        except BaseException:
            _ended(sending, "cancelled")
            raise
        # Outside the except block: inside it, Python would keep the unscrubbed error as
        # the context of the new one.
        raise self._failed(call, sending, failure) from presentable(failure)

    async def send_async(self, call: Call) -> Answer:
        """Send one request and decode its answer, as `send` does."""
        sending = self._begun(call)
        try:
            return self._answer(sending, await self._wire.send_async(sending))
        except Exception as error:  # noqa: BLE001
            failure = _understood(error)
        except BaseException:
            _ended(sending, "cancelled")
            raise
        raise self._failed(call, sending, failure) from presentable(failure)

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

    def _begun(self, call: Call) -> Sending:
        return Sending(written(call, self._settings), watch_request(call))

    def _answer(self, sending: Sending, sent: Sent) -> Answer:
        body, status, headers = sent
        if not 200 <= status < 300:
            text = body if isinstance(body, str) else body.decode("utf-8", "replace")
            # Stripe's errors repeat tokens and e-mails.
            raise refused(redact_body(text), status, headers)
        found = decoded(body)
        if found is None:
            raise unreadable(body, status, headers)
        # A replay that follows a try of this same call may repeat this call's own first
        # success.
        replayed = headers.get("idempotent-replayed") == "true"
        answer = Answer(found, replayed, own=sending.in_doubt, date=headers.get("date") or "")
        _ended(sending, "ok", answer.found, status, headers.get("request-id"))
        return answer

    def _failed(
        self, call: Call, sending: Sending, failure: stripe.StripeError
    ) -> TokenChargeError:
        error = translate(
            failure, call, in_doubt=sending.in_doubt, asked_at=stand_in(self._settings.api_base)
        )
        _ended(sending, error_code(error), error.replayed, error.http_status, error.request_id)
        return error

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._wire.close()

    async def close_async(self) -> None:
        """Close the connections; the next call opens new ones."""
        await self._wire.close_async()


def _ended(
    sending: Sending,
    outcome: str,
    replayed: bool = False,
    http_status: int | None = None,
    request_id: str | None = None,
) -> None:
    answered = {"replayed": replayed, "http_status": http_status, "request_id": request_id}
    sending.watched.end(outcome=outcome, attempts=sending.attempts, **answered)


def _understood(error: Exception) -> stripe.StripeError:
    if isinstance(error, stripe.StripeError):
        return error
    # A client of the host's own may return anything, after the request was sent.
    return stripe.APIError(f"The answer could not be read ({type(error).__name__}).")
