"""Names and addresses: where they go, what comes back, and what
a repeated call with others means."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from tests.flows.line import Line
from tests.flows.shop import ADA, ASKS, FAILS_WHEN_CHARGED, FIVE, ROUTES, by_hand, paid
from tests.rows import each_row
from tokencharge import (
    Address,
    AuthenticationRequired,
    CardDeclined,
    InvalidInput,
    OrderConflict,
    OutcomeUnknown,
    PaymentGateway,
    Person,
)
from tokencharge.sandbox import Fault

HOME = Address("1 High Street", "Flat 2", "Pune", "MH", "411001", "IN")
WORK = Address("7 Rue Paul Bert", city="Lyon", postal_code="69003", country="FR")
BUYER = Person("Ada Lovelace", "+44 20 7946 0000", HOME)
FRIEND = Person("Charles Babbage", address=WORK)
SAID: dict[str, Any] = {"billing": BUYER, "shipping": BUYER}
NOWHERE = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


@pytest.fixture
def gateway(sandbox, route):
    """On each route, where there is no `intents`."""
    return PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route=route)


@pytest.fixture
def intents(sandbox):
    """Over PaymentIntents."""
    return PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())


@pytest.mark.parametrize("order_id", [None, "order-7"])
def test_what_is_said_of_the_buyer_reaches_the_customer_and_the_charge(sandbox, gateway, order_id):
    """The Customer has name, phone, address and shipping, the Charge the
    shipping; all of it comes back typed."""
    payment = gateway.charge(
        sandbox.create_token(),
        ADA,
        FIVE,
        order_id=order_id,
        billing=BUYER,
        shipping=FRIEND,
        receipt_email=ADA,
    )
    (customer,), (charge,) = sandbox.customers, sandbox.charges

    assert (BUYER.name, BUYER.phone, HOME, FRIEND) == (
        customer.name,
        customer.phone,
        customer.address,
        customer.shipping,
    )
    assert (FRIEND, ADA) == (charge.shipping, charge.receipt_email)
    assert (customer, charge.shipping, charge.billing) == (
        payment.customer,
        payment.charge.shipping,
        payment.charge.billing,
    )


def test_over_an_intent_the_card_of_a_token_has_them_too(sandbox, intents):
    """The PaymentMethod's billing details are the buyer's, and so the
    Charge's; the intent has the shipping."""
    payment = intents.charge(sandbox.create_token(), ADA, FIVE, billing=BUYER, shipping=FRIEND)
    (intent,) = sandbox.payment_intents
    method = by_hand(sandbox, f"payment_methods/{intent['payment_method']}", method="get")

    assert BUYER == payment.charge.billing
    assert BUYER == Person.from_stripe(method["billing_details"])
    assert FRIEND == Person.from_stripe(intent["shipping"])


def test_over_charges_a_card_keeps_what_its_token_was_made_with(sandbox):
    """A Charge's billing details are those of the token, which no parameter of a Charge changes."""
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route="charges")
    token = sandbox.create_token(name="A. Lovelace", address_zip="411001")

    assert Person("A. Lovelace", address=Address(postal_code="411001")) == (
        gateway.charge(token, ADA, FIVE, billing=BUYER).charge.billing
    )


@pytest.mark.parametrize(
    ("shipping", "shipped_to"), [(None, FRIEND), (BUYER, BUYER)], ids=["its own", "the call's"]
)
def test_of_a_confirmation_token_the_card_keeps_its_own_and_shipping_is_the_calls(
    sandbox, intents, shipping, shipped_to
):
    """As Stripe has it, what the request says takes the place of what the token
    says; of the card it says nothing."""
    said = {"name": "A. Lovelace", "address": {"postal_code": "411001"}}
    token = by_hand(
        sandbox,
        "test_helpers/confirmation_tokens",
        payment_method_data={
            "type": "card",
            "card": {"token": "tok_visa"},
            "billing_details": said,
        },
        shipping=FRIEND.to_stripe(),
    )["id"]
    payment = intents.charge(token, ADA, FIVE, billing=BUYER, shipping=shipping)

    assert Person("A. Lovelace", address=Address(postal_code="411001")) == payment.charge.billing
    assert shipped_to == payment.charge.shipping
    assert (BUYER.name, HOME, shipping) == (
        payment.customer.name,
        payment.customer.address,
        payment.customer.shipping,
    )


def test_no_request_is_added(sandbox, gateway, route):
    """A token with an order takes three requests, whatever is said of the buyer."""
    gateway.charge(
        sandbox.create_token(),
        ADA,
        FIVE,
        order_id="7",
        billing=BUYER,
        shipping=FRIEND,
        receipt_email=ADA,
    )

    assert 3 == len(sandbox.requests)


def test_what_is_not_said_is_not_sent(sandbox, route):
    """A purchase of which nothing is said makes a Customer and a Charge that say nothing."""
    line = Line(sandbox, route)
    payment = line.gateway().charge(
        sandbox.create_token(), ADA, FIVE, order_id="7", billing=Person(address=Address())
    )
    (customer,) = sandbox.customers

    assert (None, None, None, None) == (
        customer.name,
        customer.phone,
        customer.address,
        customer.shipping,
    )
    assert (None, None) == (payment.charge.billing, payment.charge.shipping)
    assert b"billing" not in b"".join(request.body for request in line.sent)


def test_a_known_customer_stays_as_it_is(sandbox, gateway):
    """Nothing is written on a Customer that was not made for the
    purchase; the Charge has the shipping."""
    known = by_hand(sandbox, "customers", email="boss@example.com", name="Boss")["id"]
    payment = gateway.charge(
        sandbox.create_token(),
        ADA,
        FIVE,
        order_id="7",
        customer=known,
        billing=BUYER,
        shipping=FRIEND,
    )
    (customer,) = sandbox.customers

    assert ("Boss", None, None) == (customer.name, customer.address, customer.shipping)
    assert FRIEND == payment.charge.shipping


def test_a_saved_card_is_charged_with_another_shipping(sandbox, gateway):
    """Each order of a known customer may go elsewhere; the Customer keeps what it says."""
    first = gateway.charge(
        sandbox.create_token(), ADA, FIVE, order_id="7", shipping=FRIEND, save_card=True
    )
    second = gateway.charge_customer(
        first.customer, FIVE, order_id="8", shipping=BUYER, receipt_email=ADA
    )

    assert (BUYER, ADA) == (second.charge.shipping, second.charge.receipt_email)
    assert FRIEND == gateway.get_customer(first.customer.id).shipping


def test_a_paid_order_is_told_and_left_alone(sandbox, gateway):
    """Whatever address comes with the call: the payment is as it was, and so is its Customer."""
    token = sandbox.create_token()
    first = gateway.charge(token, ADA, FIVE, order_id="7", billing=BUYER, shipping=BUYER)
    second = gateway.charge(token, ADA, FIVE, order_id="7", billing=FRIEND, shipping=FRIEND)

    assert second.replayed
    assert first.charge == second.charge
    assert (BUYER.name, HOME, BUYER) == (
        sandbox.customers[0].name,
        sandbox.customers[0].address,
        sandbox.customers[0].shipping,
    )


def test_a_paid_order_of_a_known_customer_is_told_though_its_token_comes_with_another_address(
    sandbox, intents
):
    """A PaymentMethod's key that is used up is a reason to look."""
    known = by_hand(sandbox, "customers", email=ADA)["id"]
    began, token = datetime.now(timezone.utc), sandbox.create_token()
    said = {"order_id": "7", "customer": known, "began": began}
    first = intents.charge(token, ADA, FIVE, billing=BUYER, **said)
    second = intents.charge(token, ADA, FIVE, billing=FRIEND, **said)

    assert second.replayed
    assert [first.charge] == [second.charge] == paid(sandbox)


def test_an_order_that_goes_on_is_corrected(sandbox, gateway):
    """After a decline the buyer corrects what they typed: the Customer and what
    is shipped say what was said last."""
    with pytest.raises(CardDeclined):
        gateway.charge(
            sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="7",
            billing=BUYER, shipping=BUYER, receipt_email=ADA,
        )  # fmt: skip
    gateway.charge(
        sandbox.create_token(), "ada@example.org", FIVE, order_id="7",
        billing=FRIEND, shipping=FRIEND, receipt_email="ada@example.org",
    )  # fmt: skip
    (customer,), (charge,) = sandbox.customers, paid(sandbox)

    assert ("ada@example.org", FRIEND.name, BUYER.phone, WORK, FRIEND) == (
        customer.email,
        customer.name,
        customer.phone,
        customer.address,
        customer.shipping,
    )
    assert (FRIEND, "ada@example.org") == (charge.shipping, charge.receipt_email)


def test_a_corrected_address_keeps_nothing_of_the_one_before(sandbox, route):
    """A flat of the first address is not left in the second: what is not in
    it is sent as empty, and so unset."""
    line = Line(sandbox, route)
    gateway = line.gateway()
    with pytest.raises(CardDeclined):
        gateway.charge(
            sandbox.create_token(FAILS_WHEN_CHARGED),
            ADA,
            FIVE,
            order_id="7",
            billing=BUYER,
            shipping=BUYER,
        )
    gateway.charge(sandbox.create_token(), ADA, FIVE, order_id="7", billing=FRIEND, shipping=FRIEND)
    raw = sandbox.customers[0].raw
    (correction,) = (
        request.form for request in line.sent if request.path == f"/v1/customers/{raw['id']}"
    )
    blank = {"line2": "", "state": "", **WORK.to_stripe()}

    assert {**NOWHERE, **WORK.to_stripe()} == raw["address"] == raw["shipping"]["address"]
    assert blank == correction["address"] == correction["shipping"]["address"]
    assert "" == correction["shipping"]["phone"]


def test_what_is_said_again_is_not_written_again(sandbox, gateway):
    """An order that goes on with the same details sends no correction."""
    said = {"order_id": "7", "billing": BUYER, "shipping": FRIEND}
    with pytest.raises(CardDeclined):
        gateway.charge(sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, **said)
    gateway.charge(sandbox.create_token(), ADA, FIVE, **said)
    posts = [arrival.path for arrival in sandbox.requests if arrival.method == "POST"]

    assert 2 == posts.count("/v1/customers")
    assert not [
        path
        for path in posts
        if path.startswith("/v1/customers/") and not path.endswith("/sources")
    ]


@pytest.mark.parametrize(
    "other",
    [{"billing": FRIEND}, {"billing": None}, {"shipping": FRIEND}, {"shipping": None}],
    ids=["another buyer", "no buyer", "elsewhere", "nowhere"],
)
def test_without_an_order_another_address_with_the_same_token_is_a_conflict(
    sandbox, gateway, other
):
    """The purchase is the token and all that is said: goods are not
    sent elsewhere by sending it again."""
    said = SAID
    token = sandbox.create_token()
    gateway.charge(token, ADA, FIVE, **said)
    with pytest.raises(OrderConflict):
        gateway.charge(token, ADA, FIVE, **{**said, **other})

    assert 1 == len(paid(sandbox))


@pytest.mark.parametrize(
    "other", [{}, {"shipping": FRIEND}, {"billing": FRIEND}], ids=["same", "elsewhere", "buyer"]
)
def test_over_the_other_route_the_same_token_is_the_same_purchase_if_all_is_said_again(
    sandbox, other
):
    """The first payment is told again; with another address it is a conflict."""
    token, said = sandbox.create_token(), SAID
    one, two = (
        PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route=each)
        for each in ROUTES
    )
    first = one.charge(token, ADA, FIVE, **said)
    if other:
        with pytest.raises(OrderConflict):
            two.charge(token, ADA, FIVE, **{**said, **other})
    else:
        assert first.charge == two.charge(token, ADA, FIVE, **said).charge

    assert 1 == len(paid(sandbox))


def test_an_unpaid_order_does_not_take_a_token_with_two_addresses(sandbox, intents):
    """A PaymentMethod is made of a token once: what was said of it first
    stands, and another card is asked for."""
    token = sandbox.create_token()
    sandbox.faults.add(Fault.overloaded(), path="/v1/payment_intents", method="POST", times=3)
    with pytest.raises(OutcomeUnknown):
        intents.charge(token, ADA, FIVE, order_id="7", billing=BUYER)
    with pytest.raises(OrderConflict) as caught:
        intents.charge(token, ADA, FIVE, order_id="7", billing=FRIEND)
    payment = intents.charge(sandbox.create_token(), ADA, FIVE, order_id="7", billing=FRIEND)

    assert "card" == caught.value.step
    assert FRIEND == payment.charge.billing


def test_a_card_that_the_bank_asks_about_is_told_as_it_stands_whatever_is_said(sandbox, intents):
    """The same card with another shipping is no second try: the buyer is
    asked, and then it is paid, once."""
    tokens = sandbox.create_token(FAILS_WHEN_CHARGED), sandbox.create_token(ASKS)
    with pytest.raises(CardDeclined):
        intents.charge(tokens[0], ADA, FIVE, order_id="7", shipping=BUYER)
    for shipping in (BUYER, FRIEND):
        with pytest.raises(AuthenticationRequired):
            intents.charge(tokens[1], ADA, FIVE, order_id="7", shipping=shipping)
    sandbox.authenticate(sandbox.payment_intents[0]["id"])
    payment = intents.charge(tokens[1], ADA, FIVE, order_id="7", shipping=FRIEND)

    assert [payment.charge] == paid(sandbox)
    assert BUYER == payment.charge.shipping


def test_a_confirmation_that_did_nothing_is_made_anew_with_what_is_said_now(sandbox, intents):
    """Its key is used up by another shipping, and the intent is open still:
    it is confirmed under the next key."""
    token = sandbox.create_token()
    with pytest.raises(CardDeclined):
        intents.charge(
            sandbox.create_token(FAILS_WHEN_CHARGED), ADA, FIVE, order_id="7", shipping=BUYER
        )
    sandbox.faults.add(Fault.server_error(), path="*/confirm")
    with pytest.raises(OutcomeUnknown):
        Line(sandbox).gateway(max_retries=0).charge(token, ADA, FIVE, order_id="7", shipping=BUYER)
    payment = intents.charge(token, ADA, FIVE, order_id="7", shipping=FRIEND)

    assert FRIEND == payment.charge.shipping
    assert [payment.charge] == paid(sandbox)


@each_row(
    "shipping",
    {
        "no address": Person("Ada"),
        "no name": Person(address=HOME),
        "an empty address": Person("Ada", address=Address()),
        "a mapping": {"name": "Ada"},
        "a text": "Ada",
    },
)
@each_row("operation", ["charge", "charge_customer"])
def test_shipping_that_stripe_would_refuse_is_refused_before_anything_is_sent(
    sandbox, gateway, operation, shipping
):
    """Stripe wants a name and an address."""
    before = len(sandbox.requests)
    call = {
        "charge": lambda: gateway.charge("tok_visa", ADA, FIVE, shipping=shipping),
        "charge_customer": lambda: gateway.charge_customer(
            "cus_1", FIVE, order_id="7", shipping=shipping
        ),
    }
    with pytest.raises(InvalidInput) as caught:
        call[operation]()

    assert "shipping" == caught.value.param
    assert [] == sandbox.requests[before:]


def test_a_buyer_is_a_person(sandbox, gateway):
    """A mapping is refused before anything is sent."""
    with pytest.raises(InvalidInput) as caught:
        gateway.charge("tok_visa", ADA, FIVE, billing={"name": "Ada"})

    assert "billing" == caught.value.param
    assert [] == sandbox.requests


@pytest.mark.parametrize(
    ("receipt", "mailed_to"), [(True, ADA), (False, None), (None, None), (" ", "refused")]
)
def test_a_receipt_may_go_to_the_buyers_own_address(sandbox, gateway, receipt, mailed_to):
    """`receipt_email=True` stands for the e-mail that is given anyway."""
    if mailed_to == "refused":
        with pytest.raises(InvalidInput):
            gateway.charge("tok_visa", ADA, FIVE, receipt_email=receipt)
    else:
        assert (
            mailed_to
            == gateway.charge("tok_visa", ADA, FIVE, receipt_email=receipt).charge.receipt_email
        )
