"""The pages in each language: how they look and are read, and what their buyers pay with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Shop, Till, Visitor
from tests.browser.kiosk import open_kiosk
from tests.browser.returning import CUSTOMER
from tests.browser.test_details import ALL
from tests.browser.test_looks import IMAGES, PICTURES
from tests.browser.test_returning import know
from tokencharge import CardDeclined, Language
from tokencharge.languages import LANGUAGES
from tokencharge.web.words import WORDS

TRANSLATED = LANGUAGES[1:]
SHOWN = ("de", "ja", "ar")
DEVICES = (("desktop", 800), ("phone", 320))
# What each of the page's sentences takes the place of; those without a place of their own are news.
PLACES = {"pay": ".tc-pay .tc-button", "authorize": ".tc-pay .tc-button", "checkout": ".tc-title"}
FIT = """([place, text]) => {
  document.querySelector(place).textContent = text;
  return document.documentElement.scrollWidth;
}"""


def pay(visitor: Visitor, number: str) -> None:
    """Type e-mail and card, by their places, and press the button."""
    for field, typed in (
        ("#tc-email", "ada@example.com"),
        (".number", number),
        (".exp", "1234"),
        (".cvc", "123"),
    ):
        visitor.page.locator(field).fill(typed)
    visitor.page.locator(".tc-pay .tc-button").click()


def look_at(visitor: Visitor, scene: str, tag: str) -> None:
    """Let axe read the page, look whether it has to be scrolled sideways, and take its picture."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    for device, width in DEVICES:
        visitor.page.set_viewport_size({"width": width, "height": 240})

        assert width == visitor.page.evaluate("document.documentElement.scrollWidth")

        if PICTURES and tag in SHOWN and scene != "charged":
            visitor.page.screenshot(
                path=IMAGES / f"language-{tag}-{scene}-{device}.png", full_page=True
            )
    # On the last of them: the page has the same words and colours on each.
    found = Axe().run(visitor.page, options={"iframes": False}).response

    assert [] == [(each["id"], each["nodes"]) for each in found["violations"]]


@pytest.mark.parametrize("shop", ["flask-payment"], indirect=True)
@pytest.mark.parametrize("tag", TRANSLATED)
def test_everybody_can_read_and_pay_in_their_language(
    shop: Shop, till: Till, visit: Callable[..., Visitor], tag: str
) -> None:
    """Axe finds nothing against the form, a decline and the page that says
    paid; 320 pixels hold every sentence."""
    language = Language.of(tag)
    visitor = visit(
        locale="zh-CN" if tag == "zh-Hans" else tag, color_scheme="light", device_scale_factor=1.5
    )
    visitor.open(shop.url)
    look_at(visitor, "form", tag)
    declined = CardDeclined("declined", code="card_declined")
    pay(visitor, "4000000000000002")

    assert declined.message_for(tag) == visitor.notice()

    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()
    look_at(visitor, "declined", tag)
    visitor.page.set_viewport_size({"width": 320, "height": 640})
    values = {
        "amount": "9.999.999.999,99 CHF",
        "brand": "American Express",
        "last4": "0005",
        "date": "08/2031",
    }
    values["label"] = language.say("Apartment, floor or building")
    said = [
        (PLACES.get(name, ".tc-notice p"), language.say(each, **values))
        for name, each in WORDS.items()
    ]

    assert [] == [text for place, text in said if visitor.page.evaluate(FIT, [place, text]) > 320]

    visitor.open(shop.url)
    pay(visitor, "4242424242424242")
    visitor.page.get_by_role("heading", name=language.say("You've been charged")).wait_for()
    look_at(visitor, "charged", tag)

    assert 1 == len(till.paid)


@pytest.mark.parametrize("tag", ["de", "fr", "pl", "ar"])
def test_a_long_form_can_be_read_in_every_language(
    counter: str, till: Till, visit: Callable[..., Visitor], tag: str
) -> None:
    """Axe finds nothing against saved cards and addresses, 320 pixels hold
    them, and Arabic runs to the left."""
    visitor = visit(locale=tag, color_scheme="light")
    with open_kiosk(counter, "payment") as kiosk:
        kiosk.collect, kiosk.customer = ALL, CUSTOMER
        know(Shop("kiosk", "payment", kiosk.url), till, "378282246310005", "5555555555554444")
        visitor.page.goto(f"{kiosk.url}/checkout")
        look_at(visitor, "saved", tag)
        visitor.page.locator("[name=card][value=new]").check()
        visitor.page.locator("[name='shipping.same_as_billing']").uncheck()
        visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()
        look_at(visitor, "addresses", tag)
        names = (
            "[name=card][value=new]",
            "[name=card][value=new] + span",
            "[name=keep]",
            "[name=keep] + span",
        )
        boxes: list[Any] = [visitor.page.locator(name).bounding_box() for name in names]
        centres = [box["x"] + box["width"] / 2 for box in boxes]
        city = visitor.page.locator("[for=tc-billing-address-city]")
        direction = city.evaluate("(label) => getComputedStyle(label).direction")

    assert (tag == "ar") == (centres[0] > centres[1]) == (centres[2] > centres[3])
    assert ("rtl" if tag == "ar" else "ltr") == direction


@pytest.mark.parametrize(
    "shop", ["flask-payment", "django-payment", "fastapi-payment"], indirect=True
)
def test_a_page_in_arabic_is_laid_out_from_right_to_left(
    shop: Shop, till: Till, visit: Callable[..., Visitor]
) -> None:
    """Labels stand at the right and values at the left; what was typed runs from
    left to right; Stripe's fields too."""
    visitor = visit(locale="ar", color_scheme="light")
    visitor.open(shop.url)
    box: dict[str, Any] = {
        name: visitor.page.locator(name).first.bounding_box() or {}
        for name in (".tc", ".tc-total dt", ".tc-total dd", "#tc-card-label", ".exp", ".cvc")
    }
    middle = box[".tc"]["x"] + box[".tc"]["width"] / 2
    style = "(field) => [getComputedStyle(field).direction, getComputedStyle(field).textAlign]"

    assert (
        box[".tc-total dt"]["x"] > middle > box[".tc-total dd"]["x"] + box[".tc-total dd"]["width"]
    )
    assert box["#tc-card-label"]["x"] + box["#tc-card-label"]["width"] > middle
    assert box[".exp"]["x"] > box[".cvc"]["x"]
    assert ["ltr", "end"] == visitor.page.locator("#tc-email").evaluate(style)
    assert ["ltr", "end"] == visitor.page.locator(".number").evaluate(style)
    assert visitor.page.get_by_label("رقم البطاقة").is_visible()


@pytest.mark.parametrize("shop", ["flask-card", "django-payment", "fastapi-payment"], indirect=True)
def test_stripe_js_speaks_the_pages_language(
    shop: Shop, till: Till, visit: Callable[..., Visitor]
) -> None:
    """Its fields are called what the page's reader calls them; where
    the page is in English, so are they."""
    german, danish = visit(locale="de-AT"), visit(locale="da")
    for visitor in (
        german,
        danish,
    ):  # by the page alone: what the browser is set to says something else
        visitor.page.add_init_script("Object.defineProperty(navigator, 'language', {value: 'fr'})")
    german.open(shop.url)
    danish.open(shop.url)

    assert german.page.get_by_label("Kartennummer").is_visible()
    assert "de-AT" == german.page.evaluate("document.documentElement.lang") or shop.name == "django"
    assert danish.page.get_by_label("Card number").is_visible()
