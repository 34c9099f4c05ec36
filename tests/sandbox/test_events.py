"""What happens on the account becomes an event: which type,
about what, because of which request."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.curl import NOW, Client
from tokencharge import Charge, Event, Refund
from tokencharge.sandbox import Fault, Rules, Sandbox
from tokencharge.sandbox.state.record import LIMIT

pytestmark = pytest.mark.card_tokens

WEEK = 7 * 24 * 3600.0
HONEY = {"amount": 500, "currency": "usd", "source": "tok_visa"}


def types(client: Client) -> list[str]:
    return [event.type for event in client.sandbox.events]


def last(client: Client) -> dict[str, Any]:
    return dict(client.sandbox.events[-1].raw)


def test_a_customer_with_a_card(client: Client) -> None:
    """Making a Customer with a card is news of both; the Customer is shown as it is in the end."""
    name = client.customer("tok_visa", email="ada@example.com")
    made, card = client.sandbox.events

    assert ["customer.created", "customer.source.created"] == types(client)
    assert client.get(f"/v1/customers/{name}").body == made.raw["data"]["object"]
    assert name == card.raw["data"]["object"]["customer"]


def test_a_customer_without_a_card(client: Client) -> None:
    """Without a card there is news of the Customer alone."""
    client.customer(email="ada@example.com")

    assert ["customer.created"] == types(client)


def test_a_card_that_is_declined_makes_no_news(client: Client) -> None:
    """Where no Customer was made, nothing happened."""
    client.post("/v1/customers", {"source": "tok_chargeDeclined"})

    assert [] == types(client)


def test_an_updated_customer(client: Client) -> None:
    """An update tells what was otherwise before, and of metadata only the keys that changed."""
    name = client.customer(
        **{"email": "ada@example.com", "metadata[kept]": "1", "metadata[changed]": "1"}
    )
    client.post(
        f"/v1/customers/{name}",
        {"email": "eve@example.com", "metadata[changed]": "2", "metadata[new]": "1"},
    )
    data = last(client)["data"]

    assert "customer.updated" == last(client)["type"]
    assert "eve@example.com" == data["object"]["email"]
    assert {"email": "ada@example.com", "metadata": {"changed": "1", "new": None}} == data[
        "previous_attributes"
    ]


def test_an_update_that_changes_nothing_is_no_news(client: Client) -> None:
    """A Customer told to be what it is already is no event."""
    name = client.customer(email="ada@example.com")
    client.post(f"/v1/customers/{name}", {"email": "ada@example.com"})

    assert ["customer.created"] == types(client)


def test_a_new_default_card(client: Client) -> None:
    """A new `source` takes the old card's place: one goes, one comes, and
    the Customer has another default."""
    name = client.customer("tok_visa")
    client.post(f"/v1/customers/{name}", {"source": "tok_mastercard"})
    gone, come, updated = client.sandbox.events[2:]

    assert ["customer.source.deleted", "customer.source.created", "customer.updated"] == types(
        client
    )[2:]
    old = gone.raw["data"]["object"]["id"]
    new = come.raw["data"]["object"]["id"]
    assert new == updated.raw["data"]["object"]["default_source"]
    assert {"default_source": old} == updated.raw["data"]["previous_attributes"]


def test_cards_added(client: Client) -> None:
    """The first card becomes the Customer's default, which is news of
    the Customer; the second does not."""
    name = client.customer()
    client.post(f"/v1/customers/{name}/sources", {"source": "tok_visa"})
    client.post(f"/v1/customers/{name}/sources", {"source": "tok_mastercard"})

    assert [
        "customer.created",
        "customer.source.created",
        "customer.updated",
        "customer.source.created",
    ] == types(client)


def test_a_deleted_customer(client: Client) -> None:
    """What is told of a deleted Customer is what it was; its cards go first."""
    name = client.customer("tok_visa", email="ada@example.com")
    client.delete(f"/v1/customers/{name}")

    assert ["customer.source.deleted", "customer.deleted"] == types(client)[2:]
    assert "ada@example.com" == last(client)["data"]["object"]["email"]


def test_a_charge_that_succeeds(client: Client) -> None:
    """A Charge is one event, and shows the Charge as it was answered."""
    answer = client.charge()

    assert ["charge.succeeded"] == types(client)
    assert answer.body == last(client)["data"]["object"]


def test_a_charge_that_fails(client: Client) -> None:
    """A decline that leaves a failed Charge is news of that
    Charge; one that leaves none is no news."""
    error = client.charge("tok_chargeDeclined").error
    client.sandbox.faults.add(Fault.declined(leaves_charge=False))
    client.charge()

    assert ["charge.failed"] == types(client)
    assert error["charge"] == last(client)["data"]["object"]["id"]


def test_authorized_and_captured(client: Client) -> None:
    """An authorization is a success, its capture another event."""
    name = client.charge(capture="false").body["id"]
    client.post(f"/v1/charges/{name}/capture")
    authorized, captured = (event.object for event in client.sandbox.events)

    assert ["charge.succeeded", "charge.captured"] == types(client)
    assert isinstance(authorized, Charge)
    assert isinstance(captured, Charge)
    assert (False, True) == (authorized.captured, captured.captured)


def test_captured_in_part(client: Client) -> None:
    """Of a part captured the rest is let go, which no event tells."""
    name = client.charge(capture="false").body["id"]
    client.post(f"/v1/charges/{name}/capture", {"amount": 300})

    assert ["charge.succeeded", "charge.captured"] == types(client)


@pytest.mark.parametrize("capture", ["true", "false"])
def test_refunded_or_voided(capture: str, client: Client) -> None:
    """Money given back and an authorization let go are both a Refund made and a Charge refunded."""
    name = client.charge(capture=capture).body["id"]
    answer = client.post("/v1/refunds", {"charge": name})
    _, made, refunded = client.sandbox.events

    assert ["charge.succeeded", "refund.created", "charge.refunded"] == types(client)
    assert answer.body == made.raw["data"]["object"]
    assert isinstance(refunded.object, Charge)
    assert refunded.object.refunded


def test_an_authorization_that_lapses(client: Client) -> None:
    """After seven days it expires by itself: no request is behind that."""
    client.charge(capture="false")
    client.sandbox.advance(WEEK)

    assert ["charge.succeeded", "charge.expired"] == types(client)
    assert {"id": None, "idempotency_key": None} == last(client)["request"]
    assert NOW + WEEK == last(client)["created"]


@pytest.mark.parametrize(
    ("token", "kinds", "status"),
    [
        ("tok_visa", ["refund.updated", "charge.refund.updated"], "succeeded"),
        ("tok_pendingRefund", ["refund.updated", "charge.refund.updated"], "succeeded"),
        ("tok_refundFail", ["refund.failed"], "failed"),
    ],
)
def test_a_refund_that_moves(token: str, kinds: list[str], status: str, client: Client) -> None:
    """The bank names every Refund a little later; some test cards'
    Refunds get another status by that."""
    name = client.charge(token).body["id"]
    client.post("/v1/refunds", {"charge": name})
    before = types(client)
    client.sandbox.advance(Rules().booking_time)
    event = client.sandbox.events[-1]

    assert ["charge.succeeded", "refund.created", "charge.refunded"] == before
    assert [*before, *kinds] == types(client)
    assert isinstance(event.object, Refund)
    assert status == event.object.status


def test_a_refund_that_is_named(client: Client) -> None:
    """What the bank's name for a Refund changes is told, and no request is behind it."""
    name = client.charge().body["id"]
    client.post("/v1/refunds", {"charge": name})
    client.sandbox.advance(Rules().booking_time)
    event = last(client)

    assert {
        "destination_details": {"card": {"reference": None, "reference_status": "pending"}}
    } == event["data"]["previous_attributes"]
    assert {"id": None, "idempotency_key": None} == event["request"]


def test_a_dispute(client: Client) -> None:
    """A disputed Charge is told at once, by events about the Dispute, which
    names the Charge and takes its money."""
    name = client.charge("tok_createDispute").body["id"]
    made, withdrawn = (event.raw["data"]["object"] for event in client.sandbox.events[1:])

    assert [
        "charge.succeeded",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
    ] == types(client)
    assert ("dispute", name, 500, "usd") == tuple(
        made[key] for key in ("object", "charge", "amount", "currency")
    )
    assert [] == made["balance_transactions"]
    assert [-500] == [each["amount"] for each in withdrawn["balance_transactions"]]


def test_an_inquiry(client: Client) -> None:
    """A bank that only asks takes no money."""
    client.charge("tok_visa_createDisputeInquiry")

    assert ["charge.succeeded", "charge.dispute.created"] == types(client)


def test_a_dispute_of_a_hold(client: Client) -> None:
    """It waits until there is money to dispute."""
    name = client.charge("tok_createDispute", capture="false").body["id"]
    before = types(client)
    client.post(f"/v1/charges/{name}/capture")

    assert ["charge.succeeded"] == before
    assert [
        "charge.captured",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
    ] == types(client)[1:]


def test_an_updated_charge(client: Client) -> None:
    """What a Charge says can be changed, and that is told."""
    name = client.charge().body["id"]
    client.post(f"/v1/charges/{name}", {"description": "Honey"})
    data = last(client)["data"]

    assert "charge.updated" == last(client)["type"]
    assert ("Honey", {"description": None}) == (
        data["object"]["description"],
        data["previous_attributes"],
    )


def test_an_event_shows_what_was_then(client: Client) -> None:
    """A later change leaves earlier events as they are."""
    name = client.charge().body["id"]
    before = client.sandbox.events[0].raw
    client.post("/v1/refunds", {"charge": name})

    assert before == client.sandbox.events[0].raw
    assert not before["data"]["object"]["refunded"]


def test_a_replay_makes_no_event(client: Client) -> None:
    """A request answered from the idempotency store does nothing, so nothing happened."""
    for _ in range(2):
        client.post("/v1/charges", HONEY, key="a key")
        client.post("/v1/charges", {**HONEY, "source": "tok_chargeDeclined"}, key="another")

    assert ["charge.succeeded", "charge.failed"] == types(client)


def test_a_lost_answer_makes_one(client: Client) -> None:
    """What was executed happened, whether or not its answer arrived."""
    client.sandbox.lose_next_answer()
    with pytest.raises(OSError, match="lose answer"):
        client.charge()

    assert ["charge.succeeded"] == types(client)


def test_the_body_of_an_event(client: Client) -> None:
    """An event names the request behind it, and looks like Stripe's."""
    answer = client.post("/v1/charges", HONEY, key="a key")
    event = last(client)
    about = event.pop("data")
    name = event.pop("id")

    assert name.startswith("evt_")
    assert {"object": answer.body} == about
    assert {
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": NOW,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": answer.headers["request-id"], "idempotency_key": "a key"},
        "type": "charge.succeeded",
    } == event


def test_events_are_read_back(either: Client) -> None:
    """The API lists events, newest first, and shows each."""
    either.charge()
    name = either.charge("tok_chargeDeclined").error["charge"]
    listed = either.get("/v1/events").body

    assert ("list", "/v1/events", False) == (listed["object"], listed["url"], listed["has_more"])
    assert ["charge.failed", "charge.succeeded"] == [each["type"] for each in listed["data"]]
    assert name == listed["data"][0]["data"]["object"]["id"]
    for each in listed["data"]:
        assert each == either.get(f"/v1/events/{each['id']}").body


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("charge.failed", ["charge.failed"]),
        ("charge.*", ["charge.failed", "charge.succeeded"]),
        ("customer.*", []),
    ],
)
def test_events_are_listed_by_type(wanted: str, found: list[str], client: Client) -> None:
    """A type may have a `*` in it; types nobody has met list nothing."""
    client.charge()
    client.charge("tok_chargeDeclined")

    assert found == [
        each["type"] for each in client.get("/v1/events", {"type": wanted}).body["data"]
    ]


def test_an_unknown_event_is_missing(client: Client) -> None:
    """An event that is not remembered is a 404 like any other."""
    client.charge()
    answer = client.get("/v1/events/evt_1")

    assert (404, "resource_missing") == (answer.status, answer.error["code"])


def test_the_record_is_bounded(client: Client) -> None:
    """Only the newest 10,000 events are remembered."""
    name = client.customer()
    for number in range(LIMIT):
        client.post(f"/v1/customers/{name}", {"description": str(number)})
    events = client.sandbox.events

    assert LIMIT == len(events)
    assert {"customer.updated"} == {event.type for event in events}


def test_ids_are_the_same_with_the_same_seed() -> None:
    """A seed decides the ids of events too."""

    def ids() -> list[str]:
        client = Client(Sandbox(clock=lambda: float(NOW), seed=1, rules=Rules(card_tokens=True)))
        client.charge()
        return [event.id for event in client.sandbox.events]

    assert ids() == ids()
    assert 1 == len(ids())


def test_events_are_typed(client: Client) -> None:
    """What tests look at are the events that `parse_event` returns."""
    client.charge()
    (event,) = client.sandbox.events

    assert isinstance(event, Event)
    assert client.sandbox.charges == [event.object]
