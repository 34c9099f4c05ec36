"""Buying in a real browser: each example, each Element, each route. The
sandbox's record says what was charged."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import EVERY, EXAMPLES, HONEY, ITS_OWN_NOTE, Shop, Till, Visitor
from tokencharge.sandbox import Fault

if TYPE_CHECKING:
    from playwright.sync_api import Route

DECLINED = "4000000000000002"

of_the_card_element = pytest.mark.parametrize("shop", ["django-card"], indirect=True)
"""For what the Payment Element does by itself: test_authentication.py has its way."""


@pytest.mark.parametrize("shop", EVERY, indirect=True)
def test_a_card_is_charged(shop: Shop, till: Till, visitor: Visitor) -> None:
    """E-mail and card in, one Customer and one Charge out, and the page says so."""
    visitor.open(shop.url)
    visitor.pay()
    words = visitor.charged()
    (customer,) = till.sandbox.customers
    (charge,) = till.sandbox.charges

    assert ("ada@example.com", customer.id) == (customer.email, charge.customer_id)
    assert ([HONEY], "Wildflower honey, 500 g") == (till.paid, charge.description)
    assert "$14.50" in words
    assert "Visa ending in 4242" in words
    assert "twice" not in words


@pytest.mark.parametrize("shop", [f"{name}-payment" for name in EXAMPLES], indirect=True)
def test_a_wallet_pays(shop: Shop, till: Till, visitor: Visitor) -> None:
    """Where the Payment Element offers a wallet, its card is
    charged like any other, and says so."""
    visitor.open(shop.url)
    visitor.page.get_by_label("E-mail").fill("ada@example.com")
    wallet = visitor.page.get_by_role("button", name="Use the sandbox's wallet")
    wallet.focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_label("Card number").wait_for(state="hidden")
    visitor.page.get_by_role("button", name="Pay").click()
    visitor.charged()
    (charge,) = till.sandbox.charges

    assert [HONEY] == till.paid
    assert charge.card is not None
    assert "apple_pay" == charge.card.wallet


def test_a_declined_card_is_followed_by_another(shop: Shop, till: Till, visitor: Visitor) -> None:
    """After a decline the buyer reads why, finds the e-mail kept, and pays with the next card."""
    visitor.open(shop.url)
    visitor.pay(DECLINED)

    assert "Your card was declined" in visitor.notice()
    assert [] == till.paid
    visitor.page.locator(".tc-notice:focus").wait_for()
    assert "ada@example.com" == visitor.page.get_by_label("E-mail").input_value()

    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()
    visitor.pay(email=None)
    visitor.charged()

    assert [HONEY] == till.paid


@pytest.mark.parametrize(
    "twice",
    [
        lambda page: page.get_by_role("button", name="Pay").dblclick(),
        lambda page: page.evaluate(
            "const form = document.querySelector('.tc-pay'); form.requestSubmit();"
            " form.requestSubmit()"
        ),
    ],
    ids=["double-click", "two submits"],
)
def test_two_submits_make_one_purchase(
    shop: Shop, till: Till, visitor: Visitor, twice: Callable
) -> None:
    """Who presses the button twice makes one token, sends it once and is charged once."""
    visitor.open(shop.url)
    visitor.page.get_by_label("E-mail").fill("ada@example.com")
    visitor.enter()
    twice(visitor.page)
    visitor.charged()

    assert (1, 1) == (till.arrived(shop.makes), len(visitor.posts))
    assert [HONEY] == till.paid


def test_the_form_is_closed_while_it_is_on_its_way(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """Between the click and the answer the button is off, the form is busy, and
    says so to those who cannot see it."""
    seen: list[tuple[bool, str]] = []

    def look(route: Route) -> None:
        page = visitor.page
        button = page.get_by_role("button", name="Pay")
        seen.append(
            (
                button.is_disabled(),
                page.locator(".tc-pay[aria-busy=true] [role=status]").inner_text(),
            )
        )
        route.fallback()

    visitor.page.route(f"**{shop.makes}", look)
    visitor.open(shop.url)
    visitor.pay()
    visitor.charged()

    assert [(True, "Paying…")] == seen[-1:]


def test_a_reload_of_the_result_charges_nothing_more(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """A reload posts the form again; the same token is the same purchase."""
    visitor.open(shop.url)
    visitor.pay()
    visitor.charged()
    visitor.page.reload()

    assert "you have not paid twice" in visitor.charged()
    assert 2 == len(visitor.posts)
    assert [HONEY] == till.paid


def test_the_keyboard_is_enough(shop: Shop, till: Till, visitor: Visitor) -> None:
    """Tab goes from field to field, past the wallet where there is one, and Enter pays."""
    visitor.open(shop.url)
    wallet = [""] if shop.way == "payment" else []
    for text in ("ada@example.com", *wallet, "4242424242424242", "1234", "123"):
        visitor.page.keyboard.press("Tab")
        visitor.page.keyboard.type(text)
    visitor.page.keyboard.press("Enter")
    visitor.charged()

    assert [HONEY] == till.paid


def test_the_keyboard_reaches_the_button_and_the_links(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """What a mouse can press, Tab and Enter can press."""
    visitor.open(shop.url)
    visitor.page.get_by_label("E-mail").fill("ada@example.com")
    visitor.enter()
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Space")
    visitor.charged()
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_role("heading", name="Checkout").wait_for()

    assert [HONEY] == till.paid


def test_an_unclear_outcome_is_cleared_up_without_a_second_charge(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """Where the answer is lost the page says not to pay again,
    and checking ends in the one charge."""
    lost = till.sandbox.faults.add(Fault.lose_answer(), times=None, path=shop.pays, method="POST")
    visitor.open(shop.url)
    visitor.pay()

    assert "do not pay again" in visitor.notice()
    assert 0 == visitor.page.get_by_role("button", name="Pay").count()

    visitor.page.get_by_role("button", name="Check again").click()
    visitor.page.wait_for_url("**/charge")

    assert "do not pay again" in visitor.notice()

    lost.cancel()
    visitor.page.get_by_role("button", name="Check again").click()

    assert "You've been charged" in visitor.charged()
    assert (1, [HONEY]) == (till.arrived(shop.makes), till.paid)


def test_where_nothing_happened_the_same_card_can_be_sent_again(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """Where Stripe turned the attempt away the buyer may send the same
    token again, or enter another card."""
    busy = till.sandbox.faults.add(
        Fault.rate_limit(), times=None, path="/v1/customers", method="POST"
    )
    visitor.open(shop.url)
    visitor.pay()
    visitor.notice()
    busy.cancel()

    assert 1 == visitor.page.get_by_role("button", name="Pay").count()

    visitor.page.get_by_role("button", name="Try the same card again").click()
    visitor.charged()

    assert (1, [HONEY]) == (till.arrived(shop.makes), till.paid)


def come_back(visitor: Visitor, number: str = "4242424242424242") -> None:
    """Pay, get no page for an answer, and find the form as it was left,
    as the back button brings it back."""
    visitor.page.route("**/charge", lambda route: route.fulfill(status=204), times=1)
    with visitor.page.expect_event("requestfailed", lambda sent: sent.url.endswith("/charge")):
        visitor.pay(number)
    assert visitor.page.get_by_role("button", name="Pay").is_disabled()
    visitor.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")


def test_a_retry_sends_the_token_it_has(shop: Shop, till: Till, visitor: Visitor) -> None:
    """Where the form gets no answer and the buyer comes back to it,
    the next click sends the same token."""
    visitor.open(shop.url)
    come_back(visitor)
    visitor.page.get_by_role("button", name="Pay").click()
    visitor.charged()

    assert (1, 2) == (till.arrived(shop.makes), len(visitor.posts))
    assert [HONEY] == till.paid


def test_another_card_after_a_retry_is_another_token(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """A token goes with its card: when the buyer changes the card, the old token is forgotten."""
    visitor.open(shop.url)
    come_back(visitor, DECLINED)
    visitor.pay()
    visitor.charged()

    assert 2 == till.arrived(shop.makes)
    assert [HONEY] == till.paid


@of_the_card_element
def test_the_sites_own_fields_go_to_stripe(shop: Shop, till: Till, visitor: Visitor) -> None:
    """A field marked `data-stripe` is sent with the card; an empty one is not."""
    visitor.open(shop.url)
    visitor.page.evaluate(
        """for (const [name, value] of [["name", "Ada Lovelace"], ["address_zip", ""]]) {
             const field = document.createElement("input");
             Object.assign(field, { value, ariaLabel: name });
             field.dataset.stripe = name;
             document.querySelector(".tc-pay").append(field);
           }"""
    )
    with visitor.page.expect_request(f"**{shop.makes}") as sent:
        visitor.pay()
    visitor.charged()

    assert "card%5Bname%5D=Ada+Lovelace" in (sent.value.post_data or "")
    assert "address_zip" not in (sent.value.post_data or "")


CARDS_THAT_CANNOT_BE = [
    ("", "", "", "Your card number is incomplete.", "Card number"),
    ("424242424242", "1234", "123", "Your card number is incomplete.", "Card number"),
    ("4242424242424241", "1234", "123", "Your card number is invalid.", "Card number"),
    ("4242424242424242", "12", "123", "Your card's expiration date is incomplete.", "Expiry date"),
    ("4242424242424242", "1334", "123", "Your card's expiration month is invalid.", "Expiry date"),
    (
        "4242424242424242",
        "0120",
        "123",
        "Your card's expiration date is in the past.",
        "Expiry date",
    ),
    ("4242424242424242", "1234", "12", "Your card's security code is incomplete.", "Security code"),
]


@of_the_card_element
def test_a_card_that_cannot_be_is_refused_before_anything_is_sent(
    shop: Shop, till: Till, visitor: Visitor
) -> None:
    """The page says what is wrong with the card, goes to that field, and lets the buyer mend it."""
    visitor.open(shop.url)
    visitor.page.get_by_label("E-mail").fill("ada@example.com")
    for number, exp, cvc, says, name in CARDS_THAT_CANNOT_BE:
        visitor.enter(number, exp, cvc)
        visitor.page.get_by_role("button", name="Pay").click()
        field = visitor.page.get_by_label(name)

        assert says == visitor.problem()
        assert field.evaluate("field => field.getRootNode().activeElement === field")
        assert "true" == field.get_attribute("aria-invalid")

        visitor.enter()

        assert "" == visitor.page.locator(".tc-problem").first.inner_text()
        assert visitor.page.get_by_role("button", name="Pay").is_enabled()
    assert 0 == till.arrived(shop.makes)


def test_an_incomplete_email_is_asked_for_first(shop: Shop, till: Till, visitor: Visitor) -> None:
    """No token is made for a form that cannot be sent, even where Enter
    in a frame of Stripe's submits it."""
    visitor.open(shop.url)
    visitor.page.get_by_label("E-mail").fill("ada")
    visitor.enter()
    visitor.page.locator(".tc-pay").dispatch_event("submit", {"cancelable": True, "bubbles": True})

    visitor.page.locator("[name=email]:focus").wait_for()
    assert (0, []) == (till.arrived(shop.makes), visitor.posts)


def test_what_stripe_says_of_the_card_is_shown(shop: Shop, till: Till, visitor: Visitor) -> None:
    """A refusal of the card when the token is made is in Stripe's words, which are the buyer's."""
    error = {
        "error": {"type": "card_error", "code": "expired_card", "message": "Your card has expired."}
    }
    headers = {"access-control-allow-origin": "*"}
    body = json.dumps(error)
    visitor.page.route(
        f"**{shop.makes}", lambda route: route.fulfill(status=402, body=body, headers=headers)
    )
    visitor.open(shop.url)
    visitor.pay()

    assert "Your card has expired." == visitor.problem()
    assert [f"{ITS_OWN_NOTE}402 (Payment Required)"] == visitor.complaints
    visitor.complaints.clear()


@pytest.mark.parametrize("fault", [Fault.overloaded(), Fault.lose_request()], ids=["503", "reset"])
def test_what_stripe_says_to_developers_is_not(
    shop: Shop, till: Till, visitor: Visitor, fault: Fault
) -> None:
    """Where no token could be made the page says so in its own
    words, and the buyer can try again."""
    with till.sandbox.faults.add(fault, times=None, path=shop.makes, method="POST"):
        visitor.open(shop.url)
        visitor.pay()

        assert "Your card could not be read just now." in visitor.problem()
        visitor.page.locator(".tc-pay [type=submit]:enabled:focus").wait_for()
        assert [] != visitor.complaints

    visitor.complaints.clear()
    visitor.page.get_by_role("button", name="Pay").click()
    visitor.charged()

    assert [HONEY] == till.paid


def test_without_stripe_js_the_page_says_so(shop: Shop, till: Till, visitor: Visitor) -> None:
    """Where Stripe.js is blocked the buyer is told what to do, and
    cannot send a form that cannot work."""
    visitor.page.route("**/stripe.js", lambda route: route.abort())
    visitor.page.goto(shop.url)

    assert "The card form did not load" in visitor.problem()
    assert visitor.page.get_by_role("button", name="Pay").is_disabled()
    assert [] != visitor.complaints
    visitor.complaints.clear()


def test_a_stripe_js_that_is_late_is_waited_for(shop: Shop, till: Till, visitor: Visitor) -> None:
    """The form says that it is loading, after ten seconds that it may not,
    and works once Stripe.js is there."""
    visitor.page.clock.install()
    late: list[Route] = []
    visitor.page.route(
        "**/stripe.js",
        lambda route: late.append(route),  # noqa: PLW0108 - Playwright takes no built-in
    )
    visitor.page.goto(shop.url, wait_until="commit")

    assert (
        "Loading the card form…"
        == visitor.page.locator(".tc-pay [role=status]:not(:empty)").inner_text()
    )
    assert visitor.page.get_by_role("button", name="Pay").is_disabled()

    visitor.page.clock.fast_forward(10_000)

    assert "The card form did not load" in visitor.problem()

    late[0].fallback()
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()

    assert "" == visitor.page.locator(".tc-problem").first.inner_text()

    visitor.pay()
    visitor.charged()

    assert [HONEY] == till.paid


def test_without_javascript_the_page_says_so(
    shop: Shop, till: Till, visit: Callable[..., Visitor]
) -> None:
    """The form needs JavaScript, says that it does, and shows no button that cannot work."""
    visitor = visit(java_script_enabled=False)
    visitor.page.goto(shop.url)

    assert "The card form needs JavaScript" in visitor.page.locator("noscript p").inner_text()
    assert 0 == visitor.page.get_by_role("button").count()


def test_the_policy_is_strict(shop: Shop, till: Till, visitor: Visitor) -> None:
    """Both pages come with a policy that allows nothing inline, and are kept in no cache."""
    form = visitor.page.goto(shop.url)
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()
    with visitor.page.expect_response("**/charge") as result:
        visitor.pay()
    visitor.charged()
    assert form is not None
    headers = [form.headers, result.value.headers]

    for each in headers:
        assert "no-store" == each["cache-control"]
        assert "default-src 'none'" in each["content-security-policy"]
        assert "unsafe" not in each["content-security-policy"]
