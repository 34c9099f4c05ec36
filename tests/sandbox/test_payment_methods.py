"""PaymentMethods: made, attached, used, used up."""

from __future__ import annotations

import pytest

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
PUBLIC = "Bearer pk_test_sandbox"


def made(client, **form):
    return client.post("/v1/payment_methods", {**OF_TOKEN, **form}).body["id"]


def test_a_card_becomes_a_payment_method(either):
    """It shows the card, without its number, and whose it is."""
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
        method[name] for name in ("object", "type", "created", "customer", "livemode", "metadata", "allow_redisplay")
    )
    assert ("visa", "3184", 12, 2030, "credit", "US") == tuple(
        card[name] for name in ("brand", "last4", "exp_month", "exp_year", "funding", "country")
    )
    assert {"cvc_check": "pass", "address_line1_check": "pass", "address_postal_code_check": "pass"} == card["checks"]
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
    assert ("No such token: 'tok_1nothing'", "card[token]") == (unknown.error["message"], unknown.error["param"])


def test_a_browser_makes_payment_methods(client):
    """Stripe.js does, with the publishable key, and is not shown what is the shop's own."""
    method = client.post("/v1/payment_methods", CARD, auth=PUBLIC).body

    assert "3184" == method["card"]["last4"]
    assert "metadata" not in method
    assert "fingerprint" not in method["card"]
    assert 401 == client.get(f"/v1/payment_methods/{method['id']}", auth=PUBLIC).status


@pytest.mark.parametrize(
    ("form", "status", "code", "param"),
    [
        ({"type": "iban"}, 400, None, "type"),
        ({"type": "card"}, 400, "parameter_missing", "card"),
        ({"type": "card", "card[number]": "4242424242424242"}, 400, "parameter_missing", "card[exp_month]"),
        ({**CARD, "card[number]": "4242424242424241"}, 402, "incorrect_number", "number"),
        ({**CARD, "card[exp_year]": "2020"}, 402, "invalid_expiry_year", "exp_year"),
        ({**CARD, "billing_details[email]": "ada"}, 400, "email_invalid", "billing_details[email]"),
        ({**CARD, "customer": "cus_x"}, 400, "parameter_unknown", "customer"),
    ],
)
def test_what_is_no_card_is_no_payment_method(client, form, status, code, param):
    """Each mistake is named."""
    answer = client.post("/v1/payment_methods", form)

    assert (status, code, param) == (answer.status, answer.error.get("code"), answer.error.get("param"))


def test_a_payment_method_is_attached_and_can_be_used_again(either, sandbox):
    """A customer's own can be used as often as one likes."""
    customer = either.customer()
    method = made(either)
    attached = either.post(f"/v1/payment_methods/{method}/attach", {"customer": customer}).body
    paid = [either.pay(method, customer=customer).body["status"] for _ in range(2)]

    assert customer == attached["customer"]
    assert attached == either.post(f"/v1/payment_methods/{method}/attach", {"customer": customer}).body
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
    assert (400, "parameter_missing", "source") == (unowned.status, unowned.error["code"], unowned.error["param"])
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
        "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment"
    )
    assert again.error["message"].endswith("you must attach it to a Customer first.")
    assert (400, True) == (
        attached.status,
        attached.error["message"].startswith("This PaymentMethod was previously used without being attached"),
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
    assert (400, "The payment method you provided is not attached to a customer so detachment is impossible.") == (
        again.status,
        again.error["message"],
    )
    assert 400 == either.pay(method).status
    assert [] == either.get(f"/v1/customers/{customer}/payment_methods").body["data"]


@pytest.mark.parametrize("method", ["pm_card_visa_chargeDeclined", "pm_card_chargeDeclinedExpiredCard"])
def test_a_card_its_bank_refuses_cannot_be_attached(client, method):
    """It is 402, as it is for the source of a customer; those that fail later attach."""
    customer = client.customer()
    refused = client.post(f"/v1/payment_methods/{method}/attach", {"customer": customer})
    attached = client.post("/v1/payment_methods/pm_card_chargeCustomerFail/attach", {"customer": customer}).body

    assert (402, "card_error") == (refused.status, refused.error["type"])
    assert 402 == client.pay(attached["id"], customer=customer).status


def test_the_next_attachment_can_be_declined(client, sandbox):
    """`decline_next` takes that path too."""
    sandbox.decline_next(path="/v1/payment_methods/*/attach")
    form = {"customer": client.customer()}

    assert [402, 200] == [client.post("/v1/payment_methods/pm_card_visa/attach", form).status for _ in range(2)]


def test_a_magic_method_is_a_new_one_each_time(client):
    """Each use makes one, and it can be looked at under its own name."""
    names = {client.pay().body["payment_method"] for _ in range(3)}
    looked_at = client.get("/v1/payment_methods/pm_card_us").body

    assert 3 == len(names)
    assert ("US", looked_at) == (
        looked_at["card"]["country"],
        client.get(f"/v1/payment_methods/{looked_at['id']}").body,
    )


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
    assert (card, card, None) == (paid["payment_method"], charge["payment_method"], charge["source"])
    assert (card, "payment_method", customer) == tuple(
        either.get(f"/v1/payment_methods/{card}").body[name] for name in ("id", "object", "customer")
    )
    assert listed["data"] == either.get("/v1/payment_methods", {"customer": customer}).body["data"]


def test_a_card_of_the_old_kind_can_be_detached(client):
    """It is gone then, and the next is the default."""
    customer = client.customer("tok_visa")
    first = client.get(f"/v1/customers/{customer}").body["default_source"]
    second, third = (
        client.post(f"/v1/customers/{customer}/sources", {"source": "tok_amex"}).body["id"] for _ in range(2)
    )
    detached = client.post(f"/v1/payment_methods/{third}/detach").body
    still = client.get(f"/v1/customers/{customer}").body["default_source"]
    client.post(f"/v1/payment_methods/{first}/detach")
    then = client.get(f"/v1/customers/{customer}").body["default_source"]
    client.post(f"/v1/payment_methods/{second}/detach")

    assert (third, None) == (detached["id"], detached["customer"])
    assert (first, second, None) == (still, then, client.get(f"/v1/customers/{customer}").body["default_source"])
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
    """Newest first, all or a customer's."""
    first, second = made(client), made(client)
    listed = client.get("/v1/payment_methods", {"type": "card"}).body

    assert [second, first] == [each["id"] for each in listed["data"]]
    assert 400 == client.get("/v1/payment_methods", {"customer": "cus_nobody"}).status
    assert 404 == client.get("/v1/customers/cus_nobody/payment_methods").status


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
