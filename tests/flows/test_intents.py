"""The same calls over PaymentIntents: 3-D Secure, payment methods and confirmation tokens, once."""

from __future__ import annotations

import json

import pytest

from tests.flows.line import answer, refuse
from tests.flows.shop import ADA, ASKS, DAY, FAILS_WHEN_CHARGED, FIVE, SIX, by_hand, paid
from tokencharge import (
    AuthenticationRequired,
    CardDeclined,
    ChargeState,
    GatewayUnavailable,
    InvalidInput,
    InvalidRequest,
    Money,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    PaymentGateway,
    PaymentPending,
    TokenRejected,
)
from tokencharge.sandbox import Fault


@pytest.fixture
def gateway(sandbox):
    return PaymentGateway(
        sandbox.secret_key,
        http_client=sandbox.http_client(),
        route="payment_intents",
        max_retries=0,
    )


def paths(sandbox):
    return [
        (arrival.method, arrival.path.replace(_id(sandbox), "ID")) for arrival in sandbox.requests
    ]


def _id(sandbox):
    return sandbox.payment_intents[0]["id"]


def canned(intent, **changed):
    """Answer with a PaymentIntent that differs from the sandbox's own."""
    return answer(200, {**intent, **changed})


@pytest.mark.parametrize("order_id", [None, "order-7"])
@pytest.mark.parametrize("account", ["sandbox", "new_account"])
def test_a_token_becomes_a_customer_and_a_charge(request, account, order_id):
    """On an account of today and on one of old: a Customer, a
    payment method, and the intent's Charge."""
    sandbox = request.getfixturevalue(account)
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    payment = gateway.charge(
        sandbox.create_token(), ADA, FIVE, order_id=order_id, description="Flask Charge"
    )

    assert [payment.charge] == sandbox.charges
    assert [payment.customer] == sandbox.customers
    assert [
        ("POST", "/v1/customers"),
        ("POST", "/v1/payment_methods"),
        ("POST", "/v1/payment_intents"),
    ] == paths(sandbox)
    assert (FIVE, "succeeded", True, "Flask Charge", _id(sandbox)) == (
        payment.charge.amount,
        payment.charge.status,
        payment.charge.captured,
        payment.charge.description,
        payment.charge.payment_intent_id,
    )
    assert (order_id, False) == (payment.order_id, payment.replayed)
    assert payment.charge.card is not None
    assert "pm_" == (payment.charge.card.id or "")[:3]


def test_everything_given_reaches_the_charge(sandbox, gateway):
    """Receipt, statement, metadata and capture are the charge's."""
    gateway.charge(
        sandbox.create_token(),
        ADA,
        FIVE,
        order_id="order-7",
        capture=False,
        metadata={"basket": 12},
        receipt_email="boss@example.com",
        statement_descriptor_suffix="BOOKS",
    )
    (charge,) = sandbox.charges

    assert (False, Money(0, "usd")) == (charge.captured, charge.amount_captured)
    assert ("12", "order-7") == (charge.metadata["basket"], charge.order_id)
    assert "boss@example.com" == charge.receipt_email
    assert "BOOKS" == sandbox.payment_intents[0]["statement_descriptor_suffix"]


@pytest.mark.parametrize("order_id", [None, "order-7"])
@pytest.mark.parametrize("make", ["create_token", "create_confirmation_token"])
def test_the_same_submission_twice_is_one_payment(sandbox, gateway, make, order_id):
    """A double click ends in the same Customer and the same
    Charge, and the second answer says so."""
    token = getattr(sandbox, make)()
    first, second = (gateway.charge(token, ADA, FIVE, order_id=order_id) for _ in range(2))

    assert [first.charge] == sandbox.charges
    assert (first.charge, first.customer.id) == (second.charge, second.customer.id)
    assert (False, True) == (first.replayed, second.replayed)
    assert (1, 1) == (len(sandbox.customers), len(sandbox.payment_intents))


@pytest.mark.parametrize("route", ["charges", "payment_intents"])
@pytest.mark.parametrize("make", ["create_payment_method", "create_confirmation_token"])
def test_what_the_payment_element_makes_pays_on_either_route(sandbox, make, route):
    """A payment method or a confirmation token always goes over an intent."""
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route=route)
    payment = gateway.charge(getattr(sandbox, make)(), ADA, FIVE, order_id="order-7")

    assert [payment.charge] == sandbox.charges
    assert payment.charge.payment_intent_id == _id(sandbox)
    assert payment.charge.card is not None
    assert str(payment.charge.card.id).startswith("pm_")


def test_a_payment_method_alone_names_no_purchase(sandbox, gateway):
    """It can pay again tomorrow, so the order has to be named, before anything is sent."""
    with pytest.raises(InvalidInput, match="give an order_id"):
        gateway.charge(sandbox.create_payment_method(), ADA, FIVE)

    assert [] == sandbox.payment_intents


def test_another_card_pays_the_order_after_a_decline(sandbox, gateway):
    """A declined intent is confirmed again with the next card."""
    with pytest.raises(CardDeclined) as declined:
        gateway.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7")
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")

    assert (_id(sandbox), "order-7") == (declined.value.payment_intent_id, declined.value.order_id)
    assert ["failed", "succeeded"] == [charge.status for charge in sandbox.charges]
    assert [payment.charge] == paid(sandbox)
    assert 1 == len(sandbox.payment_intents)


@pytest.mark.parametrize("order_id", [None, "order-7"])
def test_the_same_call_is_declined_again(sandbox, gateway, order_id):
    """No second attempt on the same card."""
    token = sandbox.create_token(FAILS_WHEN_CHARGED)
    for _ in range(2):
        with pytest.raises(CardDeclined):
            gateway.charge(token, ADA, FIVE, order_id=order_id)

    assert ["failed"] == [charge.status for charge in sandbox.charges]


@pytest.mark.parametrize("order_id", [None, "order-7"])
@pytest.mark.parametrize("make", ["create_token", "create_confirmation_token"])
def test_the_bank_asks_and_the_buyer_approves(sandbox, gateway, make, order_id):
    """The browser is given what it needs; after that the same call says that it is paid, once."""
    token = getattr(sandbox, make)(ASKS)
    with pytest.raises(AuthenticationRequired) as asked:
        gateway.charge(token, ADA, FIVE, order_id=order_id)

    assert [] == sandbox.charges
    assert (_id(sandbox), sandbox.payment_intents[0]["client_secret"]) == (
        asked.value.payment_intent_id,
        asked.value.client_secret,
    )
    assert "not been charged" in asked.value.public_message

    sandbox.authenticate(asked.value.payment_intent_id)
    payment = gateway.charge(token, ADA, FIVE, order_id=order_id)

    assert [payment.charge] == sandbox.charges == paid(sandbox)
    assert payment == gateway.complete(asked.value.payment_intent_id)
    assert (order_id, True, ADA) == (payment.order_id, payment.replayed, payment.customer.email)


def test_the_bank_asks_and_the_buyer_fails(sandbox, gateway):
    """Told so, not asked again for the same card; another card pays the order."""
    token = sandbox.create_token(ASKS)
    with pytest.raises(AuthenticationRequired) as asked:
        gateway.charge(token, ADA, FIVE, order_id="order-7")
    sandbox.authenticate(asked.value.payment_intent_id, approve=False)
    with pytest.raises(CardDeclined) as failed:
        gateway.charge(token, ADA, FIVE, order_id="order-7")
    with pytest.raises(CardDeclined):
        gateway.complete(asked.value.payment_intent_id)
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")

    assert "payment_intent_authentication_failure" == failed.value.code
    assert "confirm that it was you" in failed.value.public_message
    assert [payment.charge] == paid(sandbox)


def test_a_token_alone_that_fails_authentication_is_not_asked_again(sandbox, gateway):
    """The page that posts the same token again is told how it ended."""
    token = sandbox.create_token(ASKS)
    with pytest.raises(AuthenticationRequired) as asked:
        gateway.charge(token, ADA, FIVE)
    sandbox.authenticate(asked.value.payment_intent_id, approve=False)
    with pytest.raises(CardDeclined):
        gateway.charge(token, ADA, FIVE)

    assert [] == paid(sandbox)


def test_a_tab_closed_during_authentication_leaves_the_order_open(sandbox, gateway):
    """The buyer comes back with another token; the old challenge cannot charge beside it."""
    with pytest.raises(AuthenticationRequired) as asked:
        gateway.charge(sandbox.create_token(ASKS), ADA, FIVE, order_id="order-7")
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")
    with pytest.raises(ValueError, match="authenticat"):
        sandbox.authenticate(asked.value.payment_intent_id)

    assert [payment.charge] == sandbox.charges


def test_whoever_comes_back_unpaid_is_asked_again(sandbox, gateway):
    """Called again before the buyer has authenticated, the bank still asks."""
    token = sandbox.create_token(ASKS)
    for _ in range(2):
        with pytest.raises(AuthenticationRequired) as asked:
            gateway.charge(token, ADA, FIVE, order_id="order-7")
    with pytest.raises(AuthenticationRequired) as unfinished:
        gateway.complete(asked.value.payment_intent_id)

    assert asked.value.client_secret == unfinished.value.client_secret
    assert [] == sandbox.charges


def test_an_intent_that_never_met_a_card_is_not_complete(sandbox, gateway):
    """What is missing is said."""
    with pytest.raises(AuthenticationRequired) as asked:
        gateway.charge(sandbox.create_token(ASKS), ADA, FIVE, order_id="order-7")
    gateway.charge(sandbox.create_token(), ADA, SIX, order_id="order-7")
    with pytest.raises(InvalidRequest, match="canceled"):
        gateway.complete(asked.value.payment_intent_id)


def test_another_amount_takes_another_intent(sandbox, gateway):
    """The intent for the old amount is canceled before the next
    is confirmed, so only one can pay."""
    with pytest.raises(CardDeclined):
        gateway.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7")
    payment = gateway.charge(sandbox.create_token(), ADA, SIX, order_id="order-7")

    assert (SIX, [payment.charge]) == (payment.charge.amount, paid(sandbox))
    assert ["canceled", "succeeded"] == sorted(
        intent["status"] for intent in sandbox.payment_intents
    )

    with pytest.raises(OrderConflict) as conflict:
        gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")

    assert payment.charge.id == conflict.value.charge_id


def test_an_order_to_be_held_is_never_given_up(sandbox, gateway):
    """Canceling could let money go that was held a moment ago:
    the other amount is refused instead."""
    with pytest.raises(CardDeclined):
        gateway.charge(
            sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7", capture=False
        )
    with pytest.raises(OrderConflict, match="begun to hold"):
        gateway.charge(sandbox.create_token(), ADA, SIX, order_id="order-7", capture=False)
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7", capture=False)

    assert [payment.charge] == paid(sandbox)
    assert FIVE == payment.charge.amount


def test_an_intent_that_ends_while_it_is_given_up_is_the_payment(sandbox, line):
    """Stripe refuses to cancel what has been paid; the list then shows the payment."""
    gateway = line.gateway(route="payment_intents")
    with pytest.raises(AuthenticationRequired) as asked:
        gateway.charge(sandbox.create_token(ASKS), ADA, FIVE, order_id="order-7")

    def approve_first(request):
        sandbox.authenticate(asked.value.payment_intent_id)
        return sandbox.handle(request)

    line.plan("POST */cancel", approve_first)
    with pytest.raises(OrderConflict) as conflict:
        gateway.charge(sandbox.create_token(), ADA, SIX, order_id="order-7")

    assert [conflict.value.charge_id] == [charge.id for charge in paid(sandbox)]


def test_an_intent_that_cannot_be_given_up_is_not_charged_beside(sandbox, line):
    """Stripe refuses to cancel it for a reason of its own: the caller is told that."""
    gateway = line.gateway(route="payment_intents")
    with pytest.raises(CardDeclined):
        gateway.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7")
    line.plan("POST */cancel", refuse(400, "Not this one."))
    with pytest.raises(InvalidRequest, match="Not this one"):
        gateway.charge(sandbox.create_token(), ADA, SIX, order_id="order-7")

    assert [] == paid(sandbox)


def decline_first(gateway, sandbox, **order):
    """Begin an order with a card that is declined, so that its intent is open."""
    with pytest.raises(CardDeclined):
        gateway.charge(
            sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, **{"order_id": "order-7", **order}
        )


def test_an_intent_given_up_by_another_tab_is_not_confirmed(sandbox, line):
    """Whoever finds its intent canceled goes on with the next, and not beside it."""
    gateway = line.gateway(route="payment_intents")

    def cancel_first(request):
        with pytest.raises(CardDeclined):
            other.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, SIX, order_id="order-7")
        return sandbox.handle(request)

    other = PaymentGateway(
        sandbox.secret_key, http_client=sandbox.http_client(), route="payment_intents"
    )
    decline_first(gateway, sandbox)
    line.plan("POST */confirm", cancel_first)
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")

    assert [payment.charge] == paid(sandbox)
    assert ["canceled", "canceled", "succeeded"] == sorted(
        intent["status"] for intent in sandbox.payment_intents
    )


def test_an_order_begun_over_charges_is_finished_over_intents(sandbox, gateway):
    """A declined Charge of the old route uses up its slot; a paid one is the payment."""
    old = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route="charges")
    with pytest.raises(CardDeclined):
        old.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7")
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")
    before = old.charge(sandbox.create_token(), ADA, FIVE, order_id="order-8")
    after = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-8")

    assert [payment.charge, before.charge] == paid(sandbox)
    assert (before.charge, True) == (after.charge, after.replayed)
    assert 1 == len(sandbox.payment_intents)


def test_an_order_begun_over_intents_goes_on_as_one(sandbox, gateway):
    """On the old route too, say after a deployment was taken back: no
    Charge is made beside an open intent."""
    old = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route="charges")
    with pytest.raises(CardDeclined):
        gateway.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7")
    payment = old.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")
    found = old.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")

    assert (_id(sandbox), False) == (payment.charge.payment_intent_id, payment.replayed)
    assert [payment.charge] == [found.charge] == paid(sandbox)
    assert 1 == len(sandbox.payment_intents)


def test_a_token_charged_before_the_move_is_not_charged_after_it(sandbox, gateway):
    """The retry of a submission that lands on the new route finds the old one's Charge."""
    token = sandbox.create_token()
    before = PaymentGateway(
        sandbox.secret_key, http_client=sandbox.http_client(), route="charges"
    ).charge(token, ADA, FIVE)
    after = gateway.charge(token, ADA, FIVE)

    assert [before.charge] == [after.charge] == sandbox.charges
    assert after.replayed


def test_an_order_of_a_known_customer_outlives_stripes_keys(sandbox, gateway):
    """What was paid, or is still open, is found in the Customer's lists after a day."""
    customer = gateway.charge(sandbox.create_token(), ADA, FIVE).customer
    first = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7", customer=customer)
    with pytest.raises(AuthenticationRequired):
        gateway.charge(sandbox.create_token(ASKS), ADA, FIVE, order_id="order-8", customer=customer)
    sandbox.advance(DAY)
    again = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7", customer=customer)
    gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-8", customer=customer)

    assert (first.charge.id, True) == (again.charge.id, again.replayed)
    assert (3, 3) == (len(paid(sandbox)), len(sandbox.payment_intents))


def test_a_saved_card_is_charged_without_the_buyer(sandbox, gateway):
    """The Customer's default card, off-session, once per order."""
    customer = gateway.charge(sandbox.create_token(), ADA, FIVE, save_card=True).customer
    first, second = (gateway.charge_customer(customer, SIX, order_id="order-7") for _ in range(2))

    assert [first.charge] == [second.charge] == paid(sandbox)[1:]
    assert (SIX, customer.id, True) == (
        first.charge.amount,
        first.charge.customer_id,
        second.replayed,
    )


def test_a_saved_card_that_asks_is_no_decline(sandbox, gateway):
    """Off-session the bank can only ask; the order is then paid at
    the checkout, on the same intent."""
    with pytest.raises(AuthenticationRequired) as first:
        gateway.charge(sandbox.create_token(ASKS), ADA, FIVE, order_id="order-6")
    with pytest.raises(AuthenticationRequired) as asked:
        gateway.charge_customer(
            first.value.customer_id, FIVE, order_id="order-7", card=_card(sandbox, first.value)
        )
    payment = gateway.charge(
        "tok_visa", ADA, FIVE, order_id="order-7", customer=first.value.customer_id
    )

    assert asked.value.payment_intent_id == payment.charge.payment_intent_id
    assert [payment.charge] == paid(sandbox)


def _card(sandbox, asked):
    intent = next(each for each in sandbox.payment_intents if each["id"] == asked.payment_intent_id)
    return intent["payment_method"]


@pytest.mark.parametrize("named", [True, False])
def test_a_payment_method_of_the_customers_is_charged(sandbox, line, named):
    """By name, or as the default chosen for invoices where there is no card of the old kind."""
    gateway = line.gateway(route="payment_intents")
    customer = gateway.charge(sandbox.create_confirmation_token(), ADA, FIVE).customer
    method = sandbox.create_payment_method()
    by_hand(sandbox, f"payment_methods/{method}/attach", customer=customer.id)
    chosen = {
        **customer.raw,
        "default_source": None,
        "invoice_settings": {"default_payment_method": method},
    }
    line.plan("GET /v1/customers/*", answer(200, chosen))
    payment = gateway.charge_customer(
        customer, SIX, order_id="order-7", card=method if named else None
    )

    assert (SIX, method) == (payment.charge.amount, payment.charge.card.id)


@pytest.mark.parametrize("second", [False, True])
def test_a_lost_answer_to_a_confirmation_is_made_good(sandbox, gateway, second):
    """Nobody is told "declined", and the same call finds the charge."""
    token = sandbox.create_token()
    if second:
        decline_first(gateway, sandbox)
    sandbox.lose_next_answer(path="*/confirm" if second else "/v1/payment_intents")
    with pytest.raises(OutcomeUnknown) as unknown:
        gateway.charge(token, ADA, FIVE, order_id="order-7")
    payment = gateway.charge(token, ADA, FIVE, order_id="order-7")

    assert ("order-7", payment.customer.id) == (unknown.value.order_id, unknown.value.customer_id)
    assert [payment.charge] == paid(sandbox)


@pytest.mark.parametrize("executed", [False, True])
def test_a_5xx_saved_on_the_confirmation_keeps_no_order_open(sandbox, gateway, executed):
    """The intent cannot pay twice, so it is read, and confirmed again if it is open."""
    token = sandbox.create_token()
    decline_first(gateway, sandbox)
    sandbox.faults.add(Fault.server_error(executed=executed, saved=True), path="*/confirm")
    with pytest.raises(OutcomeUnknown):
        gateway.charge(token, ADA, FIVE, order_id="order-7")
    payment = gateway.charge(token, ADA, FIVE, order_id="order-7")

    assert [payment.charge] == paid(sandbox)


def test_a_5xx_saved_on_a_declined_confirmation_is_told_as_the_decline(sandbox, gateway):
    """The payment method is used up by it, so it is not sent again."""
    token = sandbox.create_token(FAILS_WHEN_CHARGED)
    decline_first(gateway, sandbox)
    sandbox.faults.add(Fault.server_error(executed=True, saved=True), path="*/confirm")
    with pytest.raises(OutcomeUnknown):
        gateway.charge(token, ADA, FIVE, order_id="order-7")
    with pytest.raises(CardDeclined):
        gateway.charge(token, ADA, FIVE, order_id="order-7")

    assert [] == paid(sandbox)


@pytest.mark.parametrize("code", ["card_declined", "authentication_required"])
def test_a_refusal_that_stripe_may_not_have_saved_is_asked_again(sandbox, line, code):
    """An earlier try of the call that is late would charge after all: only a
    refusal that is repeated is told."""
    gateway = line.gateway(route="payment_intents")
    decline_first(gateway, sandbox)
    line.plan("POST */confirm", refuse(402, "No.", type="card_error", code=code))
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")

    assert [payment.charge] == paid(sandbox)


def test_a_refusal_that_stripe_never_saves_is_told(sandbox, line):
    """A parameter it objects to, say: asked again it says the
    same, and the intent is still open."""
    gateway = line.gateway(route="payment_intents")
    decline_first(gateway, sandbox)
    line.plan("POST */confirm", *[refuse(400, "Not this one.", param="payment_method")] * 3)
    with pytest.raises(InvalidRequest, match="Not this one"):
        gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")

    assert [] == paid(sandbox)


def test_many_intents_given_up_before_do_not_keep_an_order_waiting(sandbox, gateway, pauses):
    """Each amount that was tried took a slot; the next card goes
    on behind the last of them at once."""
    for amount in (FIVE, SIX) * 4:
        with pytest.raises(CardDeclined):
            gateway.charge(
                sandbox.create_token(FAILS_WHEN_CHARGED), ADA, amount, order_id="order-7"
            )
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")

    assert [payment.charge] == paid(sandbox)
    assert [] == pauses


@pytest.mark.parametrize("second", [False, True])
def test_a_5xx_saved_while_the_bank_asks_is_an_authentication(sandbox, gateway, second):
    """The intent waits for the buyer, so it is not confirmed a second time."""
    token = sandbox.create_token(ASKS)
    if second:
        decline_first(gateway, sandbox)
    path = "*/confirm" if second else "/v1/payment_intents"
    sandbox.faults.add(Fault.server_error(executed=True, saved=True), path=path)
    with pytest.raises(OutcomeUnknown):
        gateway.charge(token, ADA, FIVE, order_id="order-7")
    with pytest.raises(AuthenticationRequired) as asked:
        gateway.charge(token, ADA, FIVE, order_id="order-7")
    sandbox.authenticate(asked.value.payment_intent_id)

    assert [gateway.charge(token, ADA, FIVE, order_id="order-7").charge] == paid(sandbox)


def test_a_confirmation_that_fails_again_and_again_stays_unknown(sandbox, gateway):
    """After a few fresh keys the caller is told the truth: nobody knows."""
    token = sandbox.create_token()
    decline_first(gateway, sandbox)
    sandbox.faults.add(Fault.server_error(executed=False, saved=True), path="*/confirm", times=None)
    for _ in range(12):
        with pytest.raises(OutcomeUnknown):
            gateway.charge(token, ADA, FIVE, order_id="order-7")

    assert [] == paid(sandbox)


@pytest.mark.parametrize("order_id", [None, "order-7"])
def test_a_5xx_saved_on_an_intent_that_was_made_all_the_same_is_survived(
    sandbox, gateway, order_id
):
    """The list shows the intent, and the call goes on with it."""
    token = sandbox.create_token()
    sandbox.faults.add(Fault.server_error(executed=True, saved=True), path="/v1/payment_intents")
    with pytest.raises(OutcomeUnknown):
        gateway.charge(token, ADA, FIVE, order_id=order_id)
    payment = gateway.charge(token, ADA, FIVE, order_id=order_id)

    assert [payment.charge] == sandbox.charges


def test_a_5xx_saved_instead_of_an_intent_leaves_the_order_unknown(sandbox, gateway):
    """Nothing shows whether Stripe will yet make it: no other is made beside it."""
    token = sandbox.create_token()
    sandbox.faults.add(Fault.server_error(executed=False, saved=True), path="/v1/payment_intents")
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            gateway.charge(token, ADA, FIVE, order_id="order-7")

    assert [] == sandbox.payment_intents


def test_an_intent_refused_and_saved_does_not_lock_the_order(sandbox, line):
    """The refusal is noted on the Customer, and the next call takes the next slot."""
    gateway = line.gateway(route="payment_intents")
    line.plan(
        "POST /v1/payment_intents", refuse(400, "Too small.", code="amount_too_small", saved=True)
    )
    with pytest.raises(InvalidRequest, match="Too small"):
        gateway.charge("tok_visa", ADA, Money(1, "usd"), order_id="order-7")
    line.plan(
        "POST /v1/payment_intents", refuse(400, "Other parameters.", type="idempotency_error")
    )
    payment = gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert [payment.charge] == sandbox.charges
    assert payment.charge.metadata["tokencharge"].split("/")[1] == "1"


def test_a_slot_that_another_request_is_taking_is_waited_for(sandbox, line, pauses):
    """Its key is used and nothing shows yet: wait, look again, then say that it is in progress."""
    gateway = line.gateway(route="payment_intents")
    line.plan(
        "POST /v1/payment_intents",
        *[refuse(400, "Other parameters.", type="idempotency_error")] * 9,
    )
    with pytest.raises(OrderInProgress):
        gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert [0.5, 1.0, 2.0] == pauses
    assert [] == sandbox.payment_intents


@pytest.mark.parametrize(
    ("fields", "kind", "code"),
    [
        ({"status": "processing"}, PaymentPending, None),
        ({"status": "requires_payment_method", "last_payment_error": None}, InvalidRequest, None),
        ({"status": "requires_confirmation"}, InvalidRequest, None),
        ({"status": "of_next_year"}, InvalidRequest, None),
        (
            {"status": "requires_payment_method", "last_payment_error": {"code": "expired_card"}},
            CardDeclined,
            "expired_card",
        ),
        (
            {
                "status": "requires_payment_method",
                "last_payment_error": {"code": "authentication_required"},
            },
            AuthenticationRequired,
            "authentication_required",
        ),
    ],
)
def test_a_200_is_not_yet_a_payment(sandbox, line, fields, kind, code):
    """Whatever an intent's status, only a paid one is told as paid."""
    gateway = line.gateway(route="payment_intents")
    first = gateway.charge("tok_visa", ADA, FIVE, order_id="order-6")
    intent = {**sandbox.payment_intents[0], "latest_charge": None, **fields}
    line.plan("POST /v1/payment_intents", answer(200, intent))
    with pytest.raises(kind) as told:
        gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")
    line.plan("GET /v1/payment_intents/*", answer(200, intent))
    with pytest.raises(kind):
        gateway.complete(intent["id"])

    assert code is None or code == told.value.code
    assert [first.charge] == paid(sandbox)[:1]


def test_an_order_that_stripe_is_processing_is_not_charged_beside_it(sandbox, line):
    """An intent that may yet pay is found in the Customer's list, and nothing else is sent."""
    gateway = line.gateway(route="payment_intents")
    customer = gateway.charge("tok_visa", ADA, FIVE, order_id="order-7").customer
    intent = {**sandbox.payment_intents[0], "status": "processing", "latest_charge": None}
    line.plan("GET /v1/charges", answer(200, {"object": "list", "data": [], "has_more": False}))
    line.plan(
        "GET /v1/payment_intents",
        answer(200, {"object": "list", "data": [intent], "has_more": False}),
    )
    with pytest.raises(PaymentPending):
        gateway.charge("tok_visa", ADA, FIVE, order_id="order-7", customer=customer)

    assert 1 == len(sandbox.charges)


def test_a_charge_that_is_only_named_is_read(sandbox, line):
    """Where the answer holds the Charge's id alone, the Charge is asked for."""
    gateway = line.gateway(route="payment_intents")

    def unexpanded(request):
        response = sandbox.handle(request)
        body = json.loads(response.body)
        return answer(200, {**body, "latest_charge": body["latest_charge"]["id"]})(request)

    line.plan("POST /v1/payment_intents", unexpanded)
    payment = gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert [payment.charge] == sandbox.charges


def test_a_paid_intent_whose_charge_cannot_be_read_is_never_told_as_nothing_done(sandbox, line):
    """The money has moved: the outcome is unknown, not "unavailable",
    and the same call makes it known."""
    gateway = line.gateway(route="payment_intents", max_retries=0)
    token = sandbox.create_token()

    def unexpanded(request):
        body = json.loads(sandbox.handle(request).body)
        return answer(200, {**body, "latest_charge": body["latest_charge"]["id"]})(request)

    line.plan("POST /v1/payment_intents", unexpanded)
    line.plan("GET /v1/charges/*", refuse(503, "Down."))
    with pytest.raises(OutcomeUnknown):
        gateway.charge(token, ADA, FIVE, order_id="order-7")

    assert [gateway.charge(token, ADA, FIVE, order_id="order-7").charge] == sandbox.charges


def test_an_intent_that_cannot_be_read_again_leaves_the_outcome_unknown(sandbox, line):
    """A repeated answer is history; not being able to look is not knowing."""
    gateway = line.gateway(route="payment_intents", max_retries=0)
    token = sandbox.create_token(ASKS)
    with pytest.raises(AuthenticationRequired):
        gateway.charge(token, ADA, FIVE)
    line.plan("GET /v1/payment_intents/*", refuse(503, "Down."))
    with pytest.raises(OutcomeUnknown):
        gateway.charge(token, ADA, FIVE)


def test_a_used_confirmation_token_asks_for_the_card_again(sandbox, gateway):
    """Of another order's, say: it is rejected, and nothing is charged."""
    token = sandbox.create_confirmation_token()
    first = gateway.charge(token, ADA, FIVE, order_id="order-7")
    with pytest.raises(TokenRejected):
        gateway.charge(token, ADA, FIVE, order_id="order-8")

    assert [first.charge] == sandbox.charges


@pytest.mark.parametrize("amount", [None, Money(300, "usd")])
def test_held_money_is_taken(sandbox, gateway, amount):
    """All of it or a part, by the charge, on whichever route it was held."""
    held = gateway.charge("tok_visa", ADA, FIVE, capture=False).charge
    taken = gateway.capture(held, amount)

    assert [taken] == sandbox.charges
    assert (True, amount or FIVE) == (taken.captured, taken.amount_captured)
    assert "succeeded" == sandbox.payment_intents[0]["status"]


def test_a_capture_without_its_charge_is_not_told_as_done(sandbox, line):
    """An answer that leaves the Charge out is no answer."""
    gateway = line.gateway(route="payment_intents")
    held = gateway.charge("tok_visa", ADA, FIVE, capture=False).charge
    line.plan("POST */capture", canned(sandbox.payment_intents[0], latest_charge=held.id))
    with pytest.raises(OutcomeUnknown):
        gateway.capture(held)


def test_held_money_is_let_go(sandbox, gateway):
    """No refund is made of it; repeating says the same, and the order is over."""
    held = gateway.charge("tok_visa", ADA, FIVE, capture=False, order_id="order-7").charge
    first, second = gateway.void(held), gateway.void(held)

    assert (first, []) == (second, sandbox.refunds)
    assert (ChargeState.RELEASED, "canceled") == (first.state, sandbox.payment_intents[0]["status"])
    with pytest.raises(OrderConflict, match="let go"):
        gateway.charge("tok_visa", ADA, FIVE, capture=False, order_id="order-7")

    assert gateway.find("order-7") is None
    assert 1 == len(sandbox.charges)


def test_a_refund_is_the_same_call(sandbox, gateway):
    """Money is given back by the charge, on either route."""
    charge = gateway.charge("tok_visa", ADA, FIVE).charge
    refund = gateway.refund(charge, Money(200, "usd"))

    assert [refund] == sandbox.refunds
    assert Money(200, "usd") == sandbox.charges[0].amount_refunded


def test_an_order_is_found(sandbox, gateway):
    """By the Customer's list, or by search."""
    payment = gateway.charge("tok_visa", ADA, FIVE, order_id="order-7")

    assert payment.charge == gateway.find("order-7", customer=payment.customer).charge
    assert payment.charge == gateway.find("order-7").charge
    assert gateway.find("order-8") is None


def test_reading_an_intent_while_stripe_is_away_changes_nothing(sandbox, gateway):
    """`complete` reads and no more."""
    with pytest.raises(AuthenticationRequired) as asked:
        gateway.charge(sandbox.create_token(ASKS), ADA, FIVE)
    with sandbox.unavailable(), pytest.raises(GatewayUnavailable):
        gateway.complete(asked.value.payment_intent_id)
