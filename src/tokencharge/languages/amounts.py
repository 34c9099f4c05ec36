"""Write an amount in a language, with Babel.

Babel is an extra, so this is imported only where a page is shown.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, localcontext

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, get_currency_precision

# Twice as many digits as the largest amount has.
_EXACT = Context(prec=30)
# CLDR asks for a space between the letters of a currency and a digit ("ISK 1,450").
# Babel does not put it there.
_TOO_CLOSE = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")

# "US$" in a line from right to left, where it would be displayed as "$US".
_SIGN = re.compile(r"[A-Z]+\W(?=\W*$)", re.ASCII)


def written(amount: Decimal, currency: str, tag: str) -> str:
    """Write an amount in major units, as `1.450,00 €`, and never another amount.

    A currency has as many decimal digits as CLDR gives it. If the amount itself has
    more, all of them are written. Stripe counts ISK and UGX in hundredths, which nobody
    writes.
    """
    digits = -int(amount.normalize(_EXACT).as_tuple().exponent)
    # Nothing is rounded here, whatever the host has set for decimals.
    with localcontext(_EXACT):
        shown = format_currency(
            amount,
            currency,
            locale=locale_of(tag),
            currency_digits=digits <= get_currency_precision(currency),
            decimal_quantization=False,
        )
    shown = _TOO_CLOSE.sub("\N{NO-BREAK SPACE}", shown)
    return (
        _SIGN.sub("\\g<0>\N{LEFT-TO-RIGHT MARK}", shown)
        if "\N{RIGHT-TO-LEFT MARK}" in shown
        else shown
    )


def locale_of(tag: str) -> Locale:
    """Return CLDR's locale of a language."""
    try:
        return Locale.parse(tag, sep="-")
    except UnknownLocaleError:  # a region that CLDR does not know for this language
        return Locale.parse(tag.partition("-")[0])
