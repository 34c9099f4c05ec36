"""Who receives webhooks: by hand on the plain SDK, and with tokencharge.

Each reads a delivery (`read`: verified, and the object it is about), or does all that
an endpoint does with it (`handle`: calls a handler once for each event). Both return
the event's id.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from threading import Lock
from typing import Any

from . import ANSWERS

SECRET = "whsec_5Hd2kQ9vR3tXy7ZbN1mC"

Delivery = tuple[bytes, str]


def deliveries() -> Iterator[Delivery]:
    """Make one delivery after another, signed now, of a payment's event."""
    from tokencharge.sandbox import Sandbox

    sandbox = Sandbox(webhook_secret=SECRET)
    event = json.loads((ANSWERS / "event.json").read_bytes())
    for number in itertools.count():
        yield sandbox.signed({**event, "id": f"evt_3SWk{number:016d}"})


class ByHandReceiver:
    """An endpoint that keeps the ids it has seen in its memory."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.seen: set[str] = set()
        self.lock = Lock()
        self.paid: dict[str, str] = {}

    def read(self, delivery: Delivery) -> str:
        return str(self.client.construct_event(*delivery, SECRET).id)

    def handle(self, delivery: Delivery) -> str:
        event = self.client.construct_event(*delivery, SECRET)
        with self.lock:
            if event.id in self.seen:
                return str(event.id)
            self.seen.add(event.id)
        if event.type == "charge.succeeded":
            self.paid["last"] = event.data.object.id
        return str(event.id)


class OurReceiver:
    """An endpoint by the rules of `tokencharge.webhooks`, with its default store."""

    def __init__(self, gateway: Any) -> None:
        from tokencharge.webhooks import Handlers, MemoryStore, Webhooks

        self.gateway = gateway
        self.paid: dict[str, str] = {}
        on = Handlers()
        on("charge.succeeded")(self.remember)
        self.webhooks = Webhooks(gateway, on.of, MemoryStore())

    def remember(self, event: Any) -> None:
        self.paid["last"], self.paid["event"] = event.object.id, event.id

    def read(self, delivery: Delivery) -> str:
        return str(self.gateway.parse_event(*delivery).id)

    def handle(self, delivery: Delivery) -> str:
        reply = self.webhooks.answer(*delivery)
        if reply.payload["outcome"] != "handled":
            raise ValueError(reply)
        return self.paid["event"]
