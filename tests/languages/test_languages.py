"""The buyer's language: which one it is, and that every sentence is said
in it, no weaker and no stronger."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rows import each_row
from tokencharge import (
    AuthenticationRequired,
    CardDeclined,
    GatewayUnavailable,
    InvalidInput,
    InvalidRequest,
    Language,
    Money,
    OutcomeUnknown,
    TokenChargeError,
)
from tokencharge.languages import LANGUAGES
from tokencharge.web.words import WORDS

TRANSLATED = LANGUAGES[1:]
# "This attempt has not charged you.", as each language says it:
# of this attempt, that it took nothing.
NOT_CHARGED = {
    "en": "This attempt has not charged you.",
    "de": "Bei diesem Versuch wurde Ihre Karte nicht belastet.",
    "fr": "Cette tentative n’a donné lieu à aucun débit.",
    "es": "En este intento no se le ha cobrado nada.",
    "it": "Con questo tentativo non è stato addebitato nulla.",
    "pt": "Nada foi cobrado nesta tentativa.",
    "nl": "Bij deze poging is er niets afgeschreven.",
    "sv": "Inget har debiterats vid det här försöket.",
    "pl": "Podczas tej próby nie pobrano żadnych środków.",
    "ja": "今回の操作では請求されていません。",
    "zh-Hans": "本次尝试未向您扣款。",
    "ar": "لم يُخصم منك أي مبلغ في هذه المحاولة.",
}
# "do not pay again", as each language says it.
NOT_AGAIN = {
    "en": "not pay again",
    "de": "bezahlen Sie nicht noch einmal",
    "fr": "ne pas payer de nouveau",
    "es": "o vuelva a pagar",
    "it": "on paghi di nuovo",
    "pt": "ão pague novamente",
    "nl": "etaal niet opnieuw",
    "sv": "etala inte igen",
    "pl": "nie płacić ponownie",
    "ja": "もう一度お支払いにならないでください",
    "zh-Hans": "请勿再次付款",
    "ar": "عدم الدفع مرة أخرى",
}


def kinds(of: type[TokenChargeError] = TokenChargeError) -> Iterator[type[TokenChargeError]]:
    """Every class of error of the library's own."""
    yield of
    for each in of.__subclasses__():
        if each.__module__ == of.__module__:
            yield from kinds(each)


def asked(**known: str) -> AuthenticationRequired:
    error = AuthenticationRequired("the bank asks")
    error.client_secret = known.get("client_secret")
    return error


DECLINES = """
    fraudulent lost_card insufficient_funds processing_error incorrect_number invalid_expiry_year
    incorrect_cvc incorrect_zip expired_card card_not_supported currency_not_supported incorrect_pin
    duplicate_transaction card_decline_rate_limit_exceeded payment_intent_authentication_failure
""".split()
ERRORS = [
    *(kind("what happened") for kind in kinds()),
    *(CardDeclined("declined", code="card_declined", decline_code=code) for code in DECLINES),
    asked(),
    asked(client_secret="pi_1_secret_2"),
    InvalidInput("no e-mail", param="email"),
    InvalidRequest("no e-mail", code="email_invalid"),
    InvalidRequest("locked", code="lock_timeout"),
]
SENTENCES = sorted({*WORDS.values(), *(error.public_message for error in ERRORS)})


class TestWhichLanguage:
    """What a buyer asks for, and what they get."""

    @each_row(
        ("header", "tag"),
        [
            ("", "en"),
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de-AT"),
            ("da, sv;q=0.5, de;q=0.7", "de"),
            ("en;q=0.1, FR ; q=0.9", "fr"),
            ("de;q=0, nl;q=0.3", "nl"),
            ("pt_BR", "pt-BR"),
            ("zh-hans", "zh-Hans"),
            ("zh_Hans_CN", "zh-Hans-CN"),
            ("zh-CN", "zh-Hans-CN"),
            ("zh", "zh-Hans"),
            ("de_DE.UTF-8", "de-DE"),
            ("es-419", "es-419"),
            ("da", "en"),
            ("*", "en"),
            ("nonsense;;, -, de;q=x, de;q=9, 日本", "en"),
        ],
    )
    def test_it_is_the_most_wanted_that_is_spoken(self, header: str, tag: str) -> None:
        """Headers and the codes of frameworks are read alike; what
        cannot be read counts for nothing."""
        assert tag == Language.of(header).tag

    @each_row("header", ["zh-TW", "zh-Hant", "zh_HK"])
    def test_traditional_chinese_is_not_simplified(self, header: str) -> None:
        """Who reads the one script may not read the other."""
        assert "ja" == Language.of(f"{header},ja;q=0.5").tag
        assert "en" == Language.of(header).tag

    @each_row(
        ("among", "header", "tag"),
        [
            (("de", "fr"), "pl", "de"),
            (("de", "fr"), "en, fr;q=0.2", "fr"),
            (("fr",), "de", "fr"),
            (("en-GB",), "en-US", "en-GB"),
            (("pt-BR", "pt-PT"), "pt-PT", "pt-PT"),
            (("pt-BR", "pt-PT"), "pt", "pt-BR"),
            (("pt-BR", "pt"), "pt-AO", "pt-AO"),
        ],
    )
    def test_a_shop_may_narrow_the_choice(
        self, among: tuple[str, ...], header: str, tag: str
    ) -> None:
        """The first is for those who ask for none; a region that is
        named stands for itself alone."""
        assert tag == Language.of(header, among).tag

    @given(st.text() | st.text(alphabet="deEN-_;q=0.1,* "))
    def test_no_header_is_too_strange(self, header: str) -> None:
        """Whatever a browser sends, the language is one of the
        library's, and safe to write into a page."""
        tag = Language.of(header).tag

        assert any(tag == known or tag.startswith(f"{known}-") for known in LANGUAGES)
        assert tag.replace("-", "").isascii()
        assert tag.replace("-", "").isalnum()

    @given(
        st.dictionaries(
            st.sampled_from([*LANGUAGES, "da", "zh-TW"]), st.integers(0, 1000), max_size=6
        )
    )
    def test_no_spoken_language_is_wanted_more(self, wanted: dict[str, int]) -> None:
        """What is chosen has the highest weight among those that are spoken,
        and the first of equals is taken."""
        header = ",".join(f"{tag};q={weight / 1000:.3f}" for tag, weight in wanted.items())
        spoken = {tag: weight for tag, weight in wanted.items() if tag in LANGUAGES and weight}

        assert max(spoken, key=lambda tag: spoken[tag], default="en") == Language.of(header).tag

    def test_arabic_runs_from_right_to_left(self) -> None:
        """No other does."""
        assert ["ar"] == [tag for tag in LANGUAGES if Language(tag).direction == "rtl"]
        assert "rtl" == Language.of("ar-EG").direction

    @each_row(
        ("tag", "code"),
        [
            ("de-AT", "de"),
            ("zh-Hans-CN", "zh"),
            ("en-GB", "en-GB"),
            ("en-US", "en"),
            ("pt-BR", "pt-BR"),
        ],
    )
    def test_stripe_has_names_of_its_own(self, tag: str, code: str) -> None:
        """What Stripe.js is told is a code that it knows."""
        assert code == Language(tag).for_stripe


class TestWhatIsSaid:
    """Sentences in a language."""

    @each_row("tag", TRANSLATED)
    def test_every_sentence_is_translated(self, tag: str) -> None:
        """All errors and all words of the pages are said in each
        language; a few are the same words in two."""
        same = [each for each in SENTENCES if Language(tag).say(each) == each]

        assert {"E-mail", "Total", "{label} (optional)"} >= set(same)

    @each_row("tag", LANGUAGES)
    def test_that_an_attempt_charged_nothing_is_said_of_no_other(self, tag: str) -> None:
        """It is said exactly where English says it, in the same words each
        time: never weaker, never stronger."""
        said = {each for each in SENTENCES if NOT_CHARGED[tag] in Language(tag).say(each)}

        assert {each for each in SENTENCES if NOT_CHARGED["en"] in each} == said
        assert len(said) > 5

    @each_row("tag", LANGUAGES)
    def test_do_not_pay_again_is_said_wherever_english_says_it(self, tag: str) -> None:
        """Nobody is sent to pay twice because of the language they read."""
        said = {each for each in SENTENCES if NOT_AGAIN[tag] in Language(tag).say(each)}

        assert {each for each in SENTENCES if NOT_AGAIN["en"] in each} == said
        assert len(said) > 2

    @each_row("tag", LANGUAGES)
    def test_a_thief_learns_nothing(self, tag: str) -> None:
        """Fraud, lost and stolen read exactly as a plain decline, in every language."""
        codes = (
            "fraudulent",
            "lost_card",
            "stolen_card",
            "pickup_card",
            "generic_decline",
            "unheard_of",
        )
        said = {
            CardDeclined("x", code="card_declined", decline_code=code).message_for(tag)
            for code in codes
        }

        assert 1 == len(said)

    @each_row("error", ERRORS)
    def test_an_error_is_told_in_the_buyers_language(self, error: TokenChargeError) -> None:
        """`message_for` takes a code or a header; `public_message` stays
        English, and what is not spoken reads so."""
        english = error.public_message

        assert (
            english == error.message_for("en") == error.message_for("da") == error.message_for("")
        )
        assert english != error.message_for("ja-JP,en;q=0.5")
        assert error.message_for("ja") == error.message_for("ja-JP,en;q=0.5")
        assert english == error.public_message

    @each_row("tag", [*LANGUAGES, "da"])
    def test_a_sentence_that_nobody_translated_is_said_in_english(self, tag: str) -> None:
        """Sentence by sentence: the rest stays in its language."""
        assert "Nobody has translated this." == Language(tag).say("Nobody has translated this.")
        assert "" == Language(tag).say("")

    def test_values_stand_where_the_language_wants_them(self) -> None:
        """Their place in the sentence is the translator's; braces in a value are only braces."""
        assert "Pay {5}" == Language("en").say("Pay {amount}", amount="{5}")
        assert "{5} bezahlen" == Language("de").say("Pay {amount}", amount="{5}")

    def test_what_has_no_values_is_not_formatted(self) -> None:
        """A sentence of a site's own may hold braces."""
        assert "Hello {you" == Language("de").say("Hello {you")

    def test_the_two_messages_differ_where_they_must(self) -> None:
        """What is not known is never told as nothing charged."""
        for tag in LANGUAGES:
            assert NOT_CHARGED[tag] not in OutcomeUnknown("x").message_for(tag)
            assert NOT_CHARGED[tag] in GatewayUnavailable("x").message_for(tag)


def test_without_babel_an_amount_is_written_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core alone has no Babel: a shop without the extras of a framework still has its page."""
    monkeypatch.delitem(sys.modules, "tokencharge.languages.amounts", raising=False)
    monkeypatch.setitem(sys.modules, "babel", None)

    assert "1,450.00 EUR" == Language("de").price(Money(145_000, "eur"))
