"""Parameters that are no good are refused, each in Stripe's way, and not remembered."""

from __future__ import annotations

import pytest

from tests.rows import each_row

pytestmark = pytest.mark.card_tokens

GOOD = {"amount": "500", "currency": "usd", "source": "tok_visa"}


def refused(answer):
    assert 400 == answer.status
    assert "invalid_request_error" == answer.error["type"]
    return answer.error.get("code"), answer.error.get("param")


@each_row(
    ("changes", "code", "param"),
    [
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"idempotency_key": "k"}, "parameter_unknown", "idempotency_key"),
        ({"payment_method_types[]": "card"}, "parameter_unknown", "payment_method_types"),
        ({"amount": "0"}, "parameter_invalid_integer", "amount"),
        ({"amount": "-99"}, "parameter_invalid_integer", "amount"),
        ({"amount": "10.5"}, "parameter_invalid_integer", "amount"),
        ({"amount": "1_000"}, "parameter_invalid_integer", "amount"),
        ({"amount": ""}, "parameter_invalid_empty", "amount"),
        ({"amount": "100000000"}, "amount_too_large", "amount"),
        ({"amount": "49"}, "amount_too_small", "amount"),
        ({"amount": "29", "currency": "gbp"}, "amount_too_small", "amount"),
        ({"currency": ""}, "parameter_invalid_empty", "currency"),
        ({"currency": "usdz"}, None, "currency"),
        ({"source": ""}, None, "source"),
        ({"source[number]": "4242424242424242"}, None, "source"),
        ({"capture": "maybe"}, None, "capture"),
        ({"receipt_email": "nobody"}, "email_invalid", "receipt_email"),
        ({"statement_descriptor_suffix": "x" * 23}, None, "statement_descriptor_suffix"),
        ({"statement_descriptor_suffix": "#96054"}, None, "statement_descriptor_suffix"),
        ({"statement_descriptor_suffix": "1 \u00e9"}, None, "statement_descriptor_suffix"),
        (
            {"statement_descriptor_suffix": "TEA \u6ce8"},
            "invalid_characters",
            "statement_descriptor_suffix",
        ),
        (
            {"statement_descriptor_suffix": "TEA*1"},
            "invalid_characters",
            "statement_descriptor_suffix",
        ),
        ({"metadata": "text"}, None, "metadata"),
        ({"metadata[a][b]": "text"}, None, "metadata"),
        ({"metadata[" + "k" * 41 + "]": "v"}, None, "metadata"),
        ({"metadata[k]": "v" * 501}, None, "metadata"),
        ({f"metadata[{n}]": "v" for n in range(51)}, None, "metadata"),
        ({"expand": "customer"}, None, "expand"),
        ({"expand[]": "nothing"}, None, "expand"),
    ],
)
def test_a_bad_parameter_of_a_charge_is_400(client, sandbox, changes, code, param):
    """Each bad parameter is named, with Stripe's code for it, and nobody is charged."""
    before = len(sandbox.charges)
    answer = client.post("/v1/charges", {**GOOD, **changes})

    assert (code, param) == refused(answer)
    assert [] == sandbox.charges[before:]


@pytest.mark.parametrize("name", ["amount", "currency"])
def test_a_missing_parameter_is_400(client, name):
    """What a charge cannot do without is asked for by name."""
    answer = client.post("/v1/charges", {key: value for key, value in GOOD.items() if key != name})

    assert ("parameter_missing", name) == refused(answer)
    assert f"Missing required param: {name}." == answer.error["message"]


def test_a_charge_needs_a_source_or_a_customer(client):
    """Somebody has to pay; a PaymentMethod does not count here, though it may be named."""
    for form in ({}, {"payment_method": "pm_card_visa"}):
        answer = client.post("/v1/charges", {"amount": 500, "currency": "usd", **form})

        assert ("parameter_missing", None) == refused(answer)
        assert "Must provide source or customer." == answer.error["message"]


def test_an_empty_source_is_none(client):
    """It is worded as one of the wrong kind."""
    messages = {
        client.charge(**form).error["message"] for form in ({"source": ""}, {"source[x]": "1"})
    }

    assert {
        (
            "Invalid source object: must be a dictionary or a non-empty string."
            " See API docs at https://stripe.com/docs'"
        )
    } == messages


def test_currencies_may_be_upper_case(client):
    """USD is usd."""
    assert "usd" == client.charge(currency="USD").body["currency"]


def test_a_currency_without_a_minimum_takes_one_minor_unit(client):
    """Stripe's table of minimums does not have every currency."""
    assert 1 == client.charge(currency="twd", amount=1).body["amount"]


@each_row(
    ("changes", "code", "param"),
    [
        ({"email": "nobody"}, "email_invalid", "email"),
        ({"email": "a@" + "b" * 511}, None, "email"),
        ({"name": "x" * 257}, None, "name"),
    ],
)
def test_a_bad_parameter_of_a_customer_is_400(client, sandbox, changes, code, param):
    """An e-mail needs an @ and has an end."""
    before = len(sandbox.customers)
    assert (code, param) == refused(client.post("/v1/customers", changes))
    assert [] == sandbox.customers[before:]


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({}, "parameter_missing", "card"),
        ({"card": "4242424242424242"}, None, "card"),
        ({"card[number]": "4242424242424242"}, "parameter_missing", "card[exp_month]"),
        ({"card[number]": "4242424242424242", "card[pin]": "1"}, "parameter_unknown", "card[pin]"),
        ({"card[number][x]": "1"}, None, "card[number]"),
    ],
)
def test_a_nested_parameter_is_named_with_its_parents(client, form, code, param):
    """Inside `card`, names are written as they were sent."""
    assert (code, param) == refused(client.post("/v1/tokens", form))


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ({"limit": "abc"}, "parameter_invalid_integer", "limit"),
        ({"limit": ""}, "parameter_invalid_empty", "limit"),
        ({"starting_after": ""}, "parameter_invalid_empty", "starting_after"),
        ({"created[gte]": "now"}, "parameter_invalid_integer", "created[gte]"),
        ({"created[since]": "1"}, "parameter_unknown", "created[since]"),
        ({"email": "a@example.com"}, "parameter_unknown", "email"),
    ],
)
def test_a_bad_parameter_of_a_list_is_400(client, query, code, param):
    """Lists check their parameters too."""
    assert (code, param) == refused(client.get("/v1/charges", query))


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ({"wat": "1", "colour": "red"}, "wat, colour"),
        ({"metadata[a]": "1", "wat": "1", "fraud_details[nope]": "1"}, "wat, fraud_details[nope]"),
    ],
)
def test_all_unknown_parameters_are_named(client, form, names):
    """Several are named together, nested ones with their parents; the first is the one at fault."""
    answer = client.post(f"/v1/charges/{client.charge().body['id']}", form)

    assert ("parameter_unknown", "wat") == refused(answer)
    assert f"Received unknown parameters: {names}" == answer.error["message"]


@pytest.mark.parametrize(
    ("said", "captured"), [("True", True), ("False", False), ("true", True), ("false", False)]
)
def test_booleans_may_have_a_capital(client, said, captured):
    """Older SDKs in Python and .NET send them so."""
    assert captured is client.charge(capture=said).body["captured"]


def test_a_later_scalar_takes_the_place_of_a_nested_parameter(client):
    """A name sent both ways is read as it was sent last."""
    answer = client.send(
        "POST", "/v1/charges", body="amount=500&currency=usd&source=tok_visa&source[x]=1"
    )

    assert (None, "source") == refused(answer)


def test_broken_utf_8_is_text_like_any_other(client):
    """Bytes that are not UTF-8 are replaced, as the form decoder does."""
    charge = client.send(
        "POST", "/v1/charges", body="amount=500&currency=usd&source=tok_visa&description=%ff"
    )

    assert "\N{REPLACEMENT CHARACTER}" == charge.body["description"]


def test_unknown_parameters_are_told_before_bad_ones(client):
    """Whatever else is wrong with a request, an unknown parameter comes first, a nested one too."""
    bad = {"amount": "x", "currency": "usd"}

    assert "nope" == client.post("/v1/payment_intents", {**bad, "nope": "1"}).error["param"]
    assert (
        "shipping[nope]"
        == client.post("/v1/payment_intents", {**bad, "shipping[nope]": "1"}).error["param"]
    )
    assert "amount" == client.post("/v1/payment_intents", bad).error["param"]
