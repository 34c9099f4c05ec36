"""The sandbox tells of what happens in the order in which Stripe does."""

from __future__ import annotations

from tests.recorded.scene import Fact, Scene, facts
from tests.rows import each_row


@each_row("fact", facts("events"))
def test_events_come_in_stripes_order(fact: Fact) -> None:
    """A request, or the time before it, makes the recorded events
    and no other, one after the other."""
    scene = Scene()
    scene.make(fact)
    before = _events(scene)
    scene.play(fact)
    told = _events(scene)[len(before) :]

    assert list(fact.says) == [event["type"] for event in told]


def test_what_was_deleted_or_detached_is_told_whole() -> None:
    """The event of a deletion shows the customer as it was, and that
    of a detachment whose the card was."""
    scene = Scene()
    customer = scene.ask("GET customers/{customer}").body
    scene.ask("POST payment_methods/{card}/detach")
    detached = _events(scene)[-1]
    scene.ask("DELETE customers/{customer}")
    deleted = _events(scene)[-1]

    assert customer == deleted["data"]["object"]
    assert customer["id"] == detached["data"]["previous_attributes"]["customer"]
    assert detached["data"]["object"]["customer"] is None


def test_an_attachment_is_told_without_what_was_before() -> None:
    """The event of an attached card has no previous attributes."""
    scene = Scene()
    scene.filled("{card}")

    assert "payment_method.attached" == _events(scene)[-1]["type"]
    assert {"object"} == _events(scene)[-1]["data"].keys()


def test_an_event_names_its_key_and_waits_for_nobody() -> None:
    """A POST's key is told, a DELETE has none; where there is
    no endpoint, no webhook is pending."""
    scene = Scene()
    scene.ask("POST customers Idempotency-Key:k-1 email=ada@example.com")
    scene.ask("DELETE customers/{customer} Idempotency-Key:k-2")
    made, _, deleted = _events(scene)

    assert ("k-1", None) == (
        made["request"]["idempotency_key"],
        deleted["request"]["idempotency_key"],
    )
    assert {0} == {event["pending_webhooks"] for event in _events(scene)}


def _events(scene: Scene) -> list[dict]:
    """What happened so far, oldest first."""
    return list(reversed(scene.ask("GET events limit=100").body["data"]))
