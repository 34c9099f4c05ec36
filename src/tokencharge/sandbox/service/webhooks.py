"""Webhooks: the account's events, signed and sent to an endpoint."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import attrs

from ... import Event
from ..language import sender
from .engine import Engine

Receive = Callable[[bytes, dict[str, str]], "int | None"]
"""Takes a webhook's body and headers, and returns the status of the answer.

None means that there was no answer.
"""

_TIMEOUT = 10.0


@attrs.frozen
class Delivery:
    """One attempt to send an event.

    Attributes:
        event: The event.
        attempt: 1 the first time, more for a retry.
        status: The status that the endpoint answered; None if it did not.
    """

    event: Event
    attempt: int
    status: int | None

    @property
    def accepted(self) -> bool:
        """Whether the endpoint answered 2xx; otherwise Stripe tries again."""
        return self.status is not None and 200 <= self.status < 300


def signed(event: Mapping[str, Any], secrets: str) -> tuple[bytes, str]:
    """Return a webhook's body, and its signature by each of the secrets.

    The signature has this machine's time, whatever the sandbox's is: the endpoint
    compares it with its own.
    """
    # Printed over several lines, as Stripe does: an endpoint fails that parses the body
    # before it checks the signature.
    body = json.dumps(event, indent=2).encode()
    now = int(time.time())
    message = f"{now}.".encode() + body
    # In test mode Stripe adds a signature of a made-up scheme, which endpoints must
    # ignore.
    keys = [("v1", part.strip()) for part in secrets.split(",")] + [("v0", "")]
    digests = [
        f"{scheme}={hmac.new(key.encode(), message, hashlib.sha256).hexdigest()}"
        for scheme, key in keys
    ]
    return body, ",".join([f"t={now}", *digests])


def post_to(url: str, *, anywhere: bool) -> Receive:
    """Return a callable that sends webhooks to a URL.

    Raises:
        ValueError: The URL is not valid, or it leads to another machine and `anywhere`
            is not set.
    """
    checked = sender.checked(url, anywhere=anywhere)

    def post(body: bytes, headers: dict[str, str]) -> int | None:
        try:
            return sender.send("POST", checked, headers, body, _TIMEOUT)[0]
        except OSError:
            return None

    return post


class WebhookSender:
    """Sends an endpoint the events from now on; `Sandbox.webhooks` makes it.

    Nothing is sent in the background. `deliver` sends the new events, and so does the
    end of a `with` block, unless it ends in an exception.

    Attributes:
        sent: All deliveries, oldest first.
    """

    def __init__(
        self,
        engine: Engine,
        receive: Receive,
        sign: Callable[[Event], tuple[bytes, str]],
        sleep: Callable[[float], None],
        *,
        types: Sequence[str],
        copies: int,
        shuffle: int | None,
        retries: Sequence[float],
        on_delivery: Callable[[Delivery], None] | None,
    ) -> None:
        self.sent: list[Delivery] = []
        self._engine = engine
        self._receive = receive
        self._sign = sign
        self._sleep = sleep
        self._types = types
        self._copies = copies
        self._shuffle = None if shuffle is None else random.Random(shuffle)
        self._waits = (0.0, *retries)
        self._on_delivery = on_delivery
        self._seen = engine.account.record.count
        self._waiting: deque[Event] = deque()

    def deliver(self) -> list[Delivery]:
        """Send the new events, and return their deliveries.

        New events that the endpoint itself causes wait for the next time. An exception
        of a callable endpoint is passed on; the event is sent again the next time.
        """
        self._waiting.extend(self._news())
        before = len(self.sent)
        while self._waiting:
            self._send(self._waiting[0])
            self._waiting.popleft()
        return self.sent[before:]

    def __enter__(self) -> WebhookSender:
        return self

    def __exit__(self, kind: object, error: object, *_: object) -> None:
        if error is None:
            self.deliver()

    def _news(self) -> list[Event]:
        self._seen, happenings = self._engine.happenings(self._seen)
        news = [
            Event.from_stripe(each.event())
            for each in happenings
            if any(fnmatchcase(each.type, pattern) for pattern in self._types)
            for _ in range(self._copies)
        ]
        if self._shuffle is not None:
            self._shuffle.shuffle(news)
        return news

    def _send(self, event: Event) -> None:
        for attempt, wait in enumerate(self._waits, 1):
            if wait:
                self._sleep(wait)
            delivery = Delivery(event, attempt, self._status(event))
            self.sent.append(delivery)
            if self._on_delivery is not None:
                self._on_delivery(delivery)
            if delivery.accepted:
                return

    def _status(self, event: Event) -> int | None:
        body, signature = self._sign(event)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature,
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        return self._receive(body, headers)
