"""Cards become tokens, and tokens are spent once."""

from __future__ import annotations

import pytest

from tests.rows import each_row
from tests.sandbox.curl import NOW, Client
from tokencharge.sandbox import Rules, Sandbox

CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvc": "123"}


def tokenize(client, **changes):
    return client.post(
        "/v1/tokens", {f"card[{name}]": value for name, value in {**CARD, **changes}.items()}
    )


def test_a_card_becomes_a_token(either):
    """A token shows the card, without its number, that it is not
    used, and that no bank was asked."""
    answer = tokenize(either, name="Ada", address_zip="10115", address_line1="Invalidenstr. 1")
    card = answer.body["card"]

    assert 200 == answer.status
    assert answer.body["id"].startswith("tok_1")
    assert ("token", "card", False, False, NOW) == tuple(
        answer.body[name] for name in ("object", "type", "used", "livemode", "created")
    )
    assert ("Visa", "4242", 12, 2030, "credit", "US", "Ada") == tuple(
        card[name]
        for name in ("brand", "last4", "exp_month", "exp_year", "funding", "country", "name")
    )
    assert ["unchecked"] * 3 == [
        card[name] for name in ("cvc_check", "address_zip_check", "address_line1_check")
    ]
    assert {"preferred": None} == card["networks"]
    assert not {"customer", "wallet"} & card.keys()


def test_what_a_wallet_holds_becomes_a_token(either):
    """As Stripe's SDK for phones sends it; a test card stands in for the wallet's,
    and what is paid with it says so."""
    token = either.post("/v1/tokens", {"pk_token": "{}", "pk_token_transaction_id": "1"}).body
    method = either.post("/v1/payment_methods", {"type": "card", "card[token]": token["id"]}).body
    paid = {"amount": "500", "currency": "usd", "confirm": "true", "payment_method": method["id"]}
    paid |= {
        "automatic_payment_methods[enabled]": "true",
        "automatic_payment_methods[allow_redirects]": "never",
    }
    paid |= {"expand[]": "latest_charge"}
    charge = either.post("/v1/payment_intents", paid).body["latest_charge"]

    assert ("apple_pay", "4242") == (
        token["card"]["tokenization_method"],
        token["card"]["dynamic_last4"],
    )
    assert {"apple_pay": {}, "dynamic_last4": "4242", "type": "apple_pay"} == method["card"][
        "wallet"
    ]
    assert "apple_pay" == charge["payment_method_details"]["card"]["wallet"]["type"]


def test_a_token_is_made_of_something(either):
    """Without a card, and without what a wallet holds, there is nothing to make it of."""
    answer = either.post("/v1/tokens", {})

    assert (400, "parameter_missing", "card") == (
        answer.status,
        answer.error["code"],
        answer.error["param"],
    )


def test_a_browser_is_not_shown_what_is_the_shops_own(client):
    """With the publishable key a token has no fingerprint, and cannot be looked at."""
    public = "Bearer pk_test_tokenchargeSandboxKey0001"
    form = {f"card[{name}]": value for name, value in CARD.items()}
    made = client.post("/v1/tokens", {**form, "payment_user_agent": "stripe.js"}, auth=public).body
    looked_at = client.get(f"/v1/tokens/{made['id']}", auth=public)

    assert "fingerprint" not in made["card"]
    assert "fingerprint" in tokenize(client).body["card"]
    assert (401, "secret_key_required") == (looked_at.status, looked_at.error["code"])


def test_a_token_may_be_written_with_spaces_and_a_short_year(client):
    """Spaces in a number and two-digit years are read as people mean them."""
    card = tokenize(client, number="4242 4242-4242 4242", exp_year="30").body["card"]

    assert ("4242", 2030) == (card["last4"], card["exp_year"])


@each_row(
    ("changes", "code", "param"),
    [
        ({"number": "4242424242424241"}, "incorrect_number", "number"),
        ({"number": "4242"}, "invalid_number", "number"),
        ({"number": "4242x4242"}, "invalid_number", "number"),
        ({"exp_month": "13"}, "invalid_expiry_month", "exp_month"),
        ({"exp_month": "x"}, "invalid_expiry_month", "exp_month"),
        ({"exp_year": "2026"}, "invalid_expiry_year", "exp_year"),
        ({"exp_year": "2078"}, "invalid_expiry_year", "exp_year"),
        ({"exp_year": "soon"}, "invalid_expiry_year", "exp_year"),
        ({"cvc": "12"}, "invalid_cvc", "cvc"),
    ],
)
def test_a_card_that_cannot_be_is_402(client, changes, code, param):
    """What can be seen to be wrong with a card is refused when it is tokenized."""
    answer = tokenize(client, **changes)

    assert 402 == answer.status
    assert ("card_error", code, param) == tuple(
        answer.error[name] for name in ("type", "code", "param")
    )


def test_a_card_without_cvc_is_not_checked(client):
    """Without a CVC there is no CVC check."""
    assert tokenize(client, cvc="").body["card"]["cvc_check"] is None


@pytest.mark.card_tokens
def test_a_token_can_be_looked_at(client, sandbox):
    """Reading a token tells whether it is used."""
    token = sandbox.create_token()
    before = client.get(f"/v1/tokens/{token}").body["used"]
    client.customer(token)

    assert (False, True) == (before, client.get(f"/v1/tokens/{token}").body["used"])


def test_an_unknown_token_cannot_be_looked_at(client):
    """In a path, an unknown token is 404."""
    answer = client.get("/v1/tokens/tok_1nothing")

    assert 404 == answer.status
    assert "No such token: 'tok_1nothing'" == answer.error["message"]


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/charges"])
@pytest.mark.card_tokens
def test_a_token_is_good_for_one_use(client, sandbox, path):
    """The second use is 400, wherever it is."""
    token = sandbox.create_token()
    client.customer(token)
    form = {
        "source": token,
        **({"amount": 500, "currency": "usd"} if path == "/v1/charges" else {}),
    }
    answer = client.post(path, form)

    assert 400 == answer.status
    assert {
        "type": "invalid_request_error",
        "code": "token_already_used",
        "message": f"You cannot use a Stripe token more than once: {token}.",
    } == answer.error


@pytest.mark.card_tokens
def test_a_charge_uses_its_token_too(client, sandbox):
    """A token charged directly is spent."""
    token = sandbox.create_token()

    assert 200 == client.charge(token).status
    assert "token_already_used" == client.charge(token).error["code"]


@pytest.mark.card_tokens
def test_a_magic_token_is_never_used_up(client):
    """Each use of a magic token is a new card."""
    cards = {client.charge("tok_visa").body["payment_method"] for _ in range(3)}

    assert 3 == len(cards)


@pytest.mark.card_tokens
def test_an_unknown_token_in_a_form_is_400(client):
    """A token that was never made is unknown, and 400 in a form."""
    answer = client.post("/v1/customers", {"source": "tok_1nothing"})

    assert 400 == answer.status
    assert {
        "type": "invalid_request_error",
        "code": "resource_missing",
        "message": "No such token: 'tok_1nothing'",
        "param": "source",
    } == answer.error


@pytest.mark.card_tokens
def test_a_malformed_token_is_400(client):
    """Something that cannot be a token is called invalid."""
    answer = client.charge("tok 1")

    assert (400, "Invalid token id: tok 1") == (answer.status, answer.error["message"])


@each_row("path", ["/v1/customers", "/v1/charges"])
@each_row(("consumes", "second"), [(True, "token_already_used"), (False, "card_declined")])
def test_whether_a_decline_spends_the_token_can_be_chosen(path, consumes, second):
    """Nobody knows what Stripe does, so both readings can be had."""
    sandbox = Sandbox(rules=Rules(card_tokens=True, decline_consumes_token=consumes))
    client = Client(sandbox)
    form = {"source": sandbox.create_token("4000000000000002")}
    form |= {"amount": "500", "currency": "usd"} if path == "/v1/charges" else {}
    first = client.post(path, form)

    assert (402, "card_declined") == (first.status, first.error["code"])
    assert second == client.post(path, form).error["code"]


def test_create_token_says_what_is_wrong(sandbox):
    """A card that Stripe.js would refuse is a ValueError that does not show the number."""
    with pytest.raises(ValueError, match=r"^Your card number is incorrect\.$"):
        sandbox.create_token("4242424242424241")


def test_create_token_is_not_on_the_record(sandbox):
    """What the browser does is not counted among the requests."""
    sandbox.create_token()

    assert [] == sandbox.requests
