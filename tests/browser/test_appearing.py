"""Forms that come and go, scripts that do not come, a nonce policy, and a
price that changes in another tab."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.conftest import Till, Visitor
from tests.browser.kiosk import CLOSE, OPEN, Kiosk, open_kiosk
from tokencharge import Money

# What Turbo does with a link: it takes the body of the other page, and
# makes its scripts anew so that they run.
VISIT = """async (url) => {
  const text = await (await fetch(url)).text();
  const body = new DOMParser().parseFromString(text, "text/html").body;
  for (const old of body.querySelectorAll("script")) {
    const script = document.createElement("script");
    for (const { name, value } of old.attributes) script.setAttribute(name, value);
    old.replaceWith(script);
  }
  document.body.replaceWith(document.adoptNode(body));
}"""


@pytest.fixture(params=["card", "payment"])
def kiosk(till: Till, counter: str, request: pytest.FixtureRequest) -> Iterator[Kiosk]:
    """With each of the two Elements."""
    with open_kiosk(counter, request.param) as kiosk:
        yield kiosk


def ready(visitor: Visitor) -> int:
    """Wait until a card can be entered, and count the fields for cards."""
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()
    return visitor.page.get_by_label("Card number").count()


@pytest.mark.parametrize(
    ("enter", "leave"), [(VISIT, VISIT), (OPEN, CLOSE)], ids=["Turbo", "a dialog"]
)
def test_a_form_works_whenever_it_appears(
    kiosk: Kiosk, till: Till, visitor: Visitor, enter: str, leave: str
) -> None:
    """The second time as the first, with one card field, and it pays once."""
    visitor.page.goto(kiosk.url)
    visitor.page.evaluate(enter, f"{kiosk.url}/checkout")
    first = ready(visitor)
    visitor.page.evaluate(leave, kiosk.url)
    visitor.page.locator(".tc-pay").wait_for(state="detached")
    visitor.page.evaluate(enter, f"{kiosk.url}/checkout")
    again = ready(visitor)
    visitor.pay()
    visitor.charged()

    assert (1, 1) == (first, again)
    assert (1, [kiosk.price]) == (len(visitor.posts), till.paid)


def test_a_form_that_appears_without_stripe_says_so(
    kiosk: Kiosk, till: Till, visitor: Visitor
) -> None:
    """Within seconds, though the page was loaded long ago; opened again
    once Stripe.js can be had, it works."""
    visitor.page.route("**/endive/stripe.js", lambda route: route.abort())
    visitor.page.goto(kiosk.url)
    visitor.page.evaluate(OPEN, f"{kiosk.url}/checkout")

    assert "did not load" in visitor.problem()
    assert visitor.page.locator(".tc-pay [type=submit]").is_disabled()

    visitor.page.unroute("**/endive/stripe.js")
    visitor.page.evaluate(CLOSE)
    visitor.page.evaluate(OPEN, f"{kiosk.url}/checkout")
    ready(visitor)
    visitor.pay()
    visitor.charged()

    assert [kiosk.price] == till.paid
    visitor.complaints.clear()  # of what was blocked


def test_a_page_whose_script_is_blocked_says_so(kiosk: Kiosk, visitor: Visitor) -> None:
    """After a while, where it only looks unfinished; and not at all where the script runs."""
    told = visitor.page.get_by_text("The card form did not start")
    visitor.open(f"{kiosk.url}/checkout")
    before = told.count()
    visitor.page.route("**/tokencharge.js", lambda route: route.abort())
    visitor.page.goto(f"{kiosk.url}/checkout")
    at_once = told.is_visible()
    told.wait_for(state="visible")

    assert (0, False) == (before, at_once)
    visitor.complaints.clear()  # of what was blocked


def test_a_nonce_policy_lets_a_form_appear(kiosk: Kiosk, till: Till, visitor: Visitor) -> None:
    """The script that asks for Stripe.js itself gives it the nonce of its tag."""
    kiosk.policy = "script-src 'nonce-abc'; object-src 'none'; base-uri 'none'"
    visitor.page.goto(kiosk.url)
    visitor.page.evaluate(OPEN, f"{kiosk.url}/checkout")
    ready(visitor)
    visitor.pay()
    visitor.charged()

    assert [kiosk.price] == till.paid


def test_a_nonce_policy_lets_the_form_work(kiosk: Kiosk, till: Till, visitor: Visitor) -> None:
    """Both script tags have the framework's nonce."""
    kiosk.policy = "script-src 'nonce-abc' 'strict-dynamic'; object-src 'none'; base-uri 'none'"
    visitor.open(f"{kiosk.url}/checkout")
    visitor.pay()
    visitor.charged()

    assert [kiosk.price] == till.paid


def test_a_basket_that_changes_in_another_tab(
    kiosk: Kiosk, till: Till, visitor: Visitor, visit: Callable[..., Any]
) -> None:
    """What the first tab shows is not what would be taken, so nothing is;
    its next button has the new price."""
    visitor.open(f"{kiosk.url}/checkout")
    kiosk.price = Money(5000, "usd")
    other = visit()
    other.open(f"{kiosk.url}/checkout")
    visitor.pay()
    said, nothing = visitor.notice(), list(till.paid)
    button = visitor.page.get_by_role("button", name="Pay")
    shown = button.inner_text()
    ready(visitor)
    visitor.pay(email=None)
    visitor.charged()

    assert "has changed since this page was shown" in said
    assert ([], "Pay $50.00") == (nothing, shown)
    assert [Money(5000, "usd")] == till.paid
