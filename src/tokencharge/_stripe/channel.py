"""Carry out a flow: send its Calls to Stripe, and send it Answers or our errors."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import stripe

from .._drive import Failed, drive, drive_async, take
from .._flows import Answer, Call, Flow, Pause
from .._observe import Watched, watch_operation, watch_request
from .._secrets import redact_body
from ..errors import OutcomeUnknown, TokenChargeError, error_code
from ..results import Charge
from ..settings import Settings, stand_in
from .request import written
from .translate import decoded, presentable, refused, translate, unreadable
from .transport import Sent, within
from .tries import Sending, Steps, Wire

T = TypeVar("T")


class Channel:
    """The way to one Stripe account. Safe to share among threads and across a fork."""

    def __init__(self, settings: Settings, http_client: stripe.HTTPClient) -> None:
        self._settings = settings
        self._wire = Wire(http_client, settings.timeout, settings.max_retries)

    def run(self, flow: Flow[T]) -> T:
        """Send a flow's requests and wait its pauses; return what it returns.

        Raises:
            TokenChargeError: From the flow. For a request that failed, it is translated
                from one of stripe-python's errors, its cause.
        """
        return drive(self._carried_out(flow), self._wire.do)

    def run_async(self, flow: Flow[T]) -> Coroutine[Any, Any, T]:
        """Run a flow as `run` does, awaited."""
        return drive_async(self._carried_out(flow), self._wire.do_async)

    @contextmanager
    def operation(self, name: str) -> Iterator[Watched]:
        """Watch the operation in the block, and allow it its time.

        Its result is to be set on what the block is given.
        """
        with within(self._settings.timeout), watch_operation(name) as watched:
            yield watched

    def _carried_out(self, flow: Flow[T]) -> Steps[T]:
        """Yield what a flow wants done: each try of a request, and each pause."""
        try:
            step = next(flow)
            while True:
                step = flow.send((yield from self._done(flow, step)))
        except StopIteration as stop:
            end: T = stop.value
            return end

    def _done(self, flow: Flow[T], step: Call | Pause) -> Steps[Answer | Failed | None]:
        if isinstance(step, Pause):
            # If no request could follow a pause, there is none: the next request is
            # sent at once.
            seconds = step.seconds if self._wire.has_time_for(step.seconds) else 0.0
            # What ends it early, such as a time limit of Celery's, is raised here: a
            # flow looks at no pause's result.
            take((yield Pause(seconds)))
            return None
        try:
            return (yield from self._exchanged(step))
        except TokenChargeError as error:
            return Failed(error)
        except BaseException as stopped:
            unknown = _unknown(flow, step)
            unknown.__cause__ = stopped.__cause__
            raise stopped from unknown

    def _exchanged(self, call: Call) -> Steps[Answer]:
        sending = Sending(written(call, self._settings), watch_request(call))
        outcome: Answer | stripe.StripeError
        try:
            sent = yield from self._wire.tries(sending)
        except stripe.StripeError as error:
            outcome = error
        except BaseException:
            _ended(sending, "cancelled")
            raise
        else:
            outcome = self._read(sending, sent)
            if isinstance(outcome, Answer):
                _, status, headers = sent
                _ended(sending, "ok", outcome.found, status, headers.get("request-id"))
                return outcome
        # Outside the except block: inside it, Python would keep the unscrubbed error as
        # the context of the new one.
        raise self._failed(call, sending, outcome) from presentable(outcome)

    def _read(self, sending: Sending, sent: Sent) -> Answer | stripe.StripeError:
        body, status, headers = sent
        try:
            if not 200 <= status < 300:
                text = body if isinstance(body, str) else body.decode("utf-8", "replace")
                # Stripe's errors repeat tokens and e-mails.
                return refused(redact_body(text), status, headers)
            found = decoded(body)
        except Exception as error:  # noqa: BLE001
            # A client of the host's own may return anything.
            return stripe.APIError(f"The answer could not be read ({type(error).__name__}).")
        if found is None:
            return unreadable(body, status, headers)
        # A replay that follows a try of this same call may repeat this call's own first
        # success.
        replayed = headers.get("idempotent-replayed") == "true"
        return Answer(found, replayed, own=sending.in_doubt, date=headers.get("date") or "")

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


def _unknown(flow: Flow[Any], call: Call) -> TokenChargeError:
    """Return what is to be known of a flow that was stopped while a request was out.

    It may have charged. The flow adds the order and the Customer that it knows.
    """
    unknown = OutcomeUnknown(
        "The call was stopped while a request was out: call again.", step=call.step
    )
    try:
        flow.send(Failed(unknown))
    except StopIteration as end:
        # Only `charge` goes on after an error: when it forgets the card that has paid.
        paid: Charge = end.value.charge
        unknown.charge_id, unknown.customer_id = paid.id, paid.customer_id
        unknown.order_id = paid.order_id
    except TokenChargeError:
        pass  # It is `unknown`: the flow has said on it how far it got.
    return unknown
