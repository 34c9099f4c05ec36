"""The contract of what follows a payment: told once, and shown at a page that may be reloaded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rows import each_row
from tests.web.conftest import OpenShop
from tests.web.deliveries import event
from tests.web.shop import EMAIL, Answer, Shop
from tokencharge import Charge, ConfigurationError, Money, Order, Payment
from tokencharge.sandbox import Sandbox
from tokencharge.web import Checkout

FIVE = Money(500, "usd")


@pytest.fixture(params=["charges", "payment_intents"])
def route(request: pytest.FixtureRequest) -> str:
    """All of this holds on both routes."""
    name: str = request.param
    return name


def told(shop: Shop, charge: Charge, kind: str = "charge.succeeded", **changes: Any) -> Answer:
    """Stripe tells of a charge."""
    return shop.deliver(
        event(
            kind, json.loads(json.dumps({**charge.raw, "customer": charge.customer_id, **changes}))
        )
    )


class TestOnPaid:
    """One function for the page and the webhook."""

    def test_the_page_tells_it_and_the_webhook_does_not_again(
        self, shop: Shop, sandbox: Sandbox
    ) -> None:
        """Neither does the same post again, nor the same event twice."""
        token = sandbox.create_token()
        pages = [shop.buy(token), shop.buy(token)]
        (charge,) = sandbox.charges
        deliveries = [told(shop, charge), told(shop, charge)]

        assert [200, 200] == [page.status for page in pages]
        assert [200, 200] == [delivery.status for delivery in deliveries]
        assert [charge.id] == [each.id for each in shop.paid]

    def test_the_webhook_tells_what_the_page_did_not(self, shop: Shop, sandbox: Sandbox) -> None:
        """The browser was gone: the event is the first news, and the page's comes to nothing."""
        from tests.web.shop import gateway_to

        elsewhere = gateway_to(sandbox, route="payment_intents")
        charge = elsewhere.charge("tok_visa", EMAIL, FIVE, order_id="order-1").charge
        delivery = told(shop, charge)
        shop.order = Order(FIVE, order_id="order-1")
        page = shop.buy(sandbox.create_token())

        assert [200, 200] == [delivery.status, page.status]
        assert "handled" == delivery.json["outcome"]
        assert [charge.id] == [each.id for each in shop.paid]
        assert [FIVE] == [each.amount for each in shop.paid]

    def test_one_that_raises_is_told_again_by_the_webhook(
        self, shop: Shop, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The buyer sees that they paid; Stripe delivers until the function returns."""

        def fail(charge: Charge) -> None:
            raise ZeroDivisionError("the database is away")

        shop.on_paid = fail
        page = shop.buy(sandbox.create_token())
        (charge,) = sandbox.charges
        failed = told(shop, charge)
        shop.on_paid = lambda charge: None
        again = told(shop, charge)

        assert [200, 500, 200] == [page.status, failed.status, again.status]
        assert "been charged" in page.text
        assert "the database is away" in caplog.text
        assert [charge.id] == [each.id for each in shop.paid]

    def test_held_money_is_told_when_it_is_taken(self, shop: Shop, sandbox: Sandbox) -> None:
        """Not when the page authorizes it, nor by the event of that."""
        shop.order = Order(FIVE, capture=False)
        shop.buy(sandbox.create_token())
        (charge,) = sandbox.charges
        told(shop, charge)
        held = list(shop.paid)
        told(shop, charge, "charge.captured", captured=True, amount_captured=500)

        assert [] == held
        assert [charge.id] == [each.id for each in shop.paid]

    def test_a_decline_is_no_payment(self, shop: Shop, sandbox: Sandbox) -> None:
        """Nobody is told."""
        shop.buy(sandbox.create_token("4000000000000341"))

        assert [] == shop.paid

    def test_a_view_of_ones_own_tells_it_too(self, shop: Shop, sandbox: Sandbox) -> None:
        """`charge_from_request` is a page like any other."""
        shop.post_json({"token": sandbox.create_token(), "email": EMAIL}, "/own")

        assert [sandbox.charges[0].id] == [each.id for each in shop.paid]


class TestSuccessUrl:
    """Post, redirect, get."""

    def test_the_buyer_is_sent_on(self, open_shop: OpenShop, sandbox: Sandbox) -> None:
        """303: a reload of what follows sends nothing again. A script is told where to go."""
        shop = open_shop(success_url="/thanks?from=shop")
        page = shop.buy(sandbox.create_token())
        script = shop.post_json({"token": sandbox.create_token(), "email": EMAIL})

        assert (303, "/thanks?from=shop") == (page.status, page.headers["Location"])
        assert "no-store" == page.headers["Cache-Control"]
        assert (200, "/thanks?from=shop") == (script.status, script.json["success_url"])
        assert 2 == len(shop.payments)

    def test_it_may_be_of_the_payment(self, open_shop: OpenShop, sandbox: Sandbox) -> None:
        """Which the host has then, its order's id above all."""
        shop = open_shop(success_url=lambda payment: f"/orders/{payment.order_id}")
        shop.order = Order(FIVE, order_id="order-1")

        assert "/orders/order-1" == shop.buy(sandbox.create_token()).headers["Location"]

    def test_who_presses_again_is_led_there_too(
        self, open_shop: OpenShop, sandbox: Sandbox
    ) -> None:
        """Their order says by then that it is paid, and their payment is not asked for."""
        shop = open_shop(success_url="/thanks")
        shop.order = Order(FIVE, "A basket", "order-1")
        sent = {"token": sandbox.create_token(), "email": EMAIL, "shown": shop.order.shown}
        first = shop.post_form(sent)
        asked = len(sandbox.requests)
        shop.order = Order(FIVE, "A basket", "order-1", paid=True)
        again, script = shop.post_form(sent), shop.post_json(sent)

        assert [(303, "/thanks")] * 2 == [
            (page.status, page.headers["Location"]) for page in (first, again)
        ]
        assert "no-store" == again.headers["Cache-Control"]
        assert (200, True, "/thanks") == (
            script.status,
            script.json["order"]["paid"],
            script.json["success_url"],
        )
        assert asked == len(sandbox.requests)

    def test_one_of_the_payment_is_not_asked_without_one(
        self, open_shop: OpenShop, sandbox: Sandbox
    ) -> None:
        """Where the order says no more than that it is paid, the page says so."""
        shop = open_shop(success_url=lambda payment: f"/orders/{payment.order_id}")
        shop.order = Order(FIVE, "A basket", "order-1", paid=True)
        page = shop.buy(sandbox.create_token())
        script = shop.post_json({"token": sandbox.create_token(), "email": EMAIL})

        assert (200, True) == (page.status, "This order is paid." in page.text)
        assert (200, False) == (script.status, "success_url" in script.json)

    def test_a_decline_stays_where_it_was(self, open_shop: OpenShop, sandbox: Sandbox) -> None:
        """The form comes back."""
        shop = open_shop(success_url="/thanks")

        assert 402 == shop.buy(sandbox.create_token("4000000000000341")).status

    @each_row("wrong", [7, "", "/a b", "/a\r\nSet-Cookie: x=1", "/ä", ZeroDivisionError])
    def test_one_that_goes_wrong_hides_no_payment(
        self, open_shop: OpenShop, sandbox: Sandbox, wrong: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The buyer sees the page that says that they paid, the log the charge."""

        caplog.clear()

        def success_url(payment: Payment) -> Any:
            if wrong is ZeroDivisionError:
                raise wrong
            return wrong

        page = open_shop(success_url=success_url).buy(sandbox.create_token())

        assert 200 == page.status
        assert "been charged" in page.text
        assert sandbox.charges[-1].id in caplog.text

    def test_a_page_of_its_own_order_shows_how_it_ended(
        self, open_shop: OpenShop, sandbox: Sandbox
    ) -> None:
        """Back at the checkout, whose order says that it is paid: shown as often
        as it is loaded, to whom it is for."""
        shop = open_shop(success_url="/checkout")
        sent = shop.buy(sandbox.create_token())
        shop.order = Order(FIVE, paid=shop.payments[0])
        pages = [shop.get(sent.headers["Location"]) for _ in range(2)]

        assert [True, True] == [
            "been charged" in page.text and not page.asks_for_a_card for page in pages
        ]
        assert 1 == len(sandbox.charges)


def test_a_success_url_that_is_none_is_refused_at_start(sandbox: Sandbox) -> None:
    """Before anyone has paid."""
    from tests.web.shop import gateway_to

    with pytest.raises(ConfigurationError, match="success_url"):
        Checkout(gateway_to(sandbox).settings, success_url="/thank you")
