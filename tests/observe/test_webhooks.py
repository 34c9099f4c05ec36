"""Log records of webhooks: one for each event that was delivered, whatever became of it."""

from __future__ import annotations

import pytest

from tests.observe.told import fields
from tokencharge import Event, Money, PaymentGateway
from tokencharge.sandbox import Sandbox
from tokencharge.webhooks import Handlers, MemoryStore, Webhooks

FIVE = Money(500, "usd")


class Shop:
    """A shop whose endpoint has been told what to do with refunds."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.gateway = PaymentGateway(
            sandbox.secret_key,
            webhook_secret=sandbox.webhook_secret,
            http_client=sandbox.http_client(),
        )
        self.fails = False
        handlers = Handlers()
        handlers("charge.refunded")(self.handle)
        self.webhooks = Webhooks(self.gateway, handlers.of, MemoryStore())

    def handle(self, event: Event) -> None:
        if self.fails:
            raise ZeroDivisionError

    def hear(self, **about: object) -> int:
        body = {
            "id": "evt_1",
            "object": "event",
            "type": "charge.refunded",
            "data": {"object": {}},
            **about,
        }
        return self.webhooks.answer(*self.sandbox.signed(body)).status


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    return Shop(sandbox)


def test_an_event_that_was_handled(shop, records):
    """Which event, of what type, about which order's charge, and that it was
    handled; the second time, that it was."""
    charge = shop.gateway.charge("tok_visa", "ada@example.com", FIVE, order_id="order-1").charge
    digest = fields(records[-1])["order_digest"]
    records.clear()
    statuses = [shop.hear(data={"object": charge.raw}) for _ in range(2)]
    told = [fields(record) for record in records]

    assert [200, 200] == statuses
    assert [
        {
            "event": "charge.refunded",
            "event_id": "evt_1",
            "outcome": outcome,
            "charge_id": charge.id,
            "order_digest": digest,
            "ms": each["ms"],
        }
        for outcome, each in zip(["handled", "duplicate"], told, strict=True)
    ] == told
    assert (
        f"Webhook: handled (charge.refunded, order {digest}, {charge.id}, evt_1, {told[0]['ms']}"
        " ms)"
    ) == records[0].getMessage()


def test_an_event_nobody_handles(shop, records):
    """An event is told, whoever wants it; what has not the form of a type or an id is not."""
    statuses = [
        shop.hear(type="payout.paid"),
        shop.hear(type="payout of ada@example.com", id="tok_1"),
    ]

    assert [200, 200] == statuses
    assert [("unhandled", "payout.paid", "evt_1"), ("unhandled", None, None)] == [
        tuple(fields(record).get(name) for name in ("outcome", "event", "event_id"))
        for record in records
    ]


def test_a_handler_that_failed(shop, records):
    """The record says so, beside the one that has the traceback."""
    shop.fails = True

    assert 500 == shop.hear()
    assert [None, "handler_failed"] == [fields(record).get("outcome") for record in records]
