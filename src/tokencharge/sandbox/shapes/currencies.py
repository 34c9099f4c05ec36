"""Stripe's currencies, their minimum amounts, and amounts in its errors.

The minimum depends on the currency in which an account is paid out. The sandbox's
account is paid out in every currency that it charges, so this table is exact for it.
"""

from __future__ import annotations

from ... import Money

CURRENCIES = frozenset(
    """
    usd aed afn all amd ang aoa ars aud awg azn bam bbd \
bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf
    chf clp cny cop crc cve czk djf dkk dop dzd egp etb \
eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl hrk htg
    huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw \
kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt
    mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd \
omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar
    sbd scr sek sgd shp sle sos srd std szl thb tjs tnd \
top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd
    xof xpf yer zar zmw
    """.split()
)

MINIMUM = {
    **dict.fromkeys(
        "ars aud brl cad chf cop eur idr inr jpy krw nzd php rub sgd usd zar".split(), 50
    ),
    **dict.fromkeys("aed myr pln ron".split(), 200),
    **dict.fromkeys("nok sek".split(), 300),
    **dict.fromkeys("mxn thb".split(), 1_000),
    "czk": 1_500,
    "dkk": 250,
    "gbp": 30,
    "hkd": 400,
    "huf": 17_500,
    "ils": 50,
}

MAXIMUM = 99_999_999

_SYMBOLS = {
    "usd": "$",
    "cad": "$",
    "aud": "$",
    "nzd": "$",
    "eur": "\u20ac",
    "gbp": "\u00a3",
    "jpy": "\u00a5",
}


def written(amount: int, currency: str) -> str:
    """Write an amount as in Stripe's errors: "$30.00"."""
    return f"{_SYMBOLS.get(currency, '')}{Money(amount, currency).decimal:,}"
