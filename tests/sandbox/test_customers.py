"""Customers and the cards they hold."""

from __future__ import annotations

import pytest

from tests.sandbox.curl import NOW


@pytest.mark.card_tokens
def test_a_customer_is_made_with_a_card(either, sandbox):
    """E-mail, metadata and a token make a customer whose default card is the token's."""
    token = sandbox.create_token()
    card = either.get(f"/v1/tokens/{token}").body["card"]["id"]
    customer = either.post(
        "/v1/customers", {"email": "ada@example.com", "source": token, "metadata[order_id]": "7"}
    ).body

    assert customer["id"].startswith("cus_")
    assert ("customer", NOW, False, "ada@example.com", card, {"order_id": "7"}) == tuple(
        customer[name] for name in ("object", "created", "livemode", "email", "default_source", "metadata")
    )
    assert "sources" not in customer
    assert customer == either.get(f"/v1/customers/{customer['id']}").body


def test_a_customer_may_be_empty(client):
    """Nothing is required."""
    customer = client.post("/v1/customers").body

    assert (None, None, {}) == (customer["email"], customer["default_source"], customer["metadata"])


def test_one_address_may_have_many_customers(client):
    """E-mail addresses are not unique."""
    first, second = (client.customer(email="ada@example.com") for _ in range(2))

    assert first != second


def test_a_customer_can_be_changed(client):
    """An update changes what it names; empty values unset."""
    name = client.customer(email="ada@example.com", name="Ada", **{"metadata[a]": "1", "metadata[b]": "2"})
    changes = {"email": "countess@example.com", "name": "", "metadata[a]": "", "metadata[c]": "3"}
    changed = client.post(f"/v1/customers/{name}", changes).body

    assert ("countess@example.com", None, {"b": "2", "c": "3"}) == (
        changed["email"],
        changed["name"],
        changed["metadata"],
    )
    assert {} == client.post(f"/v1/customers/{name}", {"metadata": ""}).body["metadata"]


def test_metadata_cannot_grow_past_fifty_keys(client):
    """The limit counts what is there already."""
    name = client.customer(**{f"metadata[{n}]": "v" for n in range(50)})
    answer = client.post(f"/v1/customers/{name}", {"metadata[one more]": "v"})

    assert (400, "metadata") == (answer.status, answer.error["param"])


@pytest.mark.card_tokens
def test_a_card_is_added_without_changing_the_default(either):
    """The first card added is the default; later ones are not."""
    name = either.customer()
    first = either.post(f"/v1/customers/{name}/sources", {"source": "tok_visa"}).body
    second = either.post(f"/v1/customers/{name}/sources", {"source": "tok_mastercard"}).body
    listed = either.get(f"/v1/customers/{name}/sources", {"object": "card"}).body

    assert (name, "card", "MasterCard") == (second["customer"], second["object"], second["brand"])
    assert first["id"] == either.get(f"/v1/customers/{name}").body["default_source"]
    assert [second["id"], first["id"]] == [card["id"] for card in listed["data"]]
    assert f"/v1/customers/{name}/sources" == listed["url"]


@pytest.mark.card_tokens
def test_a_declined_card_is_not_added(client):
    """A decline at attach leaves the customer as it was."""
    name = client.customer("tok_visa")
    before = client.get(f"/v1/customers/{name}").body
    answer = client.post(f"/v1/customers/{name}/sources", {"source": "tok_chargeDeclined"})

    assert (402, "") == (answer.status, answer.error["param"])
    assert before == client.get(f"/v1/customers/{name}").body
    assert 1 == len(client.get(f"/v1/customers/{name}/sources").body["data"])


@pytest.mark.card_tokens
def test_updating_the_source_deletes_the_old_default(client):
    """A new `source` takes the place of the default card, which is gone."""
    name = client.customer("tok_visa")
    old = client.get(f"/v1/customers/{name}").body["default_source"]
    new = client.post(f"/v1/customers/{name}", {"source": "tok_amex"}).body["default_source"]
    charge = client.charge(old, customer=name)

    assert [new] == [card["id"] for card in client.get(f"/v1/customers/{name}/sources").body["data"]]
    assert (404, "resource_missing", "card") == (charge.status, charge.error["code"], charge.error["param"])


@pytest.mark.card_tokens
def test_updating_the_source_of_a_customer_without_one_adds_it(client):
    """Where there is no default card there is none to delete."""
    name = client.customer()

    assert client.post(f"/v1/customers/{name}", {"source": "tok_visa"}).body["default_source"].startswith("card_1")


@pytest.mark.card_tokens
def test_the_default_can_be_one_of_the_customers_cards_only(client):
    """`default_source` takes a card that is there; any other is an unknown source."""
    name = client.customer("tok_visa")
    card = client.post(f"/v1/customers/{name}/sources", {"source": "tok_visa"}).body["id"]
    changed = client.post(f"/v1/customers/{name}", {"default_source": card})
    refused = client.post(f"/v1/customers/{name}", {"default_source": "card_1nobody"})

    assert card == changed.body["default_source"]
    assert (400, "source") == (refused.status, refused.error["param"])


def test_an_unknown_customer_is_404(client):
    """In a path, an unknown id is 404."""
    for answer in (
        client.get("/v1/customers/cus_nobody"),
        client.post("/v1/customers/cus_nobody"),
        client.delete("/v1/customers/cus_nobody"),
        client.post("/v1/customers/cus_nobody/sources", {"source": "tok_visa"}),
        client.get("/v1/customers/cus_nobody/sources"),
    ):
        assert 404 == answer.status
        assert {
            "type": "invalid_request_error",
            "code": "resource_missing",
            "message": "No such customer: 'cus_nobody'",
            "param": "id",
        } == answer.error


@pytest.mark.card_tokens
def test_a_deleted_customer_leaves_a_stub(either):
    """It can be read, and nothing else; its charges stay."""
    name = either.customer("tok_visa", email="ada@example.com")
    either.post("/v1/charges", {"customer": name, "amount": 500, "currency": "usd"})
    stub = {"id": name, "object": "customer", "deleted": True}

    assert stub == either.delete(f"/v1/customers/{name}").body
    assert stub == either.get(f"/v1/customers/{name}").body
    assert 404 == either.post(f"/v1/customers/{name}", {"name": "Ada"}).status
    assert 404 == either.delete(f"/v1/customers/{name}").status
    assert [] == either.get("/v1/customers").body["data"]
    assert 400 == either.charge(customer=name).status
    assert 1 == len(either.get("/v1/charges", {"customer": name}).body["data"])
