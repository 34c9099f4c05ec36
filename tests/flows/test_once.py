"""One life of an order: whoever's Customer it meets, whatever day
it is, whatever the key may read."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime, timedelta, timezone
from typing import Any

import attrs
import pytest

from tests.flows.line import answer, lose, refuse
from tests.flows.shop import (
    ADA,
    ASKS,
    DAY,
    FAILS_WHEN_CHARGED,
    FIVE,
    GOOD,
    HOUR,
    ROUTES,
    SIX,
    by_hand,
    paid,
)
from tokencharge import (
    AuthenticationFailed,
    AuthenticationRequired,
    CardDeclined,
    CardTokensRefused,
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
from tokencharge.sandbox import Fault, Request

NO_SEARCH = refuse(400, "The search feature is unavailable for this merchant.")
FORBIDDEN = refuse(403, "The provided key does not have the required permissions.")


@pytest.fixture
def till(sandbox, route):
    """A gateway on each route, to an account that knows both."""
    return PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route=route)


def let_go(sandbox, charge):
    """Let go of what a Charge holds, as from the dashboard."""
    if charge.payment_intent_id is None:
        by_hand(sandbox, "refunds", charge=charge.id)
    else:
        by_hand(sandbox, f"payment_intents/{charge.payment_intent_id}/cancel")


def member(sandbox):
    """A Customer the shop has known for long."""
    return by_hand(sandbox, "customers", email=ADA)["id"]


# Guest and login


@pytest.mark.parametrize("was_paid", [True, False])
@pytest.mark.parametrize("login_first", [True, False])
def test_an_order_goes_on_for_another_customer(sandbox, till, pauses, login_first, was_paid):
    """A guest logs in, or a member logs out: what was paid is told as paid,
    what was declined goes on at once."""
    customers = (
        [{"customer": member(sandbox)}, {}] if login_first else [{}, {"customer": member(sandbox)}]
    )
    card = sandbox.create_token(GOOD if was_paid else FAILS_WHEN_CHARGED)
    order: dict[str, Any] = {"email": ADA, "amount": FIVE, "order_id": "order-7"}
    try:
        first = till.charge(card, **order, **customers[0])
    except CardDeclined:
        first = None
    payment = till.charge(sandbox.create_token(), **order, **customers[1])

    assert [payment.charge] == paid(sandbox)
    assert first is None or (first.charge.id, True) == (payment.charge.id, payment.replayed)
    assert payment.charge.customer_id == payment.customer.id
    assert [] == pauses


@pytest.mark.parametrize("was_paid", [True, False])
def test_a_guest_whose_customer_was_never_made_hears_of_the_payment(sandbox, till, was_paid):
    """What another Customer paid is found, although Stripe failed to make the guest's."""
    order: dict[str, Any] = {"amount": FIVE, "order_id": "order-7"}
    sandbox.faults.add(
        Fault.server_error(executed=False, saved=True), path="/v1/customers", method="POST"
    )
    hasty = PaymentGateway.from_settings(
        attrs.evolve(till.settings, max_retries=0), http_client=sandbox.http_client()
    )
    with pytest.raises(OutcomeUnknown):
        hasty.charge(sandbox.create_token(), "typo@example.com", **order)
    if was_paid:
        paid_before = till.charge(sandbox.create_token(), ADA, **order, customer=member(sandbox))
        payment = till.charge(sandbox.create_token(), ADA, **order)

        assert (paid_before.charge, True) == (payment.charge, payment.replayed)
        assert paid_before.customer.id == payment.customer.id
    else:
        with pytest.raises(OrderInProgress, match="with the e-mail it began with"):
            till.charge(sandbox.create_token(), ADA, **order)
        payment = till.charge(sandbox.create_token(), "typo@example.com", **order)

    assert [payment.charge] == paid(sandbox)


def test_an_old_order_goes_on_with_its_customer(sandbox, till, later):
    """Days later no second Customer is made, though the buyer corrects the e-mail."""
    began = datetime.now(timezone.utc)
    with pytest.raises((InvalidRequest, TokenRejected)):
        till.charge("tok_1Unknown", "typo@example.com", FIVE, order_id="order-7", began=began)
    later(2 * DAY)
    payment = till.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7", began=began)

    assert [payment.charge] == paid(sandbox)
    assert [(payment.customer.id, ADA)] == [(each.id, each.email) for each in sandbox.customers]


def test_the_open_intent_of_another_customer_is_given_up(sandbox, pauses):
    """Its challenge cannot charge beside what is paid after the login."""
    till = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    with pytest.raises(AuthenticationRequired) as asked:
        till.charge(sandbox.create_token(ASKS), ADA, FIVE, order_id="order-7")
    known = member(sandbox)
    payment = till.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7", customer=known)
    with pytest.raises(ValueError, match="authenticat"):
        sandbox.authenticate(asked.value.payment_intent_id)

    assert [payment.charge] == paid(sandbox)
    assert known == payment.customer.id


def test_a_hold_begun_for_another_customer_is_taken_there(sandbox):
    """An intent that is to hold money is never given up, so the card
    that is nobody's pays it where it is."""
    till = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    order: dict[str, Any] = {"email": ADA, "amount": FIVE, "order_id": "order-7", "capture": False}
    with pytest.raises(CardDeclined):
        till.charge(sandbox.create_token(FAILS_WHEN_CHARGED), **order)
    payment = till.charge(sandbox.create_token(), **order, customer=(known := member(sandbox)))

    assert [payment.charge] == paid(sandbox)
    assert known != payment.customer.id == payment.charge.customer_id


def test_a_hold_begun_for_another_customer_takes_no_saved_card(sandbox):
    """It is that Customer's alone."""
    till = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    with pytest.raises(CardDeclined):
        till.charge(
            sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7", capture=False
        )
    saved = till.charge("tok_visa", ADA, FIVE, order_id="order-8", save_card=True)
    with pytest.raises(OrderConflict, match="begun to hold"):
        till.charge_customer(saved.customer, FIVE, order_id="order-7", capture=False)

    assert [saved.charge] == paid(sandbox)


@pytest.mark.parametrize("login_first", [True, False])
def test_a_refusal_noted_on_another_customer_is_found(sandbox, till, login_first):
    """An amount too small leaves nothing but a note; the next
    call goes past it, whoever makes it."""
    customers = (
        [{"customer": member(sandbox)}, {}] if login_first else [{}, {"customer": member(sandbox)}]
    )
    with pytest.raises(InvalidRequest, match="at least"):
        till.charge("tok_visa", ADA, Money(30, "usd"), order_id="order-7", **customers[0])
    payment = till.charge("tok_visa", ADA, FIVE, order_id="order-7", **customers[1])

    assert [payment.charge] == paid(sandbox)


def test_a_stale_customer_is_forgotten_and_the_order_charged_again(sandbox, till):
    """Of another account, or deleted: it is one sentence, and uses up neither token nor order."""
    token = sandbox.create_token()
    with pytest.raises(InvalidRequest) as stale:
        till.charge(token, ADA, FIVE, order_id="order-7", customer="cus_of_another_account")
    payment = till.charge(token, ADA, FIVE, order_id="order-7")

    assert ("resource_missing", "customer") == (stale.value.code, stale.value.step)
    assert [payment.charge] == sandbox.charges


# Days


@pytest.mark.parametrize("card", ["the same", "another"])
def test_a_day_is_no_cliff_for_who_says_when_the_order_began(sandbox, till, later, card):
    """Declined at midnight, paid ten minutes before the next,
    called again after it: charged once."""
    order: dict[str, Any] = {
        "email": ADA,
        "amount": FIVE,
        "order_id": "order-7",
        "began": datetime.now(timezone.utc),
    }
    with pytest.raises(CardDeclined):
        till.charge(sandbox.create_token(FAILS_WHEN_CHARGED), **order)
    later(DAY - 600)
    method = sandbox.create_payment_method()
    first = till.charge(method, **order)
    later(1200)
    again = till.charge(method if card == "the same" else sandbox.create_token(), **order)

    assert [first.charge.id] == [charge.id for charge in paid(sandbox)]
    assert (first.charge.id, first.customer.id, True) == (
        again.charge.id,
        again.customer.id,
        again.replayed,
    )


def test_an_old_order_is_found_without_search(sandbox, line, later):
    """Where an account has none, the lists are read from when the order began."""
    till = line.gateway(route="payment_intents")
    began = datetime.now(timezone.utc)
    first = till.charge("tok_visa", ADA, FIVE, order_id="order-7", began=began)
    later(3 * DAY)
    line.plan("GET */search", *[NO_SEARCH] * 9)
    again = till.charge("tok_visa", ADA, FIVE, order_id="order-7", began=began)

    assert first.charge.id == again.charge.id
    assert [again.charge] == sandbox.charges


@pytest.mark.parametrize(
    ("began", "sentence"),
    [
        (datetime(2026, 1, 1), "no time zone"),  # noqa: DTZ001
        (datetime.now(timezone.utc) + timedelta(hours=1), "in the future"),
        ("yesterday", "is a datetime, not str"),
    ],
)
def test_when_an_order_began_is_a_moment(sandbox, gateway, began, sentence):
    """With a time zone, and in the past."""
    with pytest.raises(InvalidInput, match=sentence):
        gateway.charge("tok_visa", ADA, FIVE, order_id="order-7", began=began)

    assert [] == sandbox.requests


def test_a_card_declined_yesterday_uses_up_its_slot_for_itself_too(sandbox, gateway, later, line):
    """Tried again while another card comes: both take the same next slot, so one is charged."""
    known = member(sandbox)
    good, other = (
        by_hand(sandbox, f"customers/{known}/sources", source=sandbox.create_token())["id"]
        for _ in range(2)
    )
    sandbox.decline_next()
    with pytest.raises(CardDeclined):
        gateway.charge_customer(known, FIVE, order_id="order-7", card=good)
    later(2 * DAY)

    def begin(request):
        pending = sandbox.begin(request)
        with pytest.raises(OrderInProgress):
            gateway.charge_customer(known, FIVE, order_id="order-7", card=other)
        return sandbox.finish(pending)

    line.plan("POST /v1/charges", begin)
    payment = line.gateway().charge_customer(known, FIVE, order_id="order-7", card=good)

    assert [payment.charge] == paid(sandbox)


def test_an_old_note_of_a_refusal_is_not_believed(sandbox, till, later):
    """Two days later the slot's key is free again: whoever is in it may be charging."""
    known = member(sandbox)
    with pytest.raises(InvalidRequest):
        till.charge("tok_visa", ADA, Money(30, "usd"), order_id="order-7", customer=known)
    later(2 * DAY)
    payment = till.charge("tok_visa", ADA, FIVE, order_id="order-7", customer=known)

    assert "0" == payment.charge.metadata["tokencharge"].split("/")[1]


def test_an_intent_left_open_yesterday_is_paid_by_a_saved_card_over_charges(
    sandbox, gateway, later
):
    """No Charge is made beside a challenge that may yet be passed."""
    known = member(sandbox)
    card = by_hand(sandbox, f"customers/{known}/sources", source=sandbox.create_token())["id"]
    with pytest.raises(AuthenticationRequired):
        gateway.charge(
            sandbox.create_confirmation_token(ASKS), ADA, FIVE, order_id="order-7", customer=known
        )
    later(DAY + HOUR)
    payment = gateway.charge_customer(known, FIVE, order_id="order-7", card=card)

    assert sandbox.payment_intents[0]["id"] == payment.charge.payment_intent_id
    assert [payment.charge] == paid(sandbox)


def test_of_two_customers_of_an_order_the_newer_counts(sandbox, line, later):
    """Search may answer oldest first: the e-mail is corrected on
    the Customer the order is paid with."""
    till = line.gateway()
    with pytest.raises(CardDeclined):
        till.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7")
    later(2 * DAY)
    payment = till.charge("tok_visa", ADA, FIVE, order_id="order-7")
    found = [customer.raw for customer in sandbox.customers]
    line.plan("GET /v1/customers", answer(200, {"data": [{"id": "cus_newer"}], "has_more": True}))
    line.plan("GET /v1/customers/search", answer(200, {"data": found, "has_more": False}))
    again = till.charge("tok_visa", "ada.lovelace@example.com", FIVE, order_id="order-7")

    assert [payment.charge] == [again.charge] == paid(sandbox)


# Paid orders, told as they are


@pytest.mark.parametrize(
    "token", ["tok_chargeDeclined", "tok_1AAAAAAAAAAAAAAAAAAAAAAA", "tok_visa"]
)
def test_a_paid_order_is_left_alone(sandbox, till, token):
    """Whatever e-mail and card come with it, it answers with
    its payment, and nothing is changed."""
    first = till.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")
    before = (sandbox.customers, len(sandbox.events))
    again = till.charge(token, "attacker@evil.example", FIVE, order_id="order-7")

    assert (first.charge, True, ADA) == (again.charge, again.replayed, again.customer.email)
    assert before == (sandbox.customers, len(sandbox.events))


def test_a_paid_order_takes_any_token_where_nobody_looked(sandbox):
    """Within the day of an order nothing is looked through: a
    token that is refused is a reason to."""
    till = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    order: dict[str, Any] = {
        "email": ADA,
        "amount": FIVE,
        "order_id": "order-7",
        "began": datetime.now(timezone.utc),
    }
    known = member(sandbox)
    first = till.charge(sandbox.create_token(), **order, customer=known)
    again = till.charge("tok_1AAAAAAAAAAAAAAAAAAAAAAA", **order, customer=known)
    with pytest.raises(TokenRejected):
        till.charge(
            "tok_1AAAAAAAAAAAAAAAAAAAAAAA", **{**order, "order_id": "order-8"}, customer=known
        )

    assert [first.charge] == [again.charge] == sandbox.charges


def test_a_pending_charge_is_no_payment(sandbox, line):
    """`find` says so, in both forms: what is shipped on its word is paid."""
    till = line.gateway()
    charge = till.charge("tok_visa", ADA, FIVE, order_id="order-7").charge
    pending = answer(
        200, {"data": [{**charge.raw, "status": "pending", "paid": False}], "has_more": False}
    )
    line.plan("GET /v1/charges*", pending, pending)
    for known in ({}, {"customer": charge.customer_id}):
        with pytest.raises(PaymentPending) as told:
            till.find("order-7", **known)

    assert charge.id == told.value.charge_id


def test_a_hold_that_was_let_go_is_no_payment(sandbox, till):
    """Neither for `find`, nor for the same call, nor for another card."""
    order: dict[str, Any] = {"email": ADA, "amount": FIVE, "order_id": "order-7", "capture": False}
    token = sandbox.create_token()
    held = till.charge(token, **order)
    assert held.charge == till.find("order-7", customer=held.customer).charge

    let_go(sandbox, held.charge)
    for card in (token, sandbox.create_token()):
        with pytest.raises(OrderConflict, match="let go"):
            till.charge(card, **order)

    assert till.find("order-7") is None
    assert till.find("order-7", customer=held.customer) is None
    assert 1 == len(sandbox.charges)


def test_a_token_whose_hold_was_let_go_is_told_so(sandbox, till):
    """Stripe would repeat that the money is held."""
    token = sandbox.create_token()
    let_go(sandbox, till.charge(token, ADA, FIVE, capture=False).charge)
    with pytest.raises(OrderConflict, match="let go"):
        till.charge(token, ADA, FIVE, capture=False)


@pytest.mark.parametrize("order_id", [None, "order-7"])
def test_a_repeated_answer_is_history_whatever_was_lost_before_it(sandbox, line, order_id):
    """The buyer has authenticated, and the first try of the next call is lost:
    nobody is told "not charged yet"."""
    till = line.gateway(route="payment_intents")
    token = sandbox.create_token(ASKS)
    with pytest.raises(AuthenticationRequired) as asked:
        till.charge(token, ADA, FIVE, order_id=order_id)
    sandbox.authenticate(asked.value.payment_intent_id)
    line.plan("POST /v1/customers", lose(ConnectionResetError()))
    line.plan("POST /v1/payment_intents", refuse(503))
    payment = till.charge(token, ADA, FIVE, order_id=order_id)

    assert [payment.charge] == sandbox.charges


# Refusals and notes


@pytest.mark.parametrize("status", [400, 404])
def test_a_note_that_stripe_refuses_hides_no_refusal(sandbox, line, status):
    """A Customer whose metadata is full, or that is deleted:
    repeating the call would mend nothing."""
    till = line.gateway(route="payment_intents")
    line.plan("POST /v1/customers/" + "?" * 18, refuse(status, "Metadata can have up to 50 keys."))
    with pytest.raises(InvalidRequest, match="at least"):
        till.charge("tok_visa", ADA, Money(30, "usd"), order_id="order-7")


def test_a_customer_without_a_card_uses_up_nothing(sandbox, till):
    """It is one sentence, nothing is noted, and once there is a card the same order is paid."""
    known = member(sandbox)
    with pytest.raises(InvalidRequest, match="no saved card"):
        till.charge_customer(known, FIVE, order_id="order-7")
    metadata = sandbox.customers[0].metadata
    method = sandbox.create_payment_method()
    by_hand(sandbox, f"payment_methods/{method}/attach", customer=known)
    payment = till.charge_customer(known, FIVE, order_id="order-7")

    assert {} == metadata
    assert method == payment.charge.card.id


def test_a_refusal_that_left_its_intent_behind_is_an_open_order(sandbox, line):
    """A 400 that names nothing: the list shows the intent, so the slot is not
    noted as spent, and is gone on with."""
    till = line.gateway(route="payment_intents")

    def made_and_refused(request):
        without = Request(
            "POST", request.path, "", request.headers, b"amount=500&currency=usd&" + kept(request)
        )
        post_only = sandbox.handle(without)
        made.append(json.loads(post_only.body)["id"])
        return refuse(400, "Not like this.")(request)

    def kept(request):
        pairs = request.body.decode().split("&")
        return "&".join(
            pair for pair in pairs if pair.startswith(("customer", "metadata", "automatic"))
        ).encode()

    made: list[str] = []
    line.plan("POST /v1/payment_intents", made_and_refused)
    with pytest.raises(InvalidRequest, match="Not like this"):
        till.charge("tok_visa", ADA, FIVE, order_id="order-7")
    payment = till.charge("tok_mastercard", ADA, FIVE, order_id="order-7")

    assert (
        made
        == [payment.charge.payment_intent_id]
        == [intent["id"] for intent in sandbox.payment_intents]
    )
    assert ["tokencharge"] == [
        name for name in sandbox.customers[0].metadata if name.startswith("tokencharge")
    ]


def test_notes_of_other_days_are_cleared(sandbox, till, later):
    """So that refusals never fill a Customer's metadata."""
    known = member(sandbox)
    for number in range(3):
        with pytest.raises(InvalidRequest):
            till.charge(
                "tok_visa", ADA, Money(30, "usd"), order_id=f"order-{number}", customer=known
            )
        later(DAY)

    assert 2 == len(sandbox.customers[0].metadata)


# Restricted keys, and a look that fails


@pytest.mark.parametrize("fails", [refuse(503), refuse(429), FORBIDDEN])
def test_a_charge_that_is_running_is_told_as_running(sandbox, line, fails):
    """409: no failing look turns that into another error."""
    till = line.gateway(max_retries=0)
    line.plan("POST /v1/charges", refuse(409, code="idempotency_key_in_use"))
    line.plan("GET *", fails)
    with pytest.raises(OrderInProgress):
        till.charge("tok_visa", ADA, FIVE, order_id="order-7")


@pytest.mark.parametrize(
    ("route", "other"), [("charges", "payment_intents"), ("payment_intents", "charges")]
)
def test_a_key_for_one_route_need_not_read_the_other(sandbox, line, route, other):
    """A restricted key is no wrong key because of a list it does not need."""
    till = line.gateway(route=route)
    line.plan(f"GET /v1/{other}", *[FORBIDDEN] * 20)
    with pytest.raises(CardDeclined):
        till.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7")
    payment = till.charge("tok_visa", ADA, FIVE, order_id="order-7")
    line.plan(f"POST /v1/{route}", *[refuse(400, type="idempotency_error")] * 9)
    with pytest.raises(OrderInProgress):
        till.charge("tok_visa", ADA, FIVE, order_id="order-8")

    assert [payment.charge] == paid(sandbox)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("listing", ["charges", "payment_intents"])
def test_what_nothing_else_guards_is_not_charged_unseen(sandbox, line, route, listing):
    """Of a known Customer's order, which may be days old, both lists are to
    be read before anything is charged."""
    till = line.gateway(route=route)
    line.plan(f"GET /v1/{listing}", FORBIDDEN)
    with pytest.raises(AuthenticationFailed):
        till.charge("tok_visa", ADA, FIVE, order_id="order-7", customer=member(sandbox))

    assert [] == sandbox.charges


def test_a_key_that_may_not_list_its_own_route_is_told_as_that(sandbox, line):
    """Not as an unknown outcome, for ever: the call itself did nothing."""
    till = line.gateway()
    with pytest.raises(CardDeclined):
        till.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7")
    line.plan("GET /v1/charges", *[FORBIDDEN] * 9)
    with pytest.raises(AuthenticationFailed):
        till.charge("tok_visa", ADA, FIVE, order_id="order-7")


# Cards


def test_a_default_card_that_is_a_payment_method_goes_over_an_intent(sandbox, line):
    """On either route: the Customers of Checkout, the portal and the Payment Element have those."""
    known = member(sandbox)
    method = sandbox.create_payment_method()
    by_hand(sandbox, f"payment_methods/{method}/attach", customer=known)
    default = {"invoice_settings": {"default_payment_method": method}}
    line.plan("GET /v1/customers/*", answer(200, {**sandbox.customers[0].raw, **default}))
    payment = line.gateway().charge_customer(known, FIVE, order_id="order-7")

    assert payment.charge.card is not None
    assert (method, True) == (payment.charge.card.id, payment.charge.payment_intent_id is not None)


@pytest.mark.parametrize("make", ["create_token", "create_confirmation_token"])
def test_a_card_is_kept_where_that_was_asked_for(new_account, make):
    """It can then be charged without the buyer; else it is used up."""
    till = PaymentGateway(new_account.secret_key, http_client=new_account.http_client())
    kept = till.charge(getattr(new_account, make)(), ADA, FIVE, order_id="order-7", save_card=True)
    used = till.charge(getattr(new_account, make)(), ADA, FIVE, order_id="order-8")
    again = till.charge_customer(kept.customer, SIX, order_id="order-9")
    with pytest.raises(InvalidRequest, match="no saved card"):
        till.charge_customer(used.customer, SIX, order_id="order-10")

    assert kept.charge.card is not None
    assert kept.charge.card == again.charge.card


@pytest.mark.parametrize("order_id", [None, "order-7"])
@pytest.mark.parametrize("save_card", [True, False])
@pytest.mark.parametrize("make", ["create_token", "create_confirmation_token"])
def test_over_charges_the_card_of_a_token_is_always_kept(
    sandbox, gateway, make, save_card, order_id
):
    """With an order and without; a confirmation token goes over an intent, and
    is kept where that was asked for."""
    charged = gateway.charge(
        getattr(sandbox, make)(), ADA, FIVE, order_id=order_id, save_card=save_card
    )
    if make == "create_token" or save_card:
        again = gateway.charge_customer(charged.customer, SIX, order_id="order-8")

        assert charged.charge.card.id == again.charge.card.id
    else:
        with pytest.raises(InvalidRequest, match="no saved card"):
            gateway.charge_customer(charged.customer, SIX, order_id="order-8")


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_whether_to_save_a_card_is_yes_or_no(sandbox, gateway, value):
    """Nothing that only looks like it."""
    with pytest.raises(InvalidInput, match="save_card is True or False"):
        gateway.charge("tok_visa", ADA, FIVE, save_card=value)

    assert [] == sandbox.requests


def test_a_card_declined_is_not_tried_again_by_the_same_call(new_account):
    """What is used up by one try is told as declined again, not as a used token."""
    till = PaymentGateway(new_account.secret_key, http_client=new_account.http_client())
    first, second = (new_account.create_token(FAILS_WHEN_CHARGED) for _ in range(2))
    for token in (first, second, first, second):
        with pytest.raises(CardDeclined):
            till.charge(token, ADA, FIVE, order_id="order-7")

    assert 2 == len(new_account.charges)


# Mixed routes


def test_an_order_begun_over_intents_goes_on_over_charges_at_once(sandbox, gateway, pauses):
    """No waiting, and six requests at most."""
    new = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    with pytest.raises(CardDeclined):
        new.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7")
    before = len(sandbox.requests)
    payment = gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="order-7")

    assert [payment.charge] == paid(sandbox)
    assert [] == pauses
    assert len(sandbox.requests) - before <= 6


def test_an_order_of_another_amount_begun_over_intents_is_paid_over_charges(sandbox, gateway):
    """The open intent is given up, and the card becomes a Charge."""
    new = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    with pytest.raises(CardDeclined):
        new.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="order-7")
    payment = gateway.charge(sandbox.create_token(), ADA, SIX, order_id="order-7")

    assert [payment.charge] == paid(sandbox)
    assert payment.charge.payment_intent_id is None


# Names


def test_an_order_id_has_one_spelling(sandbox, gateway):
    """Two Unicode forms of a name would be two orders."""
    with pytest.raises(InvalidInput, match="NFC"):
        gateway.charge("tok_visa", ADA, FIVE, order_id=unicodedata.normalize("NFD", "café-7"))
    payment = gateway.charge("tok_visa", ADA, FIVE, order_id="café-7")

    assert payment.charge == gateway.find("café-7").charge


def test_find_reads_the_list_on_where_there_is_no_search(sandbox, line):
    """The newest charges of the account, page after page."""
    till = line.gateway()
    payment = till.charge("tok_visa", ADA, FIVE, order_id="order-7")
    for number in range(100):
        till.charge("tok_visa", ADA, FIVE, order_id=f"later-{number}")
    line.plan("GET /v1/charges/search", NO_SEARCH, NO_SEARCH)

    assert payment.charge == till.find("order-7").charge
    assert till.find("order-8") is None


@pytest.mark.parametrize("executed", [True, False])
def test_a_5xx_saved_on_a_declined_charge_is_told_as_the_decline(sandbox, gateway, executed):
    """The list shows what this very call has made."""
    sandbox.faults.add(Fault.server_error(executed=executed), path="/v1/charges", method="POST")
    token = sandbox.create_token(FAILS_WHEN_CHARGED)
    with pytest.raises(CardDeclined if executed else OutcomeUnknown):
        gateway.charge(token, ADA, FIVE, order_id="order-7")
    with pytest.raises(CardDeclined if executed else OutcomeUnknown):
        gateway.charge(token, ADA, FIVE, order_id="order-7")

    assert executed == bool(sandbox.charges)


@pytest.mark.parametrize("order_id", [None, "order-7"])
def test_an_account_without_card_tokens_is_told_to_the_shop(new_account, caplog, order_id):
    """Over Charges: in words, with both ways out, and logged as the shop's to mend."""
    till = PaymentGateway(
        new_account.secret_key, http_client=new_account.http_client(), route="charges"
    )
    with pytest.raises(CardTokensRefused) as refused:
        till.charge(new_account.create_token(), ADA, FIVE, order_id=order_id)

    assert 'route="payment_intents"' in refused.value.message
    assert "https://dashboard.stripe.com/settings/developers/api-policies" in refused.value.message
    assert 500 == refused.value.suggested_status
    assert "has not charged you" in refused.value.public_message
    assert "ERROR" in [record.levelname for record in caplog.records]


def test_an_account_without_card_tokens_takes_the_order_over_intents(new_account):
    """Once the route is set, the same token pays the same order."""
    token = new_account.create_token()
    old, new = (
        PaymentGateway(new_account.secret_key, http_client=new_account.http_client(), route=route)
        for route in ("charges", "payment_intents")
    )
    with pytest.raises(CardTokensRefused):
        old.charge(token, ADA, FIVE, order_id="order-7")
    payment = new.charge(token, ADA, FIVE, order_id="order-7")

    assert [payment.charge] == new_account.charges
