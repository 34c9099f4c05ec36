"""The buyer's language: which one it is, its sentences, how it writes an amount.

Sentences are written in English where they are used. `sentence` marks them, and the
catalogs in this folder translate them. A sentence that a catalog lacks stays in
English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import attrs

if TYPE_CHECKING:
    from gettext import NullTranslations

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "pl", "ja", "zh-Hans", "ar")
"""This library's languages; the first is for a buyer who asks for none of them."""

_RIGHT_TO_LEFT = frozenset({"ar"})
# `de`, `pt-BR`, `zh_Hans_CN`, `de_DE.UTF-8`; what comes after the region is ignored.
_TAG = re.compile(
    r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?(?:[-_.@].*)?", re.ASCII
)
_QUALITY = re.compile(r"\s*;\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", re.ASCII)
_TRADITIONAL = frozenset({"TW", "HK", "MO"})
# The languages that Stripe.js also has for a region
# (https://docs.stripe.com/js/appendix/supported_locales).
_STRIPE = frozenset({"en-GB", "fr-CA", "pt-BR"})


def sentence(english: str) -> str:
    """Mark a sentence that a buyer may read, so that it is found and translated.

    `Language.say` returns it in a language.
    """
    return english


class _Amount(Protocol):
    """An amount of money, such as `Money`."""

    @property
    def decimal(self) -> Any:
        """The amount in major units, a Decimal."""

    @property
    def currency(self) -> Any:
        """Its ISO code. For Pyright, a field with a converter is not text."""


@attrs.frozen
class Language:
    """A language that a buyer reads, and the region whose number format they know.

    Attributes:
        tag: As HTML names it: "de", "de-AT", "zh-Hans". A language that this library
            does not have reads as English.
    """

    tag: str

    @classmethod
    def of(cls, asked: str, among: Sequence[str] = LANGUAGES) -> Language:
        """Return the language that suits a buyer best.

        Args:
            asked: What they ask for: an Accept-Language header, or the code of a locale
                as frameworks write it ("de", "pt-br", "zh_Hans_CN"). What cannot be
                read is ignored.
            among: The tags to choose from. A tag with a region stands for that region
                only. A tag without one takes the buyer's region. The first tag is for
                buyers who ask for none of them.
        """
        for wanted in _preferred(asked):
            language, region = wanted
            same = [tag for tag in among if _parts(tag)[0] == language]
            if same:
                # The same region, else the language without region, else another
                # region.
                ranks = [(_parts(tag)[1] != region, bool(_parts(tag)[1])) for tag in same]
                best = same[ranks.index(min(ranks))]
                return cls(best if _parts(best)[1] or not region else f"{best}-{region}")
        return cls(among[0])

    @property
    def direction(self) -> str:
        """The direction of its lines, as HTML's `dir`: "ltr" or "rtl"."""
        return "rtl" if _parts(self.tag)[0] in _RIGHT_TO_LEFT else "ltr"

    @property
    def for_stripe(self) -> str:
        """Its name in Stripe.js, for `Stripe(key, {locale})`."""
        return self.tag if self.tag in _STRIPE else self.tag.partition("-")[0]

    def say(self, english: str, **values: object) -> str:
        """Return a sentence in this language.

        Args:
            english: The sentence, in English.
            values: The values of its placeholders: `say("Pay {amount}", amount="5 €")`.
        """
        # An empty text is gettext's own name for the head of a catalog.
        said = _catalog(_parts(self.tag)[0]).gettext(english) if english else english
        return said.format(**values) if values else said

    def price(self, money: _Amount) -> str:
        """Write an amount exactly, with its currency's sign.

        Without Babel, it is written as `str` writes it.
        """
        try:
            from .amounts import written
        except ImportError:
            return str(money)
        return written(money.decimal, money.currency.upper(), self.tag)

    def countries(self) -> Sequence[tuple[str, str]]:
        """Return each country's two-letter code and its name, by name.

        Without Babel, there are none.
        """
        try:
            from .countries import named
        except ImportError:
            return ()
        return named(self.tag)


def _preferred(asked: str) -> Iterator[tuple[str, str]]:
    """Return the languages and regions that are asked for, most wanted first."""
    found = []
    for item in asked.split(","):
        code, semicolon, quality = item.partition(";")
        weight = _QUALITY.fullmatch(f";{quality}") if semicolon else None
        if semicolon and weight is None:
            continue
        parts, wanted = _parts(code.strip()), float(weight[1]) if weight else 1.0
        if parts[0] and 0 < wanted <= 1:
            found.append((wanted, parts))
    # Sorting keeps the order of equals.
    return (parts for _, parts in sorted(found, key=lambda each: -each[0]))


def _parts(tag: str) -> tuple[str, str]:
    """Split a tag into the language and the region; either may be empty.

    A language with several scripts includes the script.
    """
    read = _TAG.fullmatch(tag)
    if read is None:
        return "", ""
    language, script, region = read[1].lower(), (read[2] or "").title(), (read[3] or "").upper()
    if language == "zh":
        language = f"zh-{script or ('Hant' if region in _TRADITIONAL else 'Hans')}"
    return language, region


@cache
def _catalog(language: str) -> NullTranslations:
    """Return the sentences of a language.

    Without a catalog there are none, and each sentence stays in English.
    """
    # Imported here: few users of this library need it, and a shop in English never
    # does.
    import gettext
    from pathlib import Path

    name = language.replace("-", "_") if language in LANGUAGES else ""
    compiled = Path(__file__).parent / name / "LC_MESSAGES" / "tokencharge.mo"
    try:
        with compiled.open("rb") as file:
            return gettext.GNUTranslations(file)
    except OSError:  # English is the source; a catalog that was never compiled reads as English
        return gettext.NullTranslations()
