"""A buyer who comes back: pays with a saved card, or with a new one that is kept.
The sandbox's record is the judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.browser.conftest import HONEY, RETURNING, Shop, Till, Visitor
from tests.browser.returning import CUSTOMER
from tests.browser.test_looks import look_at
from tokencharge import Card, PaymentGateway
from tokencharge.testing import sandbox_gateway

VISA, MASTERCARD, ASKS, DECLINED = (
    "4242424242424242",
    "5555555555554444",
    "4000002760003184",
    "4000000000000341",
)

each_shop = pytest.mark.parametrize("shop", RETURNING, indirect=True)
one_shop = pytest.mark.parametrize("shop", ["flask-payment-returning"], indirect=True)


def ask_stripe(till: Till, what: str, **params: Any) -> dict[str, Any]:
    client = stripe.StripeClient(till.sandbox.secret_key, http_client=till.sandbox.http_client())
    answer: dict[str, Any] = client.raw_request("post", f"/v1/{what}", **params).data
    return answer


def know(shop: Shop, till: Till, *numbers: str) -> None:
    """Make the Customer, with these cards saved."""
    ask_stripe(till, "customers", id=CUSTOMER, email="ada@example.com")
    for number in numbers:
        till.sandbox.advance(1)
        if shop.way == "charges":
            ask_stripe(
                till, f"customers/{CUSTOMER}/sources", source=till.sandbox.create_token(number)
            )
        else:
            method = till.sandbox.create_payment_method(number)
            ask_stripe(till, f"payment_methods/{method}/attach", customer=CUSTOMER)


def saved(till: Till) -> list[Card]:
    gateway: PaymentGateway = sandbox_gateway(till.sandbox)
    return gateway.cards(CUSTOMER)


def card_that_paid(till: Till) -> tuple[str | None, str | None]:
    (charge,) = (charge for charge in till.sandbox.charges if charge.paid)
    return charge.customer_id, charge.card.last4 if charge.card else None


@each_shop
def test_a_saved_card_pays(shop: Shop, till: Till, visitor: Visitor) -> None:
    """Nothing is typed, no token is made, and the chosen card is charged."""
    know(shop, till, VISA, MASTERCARD)
    visitor.page.goto(shop.home)
    visitor.page.get_by_role("group", name="Pay with").get_by_label("Visa ending in 4242").check()
    tokens = till.arrived(shop.makes)
    visitor.page.get_by_role("button", name="Pay").dblclick()
    words = visitor.charged()

    assert ([HONEY], 1) == (till.paid, len(visitor.posts))
    assert (CUSTOMER, "4242") == card_that_paid(till)
    assert "Visa ending in 4242" in words
    assert tokens == till.arrived(shop.makes)


@each_shop
@pytest.mark.parametrize("ticked", [True, False], ids=["ticked", "not ticked"])
def test_a_new_card_is_kept_by_a_tick(
    shop: Shop, till: Till, visitor: Visitor, ticked: bool
) -> None:
    """It pays, and is offered on the next visit only where the buyer has ticked that."""
    know(shop, till, MASTERCARD)
    visitor.page.goto(shop.home)
    visitor.page.get_by_label("A new card").check()
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()
    box = visitor.page.get_by_label("Save this card for my next visit")
    assert not box.is_checked()
    if ticked:
        box.check()
    visitor.pay()
    visitor.charged()
    kept = [card.last4 for card in saved(till)]
    visitor.page.goto(shop.home)

    assert ([HONEY], (CUSTOMER, "4242")) == (till.paid, card_that_paid(till))
    assert (["4242", "4444"] if ticked else ["4444"]) == kept
    assert (3 if ticked else 2) == visitor.page.get_by_role("radio").count()


@one_shop
def test_the_keyboard_is_enough(shop: Shop, till: Till, visitor: Visitor) -> None:
    """Tab to the chosen card, an arrow to the next, Enter pays; beyond the last
    card are the fields of a new one."""
    know(shop, till, VISA, MASTERCARD)
    visitor.page.goto(shop.home)
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.get_by_label("Card number").wait_for()
    visitor.page.keyboard.press("ArrowUp")
    visitor.page.keyboard.press("Enter")
    visitor.charged()

    assert (CUSTOMER, "4242") == card_that_paid(till)


@each_shop
def test_a_declined_card_is_followed_by_another(shop: Shop, till: Till, visitor: Visitor) -> None:
    """The page says so, offers a new card first, and the buyer pays with another of theirs."""
    know(shop, till, VISA, DECLINED)
    visitor.page.goto(shop.home)
    visitor.page.get_by_label("Visa ending in 0341").check()
    visitor.page.get_by_role("button", name="Pay").click()
    visitor.notice()
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()

    assert visitor.page.get_by_label("A new card").is_checked()

    visitor.page.get_by_label("Visa ending in 4242").check()
    visitor.page.get_by_role("button", name="Pay").click()
    visitor.charged()

    assert ([HONEY], (CUSTOMER, "4242")) == (till.paid, card_that_paid(till))


@pytest.mark.parametrize("shop", RETURNING[:2], indirect=True)
def test_the_bank_asks_for_the_buyer(shop: Shop, till: Till, visitor: Visitor) -> None:
    """Who fails may try the same card again; who approves has paid, once."""
    know(shop, till, ASKS)
    visitor.page.goto(shop.home)
    visitor.page.get_by_role("button", name="Pay").click()
    visitor.bank().get_by_role("button", name="Fail").click()
    visitor.page.locator(".tc-pay").wait_for()
    visitor.page.get_by_label("Visa ending in 3184").check()
    visitor.page.get_by_role("button", name="Pay").click()
    visitor.bank().get_by_role("button", name="Approve").click()
    visitor.charged()

    assert ([HONEY], (CUSTOMER, "3184")) == (till.paid, card_that_paid(till))


@one_shop
def test_the_form_is_closed_while_it_is_on_its_way(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """A second press sends nothing; who comes back to the page may press again, and pays once."""
    know(shop, till, VISA)
    visitor.page.goto(shop.home)
    button = visitor.page.get_by_role("button", name="Pay")
    visitor.page.route("**/charge*", lambda route: route.fulfill(status=204), times=1)
    with visitor.page.expect_event("requestfailed", lambda sent: "/charge" in sent.url):
        button.click()
    closed = button.is_disabled()
    visitor.page.locator(".tc-pay").evaluate("form => form.requestSubmit()")
    sent = len(visitor.posts)
    visitor.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    button.click()
    visitor.charged()

    assert (True, 1) == (closed, sent)
    assert ([HONEY], 2) == (till.paid, len(visitor.posts))


@one_shop
def test_a_saved_card_needs_no_stripe_js(shop: Shop, till: Till, visitor: Visitor) -> None:
    """Where it is blocked, only a new card cannot be entered;
    the page says so when one is chosen."""
    know(shop, till, VISA)
    visitor.page.route("**/stripe.js", lambda route: route.abort())
    visitor.page.goto(shop.home)
    visitor.page.get_by_label("A new card").check()

    assert "The card form did not load" in visitor.problem()
    assert visitor.page.get_by_role("button", name="Pay").is_disabled()

    visitor.page.get_by_label("Visa ending in 4242").check()

    assert "" == visitor.page.locator(".tc-problem").first.inner_text()

    visitor.page.get_by_role("button", name="Pay").click()
    visitor.charged()

    assert [HONEY] == till.paid
    visitor.complaints.clear()


@one_shop
def test_a_saved_card_needs_no_javascript(
    shop: Shop, till: Till, visit: Callable[..., Visitor]
) -> None:
    """A new card does, and is not offered without."""
    know(shop, till, VISA)
    visitor = visit(java_script_enabled=False)
    visitor.page.goto(shop.home)

    assert not visitor.page.get_by_label("A new card").is_visible()

    visitor.page.get_by_role("button", name="Pay").click()

    assert "You've been charged" in visitor.charged()
    assert (CUSTOMER, "4242") == card_that_paid(till)


@one_shop
def test_after_a_decline_another_saved_card_needs_no_javascript(
    shop: Shop, till: Till, visit: Callable[..., Visitor]
) -> None:
    """The page then offers a new card first, whose fields do not
    stand in the way of another choice."""
    know(shop, till, VISA, DECLINED)
    visitor = visit(java_script_enabled=False)
    visitor.page.goto(shop.home)
    visitor.page.get_by_label("ending in 0341").check()
    visitor.page.get_by_role("button", name="Pay").click()

    assert "Your card was declined" in visitor.notice()

    visitor.page.get_by_label("Visa ending in 4242").check()
    visitor.page.get_by_role("button", name="Pay").click()

    assert "You've been charged" in visitor.charged()
    assert (CUSTOMER, "4242") == card_that_paid(till)


@one_shop
def test_an_expired_card_cannot_be_chosen(shop: Shop, till: Till, visitor: Visitor) -> None:
    """It is there, and says that it is expired."""
    know(shop, till, VISA)
    ask_stripe(
        till, f"payment_methods/{saved(till)[0].id}", card={"exp_month": 2, "exp_year": 2020}
    )
    visitor.page.goto(shop.home)
    expired = visitor.page.get_by_label("Visa ending in 4242 expired 02/2020")

    assert (True, False) == (expired.is_disabled(), expired.is_checked())
    assert visitor.page.get_by_label("A new card").is_checked()


@one_shop
def test_what_was_typed_for_a_new_card_is_not_sent_with_a_saved_one(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """Who changes their mind after a token was made pays with the card that is chosen."""
    know(shop, till, MASTERCARD)
    visitor.page.goto(shop.home)
    visitor.page.get_by_label("A new card").check()
    visitor.page.route("**/charge*", lambda route: route.fulfill(status=204), times=1)
    with visitor.page.expect_event("requestfailed", lambda sent: "/charge" in sent.url):
        visitor.pay()
    visitor.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    visitor.page.get_by_label("Mastercard ending in 4444").check()
    visitor.page.get_by_role("button", name="Pay").click()
    visitor.charged()

    assert ([HONEY], (CUSTOMER, "4444")) == (till.paid, card_that_paid(till))


def saved_cards(shop: Shop, till: Till, visitor: Visitor) -> None:
    know(shop, till, ASKS, VISA, MASTERCARD)
    old = next(card for card in saved(till) if card.last4 == "3184")
    ask_stripe(till, f"payment_methods/{old.id}", card={"exp_month": 2, "exp_year": 2020})
    visitor.page.goto(shop.home)


def new_card(shop: Shop, till: Till, visitor: Visitor) -> None:
    saved_cards(shop, till, visitor)
    visitor.page.get_by_label("A new card").check()
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()


@pytest.mark.parametrize("shop", RETURNING[:2], indirect=True)  # one for each template engine
@pytest.mark.parametrize("scene", [saved_cards, new_card], ids=lambda scene: scene.__name__)
def test_saved_cards_can_be_read_by_everybody(
    shop: Shop, till: Till, visit: Callable[..., Visitor], scene: Callable[..., None]
) -> None:
    """Axe finds nothing, by day or by night, and nothing has to be scrolled sideways."""
    visitor = visit(device_scale_factor=1.5)
    scene(shop, till, visitor)
    look_at(visitor, scene, picture=shop.name == "flask")
