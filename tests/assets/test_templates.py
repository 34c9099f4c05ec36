"""The templates, rendered by both engines they are written for."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.browser.tools import need
from tests.rows import each_row
from tokencharge import Charge, Customer, Language, Money, Order, Payment, Settings
from tokencharge.web import Checkout
from tokencharge.web.details import filled
from tokencharge.web.words import Say

TEMPLATES = str(files("tokencharge") / "assets" / "templates")
NASTY = """<script>"it's" & {{ 7*7 }}</script>"""
CSRF = '<input type="hidden" name="csrf" value="c&amp;t">'

Render = Callable[[str, dict[str, Any]], str]
Parts = list[tuple[str, Any]]


def jinja(name: str, context: dict[str, Any]) -> str:
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(name).render({**context, "csrf_input": Markup(CSRF)})


def django(name: str, context: dict[str, Any]) -> str:
    from django.template import Context, Engine
    from django.utils.safestring import mark_safe

    engine = Engine(dirs=[TEMPLATES], string_if_invalid="INVALID %s")
    return engine.get_template(name).render(Context({**context, "csrf_input": mark_safe(CSRF)}))


@pytest.fixture(params=[jinja, django], ids=["jinja2", "django"])
def render(request: pytest.FixtureRequest) -> Render:
    """Renders a template with one of the engines."""
    engine: Render = request.param
    need("jinja2" if engine is jinja else "django")
    return engine


class Reader(HTMLParser):
    """Takes a page apart: tags, attributes and words, whatever the
    white space and the way of escaping."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: Parts = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(("/", tag))

    def handle_data(self, data: str) -> None:
        self.parts.extend(("", word) for word in data.split())


def read(page: str) -> Parts:
    reader = Reader()
    reader.feed(page)
    return reader.parts


def fields(page: str) -> dict[str, str | None]:
    """The fields of a page's forms, by name."""
    inputs = [dict(attributes) for tag, attributes in read(page) if tag == "input"]
    return {str(each["name"]): each.get("value") for each in inputs}


def words(page: str) -> str:
    return " ".join(word for tag, word in read(page) if tag == "")


SETTINGS = Settings("sk_test_1", publishable_key="pk_test_1")
ENGLISH = Language("en")
LINKS: dict[str, Any] = {
    "language": ENGLISH,
    "say": Say(ENGLISH, amount="$5.00"),
    "charge_url": "/charge?to=<b>",
    "checkout_url": "/checkout?to=<b>",
    "script_url": "/tokencharge.js",
    "style_url": "/tokencharge.css",
    "csp_nonce": "",
}
FORM: dict[str, Any] = {
    **LINKS,
    "order": Order(Money(500, "usd"), "Tea"),
    "amount": "$5.00",
    "publishable_key": "pk_test_1",
    "stripe_js_url": "https://js.example.com/v3/",
    "element": "card",
    "minor_units": "500",
    "message": None,
    "email": None,
    "authentication": None,
    "field": None,
    "again": [],
    "again_shown": "what was shown before",
    "details": [],
    "always_details": [],
    "countries": (),
    "same_as_billing": "shipping.same_as_billing",
    "saved_cards": [],
    "new_chosen": True,
    "can_keep": False,
    "keep": False,
    "attempt": "a-try-of-its-own",
    "payable": True,
}
ALL = ("phone", "billing_address", "shipping_address")
TYPED = {"billing.name": "Ada", "billing.address.country": "IN", "shipping.address.line1": NASTY}
CHARGE = {
    "id": "ch_1",
    "status": "succeeded",
    "amount": 500,
    "currency": "usd",
    "captured": True,
    "livemode": True,
    "description": "Tea",
    "receipt_url": "https://example.com/receipt",
    "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
}


VISA = {
    "id": "pm_1",
    "name": "Visa ending in 4242",
    "expiry": "expires 08/2031",
    "expired": False,
    "chosen": True,
}
OLD = {**VISA, "id": "pm_2", "expiry": "expired 08/2021", "expired": True, "chosen": False}
FILLED = filled(ALL, ENGLISH, None, None)
SAVED = {**FORM, "saved_cards": [VISA, OLD], "new_chosen": False, "can_keep": True}
AGAIN = [("token", "tok_1"), ("email", "a@example.com")]
SENT_AGAIN = {"csrf": "c&t", **dict(AGAIN), "shown": "what was shown before"}
ASKED = {
    **FORM,
    "message": "Your bank asks.",
    "authentication": {"client_secret": "pi_1_secret_2", "payment_intent": "pi_1"},
    "again": AGAIN,
    "payable": False,
}


def charged(seen: bool = False, **changes: Any) -> dict[str, Any]:
    charge = Charge.from_stripe({**CHARGE, **changes})
    payment = Payment(Customer("cus_1"), charge, None, seen)
    shown = dict(Checkout(SETTINGS).page(Order(charge.amount, paid=payment)).context)
    return {**LINKS, **shown, "seen": seen}


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "form": ("checkout.html", FORM),
    "no description": ("checkout.html", {**FORM, "order": Order(Money(500, "usd"))}),
    "authorization": ("checkout.html", {**FORM, "order": Order(Money(500, "usd"), capture=False)}),
    "declined": ("checkout.html", {**FORM, "message": "No.", "email": "ada@example.com"}),
    "payment element": ("checkout.html", {**FORM, "element": "payment"}),
    "payment element, to hold": (
        "checkout.html",
        {**FORM, "element": "payment", "order": Order(Money(500, "usd"), capture=False)},
    ),
    "saved cards": ("checkout.html", SAVED),
    "saved cards, a new one chosen": ("checkout.html", {**SAVED, "new_chosen": True}),
    "saved cards, sent to an address": (
        "checkout.html",
        {
            **SAVED,
            "details": FILLED[:-1],
            "always_details": FILLED[-1:],
            "countries": (("FR", "France"),),
        },
    ),
    "nasty saved cards": (
        "checkout.html",
        {
            **SAVED,
            "saved_cards": [{**VISA, "id": NASTY, "name": NASTY, "expiry": NASTY}],
            "attempt": NASTY,
        },
    ),
    "busy": ("checkout.html", {**FORM, "message": "Busy.", "again": AGAIN}),
    "unclear": ("checkout.html", {**FORM, "message": "?", "again": AGAIN, "payable": False}),
    "asked": ("checkout.html", ASKED),
    "asked, of an order": (
        "checkout.html",
        {**ASKED, "order": Order(Money(500, "usd"), order_id="7")},
    ),
    "conflict": ("checkout.html", {**FORM, "message": "!", "payable": False}),
    "nasty form": (
        "checkout.html",
        {
            **FORM,
            "order": Order(Money(500, "usd"), NASTY),
            "message": NASTY,
            "email": NASTY,
            "publishable_key": NASTY,
            "again": [("token", NASTY), ("email", NASTY)],
        },
    ),
    "nasty asked": (
        "checkout.html",
        {**ASKED, "message": NASTY, "authentication": {"client_secret": NASTY}},
    ),
    "details": (
        "checkout.html",
        {
            **FORM,
            "details": filled(ALL, ENGLISH, None, None),
            "countries": (("FR", "France"), ("IN", "India")),
        },
    ),
    "details, sent again": (
        "checkout.html",
        {
            **FORM,
            "details": filled(ALL, ENGLISH, TYPED, "shipping.address.line1"),
            "again": [*AGAIN, *TYPED.items()],
        },
    ),
    "charged": ("charge.html", charged()),
    "seen": ("charge.html", charged(seen=True)),
    "bare charge": (
        "charge.html",
        charged(description=None, receipt_url=None, payment_method_details=None),
    ),
    "test mode": ("charge.html", charged(livemode=False)),
    "authorized": ("charge.html", charged(captured=False)),
    "nasty charge": (
        "charge.html",
        charged(
            description=NASTY,
            receipt_url=NASTY,
            payment_method_details={"type": "card", "card": {"brand": "<b>", "last4": NASTY}},
        ),
    ),
}


def page(render: Render, case: str) -> str:
    name, context = CASES[case]
    return render(f"tokencharge/{name}", context)


@each_row("case", [*CASES])
def test_both_engines_make_the_same_page(case: str) -> None:
    """A page is the same under Jinja2 and under Django's engine, and no
    name in it is missing under either."""
    need("jinja2")
    need("django")
    jinjas, djangos = page(jinja, case), page(django, case)

    assert read(jinjas) == read(djangos)
    assert "INVALID" not in djangos


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("nasty")])
def test_what_comes_from_outside_is_escaped(render: Render, case: str) -> None:
    """Nothing that a buyer, a bank or a site wrote becomes markup, and none of it is lost."""
    made = page(render, case)
    tags = [tag for tag, _ in read(made)]

    assert (0 if case == "nasty charge" else 2) == tags.count("script")
    assert """<script>"it's" & {{ 7*7 }}</script>""" in words(made)


def test_the_page_has_nothing_inline(render: Render) -> None:
    """No page holds a style, an event handler or a script of its own, so
    that a strict policy can forbid them."""
    inline = [
        (case, tag, name)
        for case in CASES
        for tag, attributes in read(page(render, case))
        if tag not in ("", "/")
        for name, value in attributes
        if name == "style"
        or name.startswith("on")
        or (tag == "script" and not dict(attributes).get("src"))
    ]

    assert [] == inline
    assert [] == [case for case in CASES if "<style" in page(render, case)]


@each_row("template", sorted(Path(TEMPLATES, "tokencharge").glob("*.html")))
def test_no_template_has_words_of_its_own(template: Path) -> None:
    """All that is read, or read out, comes from where it is translated."""
    text = re.sub(
        r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", template.read_text("utf-8"), flags=re.DOTALL
    )
    said = (
        "aria-label",
        "alt",
        "title",
        "placeholder",
        "data-loading",
        "data-working",
        "data-failed",
    )
    attributes = [
        value
        for _, each in read(text)
        if each and not isinstance(each, str)
        for name, value in each
        if name in said
    ]

    assert "" == words(text)
    assert "" == "".join(filter(None, attributes))


def test_the_form_posts_token_email_and_the_sites_csrf_field_but_no_amount(render: Render) -> None:
    """What is paid is the server's to say: the form has no field for it."""
    witness = Order(Money(500, "usd"), "Tea").shown

    assert {"csrf": "c&t", "token": None, "shown": witness, "email": None} == fields(
        page(render, "form")
    )


def test_the_email_is_kept(render: Render) -> None:
    """After a decline the buyer finds the e-mail where it was typed."""
    assert "ada@example.com" == fields(page(render, "declined"))["email"]


def test_the_message_is_an_alert_that_takes_the_focus(render: Render) -> None:
    """A screen reader says first what became of the payment."""
    made = page(render, "declined")
    alert = next(
        dict(attributes)
        for tag, attributes in read(made)
        if tag == "div" and ("role", "alert") in attributes
    )

    assert {"tabindex": "-1", "autofocus": None} == {
        name: alert[name] for name in ("tabindex", "autofocus")
    }
    assert "Please read: Checkout" in words(made)


def test_an_unclear_outcome_shows_no_card_form(render: Render) -> None:
    """Who may have paid is offered to check with the same token, and no way to pay again."""
    made = page(render, "unclear")

    assert {**SENT_AGAIN, "unclear": "1"} == fields(made)
    assert "Check again" in words(made)
    assert "Pay" not in words(made).split()


def test_where_the_bank_asks_the_page_has_what_stripe_js_needs(render: Render) -> None:
    """Stripe.js, the keys, and the submission to send again; no card form beside
    it, and a sentence without script."""
    made = page(render, "asked")
    form = next(dict(attributes) for tag, attributes in read(made) if tag == "form")
    sources = [dict(attributes).get("src") for tag, attributes in read(made) if tag == "script"]

    assert ("again", "pk_test_1", "pi_1_secret_2") == tuple(
        form[f"data-{name}"] for name in ("tokencharge", "publishable-key", "client-secret")
    )
    assert {**SENT_AGAIN, "unclear": "1"} == fields(made)
    assert "https://js.example.com/v3/" in sources
    assert "Confirm with your bank" in words(made)
    assert "needs JavaScript" in words(made)
    assert "Pay" not in words(made).split()


def test_only_an_order_is_offered_to_another_card_while_the_bank_asks(render: Render) -> None:
    """It is charged once whatever card; without an order id
    another card would be another purchase."""
    order, token = page(render, "asked, of an order"), page(render, "asked")

    assert "Use another card" in words(order)
    assert ["/checkout?to=<b>"] == [
        dict(attributes)["href"] for tag, attributes in read(order) if tag == "a"
    ]
    assert "Use another card" not in words(token)


@pytest.mark.parametrize(
    ("case", "capture"), [("payment element", None), ("payment element, to hold", "manual")]
)
def test_the_payment_element_is_told_of_the_order(
    render: Render, case: str, capture: str | None
) -> None:
    """Amount in minor units, currency, and whether to hold; the Card Element needs none of it."""
    form, plain = (
        next(dict(attributes) for tag, attributes in read(page(render, each)) if tag == "form")
        for each in (case, "form")
    )

    assert ("payment", "500", "usd", capture) == tuple(
        form.get(f"data-{name}") for name in ("element", "amount", "currency", "capture")
    )
    assert "card" == plain["data-element"]
    assert "data-amount" not in plain


def test_after_a_failure_that_did_nothing_both_ways_are_open(render: Render) -> None:
    """Where the attempt surely did nothing the same card can be
    sent again, or another be entered."""
    made = page(render, "busy")

    assert "unclear" not in fields(made)
    assert "Try the same card again" in words(made)
    assert "Pay $5.00" in words(made)


def test_a_conflict_offers_nothing(render: Render) -> None:
    """An order that was submitted with other details cannot be paid from here."""
    assert {} == fields(page(render, "conflict"))


def test_the_page_says_what_was_charged(render: Render) -> None:
    """The result names amount, card and purchase, and links to the receipt."""
    made = page(render, "charged")
    links = [dict(attributes)["href"] for tag, attributes in read(made) if tag == "a"]

    assert "You've been charged" in words(made)
    assert "Visa ending in 4242" in words(made)
    assert "Charged $5.00" in words(made)
    assert ["https://example.com/receipt", "/checkout?to=<b>"] == links
    assert "Test mode" not in words(made)
    assert "twice" not in words(made)


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"brand": "visa"}, "Card Visa Charged"),
        ({"last4": "4242"}, "Card ending in 4242 Charged"),
        ({}, "Tea Charged"),
    ],
    ids=str,
)
def test_a_card_is_named_by_what_is_known_of_it(
    render: Render, card: dict[str, str], said: str
) -> None:
    """Its brand, its last digits, or both; where neither is known there is no card."""
    context = charged(payment_method_details={"type": "card", "card": card})

    assert said in words(render("tokencharge/charge.html", context))


def test_a_payment_seen_before_says_so(render: Render) -> None:
    """Who reloads is told that it was the same payment."""
    assert "you have not paid twice" in words(page(render, "seen"))


def test_a_charge_with_nothing_but_an_amount_can_be_shown(render: Render) -> None:
    """Card, description and receipt are left out where there are none."""
    made = page(render, "bare charge")

    assert "Card" not in words(made).split()
    assert "None" not in words(made)
    assert "View receipt" not in words(made)


def test_an_authorization_is_not_called_a_charge(render: Render) -> None:
    """Where money is only held, both pages say that."""
    assert "You've been charged" not in words(page(render, "authorized"))
    assert "Held $5.00" in words(page(render, "authorized"))
    assert "Authorize $5.00" in words(page(render, "authorization"))


def test_test_mode_is_named(render: Render) -> None:
    """A page without real money behind it says so."""
    assert "Test mode: no real money has moved." in words(page(render, "test mode"))


def test_an_order_is_shown_as_it_is(render: Render) -> None:
    """A description is shown where there is one, the amount always."""
    assert "Order Tea Total $5.00" in words(page(render, "form"))
    assert "Order" not in words(page(render, "no description")).split()


def inputs(page: str) -> dict[str, dict[str, Any]]:
    """The fields of a page that are seen, by name."""
    found = (dict(attributes) for tag, attributes in read(page) if tag in ("input", "select"))
    return {field["name"]: field for field in found if field.get("type") != "hidden"}


def test_what_an_order_collects_has_fields_that_browsers_fill_in(render: Render) -> None:
    """Each says what it is for, billing and shipping apart, and
    what goes to Stripe with the card."""
    asked = inputs(page(render, "details"))
    told = {
        name: (field.get("autocomplete"), field.get("data-stripe")) for name, field in asked.items()
    }

    assert {
        "email": ("email", None),
        "billing.phone": ("tel", "phone"),
        "billing.name": ("billing name", "name"),
        "billing.address.line1": ("billing address-line1", "address_line1"),
        "billing.address.line2": ("billing address-line2", "address_line2"),
        "billing.address.city": ("billing address-level2", "address_city"),
        "billing.address.state": ("billing address-level1", "address_state"),
        "billing.address.postal_code": ("billing postal-code", "address_zip"),
        "billing.address.country": ("billing country", "address_country"),
        "shipping.same_as_billing": (None, None),
        "shipping.name": ("shipping name", None),
        "shipping.address.line1": ("shipping address-line1", None),
        "shipping.address.line2": ("shipping address-line2", None),
        "shipping.address.city": ("shipping address-level2", None),
        "shipping.address.state": ("shipping address-level1", None),
        "shipping.address.postal_code": ("shipping postal-code", None),
        "shipping.address.country": ("shipping country", None),
    } == told
    assert {"line2", "state", "postal_code", "same_as_billing"} == {
        name.rpartition(".")[2] for name, field in asked.items() if "required" not in field
    }
    assert "checked" in asked["shipping.same_as_billing"]


def test_every_field_has_a_label_of_its_own(render: Render) -> None:
    """No id is there twice, and each is some label's."""
    made = read(page(render, "details"))
    ids = [
        dict(attributes)["id"]
        for tag, attributes in made
        if tag in ("input", "select") and "id" in dict(attributes)
    ]
    labels = [dict(attributes)["for"] for tag, attributes in made if tag == "label"]

    assert sorted(ids) == sorted(labels)
    assert len(ids) == len(set(ids))


def test_the_field_that_is_wrong_says_so_beside_it(render: Render) -> None:
    """It is marked, takes the focus, names its sentence, and keeps what was typed."""
    asked = inputs(page(render, "details, sent again"))
    wrong = asked["shipping.address.line1"]

    assert ("true", NASTY) == (wrong["aria-invalid"], wrong["value"])
    assert "autofocus" in wrong
    assert f'id="{wrong["aria-describedby"]}"' in page(render, "details, sent again")
    assert "Please check this field." in words(page(render, "details, sent again"))
    assert ["shipping.address.line1"] == [
        name for name, field in asked.items() if "aria-invalid" in field
    ]
    assert "checked" not in asked["shipping.same_as_billing"]


def test_a_country_is_chosen_where_their_names_are_known_and_typed_where_not(
    render: Render,
) -> None:
    """Without Babel the field takes the two letters."""
    chosen, typed = page(render, "details"), page(render, "details, sent again")

    assert ("option", [("value", "IN")]) in read(chosen)
    assert "[A-Za-z][A-Za-z]" == inputs(typed)["billing.address.country"]["pattern"]
    assert "IN" == inputs(typed)["billing.address.country"]["value"]


def test_what_is_sent_again_is_all_that_was_sent(render: Render) -> None:
    """The form that sends a submission again holds names and addresses too."""
    made = page(render, "details, sent again")
    hidden = [
        dict(attributes)
        for tag, attributes in read(made)
        if tag == "input" and ("type", "hidden") in attributes
    ]

    assert TYPED == {field["name"]: field["value"] for field in hidden if field["name"] in TYPED}


@pytest.mark.parametrize("name", ["saved cards", "saved cards, a new one chosen"])
def test_another_saved_card_can_be_paid_with_without_javascript(render, name):
    """Whichever is chosen first: after one was declined, it is a new one."""
    shown = page(render, name)
    (button,) = re.findall(
        r'<button[^>]*type="submit"[^>]*>', shown[shown.index('data-tokencharge="pay"') :]
    )

    assert "disabled" not in button
    assert "tc-scripted" not in button
