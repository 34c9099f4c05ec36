"""The sandbox's stand-in for Stripe.js, used as Stripe's would be,
on a page with nothing else on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Till, Visitor
from tokencharge.sandbox import Fault, Response

PAGE = b"""<!doctype html><html lang="en"><title>Blank</title><link rel="icon" href="data:,">
<main><div id="card"></div><input id="elsewhere" aria-label="Elsewhere"></main>
<script src="/v3/"></script></html>"""
MOUNT = """() => {
  window.heard = [];
  window.stripe = Stripe("pk_test_tokenchargeSandboxKey0001");
  window.elements = stripe.elements();
  window.card = elements.create("card");
  for (const name of ["ready", "focus", "blur"]) card.on(name, () => heard.push(name));
  card.on("change", ({ brand, complete, empty, error }) => {
    window.last = { brand, complete, empty, code: error?.code };
  });
  const ready = new Promise((resolve) => card.on("ready", resolve));
  card.mount("#card");
  return ready.then(() => undefined);
}"""

Run = Callable[[str], Any]


@pytest.fixture
def blank(till: Till, counter: str, visitor: Visitor) -> Visitor:
    """A page with an Element mounted in it."""
    till.sandbox.pages["/blank"] = Response(200, {"content-type": "text/html"}, PAGE)
    visitor.page.goto(f"{counter}/blank")
    visitor.page.evaluate(MOUNT)
    return visitor


@pytest.fixture
def run(blank: Visitor) -> Run:
    """Runs JavaScript on that page; what it throws comes back as the name of the error."""

    def run(script: str) -> Any:
        guarded = f"(async () => ({script}))().catch((error) => error.name)"
        return blank.page.evaluate(guarded)

    return run


def test_a_card_becomes_a_token_that_can_be_used_once(till: Till, blank: Visitor, run: Run) -> None:
    """`createToken` ends in a token of the sandbox that the page belongs to."""
    blank.enter()
    token = run("(await stripe.createToken(card, { name: 'Ada' })).token")

    assert ("token", "4242") == (token["object"], token["card"]["last4"])
    assert "Ada" == token["card"]["name"]
    assert 1 == till.arrived("/v1/tokens")


@pytest.mark.parametrize(
    "script",
    [
        "Stripe()",
        "Stripe('sk_test_tokenchargeSandboxKey0001')",
        "elements.create('iban')",
        "elements.create('card')",
        "stripe.elements().create('card').mount('#nowhere')",
        "await stripe.createToken(stripe.elements().create('card'))",
    ],
)
def test_what_stripe_js_would_not_do_it_refuses(run: Run, script: str) -> None:
    """Misuse is an IntegrationError, as Stripe.js names it."""
    assert "IntegrationError" == run(script)


def test_a_refused_key_is_an_error_and_no_exception(till: Till, blank: Visitor, run: Run) -> None:
    """An answer that is no token comes back as `error`, with Stripe's type."""
    blank.enter()
    run("stripe = Stripe('pk_test_another')")
    error = run("(await stripe.createToken(card)).error")
    blank.complaints.clear()

    assert "invalid_request_error" == error["type"]


def test_a_lost_answer_is_an_error_and_no_exception(till: Till, blank: Visitor, run: Run) -> None:
    """Where the network fails the error is an api_connection_error."""
    till.sandbox.faults.add(Fault.lose_request(), times=None, path="/v1/tokens", method="POST")
    blank.enter()
    error = run("(await stripe.createToken(card)).error")
    blank.complaints.clear()

    assert "api_connection_error" == error["type"]


def test_it_tells_what_is_typed(blank: Visitor, run: Run) -> None:
    """`change` tells brand, completeness and what is wrong; `clear` empties the fields."""
    blank.page.get_by_label("Card number").fill("4000")
    typing = run("last")
    blank.enter("378282246310005", "12/34", "1234")
    done = run("last")
    shapes = [
        blank.page.get_by_label(name).input_value()
        for name in ("Card number", "Expiry date", "Security code")
    ]
    blank.page.get_by_label("Card number").fill("4242424242424241")
    wrong = run("last")
    run("card.clear()")

    assert {"brand": "visa", "complete": False, "empty": False, "code": None} == typing
    assert {"brand": "amex", "complete": True, "empty": False, "code": None} == done
    assert ["3782 822463 10005", "12 / 34", "1234"] == shapes
    assert ("invalid_number", False) == (wrong["code"], wrong["complete"])
    assert {"brand": "unknown", "complete": False, "empty": True, "code": None} == run("last")


def test_the_caret_stays_where_one_types(blank: Visitor) -> None:
    """A digit put right in the middle of a number does not send the caret to its end."""
    number = blank.page.get_by_label("Card number")
    number.fill("4242 4242 4242 4242")
    number.evaluate("field => field.setSelectionRange(1, 2)")
    blank.page.keyboard.type("01")

    assert "4014 2424 2424 2424 2" == number.input_value()
    assert 3 == number.evaluate("field => field.selectionStart")


def test_a_month_of_one_digit_is_completed(blank: Visitor) -> None:
    """Who types 7 for July, and then the year, gets both right."""
    blank.page.get_by_label("Expiry date").press_sequentially("734")

    assert "07 / 34" == blank.page.get_by_label("Expiry date").input_value()


def test_it_takes_and_loses_the_focus(blank: Visitor, run: Run) -> None:
    """`focus` and `blur` move the focus and are told, and the container shows where it is."""
    run("card.focus()")
    inside = blank.page.locator("#card").get_attribute("class")
    run("card.blur()")

    assert ["ready", "focus", "blur"] == run("heard")
    assert "StripeElement--focus" in (inside or "")
    assert "StripeElement StripeElement--empty" == blank.page.locator("#card").get_attribute(
        "class"
    )


def test_it_can_be_switched_off_and_taken_away(blank: Visitor, run: Run) -> None:
    """`update` disables the fields; `off` stops the news; `unmount` leaves an empty container."""
    run("card.update({ disabled: true })")

    assert blank.page.get_by_label("Card number").is_disabled()

    run("card.update({ disabled: false })")
    run(
        "elements.getElement('card').on('focus', window.more = () =>"
        " heard.push('more')).off('focus', more)"
    )
    run("card.focus()")
    run("card.unmount()")

    assert "more" not in run("heard")
    assert ("", "") == (
        run("document.querySelector('#card').innerHTML"),
        run("document.querySelector('#card').className"),
    )


def test_it_says_that_it_is_the_sandbox(blank: Visitor) -> None:
    """Nobody takes it for Stripe's, and everybody learns which card to use."""
    assert blank.page.get_by_text("Sandbox: use 4242 4242 4242 4242").is_visible()
