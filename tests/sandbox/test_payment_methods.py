"""PaymentMethods: made, attached, used, used up."""

from __future__ import annotations

import pytest

from tests.rows import each_row
from tests.sandbox.curl import NOW, Client
from tokencharge.sandbox import Rules, Sandbox

CARD = {
    "type": "card",
    "card[number]": "4000002760003184",
    "card[exp_month]": "12",
    "card[exp_year]": "2030",
    "card[cvc]": "123",
}
OF_TOKEN = {"type": "card", "card[token]": "tok_mastercard"}
PUBLIC = "Bearer pk_test_tokenchargeSandboxKey0001"


def made(client, **form):
    return client.post("/v1/payment_methods", {**OF_TOKEN, **form}).body["id"]


def attached(client, customer):
    return client.post(f"/v1/payment_methods/{made(client)}/attach", {"customer": customer}).body[
        "id"
    ]


def test_a_card_becomes_a_payment_method(either):
    """It shows the card, without its number, and whose it is; no bank has checked anything yet."""
    details = {
        "billing_details[name]": "Ada",
        "billing_details[email]": "ada@example.com",
        "billing_details[address][postal_code]": "10115",
        "billing_details[address][line1]": "Invalidenstr. 1",
        "metadata[a]": "1",
        "allow_redisplay": "always",
    }
    method = either.post("/v1/payment_methods", {**CARD, **details}).body
    card, billing = method["card"], method["billing_details"]

    assert method["id"].startswith("pm_1")
    assert ("payment_method", "card", NOW, None, False, {"a": "1"}, "always") == tuple(
        method[name]
        for name in (
            "object",
            "type",
            "created",
            "customer",
            "livemode",
            "metadata",
            "allow_redisplay",
        )
    )
    assert ("visa", "3184", 12, 2030, "credit", "US") == tuple(
        card[name] for name in ("brand", "last4", "exp_month", "exp_year", "funding", "country")
    )
    assert {
        "cvc_check": "unchecked",
        "address_line1_check": "unchecked",
        "address_postal_code_check": "unchecked",
    } == card["checks"]
    assert ("Ada", "ada@example.com", "10115", None) == (
        billing["name"],
        billing["email"],
        billing["address"]["postal_code"],
        billing["address"]["city"],
    )
    assert method == either.get(f"/v1/payment_methods/{method['id']}").body


def test_a_token_becomes_a_payment_method(client, sandbox):
    """It is spent by that, and its name and address are the method's."""
    token = sandbox.create_token("5555555555554444", name="Ada", address_zip="10115")
    method = client.post("/v1/payment_methods", {"type": "card", "card[token]": token}).body
    again = client.post("/v1/payment_methods", {"type": "card", "card[token]": token})
    unknown = client.post("/v1/payment_methods", {"type": "card", "card[token]": "tok_1nothing"})

    assert ("mastercard", "4444", "Ada", "10115") == (
        method["card"]["brand"],
        method["card"]["last4"],
        method["billing_details"]["name"],
        method["billing_details"]["address"]["postal_code"],
    )
    assert (400, "token_already_used") == (again.status, again.error["code"])
    assert f"You cannot use a Stripe token more than once: {token}." == again.error["message"]
    assert "param" not in again.error
    assert (400, "token") == (unknown.status, unknown.error["param"])


@each_row(
    ("token", "code", "message"),
    [
        ("pm_card_visa", None, "Invalid token id: pm_card_visa"),
        ("tok_card_visa", None, "There is a part of the token that is not valid: 'card'."),
        (
            "tok_visa_chargeDecline",
            None,
            "There is a part of the token that is not valid: 'chargeDecline'.",
        ),
        ("tok_visa_visa", "resource_missing", "No such token: 'tok_visa_visa'"),
        (
            "tok_1QWERTYuiop1234567890",
            "resource_missing",
            "No such token: 'tok_1QWERTYuiop1234567890'",
        ),
    ],
)
def test_a_token_that_is_none_is_told_what_is_wrong(client, token, code, message):
    """What is no token, a magic one misspelt, and one that was never made are three things."""
    answer = client.post("/v1/payment_methods", {"type": "card", "card[token]": token})

    assert (400, code, "token", message) == (
        answer.status,
        answer.error.get("code"),
        answer.error["param"],
        answer.error["message"],
    )


@pytest.mark.parametrize(
    "token", ["tok_visa_chargeDeclined", "tok_chargeDeclinedExpiredCard", "tok_radarBlock"]
)
def test_no_card_is_declined_where_a_method_is_made(client, token):
    """No bank is asked then: attaching or paying tells."""
    answer = client.post("/v1/payment_methods", {"type": "card", "card[token]": token})

    assert (200, "unchecked") == (answer.status, answer.body["card"]["checks"]["cvc_check"])


@pytest.mark.parametrize("how", ["attached", "paid", "declined"])
def test_a_bank_that_was_asked_has_checked_the_cvc(client, how):
    """What was unchecked passes once the method is attached or
    charged, even where the charge fails."""
    token = "tok_chargeCustomerFail" if how == "declined" else "tok_visa"
    method = made(client, **{"card[token]": token})
    if how == "attached":
        client.post(f"/v1/payment_methods/{method}/attach", {"customer": client.customer()})
    else:
        client.pay(method)
    checks = client.get(f"/v1/payment_methods/{method}").body["card"]["checks"]

    assert {
        "cvc_check": "pass",
        "address_line1_check": None,
        "address_postal_code_check": None,
    } == checks


def test_a_card_without_a_cvc_has_nothing_to_check(client):
    """Its check is null, before and after."""
    method = client.post(
        "/v1/payment_methods", {**CARD, "card[number]": "4242424242424242", "card[cvc]": ""}
    ).body
    client.pay(method["id"])

    assert None is method["card"]["checks"]["cvc_check"]
    assert (
        None
        is client.get(f"/v1/payment_methods/{method['id']}").body["card"]["checks"]["cvc_check"]
    )


def test_a_browser_makes_payment_methods(client):
    """Stripe.js does, with the publishable key, and is not shown what is the shop's own."""
    method = client.post("/v1/payment_methods", CARD, auth=PUBLIC).body

    assert "3184" == method["card"]["last4"]
    assert "metadata" not in method
    assert "fingerprint" not in method["card"]
    assert 401 == client.get(f"/v1/payment_methods/{method['id']}", auth=PUBLIC).status


@each_row(
    ("form", "status", "code", "param"),
    [
        ({"type": "iban"}, 400, None, "type"),
        ({"type": "card"}, 400, "parameter_missing", "card"),
        (
            {"type": "card", "card[number]": "4242424242424242"},
            400,
            "parameter_missing",
            "card[exp_month]",
        ),
        ({**CARD, "card[number]": "4242424242424241"}, 402, "incorrect_number", "number"),
        ({**CARD, "card[exp_year]": "2020"}, 402, "invalid_expiry_year", "exp_year"),
        ({**CARD, "billing_details[email]": "ada"}, 400, "email_invalid", "billing_details[email]"),
        ({**CARD, "customer": "cus_x"}, 400, None, None),
    ],
)
def test_what_is_no_card_is_no_payment_method(client, form, status, code, param):
    """Each mistake is named."""
    answer = client.post("/v1/payment_methods", form)

    assert (status, code, param) == (
        answer.status,
        answer.error.get("code"),
        answer.error.get("param"),
    )


def test_a_payment_method_is_attached_and_can_be_used_again(either, sandbox):
    """A customer's own can be used as often as one likes."""
    customer = either.customer()
    method = made(either)
    attached = either.post(f"/v1/payment_methods/{method}/attach", {"customer": customer}).body
    paid = [either.pay(method, customer=customer).body["status"] for _ in range(2)]

    assert customer == attached["customer"]
    assert (
        attached == either.post(f"/v1/payment_methods/{method}/attach", {"customer": customer}).body
    )
    assert ["succeeded"] * 2 == paid
    assert 1 == [event.type for event in sandbox.events].count("payment_method.attached")


def test_a_payment_method_belongs_to_one_customer(client):
    """Another cannot have it, nor pay with it; without a customer it cannot be used either."""
    owner, other = client.customer(), client.customer()
    method = made(client)
    client.post(f"/v1/payment_methods/{method}/attach", {"customer": owner})
    attached = client.post(f"/v1/payment_methods/{method}/attach", {"customer": other})
    unowned = client.pay(method)
    foreign = client.confirm(client.intent(customer=other).body["id"], method)

    assert (400, "The payment method you provided has already been attached to a customer.") == (
        attached.status,
        attached.error["message"],
    )
    assert (400, "parameter_missing", "source") == (
        unowned.status,
        unowned.error["code"],
        unowned.error["param"],
    )
    assert f"supplied {method} belongs to the Customer {owner}." in unowned.error["message"]
    assert (400, "payment_method", "requires_payment_method") == (
        foreign.status,
        foreign.error["param"],
        foreign.error["payment_intent"]["status"],
    )
    assert "does not belong to the Customer you supplied" in foreign.error["message"]


@pytest.mark.parametrize("customer", [True, False])
def test_a_payment_method_of_nobody_is_used_up_by_a_payment(client, customer):
    """Unless it was attached, it pays once; it cannot be attached afterwards."""
    method = made(client)
    form = {"customer": client.customer()} if customer else {}
    paid = client.pay(method, **form)
    again = client.pay(method, **form)
    attached = client.post(f"/v1/payment_methods/{method}/attach", {"customer": client.customer()})

    assert (200, 400) == (paid.status, again.status)
    assert again.error["message"].startswith(
        "The provided PaymentMethod was previously used with a PaymentIntent without Customer"
        " attachment"
    )
    assert again.error["message"].endswith("you must attach it to a Customer first.")
    assert (400, True) == (
        attached.status,
        attached.error["message"].startswith(
            "This PaymentMethod was previously used without being attached"
        ),
    )


@pytest.mark.parametrize(("consumes", "second"), [(True, 400), (False, 402)])
def test_whether_a_decline_uses_it_up_can_be_chosen(consumes, second):
    """Recorded logs say that it does; an attached one stays in any case."""
    sandbox = Sandbox(rules=Rules(decline_consumes_method=consumes))
    client = Client(sandbox)
    customer, method = client.customer(), sandbox.create_payment_method("4000000000000341")
    kept = sandbox.create_payment_method("4000000000000341")
    client.post(f"/v1/payment_methods/{kept}/attach", {"customer": customer})

    assert [402, second] == [client.pay(method).status for _ in range(2)]
    assert [402, 402] == [client.pay(kept, customer=customer).status for _ in range(2)]


@pytest.mark.parametrize("usage", ["on_session", "off_session"])
def test_a_payment_may_save_its_method(client, sandbox, usage):
    """`setup_future_usage` attaches it once the payment is made, and not before."""
    customer = client.customer()
    failed = client.pay("pm_card_chargeDeclined", customer=customer, setup_future_usage=usage)
    before = client.get(f"/v1/customers/{customer}/payment_methods").body["data"]
    paid = client.confirm(failed.error["payment_intent"]["id"], "pm_card_visa").body
    after = client.get(f"/v1/customers/{customer}/payment_methods").body["data"]

    assert ([], [paid["payment_method"]]) == (before, [each["id"] for each in after])
    assert customer == after[0]["customer"]
    assert 200 == client.pay(paid["payment_method"], customer=customer, off_session="true").status
    assert "payment_method.attached" in [event.type for event in sandbox.events]


def test_nobody_is_no_customer_to_save_a_method_for(client):
    """Without a customer, `setup_future_usage` saves nothing."""
    paid = client.pay(setup_future_usage="off_session").body

    assert 400 == client.pay(paid["payment_method"]).status


def test_a_payment_method_is_detached_for_good(either, sandbox):
    """It is nobody's then, and of no use."""
    customer, method = either.customer(), made(either)
    either.post(f"/v1/payment_methods/{method}/attach", {"customer": customer})
    detached = either.post(f"/v1/payment_methods/{method}/detach").body
    again = either.post(f"/v1/payment_methods/{method}/detach")

    assert detached["customer"] is None
    assert "payment_method.detached" == sandbox.events[-1].type
    assert (
        400,
        (
            "The payment method you provided is not attached to a customer so detachment is"
            " impossible."
        ),
    ) == (
        again.status,
        again.error["message"],
    )
    assert 400 == either.pay(method).status
    assert [] == either.get(f"/v1/customers/{customer}/payment_methods").body["data"]


@pytest.mark.parametrize(
    "method", ["pm_card_visa_chargeDeclined", "pm_card_chargeDeclinedExpiredCard"]
)
def test_a_card_its_bank_refuses_cannot_be_attached(client, method):
    """It is 402, as it is for the source of a customer; those that fail later attach."""
    customer = client.customer()
    refused = client.post(f"/v1/payment_methods/{method}/attach", {"customer": customer})
    attached = client.post(
        "/v1/payment_methods/pm_card_chargeCustomerFail/attach", {"customer": customer}
    ).body

    assert (402, "card_error") == (refused.status, refused.error["type"])
    assert 402 == client.pay(attached["id"], customer=customer).status


def test_the_next_attachment_can_be_declined(client, sandbox):
    """`decline_next` takes that path too."""
    sandbox.decline_next(path="/v1/payment_methods/*/attach")
    form = {"customer": client.customer()}

    assert [402, 200] == [
        client.post("/v1/payment_methods/pm_card_visa/attach", form).status for _ in range(2)
    ]


def test_a_magic_method_is_a_new_one_each_time(client):
    """Each use makes one, and it can be looked at under its own name."""
    names = {client.pay().body["payment_method"] for _ in range(3)}
    looked_at = client.get("/v1/payment_methods/pm_card_us").body

    assert 3 == len(names)
    assert ("US", looked_at) == (
        looked_at["card"]["country"],
        client.get(f"/v1/payment_methods/{looked_at['id']}").body,
    )


@pytest.mark.card_tokens
def test_a_card_of_the_old_kind_is_a_payment_method_too(either):
    """A customer's `card_...` pays intents, and stands among the customer's methods."""
    customer = either.customer("tok_visa")
    card = either.get(f"/v1/customers/{customer}").body["default_source"]
    method = made(either)
    either.post(f"/v1/payment_methods/{method}/attach", {"customer": customer})
    listed = either.get(f"/v1/customers/{customer}/payment_methods", {"type": "card"}).body
    paid = either.pay(card, customer=customer).body
    charge = either.get(f"/v1/charges/{paid['latest_charge']}").body

    assert [method, card] == [each["id"] for each in listed["data"]]
    assert (card, card, None) == (
        paid["payment_method"],
        charge["payment_method"],
        charge["source"],
    )
    assert (card, "payment_method", customer) == tuple(
        either.get(f"/v1/payment_methods/{card}").body[name]
        for name in ("id", "object", "customer")
    )
    assert listed["data"] == either.get("/v1/payment_methods", {"customer": customer}).body["data"]
    assert listed["data"][1] == either.get(f"/v1/customers/{customer}/payment_methods/{card}").body
    older = either.get(
        "/v1/payment_methods", {"customer": customer, "starting_after": method}
    ).body["data"]
    newer = either.get("/v1/payment_methods", {"customer": customer, "ending_before": card}).body[
        "data"
    ]
    assert ([card], [method]) == ([each["id"] for each in older], [each["id"] for each in newer])
    assert 400 == either.post(f"/v1/payment_methods/{card}", {"metadata[a]": "1"}).status


@pytest.mark.card_tokens
def test_a_card_of_the_old_kind_can_be_detached(client):
    """It is gone then, and the next is the default."""
    customer = client.customer("tok_visa")
    first = client.get(f"/v1/customers/{customer}").body["default_source"]
    second, third = (
        client.post(f"/v1/customers/{customer}/sources", {"source": "tok_amex"}).body["id"]
        for _ in range(2)
    )
    detached = client.post(f"/v1/payment_methods/{third}/detach").body
    still = client.get(f"/v1/customers/{customer}").body["default_source"]
    client.post(f"/v1/payment_methods/{first}/detach")
    then = client.get(f"/v1/customers/{customer}").body["default_source"]
    client.post(f"/v1/payment_methods/{second}/detach")

    assert (third, None) == (detached["id"], detached["customer"])
    assert (first, second, None) == (
        still,
        then,
        client.get(f"/v1/customers/{customer}").body["default_source"],
    )
    assert 400 == client.pay(first, customer=customer).status


def test_methods_of_a_deleted_customer_are_of_no_use(client, sandbox):
    """They are detached."""
    customer, method, other = client.customer(), made(client), made(client)
    client.post(f"/v1/payment_methods/{method}/attach", {"customer": customer})
    client.delete(f"/v1/customers/{customer}")

    assert client.get(f"/v1/payment_methods/{method}").body["customer"] is None
    assert (400, 200) == (client.pay(method).status, client.pay(other).status)
    assert "payment_method.detached" in [event.type for event in sandbox.events]


def test_methods_are_listed(client):
    """A customer's, newest first; without a customer there are none, whatever there is."""
    customer = client.customer()
    first, second = (attached(client, customer) for _ in range(2))
    made(client)
    listed = client.get("/v1/payment_methods", {"type": "card", "customer": customer}).body
    nobodys = client.get("/v1/payment_methods", {"type": "card"}).body
    unknown = client.get("/v1/payment_methods", {"customer": "cus_nobody"})
    no_path = client.get("/v1/customers/cus_nobody/payment_methods")

    assert [second, first] == [each["id"] for each in listed["data"]]
    assert {
        "object": "list",
        "data": [],
        "has_more": False,
        "url": "/v1/payment_methods",
    } == nobodys
    assert (400, "customer") == (unknown.status, unknown.error["param"])
    assert (404, "id") == (no_path.status, no_path.error["param"])


def test_methods_are_listed_in_pages(client):
    """A cursor is a PaymentMethod; `allow_redisplay` filters."""
    customer = client.customer()
    names = [attached(client, customer) for _ in range(3)]
    client.post(f"/v1/payment_methods/{names[0]}", {"allow_redisplay": "always"})
    path = f"/v1/customers/{customer}/payment_methods"
    older = client.get(path, {"starting_after": names[2], "limit": 1}).body
    shown = client.get(path, {"allow_redisplay": "always"}).body
    unknown = client.get(path, {"starting_after": "pm_card_visa"})

    assert ([names[1]], True) == ([each["id"] for each in older["data"]], older["has_more"])
    assert [names[0]] == [each["id"] for each in shown["data"]]
    assert (400, "resource_missing", "starting_after") == (
        unknown.status,
        unknown.error["code"],
        unknown.error["param"],
    )


def test_a_method_of_a_customer_is_looked_at(client):
    """Under its customer's path; another's is an invalid request, an unknown one is missing."""
    owner, other = client.customer(), client.customer()
    method = attached(client, owner)
    seen = client.get(f"/v1/customers/{owner}/payment_methods/{method}")
    foreign = client.get(f"/v1/customers/{other}/payment_methods/{method}")
    unknown = client.get(f"/v1/customers/{owner}/payment_methods/pm_1nothing")
    nobody = client.get(f"/v1/customers/cus_nobody/payment_methods/{method}")

    assert client.get(f"/v1/payment_methods/{method}").body == seen.body
    assert 404 == foreign.status
    assert {
        "message": "Invalid request",
        "param": "customer",
        "type": "invalid_request_error",
    } == foreign.error
    assert (404, "payment_method") == (unknown.status, unknown.error["param"])
    assert (404, "No such customer: 'cus_nobody'") == (nobody.status, nobody.error["message"])


def test_a_method_of_a_customer_can_be_changed(client, sandbox):
    """What is said of it can be, and when it expires; that is told."""
    method = attached(client, client.customer())
    before = client.get(f"/v1/payment_methods/{method}").body
    changes = {
        "allow_redisplay": "limited",
        "billing_details[name]": "Ada",
        "card[exp_year]": "2040",
        "metadata[a]": "1",
    }
    after = client.post(f"/v1/payment_methods/{method}", changes).body
    event = sandbox.events[-1].raw
    client.post(f"/v1/payment_methods/{method}", changes)

    assert ("limited", "Ada", None, 2040, "4444", {"a": "1"}) == (
        after["allow_redisplay"],
        after["billing_details"]["name"],
        after["billing_details"]["email"],
        after["card"]["exp_year"],
        after["card"]["last4"],
        after["metadata"],
    )
    assert after == client.get(f"/v1/payment_methods/{method}").body
    assert ("payment_method.updated", after) == (event["type"], event["data"]["object"])
    assert {
        "allow_redisplay": "unspecified",
        "billing_details": {"name": None},
        "card": {"exp_year": before["card"]["exp_year"]},
        "metadata": {"a": None},
    } == event["data"]["previous_attributes"]
    assert 1 == [each.type for each in sandbox.events].count("payment_method.updated")


def test_a_charge_says_when_its_card_expires(client):
    """A card that was renewed is charged as it is now."""
    customer = client.customer()
    method = attached(client, customer)
    client.post(f"/v1/payment_methods/{method}", {"card[exp_month]": "3", "card[exp_year]": "2040"})
    paid = client.pay(method, customer=customer, **{"expand[]": "latest_charge"}).body
    card = paid["latest_charge"]["payment_method_details"]["card"]

    assert (3, 2040) == (card["exp_month"], card["exp_year"])


def test_a_method_of_nobody_cannot_be_changed(client):
    """It has to be saved first."""
    answer = client.post(f"/v1/payment_methods/{made(client)}", {"allow_redisplay": "always"})

    assert (400, "You must save this PaymentMethod to a customer before you can update it.") == (
        answer.status,
        answer.error["message"],
    )


def test_attaching_needs_a_customer(client):
    """It is asked for, without a parameter at fault."""
    answer = client.post(f"/v1/payment_methods/{made(client)}/attach")

    assert 400 == answer.status
    assert {
        "code": "parameter_missing",
        "message": "Must provide customer or customer_account.",
        "type": "invalid_request_error",
    } == answer.error


def test_an_unknown_method_is_missing(client):
    """404 in a path."""
    customer = client.customer()
    for answer in (
        client.get("/v1/payment_methods/pm_1nothing"),
        client.post("/v1/payment_methods/pm_1nothing/attach", {"customer": customer}),
        client.post("/v1/payment_methods/pm_1nothing/detach"),
    ):
        assert (404, "No such PaymentMethod: 'pm_1nothing'", "payment_method") == (
            answer.status,
            answer.error["message"],
            answer.error["param"],
        )
    nobody = client.post("/v1/payment_methods/pm_card_visa/attach", {"customer": "cus_nobody"})
    assert (400, "customer") == (nobody.status, nobody.error["param"])


def test_create_payment_method_does_what_the_browser_does(client, sandbox):
    """It is not on the record, and a card that Stripe.js would refuse is a ValueError."""
    method = sandbox.create_payment_method("378282246310005", name="Ada")

    assert [] == sandbox.requests
    assert ("0005", "Ada") == (
        (body := client.get(f"/v1/payment_methods/{method}").body)["card"]["last4"],
        body["billing_details"]["name"],
    )
    with pytest.raises(ValueError, match=r"^Your card number is incorrect\.$"):
        sandbox.create_payment_method("4242424242424241")


@each_row(
    ("path", "within", "more"),
    [
        ("payment_methods", "", OF_TOKEN),
        ("confirmation_tokens", "payment_method_data", {}),
        (
            "payment_intents",
            "payment_method_data",
            {"amount": "500", "currency": "usd", "confirm": "true"},
        ),
    ],
)
@each_row("country", ["JA", "UK", "France"])
def test_a_country_that_is_none_is_refused_in_billing_details(client, path, within, more, country):
    """Wherever they are given; the words were reported in stripe-ios#1985."""
    param = (
        f"{within}[billing_details][address][country]"
        if within
        else "billing_details[address][country]"
    )
    told = {"type": "card", "card][token": "tok_visa"}
    form = {f"{within}[{name}]": said for name, said in told.items()} if within else {}
    answer = client.post(f"/v1/{path}", {**more, **form, param: country})

    assert 400 == answer.status
    assert param == answer.body["error"]["param"]
    assert answer.body["error"]["message"].startswith(
        f"Country '{country}' is unknown. Try using a 2-character"
    )


@each_row("country", ["IN", "in", "XK", ""])
def test_a_country_is_kept_as_it_was_given(client, country):
    """In either case; an empty one says nothing."""
    method = client.post(
        "/v1/payment_methods", {**OF_TOKEN, "billing_details[address][country]": country}
    ).body

    assert (country or None) == method["billing_details"]["address"]["country"]
