"""The buyer's language: which of ours it is, its sentences, its way to write an amount.

Sentences are written in English where they are used, marked by `sentence`, and translated by the catalogs in this
folder. What a catalog lacks is said in English.
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
"""What this library speaks; the first is what it speaks where a buyer asks for none of them."""

_RIGHT_TO_LEFT = frozenset({"ar"})
# `de`, `pt-BR`, `zh_Hans_CN`, `de_DE.UTF-8`; what comes after the region is of no account here.
_TAG = re.compile(
    r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?(?:[-_.@].*)?", re.ASCII
)
_QUALITY = re.compile(r"\s*;\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", re.ASCII)
_TRADITIONAL = frozenset({"TW", "HK", "MO"})
# Which of its languages Stripe.js has for a region as well (https://docs.stripe.com/js/appendix/supported_locales).
_STRIPE = frozenset({"en-GB", "fr-CA", "pt-BR"})


def sentence(english: str) -> str:
    """Mark what a buyer may read, to be found and translated; it is said in a language by `Language.say`."""
    return english


class _Amount(Protocol):
    """An amount of money, as `Money` is."""

    @property
    def decimal(self) -> Any:
        """In major units, a Decimal."""

    @property
    def currency(self) -> Any:
        """Its ISO code. Pyright takes a field with a converter for no text."""


@attrs.frozen
class Language:
    """A language that a buyer reads, and the region whose way of writing numbers they know.

    Attributes:
        tag: As HTML names it: "de", "de-AT", "zh-Hans". One that this library does not speak reads as English.
    """

    tag: str

    @classmethod
    def of(cls, asked: str, among: Sequence[str] = LANGUAGES) -> Language:
        """Return the language that suits a buyer best.

        Args:
            asked: What they ask for: an Accept-Language header, or the code of a locale as frameworks write it ("de",
                "pt-br", "zh_Hans_CN"). What cannot be read counts for nothing.
            among: The tags to choose from. One that names a region stands for that region alone; one that names none
                takes the buyer's. The first is for those who ask for none of them.
        """
        for wanted in _preferred(asked):
            language, region = wanted
            same = [tag for tag in among if _parts(tag)[0] == language]
            if same:
                # Their very region, else the language at large, else another region's.
                ranks = [(_parts(tag)[1] != region, bool(_parts(tag)[1])) for tag in same]
                best = same[ranks.index(min(ranks))]
                return cls(best if _parts(best)[1] or not region else f"{best}-{region}")
        return cls(among[0])

    @property
    def direction(self) -> str:
        """How its lines run, as HTML's `dir` has it: "ltr" or "rtl"."""
        return "rtl" if _parts(self.tag)[0] in _RIGHT_TO_LEFT else "ltr"

    @property
    def for_stripe(self) -> str:
        """What Stripe.js calls it, for `Stripe(key, {locale})`."""
        return self.tag if self.tag in _STRIPE else self.tag.partition("-")[0]

    def say(self, english: str, **values: object) -> str:
        """Say a sentence.

        Args:
            english: The sentence, in English.
            values: What stands for its placeholders: `say("Pay {amount}", amount="5 €")`.
        """
        # An empty one is gettext's own name for the head of a catalog.
        said = _catalog(_parts(self.tag)[0]).gettext(english) if english else english
        return said.format(**values) if values else said

    def price(self, money: _Amount) -> str:
        """Write an amount with its currency's sign, exactly; as `str` writes it where Babel is not installed."""
        try:
            from .amounts import written
        except ImportError:
            return str(money)
        return written(money.decimal, money.currency.upper(), self.tag)

    def countries(self) -> Sequence[tuple[str, str]]:
        """Return each country's two-letter code and its name, by name; none where Babel is not installed."""
        try:
            from .countries import named
        except ImportError:
            return ()
        return named(self.tag)


def _preferred(asked: str) -> Iterator[tuple[str, str]]:
    """Read what is asked for, the most wanted first, as languages and regions."""
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
    """Take a tag apart: the language, with its script where it has several, and the region; empty where it is none."""
    read = _TAG.fullmatch(tag)
    if read is None:
        return "", ""
    language, script, region = read[1].lower(), (read[2] or "").title(), (read[3] or "").upper()
    if language == "zh":
        language = f"zh-{script or ('Hant' if region in _TRADITIONAL else 'Hans')}"
    return language, region


@cache
def _catalog(language: str) -> NullTranslations:
    """Return the sentences of a language; none where there is no catalog: each is then said in English."""
    # Here, because who imports this library seldom needs it, and a shop in English never.
    import gettext
    from pathlib import Path

    name = language.replace("-", "_") if language in LANGUAGES else ""
    compiled = Path(__file__).parent / name / "LC_MESSAGES" / "tokencharge.mo"
    try:
        with compiled.open("rb") as file:
            return gettext.GNUTranslations(file)
    except OSError:  # English is the source, and one that was never compiled is said in English
        return gettext.NullTranslations()
