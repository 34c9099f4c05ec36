"""Webhooks: what Stripe signed is read, typed; everything else ends in one of two errors."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from tests.rows import each_row
from tokencharge import (
    Charge,
    ChargeState,
    ConfigurationError,
    Customer,
    Event,
    InvalidEvent,
    InvalidSignature,
    Money,
    PaymentGateway,
    PaymentIntent,
    Refund,
)

SECRET = "whsec_first"
GATEWAY = PaymentGateway("sk_test_events", webhook_secret=f"{SECRET},whsec_second")
CHARGE = {"id": "ch_1", "object": "charge", "amount": 500, "currency": "usd"}


def event(about: Any, kind: str = "charge.refunded", **changes: Any) -> str:
    body = {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": 1_700_000_000,
        "data": {"object": about},
    }
    return json.dumps({**body, **changes})


def signed(payload: str, secret: str = SECRET, at: int | None = None) -> str:
    """Sign a payload as Stripe documents it: HMAC-SHA256 over the time and the body."""
    when = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{when}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={when},v1={digest}"


def read(payload: str, **how: Any) -> Event:
    return GATEWAY.parse_event(payload.encode(), signed(payload, **how))


@pytest.mark.skipif(
    not hasattr(stripe.WebhookSignature, "generate_signature_header"),
    reason="this stripe-python cannot sign yet",
)
def test_what_the_sdk_signs_is_read():
    """stripe-python's own signature for tests is as good as Stripe's."""
    payload = event(CHARGE)
    header = stripe.WebhookSignature.generate_signature_header(payload, SECRET)

    assert "evt_1" == GATEWAY.parse_event(payload.encode(), header).id


def test_an_event_about_an_intent_is_typed():
    """`payment_intent.*` holds a PaymentIntent."""
    intent = {
        "id": "pi_1",
        "object": "payment_intent",
        "status": "succeeded",
        "amount": 500,
        "currency": "usd",
    }

    assert (
        PaymentIntent.from_stripe(intent) == read(event(intent, "payment_intent.succeeded")).object
    )


@pytest.mark.parametrize("secret", ["whsec_first", "whsec_second"])
def test_what_stripe_signs_is_read(secret):
    """Either secret of an endpoint that is being rolled will do."""
    found = read(event(CHARGE), secret=secret)

    assert ("evt_1", "charge.refunded", False) == (found.id, found.type, found.livemode)
    assert Charge.from_stripe(CHARGE) == found.object
    assert found.created is not None
    assert 2023 == found.created.year
    assert "charge.refunded" in repr(found)
    assert "ch_1" not in repr(found)


@each_row(
    ("kind", "about", "expected"),
    [
        ("charge.failed", CHARGE, Charge),
        (
            "charge.refund.updated",
            {"id": "re_1", "object": "refund", "amount": 5, "currency": "usd"},
            Refund,
        ),
        ("customer.deleted", {"id": "cus_1", "object": "customer", "deleted": True}, Customer),
        ("charge.dispute.created", {"id": "dp_1", "object": "dispute"}, dict),
        ("customer.subscription.created", {"id": "sub_1", "object": "subscription"}, dict),
        ("balance.available", {"object": "balance"}, dict),
    ],
)
def test_the_object_is_typed_where_there_is_a_type_for_it(kind, about, expected):
    """What an event is about decides, not what the event is called."""
    assert expected is type(read(event(about, kind)).object)


@each_row("seconds", [-301, 301, -10_000_000, 10_000_000, 10**30])
def test_a_signature_from_another_time_is_refused(seconds):
    """An old one could be a replay, and so could one from the future when its time comes."""
    with pytest.raises(InvalidSignature, match="five minutes"):
        read(event(CHARGE), at=int(time.time()) + seconds)


@each_row("seconds", [-290, 0, 290])
def test_clocks_may_differ_a_little(seconds):
    """Five minutes either way are allowed."""
    assert "evt_1" == read(event(CHARGE), at=int(time.time()) + seconds).id


@each_row(
    "signature",
    [
        None,
        "",
        "t=1",
        "v1=aa",
        "t=,v1=aa",
        "t=x,v1=aa",
        "t=1,v1=\u00e9",
        "garbage",
        5,
        b"t=1,v1=aa",
        "t=1,,v1",
        "=,=",
    ],
)
def test_a_garbled_signature_is_refused(signature):
    """Whatever stands in the header, it is an InvalidSignature."""
    with pytest.raises(InvalidSignature):
        GATEWAY.parse_event(event(CHARGE).encode(), signature)


def test_a_signature_of_another_secret_or_body_is_refused():
    """The signature covers every byte, and only Stripe and we know the secret."""
    for header in (signed(event(CHARGE), "whsec_other"), signed(event(CHARGE) + " ")):
        with pytest.raises(InvalidSignature):
            GATEWAY.parse_event(event(CHARGE).encode(), header)


@each_row(
    "payload",
    [
        "not json",
        "[]",
        "null",
        '"text"',
        "{}",
        "[" * 100_000,
        event(CHARGE, object="v2.core.event"),
        event(CHARGE, id=""),
        event(CHARGE, type=None),
        event(CHARGE, data=None),
        event(CHARGE, data={"object": []}),
        event({"id": "ch_1", "object": "charge"}),
        event({"object": "customer"}),
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(payload):
    """Thin events, lists, charges without money: signed by Stripe, but not for this endpoint."""
    with pytest.raises(InvalidEvent):
        read(payload)


@each_row("payload", [None, "text", {"id": "evt_1"}, b"\xff\xfe", b" " * 1_048_577])
def test_a_body_that_is_not_raw_bytes_in_utf8_is_refused(payload):
    """A body parsed before, or one too large to be Stripe's, is not even looked at."""
    with pytest.raises(InvalidEvent):
        GATEWAY.parse_event(payload, "t=1,v1=aa")


def test_without_a_secret_nothing_is_believed():
    """An endpoint that cannot check signatures says so, and names the setting."""
    with pytest.raises(ConfigurationError, match="STRIPE_WEBHOOK_SECRET"):
        PaymentGateway("sk_test_events").parse_event(b"{}", "t=1,v1=aa")


@given(payload=st.binary(max_size=300), signature=st.one_of(st.none(), st.text(max_size=80)))
def test_no_input_ends_in_another_error(payload, signature):
    """Fuzzed bodies and headers end in our two errors and no other."""
    with pytest.raises((InvalidSignature, InvalidEvent)):
        GATEWAY.parse_event(payload, signature)


@given(
    body=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=10)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["id", "object", "type", "data", "amount", "currency"]),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=12,
    )
)
def test_any_signed_json_is_read_or_refused(body):
    """Whatever JSON Stripe may sign one day, it is an Event or an InvalidEvent."""
    payload = json.dumps(body)
    try:
        found = read(payload)
    except InvalidEvent:
        return

    assert isinstance(found, Event)


def test_money_in_an_event_is_money():
    """Amounts are Money here as everywhere."""
    found = read(event({**CHARGE, "amount_refunded": 200})).object

    assert isinstance(found, Charge)
    assert Money(200, "usd") == found.amount_refunded


def test_a_hold_that_expired_is_released():
    """Of that the event alone tells: the Charge looks as it did while the money was held."""
    held = {**CHARGE, "captured": False, "paid": True, "status": "succeeded"}

    told = [read(event(held, kind)).object for kind in ("charge.expired", "charge.updated")]

    assert [ChargeState.RELEASED, ChargeState.HELD] == [
        isinstance(each, Charge) and each.state for each in told
    ]
    assert isinstance(
        read(event({"object": "customer", "id": "cus_1"}, "charge.expired")).object, Customer
    )
