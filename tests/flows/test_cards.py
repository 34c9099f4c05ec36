"""Saved cards: listed, charged while the buyer is there, kept
by the buyer's own tick, forgotten."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.flows.line import Line, answer, lose, refuse
from tests.flows.shop import ADA, ASKS, FIVE, GOOD, SIX, by_hand, paid
from tokencharge import (
    AuthenticationRequired,
    Card,
    CardDeclined,
    Customer,
    GatewayUnavailable,
    InvalidInput,
    InvalidRequest,
    OutcomeUnknown,
    PaymentGateway,
    TokenRejected,
)
from tokencharge.sandbox import Sandbox


@pytest.fixture
def gateway(line: Line, route: str) -> PaymentGateway:
    return line.gateway(route=route)


def keep(sandbox: Sandbox, gateway: PaymentGateway, *numbers: str) -> Customer:
    """A Customer with these cards, by PaymentIntents; the last one is the newest."""
    customer = Customer.from_stripe(by_hand(sandbox, "customers", email=ADA))
    for number in numbers:
        method = sandbox.create_payment_method(number)
        by_hand(sandbox, f"payment_methods/{method}/attach", customer=customer.id)
        sandbox.advance(1)
    return customer


def add_source(sandbox: Sandbox, customer: Customer, number: str = GOOD) -> str:
    """Save a card of the Cards API."""
    card: str = by_hand(
        sandbox, f"customers/{customer.id}/sources", source=sandbox.create_token(number)
    )["id"]
    return card


class TestListed:
    """`cards`."""

    def test_cards_of_both_kinds_are_listed_by_one_request(self, sandbox, line, gateway):
        """Each once, the newest first; the default is the one of old."""
        customer = keep(sandbox, gateway, GOOD)
        old = add_source(sandbox, customer, "5555555555554444")
        sandbox.advance(1)
        by_hand(
            sandbox,
            f"payment_methods/{sandbox.create_payment_method(ASKS)}/attach",
            customer=customer.id,
        )
        before = len(line.sent)
        cards = gateway.cards(customer)

        assert 1 == len(line.sent) - before
        assert ["3184", "4444", "4242"] == [card.last4 for card in cards]
        assert ["pm", "card", "pm"] == [str(card.id).partition("_")[0] for card in cards]
        assert [old] == [card.id for card in cards if card.is_default]

    def test_all_pages_are_read(self, sandbox, line, gateway):
        """However many there are."""
        customer = keep(sandbox, gateway, *[GOOD] * 101)
        cards = gateway.cards(customer.id)

        assert 101 == len({card.id for card in cards})
        assert ["GET"] * 2 == [request.method for request in line.sent]

    def test_the_default_may_be_that_of_invoices(self, sandbox, gateway):
        """Where there is none of old; else it is the newest, as `charge_customer` has it."""
        customer = keep(sandbox, gateway, GOOD, ASKS)
        newest, oldest = gateway.cards(customer)
        by_hand(
            sandbox,
            f"customers/{customer.id}",
            invoice_settings={"default_payment_method": oldest.id},
        )

        assert [(True, False), (False, True)] == [
            (newest.is_default, oldest.is_default),
            tuple(card.is_default for card in gateway.cards(customer)),
        ]

    def test_an_expired_card_is_known(self, sandbox, gateway):
        """By its month; others are not."""
        customer = keep(sandbox, gateway, GOOD, ASKS)
        old = gateway.cards(customer)[1]
        by_hand(sandbox, f"payment_methods/{old.id}", card={"exp_month": 1, "exp_year": 2020})

        assert [False, True] == [card.is_expired for card in gateway.cards(customer)]

    def test_a_deleted_customer_has_none(self, sandbox, gateway):
        """As one sentence says."""
        customer = keep(sandbox, gateway, GOOD)
        by_hand(sandbox, f"customers/{customer.id}", method="delete")
        with pytest.raises(InvalidRequest, match="or it was deleted") as caught:
            gateway.cards(customer)

        assert ("customer", customer.id, 404) == (
            caught.value.param,
            caught.value.customer_id,
            caught.value.http_status,
        )

    def test_what_else_stripe_refuses_is_told_as_it_is(self, line, gateway):
        """It says nothing of the customer."""
        line.plan("GET /v1/customers/*", refuse(400, "No.", code="parameter_unknown", param="type"))
        with pytest.raises(InvalidRequest) as caught:
            gateway.cards("cus_1")

        assert ("parameter_unknown", "type") == (caught.value.code, caught.value.param)

    @pytest.mark.parametrize(
        "body", [{}, {"data": [{"object": "payment_method"}]}, {"data": ["pm_1"]}, []]
    )
    def test_a_list_that_cannot_be_read_is_none(self, line, gateway, body):
        """Nothing was changed."""
        line.plan("GET /v1/customers/*", answer(200, body))
        with pytest.raises(GatewayUnavailable):
            gateway.cards("cus_1")


class TestForgotten:
    """`forget_card`."""

    @pytest.mark.parametrize("old", [False, True], ids=["pm_", "card_"])
    def test_a_card_is_forgotten_once(self, sandbox, line, gateway, old):
        """By one request; the call repeated is no error; the other card stays."""
        customer = keep(sandbox, gateway, GOOD, ASKS)
        card_id = add_source(sandbox, customer) if old else gateway.cards(customer)[0].id
        card = next(card for card in gateway.cards(customer) if card.id == card_id)
        before = len(line.sent)
        gateway.forget_card(card)

        assert 1 == len(line.sent) - before
        gateway.forget_card(card)
        assert (2 if old else 1) == len(gateway.cards(customer))
        assert card_id not in [each.id for each in gateway.cards(customer)]

    @pytest.mark.parametrize("old", [False, True], ids=["pm_", "card_"])
    def test_a_lost_answer_is_found_out_by_calling_again(self, sandbox, line, route, old):
        """It is unknown first, and forgotten then."""
        gateway = line.gateway(route=route, max_retries=0)
        customer = keep(sandbox, gateway, GOOD)
        if old:
            add_source(sandbox, customer)
        card = next(
            card for card in gateway.cards(customer) if str(card.id).startswith("card_") == old
        )

        def lose_answer(request):
            sandbox.handle(request)
            raise ConnectionResetError

        line.plan("*", lose_answer)
        with pytest.raises(OutcomeUnknown):
            gateway.forget_card(card)
        gateway.forget_card(card)

        assert card.id not in [each.id for each in gateway.cards(customer)]

    def test_a_refusal_that_leaves_it_attached_is_told(self, sandbox, line, gateway):
        """Whatever Stripe says, the card is there still."""
        (card,) = gateway.cards(keep(sandbox, gateway, GOOD))
        line.plan("POST */detach", refuse(400, "Not now."))
        with pytest.raises(InvalidRequest, match=r"Not now\."):
            gateway.forget_card(card)

    @pytest.mark.parametrize(
        "card",
        ["pm_1", None, Card("pm_1"), Card(customer_id="cus_1"), Card("tok_1", customer_id="cus_1")],
    )
    def test_a_card_is_one_of_the_list(self, line, gateway, card):
        """An id alone may be anybody's: nothing is sent."""
        with pytest.raises(InvalidInput) as caught:
            gateway.forget_card(card)

        assert ("card", []) == (caught.value.param, line.sent)


class TestThere:
    """`charge_customer(on_session=True)`: the buyer is there."""

    def test_the_bank_asks_for_the_buyer(self, sandbox, gateway):
        """The call repeated finds the payment that the buyer has approved."""
        customer = keep(sandbox, gateway, ASKS)
        (card,) = gateway.cards(customer)

        def pay():
            return gateway.charge_customer(
                customer, FIVE, order_id="order-7", card=card.id, on_session=True, attempt="1"
            )

        with pytest.raises(AuthenticationRequired) as asked:
            pay()
        with pytest.raises(AuthenticationRequired) as still:
            pay()
        sandbox.authenticate(asked.value.payment_intent_id)
        found = pay()

        assert asked.value.client_secret is not None
        assert asked.value.payment_intent_id == still.value.payment_intent_id
        assert ([FIVE], True) == ([charge.amount for charge in paid(sandbox)], found.replayed)

    @pytest.mark.parametrize("began", [False, True], ids=["", "began"])
    def test_a_buyer_who_failed_tries_the_same_card_again(self, sandbox, gateway, began):
        """Another attempt asks the bank again; the same one tells how it ended."""
        customer = keep(sandbox, gateway, ASKS)
        (card,) = gateway.cards(customer)
        when = datetime.fromtimestamp(sandbox.now(), timezone.utc) if began else None

        def pay(attempt):
            return gateway.charge_customer(
                customer,
                FIVE,
                order_id="order-7",
                card=card.id,
                on_session=True,
                attempt=attempt,
                began=when,
            )

        with pytest.raises(AuthenticationRequired) as first:
            pay("1")
        sandbox.authenticate(first.value.payment_intent_id, approve=False)
        for _ in range(2):
            with pytest.raises((CardDeclined, AuthenticationRequired)) as told:
                pay("1")
            assert told.value.client_secret is None or told.value.http_status == 402
        with pytest.raises(AuthenticationRequired) as second:
            pay("2")
        sandbox.authenticate(second.value.payment_intent_id, approve=True)

        assert pay("2").charge.amount == FIVE
        assert 1 == len(paid(sandbox))

    def test_a_declined_card_can_be_tried_again(self, sandbox, gateway):
        """By another attempt; the same one repeats the decline, and the order is paid once."""
        customer = Customer.from_stripe(by_hand(sandbox, "customers", email=ADA))
        card = add_source(sandbox, customer)

        def pay(attempt):
            return gateway.charge_customer(
                customer, FIVE, order_id="order-7", card=card, on_session=True, attempt=attempt
            )

        armed = sandbox.decline_next("insufficient_funds")
        for _ in range(2):
            with pytest.raises(CardDeclined):
                pay("1")
        armed.cancel()
        again = pay("2")

        assert [again.charge.id] == [charge.id for charge in paid(sandbox)]
        assert pay("2").replayed
        assert 2 == len(sandbox.charges)

    @pytest.mark.parametrize("attempt", ["", "a b", "é", "x" * 65, 1])
    def test_an_attempt_is_a_short_name(self, line, gateway, attempt):
        """Else nothing is sent."""
        with pytest.raises(InvalidInput) as caught:
            gateway.charge_customer("cus_1", FIVE, order_id="order-7", card="pm_1", attempt=attempt)

        assert ("attempt", []) == (caught.value.param, line.sent)


class TestKept:
    """`charge(reuse_card=...)`: the buyer's own answer."""

    @pytest.mark.parametrize("answered", [True, False])
    def test_a_card_is_kept_by_the_buyers_own_tick(self, sandbox, gateway, answered):
        """On both routes; what was not to be kept is not there on the next visit."""
        customer = keep(sandbox, gateway, ASKS)
        for order in ("order-7", "order-7", "order-8"):
            token = sandbox.create_token()
            gateway.charge(token, ADA, FIVE, order_id=order, customer=customer, reuse_card=answered)
            gateway.charge(token, ADA, FIVE, order_id=order, customer=customer, reuse_card=answered)

        assert (2 if answered else 0) == sum(
            card.last4 == "4242" for card in gateway.cards(customer)
        )
        assert [FIVE, FIVE] == [charge.amount for charge in paid(sandbox)]

    def test_a_card_that_is_kept_pays_the_next_time(self, sandbox, gateway):
        """The buyer is there, and a new customer was made for the first order."""
        customer = gateway.charge(
            sandbox.create_token(), ADA, FIVE, order_id="order-7", reuse_card=True
        ).customer
        (card,) = gateway.cards(customer)
        gateway.charge_customer(
            customer, SIX, order_id="order-8", card=card.id, on_session=True, attempt="1"
        )

        assert {FIVE, SIX} == {charge.amount for charge in paid(sandbox)}

    def test_what_the_shop_saves_stays_whatever_the_buyer_ticks(self, sandbox, gateway):
        """`save_card` is the shop's own decision."""
        paid_by = gateway.charge(
            sandbox.create_token(), ADA, FIVE, order_id="order-7", save_card=True, reuse_card=False
        )

        assert 1 == len(gateway.cards(paid_by.customer))
        if sandbox.payment_intents:
            assert "off_session" == sandbox.payment_intents[0]["setup_future_usage"]

    def test_a_saved_card_is_never_forgotten_for_the_answer_about_another(self, sandbox, gateway):
        """The order was paid by it in another tab."""
        customer = Customer.from_stripe(by_hand(sandbox, "customers", email=ADA))
        card = add_source(sandbox, customer)
        gateway.charge_customer(customer, FIVE, order_id="order-7", card=card)
        gateway.charge(
            sandbox.create_token(),
            ADA,
            FIVE,
            order_id="order-7",
            customer=customer,
            reuse_card=False,
        )

        assert card in [each.id for each in gateway.cards(customer)]
        assert 1 == len(paid(sandbox))

    def test_money_that_moved_is_told_though_forgetting_fails(self, sandbox, line):
        """The payment is the news."""
        gateway = line.gateway(route="charges", max_retries=0)
        line.plan("DELETE *", lose(ConnectionResetError()))
        payment = gateway.charge(
            sandbox.create_token(), ADA, FIVE, order_id="order-7", reuse_card=False
        )

        assert [payment.charge.id] == [charge.id for charge in paid(sandbox)]

    def test_the_tick_says_that_the_buyer_comes_back(self, new_account):
        """On session, which is not what charging without them needs."""
        gateway = PaymentGateway(new_account.secret_key, http_client=new_account.http_client())
        gateway.charge(new_account.create_token(), ADA, FIVE, order_id="order-7", reuse_card=True)
        gateway.charge(new_account.create_token(), ADA, FIVE, order_id="order-8", reuse_card=False)

        assert ["on_session", None] == [
            intent["setup_future_usage"] for intent in new_account.payment_intents
        ]


@pytest.mark.parametrize("card", ["pm_1AAAAAAAAAAAAAAAAAAAAAAA", "card_1AAAAAAAAAAAAAAAAAAAAAAA"])
def test_a_card_that_is_not_theirs_leaves_the_order_open(sandbox, gateway, card):
    """Nothing is charged, and the next card pays."""
    customer = keep(sandbox, gateway, GOOD)
    with pytest.raises(TokenRejected):
        gateway.charge_customer(
            customer, FIVE, order_id="order-7", card=card, on_session=True, attempt="1"
        )
    nothing = paid(sandbox)
    (own,) = gateway.cards(customer)
    gateway.charge_customer(
        customer, FIVE, order_id="order-7", card=own.id, on_session=True, attempt="2"
    )

    assert ([], [FIVE]) == (nothing, [charge.amount for charge in paid(sandbox)])


def test_a_receipt_goes_to_the_customers_own_address(line):
    """Where the shop says so and names none: the Customer is asked
    for it, be the card named or not."""
    till = line.gateway(route="payment_intents")
    customer = till.charge("tok_visa", ADA, FIVE, order_id="order-1", save_card=True).customer
    card = till.cards(customer)[0].id
    for order_id, named in (("order-2", card), ("order-3", None)):
        till.charge_customer(customer, FIVE, order_id=order_id, card=named, receipt_email=True)
    till.charge_customer(customer, FIVE, order_id="order-4", card=card)
    sent_to = [charge.raw["receipt_email"] for charge in line.sandbox.charges]

    assert [None, ADA, ADA, None] == sent_to
