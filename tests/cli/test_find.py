"""`tokencharge find`: what became of an order, for whoever answers the buyer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import attrs
import pytest

from tokencharge import CardDeclined, Charge, Money, Payment, PaymentGateway
from tokencharge.cli import main
from tokencharge.sandbox import Request, Response, Rules, Sandbox, Server

ADA = "ada@example.com"
# 2027-01-15, eight in the morning.
THEN = 1_800_000_000.0
DASHBOARD = "https://dashboard.stripe.com"
both_routes = pytest.mark.parametrize("route", ["payment_intents", "charges"])


@attrs.frozen
class Shop:
    """What has sold, before anybody asks."""

    sandbox: Sandbox
    gateway: PaymentGateway

    def sell(self, order_id: str = "order-1", token: str = "tok_visa", **more: Any) -> Payment:
        return self.gateway.charge(token, ADA, Money(1450, "usd"), order_id=order_id, **more)

    @property
    def charge(self) -> Charge:
        (charge,) = self.sandbox.charges
        return charge


@pytest.fixture
def route() -> str:
    """The default one; `both_routes` tries the other as well."""
    return "payment_intents"


@pytest.fixture
def shop(route: str) -> Shop:
    """A shop on an account that takes cards on either route."""
    sandbox = Sandbox(clock=lambda: THEN, rules=Rules(card_tokens=True))
    gateway = PaymentGateway(
        sandbox.secret_key, http_client=sandbox.http_client(), route=route, max_retries=0
    )
    return Shop(sandbox, gateway)


@pytest.fixture
def serve(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Let the environment lead to the shop's account, whose Charges may be told otherwise."""
    with ExitStack() as stack:

        def serve(**told: Any) -> None:
            def handle(request: Request) -> Response:
                answer = shop.sandbox.handle(request)
                body = json.dumps(_told(json.loads(answer.body), told)).encode()
                return attrs.evolve(answer, body=body)

            server = stack.enter_context(Server(handle, "127.0.0.1", 0))
            for name, value in shop.sandbox.environment(server.url).items():
                monkeypatch.setenv(name, value)

        yield serve


def _told(thing: Any, told: dict[str, Any]) -> Any:
    if isinstance(thing, list):
        return [_told(each, told) for each in thing]
    if not isinstance(thing, dict):
        return thing
    whole = {name: _told(each, told) for name, each in thing.items()}
    return {**whole, **told} if thing.get("object") == "charge" else whole


def lines(out: str) -> dict[str, str]:
    """What is told, by its name."""
    return dict(line.split(maxsplit=1) for line in out.splitlines())


def link(charge: Charge) -> str:
    return f"{DASHBOARD}/test/payments/{charge.payment_intent_id or charge.id}"


@both_routes
def test_a_paid_order_is_told_in_lines(shop: Shop, serve, run) -> None:
    """Its state, its amounts, its card, its buyer, and where the dashboard shows it."""
    customer = shop.sell().customer
    shop.gateway.refund(shop.charge, Money(450, "usd"))
    shop.sandbox.advance(60)
    serve()
    ran = run("find", "order-1")

    assert (0, "") == (ran.code, ran.err)
    assert {
        "order": "order-1",
        "state": "paid",
        "amount": "14.50 USD",
        "charged": "14.50 USD",
        "refunded": "4.50 USD",
        "kept": "10.00 USD",
        "fee": "0.72 USD",
        "card": "visa 4242",
        "when": "2027-01-15 08:00 UTC",
        "customer": f"{customer.id} {ADA}",
        "charge": shop.charge.id,
        "dashboard": link(shop.charge),
    } == lines(ran.out)


def test_a_machine_is_told_the_same(shop: Shop, serve, run) -> None:
    """Amounts are in minor units under Stripe's names, as in the JSON of the pages."""
    customer = shop.sell().customer
    shop.gateway.refund(shop.charge, Money(450, "usd"))
    shop.sandbox.advance(60)
    serve()
    ran = run("find", "order-1", "--json")

    assert (0, "") == (ran.code, ran.err)
    assert {
        "order_id": "order-1",
        "state": "paid",
        "amount": 1450,
        "currency": "usd",
        "amount_captured": 1450,
        "amount_refunded": 450,
        "amount_kept": 1000,
        "fee": {"amount": 72, "currency": "usd"},
        "card": {
            "brand": "visa",
            "last4": "4242",
            "exp_month": 1,
            "exp_year": 2028,
            "wallet": None,
        },
        "created": "2027-01-15T08:00:00+00:00",
        "capture_before": None,
        "customer": {"id": customer.id, "email": ADA},
        "charge": shop.charge.id,
        "payment_intent": shop.charge.payment_intent_id,
        "livemode": False,
        "dashboard": link(shop.charge),
    } == ran.document


@both_routes
def test_a_link_leads_to_where_the_dashboard_has_it(shop: Shop, serve, run, route: str) -> None:
    """A payment is shown by its PaymentIntent, and by its Charge where it has none."""
    shop.sell()
    serve()
    kind = {"payment_intents": "pi_", "charges": "ch_"}[route]

    assert (
        run("find", "order-1", "--json")
        .document["dashboard"]
        .startswith(f"{DASHBOARD}/test/payments/{kind}")
    )


def test_live_money_has_another_link(shop: Shop, serve, run) -> None:
    """The dashboard's test mode knows nothing of it."""
    shop.sell()
    serve(livemode=True)
    told = run("find", "order-1", "--json").document

    assert told["livemode"] is True
    assert link(shop.charge).replace("/test/", "/") == told["dashboard"]


@both_routes
def test_held_money_is_told_with_its_time(shop: Shop, serve, run) -> None:
    """Nothing is charged yet, and until when it can be."""
    shop.sell(capture=False)
    serve()
    told = lines(run("find", "order-1").out)
    until = shop.charge.capture_before

    assert until is not None
    assert ("held", "14.50 USD", "0.00 USD", "0.00 USD") == tuple(
        told[name] for name in ("state", "amount", "charged", "kept")
    )
    assert f"{until:%Y-%m-%d %H:%M} UTC" == told["until"]
    assert "not booked" == told["fee"]


@both_routes
def test_what_was_given_back_is_still_told(shop: Shop, serve, run) -> None:
    """A buyer who asks for their money hears that it went back."""
    shop.gateway.refund(shop.sell().charge)
    serve()
    ran = run("find", "order-1")

    assert 0 == ran.code
    assert ("refunded", "14.50 USD", "0.00 USD") == tuple(
        lines(ran.out)[name] for name in ("state", "refunded", "kept")
    )


def test_a_wallet_is_named(shop: Shop, serve, run) -> None:
    """The buyer remembers their telephone, not the card in it."""
    shop.sell()
    card = {"brand": "visa", "last4": "4242", "wallet": {"type": "apple_pay", "apple_pay": {}}}
    serve(source=None, payment_method_details={"type": "card", "card": card})

    assert "visa 4242 apple_pay" == lines(run("find", "order-1").out)["card"]


def test_the_time_of_a_hold_that_was_taken_is_not_told(shop: Shop, serve, run) -> None:
    """Stripe may still show until when it could be captured: nobody has to hurry."""
    shop.sell()
    serve(payment_method_details={"type": "card", "card": {"capture_before": int(THEN) + 600_000}})

    assert "until" not in lines(run("find", "order-1").out)


@both_routes
def test_what_stripe_does_not_say_is_left_out(shop: Shop, serve, run) -> None:
    """A payment without a card, a time or a Customer has no such lines."""
    shop.sell()
    serve(source=None, payment_method_details=None, created=None, customer=None)
    told = lines(run("find", "order-1").out)
    document = run("find", "order-1", "--json").document

    assert not {"card", "when", "customer", "until"} & set(told)
    assert (None, None, None) == tuple(
        document[name] for name in ("card", "created", "capture_before")
    )
    assert {"id": None, "email": None} == document["customer"]


def test_an_order_that_stripe_still_processes_is_told_and_is_no_payment_yet(
    shop: Shop, serve, run
) -> None:
    """Whoever asks sees it; a script that would ship stops at the exit code."""
    shop.sell()
    serve(status="pending", paid=False)
    ran = run("find", "order-1")
    told = lines(ran.out)

    assert (1, "") == (ran.code, ran.err)
    assert ("pending", "0.00 USD", shop.charge.customer_id, link(shop.charge)) == tuple(
        told[name] for name in ("state", "kept", "customer", "dashboard")
    )


@both_routes
@pytest.mark.parametrize("arguments", [(), ("--json",)])
@pytest.mark.parametrize("order", ["never begun", "declined", "released"])
def test_an_order_without_a_payment_ends_in_a_sentence(
    order: str, arguments: tuple[str, ...], shop: Shop, serve, run
) -> None:
    """Never begun, declined or let go: the exit code is 1, and nothing is on standard output."""
    if order == "declined":
        with pytest.raises(CardDeclined):
            shop.sell(token="tok_chargeCustomerFail")
    elif order == "released":
        shop.gateway.void(shop.sell(capture=False).charge)
    serve()
    ran = run("find", "order-1", *arguments)

    assert (1, "") == (ran.code, ran.out)
    assert (
        "tokencharge: No payment of order 'order-1' was found in test mode. "
        "A declined card or a released hold is no payment.\n" == ran.err
    )


def test_a_named_customer_is_whose_payments_are_read(shop: Shop, serve, run) -> None:
    """`--customer` finds what a busy account's newest page no longer shows, and only theirs."""
    other, buyer = shop.sell("order-2").customer, shop.sell().customer
    serve()
    found = run("find", "order-1", "--customer", buyer.id)
    missed = run("find", "order-1", "--customer", other.id)

    assert (0, 1) == (found.code, missed.code)
    assert f"{buyer.id} {ADA}" == lines(found.out)["customer"]
    assert f"No payment of order 'order-1' of {other.id} was found in test mode." in missed.err


def test_a_key_without_a_mode_names_none(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the key does not say is not said."""
    sandbox = Sandbox(secret_key="sk_shop")
    with sandbox.serve() as server:
        for name in ("STRIPE_SECRET_KEY", "STRIPE_API_BASE"):
            monkeypatch.setenv(name, sandbox.environment(server.url)[name])
        ran = run("find", "order-1")

    assert (1, "") == (ran.code, ran.out)
    assert "No payment of order 'order-1' was found. A declined" in ran.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((" order-1",), "The order_id is empty, or has spaces around it"),
        (("order-1", "--customer", "cus 1"), "The customer id has characters no id has"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(
    arguments: tuple[str, ...], sentence: str, shop: Shop, serve, run
) -> None:
    """Nobody is asked, and 2 is another exit code than that of an order without a payment."""
    serve()
    ran = run("find", *arguments)

    assert (2, "") == (ran.code, ran.out)
    assert sentence in ran.err
    assert 1 == ran.err.count("\n")
    assert [] == shop.sandbox.requests


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "ORDER_ID"),
        (("order-1", "--customer", ADA), "a customer is named by its id, cus_..., not by e-mail"),
    ],
)
def test_wrong_usage_is_refused(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An order has to be named, and an e-mail is no Customer's id."""
    with pytest.raises(SystemExit) as stop:
        main(["find", *arguments])

    assert 2 == stop.value.code
    assert sentence in capsys.readouterr().err


def test_a_key_that_stripe_refuses_is_told(
    shop: Shop, serve, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Stripe cannot be asked, nobody is told that there is no payment."""
    shop.sell()
    serve()
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_another")
    ran = run("find", "order-1")

    assert (2, "") == (ran.code, ran.out)
    assert "Stripe refused the secret key" in ran.err


def test_the_key_comes_from_the_environment(run) -> None:
    """Without one, the sentence says which variable is missing."""
    ran = run("find", "order-1")

    assert (2, "") == (ran.code, ran.out)
    assert "STRIPE_SECRET_KEY" in ran.err


def test_no_key_is_shown(shop: Shop, serve, run) -> None:
    """Whatever is found, or is not."""
    shop.sell()
    serve()

    assert not any(
        shop.sandbox.secret_key in f"{ran.out}{ran.err}"
        for ran in (run("find", "order-1"), run("find", "order-1", "--json"), run("find", "o-2"))
    )


def test_to_look_changes_nothing(shop: Shop, serve, run) -> None:
    """Stripe is only asked, twice: for the order, and for what was booked."""
    shop.sell()
    before = len(shop.sandbox.requests)
    serve()
    run("find", "order-1")

    assert ["GET", "GET"] == [each.method for each in shop.sandbox.requests[before:]]
