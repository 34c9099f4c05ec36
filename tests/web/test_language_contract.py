"""The contract of languages: what a buyer reads, whichever framework serves the pages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from html import unescape

import attrs
import pytest

from tests.rows import each_row
from tests.web.conftest import OpenShop
from tests.web.shop import JSON, Answer, Shop
from tokencharge import CardDeclined, ConfigurationError, Money, Order
from tokencharge.sandbox import Sandbox
from tokencharge.web import Checkout

GERMAN, ARABIC = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.8"}, {"Accept-Language": "ar"}
DECLINED = CardDeclined("declined", code="card_declined")


def told_in(answer: Answer) -> str:
    return answer.headers["Content-Language"].partition("-")[0]


def text_of(answer: Answer) -> str:
    return unescape(answer.text)


class TestThePages:
    """What is read by people."""

    def test_the_form_is_in_the_buyers_language(self, shop: Shop) -> None:
        """Words, amount, direction, the headers, and what Stripe.js
        is told: all are of one language."""
        german, arabic = shop.get("/checkout", **GERMAN), shop.get("/checkout", **ARABIC)

        assert ["de", "ar"] == [told_in(german), told_in(arabic)]
        assert ["Accept-Language" in answer.headers["Vary"] for answer in (german, arabic)] == [
            True,
            True,
        ]
        assert "5,00\N{NO-BREAK SPACE}$ bezahlen" in text_of(german)
        assert '<html lang="de' in german.text
        assert 'dir="ltr"' in german.text
        assert 'data-locale="de"' in german.text
        assert "ادفع" in text_of(arabic)
        assert '<html lang="ar" dir="rtl">' in arabic.text

    def test_so_is_the_news_of_a_decline(self, shop: Shop, sandbox: Sandbox) -> None:
        """The form comes back with a sentence in the same language, and nothing is charged."""
        answer = shop.buy("tok_chargeDeclined")
        german = shop.post_form(
            {"token": "tok_chargeDeclined", "email": "ada@example.com", **shown(shop)}, **GERMAN
        )

        assert DECLINED.public_message in text_of(answer)
        assert DECLINED.message_for("de") in text_of(german)
        assert "de" == told_in(german)
        assert [] == [charge for charge in sandbox.charges if charge.paid]

    def test_so_is_the_page_that_says_it_is_paid(self, shop: Shop, sandbox: Sandbox) -> None:
        """Amount and card too."""
        fields = {"token": sandbox.create_token(), "email": "ada@example.com", **shown(shop)}
        answer = shop.post_form(fields, **GERMAN)

        assert 200 == answer.status
        assert "Ihre Karte wurde belastet" in text_of(answer)
        assert "Visa mit den Endziffern 4242" in text_of(answer)
        assert "5,00\N{NO-BREAK SPACE}$" in text_of(answer)
        assert "de" == told_in(answer)

    def test_so_is_the_page_of_an_order_that_is_paid(self, shop: Shop) -> None:
        """Its title, and that nothing is left to pay."""
        shop.order = Order(Money(500, "jpy"), paid=True)
        page = shop.get("/checkout", **{"Accept-Language": "ja"})

        assert "このご注文はお支払い済みです。" in text_of(page)
        assert "￥500" in text_of(page)

    def test_so_is_what_is_wrong_with_the_shop(self, shop: Shop) -> None:
        """A page without an order to show."""
        answer = shop.post_form({"token": "tok_visa"}, Origin="https://elsewhere.example", **GERMAN)

        assert 403 == answer.status
        assert "Bitte bezahlen Sie auf unserer eigenen Seite." in text_of(answer)
        assert "Zurück zur Kasse" in text_of(answer)
        assert "de" == told_in(answer)

    def test_so_is_a_page_that_breaks(
        self, shop: Shop, sandbox: Sandbox, break_page: Callable[[str], None]
    ) -> None:
        """The plain words that are left say it in the same language."""
        break_page("charge.html")
        fields = {"token": sandbox.create_token(), "email": "ada@example.com", **shown(shop)}
        answer = shop.post_form(fields, **ARABIC)

        assert '<html lang="ar" dir="rtl">' in answer.text
        assert "<h1>تم خصم المبلغ</h1>" in answer.text
        assert "المبلغ المخصوم" in answer.text

    @each_row("header", ["da", "", "nonsense;;"])
    def test_what_is_not_spoken_reads_as_english(self, shop: Shop, header: str) -> None:
        """A buyer who asks for none of the languages gets the first."""
        page = shop.get("/checkout", **{"Accept-Language": header})

        assert "Pay $5.00" in text_of(page)
        assert "en" == told_in(page)

    def test_what_the_shop_wrote_keeps_its_own_direction(self, shop: Shop) -> None:
        """The description is in the shop's language, not in the page's."""
        page = shop.get("/checkout", **ARABIC)

        assert "<dd><bdi>A blue notebook</bdi></dd>" in page.text


def shown(shop: Shop) -> dict[str, str]:
    return {"shown": shop.order.shown}


class TestScripts:
    """What is read by programs, and shown by them."""

    def test_the_message_is_in_the_askers_language(self, shop: Shop) -> None:
        """The code stays what it is."""
        sent = {"token": "tok_chargeDeclined", "email": "ada@example.com"}
        answer = shop.post_json(sent, Accept=JSON, **GERMAN)

        assert 402 == answer.status
        assert "card_declined" == answer.json["error"]["code"]
        assert DECLINED.message_for("de") == answer.json["error"]["message"]
        assert "de" == told_in(answer)
        assert "Accept-Language" in answer.headers["Vary"]

    def test_so_is_that_an_order_is_paid(self, shop: Shop) -> None:
        """What only the page said is said to scripts too."""
        shop.order = attrs.evolve(shop.order, paid=True)
        answer = shop.post_json(
            {"token": "tok_visa", "email": "ada@example.com"}, Accept=JSON, **GERMAN
        )

        assert (200, "Diese Bestellung ist bezahlt.") == (
            answer.status,
            answer.json["order"]["message"],
        )


class TestAShopsOwnChoice:
    """`languages`."""

    def test_it_narrows_what_there_is(self, open_shop: OpenShop) -> None:
        """The first of its languages is for those who ask for none of them."""
        shop = open_shop(languages=["fr", "de"])
        asked = (
            ("de", "fr", "ja", "ja,de;q=0.1")
            if type(shop).__module__ != "tests.web.django_shop"
            else ("de", "fr", "ja")
        )

        assert ["de", "fr", "fr", "de"][: len(asked)] == [
            told_in(shop.get("/checkout", **{"Accept-Language": header})) for header in asked
        ]

    def test_one_language_is_spoken_to_all(self, open_shop: OpenShop) -> None:
        """Whatever the browser asks for."""
        shop = open_shop(languages=["ja"])
        declined = shop.post_json(
            {"token": "tok_chargeDeclined", "email": "ada@example.com"}, Accept=JSON, **GERMAN
        )

        assert ["ja", "ja"] == [
            told_in(shop.get("/checkout", **headers)) for headers in (GERMAN, ARABIC)
        ]
        assert DECLINED.message_for("ja") == declined.json["error"]["message"]


def test_the_log_stays_english(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """Who runs the shop reads one language, whatever its buyers read."""
    with caplog.at_level(logging.DEBUG, "tokencharge"):
        shop.post_form(
            {"token": "tok_chargeDeclined", "email": "ada@example.com", **shown(shop)}, **ARABIC
        )

    assert caplog.records
    assert caplog.text.isascii()


@each_row("languages", ["de", [], ["da"], ["de", "klingon"], [""]])
def test_a_language_that_is_not_spoken_is_a_mistake(languages: object) -> None:
    """The shop hears of it at start."""
    from tokencharge.asgi import TokenCharge as Starlettes
    from tokencharge.flask import TokenCharge as Flasks

    sandbox = Sandbox()
    for make in (
        lambda: Checkout(None, languages=languages),  # type: ignore[arg-type]
        lambda: Flasks(languages=languages),  # type: ignore[arg-type]
        lambda: Starlettes(
            sandbox.environment("http://localhost:4242"),
            languages=languages,  # type: ignore[arg-type]
        ),
    ):
        with pytest.raises(
            ConfigurationError, match=r"Languages are a list|that this library speaks: en, de"
        ):
            make()
