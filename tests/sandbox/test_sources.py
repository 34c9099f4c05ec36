"""The cards of a Customer of an old account, each under its own path."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.card_tokens


@pytest.fixture
def owner(client):
    """A customer with two cards, the first one the default, and their ids."""
    name = client.customer("tok_visa")
    first = client.get(f"/v1/customers/{name}").body["default_source"]
    second = client.post(f"/v1/customers/{name}/sources", {"card": "tok_amex"}).body["id"]
    return name, first, second


def test_a_card_is_looked_at(either, sandbox):
    """It shows what the bank said of it when it was attached."""
    name = either.customer(sandbox.create_token("5555555555554444", address_zip="10115"))
    (listed,) = either.get(f"/v1/customers/{name}/sources").body["data"]
    card = either.get(f"/v1/customers/{name}/sources/{listed['id']}").body

    assert listed == card
    assert ("card", name, "MasterCard", "pass", "pass", None) == tuple(
        card[field]
        for field in (
            "object",
            "customer",
            "brand",
            "cvc_check",
            "address_zip_check",
            "address_line1_check",
        )
    )


def test_a_card_may_come_with_metadata(client):
    """What is said of it is kept with it, whatever else is changed."""
    path = f"/v1/customers/{client.customer()}/sources"
    card = client.post(path, {"source": "tok_visa", "metadata[a]": "1"}).body
    seen = client.get(f"{path}/{card['id']}").body
    renamed = client.post(f"{path}/{card['id']}", {"name": "Ada"}).body

    assert {"a": "1"} == card["metadata"] == renamed["metadata"]
    assert card == seen


def test_a_card_can_be_changed(client, sandbox, owner):
    """When it expires, whose it is and where that is; the next
    charge says so, and an event tells it."""
    name, first, _ = owner
    path = f"/v1/customers/{name}/sources/{first}"
    before = client.get(path).body
    changes = {
        "exp_month": "3",
        "exp_year": "2040",
        "name": "Ada",
        "address_zip": "10115",
        "metadata[a]": "1",
    }
    after = client.post(path, changes).body
    event = sandbox.events[-1].raw
    charge = client.charge(first, customer=name).body

    assert {
        **before,
        "exp_month": 3,
        "exp_year": 2040,
        "name": "Ada",
        "address_zip": "10115",
        "metadata": {"a": "1"},
    } == after
    assert after == client.get(path).body
    assert ("customer.source.updated", after) == (event["type"], event["data"]["object"])
    assert (3, 2040) == (
        charge["source"]["exp_month"],
        charge["payment_method_details"]["card"]["exp_year"],
    )
    assert "Ada" == charge["billing_details"]["name"]


def test_a_card_is_taken_away(client, sandbox, owner):
    """A stub is left of it, and the next card is the default."""
    name, first, second = owner
    gone = client.delete(f"/v1/customers/{name}/sources/{first}").body
    again = client.delete(f"/v1/customers/{name}/sources/{first}")

    assert {"id": first, "object": "card", "deleted": True} == gone
    assert second == client.get(f"/v1/customers/{name}").body["default_source"]
    assert (404, f"No such source: '{first}'", "id") == (
        again.status,
        again.error["message"],
        again.error["param"],
    )
    assert ["customer.source.deleted", "customer.updated"] == [
        event.type for event in sandbox.events
    ][-2:]


def test_a_card_of_another_is_missing(client, owner):
    """Each customer sees its own cards; a deleted customer has none."""
    name, first, second = owner
    other = client.customer()
    answers = [
        send(path)
        for path in (
            f"/v1/customers/{other}/sources/{first}",
            f"/v1/customers/{name}/sources/card_1nothing",
            f"/v1/customers/cus_nobody/sources/{first}",
        )
        for send in (client.get, client.post, client.delete)
    ]
    client.delete(f"/v1/customers/{name}")

    assert [404] * 9 == [answer.status for answer in answers]
    assert 404 == client.get(f"/v1/customers/{name}/sources/{second}").status


def test_a_card_needs_a_source(client):
    """It is asked for by name."""
    answer = client.post(f"/v1/customers/{client.customer()}/sources")

    assert (400, "parameter_missing", "source") == (
        answer.status,
        answer.error["code"],
        answer.error["param"],
    )


def test_a_payment_method_is_no_source(client):
    """It is attached by other means, and the refusal says which."""
    answer = client.post(f"/v1/customers/{client.customer()}/sources", {"source": "pm_card_visa"})

    assert 400 == answer.status
    assert (
        "use the PaymentMethods API to Attach a Customer to a PaymentMethod"
        in answer.error["message"]
    )


def test_card_is_an_older_name_of_source(client, sandbox):
    """Customers and charges take both; where both are given, `source` counts."""
    name = client.customer(card="tok_amex")
    changed = client.post(f"/v1/customers/{name}", {"source": "tok_visa", "card": "tok_amex"}).body
    charge = client.post(
        "/v1/charges", {"amount": 500, "currency": "usd", "card": "tok_mastercard"}
    ).body
    (card,) = client.get(f"/v1/customers/{name}/sources").body["data"]

    assert ("card" in changed, "4242", "4444") == (False, card["last4"], charge["source"]["last4"])


def test_a_card_can_be_what_invoices_are_paid_with(client, owner):
    """Until it is taken away."""
    name, first, _ = owner
    settings = {"invoice_settings[default_payment_method]": first}
    chosen = client.post(f"/v1/customers/{name}", settings).body
    path = "invoice_settings.default_payment_method"
    seen = client.get(f"/v1/customers/{name}", {"expand[]": path}).body["invoice_settings"][
        "default_payment_method"
    ]
    client.delete(f"/v1/customers/{name}/sources/{first}")
    after = client.get(f"/v1/customers/{name}", {"expand[]": path}).body

    assert first == chosen["invoice_settings"]["default_payment_method"]
    assert (first, "payment_method") == (seen["id"], seen["object"])
    assert None is after["invoice_settings"]["default_payment_method"]


def test_a_card_that_is_gone_keeps_its_name(client, owner):
    """What names it can be read, and says the name where the card is asked for."""
    name, first, _ = owner
    paid = client.pay(first, customer=name).body["id"]
    client.delete(f"/v1/customers/{name}/sources/{first}")

    assert (
        first
        == client.get(f"/v1/payment_intents/{paid}", {"expand[]": "payment_method"}).body[
            "payment_method"
        ]
    )


def test_a_new_customer_may_have_a_card_and_a_method(client):
    """The card is the default source, the method is attached."""
    name = client.customer("tok_visa", payment_method="pm_card_amex")
    listed = client.get(f"/v1/customers/{name}/payment_methods").body["data"]

    assert {"0005", "4242"} == {each["card"]["last4"] for each in listed}
    assert client.get(f"/v1/customers/{name}").body["default_source"].startswith("card_1")
