"""Money: what is an amount, what is refused, and how it reads."""

from __future__ import annotations

import copy
import decimal
import pickle
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rows import each_row
from tokencharge import InvalidInput, Money

# Stripe's table (https://docs.stripe.com/currencies): digits after the point,
# and what minor units are multiples of.
KINDS = {
    "usd": (2, 1),
    "huf": (2, 1),
    "jpy": (0, 1),
    "clp": (0, 1),
    "krw": (0, 1),
    "isk": (2, 100),
    "ugx": (2, 100),
    "kwd": (3, 10),
    "bhd": (3, 10),
}


def test_an_amount_and_a_currency_make_money():
    """The amount stays as given, the currency becomes lower case."""
    money = Money(1999, "USD")

    assert (1999, "usd") == (money.minor, money.currency)
    assert Money(1999, "usd") == money
    assert hash(Money(1999, "usd")) == hash(money)


@each_row("other", [Money(1998, "usd"), Money(1999, "eur"), 1999, "19.99 USD"])
def test_other_money_is_not_equal(other):
    """Amount and currency both count, and a bare number is no money."""
    assert Money(1999, "usd") != other


def test_money_has_no_order():
    """Dollars and yen cannot be compared, so neither is offered."""
    with pytest.raises(TypeError):
        Money(1, "usd") < Money(2, "usd")  # type: ignore[operator] # noqa: B015


def test_money_cannot_be_changed():
    """A price that was checked stays that price."""
    money = Money(1999, "usd")

    with pytest.raises(AttributeError):
        money.minor = 1  # type: ignore[misc]


@each_row("again", [copy.copy, copy.deepcopy, lambda money: pickle.loads(pickle.dumps(money))])
def test_money_survives_copying_and_pickling(again):
    """A copy is equal, whichever way it was made."""
    assert Money(1999, "usd") == again(Money(1999, "usd"))


@each_row(
    "amount",
    [
        19.99,
        20.0,
        float("nan"),
        True,
        False,
        None,
        "1999",
        Decimal(1999),
        -1,
        1_000_000_000_000,
        b"1",
        [1],
    ],
)
def test_an_amount_is_a_whole_number_in_range(amount):
    """Floats, bools, text, negative and impossible amounts are refused, in one sentence."""
    with pytest.raises(InvalidInput) as refused:
        Money(amount, "usd")

    assert "\n" not in str(refused.value)
    assert isinstance(refused.value, ValueError)


@each_row(
    "currency",
    [
        "",
        "us",
        "usdd",
        "u$d",
        "us ",
        " usd",
        "usd\n",
        "\uff35\uff33\uff24",
        "\u0131sk",
        None,
        840,
        b"usd",
    ],
)
@each_row("make", [Money, Money.of])
def test_a_currency_is_three_letters(make, currency):
    """Anything else is refused, whichever way the money is made."""
    with pytest.raises(InvalidInput, match="three-letter"):
        make(1, currency)


@each_row("amount", [0, 1, 999_999_999_999])
def test_the_ends_of_the_range_are_money(amount):
    """Zero is money, though it cannot be charged, and so are twelve digits."""
    assert amount == Money(amount, "usd").minor


@each_row(
    ("value", "currency", "minor"),
    [
        ("19.99", "usd", 1999),
        ("19.9", "usd", 1990),
        ("19", "USD", 1900),
        (" 19.99 ", "usd", 1999),
        ("19.990", "usd", 1999),
        ("5.", "usd", 500),
        (".5", "usd", 50),
        ("+5", "usd", 500),
        ("000005.00", "usd", 500),
        (Decimal("1E+2"), "usd", 10_000),
        (Decimal("0e99999999"), "usd", 0),
        (Decimal("0e-99999999"), "usd", 0),
        (Decimal("1." + "0" * 5000), "usd", 100),
        (19, "usd", 1900),
        (Decimal("19.99"), "usd", 1999),
        ("0", "usd", 0),
        ("500", "jpy", 500),
        ("500.00", "jpy", 500),
        ("5", "isk", 500),
        ("5", "ugx", 500),
        ("1.5", "kwd", 1500),
        ("1.23", "kwd", 1230),
        ("9999999999.99", "usd", 999_999_999_999),
    ],
)
def test_major_units_are_read(value, currency, minor):
    """Text, ints and Decimals become minor units as Stripe counts them."""
    assert Money(minor, currency) == Money.of(value, currency)


@each_row(
    ("value", "currency"),
    [
        ("19.999", "usd"),
        ("0.001", "usd"),
        ("500.5", "jpy"),
        ("5.5", "isk"),
        ("5.01", "ugx"),
        ("1.234", "kwd"),
        ("1.2345", "bhd"),
    ],
)
def test_more_digits_than_the_currency_has_are_refused(value, currency):
    """An amount that cannot be counted is refused rather than rounded,
    and the sentence says what to do."""
    with pytest.raises(
        InvalidInput, match=f"{currency.upper()} amounts have .* decimal digits?: round"
    ) as refused:
        Money.of(value, currency)

    assert value not in str(refused.value)


@each_row(
    ("currency", "digits"),
    [("usd", "at most 2"), ("jpy", "no"), ("isk", "no"), ("ugx", "no"), ("kwd", "at most 2")],
)
def test_the_refusal_says_how_many_digits_there_are(currency, digits):
    """The sentence names the digits a price in that currency may have."""
    with pytest.raises(
        InvalidInput, match=f"{currency.upper()} amounts have {digits} decimal digits"
    ):
        Money.of("1.23456", currency)


@each_row(
    "value",
    [
        *(19.99, 20.0, float("nan"), float("inf"), True, None, b"19.99", [1]),
        *(
            "",
            "abc",
            "19,99",
            "$19.99",
            "1 000",
            "NaN",
            "sNaN",
            "-Infinity",
            Decimal("NaN"),
            Decimal("Infinity"),
        ),
        *("-1", -1, Decimal("-0.01"), "1e13", 10**400, "9" * 5000, "1e999999999"),
        # Each of these once stood the process still for minutes, or raised what nobody expects.
        *(
            "0e99999999",
            "0E99999999",
            "1." + "0" * 5000,
            "0" * 5000 + "1",
            "9" * 1_000_000,
            "1_000",
            "1e2",
            "5e-1",
        ),
        *(
            "\u0661\u0669",
            "\uff11\uff19",
            "1.5.5",
            ".",
            "+",
            "--1",
            "+-1",
            "1+1",
            "0x10",
            "1,000.00",
            "\u221e",
            "5 USD",
        ),
        *(
            Decimal("1e99999999"),
            Decimal("-1e99999999"),
            Decimal("1e-99999999"),
            10**1_000_000,
            -(10**1_000_000),
        ),
        *(Decimal("9" * 100_000), Decimal("0." + "9" * 100_000)),
    ],
)
def test_what_is_no_price_is_refused(value):
    """Floats, bools, NaN, infinities, text that is no number, negative and
    impossible prices raise InvalidInput."""
    with pytest.raises(InvalidInput) as refused:
        Money.of(value, "usd")

    assert "\n" not in str(refused.value)
    assert 200 > len(str(refused.value))


@pytest.mark.parametrize("value", ["19.99000000000000000000000000000000000001", "1e-999999999"])
def test_digits_past_any_precision_are_refused(value):
    """A digit the currency has not is refused however far back it stands."""
    with pytest.raises(InvalidInput):
        Money.of(value, "usd")


def test_the_callers_decimal_context_changes_no_price():
    """A host that computes with three digits still charges and shows the whole price."""
    with decimal.localcontext() as context:
        context.prec = 3

        assert Money(123_456, "usd") == Money.of("1234.56", "usd")
        assert Decimal("1234.56") == Money(123_456, "usd").decimal


@pytest.mark.parametrize("currency", KINDS)
@given(data=st.data())
def test_every_amount_goes_to_major_units_and_back(currency, data):
    """`of(decimal)` and `of(str(decimal))` give back the money, in every kind of currency."""
    digits, unit = KINDS[currency]
    money = Money(data.draw(st.integers(0, 999_999_999_999 // unit)) * unit, currency)

    assert money == Money.of(money.decimal, currency)
    assert money == Money.of(str(money.decimal), currency)
    assert Decimal(money.minor) == money.decimal * 10**digits


@given(st.text(), st.sampled_from(sorted(KINDS)))
def test_any_text_is_money_or_refused(text, currency):
    """Whatever a form sends is read or raises InvalidInput, and nothing else."""
    try:
        money = Money.of(text, currency)
    except InvalidInput:
        assert not re.fullmatch("[0-9]{1,6}00", text)
    else:
        assert money == Money.of(money.decimal, currency)


@each_row(
    ("money", "text"),
    [
        (Money(1999, "usd"), "19.99 USD"),
        (Money(0, "usd"), "0.00 USD"),
        (Money(5, "usd"), "0.05 USD"),
        (Money(123_456_789, "eur"), "1,234,567.89 EUR"),
        (Money(1999, "jpy"), "1,999 JPY"),
        (Money(500, "isk"), "5.00 ISK"),
        (Money(1230, "kwd"), "1.230 KWD"),
        (Money(999_999_999_999, "usd"), "9,999,999,999.99 USD"),
    ],
)
def test_money_reads_like_a_price(money, text):
    """`str` shows major units with the currency's digits; repr shows what was counted."""
    assert text == str(money)
    assert f"Money(minor={money.minor}, currency='{money.currency}')" == repr(money)
