"""Customers and the cards they hold."""

from __future__ import annotations

import pytest

from tests.rows import each_row
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
        customer[name]
        for name in ("object", "created", "livemode", "email", "default_source", "metadata")
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
    name = client.customer(
        email="ada@example.com", name="Ada", **{"metadata[a]": "1", "metadata[b]": "2"}
    )
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

    assert [new] == [
        card["id"] for card in client.get(f"/v1/customers/{name}/sources").body["data"]
    ]
    assert (404, "resource_missing", "card") == (
        charge.status,
        charge.error["code"],
        charge.error["param"],
    )


@pytest.mark.card_tokens
def test_updating_the_source_of_a_customer_without_one_adds_it(client):
    """Where there is no default card there is none to delete."""
    name = client.customer()

    assert (
        client.post(f"/v1/customers/{name}", {"source": "tok_visa"})
        .body["default_source"]
        .startswith("card_1")
    )


@pytest.mark.card_tokens
def test_the_default_can_be_one_of_the_customers_cards_only(client):
    """`default_source` takes a card that is there; any other is an unknown source."""
    name = client.customer("tok_visa")
    card = client.post(f"/v1/customers/{name}/sources", {"source": "tok_visa"}).body["id"]
    changed = client.post(f"/v1/customers/{name}", {"default_source": card})
    refused = client.post(f"/v1/customers/{name}", {"default_source": "card_1nobody"})

    assert card == changed.body["default_source"]
    assert (400, "source") == (refused.status, refused.error["param"])


def test_a_customer_is_made_with_a_payment_method(either, sandbox):
    """It is attached, and is no default by that."""
    token = either.post("/v1/payment_methods", {"type": "card", "card[token]": "tok_visa"}).body[
        "id"
    ]
    customer = either.post("/v1/customers", {"payment_method": token}).body
    (method,) = either.get(f"/v1/customers/{customer['id']}/payment_methods").body["data"]

    assert (token, customer["id"], "pass") == (
        method["id"],
        method["customer"],
        method["card"]["checks"]["cvc_check"],
    )
    assert (None, None) == (
        customer["default_source"],
        customer["invoice_settings"]["default_payment_method"],
    )
    assert ["customer.created", "payment_method.attached"] == [
        event.type for event in sandbox.events
    ]


@pytest.mark.parametrize(
    ("method", "status", "code", "param"),
    [
        ("pm_card_chargeDeclined", 402, "card_declined", ""),
        ("pm_card_chargeDeclinedIncorrectCvc", 402, "incorrect_cvc", "cvc"),
        ("pm_1nothing", 400, "resource_missing", "payment_method"),
        ("tok_visa", 400, None, "payment_method"),
    ],
)
def test_without_its_payment_method_there_is_no_customer(
    client, sandbox, method, status, code, param
):
    """One whose bank objects is 402 as at attaching; nobody is made."""
    answer = client.post("/v1/customers", {"payment_method": method})

    assert (status, code, param) == (answer.status, answer.error.get("code"), answer.error["param"])
    assert [] == sandbox.customers


def test_a_method_of_another_cannot_be_had(client, sandbox):
    """What belongs to somebody is not given to a new customer."""
    owner = client.customer()
    method = client.post("/v1/payment_methods/pm_card_visa/attach", {"customer": owner}).body["id"]

    assert 400 == client.post("/v1/customers", {"payment_method": method}).status
    assert [owner] == [each.id for each in sandbox.customers]


@pytest.mark.parametrize("magic", [True, False])
def test_a_new_customers_method_may_pay_its_invoices(client, magic):
    """The default for invoices can be the method that is attached
    in the same request, and no other."""
    name = "pm_card_visa" if magic else client.get("/v1/payment_methods/pm_card_visa").body["id"]
    setting = "invoice_settings[default_payment_method]"
    customer = client.post("/v1/customers", {"payment_method": name, setting: name}).body
    (method,) = client.get(f"/v1/customers/{customer['id']}/payment_methods").body["data"]
    refused = client.post("/v1/customers", {setting: method["id"]})

    assert method["id"] == customer["invoice_settings"]["default_payment_method"]
    assert (400, "resource_missing", setting) == (
        refused.status,
        refused.error["code"],
        refused.error["param"],
    )


def test_what_invoices_are_paid_with_can_be_chosen(client, sandbox):
    """One of the customer's methods, or none; a detached one is it no longer."""
    owner, other = client.customer(), client.customer()
    mine, foreign = (
        client.post("/v1/payment_methods/pm_card_visa/attach", {"customer": name}).body["id"]
        for name in (owner, other)
    )
    path, setting = f"/v1/customers/{owner}", "invoice_settings[default_payment_method]"
    chosen = client.post(path, {setting: mine, "invoice_settings[footer]": "Thanks"}).body[
        "invoice_settings"
    ]
    told = sandbox.events[-1].raw["data"]["previous_attributes"]
    strange, unknown = (client.post(path, {setting: name}) for name in (foreign, "pm_1nothing"))
    unset = client.post(path, {setting: ""}).body["invoice_settings"]
    client.post(path, {setting: mine})
    client.post(f"/v1/payment_methods/{mine}/detach")

    assert {
        "custom_fields": None,
        "default_payment_method": mine,
        "footer": "Thanks",
        "rendering_options": None,
    } == chosen
    assert {"invoice_settings": {"default_payment_method": None, "footer": None}} == told
    assert [(400, "resource_missing", setting)] * 2 == [
        (answer.status, answer.error["code"], answer.error["param"])
        for answer in (strange, unknown)
    ]
    assert (None, "Thanks") == (unset["default_payment_method"], unset["footer"])
    assert None is client.get(path).body["invoice_settings"]["default_payment_method"]


def test_a_customer_may_have_a_name_of_the_shops_own(client):
    """`id` is taken once, and stays taken."""
    first = client.post("/v1/customers", {"id": "cus_mine"})
    again = client.post("/v1/customers", {"id": "cus_mine"})
    client.delete("/v1/customers/cus_mine")
    gone = client.post("/v1/customers", {"id": "cus_mine"})

    assert (200, "cus_mine") == (first.status, first.body["id"])
    assert [(400, "resource_already_exists")] * 2 == [
        (answer.status, answer.error["code"]) for answer in (again, gone)
    ]


def test_a_customer_says_how_it_is_spoken_to_and_taxed(client):
    """Locales are a list, `tax_exempt` is one of three words; both
    are there where nothing was said."""
    plain = client.post("/v1/customers").body
    told = {"preferred_locales[0]": "de", "preferred_locales[1]": "en", "tax_exempt": "reverse"}
    customer = client.post(f"/v1/customers/{plain['id']}", told).body
    wrong = [
        client.post("/v1/customers", form).error["param"]
        for form in ({"preferred_locales": "de"}, {"tax_exempt": "no"})
    ]

    assert ([], "none") == (plain["preferred_locales"], plain["tax_exempt"])
    assert (["de", "en"], "reverse") == (customer["preferred_locales"], customer["tax_exempt"])
    assert ["preferred_locales", "tax_exempt"] == wrong


def test_an_address_is_shown_whole(client):
    """What was not said of it is null; an empty one unsets it."""
    form = {
        "address[country]": "GB",
        "shipping[name]": "Ada",
        "shipping[address][line1]": "12 St James's Square",
    }
    customer = client.post("/v1/customers", form).body
    nothing = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    unset = client.post(f"/v1/customers/{customer['id']}", {"address": "", "shipping": ""}).body

    assert {**nothing, "country": "GB"} == customer["address"]
    assert {
        "address": {**nothing, "line1": "12 St James's Square"},
        "name": "Ada",
        "phone": None,
    } == customer["shipping"]
    assert (None, None) == (unset["address"], unset["shipping"])


@each_row(
    ("form", "code", "param"),
    [
        ({"address[nope]": "1"}, "parameter_unknown", "address[nope]"),
        ({"address": "here"}, None, "address"),
        ({"shipping[address][line1]": "1"}, "parameter_missing", "shipping[name]"),
        ({"shipping[name]": "Ada"}, "parameter_missing", "shipping[address]"),
        ({"shipping[carrier]": "DHL"}, "parameter_unknown", "shipping[carrier]"),
        ({"shipping[address][nope]": "1"}, "parameter_unknown", "shipping[address][nope]"),
        ({"invoice_settings[nope]": "1"}, "parameter_unknown", "invoice_settings[nope]"),
    ],
)
def test_an_address_has_its_own_keys_only(client, form, code, param):
    """Any other is unknown, named with its parents; where things are
    sent needs a name and an address."""
    answer = client.post("/v1/customers", form)

    assert (400, code, param) == (answer.status, answer.error.get("code"), answer.error["param"])


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


def test_a_customers_country_is_any_text(client):
    """Stripe keeps what it is given there, in the address and
    in the shipping (stripe-node#1680)."""
    form = {
        "shipping[name]": "Ada",
        "shipping[address][country]": "Fr",
        "address[country]": "US - United States",
    }
    customer = client.post("/v1/customers", form).body

    assert "US - United States" == customer["address"]["country"]
    assert "Fr" == customer["shipping"]["address"]["country"]
