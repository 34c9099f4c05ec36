"""What tokencharge.js promises beside buying: README.md has each promise,
broken, and the test that fails then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Till, Visitor
from tests.browser.kiosk import CLOSE, OPEN, Kiosk, open_kiosk
from tokencharge.sandbox import Fault

if TYPE_CHECKING:
    from playwright.sync_api import Route

# Has Stripe.js note what it is asked for, and count the Elements that were destroyed.
WATCHING = """;{
  const made = window.Stripe;
  window.destroyed = 0;
  window.asked = [];
  window.Stripe = (...key) => {
    const stripe = made(...key), group = stripe.elements.bind(stripe);
    stripe.elements = (options) => {
      window.asked.push(options);
      const elements = group(options), create = elements.create.bind(elements);
      elements.create = (kind, options) => {
        window.asked.push({ kind, ...options });
        const element = create(kind, options), destroy = element.destroy.bind(element);
        element.destroy = () => { window.destroyed += 1; destroy(); };
        return element;
      };
      return elements;
    };
    return stripe;
  };
}"""
# A copy of the page that was kept with what stood in it, as Turbo keeps one.
KEPT = """(url) => fetch(url).then((answer) => answer.text()).then((text) => {
  const page = new DOMParser().parseFromString(text, "text/html");
  page.querySelector("[data-tokencharge-card]").innerHTML = "<p>A field of yesterday</p>";
  const dialog = document.querySelector("dialog");
  dialog.innerHTML = page.querySelector("main").innerHTML;
  dialog.showModal();
})"""


@pytest.fixture(params=["card", "payment"])
def kiosk(till: Till, counter: str, request: pytest.FixtureRequest) -> Iterator[Kiosk]:
    """With each of the two Elements."""
    with open_kiosk(counter, request.param) as kiosk:
        yield kiosk


def watched(route: Route) -> None:
    """Serve Stripe.js, watched."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text() + WATCHING)


def test_the_label_leads_to_the_card(kiosk: Kiosk, visitor: Visitor) -> None:
    """A click on it puts the caret into the field for the number."""
    visitor.open(f"{kiosk.url}/checkout")
    visitor.page.get_by_text("Card", exact=True).click()

    number = visitor.page.get_by_label("Card number")
    assert number.evaluate("field => field.getRootNode().activeElement === field")


def test_a_field_of_the_sites_may_be_called_submit(
    kiosk: Kiosk, till: Till, visitor: Visitor
) -> None:
    """A form's own method is hidden by it, and the form is sent all the same."""
    visitor.open(f"{kiosk.url}/checkout")
    visitor.page.evaluate(
        """() => {
             const field = document.createElement("input");
             Object.assign(field, { type: "hidden", name: "submit" });
             document.querySelector(".tc-pay").append(field);
           }"""
    )
    visitor.pay()
    visitor.charged()

    assert [kiosk.price] == till.paid


def test_a_kept_copy_of_the_page_works(kiosk: Kiosk, till: Till, visitor: Visitor) -> None:
    """What it shows of a card field is no card field, and goes."""
    visitor.page.goto(kiosk.url)
    visitor.page.evaluate(KEPT, f"{kiosk.url}/checkout")
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()

    assert 0 == visitor.page.get_by_text("A field of yesterday").count()
    visitor.pay()
    visitor.charged()
    assert [kiosk.price] == till.paid


def test_a_form_that_leaves_is_let_go(kiosk: Kiosk, visitor: Visitor) -> None:
    """Stripe's field is destroyed with it, once."""
    visitor.page.route("**/endive/stripe.js", watched)
    visitor.page.goto(kiosk.url)
    visitor.page.evaluate(OPEN, f"{kiosk.url}/checkout")
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()
    before = visitor.page.evaluate("window.destroyed")
    visitor.page.evaluate(CLOSE)
    visitor.page.wait_for_function("window.destroyed > 0")

    assert (0, 1) == (before, visitor.page.evaluate("window.destroyed"))


def answered_by_no_page(visitor: Visitor, press: Callable[[], None]) -> None:
    """Press a button whose post gets no page for an answer, so that the
    form is left as it was: on its way."""
    visitor.page.route("**/charge", lambda route: route.fulfill(status=204), times=1)
    with visitor.page.expect_event("requestfailed", lambda sent: sent.url.endswith("/charge")):
        press()


def bring_back(visitor: Visitor, *, persisted: bool) -> None:
    """Show the page as the back button does, or as for the first time."""
    visitor.page.evaluate(
        "persisted => dispatchEvent(new PageTransitionEvent('pageshow', { persisted }))", persisted
    )


def test_only_a_page_that_is_brought_back_is_opened_again(kiosk: Kiosk, visitor: Visitor) -> None:
    """A page that is shown for the first time keeps its form closed until that is ready."""
    visitor.open(f"{kiosk.url}/checkout")
    answered_by_no_page(visitor, visitor.pay)
    button = visitor.page.locator(".tc-pay [type=submit]")
    bring_back(visitor, persisted=False)
    closed = button.is_disabled()
    bring_back(visitor, persisted=True)

    assert (True, True) == (closed, button.is_enabled())


def test_a_form_that_checks_again_is_closed_while_it_does(
    kiosk: Kiosk, till: Till, visitor: Visitor
) -> None:
    """The button is off, and the form says what it is doing."""
    lost = till.sandbox.faults.add(
        Fault.lose_answer(), times=None, path="/v1/payment_intents", method="POST"
    )
    visitor.open(f"{kiosk.url}/checkout")
    visitor.pay()
    visitor.notice()
    lost.cancel()
    button = visitor.page.get_by_role("button", name="Check again")
    answered_by_no_page(visitor, button.click)
    seen = button.is_disabled(), visitor.page.locator(".tc-again [role=status]").inner_text()
    bring_back(visitor, persisted=True)
    button.click()
    visitor.charged()

    assert (True, "Checking…") == seen
    assert [kiosk.price] == till.paid


@pytest.mark.parametrize("capture", [True, False], ids=["taken", "held"])
def test_the_payment_element_knows_the_order(
    till: Till, counter: str, visitor: Visitor, capture: bool
) -> None:
    """Amount, currency, and whether the money is only held, which its confirmation
    token is for; it asks for a card."""
    with open_kiosk(counter, "payment") as kiosk:
        kiosk.capture = capture
        visitor.page.route("**/endive/stripe.js", watched)
        visitor.open(f"{kiosk.url}/checkout")
        order, element = visitor.page.evaluate("window.asked")

    assert ("payment", 500, "usd", ["card"]) == tuple(
        order[name] for name in ("mode", "amount", "currency", "allowedPaymentMethodTypes")
    )
    assert (None if capture else "manual") == order.get("captureMethod")
    assert ("payment", {"link": "never"}) == (element["kind"], element["wallets"])
