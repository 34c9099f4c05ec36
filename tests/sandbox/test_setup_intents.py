"""SetupIntents: a card is saved without a payment, asked about, declined, given up."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.rows import each_row
from tests.sandbox.curl import Answer, Client
from tokencharge.sandbox import Request, Rules, Sandbox

ASKING = "pm_card_authenticationRequiredOnSetup"
PUBLISHABLE = "Bearer pk_test_tokenchargeSandboxKey0001"
NOWHERE = {
    "automatic_payment_methods[enabled]": "true",
    "automatic_payment_methods[allow_redirects]": "never",
}


def make(client: Client, **form: Any) -> Answer:
    """Make a SetupIntent that leads nobody away."""
    return client.post("/v1/setup_intents", {**NOWHERE, **form})


def save(client: Client, payment_method: str = "pm_card_visa", **form: Any) -> Answer:
    """Make a SetupIntent and confirm it at once."""
    return make(client, payment_method=payment_method, confirm="true", **form)


def change(client: Client, intent: str, verb: str = "", **form: Any) -> Answer:
    return client.post("/".join(filter(None, ("/v1/setup_intents", intent, verb))), form)


def card_of(client: Client, intent: dict[str, Any]) -> dict[str, Any]:
    return dict(client.get(f"/v1/payment_methods/{intent['payment_method']}").body)


def test_a_saved_card_is_the_customers(either, sandbox):
    """It is among the customer's cards, was checked, and pays later; no money has moved."""
    customer = either.customer()
    saved = save(either, customer=customer).body
    listed = either.get(f"/v1/customers/{customer}/payment_methods").body["data"]
    charges = sandbox.charges
    paid = either.pay(saved["payment_method"], customer=customer, off_session="true").body

    assert ("succeeded", None, None) == tuple(
        saved[name] for name in ("status", "next_action", "last_setup_error")
    )
    assert [(saved["payment_method"], "pass")] == [
        (each["id"], each["card"]["checks"]["cvc_check"]) for each in listed
    ]
    assert [] == charges
    assert "succeeded" == paid["status"]


def test_a_card_of_nobody_is_used_up(client):
    """Set up without a customer, it can neither be attached nor set up again."""
    card = save(client).body["payment_method"]
    attached = client.post(f"/v1/payment_methods/{card}/attach", {"customer": client.customer()})

    assert (400, 400) == (attached.status, save(client, card).status)


def test_a_customers_card_is_saved_again(client):
    """What the customer has stays the customer's, and no second attachment is told."""
    customer = client.customer()
    card = save(client, customer=customer).body["payment_method"]
    again = save(client, card, customer=customer).body
    told = [each["type"] for each in client.get("/v1/events").body["data"]]

    assert "succeeded" == again["status"]
    assert 1 == told.count("payment_method.attached")


@pytest.mark.card_tokens
def test_a_customers_card_of_old_is_set_up(client):
    """A `card_...` of the customer counts as a payment method."""
    customer = client.customer("tok_visa")
    card = client.get(f"/v1/customers/{customer}").body["default_source"]
    saved = save(client, card, customer=customer).body

    assert ("succeeded", card) == (saved["status"], saved["payment_method"])


@pytest.mark.parametrize(
    "method", [ASKING, "pm_card_authenticationRequired", "pm_card_threeDSecure2Required"]
)
def test_a_bank_asks_before_a_card_is_saved(client, sandbox, method):
    """The card is nobody's until its owner was asked; then it is the customer's."""
    customer = client.customer()
    asked = save(client, method, customer=customer).body
    before = card_of(client, asked)["customer"]
    saved = sandbox.authenticate(asked["id"])

    assert ("requires_action", "use_stripe_sdk", None) == (
        asked["status"],
        asked["next_action"]["type"],
        before,
    )
    assert asked["latest_attempt"].startswith("setatt_1")
    assert ("succeeded", None, asked["latest_attempt"]) == tuple(
        saved[name] for name in ("status", "next_action", "latest_attempt")
    )
    assert customer == card_of(client, asked)["customer"]
    assert saved == client.get(f"/v1/setup_intents/{asked['id']}").body
    assert "setup_intent.succeeded" == sandbox.events[-1].type


def test_what_was_set_up_pays_off_session(client, sandbox):
    """A card that asks unless it was set up asks no more."""
    customer = client.customer()
    asked = save(client, ASKING, customer=customer).body
    sandbox.authenticate(asked["id"])

    assert (
        "succeeded"
        == client.pay(asked["payment_method"], customer=customer, off_session="true").body["status"]
    )


def test_authentication_may_fail(client, sandbox):
    """The SetupIntent waits for another card, and says why; the customer has none."""
    customer = client.customer()
    asked = save(client, ASKING, customer=customer).body
    failed = sandbox.authenticate(asked["id"], approve=False)
    error = failed["last_setup_error"]

    assert ("requires_payment_method", None, None) == tuple(
        failed[name] for name in ("status", "payment_method", "next_action")
    )
    assert ("setup_intent_authentication_failure", asked["payment_method"]) == (
        error["code"],
        error["payment_method"]["id"],
    )
    assert "fulfill this SetupIntent again" in error["message"]
    assert [] == client.get(f"/v1/customers/{customer}/payment_methods").body["data"]
    assert "setup_intent.setup_failed" == sandbox.events[-1].type


@pytest.mark.parametrize(("answer", "outcome"), [("approve", "succeeded"), ("fail", "failed")])
def test_the_banks_page_asks_and_leads_back(client, sandbox, answer, outcome):
    """The page that a PaymentIntent has asks for a SetupIntent
    as well, and says which one it was."""
    asked = save(client, ASKING, return_url="https://example.com/back").body
    link = asked["next_action"]["redirect_to_url"]
    where = urlsplit(link["url"])
    shown = sandbox.handle(Request("GET", where.path, where.query))
    led = sandbox.handle(Request("POST", where.path, where.query, {}, f"outcome={answer}".encode()))
    back = urlsplit(led.headers["location"])

    assert "https://example.com/back" == link["return_url"]
    assert b"A shop wants to keep your card that ends in 3155" in shown.body
    assert ("example.com", 303) == (back.netloc, led.status)
    assert {
        "redirect_status": [outcome],
        "setup_intent": [asked["id"]],
        "setup_intent_client_secret": [asked["client_secret"]],
    } == parse_qs(back.query)


def test_the_page_is_for_who_knows_the_secret(client, sandbox):
    """Another secret, or an object that is no intent, has no page."""
    asked = save(client, ASKING).body
    customer = client.customer()

    assert {404} == {
        sandbox.handle(Request("GET", f"/3d_secure/{name}", f"client_secret={secret}")).status
        for name, secret in ((asked["id"], "seti_1"), (customer, asked["client_secret"]))
    }


def test_another_card_takes_the_question_back(client, sandbox):
    """A card put in the place of the one that asks is to be
    confirmed, and nobody can answer any more."""
    asked = save(client, ASKING).body["id"]
    changed = change(client, asked, payment_method="pm_card_visa").body

    assert ("requires_confirmation", None) == (changed["status"], changed["next_action"])
    with pytest.raises(ValueError, match="asks for no authentication"):
        sandbox.authenticate(asked)
    assert "succeeded" == change(client, asked, "confirm").body["status"]


def test_canceling_takes_the_question_back(client, sandbox):
    """Nobody can answer it then, and the bank's page says that it is done; the card stays named."""
    asked = save(client, ASKING).body
    canceled = change(client, asked["id"], "cancel", cancellation_reason="abandoned").body
    page = sandbox.handle(
        Request("GET", f"/3d_secure/{asked['id']}", f"client_secret={asked['client_secret']}")
    )

    assert ("canceled", "abandoned", None, asked["payment_method"]) == tuple(
        canceled[name]
        for name in ("status", "cancellation_reason", "next_action", "payment_method")
    )
    with pytest.raises(ValueError, match="asks for no authentication"):
        sandbox.authenticate(asked["id"])
    assert b"This is done" in page.body


def test_a_card_can_be_taken_out_again(client):
    """An empty payment method unsets it."""
    made = make(client, payment_method="pm_card_visa").body["id"]
    emptied = change(client, made, payment_method="").body

    assert (None, "requires_payment_method") == (emptied["payment_method"], emptied["status"])


def test_what_is_canceled_takes_no_other_card(client):
    """The refusal says so, and shows the SetupIntent."""
    made = make(client).body["id"]
    canceled = change(client, made, "cancel").body
    refused = change(client, made, payment_method="pm_card_visa").error

    assert "You cannot update this SetupIntent because it has been canceled." == refused["message"]
    assert canceled == refused["setup_intent"]


@pytest.mark.parametrize("burns", [True, False])
def test_a_decline_may_burn_the_card(client, sandbox, burns):
    """A card of nobody that was declined is of no use any more
    (`Rules.decline_consumes_method`), or it is."""
    sandbox.rules.decline_consumes_method = burns
    card = client.post(
        "/v1/payment_methods", {"type": "card", "card[token]": "tok_chargeDeclined"}
    ).body["id"]
    first, again = save(client, card), save(client, card)

    assert (402, "card_declined") == (first.status, first.error["code"])
    assert (400 if burns else 402) == again.status
    assert "charge" not in first.error


def test_a_declined_customers_card_stays_the_customers(client, sandbox):
    """A decline that was armed spends nothing that a customer has."""
    customer = client.customer()
    card = save(client, customer=customer).body["payment_method"]
    sandbox.decline_next("insufficient_funds", path="/v1/setup_intents")
    declined = save(client, card, customer=customer)

    assert (402, "insufficient_funds") == (declined.status, declined.error["decline_code"])
    assert "succeeded" == save(client, card, customer=customer).body["status"]


@pytest.mark.parametrize("method", ["pm_card_chargeCustomerFail", "pm_card_radarBlock"])
def test_a_card_that_fails_when_charged_can_be_saved(client, method):
    """Nothing is charged, so that nothing fails."""
    assert "succeeded" == save(client, method, customer=client.customer()).body["status"]


def test_a_browser_sees_and_confirms_its_own(client):
    """With the publishable key that takes the client secret, and
    shows neither customer nor metadata."""
    made = make(client, customer=client.customer(), **{"metadata[a]": "b"}).body
    path, secret = f"/v1/setup_intents/{made['id']}", {"client_secret": made["client_secret"]}
    seen = client.get(path, secret, auth=PUBLISHABLE).body
    unknown = client.get(path, {"client_secret": "seti_1"}, auth=PUBLISHABLE)
    declining = {**secret, "payment_method": "pm_card_chargeDeclined"}
    declined = client.post(f"{path}/confirm", declining, auth=PUBLISHABLE).error
    saved = client.post(
        f"{path}/confirm", {**secret, "payment_method": "pm_card_visa"}, auth=PUBLISHABLE
    ).body

    assert not {"customer", "metadata", "latest_attempt"} & seen.keys()
    assert (made["id"], "requires_payment_method") == (seen["id"], seen["status"])
    assert (400, "setup_intent_invalid_parameter") == (unknown.status, unknown.error["code"])
    assert (
        "fingerprint" not in declined["setup_intent"]["last_setup_error"]["payment_method"]["card"]
    )
    assert seen.keys() == saved.keys() == declined["setup_intent"].keys()
    assert "succeeded" == saved["status"]
    assert 401 == client.post("/v1/setup_intents", {}, auth=PUBLISHABLE).status


@each_row(
    ("form", "message"),
    [
        (
            {"return_url": "https://example.com/"},
            "The parameter `return_url` cannot be passed when creating a SetupInt",
        ),
        (
            {"use_stripe_sdk": "true"},
            "The parameter `use_stripe_sdk` cannot be passed when creating a SetupIntent",
        ),
        (
            {"confirm": "true"},
            "You cannot confirm this SetupIntent because it's missing a payment method.",
        ),
        ({"customer": "cus_nope"}, "No such customer: 'cus_nope'"),
        ({"payment_method": "pm_nope"}, "No such PaymentMethod: 'pm_nope'"),
        ({"payment_method": "tok_visa"}, "A token may not be passed in as a PaymentMethod."),
        ({"nope": "1", "mandate_data[x]": "2"}, "Received unknown parameters: nope, mandate_data"),
    ],
)
def test_what_makes_no_setup_intent(client, sandbox, form, message):
    """The refusal is 400, and nothing was made of it."""
    before = len(sandbox.events)
    refused = make(client, **form)

    assert 400 == refused.status
    assert refused.error["message"].startswith(message)
    assert [] == client.get("/v1/setup_intents").body["data"]
    assert [] == sandbox.events[before:]


@pytest.mark.parametrize("verb", ["", "confirm"])
def test_a_card_that_is_not_there(client, verb):
    """It is refused with the SetupIntent as it was, and so is an unknown customer."""
    made = make(client).body
    refused = change(client, made["id"], verb, payment_method="pm_nope").error

    assert ("resource_missing", "payment_method", made) == (
        refused["code"],
        refused["param"],
        refused["setup_intent"],
    )
    assert "resource_missing" == change(client, made["id"], customer="cus_nope").error["code"]


@pytest.mark.parametrize("verb", ["", "confirm", "cancel"])
def test_unknown_parameters_are_refused_everywhere(client, verb):
    """None is ignored."""
    made = make(client).body["id"]

    assert "parameter_unknown" == change(client, made, verb, nope="1").error["code"]


def test_a_customer_is_set_later(client):
    """The card is saved for the customer that the SetupIntent
    has by then, and metadata is merged."""
    made = make(client, payment_method="pm_card_visa", **{"metadata[a]": "1"}).body["id"]
    customer = client.customer()
    changed = change(client, made, customer=customer, **{"metadata[b]": "2"}).body
    saved = change(client, made, "confirm").body

    assert {"a": "1", "b": "2"} == changed["metadata"]
    assert customer == card_of(client, saved)["customer"]
    assert saved == change(client, made).body


def test_a_repeated_key_repeats_the_answer(client):
    """The same key makes one SetupIntent, and tells of a decline again."""
    form = {**NOWHERE, "payment_method": "pm_card_chargeDeclined", "confirm": "true"}
    first, again = (client.post("/v1/setup_intents", form, key="k") for _ in range(2))
    other = client.post("/v1/setup_intents", {**form, "description": "x"}, key="k")

    assert (402, first.body) == (again.status, again.body)
    assert "true" == again.headers["idempotent-replayed"]
    assert "idempotency_error" == other.error["type"]
    assert 1 == len(client.get("/v1/setup_intents").body["data"])


def test_what_it_names_can_be_expanded(client):
    """Its customer and its card are shown in full; its attempt, of
    which nothing is kept, is refused."""
    customer = client.customer()
    made = save(
        client, customer=customer, **{"expand[0]": "customer", "expand[1]": "payment_method"}
    ).body
    path = f"/v1/setup_intents/{made['id']}"
    refused = client.get(path, {"expand[]": "latest_attempt"})

    assert (customer, customer) == (made["customer"]["id"], made["payment_method"]["customer"])
    assert (400, "expand") == (refused.status, refused.error["param"])


def test_lists_are_of_a_customer_or_a_card(client):
    """Newest first, of all, of a customer, of a card; a page at a time."""
    customer = client.customer()
    first, second, third = (
        save(client, customer=customer).body,
        save(client).body,
        make(client, customer=customer).body,
    )

    def ids(**query: Any) -> list[str]:
        return [each["id"] for each in client.get("/v1/setup_intents", query).body["data"]]

    assert [third["id"], second["id"], first["id"]] == ids()
    assert [third["id"], first["id"]] == ids(customer=customer)
    assert [second["id"]] == ids(payment_method=second["payment_method"])
    assert [first["id"]] == ids(customer=customer, starting_after=third["id"])


def test_it_is_made_with_a_seed():
    """Two sandboxes of one seed and clock make the same SetupIntent."""
    one, two = (Client(Sandbox(clock=lambda: 1.0, seed=7, rules=Rules())) for _ in range(2))

    assert save(one).body == save(two).body
