"""Webhooks without a framework: call each handler once per event, return a Reply."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar
from uuid import uuid4

import attrs

from ._drive import drive, drive_async, take
from ._event_store import EventStore, MemoryStore
from ._observe import watch_webhook
from .errors import ConfigurationError, InvalidEvent, InvalidSignature, error_code
from .events import EVENT_LIMIT, Event
from .gateway import Gateway
from .results import Charge
from .web.handlers import TAKEN, Handler, Handlers
from .web.reply import CAREFUL, Reply

__all__ = [
    "EVENT_LIMIT",
    "KEEP",
    "LEASE",
    "EventStore",
    "Handler",
    "Handlers",
    "MemoryStore",
    "Webhooks",
]

Handle = Callable[[Any], object]
Steps = Generator[Callable[[], Any], Any, Reply]
F = TypeVar("F", bound=Callable[..., Any])

LEASE = 300
"""Seconds for which a handler has an event to itself.

If its process has died, another process gets the event after that time.
"""

KEEP = 7 * 24 * 3600
"""Seconds for which handled events are remembered.

Stripe repeats a delivery for three days.
"""

_DONE, _NEW, _BUSY, _FAILED = "done", "new", "busy", "failed"

logger = logging.getLogger("tokencharge")


def _call(function: Handle, about: Any) -> object:
    return function(about)


def _do(step: Callable[[], Any]) -> Any:
    return step()


@attrs.frozen
class Webhooks:
    """The rules of the endpoint.

    A handler is done with an event once it has returned. If it raised, Stripe is asked
    to deliver the event again. Then it is called again, and the handlers that are done
    are not.

    Args:
        gateway: Its secrets verify the event, and its mode counts.
        handlers: Returns the handlers for events of a type.
        store: Remembers which handler is done with which event.
        call: Calls a handler's function with an event.
    """

    gateway: Gateway
    handlers: Callable[[str], list[Handler]]
    store: EventStore
    call: Callable[[Handle, Any], object] = _call

    def answer(self, body: bytes, signature: str | None) -> Reply:
        """Answer a delivery.

        Args:
            body: As received. A body longer than `EVENT_LIMIT` need not be read to its
                end.
            signature: The `Stripe-Signature` header.
        """
        steps = self.steps(body, signature)
        # This frame is in the traceback of what a handler raises, so it drops their
        # values.
        del body, signature
        return drive(steps, _do)

    async def answer_async(
        self, body: bytes, signature: str | None, do: Callable[[Callable[[], Any]], Awaitable[Any]]
    ) -> Reply:
        """Answer a delivery, awaiting `do` for each step."""
        steps = self.steps(body, signature)
        del body, signature
        return await drive_async(steps, do)

    def steps(self, body: bytes, signature: str | None) -> Steps:
        """Answer a delivery for a driver.

        The driver calls what is yielded, and sends back the result.
        """
        began = time.monotonic()
        event = self._read(body, signature)
        if isinstance(event, Reply):
            return event
        reply = yield from self._deliver(event)
        outcome = (
            reply.payload["outcome"] if reply.status == 200 else reply.payload["error"]["code"]
        )
        watch_webhook(event, outcome, began=began)
        return reply

    def _read(self, body: bytes, signature: str | None) -> Event | Reply:
        try:
            return self.gateway.parse_event(body, signature)
        except ConfigurationError as error:
            # Not 500: no handler failed. Not 4xx: Stripe did nothing wrong. Stripe
            # delivers again, for days, after any answer but 2xx. So an event is lost
            # only if nobody sets the secret.
            logger.error("No webhook can be verified: %s", error)  # noqa: TRY400 - it says all
            return _unavailable("configuration_error")
        except (InvalidSignature, InvalidEvent) as error:
            logger.warning("A webhook was refused: %s", error)
            return _problem(400, error_code(error), error.message)

    def _deliver(self, event: Event) -> Steps:
        reply = self._of_the_other_mode(event)
        if reply is not None:
            return reply
        handlers = self.handlers(event.type)
        if not handlers:
            return _received("unhandled")
        try:
            return (yield from self._handle(event, handlers))
        except Exception:
            logger.exception("The event store failed (event %s, %s).", event.id, event.type)
            return _unavailable("event_store_failed")

    def _of_the_other_mode(self, event: Event) -> Reply | None:
        """Answer an event whose mode is not the gateway's, if that has one."""
        settings = self.gateway.settings
        ours = {True: "live", False: "test", None: settings.mode}[settings.livemode]
        its = "live" if event.livemode else "test"
        if ours in (None, its):
            return None
        if its == "test":
            # To a live endpoint for connected accounts, Stripe also sends their test
            # events, and says to look at livemode
            # (https://docs.stripe.com/connect/webhooks). Test money pays no order.
            return _received("ignored")
        # Stripe never does the reverse: a live endpoint's secret was set beside a test
        # key. Real money must not pass unnoticed, so Stripe is to deliver the event
        # until that is fixed.
        logger.error(
            "A live event was delivered to a gateway with a test key (event %s, %s): "
            "take keys and webhook secret from one mode.",
            event.id,
            event.type,
        )
        return _unavailable("configuration_error")

    def paid(self, charge: Charge, do: Callable[[Callable[[], Any]], Any] = _do) -> None:
        """Call the handlers of payments for one that the page has just found paid.

        A handler that a webhook called first is not called again. What a handler raises
        is logged, and Stripe's webhook calls it again.

        Args:
            charge: The payment's Charge. One that only holds money is ignored.
            do: Carries out a step, and waits for what is async.
        """
        if not _is_taken(charge):
            return
        try:
            for handler in self.handlers(TAKEN[0]):
                if handler.paid:
                    drive(self._once(handler, charge, charge.id), do)
        except Exception:
            logger.exception(
                "The event store failed (charge %s): a webhook is to tell of the payment.",
                charge.id,
            )

    def _handle(self, event: Event, handlers: list[Handler]) -> Steps:
        said = set()
        for handler in handlers:
            about: Any = event
            if handler.paid:
                about = event.object
                if not isinstance(about, Charge) or not _is_taken(about):
                    continue
            said.add((yield from self._once(handler, about, f"event {event.id}, {event.type}")))
            if _BUSY in said:
                break
        if _FAILED in said:
            return _problem(500, "handler_failed", "A handler failed: deliver the event again.")
        if _BUSY in said:
            return _problem(
                409,
                "event_in_progress",
                "Another delivery is being handled: deliver the event again.",
            )
        return _received("handled" if _NEW in said else "duplicate" if said else "unhandled")

    def _once(
        self, handler: Handler, about: Event | Charge, named: str
    ) -> Generator[Callable[[], Any], Any, str]:
        """Call a handler, unless it is done with the event or still running."""
        store = self.store
        # By the event's own id, never by its type and object: two refunds of one charge
        # have the same.
        name = f"{'paid ' if handler.paid else ''}{about.id} {handler.name}".encode(
            errors="surrogatepass"
        )
        key, claim = f"tokencharge-{sha256(name).hexdigest()[:40]}", uuid4().hex
        if not take((yield partial(store.add, key, claim, LEASE))):
            # Whichever process has it may still fail, or be dead.
            return _DONE if _text(take((yield partial(store.get, key)))) == _DONE else _BUSY
        try:
            take((yield partial(self.call, handler.function, about)))
        except Exception:
            logger.exception("The handler %s failed (%s).", handler.name, named)
            # Not another's claim, after a lease that ran out.
            if _text(take((yield partial(store.get, key)))) == claim:
                take((yield partial(store.delete, key)))
            return _FAILED
        take((yield partial(store.set, key, _DONE, KEEP)))
        return _NEW


def _is_taken(charge: Charge) -> bool:
    return charge.paid and charge.captured and charge.status == "succeeded"


def _text(kept: str | bytes | None) -> str | None:
    return kept.decode() if isinstance(kept, bytes) else kept


def _received(outcome: str) -> Reply:
    return Reply(200, {"outcome": outcome}, None, {}, CAREFUL)


def _problem(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"error": {"code": code, "message": message}}, None, {}, CAREFUL)


def _unavailable(code: str) -> Reply:
    return _problem(503, code, "No event can be taken now, the log says why: deliver it again.")
