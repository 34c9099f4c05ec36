"""Names and addresses, typed by a buyer: what Stripe has of them then, and how the page is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.browser.conftest import Shop, Till, Visitor
from tests.browser.kiosk import Kiosk, open_kiosk
from tests.browser.returning import CUSTOMER
from tests.browser.test_returning import know
from tokencharge import Address, Person

ALL = ("phone", "billing_address", "shipping_address")
ADA = Person(
    "Ada Lovelace", "+44 20 7946 0000", Address("1 High Street", None, "Pune", "MH", "411001", "IN")
)
CHARLES = Person(
    "Charles Babbage", address=Address("7 Rue Paul Bert", None, "Lyon", None, "69003", "FR")
)
COUNTRIES = {"IN": "India", "FR": "France"}
DECLINED = "4000000000000002"


@pytest.fixture(params=["card", "payment"])
def kiosk(till: Till, counter: str, request: pytest.FixtureRequest) -> Iterator[Kiosk]:
    """With each of the two Elements; it asks for everything."""
    with open_kiosk(counter, request.param) as kiosk:
        kiosk.collect = ALL
        yield kiosk


def fill(visitor: Visitor, group: str, person: Person) -> None:
    """Fill in one of the two groups, as its labels say."""
    box, address = (
        visitor.page.get_by_role("group", name=f"{group} address"),
        person.address or Address(),
    )
    box.get_by_label("Full name").fill(person.name or "")
    box.get_by_label("Address", exact=True).fill(address.line1 or "")
    box.get_by_label("City").fill(address.city or "")
    box.get_by_label("State").fill(address.state or "")
    box.get_by_label("Postal code").fill(address.postal_code or "")
    box.get_by_label("Country").select_option(label=COUNTRIES[address.country or ""])


def open_and_fill(kiosk: Kiosk, visitor: Visitor) -> None:
    visitor.open(f"{kiosk.url}/checkout")
    visitor.page.get_by_label("Phone number").fill(ADA.phone or "")
    fill(visitor, "Billing", ADA)


def test_what_is_typed_is_stripes(kiosk: Kiosk, till: Till, visitor: Visitor) -> None:
    """The Customer has name, phone, address and shipping; the card the buyer's
    billing details; the Charge both."""
    open_and_fill(kiosk, visitor)
    visitor.page.get_by_label("Ship to the billing address").uncheck()
    fill(visitor, "Shipping", CHARLES)
    visitor.pay()
    visitor.charged()
    (customer,), (charge,) = till.sandbox.customers, till.sandbox.charges

    assert (ADA.name, ADA.phone, ADA.address, CHARLES) == (
        customer.name,
        customer.phone,
        customer.address,
        customer.shipping,
    )
    assert (ADA, CHARLES) == (charge.billing, charge.shipping)


def test_a_ticked_box_stands_for_the_second_address(
    kiosk: Kiosk, till: Till, visitor: Visitor
) -> None:
    """Ticked from the start, it hides fields that nobody has to fill in
    then; the parcel goes to the buyer."""
    open_and_fill(kiosk, visitor)
    hidden = visitor.page.get_by_role("group", name="Shipping address").count()
    visitor.pay()
    visitor.charged()

    assert 0 == hidden
    assert Person(ADA.name, address=ADA.address) == till.sandbox.charges[0].shipping


def test_after_a_decline_only_the_card_is_typed_again(
    kiosk: Kiosk, till: Till, visitor: Visitor
) -> None:
    """What was typed is there, the box is as it was, and what is corrected counts."""
    open_and_fill(kiosk, visitor)
    visitor.page.get_by_label("Ship to the billing address").uncheck()
    fill(visitor, "Shipping", ADA)
    visitor.pay(DECLINED)
    visitor.notice()
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()
    fill(visitor, "Shipping", CHARLES)
    visitor.pay(email=None)
    visitor.charged()
    paid = [charge for charge in till.sandbox.charges if charge.paid]

    assert [(ADA, CHARLES)] == [(charge.billing, charge.shipping) for charge in paid]
    assert CHARLES == till.sandbox.customers[0].shipping


def test_a_field_that_the_server_refuses_has_the_focus(
    kiosk: Kiosk, till: Till, visitor: Visitor
) -> None:
    """The page comes back with a sentence beside it; nothing was charged."""
    open_and_fill(kiosk, visitor)
    name = visitor.page.get_by_role("group", name="Billing address").get_by_label("Full name")
    name.fill("   ")
    visitor.pay()
    visitor.notice()
    described = name.get_attribute("aria-describedby")

    assert "true" == name.get_attribute("aria-invalid")
    assert "Please fill in this field." == visitor.page.locator(f"#{described}").inner_text()
    assert [] == till.paid


def test_a_card_is_made_anew_once_its_owner_is_corrected(
    kiosk: Kiosk, till: Till, visitor: Visitor
) -> None:
    """Back on a page that was on its way, the address is corrected:
    Stripe gets the new one with the card."""
    open_and_fill(kiosk, visitor)
    # The browser stays where it is.
    visitor.page.route("**/charge", lambda route: route.fulfill(status=204))
    with visitor.page.expect_response("**/charge"):
        visitor.pay()
    visitor.page.unroute("**/charge")
    visitor.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    fill(visitor, "Billing", CHARLES)
    visitor.page.get_by_role("button", name="Pay").click()
    visitor.charged()
    (charge,) = till.sandbox.charges

    assert Person(CHARLES.name, ADA.phone, CHARLES.address) == charge.billing


@pytest.mark.parametrize("scripts", [True, False], ids=["JavaScript", "no JavaScript"])
@pytest.mark.parametrize("kiosk", ["payment"], indirect=True)
def test_a_saved_card_asks_for_the_shipping_address_alone(
    kiosk: Kiosk, till: Till, visit: Callable[..., Visitor], scripts: bool
) -> None:
    """There is no billing address that it could be the same as; the
    parcel goes where the buyer says."""
    kiosk.customer = CUSTOMER
    know(Shop("kiosk", "payment", kiosk.url), till, "4242424242424242")
    visitor = visit(java_script_enabled=scripts)
    visitor.page.goto(f"{kiosk.url}/checkout")
    visitor.page.get_by_role("group", name="Shipping address").wait_for()
    others = [
        visitor.page.get_by_label(each)
        for each in ("E-mail", "Phone number", "Ship to the billing address")
    ]
    seen = [
        each.is_visible()
        for each in (*others, visitor.page.get_by_role("group", name="Billing address"))
    ]
    fill(visitor, "Shipping", CHARLES)
    visitor.page.get_by_role("button", name="Pay").click()
    visitor.charged()

    assert [False] * 4 == seen
    assert [(CUSTOMER, CHARLES)] == [
        (each.customer_id, each.shipping) for each in till.sandbox.charges if each.paid
    ]


def test_all_of_it_fits_a_narrow_phone_and_is_read_without_a_fault(
    kiosk: Kiosk, till: Till, visitor: Visitor
) -> None:
    """320 pixels hold it, and axe finds nothing, with a field that
    is wrong and with both addresses."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    open_and_fill(kiosk, visitor)
    visitor.page.get_by_label("Phone number").fill("4242424242424242")
    visitor.pay()
    visitor.notice()
    visitor.page.locator(".tc-pay [type=submit]:enabled").wait_for()
    visitor.page.get_by_label("Ship to the billing address").uncheck()
    visitor.page.set_viewport_size({"width": 320, "height": 640})
    found = Axe().run(visitor.page, options={"iframes": False}).response

    assert [] == [(each["id"], each["nodes"]) for each in found["violations"]]
    assert 320 == visitor.page.evaluate("document.documentElement.scrollWidth")
