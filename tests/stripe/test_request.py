"""A Call as an HTTP request: what Stripe is sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe
from hypothesis import given
from hypothesis import strategies as st

from tests.flows.line import Line
from tokencharge import Money
from tokencharge._stripe import FunctionClient
from tokencharge._stripe.request import encoded
from tokencharge.sandbox import Sandbox

ADA = "ada@example.com"

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=1, max_size=9)
VALUES = st.text(st.characters(codec="utf-8"), max_size=9) | st.integers() | st.booleans()
PARAMS = st.recursive(
    st.dictionaries(NAMES, VALUES | st.none(), max_size=4),
    lambda inner: st.dictionaries(
        NAMES, VALUES | inner | st.lists(st.text("abc.", min_size=1), max_size=3), max_size=4
    ),
)


@given(PARAMS)
def test_a_form_says_what_the_sdk_would_have_it_say(params: dict[str, Any]) -> None:
    """Stripe decodes the same fields from it as from stripe-python's."""
    sent: list[str] = []

    def keep(method: str, url: str, headers: object, body: str) -> Any:
        sent.append(body)
        return b"{}", 200, {}

    client = stripe.StripeClient("sk_test_1", http_client=FunctionClient(keep))
    client.raw_request("post", "/v1/x", params=params)
    theirs = [
        (name.removeprefix("params[").replace("]", "", 1), value)
        for name, value in parse_qsl(sent[0], keep_blank_values=True)
    ]
    ours = parse_qsl(encoded(params), keep_blank_values=True)

    assert sorted(theirs) == sorted(ours)


def test_what_every_request_says_of_itself() -> None:
    """The key, the version of the API, and who sends it; a form only where one is sent."""
    line = Line(Sandbox())
    payment = line.gateway().charge("tok_visa", ADA, Money(500, "usd"), metadata={"a b": "ü&="})
    line.gateway().get_charge(payment.charge.id)
    *posts, get = line.sent
    paid = dict(parse_qsl(posts[-1].body.decode()))

    assert {f"Bearer {line.sandbox.secret_key}"} == {
        each.headers["authorization"] for each in line.sent
    }
    assert {"2026-10-28.endive"} == {each.headers["stripe-version"] for each in line.sent}
    assert all(each.headers["user-agent"].startswith("tokencharge/") for each in line.sent)
    assert ["application/x-www-form-urlencoded"] * len(posts) == [
        each.headers["content-type"] for each in posts
    ]
    assert len(posts) == len({each.headers["idempotency-key"] for each in posts})
    assert not {"content-type", "idempotency-key"} & set(get.headers)
    assert ("ü&=", "usd") == (paid["metadata[a b]"], paid["currency"])
    assert "payment_intent" == dict(parse_qsl(urlsplit(f"?{get.query}").query))["expand[0]"]
