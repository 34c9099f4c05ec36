"""Money as Stripe counts it: a whole number of minor units and a currency."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

import attrs

from .errors import InvalidInput

# Stripe's exponents, not ISO 4217's (https://docs.stripe.com/currencies#zero-decimal). ISK and UGX have no
# minor unit in ISO, yet Stripe counts both in hundredths. UGX stands in Stripe's zero-decimal list as well;
# the special-case row is the more specific rule and the one followed here.
_ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
_THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
_WHOLE_UNITS_ONLY = frozenset(("isk", "ugx"))

# Stripe's currencies page allows twelve digits for cards, its API reference eight. Nothing Stripe documents
# allows more than twelve, and `amount_too_large` answers for what lies between.
_LARGEST = 999_999_999_999

_CURRENCY = re.compile(r"[A-Za-z]{3}", re.ASCII)


def _currency(value: str) -> str:
    # Typed for those who check; the others are told as well.
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):  # type: ignore[redundant-expr]
        raise InvalidInput('A currency is a three-letter ISO code, like "usd".')
    return value.lower()


def _check_amount(_: Money, __: attrs.Attribute[int], amount: object) -> None:
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise InvalidInput(
            f"An amount is a whole number of minor units, not a {type(amount).__name__}: "
            'write Money(1999, "usd") or Money.of("19.99", "usd").'
        )
    if not 0 <= amount <= _LARGEST:
        raise InvalidInput("An amount lies between 0 and 999,999,999,999 minor units: check its sign and its unit.")


@attrs.frozen(order=False)
class Money:
    """An amount in minor units and its currency, as Stripe's API writes them.

    Attributes:
        amount: Minor units: cents for usd, yen for jpy, thousandths for kwd. Never a float.
        currency: Three-letter ISO code; kept in lower case.

    Raises:
        InvalidInput: The amount is no whole number from 0 to 999,999,999,999, or the currency is not
            three letters.
    """

    amount: int = attrs.field(validator=_check_amount)
    currency: str = attrs.field(converter=_currency)

    @classmethod
    def of(cls, value: str | int | Decimal, currency: str) -> Money:
        """Read an amount written in major units: `Money.of("19.99", "usd")` is 1999 cents.

        Args:
            value: Text, int or Decimal. Floats are refused: 19.99 has no exact float.
            currency: Three-letter ISO code.

        Raises:
            InvalidInput: A float, NaN, an infinity, no number at all, or more digits than the
                currency has (https://docs.stripe.com/currencies#special-cases).
        """
        code = _currency(currency)
        if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
            raise InvalidInput(
                f"Money.of takes text, an int or a Decimal, not a {type(value).__name__}: "
                'quote the amount, as in "19.99".'
            )
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise InvalidInput('Money.of could not read the amount as a number: write it like "19.99".') from None
        if not number.is_finite():
            raise InvalidInput("Money.of takes a finite amount: NaN and infinity are no prices.")
        if number.copy_abs() > _LARGEST:
            raise InvalidInput("Money.of was given more than Stripe can charge: check the unit of the amount.")
        minor = _minor_units(number, exponent(code))
        if minor is None or minor % granularity(code):
            raise InvalidInput(f"{code.upper()} amounts have {_digits(code)}: round the amount before charging it.")
        return cls(minor, code)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units: `Money(1999, "usd").decimal == Decimal("19.99")`."""
        return Decimal(f"{self.amount}e-{exponent(self.currency)}")

    def __str__(self) -> str:
        return f"{self.decimal:,f} {self.currency.upper()}"


def exponent(currency: str) -> int:
    """Return how many decimal digits Stripe gives a currency's minor unit."""
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def granularity(currency: str) -> int:
    """Return the number of minor units every amount of a currency must be a multiple of."""
    if currency in _WHOLE_UNITS_ONLY:
        return 100
    return 10 if currency in _THREE_DECIMAL else 1


def _digits(currency: str) -> str:
    digits = exponent(currency) - len(str(granularity(currency))) + 1
    return "no decimal digits" if digits == 0 else f"at most {digits} decimal digits"


def _minor_units(number: Decimal, digits: int) -> int | None:
    """Shift a number by some digits without rounding, whatever the caller's decimal context; None if some are left."""
    sign, figures, power = number.as_tuple()
    whole = int("".join(map(str, figures)))
    shift = int(power) + digits
    if shift >= 0 or not whole:
        minor: int = whole * 10 ** max(shift, 0)
    elif -shift > len(figures) or whole % 10**-shift:
        return None
    else:
        minor = whole // 10**-shift
    return -minor if sign else minor
