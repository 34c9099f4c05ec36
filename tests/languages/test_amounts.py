"""Amounts as each language writes them: Stripe's minor units, CLDR's
digits, and never another amount."""

from __future__ import annotations

import re
from decimal import Context, Decimal, localcontext

import attrs
from hypothesis import given
from hypothesis import strategies as st

from tests.rows import each_row
from tokencharge import Language, Money
from tokencharge.languages import LANGUAGES

MONEY = {
    "EUR": Money(145_000, "eur"),
    "JPY": Money(500, "jpy"),
    "ISK": Money(145_000, "isk"),
    "UGX": Money(145_050, "ugx"),
    "BHD": Money(1_500, "bhd"),
}
# Spaces that do not break are written as "_" here, the narrow one
# too; marks of direction are left out.
WRITTEN = {
    "en": {
        "EUR": "€1,450.00",
        "JPY": "¥500",
        "ISK": "ISK_1,450",
        "UGX": "UGX_1,450.50",
        "BHD": "BHD_1.500",
    },
    "de": {
        "EUR": "1.450,00_€",
        "JPY": "500_¥",
        "ISK": "1.450_ISK",
        "UGX": "1.450,50_UGX",
        "BHD": "1,500_BHD",
    },
    "fr": {
        "EUR": "1_450,00_€",
        "JPY": "500_JPY",
        "ISK": "1_450_ISK",
        "UGX": "1_450,50_UGX",
        "BHD": "1,500_BHD",
    },
    "ja": {
        "EUR": "€1,450.00",
        "JPY": "￥500",
        "ISK": "ISK_1,450",
        "UGX": "UGX_1,450.50",
        "BHD": "BHD_1.500",
    },
    "ar": {
        "EUR": "1,450.00_€",
        "JPY": "500_JP¥",
        "ISK": "1,450_ISK",
        "UGX": "1,450.50_UGX",
        "BHD": "1.500_د.ب.",
    },
    "en-CA": {"EUR": "€1,450.00", "JPY": "JP¥500"},
    "de-CH": {"EUR": "EUR_1'450.00"},
    "de-XX": {"EUR": "1.450,00_€"},
    "pt-BR": {"EUR": "€_1.450,00"},
}


# CLDR 48 writes the Swiss apostrophe straight, those before it bent it.
PLAIN = str.maketrans({"\u00a0": "_", "\u202f": "_", "’": "'"})


def plain(text: str) -> str:
    return re.sub("[\u200e\u200f\u061c]", "", text).translate(PLAIN)


@each_row("tag", [*WRITTEN])
def test_an_amount_is_written_as_its_reader_does(tag: str) -> None:
    """Signs, separators and digits are CLDR's; ISK and UGX, hundredths at
    Stripe, have no digits but their own."""
    assert WRITTEN[tag] == {code: plain(Language(tag).price(MONEY[code])) for code in WRITTEN[tag]}


def test_a_sign_is_not_torn_apart_in_a_line_from_right_to_left() -> None:
    """Dollars are "US$" there too: a mark keeps the sign behind its letters."""
    assert Language("ar").price(Money(500, "usd")).endswith("US$\N{LEFT-TO-RIGHT MARK}")
    assert Language("ar").price(Money(500, "jpy")).endswith("JP¥\N{LEFT-TO-RIGHT MARK}")
    assert not Language("ar").price(Money(500, "eur")).endswith("\N{LEFT-TO-RIGHT MARK}")
    assert Language("es").price(Money(500, "usd")).endswith("US$")


def digits(text: str) -> str:
    return re.sub("[^0-9]", "", text).strip("0")


@given(
    st.sampled_from([*LANGUAGES, "de-CH", "es-MX"]),
    st.integers(0, 999_999_999_999),
    st.sampled_from("usd eur gbp jpy krw isk ugx bhd kwd clp huf twd lbp xyz".split()),
)
def test_no_amount_is_rounded(tag: str, amount: int, currency: str) -> None:
    """Every digit of every amount is shown, in whatever language, whatever
    the host has set for its decimals."""
    money = Money(amount, currency)
    with localcontext(Context(prec=3)):
        shown = Language(tag).price(money)

    assert digits(str(money.decimal)) == digits(shown)
    assert Language(tag).price(money) == shown


@attrs.frozen
class Dust:
    """An amount of another kind than Money, with more digits than any currency has."""

    decimal: Decimal = Decimal("1.23456")
    currency: str = "usd"


def test_more_digits_than_a_currency_has_are_all_shown() -> None:
    """Whatever can be read as an amount is written as it is."""
    assert "$1.23456" == Language("en").price(Dust())
