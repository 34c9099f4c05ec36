"""PaymentIntents: made, confirmed, declined, captured, canceled, read back."""

from __future__ import annotations

import json

import pytest

from tests.rows import each_row
from tests.sandbox.curl import NOW, Client
from tokencharge import ChargeState
from tokencharge.sandbox import Fault, Rules, Sandbox

DAY = 24 * 3600


def types(sandbox):
    return [event.type for event in sandbox.events]


def test_an_intent_waits_for_a_payment_method(either):
    """A new intent says all about what is to be paid, and has a secret for the browser."""
    customer = either.customer()
    intent = either.intent(
        customer=customer,
        description="Flask Charge",
        receipt_email="ada@example.com",
        statement_descriptor_suffix="FLASK",
        **{"metadata[order_id]": "7", "shipping[name]": "Ada", "shipping[address][city]": "Berlin"},
    ).body

    assert intent["id"].startswith("pi_3")
    assert intent["client_secret"].startswith(f"{intent['id']}_secret_")
    assert ("payment_intent", NOW, False, 500, "usd", customer, "requires_payment_method") == tuple(
        intent[name]
        for name in ("object", "created", "livemode", "amount", "currency", "customer", "status")
    )
    assert ("Flask Charge", "ada@example.com", "FLASK", {"order_id": "7"}) == tuple(
        intent[name]
        for name in ("description", "receipt_email", "statement_descriptor_suffix", "metadata")
    )
    assert ("Ada", "Berlin", None, None) == (
        intent["shipping"]["name"],
        intent["shipping"]["address"]["city"],
        intent["shipping"]["address"]["line1"],
        intent["shipping"]["phone"],
    )
    assert (
        "automatic_async",
        {"enabled": True, "allow_redirects": "never"},
        ["card", "link"],
    ) == tuple(
        intent[name]
        for name in ("capture_method", "automatic_payment_methods", "payment_method_types")
    )
    assert (None, None, None, 0, 0) == tuple(
        intent[name]
        for name in (
            "latest_charge",
            "payment_method",
            "last_payment_error",
            "amount_capturable",
            "amount_received",
        )
    )
    assert intent == either.get(f"/v1/payment_intents/{intent['id']}").body


def test_an_intent_with_a_payment_method_waits_for_confirmation(client):
    """It keeps the method given."""
    intent = client.intent(payment_method="pm_card_visa").body

    assert "requires_confirmation" == intent["status"]
    assert intent["payment_method"].startswith("pm_1")
    assert "succeeded" == client.confirm(intent["id"]).body["status"]


def test_a_confirmed_intent_is_paid(either, sandbox):
    """It makes one charge, which says what the intent says and what paid."""
    customer = either.customer()
    intent = either.intent(
        customer=customer,
        description="Flask Charge",
        receipt_email="ada@example.com",
        **{"metadata[order_id]": "7"},
    ).body["id"]
    paid = either.confirm(intent, "pm_card_amex").body
    charge = either.get(f"/v1/charges/{paid['latest_charge']}").body

    assert ("succeeded", 500, 0, None) == tuple(
        paid[name] for name in ("status", "amount_received", "amount_capturable", "next_action")
    )
    assert charge["id"].startswith("ch_3")
    assert (intent, customer, paid["payment_method"], None) == tuple(
        charge[name] for name in ("payment_intent", "customer", "payment_method", "source")
    )
    assert (500, 500, True, True, "succeeded") == tuple(
        charge[name] for name in ("amount", "amount_captured", "captured", "paid", "status")
    )
    assert ("Flask Charge", "ada@example.com", {"order_id": "7"}) == tuple(
        charge[name] for name in ("description", "receipt_email", "metadata")
    )
    assert ("amex", "0005", None) == tuple(
        charge["payment_method_details"]["card"][name]
        for name in ("brand", "last4", "three_d_secure")
    )
    assert charge["receipt_url"].startswith("https://")
    assert [charge["id"]] == [each.id for each in sandbox.charges]


def test_an_intent_can_be_made_and_paid_at_once(client, sandbox):
    """`confirm=true` confirms in the same request."""
    paid = client.pay(off_session="recurring").body

    assert "succeeded" == paid["status"]
    assert [paid["latest_charge"]] == [charge.id for charge in sandbox.charges]
    assert ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"] == types(
        sandbox
    )


def test_what_is_false_needs_no_confirmation(client):
    """`off_session=false` may be said of an intent that is not confirmed yet,
    and capitals of old SDKs are read."""
    waiting = client.intent(off_session="false", confirmation_method="automatic").body
    paid = client.intent(payment_method="pm_card_visa", confirm="True").body

    assert ("requires_payment_method", "succeeded") == (waiting["status"], paid["status"])


def test_off_session_nobody_is_led_away(client):
    """A confirmation without the buyer needs no `return_url`, whatever the intent takes."""
    form = {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true"}
    away = client.post("/v1/payment_intents", {**form, "off_session": "true"})
    there = client.post("/v1/payment_intents", form)

    assert ("succeeded", 400) == (away.body["status"], there.status)


def test_a_token_pays_as_payment_method_data(client, sandbox):
    """A token becomes a PaymentMethod, and is spent by that."""
    token = sandbox.create_token("5555555555554444")
    data = {"payment_method_data[type]": "card", "payment_method_data[card][token]": token}
    paid = client.intent(confirm="true", **data).body
    again = client.intent(confirm="true", **data)

    assert "succeeded" == paid["status"]
    assert paid["payment_method"].startswith("pm_1")
    assert ["4444"] == [charge.card.last4 for charge in sandbox.charges if charge.card]
    assert (400, "token_already_used") == (again.status, again.error["code"])


def test_a_token_is_no_payment_method(client, sandbox):
    """The refusal says what to do instead."""
    answer = client.pay("tok_visa")

    assert 400 == answer.status
    assert {
        "message": (
            "A token may not be passed in as a PaymentMethod. Instead, use payment_method_data"
            " with type=card and card[token]=tok_visa."
        ),
        "param": "payment_method",
        "type": "invalid_request_error",
    } == answer.error
    assert [] == sandbox.payment_intents


def test_the_money_of_an_async_capture_is_booked_a_little_later(client, sandbox):
    """By default the balance transaction is not there yet; with
    `capture_method=automatic` or a capture it is."""
    later = client.pay().body["latest_charge"]
    at_once = client.pay(capture_method="automatic").body["latest_charge"]
    held = client.pay(capture_method="manual").body
    client.post(f"/v1/payment_intents/{held['id']}/capture")
    before = client.get(f"/v1/charges/{later}").body
    refund = client.post("/v1/refunds", {"charge": later, "amount": 100}).body
    sandbox.advance(sandbox.rules.booking_time)
    after = client.get(f"/v1/charges/{later}").body

    assert (None, True) == (before["balance_transaction"], before["captured"])
    assert refund["balance_transaction"].startswith("txn_3")
    assert after["balance_transaction"].startswith("txn_3")
    for charge in (at_once, held["latest_charge"]):
        assert client.get(f"/v1/charges/{charge}").body["balance_transaction"].startswith("txn_3")
    assert "charge.updated" in types(sandbox)[-3:]


def test_a_declined_confirmation_leaves_the_intent_open(either, sandbox):
    """402: the error has the failed charge, the method and the intent, which waits for another."""
    customer = either.customer()
    intent = either.intent(customer=customer, description="Shoes", **{"metadata[a]": "1"}).body[
        "id"
    ]
    declined = either.confirm(intent, "pm_card_visa_chargeDeclinedInsufficientFunds")
    error = declined.error
    charge = either.get(f"/v1/charges/{error['charge']}").body
    now = either.get(f"/v1/payment_intents/{intent}").body

    assert 402 == declined.status
    assert (
        "card_error",
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
    ) == tuple(error[name] for name in ("type", "code", "decline_code", "message"))
    assert "param" not in error
    assert error["payment_intent"] == now
    assert ("requires_payment_method", None, charge["id"], 0) == tuple(
        now[name] for name in ("status", "payment_method", "latest_charge", "amount_received")
    )
    assert error["payment_method"] == now["last_payment_error"]["payment_method"]
    assert ("card_declined", "insufficient_funds", charge["id"]) == tuple(
        now["last_payment_error"][name] for name in ("code", "decline_code", "charge")
    )
    assert ("failed", False, "card_declined", intent, customer, "Shoes", {"a": "1"}, None) == tuple(
        charge[name]
        for name in (
            "status",
            "paid",
            "failure_code",
            "payment_intent",
            "customer",
            "description",
            "metadata",
            "receipt_url",
        )
    )
    assert "succeeded" == either.confirm(intent, "pm_card_visa").body["status"]
    assert ["failed", "succeeded"] == [each.status for each in sandbox.charges]
    assert ["charge.failed", "payment_intent.payment_failed"] == types(sandbox)[2:4]


def test_an_intent_declined_as_it_is_made_is_there(client, sandbox):
    """The error names it, and it can be confirmed again."""
    intent = client.pay("pm_card_chargeDeclinedExpiredCard").error["payment_intent"]

    assert [intent] == sandbox.payment_intents
    assert ("expired_card", "exp_month") == tuple(
        intent["last_payment_error"][name] for name in ("code", "param")
    )
    assert "succeeded" == client.confirm(intent["id"], "pm_card_visa").body["status"]


def test_the_error_is_forgotten_when_the_intent_goes_on(client):
    """Any change clears `last_payment_error`, and so does a payment."""
    intent = client.pay("pm_card_chargeDeclined").error["payment_intent"]["id"]
    changed = client.post(f"/v1/payment_intents/{intent}", {"description": "another"}).body
    client.confirm(intent, "pm_card_chargeDeclined")

    assert (None, "another") == (changed["last_payment_error"], changed["description"])
    assert client.confirm(intent, "pm_card_visa").body["last_payment_error"] is None


@each_row(
    ("method", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
        ("pm_card_radarBlock", "card_declined", "fraudulent"),
    ],
)
def test_test_cards_are_declined_as_documented(client, method, code, decline_code):
    """Cards that a Customer could not even hold fail here when charged."""
    answer = client.pay(method)

    assert (402, code, decline_code) == (
        answer.status,
        answer.error["code"],
        answer.error.get("decline_code"),
    )


def test_the_next_confirmation_can_be_declined(either, sandbox):
    """`decline_next` takes the path, and a decline may leave no charge."""
    sandbox.decline_next("lost_card", path="/v1/payment_intents/*/confirm")
    sandbox.faults.add(Fault.declined(leaves_charge=False), path="/v1/payment_intents")
    bare = either.pay().error
    declined = either.confirm(bare["payment_intent"]["id"], "pm_card_visa").error

    assert (None, None) == (bare.get("charge"), bare["payment_intent"]["latest_charge"])
    assert ("lost_card", declined["charge"]) == (
        declined["decline_code"],
        declined["payment_intent"]["latest_charge"],
    )
    assert "charge" not in bare["payment_intent"]["last_payment_error"]


def test_a_decline_is_replayed(client, sandbox):
    """A 402 is saved under the key, and so is whatever a confirmation said."""
    intent = client.intent().body["id"]
    path = f"/v1/payment_intents/{intent}/confirm"
    first = client.post(path, {"payment_method": "pm_card_chargeDeclined"}, key="k")
    client.confirm(intent, "pm_card_visa")
    second = client.post(path, {"payment_method": "pm_card_chargeDeclined"}, key="k")

    assert (402, first.body) == (second.status, second.body)
    assert "true" == second.headers["idempotent-replayed"]
    assert ["failed", "succeeded"] == [charge.status for charge in sandbox.charges]


def test_a_lost_answer_can_be_asked_for_again(client, sandbox):
    """Executed, saved, lost: with the same key it is told again, and nothing is paid twice."""
    intent = client.intent().body["id"]
    path = f"/v1/payment_intents/{intent}/confirm"
    sandbox.lose_next_answer(path=path)
    with pytest.raises(ConnectionResetError):
        client.post(path, {"payment_method": "pm_card_visa"}, key="k")
    again = client.post(path, {"payment_method": "pm_card_visa"}, key="k")

    assert (200, "succeeded") == (again.status, again.body["status"])
    assert 1 == len(sandbox.charges)


@pytest.mark.parametrize(("by_path", "status"), [(False, 400), (True, 200)])
def test_whether_keys_are_endpoints_own_can_be_chosen(by_path, status):
    """A key used at another endpoint is refused, or is another key there."""
    client = Client(Sandbox(rules=Rules(keys_by_path=by_path)))
    form = {"amount": 500, "currency": "usd"}
    intent = client.post("/v1/payment_intents", form, key="k").body["id"]
    there = client.post(f"/v1/payment_intents/{intent}/cancel", key="k")
    again = client.post("/v1/payment_intents", form, key="k")

    assert (status, intent) == (there.status, again.body["id"])
    if not by_path:
        assert "idempotency_error" == there.error["type"]
        assert (
            f"('/v1/payment_intents' vs '/v1/payment_intents/{intent}/cancel')"
            in there.error["message"]
        )


@pytest.mark.card_tokens
def test_an_intent_pays_from_the_default_card(client):
    """Confirmed without a method, it takes its customer's default source, as charges do."""
    customer = client.customer("tok_visa")
    card = client.get(f"/v1/customers/{customer}").body["default_source"]
    intent = client.intent(customer=customer).body["id"]

    assert card == client.confirm(intent).body["payment_method"]


def test_an_intent_without_a_method_cannot_be_confirmed(client):
    """400, and the intent with it."""
    intent = client.intent().body
    alone = client.confirm(intent["id"])
    customer = client.customer()
    owned = client.confirm(client.intent(customer=customer).body["id"])
    at_once = client.intent(confirm="true")

    assert (400, "payment_intent_unexpected_state", intent) == (
        alone.status,
        alone.error["code"],
        alone.error["payment_intent"],
    )
    assert alone.error["message"].endswith(
        "confirm it again directly with a payment method or ConfirmationToken."
    )
    assert f"To confirm the PaymentIntent with {customer}, specify" in owned.error["message"]
    assert "payment_intent_unexpected_state" == at_once.error["code"]


def test_a_page_to_come_back_to_is_needed_where_a_method_may_lead_away(client):
    """Without `allow_redirects=never`, a confirmation needs a `return_url`."""
    form = {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa"}
    intent = client.post("/v1/payment_intents", form).body
    refused = client.confirm(intent["id"])
    off = client.post(
        "/v1/payment_intents",
        {**form, "confirm": "true", "automatic_payment_methods[enabled]": "false"},
    )

    assert {"enabled": True, "allow_redirects": "always"} == intent["automatic_payment_methods"]
    assert (400, intent) == (refused.status, refused.error["payment_intent"])
    assert "you must provide a `return_url`" in refused.error["message"]
    assert (
        "succeeded"
        == client.confirm(intent["id"], return_url="https://example.com/").body["status"]
    )
    assert ("succeeded", None) == (off.body["status"], off.body["automatic_payment_methods"])


def test_a_confirmation_may_change_what_is_asked(client):
    """Receipt, capture and shipping can be said late."""
    intent = client.intent().body["id"]
    late = {"receipt_email": "ada@example.com", "capture_method": "manual"}
    where = {"shipping[name]": "Ada", "shipping[address][line1]": "Invalidenstr. 1"}
    held = client.confirm(intent, "pm_card_visa", **late, **where).body

    assert ("requires_capture", "ada@example.com", "Ada") == (
        held["status"],
        held["receipt_email"],
        held["shipping"]["name"],
    )


def test_money_is_held_and_captured(either, sandbox):
    """With `capture_method=manual` the money is held, and taken by a capture."""
    held = either.pay(capture_method="manual").body
    (before,) = sandbox.charges
    taken = either.post(f"/v1/payment_intents/{held['id']}/capture", {"metadata[a]": "1"}).body
    (after,) = sandbox.charges

    assert ("requires_capture", 500, 0) == tuple(
        held[name] for name in ("status", "amount_capturable", "amount_received")
    )
    assert (True, False) == (before.paid, before.captured)
    assert ("succeeded", 0, 500, {"a": "1"}) == tuple(
        taken[name] for name in ("status", "amount_capturable", "amount_received", "metadata")
    )
    assert (True, 500, None) == (
        after.captured,
        after.amount_captured.minor,
        before.balance_transaction_id,
    )
    assert after.balance_transaction_id is not None
    assert [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "payment_intent.succeeded",
    ] == types(sandbox)


def test_what_is_not_captured_is_released(client, sandbox):
    """A partial capture lets the rest go, of which no refund and no event tells."""
    held = client.pay(capture_method="manual").body["id"]
    taken = client.post(f"/v1/payment_intents/{held}/capture", {"amount_to_capture": 300}).body
    (charge,) = sandbox.charges

    assert ("succeeded", 300, 0) == tuple(
        taken[name] for name in ("status", "amount_received", "amount_capturable")
    )
    assert (300, 0, False) == (
        charge.amount_captured.minor,
        charge.amount_refunded.minor,
        charge.refunded,
    )
    assert [] == sandbox.refunds
    assert ["charge.captured", "payment_intent.succeeded"] == types(sandbox)[3:]


@pytest.mark.parametrize(
    ("amount", "code", "param", "message"),
    [
        (
            501,
            "amount_too_large",
            None,
            "The payment could not be captured because the requested capture amount is",
        ),
        (49, "amount_too_small", "amount", "Amount must be at least $0.50 usd"),
        (
            0,
            "parameter_invalid_integer",
            "amount",
            "This value must be greater than or equal to 1.",
        ),
        (-100, None, "amount_to_capture", "Invalid non-negative integer"),
    ],
)
def test_no_more_can_be_captured_than_is_held(client, sandbox, amount, code, param, message):
    """Too large and too small amounts are 400 with the intent in the error, and capture nothing."""
    held = client.pay(capture_method="manual").body
    answer = client.post(f"/v1/payment_intents/{held['id']}/capture", {"amount_to_capture": amount})

    assert (400, code, param) == (
        answer.status,
        answer.error.get("code"),
        answer.error.get("param"),
    )
    assert answer.error["message"].startswith(message)
    assert held == answer.error["payment_intent"]
    assert [False] == [charge.captured for charge in sandbox.charges]


def test_a_whole_amount_of_nothing_is_no_payment(client):
    """Amount 0 is told what to do instead."""
    answer = client.intent(amount="0")

    assert (400, "parameter_invalid_integer", "amount") == (
        answer.status,
        answer.error["code"],
        answer.error["param"],
    )
    assert answer.error["message"].endswith("https://docs.stripe.com/payments/setup-intents")


def test_the_charge_of_an_intent_is_captured_through_the_intent(client):
    """The Charges API points to it."""
    held = client.pay(capture_method="manual").body
    answer = client.post(f"/v1/charges/{held['latest_charge']}/capture")
    client.post(f"/v1/payment_intents/{held['id']}/capture")
    again = client.post(f"/v1/charges/{held['latest_charge']}/capture")

    assert 400 == answer.status
    assert answer.error["message"].startswith(
        f"This uncaptured Charge was created by a PaymentIntent ({held['id']})."
    )
    assert "charge_already_captured" == again.error["code"]


def test_the_charge_of_an_intent_is_described_by_itself(client):
    """What it says can be changed there, but for what ties it to others."""
    paid = client.pay(transfer_group="one").body
    path = f"/v1/charges/{paid['latest_charge']}"
    described = client.post(path, {"description": "Shoes", "metadata[a]": "1"})
    tied = client.post(path, {"transfer_group": "two"})

    assert (200, "Shoes") == (described.status, described.body["description"])
    assert 400 == tied.status
    assert {
        "message": (
            f"This Charge was created by a PaymentIntent ({paid['id']}). You must update the"
            " `transfer_group` on the PaymentIntent instead of updating the Charge directly. See"
            " https://stripe.com/docs/api#update_payment_intent"
        ),
        "type": "invalid_request_error",
    } == tied.error
    assert "one" == client.get(path).body["transfer_group"]


def test_a_hold_is_released_by_canceling(either, sandbox):
    """Canceling lets the money go, of which the intent tells alone: its charge stays as it was."""
    held = either.pay(capture_method="manual").body
    (before,) = sandbox.charges
    canceled = either.post(
        f"/v1/payment_intents/{held['id']}/cancel", {"cancellation_reason": "requested_by_customer"}
    ).body
    (after,) = sandbox.charges

    assert ("canceled", NOW, "requested_by_customer", 0) == tuple(
        canceled[name]
        for name in ("status", "canceled_at", "cancellation_reason", "amount_capturable")
    )
    assert (before.raw, []) == (after.raw, sandbox.refunds)
    assert (ChargeState.HELD, ChargeState.RELEASED) == (before.state, after.state)
    assert (False, False, 0) == (after.refunded, after.captured, after.amount_captured.minor)
    assert ["payment_intent.amount_capturable_updated", "payment_intent.canceled"] == types(
        sandbox
    )[-2:]


def test_canceling_may_have_no_reason(client):
    """`cancellation_reason` is null then."""
    canceled = client.post(f"/v1/payment_intents/{client.intent().body['id']}/cancel").body

    assert (NOW, None) == (canceled["canceled_at"], canceled["cancellation_reason"])


def test_a_hold_lapses_after_seven_days(client, sandbox):
    """Then the intent is canceled by itself, because it expired, unless it was ended before."""
    lapsed, taken = (client.pay(capture_method="manual").body["id"] for _ in range(2))
    client.post(f"/v1/payment_intents/{taken}/capture")
    before = sandbox.charges
    sandbox.advance(7 * DAY)
    after = client.get(f"/v1/payment_intents/{lapsed}").body

    assert ("canceled", "expired") == (after["status"], after["cancellation_reason"])
    assert "succeeded" == client.get(f"/v1/payment_intents/{taken}").body["status"]
    assert ([each.raw for each in before], []) == (
        [each.raw for each in sandbox.charges],
        sandbox.refunds,
    )
    assert ["charge.expired", "payment_intent.canceled"] == types(sandbox)[-2:]


@pytest.mark.parametrize("how", ["charge", "payment_intent"])
def test_a_payment_is_refunded(either, sandbox, how):
    """By its charge or by the intent, in parts or whole."""
    paid = either.pay().body
    named = {how: paid["latest_charge"] if how == "charge" else paid["id"]}
    part = either.post("/v1/refunds", {**named, "amount": 200}).body
    rest = either.post("/v1/refunds", named).body
    again = either.post("/v1/refunds", named)

    assert part["id"].startswith("re_3")
    assert (200, 300, paid["id"], paid["latest_charge"]) == (
        part["amount"],
        rest["amount"],
        rest["payment_intent"],
        rest["charge"],
    )
    assert "charge_already_refunded" == again.error["code"]
    assert [True] == [charge.refunded for charge in sandbox.charges]
    listed = either.get("/v1/refunds", {"payment_intent": paid["id"]}).body["data"]
    assert [rest["id"], part["id"]] == [each["id"] for each in listed]


def test_only_what_was_paid_can_be_refunded(client):
    """What is held is to be canceled; what failed or was never tried has nothing to give back."""
    held = client.pay(capture_method="manual").body
    failed = client.pay("pm_card_chargeDeclined").error
    fresh = client.intent().body["id"]
    holding = client.post("/v1/refunds", {"charge": held["latest_charge"]})
    failing = [
        client.post("/v1/refunds", form)
        for form in (
            {"charge": failed["charge"]},
            {"payment_intent": failed["payment_intent"]["id"]},
            {"payment_intent": fresh},
        )
    ]
    nothing = client.post("/v1/refunds", {"amount": 100})
    unknown = client.post("/v1/refunds", {"payment_intent": "pi_3nothing"})

    assert 400 == holding.status
    assert (
        "You must cancel the PaymentIntent to reverse the authorization" in holding.error["message"]
    )
    assert [400] * 3 == [answer.status for answer in failing]
    assert (
        f"This PaymentIntent ({fresh}) does not have a successful charge to refund."
        == failing[2].error["message"]
    )
    assert {
        "message": (
            "One of the following params should be provided for this request: payment_intent or"
            " charge."
        ),
        "type": "invalid_request_error",
    } == nothing.error
    assert (400, "resource_missing", "payment_intent") == (
        unknown.status,
        unknown.error["code"],
        unknown.error["param"],
    )


def test_an_intent_can_be_changed_until_it_is_paid(client):
    """What is paid, by whom and with what; metadata as ever."""
    intent = client.intent(**{"metadata[a]": "1", "metadata[b]": "2"}).body["id"]
    customer = client.customer()
    path = f"/v1/payment_intents/{intent}"
    changed = client.post(
        path,
        {
            "amount": 700,
            "currency": "eur",
            "customer": customer,
            "metadata[a]": "",
            "transfer_group": "g",
        },
    ).body
    given = client.post(path, {"payment_method": "pm_card_visa"}).body
    data = {"payment_method_data[type]": "card", "payment_method_data[card][token]": "tok_amex"}
    other = client.post(path, data).body
    paid = client.confirm(intent).body

    assert (700, "eur", customer, {"b": "2"}, "g") == tuple(
        changed[name] for name in ("amount", "currency", "customer", "metadata", "transfer_group")
    )
    assert ("requires_payment_method", "requires_confirmation") == (
        changed["status"],
        given["status"],
    )
    assert other["payment_method"] not in (None, given["payment_method"])
    assert (other["payment_method"], 700) == (paid["payment_method"], paid["amount_received"])
    assert paid == client.post(path).body


def test_a_payment_can_only_be_described_anew(client):
    """Once it is paid, words and metadata can be changed, and nothing else."""
    intent = client.pay().body["id"]
    path = f"/v1/payment_intents/{intent}"
    described = client.post(path, {"description": "after", "metadata[a]": "1"}).body
    refused = {
        name: client.post(path, {name: value})
        for name, value in {
            "amount": 700,
            "currency": "eur",
            "customer": "cus_x",
            "payment_method": "pm_card_visa",
            "setup_future_usage": "off_session",
        }.items()
    }

    assert ("after", {"a": "1"}) == (described["description"], described["metadata"])
    assert {"payment_intent_unexpected_state"} == {
        answer.error["code"] for answer in refused.values()
    }
    assert list(refused) == [answer.error["param"] for answer in refused.values()]
    assert (
        "This PaymentIntent's amount could not be updated because it has a status of succeeded."
        " You may only update the amount of a PaymentIntent with one of the following statuses:"
        " requires_payment_method, requires_confirmation, requires_action."
    ) == refused["amount"].error["message"]


@each_row(
    ("form", "code", "param"),
    [
        ({"amount": "49"}, "amount_too_small", "amount"),
        ({"amount": "0"}, "parameter_invalid_integer", "amount"),
        ({"currency": "usdz"}, None, "currency"),
        ({"customer": "cus_nobody"}, "resource_missing", "customer"),
        ({"payment_method": "pm_nothing"}, "resource_missing", "payment_method"),
        ({"payment_method": ""}, "parameter_invalid_empty", "payment_method"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"source": "tok_visa"}, "parameter_unknown", "source"),
        ({"confirmation_method": "manual"}, None, "confirmation_method"),
        ({"confirm": "maybe"}, None, "confirm"),
        (
            {"payment_method_types[]": "card"},
            "payment_method_types_no_longer_supported",
            "payment_method_types",
        ),
        ({"statement_descriptor": "SHOP"}, None, "statement_descriptor"),
        ({"statement_descriptor_suffix": "1245"}, None, "statement_descriptor_suffix"),
        (
            {"statement_descriptor_suffix": "Company\u2122"},
            "invalid_characters",
            "statement_descriptor_suffix",
        ),
        ({"capture_method": "later"}, None, "capture_method"),
        ({"setup_future_usage": "ever"}, None, "setup_future_usage"),
        ({"off_session": "true"}, None, "off_session"),
        ({"return_url": "https://example.com/"}, None, "return_url"),
        ({"confirmation_token": "ctoken_1"}, None, "confirmation_token"),
        ({"confirm": "true", "off_session": "never"}, None, "off_session"),
        (
            {"automatic_payment_methods[allow_redirects]": "sometimes"},
            None,
            "automatic_payment_methods[allow_redirects]",
        ),
        (
            {
                "payment_method": "pm_card_visa",
                "payment_method_data[type]": "card",
                "payment_method_data[card][token]": "t",
            },
            None,
            "payment_method_data",
        ),
        ({"payment_method_data[type]": "card"}, "parameter_missing", "payment_method_data[card]"),
    ],
)
def test_a_bad_parameter_is_400(client, sandbox, form, code, param):
    """Each is named, and there is no intent."""
    answer = client.intent(**form)

    assert (400, code, param) == (
        answer.status,
        answer.error.get("code"),
        answer.error.get("param"),
    )
    assert ([], []) == (sandbox.payment_intents, sandbox.charges)


def test_confirming_takes_its_own_parameters_only(client):
    """What describes the payment is said when it is made."""
    intent = client.intent().body["id"]

    for name in ("amount", "description", "metadata[a]", "statement_descriptor_suffix"):
        assert (
            "parameter_unknown"
            == client.confirm(intent, "pm_card_visa", **{name: "1"}).error["code"]
        )


def test_an_unknown_intent_is_404(client):
    """In a path, an unknown id is 404."""
    for answer in (
        client.get("/v1/payment_intents/pi_3nothing"),
        client.post("/v1/payment_intents/pi_3nothing"),
        client.confirm("pi_3nothing"),
        client.post("/v1/payment_intents/pi_3nothing/capture"),
        client.post("/v1/payment_intents/pi_3nothing/cancel"),
    ):
        assert (404, "No such payment_intent: 'pi_3nothing'", "intent") == (
            answer.status,
            answer.error["message"],
            answer.error["param"],
        )


def test_intents_are_listed(client):
    """Newest first, by customer, at once."""
    customer = client.customer()
    names = [client.intent(customer=customer).body["id"] for _ in range(3)]
    client.intent()
    first = client.get("/v1/payment_intents", {"customer": customer, "limit": 2}).body
    rest = client.get(
        "/v1/payment_intents", {"customer": customer, "starting_after": names[1]}
    ).body

    assert ([names[2], names[1]], True) == (
        [each["id"] for each in first["data"]],
        first["has_more"],
    )
    assert ([names[0]], False) == ([each["id"] for each in rest["data"]], rest["has_more"])


def test_intents_are_searched_after_a_while():
    """The index lags, as that of charges does."""
    sandbox = Sandbox(clock=lambda: float(NOW), rules=Rules(search_lag=60.0))
    client = Client(sandbox)
    intent = client.intent(**{"metadata[order_id]": "7"}).body["id"]
    query = {"query": "metadata['order_id']:'7' AND status:'requires_payment_method'"}
    before = client.get("/v1/payment_intents/search", query).body["data"]
    sandbox.advance(60)

    assert [] == before
    assert [intent] == [
        each["id"] for each in client.get("/v1/payment_intents/search", query).body["data"]
    ]


def test_the_charges_of_an_intent_are_listed(client):
    """`GET /v1/charges?payment_intent=` lists every attempt."""
    failed = client.pay("pm_card_chargeDeclined").error
    intent = failed["payment_intent"]["id"]
    paid = client.confirm(intent, "pm_card_visa").body["latest_charge"]
    client.pay()

    listed = client.get("/v1/charges", {"payment_intent": intent}).body["data"]
    assert [paid, failed["charge"]] == [each["id"] for each in listed]


@pytest.mark.card_tokens
def test_what_an_intent_names_can_be_expanded(client):
    """The charge, the customer, the method, and the charge's intent back again."""
    customer = client.customer("tok_visa")
    card = client.get(f"/v1/customers/{customer}").body["default_source"]
    form = {
        "customer": customer,
        "expand[0]": "latest_charge.customer",
        "expand[1]": "payment_method",
    }
    paid = client.pay(card, **form).body
    charge = client.get(
        f"/v1/charges/{paid['latest_charge']['id']}",
        {"expand[]": "payment_intent.payment_method.customer"},
    ).body
    fresh = client.pay(**{"expand[]": "payment_method"}).body

    assert customer == paid["latest_charge"]["customer"]["id"]
    assert (card, "payment_method", "visa") == (
        paid["payment_method"]["id"],
        paid["payment_method"]["object"],
        paid["payment_method"]["card"]["brand"],
    )
    assert (paid["id"], customer) == (
        charge["payment_intent"]["id"],
        charge["payment_intent"]["payment_method"]["customer"]["id"],
    )
    assert "pm_1" == fresh["payment_method"]["id"][:4]


def test_a_browser_sees_an_intent_by_its_secret(either):
    """With the publishable key an intent shows itself to whoever has its
    secret, without what is the shop's own."""
    public = "Bearer pk_test_tokenchargeSandboxKey0001"
    intent = either.intent(customer=either.customer(), **{"metadata[order_id]": "7"}).body
    path = f"/v1/payment_intents/{intent['id']}"
    seen = either.get(path, {"client_secret": intent["client_secret"]}, auth=public)
    refused = [either.get(path, query, auth=public) for query in ({}, {"client_secret": "wrong"})]

    assert (200, "requires_payment_method") == (seen.status, seen.body["status"])
    assert {"amount", "client_secret", "currency", "next_action"} <= seen.body.keys()
    assert not {"metadata", "customer", "latest_charge", "amount_received"} & seen.body.keys()
    assert [400, 400] == [answer.status for answer in refused]
    assert {
        "code": "payment_intent_invalid_parameter",
        "message": (
            "The client_secret provided does not match the client_secret associated with the"
            " PaymentIntent."
        ),
        "param": "client_secret",
        "type": "invalid_request_error",
    } == refused[0].error
    assert intent == either.get(path, {"client_secret": intent["client_secret"]}).body
    assert 400 == either.get(path, {"client_secret": "wrong"}).status


def test_a_browser_confirms_with_the_secret(client):
    """Stripe.js confirms with the publishable key; declines show no more than that either."""
    public = "Bearer pk_test_tokenchargeSandboxKey0001"
    intent = client.intent(**{"metadata[order_id]": "7"}).body
    path, secret = (
        f"/v1/payment_intents/{intent['id']}/confirm",
        {"client_secret": intent["client_secret"]},
    )
    refused = client.post(path, {"payment_method": "pm_card_visa"}, auth=public)
    declined = client.post(
        path, {"payment_method": "pm_card_chargeDeclined", **secret}, auth=public
    )
    paid = client.post(path, {"payment_method": "pm_card_visa", **secret}, auth=public)
    again = client.post(path, {"payment_method": "pm_card_visa", **secret}, auth=public)
    others = client.post("/v1/payment_intents", {"amount": 500, "currency": "usd"}, auth=public)

    assert (400, 402, 200, 400, 401) == tuple(
        answer.status for answer in (refused, declined, paid, again, others)
    )
    assert "metadata" not in json.dumps([declined.body, paid.body, again.body])
    assert "fingerprint" not in json.dumps(declined.body)
    assert ("requires_payment_method", "succeeded") == (
        declined.error["payment_intent"]["status"],
        again.error["payment_intent"]["status"],
    )


def test_views_show_intents_as_stripe_does(client, sandbox):
    """`payment_intents` is a list of plain mappings, and stays what it was."""
    intent = client.intent().body
    (before,) = sandbox.payment_intents
    client.confirm(intent["id"], "pm_card_visa")

    assert intent == before
    assert ["succeeded"] == [each["status"] for each in sandbox.payment_intents]
