"""Buying over PaymentIntents in a real browser, with each Element: the
buyer approves, fails, or walks away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.conftest import HONEY, INTENTS, Shop, Till, Visitor

ASKS = "4000002760003184"
OTHER = "5555555555554444"

each_way = pytest.mark.parametrize("shop", INTENTS, indirect=True)
both_elements = pytest.mark.parametrize("shop", ["flask-payment", "django-card"], indirect=True)
only_once = pytest.mark.parametrize("shop", ["flask-payment"], indirect=True)
"""For what is the script's alone: the same on every page."""


def intents(till: Till) -> list[str]:
    return [intent["status"] for intent in till.sandbox.payment_intents]


@each_way
def test_the_buyer_approves(shop: Shop, till: Till, visitor: Visitor) -> None:
    """The bank asks over the page, which waits; then the order is paid, and
    shown as paid for the first time."""
    visitor.open(shop.home)
    visitor.pay(ASKS)
    bank = visitor.bank()

    assert "Waiting for your bank…" == visitor.page.locator("[role=status]").inner_text()
    assert visitor.page.locator("button", has_text="Confirm with your bank").is_disabled()
    assert 0 == visitor.page.locator(".tc-pay").count()
    assert [] == till.paid

    bank.get_by_role("button", name="Approve").click()
    words = visitor.charged()

    assert "ending in 3184" in words
    assert "twice" not in words
    assert ([HONEY], ["succeeded"], 2) == (till.paid, intents(till), len(visitor.posts))


@both_elements
def test_the_buyer_fails_and_pays_with_another_card(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """The page says what happened, where the buyer looks first, and
    the same order takes the next card."""
    visitor.open(shop.home)
    visitor.pay(ASKS)
    visitor.bank().get_by_role("button", name="Fail").click()
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()

    assert "could not confirm that it was you" in visitor.notice()
    visitor.page.locator(".tc-notice:focus").wait_for()
    assert [] == till.paid

    visitor.pay(OTHER, email=None)

    assert "ending in 4444" in visitor.charged()
    assert ([HONEY], ["succeeded"]) == (till.paid, intents(till))


@both_elements
def test_the_buyer_walks_away_and_comes_back(
    shop: Shop, till: Till, visit: Callable[..., Visitor]
) -> None:
    """Who closes the bank's window can try again, who closes the tab finds the
    order as it was: it is paid once."""
    first, second = visit(), visit()
    first.open(shop.home)
    order = first.page.url
    first.pay(ASKS)
    first.bank()
    first.page.get_by_role("button", name="Close").click()
    first.page.locator(".tc-pay [type=submit]:enabled").wait_for()

    assert "could not confirm that it was you" in first.notice()

    first.pay(ASKS, email=None)
    first.bank()
    first.page.close()

    assert ["requires_action"] == intents(till)

    second.open(order)
    second.pay(OTHER)

    assert "ending in 4444" in second.charged()
    assert ([HONEY], ["succeeded"]) == (till.paid, intents(till))


@only_once
def test_a_bank_that_cannot_be_asked_is_not_asked_for_ever(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """The page says so and waits for the buyer, who may have
    approved elsewhere: the next post tells."""
    visitor.page.route("**/v1/payment_intents/*", lambda route: route.abort())
    visitor.open(shop.home)
    order = visitor.page.url
    visitor.pay(ASKS)

    assert "We did not hear from your bank." in visitor.problem()
    assert 1 == len(visitor.posts)
    assert order == visitor.page.get_by_role("link", name="Use another card").evaluate(
        "link => link.href"
    )

    till.sandbox.authenticate(till.sandbox.payment_intents[0]["id"])
    visitor.page.get_by_role("button", name="Confirm with your bank").click()

    assert "ending in 3184" in visitor.charged()
    assert ([HONEY], 2) == (till.paid, len(visitor.posts))
    assert [] != visitor.complaints
    visitor.complaints.clear()


@only_once
def test_a_reload_asks_again(shop: Shop, till: Till, visitor: Visitor) -> None:
    """The bank's question is still open after a reload, and one approval pays once."""
    visitor.open(shop.home)
    visitor.pay(ASKS)
    visitor.bank()
    visitor.page.reload()
    visitor.bank().get_by_role("button", name="Approve").click()
    visitor.charged()

    assert ([HONEY], ["succeeded"]) == (till.paid, intents(till))


@only_once
def test_what_is_wrong_with_the_card_is_said_once(shop: Shop, till: Till, visitor: Visitor) -> None:
    """The Payment Element says it beside its fields, and the page leaves it at that."""
    visitor.open(shop.home)
    visitor.pay("4242424242424241")
    visitor.page.get_by_text("Your card number is invalid.").wait_for()
    visitor.page.locator(".tc-pay[aria-busy=false]").wait_for()
    number = visitor.page.get_by_label("Card number")

    assert number.evaluate("field => field.getRootNode().activeElement === field")
    assert "" == visitor.page.locator(".tc-problem").inner_text()
    assert (0, []) == (till.arrived("/v1/confirmation_tokens"), visitor.posts)


@only_once
def test_a_retry_sends_the_confirmation_token_it_has(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """Where the post gets no page for an answer, the next click is the same
    purchase; another card is another token."""
    visitor.open(shop.url)
    visitor.page.route("**/charge", lambda route: route.fulfill(status=204), times=2)
    for _ in range(2):
        with visitor.page.expect_event("requestfailed", lambda sent: sent.url.endswith("/charge")):
            visitor.page.get_by_role(
                "button", name="Pay"
            ).click() if visitor.posts else visitor.pay()
        visitor.page.evaluate(
            "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
        )
    same = till.arrived("/v1/confirmation_tokens")
    visitor.pay(OTHER)
    visitor.charged()

    assert (1, 2) == (same, till.arrived("/v1/confirmation_tokens"))
    assert [HONEY] == till.paid


@only_once
def test_the_sites_own_fields_go_with_the_confirmation_token(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """What a token is made with, under the names of billing details; an empty field is left out."""
    visitor.open(shop.url)
    fields = {
        "name": "Ada Lovelace",
        "address_line1": "Byron Street 1",
        "address_zip": "10115",
        "address_city": "",
    }
    visitor.page.evaluate(
        """(fields) => {
             for (const [name, value] of Object.entries(fields)) {
               const field = document.createElement("input");
               Object.assign(field, { value, ariaLabel: name });
               field.dataset.stripe = name;
               document.querySelector(".tc-pay").append(field);
             }
           }""",
        fields,
    )
    visitor.pay()
    visitor.charged()
    details = till.sandbox.charges[0].raw["billing_details"]

    assert "Ada Lovelace" == details["name"]
    assert ("Byron Street 1", "10115", None) == tuple(
        details["address"][part] for part in ("line1", "postal_code", "city")
    )
