"""3-D Secure: which cards ask, how they are answered, and what becomes of the intent."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.rows import each_row
from tests.sandbox.curl import Client
from tokencharge.sandbox import Request, Rules, Sandbox

ASKS = [
    "pm_card_authenticationRequired",
    "pm_card_threeDSecure2Required",
    "pm_card_authenticationRequiredOnSetup",
]


def page(sandbox, intent, method="GET", secret=None, body=b""):
    query = f"client_secret={secret or intent['client_secret']}"
    return sandbox.handle(Request(method, f"/3d_secure/{intent['id']}", query, {}, body))


@pytest.mark.parametrize(
    ("number", "last4", "country"),
    [
        ("4000000000003063", "3063", "US"),
        ("4000003560000123", "0123", "IN"),
        ("4000000000003220", "3220", "IE"),
    ],
)
def test_numbers_that_must_be_authenticated_ask(client, sandbox, number, last4, country):
    """Such a card pays nothing until its owner was asked; off session it cannot pay."""
    asked = client.pay(sandbox.create_payment_method(number))
    away = client.pay(sandbox.create_payment_method(number), off_session="true")
    card = client.get(f"/v1/payment_methods/{asked.body['payment_method']}").body["card"]

    assert ("requires_action", None) == (asked.body["status"], asked.body["latest_charge"])
    assert (402, "authentication_required") == (away.status, away.error["code"])
    assert (last4, country) == (card["last4"], card["country"])
    assert "succeeded" == sandbox.authenticate(asked.body["id"])["status"]


def test_a_bank_that_was_not_asked_for_money_leaves_no_trace(client, sandbox):
    """Off session such a card leaves no charge, gives no advice, and its CVC stays unchecked."""
    refused = client.pay("pm_card_threeDSecureRequired", off_session="true").error

    assert [] == sandbox.charges
    assert (
        not {"charge", "advice_code", "network_decline_code", "payment_method_type"}
        & refused.keys()
    )
    assert "unchecked" == refused["payment_method"]["card"]["checks"]["cvc_check"]
    assert "card" == refused["payment_intent"]["last_payment_error"]["payment_method_type"]


@pytest.mark.parametrize("method", ASKS)
def test_a_card_may_ask_for_authentication(either, sandbox, method):
    """On session that is 200, `requires_action`, and no charge; approved, the intent is paid."""
    asked = either.pay(method, use_stripe_sdk="true").body
    charges = sandbox.charges
    paid = sandbox.authenticate(asked["id"])

    assert ("requires_action", "use_stripe_sdk", None, []) == (
        asked["status"],
        asked["next_action"]["type"],
        asked["latest_charge"],
        charges,
    )
    assert ("succeeded", asked["payment_method"], None) == (
        paid["status"],
        paid["payment_method"],
        paid["next_action"],
    )
    assert paid == either.get(f"/v1/payment_intents/{asked['id']}").body
    assert ["authenticated"] == [
        charge.raw["payment_method_details"]["card"]["three_d_secure"]["result"]
        for charge in sandbox.charges
    ]
    assert "payment_intent.requires_action" == sandbox.events[1].type


def test_authentication_may_fail(either, sandbox):
    """The intent waits for another method, and says why."""
    asked = either.pay(ASKS[0]).body["id"]
    failed = sandbox.authenticate(asked, approve=False)
    error = failed["last_payment_error"]

    assert ("requires_payment_method", None, None, None) == tuple(
        failed[name] for name in ("status", "payment_method", "next_action", "latest_charge")
    )
    assert ("payment_intent_authentication_failure", "invalid_request_error", "3184") == (
        error["code"],
        error["type"],
        error["payment_method"]["card"]["last4"],
    )
    assert [] == sandbox.charges
    assert "payment_intent.payment_failed" == sandbox.events[-1].type
    assert "succeeded" == either.confirm(asked, "pm_card_visa").body["status"]


@pytest.mark.parametrize(
    ("method", "decline_code"),
    [
        ("pm_card_threeDSecureRequiredChargeDeclined", "generic_decline"),
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
def test_a_card_may_be_declined_after_authentication(client, sandbox, method, decline_code):
    """Authenticated and declined: the intent waits for another method."""
    asked = client.pay(method).body
    declined = sandbox.authenticate(asked["id"])

    assert ("requires_payment_method", decline_code) == (
        declined["status"],
        declined["last_payment_error"]["decline_code"],
    )
    assert ["failed"] == [charge.status for charge in sandbox.charges]


@each_row(
    ("method", "status"),
    [
        ("pm_card_threeDSecureOptional", 200),
        ("pm_card_threeDSecureOptionalProcessingError", 200),
        ("pm_card_amex_threeDSecureNotSupported", 200),
        ("pm_card_threeDSecureRequiredProcessingError", 402),
    ],
)
def test_other_cards_do_not_ask(client, method, status):
    """Those that only could are charged; the one whose bank cannot be reached is declined."""
    answer = client.pay(method)

    assert status == answer.status
    assert ("succeeded" if status == 200 else "card_declined") == (
        answer.body.get("status") or answer.error["code"]
    )


@pytest.mark.parametrize(("method", "charges"), [(ASKS[0], 1), (ASKS[1], 0), (ASKS[2], 1)])
def test_off_session_nobody_can_be_asked(either, sandbox, method, charges):
    """402 `authentication_required`; the intent can still be confirmed with the buyer there."""
    customer = either.customer()
    refused = either.pay(method, customer=customer, off_session="true")
    intent = refused.error["payment_intent"]

    assert (402, "card_error", "authentication_required", "authentication_required") == (
        refused.status,
        *(refused.error[name] for name in ("type", "code", "decline_code")),
    )
    assert ("requires_payment_method", charges) == (intent["status"], len(sandbox.charges))
    assert intent["client_secret"].startswith(intent["id"])
    assert refused.error.get("charge") == intent["latest_charge"]
    assert "requires_action" == either.confirm(intent["id"], method).body["status"]


@pytest.mark.parametrize(("method", "charges"), [(ASKS[0], 1), (ASKS[1], 0)])
def test_a_confirmation_may_forbid_to_ask(client, sandbox, method, charges):
    """`error_on_requires_action` is 402,
    `authentication_not_handled`; the failed charge is not named."""
    refused = client.pay(method, error_on_requires_action="true")
    intent = refused.error["payment_intent"]

    assert (402, "authentication_required", "authentication_not_handled") == (
        refused.status,
        refused.error["code"],
        refused.error["decline_code"],
    )
    assert "charge" not in refused.error
    assert charges == len(sandbox.charges) == (intent["latest_charge"] is not None)
    assert ["authentication_required"] * charges == [
        charge.failure_code for charge in sandbox.charges
    ]


def test_a_card_set_up_for_later_is_not_asked_for_again(client, sandbox):
    """Once authenticated and saved, that card pays while its owner
    is away; on session it always asks."""
    customer = client.customer()
    asked = client.pay(ASKS[2], customer=customer, setup_future_usage="off_session").body
    method = sandbox.authenticate(asked["id"])["payment_method"]
    away = client.pay(method, customer=customer, off_session="true")
    there = client.pay(method, customer=customer)
    attached = client.post(f"/v1/payment_methods/{ASKS[2]}/attach", {"customer": customer}).body[
        "id"
    ]
    always = client.post(f"/v1/payment_methods/{ASKS[0]}/attach", {"customer": customer}).body["id"]

    assert ("succeeded", "requires_action") == (away.body["status"], there.body["status"])
    assert [402, 402] == [
        client.pay(each, customer=customer, off_session="true").status
        for each in (attached, always)
    ]


def test_a_card_may_be_set_up_from_the_start(client):
    """`pm_card_authenticationRequiredSetupForOffSession` asks on session only."""
    method = "pm_card_authenticationRequiredSetupForOffSession"

    assert "succeeded" == client.pay(method, off_session="true").body["status"]
    assert "requires_action" == client.pay(method).body["status"]


def test_another_method_takes_the_place_of_the_one_that_asks(client, sandbox):
    """In `requires_action` one can confirm again, with another card or the same."""
    asked = client.pay(ASKS[0]).body
    again = client.confirm(asked["id"]).body
    paid = client.confirm(asked["id"], "pm_card_visa").body

    assert ("requires_action", asked["payment_method"]) == (
        again["status"],
        again["payment_method"],
    )
    assert ("succeeded", None) == (paid["status"], paid["next_action"])
    with pytest.raises(ValueError, match="asks for no authentication"):
        sandbox.authenticate(asked["id"])
    with pytest.raises(ValueError, match="asks for no authentication"):
        sandbox.authenticate("pi_3nothing")


@pytest.mark.parametrize("change", [{"amount": 700}, {"payment_method": "pm_card_visa"}])
def test_what_was_asked_for_cannot_be_changed_under_the_question(client, sandbox, change):
    """A change of amount or method takes the question back."""
    asked = client.pay(ASKS[0]).body["id"]
    changed = client.post(f"/v1/payment_intents/{asked}", change).body

    assert ("requires_confirmation", None) == (changed["status"], changed["next_action"])
    with pytest.raises(ValueError, match="asks for no authentication"):
        sandbox.authenticate(asked)


def test_a_description_does_not_take_the_question_back(client, sandbox):
    """Words can be changed while the bank asks."""
    asked = client.pay(ASKS[0]).body["id"]
    client.post(f"/v1/payment_intents/{asked}", {"description": "Shoes"})

    assert "succeeded" == sandbox.authenticate(asked)["status"]


def test_a_replay_is_as_old_as_its_answer(client, sandbox):
    """A saved `requires_action` is told again when the intent has long been paid."""
    form = {"amount": 500, "currency": "usd", "confirm": "true", "payment_method": ASKS[0]}
    form |= {"return_url": "https://example.com/"}
    asked = client.post("/v1/payment_intents", form, key="k").body
    sandbox.authenticate(asked["id"])

    assert asked == client.post("/v1/payment_intents", form, key="k").body
    assert "succeeded" == client.get(f"/v1/payment_intents/{asked['id']}").body["status"]


@pytest.mark.card_tokens
def test_a_question_outlives_the_card(client, sandbox):
    """A customer's card that is taken away meanwhile still pays what it was asked for."""
    customer = client.customer("tok_threeDSecure2Required")
    asked = client.confirm(client.intent(customer=customer).body["id"]).body
    client.post(f"/v1/payment_methods/{asked['payment_method']}/detach")

    assert "succeeded" == sandbox.authenticate(asked["id"])["status"]


def test_canceling_takes_the_question_back(client, sandbox):
    """Nobody can answer it then."""
    asked = client.pay(ASKS[0]).body["id"]
    client.post(f"/v1/payment_intents/{asked}/cancel")

    with pytest.raises(ValueError, match="asks for no authentication"):
        sandbox.authenticate(asked)


def test_closing_the_banks_window_fails_the_authentication(client):
    """What Stripe.js asks for then, with the publishable key and the intent's secret."""
    asked = client.pay(ASKS[0]).body
    path, public = (
        f"/v1/payment_intents/{asked['id']}/source_cancel",
        "Bearer pk_test_tokenchargeSandboxKey0001",
    )
    form = {"source": asked["payment_method"], "client_secret": asked["client_secret"]}
    unknown = client.post(path, {**form, "source": "pm_1another"}, auth=public)
    closed = client.post(path, form, auth=public).body
    again = client.post(path, form, auth=public)

    assert (400, "resource_missing") == (unknown.status, unknown.error["code"])
    assert ("requires_payment_method", "payment_intent_authentication_failure") == (
        closed["status"],
        closed["last_payment_error"]["code"],
    )
    assert "fingerprint" not in closed["last_payment_error"]["payment_method"]["card"]
    assert (400, "payment_intent_unexpected_state") == (again.status, again.error["code"])


def test_the_page_asks_and_takes_the_answer(client, sandbox):
    """It names the amount and the card, and has two buttons; answered, it says so."""
    asked = client.pay(ASKS[0]).body
    shown = page(sandbox, asked).body.decode()
    answered = page(sandbox, asked, "POST", body=b"outcome=approve").body.decode()

    assert "5.00 USD" in shown
    assert "ends in 3184" in shown
    assert ("Approve", "Fail") == tuple(
        word for word in ("Approve", "Fail") if f">{word}</button>" in shown
    )
    assert "This is done" in answered
    assert "succeeded" == sandbox.payment_intents[0]["status"]
    assert "This is done" in page(sandbox, asked, "POST", body=b"outcome=fail").body.decode()
    assert "succeeded" == sandbox.payment_intents[0]["status"]


def test_the_page_is_for_who_has_the_secret(client, sandbox):
    """Without it there is nothing."""
    asked = client.pay(ASKS[0]).body

    assert 404 == page(sandbox, asked, secret="wrong").status
    assert 404 == page(sandbox, {**asked, "id": "pi_3nothing"}).status
    assert 404 == page(sandbox, asked, "POST", secret="wrong", body=b"outcome=approve").status
    assert "requires_action" == sandbox.payment_intents[0]["status"]


@each_row(
    ("method", "outcome", "status"),
    [
        (ASKS[0], "approve", "succeeded"),
        (ASKS[0], "fail", "failed"),
        ("pm_card_threeDSecureRequiredChargeDeclined", "approve", "failed"),
    ],
)
@each_row("back", ["https://example.com/done", "https://example.com/done?order=7"])
def test_the_page_leads_back_to_the_shop(client, sandbox, method, outcome, status, back):
    """With a `return_url` the intent has an address to go to, which leads back with the news."""
    asked = client.pay(method, return_url=back).body
    leads = asked["next_action"]["redirect_to_url"]
    answer = page(sandbox, asked, "POST", body=f"outcome={outcome}".encode())
    where = urlsplit(answer.headers["location"])

    assert ("redirect_to_url", back) == (asked["next_action"]["type"], leads["return_url"])
    assert leads["url"].endswith(f"/3d_secure/{asked['id']}?client_secret={asked['client_secret']}")
    assert 303 == answer.status
    assert answer.headers["location"].startswith(back)
    assert ([asked["id"]], [asked["client_secret"]], [status]) == tuple(
        parse_qs(where.query)[name]
        for name in ("payment_intent", "payment_intent_client_secret", "redirect_status")
    )


def test_the_address_is_where_the_request_was_sent(sandbox):
    """Over HTTP it can be opened."""
    with sandbox.serve() as server:
        client = Client(sandbox, server.url)
        asked = client.pay(ASKS[0], return_url="https://example.com/").body

    assert asked["next_action"]["redirect_to_url"]["url"].startswith(f"{server.url}/3d_secure/pi_3")


def test_stripe_js_is_preferred_to_the_address(client):
    """With `use_stripe_sdk` a `return_url` makes no difference."""
    asked = client.pay(ASKS[0], return_url="https://example.com/", use_stripe_sdk="true").body

    assert "use_stripe_sdk" == asked["next_action"]["type"]


@pytest.mark.parametrize(
    ("number", "status"), [("4000000000000507", "succeeded"), ("4000000000000515", "failed")]
)
def test_a_payment_may_take_its_time(client, sandbox, number, status):
    """Two cards of the sandbox's own leave an intent `processing`, until a minute has passed."""
    slow = client.pay(sandbox.create_payment_method(number)).body
    (before,) = sandbox.charges
    sandbox.advance(60)
    intent = client.get(f"/v1/payment_intents/{slow['id']}").body
    (after,) = sandbox.charges

    assert ("processing", "pending", False) == (slow["status"], before.status, before.paid)
    assert before.id == slow["latest_charge"] == intent["latest_charge"] == after.id
    assert status == after.status
    if status == "succeeded":
        assert ("succeeded", 500, True) == (
            intent["status"],
            intent["amount_received"],
            after.captured,
        )
    else:
        assert ("requires_payment_method", "card_declined") == (
            intent["status"],
            intent["last_payment_error"]["code"],
        )
    assert ["charge.pending", "payment_intent.processing"] == [
        event.type for event in sandbox.events
    ][1:3]


@pytest.mark.parametrize(("may", "status"), [(True, "canceled"), (False, "processing")])
def test_whether_a_slow_payment_can_be_canceled_can_be_chosen(may, status):
    """Stripe allows it in rare cases; then nothing is paid."""
    sandbox = Sandbox(
        clock=lambda: 1_800_000_000.0, rules=Rules(cancel_while_processing=may, processing_time=5.0)
    )
    client = Client(sandbox)
    slow = client.pay("pm_card_sandboxPaysLater").body["id"]
    answer = client.post(f"/v1/payment_intents/{slow}/cancel")
    now = client.get(f"/v1/payment_intents/{slow}").body["status"]
    sandbox.advance(5)

    assert (200 if may else 400, status) == (answer.status, now)
    assert ["failed" if may else "succeeded"] == [charge.status for charge in sandbox.charges]
