"""How the pages look, and how they are read: to axe, on a desk
and on a phone, by day and by night."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.browser.conftest import ROOT, Shop, Till, Visitor
from tokencharge.sandbox import Fault

# The documentation's pictures are of these very pages, which say that
# they are the sandbox's, or in test mode.
PICTURES = "TOKENCHARGE_SCREENSHOTS" in os.environ
IMAGES = ROOT / "docs" / "images"


def form(shop: Shop, till: Till, visitor: Visitor) -> None:
    visitor.open(shop.url)


def wrong_card(shop: Shop, till: Till, visitor: Visitor) -> None:
    visitor.open(shop.url)
    visitor.pay("4242424242424241")
    visitor.page.get_by_text("Your card number is invalid.").wait_for()


def declined(shop: Shop, till: Till, visitor: Visitor) -> None:
    visitor.open(shop.url)
    visitor.pay("4000000000000002")
    visitor.notice()
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()


def busy(shop: Shop, till: Till, visitor: Visitor) -> None:
    visitor.open(shop.url)
    with till.sandbox.faults.add(Fault.rate_limit(), times=None, path="/v1/customers"):
        visitor.pay()
        visitor.notice()
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()


def unclear(shop: Shop, till: Till, visitor: Visitor) -> None:
    visitor.open(shop.url)
    with till.sandbox.faults.add(Fault.lose_answer(), times=None, path=shop.pays):
        visitor.pay(email=f"{'a' * 60}@example.com")
        visitor.notice()


def charged(shop: Shop, till: Till, visitor: Visitor) -> None:
    visitor.open(shop.url)
    visitor.pay()
    visitor.charged()


def three_d_secure(shop: Shop, till: Till, visitor: Visitor) -> None:
    visitor.open(shop.home)
    visitor.pay("4000002760003184")
    visitor.bank()


def no_bank(shop: Shop, till: Till, visitor: Visitor) -> None:
    visitor.page.route("**/v1/payment_intents/*", lambda route: route.abort())
    visitor.open(shop.home)
    visitor.pay("4000002760003184")
    visitor.problem()
    visitor.complaints.clear()


SHOWN = [form, declined, unclear, charged, three_d_secure]
SCENES = [form, declined, unclear, charged, wrong_card, busy]
Scene = Callable[[Shop, Till, Visitor], None]


@pytest.mark.parametrize(
    "shop", ["flask-payment", "django-card"], indirect=True
)  # one for each template engine
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_every_page_can_be_read_by_everybody(
    shop: Shop, till: Till, visit: Callable[..., Visitor], scene: Scene
) -> None:
    """Axe finds nothing against any page, by day or by night, and
    none has to be scrolled sideways."""
    visitor = visit(device_scale_factor=1.5)
    scene(shop, till, visitor)
    look_at(visitor, scene, picture=shop.name == "flask" and scene in SHOWN)


@pytest.mark.parametrize("shop", ["flask-payment"], indirect=True)
@pytest.mark.parametrize("scene", [three_d_secure, no_bank], ids=lambda scene: scene.__name__)
def test_so_can_the_banks_question(
    shop: Shop, till: Till, visit: Callable[..., Visitor], scene: Scene
) -> None:
    """It as well, in the one template that all examples have."""
    visitor = visit(device_scale_factor=1.5)
    scene(shop, till, visitor)
    look_at(visitor, scene, picture=scene in SHOWN)


def look_at(visitor: Visitor, scene: Scene, *, picture: bool) -> None:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    for device, width in (("desktop", 800), ("phone", 320)):
        for scheme in ("dark", "light"):
            visitor.page.set_viewport_size({"width": width, "height": 240})
            visitor.turn(scheme)
            found = Axe().run(visitor.page, options={"iframes": False}).response

            assert [] == [
                (device, scheme, each["id"], each["nodes"]) for each in found["violations"]
            ]
            assert "color-contrast" in [each["id"] for each in found["passes"]]
            assert width == visitor.page.evaluate("document.documentElement.scrollWidth")

        if PICTURES and picture:
            name = scene.__name__.replace("_", "-")
            # A dialog is centred in what can be seen, and not in the page.
            height = visitor.page.evaluate("document.documentElement.scrollHeight")
            visitor.page.set_viewport_size({"width": width, "height": height})
            visitor.page.screenshot(path=IMAGES / f"sandbox-{name}-{device}.png", full_page=True)


@pytest.mark.parametrize("shop", ["flask-card", "flask-payment"], indirect=True)
def test_the_card_follows_the_pages_look(
    shop: Shop, till: Till, visit: Callable[..., Visitor]
) -> None:
    """When the page goes dark, so does what is typed into the card, which
    Stripe keeps in frames of its own."""
    visitor = visit(color_scheme="light")
    visitor.open(shop.url)
    colour = "field => getComputedStyle(field).color"
    card, email = visitor.page.get_by_label("Card number"), visitor.page.get_by_label("E-mail")
    before = card.evaluate(colour)

    assert email.evaluate(colour) == before

    visitor.turn("dark")

    assert email.evaluate(colour) == card.evaluate(colour)
    assert before != card.evaluate(colour)
