"""Confirmation tokens: made in the browser, good for one confirmation."""

from __future__ import annotations

import pytest

from tests.sandbox.curl import NOW

CARD = {
    "payment_method_data[type]": "card",
    "payment_method_data[card][number]": "5555555555554444",
    "payment_method_data[card][exp_month]": "12",
    "payment_method_data[card][exp_year]": "2030",
    "payment_method_data[card][cvc]": "123",
    "payment_method_data[billing_details][name]": "Ada",
}
HOUR = 3600


def test_a_browser_makes_one(either):
    """It previews the card, says for how long it is good, and stands for no intent yet."""
    form = {
        **CARD,
        "return_url": "https://example.com/",
        "setup_future_usage": "off_session",
        "use_stripe_sdk": "true",
    }
    token = either.post(
        "/v1/confirmation_tokens", form, auth="Bearer pk_test_tokenchargeSandboxKey0001"
    ).body
    preview = token["payment_method_preview"]

    assert token["id"].startswith("ctoken_1")
    assert (
        "confirmation_token",
        NOW,
        NOW + 12 * HOUR,
        None,
        "https://example.com/",
        "off_session",
        True,
    ) == tuple(
        token[name]
        for name in (
            "object",
            "created",
            "expires_at",
            "payment_intent",
            "return_url",
            "setup_future_usage",
            "use_stripe_sdk",
        )
    )
    assert ("card", "mastercard", "4444", "Ada") == (
        preview["type"],
        preview["card"]["brand"],
        preview["card"]["last4"],
        preview["billing_details"]["name"],
    )
    assert token == either.get(f"/v1/confirmation_tokens/{token['id']}").body


def test_a_test_makes_one_of_a_payment_method(client):
    """The test helper takes a PaymentMethod too, the magic ones among them."""
    form = {
        "payment_method": "pm_card_visa",
        "setup_future_usage": "off_session",
        "return_url": "https://example.com/",
    }
    token = client.post("/v1/test_helpers/confirmation_tokens", form).body

    assert ("4242", False) == (
        token["payment_method_preview"]["card"]["last4"],
        token["use_stripe_sdk"],
    )
    assert (
        401
        == client.post(
            "/v1/test_helpers/confirmation_tokens",
            form,
            auth="Bearer pk_test_tokenchargeSandboxKey0001",
        ).status
    )
    for neither in ({}, {**CARD, "payment_method": "pm_card_visa"}):
        assert 400 == client.post("/v1/test_helpers/confirmation_tokens", neither).status


def test_it_confirms_one_intent(either, sandbox):
    """What the browser said counts where the request says nothing;
    the card becomes a PaymentMethod."""
    customer = either.customer()
    token = sandbox.create_confirmation_token(
        "5555555555554444",
        return_url="https://example.com/",
        setup_future_usage="off_session",
        name="Ada",
    )
    intent = either.post(
        "/v1/payment_intents", {"amount": 500, "currency": "usd", "customer": customer}
    ).body["id"]
    paid = either.confirm(intent, confirmation_token=token).body
    method = either.get(f"/v1/payment_methods/{paid['payment_method']}").body

    assert ("succeeded", "off_session") == (paid["status"], paid["setup_future_usage"])
    assert ("4444", "Ada", customer) == (
        method["card"]["last4"],
        method["billing_details"]["name"],
        method["customer"],
    )
    assert intent == either.get(f"/v1/confirmation_tokens/{token}").body["payment_intent"]


def test_it_confirms_an_intent_as_it_is_made(client, sandbox):
    """`confirm=true` takes one too, and what the request says wins."""
    token = sandbox.create_confirmation_token(setup_future_usage="off_session")
    form = {
        "customer": client.customer(),
        "setup_future_usage": "on_session",
        "confirmation_token": token,
    }
    paid = client.intent(confirm="true", **form).body

    assert ("succeeded", "on_session") == (paid["status"], paid["setup_future_usage"])
    assert paid["id"] == client.get(f"/v1/confirmation_tokens/{token}").body["payment_intent"]


@pytest.mark.parametrize(
    ("number", "status"),
    [("4242424242424242", 200), ("4000000000000002", 402), ("4000002760003184", 200)],
)
def test_it_is_good_for_one_confirmation(client, sandbox, number, status):
    """Paid, declined or asked for authentication: the second time it is 400."""
    token = sandbox.create_confirmation_token(number)
    first = client.intent(confirm="true", confirmation_token=token)
    second = client.confirm(client.intent().body["id"], confirmation_token=token)

    assert (status, 400) == (first.status, second.status)
    assert second.error["message"].startswith(
        "The confirmation token has already been used to confirm a previous PaymentIntent"
    )
    assert "confirmation_token" == second.error["param"]


def test_a_refused_confirmation_does_not_use_it_up(client, sandbox):
    """Where nothing was tried, it is as good as before."""
    token = sandbox.create_confirmation_token()
    paid = client.pay().body["id"]

    assert 400 == client.confirm(paid, confirmation_token=token).status
    assert 200 == client.intent(confirm="true", confirmation_token=token).status


def test_it_expires_after_twelve_hours(client, sandbox):
    """Then it is 400."""
    tokens = [sandbox.create_confirmation_token() for _ in range(2)]
    sandbox.advance(12 * HOUR - 1)
    good = client.intent(confirm="true", confirmation_token=tokens[0])
    sandbox.advance(1)
    expired = client.intent(confirm="true", confirmation_token=tokens[1])

    assert (200, 400, "confirmation_token") == (good.status, expired.status, expired.error["param"])
    assert "expired" in expired.error["message"]


def test_an_unknown_one_is_missing(client):
    """400 in a form, 404 in a path."""
    used = client.intent(confirm="true", confirmation_token="ctoken_1nothing")
    looked_at = client.get("/v1/confirmation_tokens/ctoken_1nothing")

    assert [
        (400, "resource_missing", "confirmation_token"),
        (404, "resource_missing", "confirmation_token"),
    ] == [
        (answer.status, answer.error["code"], answer.error["param"]) for answer in (used, looked_at)
    ]
    assert "No such confirmation_token: 'ctoken_1nothing'" == used.error["message"]


def test_it_is_no_payment_method(client, sandbox):
    """Each has a parameter of its own, and only one of them may be given."""
    token = sandbox.create_confirmation_token()

    assert "resource_missing" == client.pay(token).error["code"]
    assert 400 == client.pay(confirmation_token=token).status


def test_create_confirmation_token_says_what_is_wrong(sandbox):
    """A card that Stripe.js would refuse is a ValueError; nothing is on the record."""
    with pytest.raises(ValueError, match=r"^Your card number is incorrect\.$"):
        sandbox.create_confirmation_token("4242424242424241")

    assert [] == sandbox.requests
