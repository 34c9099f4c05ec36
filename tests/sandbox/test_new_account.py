"""An account of 2026: card tokens are refused at Customers and
Charges, and the way is PaymentMethods."""

from __future__ import annotations

import pytest

from tests.sandbox.curl import Client

pytestmark = pytest.mark.card_tokens(False)

END_OF_LIFE = {
    "message": (
        "Card Token usage on the Customers API and Charges API has reached end of life. In order"
        " to continue processing your payments, you will need to use the Payment Intents and"
        " Payment Methods API. Read more about what you should do here:"
        " https://docs.stripe.com/payments/payment-methods/integration-options. If you need to"
        " continue to use Card Tokens on the Customers and Charges API, enable this functionality"
        " in your API policies settings:"
        " https://dashboard.stripe.com/settings/developers/api-policies"
    ),
    "type": "invalid_request_error",
}


@pytest.mark.parametrize("name", ["source", "card"])
@pytest.mark.parametrize("path", ["customers", "customers/:id", "customers/:id/sources", "charges"])
def test_card_tokens_are_refused(client, sandbox, path, name):
    """Wherever a token could be a source, it is 400 to the letter; nothing
    is made and the token is not spent."""
    owner, token = client.customer(), sandbox.create_token()
    form = {"amount": 500, "currency": "usd"} if path == "charges" else {}
    answer = client.post(f"/v1/{path.replace(':id', owner)}", {**form, name: token})

    assert (400, END_OF_LIFE) == (answer.status, answer.error)
    assert ([owner], []) == ([each.id for each in sandbox.customers], sandbox.charges)
    assert not client.get(f"/v1/tokens/{token}").body["used"]


def test_a_token_beside_a_customer_is_refused_too(client):
    """The token decides, before it is asked whose it is."""
    answer = client.charge("tok_visa", customer=client.customer())

    assert END_OF_LIFE == answer.error


def test_an_unknown_token_is_refused_like_any_other(client):
    """Nobody looks for it."""
    assert END_OF_LIFE == client.post("/v1/customers", {"source": "tok_1nothing"}).error


def test_a_payment_method_is_no_source_anyway(client):
    """A customer's `source` cannot be one, and the refusal says what to do."""
    answer = client.post("/v1/customers", {"source": "pm_card_visa"})

    assert 400 == answer.status
    assert answer.error["message"].startswith(
        "You cannot use a PaymentMethod as a source for Customers."
    )


def test_a_customer_has_nothing_to_charge(client, sandbox):
    """Charging one is 402, and the answer tells whether a PaymentMethod is attached."""
    owner = client.customer()
    form = {"customer": owner, "amount": 500, "currency": "usd"}
    without = client.post("/v1/charges", form)
    method = client.post("/v1/payment_methods/pm_card_visa/attach", {"customer": owner}).body["id"]
    with_one = [
        client.post("/v1/charges", form),
        client.post("/v1/charges", {**form, "payment_method": method}),
    ]

    assert [402] * 3 == [answer.status for answer in (without, *with_one)]
    assert {
        "code": "missing",
        "message": (
            "This Customer doesn't have any saved payment details. Attach a legacy Token, Card,"
            " Bank Account, or Source to this Customer and then try this request again, or use"
            " Payment Intents and Payment Methods instead."
        ),
        "param": "card",
        "type": "card_error",
    } == without.error
    for answer in with_one:
        assert {
            "code": "missing",
            "message": (
                "This Customer doesn't have any legacy saved payment details, but does have a"
                " Payment Method attached. Use a Payment Intent instead of creating a Charge:"
                " https://stripe.com/docs/payments/payment-intents/migration"
            ),
            "param": "card",
            "type": "card_error",
        } == answer.error
    assert [] == sandbox.charges


@pytest.mark.parametrize("attach", [True, False])
def test_a_token_pays_by_way_of_a_payment_method(either: Client, sandbox, attach):
    """Token, PaymentMethod, Customer, PaymentIntent: paid once, whether or
    not the method was attached first."""
    token = sandbox.create_token("5555555555554444")
    method = either.post("/v1/payment_methods", {"type": "card", "card[token]": token}).body["id"]
    owner = either.customer(email="ada@example.com")
    if attach:
        either.post(f"/v1/payment_methods/{method}/attach", {"customer": owner})
    paid = either.pay(method, customer=owner).body
    again = either.pay(method, customer=owner)
    kept = either.get("/v1/payment_methods", {"customer": owner}).body["data"]

    assert ("succeeded", 500, owner, method) == tuple(
        paid[name] for name in ("status", "amount_received", "customer", "payment_method")
    )
    assert either.get(f"/v1/tokens/{token}").body["used"]
    assert (200 if attach else 400) == again.status
    assert ([method] if attach else []) == [each["id"] for each in kept]
    assert [(500, "4444", owner)] * (2 if attach else 1) == [
        (charge.amount.minor, charge.card and charge.card.last4, charge.customer_id)
        for charge in sandbox.charges
    ]


def test_a_method_that_was_declined_is_of_no_use_any_more(client):
    """Unattached, it is burnt by the decline: the recorded 400 has neither code nor param."""
    method = client.post(
        "/v1/payment_methods", {"type": "card", "card[token]": "tok_visa_chargeDeclined"}
    ).body["id"]
    declined = client.pay(method, customer=client.customer())
    again = client.confirm(declined.error["payment_intent"]["id"], method)

    assert (402, 400) == (declined.status, again.status)
    assert {"message", "payment_intent", "type"} == again.error.keys()
    assert again.error["message"].endswith("you must attach it to a Customer first.")


def test_the_account_can_be_allowed_to_go_on(client, sandbox):
    """Its owner can switch card tokens on again."""
    sandbox.rules.card_tokens = True

    assert 200 == client.charge().status
