"""The names of the world's countries, with Babel.

Babel is an extra, so this is imported only where a page is shown.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from .amounts import locale_of

# CLDR's two-letter codes that name no country or territory of ISO 3166-1, and none that
# mail goes to.
_NO_COUNTRIES = frozenset({"CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "UN", "XA", "XB", "ZZ"})


@lru_cache(maxsize=64)
def named(tag: str) -> tuple[tuple[str, str], ...]:
    """Return each country's two-letter code and its name in a language, by name."""
    names = locale_of(tag).territories
    countries = (
        (code, name) for code, name in names.items() if len(code) == 2 and code not in _NO_COUNTRIES
    )
    return tuple(sorted(countries, key=lambda country: _sorted_by(country[1])))


def _sorted_by(name: str) -> str:
    """Return a name without accents, to sort by: Åland stands beside Albania."""
    return "".join(
        each
        for each in unicodedata.normalize("NFKD", name.casefold())
        if not unicodedata.combining(each)
    )
