"""Results: read from what Stripe has answered since 2013."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timezone

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.rows import each_row
from tokencharge import (
    Card,
    Charge,
    ChargeState,
    Customer,
    Money,
    Payment,
    PaymentIntent,
    Refund,
    _clock,
)

CHARGE = {"id": "ch_1", "object": "charge", "amount": 500, "currency": "usd"}
LEGACY = {
    "id": "card_1",
    "object": "card",
    "brand": "American Express",
    "last4": "0005",
    "exp_month": 8,
    "exp_year": 2031,
    "country": "US",
    "funding": "credit",
    "fingerprint": "Xt5EWLLDS7FJjR1c",
}
MODERN = {**LEGACY, "brand": "amex", "network": "amex", "checks": {"cvc_check": "pass"}}
del MODERN["id"], MODERN["object"]
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
AMEX = Card("card_1", "amex", "0005", 8, 2031, "US", "credit", "Xt5EWLLDS7FJjR1c")


@each_row(
    ("said", "wallet"),
    {
        "today": (
            {"wallet": {"type": "google_pay", "google_pay": {}, "dynamic_last4": None}},
            "google_pay",
        ),
        "Google Pay of old": ({"tokenization_method": "android_pay"}, "google_pay"),
        "a legacy card": ({"tokenization_method": "apple_pay", "wallet": None}, "apple_pay"),
        "typed": ({"tokenization_method": None}, None),
        "of no known shape": ({"wallet": "apple_pay"}, None),
    },
)
def test_a_card_says_which_wallet_holds_it(said, wallet):
    """Stripe says it in `wallet`, of a legacy card only in how it became a token."""
    assert wallet == Card.from_stripe({**LEGACY, **said}).wallet


def test_a_result_equals_none_of_another_type():
    """Neither a stranger's object nor a result of another kind, whatever is in it."""
    assert Card(id="card_1") == Card(id="card_1")
    assert Card(id="card_1") != Customer("card_1")
    assert Card(id="card_1") != "card_1"


def charge(**fields):
    return Charge.from_stripe({**CHARGE, **fields})


def test_a_charge_of_today_is_read_whole():
    """Every field of a succeeded charge finds its place, and `raw` keeps the rest."""
    raw = {
        **CHARGE,
        "amount_captured": 400,
        "amount_refunded": 100,
        "balance_transaction": "txn_1",
        "captured": True,
        "created": 1_800_000_000,
        "customer": "cus_1",
        "description": "Flask Charge",
        "failure_code": None,
        "failure_message": None,
        "livemode": True,
        "metadata": {"order_id": "7"},
        "outcome": {"type": "authorized", "risk_level": "normal"},
        "paid": True,
        "payment_intent": None,
        "payment_method": "card_1",
        "payment_method_details": {"type": "card", "card": MODERN},
        "receipt_email": "ada@example.com",
        "receipt_url": "https://pay.stripe.com/receipts/1",
        "refunded": False,
        "source": None,
        "statement_descriptor": "SHOP",
        "status": "succeeded",
        "new_field_of_next_year": {"x": [1]},
    }
    expected = Charge(
        id="ch_1",
        status="succeeded",
        state=ChargeState.PAID,
        amount=Money(500, "usd"),
        amount_captured=Money(400, "usd"),
        amount_refunded=Money(100, "usd"),
        amount_kept=Money(300, "usd"),
        paid=True,
        captured=True,
        refunded=False,
        customer_id="cus_1",
        card=AMEX,
        description="Flask Charge",
        receipt_url="https://pay.stripe.com/receipts/1",
        receipt_email="ada@example.com",
        statement_descriptor="SHOP",
        balance_transaction_id="txn_1",
        outcome={"type": "authorized", "risk_level": "normal"},
        livemode=True,
        created=datetime(2027, 1, 15, 8, tzinfo=timezone.utc),
        metadata={"order_id": "7"},
    )
    read = Charge.from_stripe(raw)

    assert expected == read
    assert raw is read.raw
    assert hash(expected) == hash(read)


@each_row(
    ("fields", "status", "paid", "captured"),
    [
        ({}, "succeeded", True, True),
        ({"paid": True, "captured": True}, "succeeded", True, True),
        ({"paid": True, "captured": False}, "succeeded", True, False),
        (
            {"paid": False, "failure_code": "card_declined", "captured": False},
            "failed",
            False,
            False,
        ),
        ({"paid": False}, "failed", False, False),
        ({"failure_code": "card_declined"}, "failed", False, False),
        ({"status": "paid", "paid": True, "captured": True}, "succeeded", True, True),
        ({"status": "succeeded", "paid": True, "captured": True}, "succeeded", True, True),
        ({"status": "pending", "paid": False, "captured": True}, "pending", False, True),
        ({"status": "failed", "paid": False, "captured": False}, "failed", False, False),
        ({"status": "invented", "paid": True, "captured": True}, "invented", True, True),
        ({"status": None, "paid": False, "failure_code": "card_declined"}, "failed", False, False),
    ],
)
def test_the_status_is_read_from_any_year(fields, status, paid, captured):
    """Absent until 2015, then "paid", then "succeeded": the three read alike;
    a failure is known by its traces."""
    read = charge(**fields)

    assert (status, paid, captured) == (read.status, read.paid, read.captured)


@each_row(
    ("fields", "captured", "refunded"),
    [
        ({"captured": True}, 500, 0),
        ({"captured": False}, 0, 0),
        ({"captured": True, "amount_captured": 300, "amount_refunded": 200}, 300, 200),
        ({"captured": True, "amount_captured": None, "amount_refunded": None}, 500, 0),
    ],
)
def test_amounts_left_out_are_filled_in(fields, captured, refunded):
    """Old versions do not say how much was captured: all of it, or nothing."""
    read = charge(**fields)

    assert (Money(captured, "usd"), Money(refunded, "usd")) == (
        read.amount_captured,
        read.amount_refunded,
    )


@each_row(
    "fields",
    {
        "2013": {"card": LEGACY},
        "2014 type": {"card": {**LEGACY, "brand": None, "type": "American Express"}},
        "both": {"card": LEGACY, "source": LEGACY},
        "2015": {"source": LEGACY},
        "2018": {"source": LEGACY, "payment_method_details": {"card": MODERN}},
        "today": {
            "source": None,
            "payment_method": "card_1",
            "payment_method_details": {"type": "card", "card": MODERN},
        },
        "expanded": {
            "payment_method": {"id": "card_1"},
            "payment_method_details": {"card": MODERN},
        },
        "all three": {
            "card": LEGACY,
            "source": LEGACY,
            "payment_method": "card_1",
            "payment_method_details": {"card": MODERN},
        },
        "source object": {
            "source": {"id": "card_1", "object": "source", "type": "card", "card": MODERN}
        },
    },
)
def test_the_card_is_found_where_any_version_put_it(fields):
    """`card`, `source`, `payment_method_details`, a Source's own `card`:
    the same card, brand in lower case."""
    assert AMEX == charge(**fields).card


@each_row(
    "fields",
    [
        {},
        {"source": None, "card": None, "payment_method_details": None},
        {"source": {"id": "acct_1", "object": "account"}},
        {
            "source": {
                "id": "src_1",
                "object": "source",
                "type": "sepa_debit",
                "sepa_debit": {"last4": "3000"},
            }
        },
        {"source": {"id": "ba_1", "object": "bank_account", "last4": "6789"}},
        {"payment_method_details": {"type": "sepa_debit", "sepa_debit": {"last4": "3000"}}},
        {"payment_method_details": {"type": "card", "card": None}},
        {"source": "card_1", "card": "tok_1"},
    ],
)
def test_a_payment_without_a_card_has_none(fields):
    """A bank payment, a transfer between accounts and a bare id name no card."""
    assert None is charge(**fields).card


def test_a_card_behind_an_account_is_read_from_the_details():
    """Where the source is no card, the payment method's details still may be."""
    read = charge(
        source={"id": "acct_1", "object": "account"}, payment_method_details={"card": MODERN}
    )

    assert ("amex", None) == (read.card.brand, read.card.id)


@each_row(
    ("written", "brand"),
    [
        ("Visa", "visa"),
        ("visa", "visa"),
        ("VISA", "visa"),
        ("MasterCard", "mastercard"),
        ("mastercard", "mastercard"),
        ("American Express", "amex"),
        ("amex", "amex"),
        ("Diners Club", "diners"),
        ("diners", "diners"),
        ("Discover", "discover"),
        ("JCB", "jcb"),
        ("UnionPay", "unionpay"),
        ("Union Pay", "unionpay"),
        ("Eftpos Australia", "eftpos_au"),
        ("Unknown", "unknown"),
        ("Cartes Bancaires", "cartes_bancaires"),
        (None, None),
        (7, None),
    ],
)
def test_a_brand_has_one_spelling(written, brand):
    """Title case, lower case and names with spaces read alike; a new brand survives."""
    assert brand == Card.from_stripe({"brand": written}).brand


def test_a_payment_method_is_read_as_its_card():
    """With its own id and its Customer's."""
    method = {
        "id": "pm_1",
        "object": "payment_method",
        "type": "card",
        "card": MODERN,
        "customer": "cus_1",
    }

    assert attrs.evolve(AMEX, id="pm_1", customer_id="cus_1") == Card.from_stripe(method)
    assert Card("pm_1") == Card.from_stripe({"id": "pm_1", "object": "payment_method"})


@each_row(
    ("at", "expired"),
    [
        ("2031-08-31T23:59", False),
        ("2031-09-01T11:59", False),
        ("2031-09-01T12:00", True),
        ("2032-01-01T12:00", True),
    ],
)
def test_a_card_expires_when_its_month_is_over_wherever_on_earth(at, expired):
    """The last place is twelve hours behind."""
    with _clock.stopped(datetime.fromisoformat(f"{at}:00+00:00").timestamp()):
        assert expired == AMEX.is_expired


@each_row("card", [Card(), Card(exp_month=1), Card(exp_year=2020)])
def test_a_card_of_unknown_expiry_is_not_told_to_be_expired(card):
    """The bank will say."""
    assert not card.is_expired


def test_until_2014_the_brand_stood_in_type():
    """A card without `brand` has it in `type`."""
    assert "visa" == Card.from_stripe({"type": "Visa", "last4": "4242"}).brand


@each_row(
    ("booked", "fee", "net"),
    [
        (None, None, None),
        ("txn_1", None, None),
        (
            {"id": "txn_1", "fee": 45, "net": 455, "currency": "usd"},
            Money(45, "usd"),
            Money(455, "usd"),
        ),
        (
            {"id": "txn_1", "fee": 60, "net": 690, "currency": "cad"},
            Money(60, "cad"),
            Money(690, "cad"),
        ),
        ({"id": "txn_1", "fee": 60, "net": -10, "currency": "usd"}, Money(60, "usd"), None),
        ({"id": "txn_1", "fee": None, "net": "455", "currency": "usd"}, None, None),
        ({"id": "txn_1", "fee": 45, "net": 455}, None, None),
    ],
)
def test_the_fee_is_read_once_it_is_booked(booked, fee, net):
    """In the currency of the balance; less than nothing cannot be told as an amount."""
    charge = Charge.from_stripe({**CHARGE, "balance_transaction": booked})

    assert (fee, net) == (charge.fee, charge.net)
    assert Charge.from_stripe(CHARGE) == attrs.evolve(charge, balance_transaction_id=None)


@each_row("refunds", [[], [{"amount": 100}], {"object": "list", "data": []}, None])
def test_the_refunds_of_a_charge_come_in_several_shapes(refunds):
    """A bare array, a list object or nothing: the charge is read
    all the same, and `raw` has them."""
    read = charge(refunds=refunds, amount_refunded=100, refunded=False)

    assert Money(100, "usd") == read.amount_refunded
    assert refunds == read.raw["refunds"]


@pytest.mark.parametrize("expanded", [False, True])
def test_references_may_be_expanded(expanded):
    """A field that names another object reads alike as an id and as the object."""

    def reference(name):
        return {"id": name, "object": "x"} if expanded else name

    read = charge(
        customer=reference("cus_1"),
        balance_transaction=reference("txn_1"),
        payment_intent=reference("pi_1"),
    )
    refund = Refund.from_stripe({**CHARGE, "id": "re_1", "charge": reference("ch_1")})

    assert ("cus_1", "txn_1", "pi_1") == (
        read.customer_id,
        read.balance_transaction_id,
        read.payment_intent_id,
    )
    assert "ch_1" == refund.charge_id


def test_a_deleted_customer_may_be_expanded():
    """A charge outlives its Customer, of which a stub is left."""
    assert "cus_1" == charge(customer={"id": "cus_1", "deleted": True}).customer_id


@pytest.mark.parametrize("more", [{}, {"object": "customer"}])
def test_a_deleted_customer_is_a_stub(more):
    """With or without `object`, the stub reads as a deleted Customer."""
    assert Customer("cus_1", deleted=True) == Customer.from_stripe(
        {"id": "cus_1", "deleted": True, **more}
    )


def test_a_customer_is_read():
    """Who it is and when it was made."""
    raw = {
        "id": "cus_1",
        "email": "ada@example.com",
        "created": 0,
        "livemode": True,
        "metadata": {"order_id": "7"},
        "sources": {"data": [LEGACY]},
    }
    read = Customer.from_stripe(raw)

    assert Customer("cus_1", "ada@example.com", EPOCH, True, {"order_id": "7"}) == read
    assert raw is read.raw


@each_row(
    ("fields", "status"),
    [({}, "succeeded"), ({"status": None}, "succeeded"), ({"status": "pending"}, "pending")],
)
def test_a_refund_is_read(fields, status):
    """Early refunds had no status, for they were made only once they had succeeded."""
    raw = {
        "id": "re_1",
        "amount": 100,
        "currency": "usd",
        "charge": "ch_1",
        "reason": "duplicate",
        **fields,
    }

    assert Refund("re_1", status, Money(100, "usd"), "ch_1", "duplicate") == Refund.from_stripe(raw)


def test_an_intent_is_read_whole():
    """Every field finds its place; the secret is in no repr."""
    raw = {
        "id": "pi_1",
        "object": "payment_intent",
        "status": "requires_payment_method",
        "amount": 500,
        "currency": "usd",
        "capture_method": "manual",
        "customer": {"id": "cus_1"},
        "latest_charge": {**CHARGE, "status": "failed"},
        "client_secret": "pi_1_secret_x",
        "last_payment_error": {"code": "card_declined", "decline_code": "lost_card"},
        "livemode": True,
        "created": 0,
        "metadata": {"order_id": "7"},
    }
    intent = PaymentIntent.from_stripe(raw)

    assert intent == PaymentIntent(
        "pi_1",
        "requires_payment_method",
        Money(500, "usd"),
        capture=False,
        customer_id="cus_1",
        charge_id="ch_1",
        charge=charge(status="failed"),
        client_secret="pi_1_secret_x",
        failure_code="card_declined",
        decline_code="lost_card",
        livemode=True,
        created=EPOCH,
        metadata={"order_id": "7"},
    )
    assert raw is intent.raw
    assert "secret" not in repr(intent)


def test_an_intent_that_met_no_card_is_read():
    """As Stripe sends it when it is new: the Charge is named or missing, nothing has failed."""
    raw = {"id": "pi_1", "status": "requires_payment_method", "amount": 500, "currency": "usd"}

    assert PaymentIntent(
        "pi_1", "requires_payment_method", Money(500, "usd")
    ) == PaymentIntent.from_stripe(raw)
    assert "ch_1" == PaymentIntent.from_stripe({**raw, "latest_charge": "ch_1"}).charge_id


@each_row(
    ("reader", "raw"),
    [
        (Charge, {}),
        (Charge, {"id": "ch_1"}),
        (Charge, {**CHARGE, "id": ""}),
        (Charge, {**CHARGE, "id": None}),
        (Charge, {**CHARGE, "id": 7}),
        (Charge, {**CHARGE, "amount": None}),
        (Charge, {**CHARGE, "amount": "500"}),
        (Charge, {**CHARGE, "amount": 5.0}),
        (Charge, {**CHARGE, "amount": True}),
        (Charge, {**CHARGE, "amount": -500}),
        (Charge, {**CHARGE, "currency": None}),
        (Charge, {**CHARGE, "currency": "dollars"}),
        (Charge, {**CHARGE, "amount_captured": "x"}),
        (Refund, {}),
        (Refund, {"id": "re_1"}),
        (Customer, {}),
        (Customer, {"id": None, "email": "ada@example.com"}),
        (PaymentIntent, {"id": "pi_1", "amount": 500, "currency": "usd"}),
        (PaymentIntent, {"id": "pi_1", "status": "succeeded"}),
        (
            PaymentIntent,
            {
                "id": "pi_1",
                "status": "succeeded",
                "amount": 5,
                "currency": "usd",
                "latest_charge": {},
            },
        ),
    ],
)
def test_an_answer_without_its_essence_cannot_be_read(reader, raw):
    """No id, or no money, is a ValueError that quotes nothing."""
    with pytest.raises(ValueError, match=r"\.") as refused:
        reader.from_stripe(raw)

    assert "ada@example.com" not in str(refused.value)


@each_row("created", [None, -1, "yesterday", 1.5, 10**30])
def test_a_time_that_is_none_is_left_out(created):
    """A charge with a strange date is a charge."""
    assert None is charge(created=created).created


def test_the_first_second_past_the_calendar_is_left_out():
    """The end of Python's calendar is no reason to lose a charge."""
    assert None is charge(created=253_402_300_800).created


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    "id object amount currency amount_captured amount_refunded paid captured refunded status"
    " customer card source payment_method payment_method_details failure_code outcome created"
    " metadata livemode deleted brand type last4 exp_month charge reason data".split()
)
# Mostly well-formed, so that the deep parts are reached.
BODIES = st.builds(
    lambda junk, good, cards: {**junk, **good, **cards},
    st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON, max_size=4), max_size=10),
    st.sampled_from([{}, {"id": "ch_1"}, CHARGE]),
    st.dictionaries(
        st.sampled_from(["card", "source"]), st.dictionaries(NAMES, JSON, max_size=4), max_size=2
    ),
)


@pytest.mark.parametrize("reader", [Card, Customer, Charge, Refund])
@given(raw=BODIES.filter(lambda raw: raw.get("created") != 253_402_300_800))
@example(raw={**CHARGE, "source": {"object": []}, "metadata": {"a": None}, "outcome": []})
def test_any_json_is_read_or_refused(reader, raw):
    """Whatever Stripe sends is read, or is a ValueError; nothing else is raised."""
    try:
        read = reader.from_stripe(raw)
    except ValueError:
        assert reader is not Card
    else:
        assert isinstance(repr(read), str)
        assert isinstance(hash(read), int)


@each_row("again", [copy.copy, copy.deepcopy, lambda result: pickle.loads(pickle.dumps(result))])
def test_a_payment_survives_copying_and_pickling(again):
    """A payment handed to a queue arrives as it was."""
    payment = Payment(
        Customer("cus_1", "ada@example.com"), charge(card=LEGACY), "order-7", replayed=True
    )

    assert payment == again(payment)
    assert payment.charge.raw == again(payment).charge.raw


def test_no_repr_shows_more_than_it_may():
    """E-mail, fingerprint, receipt and Stripe's raw answer are kept out of every repr."""
    read = charge(
        card={**LEGACY, "name": "Ada Lovelace"},
        receipt_email="ada@example.com",
        receipt_url="https://pay.stripe.com/receipts/1",
    )
    shown = repr(Payment(Customer.from_stripe({"id": "cus_1", "email": "ada@example.com"}), read))

    assert [] == [text for text in ("ada@", "Xt5EWL", "receipts/1", "Lovelace") if text in shown]
    assert "last4='0005'" in shown


def test_results_cannot_be_changed():
    """What Stripe said stays what it said."""
    with pytest.raises(AttributeError):
        charge().status = "failed"
