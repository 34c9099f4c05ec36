"""Money as Stripe counts it: a whole number of minor units and a currency."""

from __future__ import annotations

import re
from decimal import Decimal

import attrs

from ._frames import forgetful, made_forgetfully
from .errors import InvalidInput

# Stripe's exponents, not ISO 4217's (https://docs.stripe.com/currencies#zero-decimal).
# ISK and UGX have no minor unit in ISO, but Stripe counts both in hundredths. UGX is in
# Stripe's zero-decimal list as well. The special-case row is the more specific rule,
# and is followed here.
_ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
_THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
_WHOLE_UNITS_ONLY = frozenset(("isk", "ugx"))

# Stripe's currencies page allows twelve digits for cards, its API reference eight. No
# document of Stripe allows more than twelve. Amounts in between are answered with
# `amount_too_large`.
_LARGEST = 999_999_999_999

# How people write a price. Decimal also reads 1e5, 1_000 and digits of other scripts,
# which are no prices.
_WRITTEN = re.compile(r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})")

_CURRENCY = re.compile(r"[A-Za-z]{3}", re.ASCII)


def _currency(value: str) -> str:
    # Type checkers catch this; callers without one get an error.
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):  # type: ignore[redundant-expr]
        raise InvalidInput('A currency is a three-letter ISO code, like "usd".')
    return value.lower()


def _check_minor(_: Money, __: attrs.Attribute[int], minor: object) -> None:
    if isinstance(minor, bool) or not isinstance(minor, int):
        raise InvalidInput(
            f"An amount is a whole number of minor units, not a {type(minor).__name__}: "
            'write Money(1999, "usd") or Money.of("19.99", "usd").'
        )
    if not 0 <= minor <= _LARGEST:
        raise InvalidInput(
            "An amount lies between 0 and 999,999,999,999 minor units: check its sign and its unit."
        )


@made_forgetfully
@attrs.frozen(order=False)
class Money:
    """An amount in minor units and its currency, as Stripe's API counts them.

    Attributes:
        minor: The amount in minor units: cents for usd, yen for jpy, thousandths for
            kwd. Never a float.
        currency: Three-letter ISO code; kept in lower case.

    Raises:
        InvalidInput: The amount is not a whole number from 0 to 999,999,999,999, or the
            currency is not three letters.
    """

    minor: int = attrs.field(validator=_check_minor)
    currency: str = attrs.field(converter=_currency)

    @classmethod
    @forgetful
    def of(cls, value: str | int | Decimal, currency: str) -> Money:
        """Read an amount in major units: `Money.of("19.99", "usd")` is 1999 cents.

        Args:
            value: Text, int or Decimal. Floats are refused: 19.99 has no exact float.
                Text is digits with a point, without exponent, group separators or
                digits of other scripts.
            currency: Three-letter ISO code.

        Raises:
            InvalidInput: A float, NaN, an infinity, no number at all, or more digits
                than the currency has
                (https://docs.stripe.com/currencies#special-cases).
        """
        code = _currency(currency)
        if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
            raise InvalidInput(
                f"Money.of takes text, an int or a Decimal, not a {type(value).__name__}: "
                'quote the amount, as in "19.99".'
            )
        if isinstance(value, str):
            if not _WRITTEN.fullmatch(value.strip()):
                raise InvalidInput(
                    'Money.of could not read the amount as a number: write it like "19.99".'
                )
            value = Decimal(value)
        if isinstance(value, Decimal) and not value.is_finite():
            raise InvalidInput("Money.of takes a finite amount: NaN and infinity are no prices.")
        # Checked before the conversion: a million digits, or an exponent of a million,
        # would take minutes.
        if (value if isinstance(value, int) else value.copy_abs()) > _LARGEST:
            raise InvalidInput(
                "Money.of was given more than Stripe can charge: check the unit of the amount."
            )
        minor = _minor_units(Decimal(max(value, -1)), exponent(code))
        if minor is None or minor % granularity(code):
            raise InvalidInput(
                f"{code.upper()} amounts have {_digits(code)}: round the amount before charging it."
            )
        return cls(minor, code)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, a Decimal: 19.99 for `Money(1999, "usd")`."""
        return Decimal(f"{self.minor}e-{exponent(self.currency)}")

    def __str__(self) -> str:
        return f"{self.decimal:,f} {self.currency.upper()}"


def exponent(currency: str) -> int:
    """Return how many decimal digits a currency's minor unit has at Stripe."""
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def granularity(currency: str) -> int:
    """Return how many minor units every amount of a currency is a multiple of."""
    if currency in _WHOLE_UNITS_ONLY:
        return 100
    return 10 if currency in _THREE_DECIMAL else 1


def _digits(currency: str) -> str:
    digits = exponent(currency) - len(str(granularity(currency))) + 1
    return "no decimal digits" if digits == 0 else f"at most {digits} decimal digits"


def _minor_units(number: Decimal, digits: int) -> int | None:
    """Shift a number by some digits without rounding; None if some are left.

    The caller's decimal context does not matter.
    """
    if not number:
        return 0
    sign, figures, power = number.as_tuple()
    shift = int(power) + digits
    # So no number is longer than an amount, whatever zeros it was written with.
    kept, left = (figures, ()) if shift >= 0 else (figures[:shift], figures[shift:])
    if any(left):
        return None
    minor: int = int("".join(map(str, kept)) or "0") * 10 ** max(shift, 0)
    return -minor if sign else minor
