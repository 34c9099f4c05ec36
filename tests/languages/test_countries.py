"""The countries that a page offers: each by name, in the buyer's language."""

from __future__ import annotations

import sys

import pytest

from tests.rows import each_row
from tokencharge import Address, Language
from tokencharge.sandbox.shapes.countries import COUNTRIES

pytest.importorskip("babel")


@each_row(
    ("tag", "name"),
    [
        ("en", "Germany"),
        ("de", "Deutschland"),
        ("ja", "ドイツ"),
        ("ar", "ألمانيا"),
        ("zh-Hans", "德国"),
    ],
)
def test_a_country_has_its_name_in_the_language(tag, name):
    """By CLDR; where a region is named that the language is not
    spoken in, by the language alone."""
    assert (
        name
        == dict(Language(tag).countries())["DE"]
        == dict(Language(f"{tag}-QQ").countries())["DE"]
    )


def test_they_stand_in_the_order_of_their_names_whatever_marks_the_letters_bear():
    """Österreich stands among the names with O, Åland among those with A."""
    german = [name for _, name in Language("de").countries()]

    assert german.index("Oman") < german.index("Österreich") < german.index("Pakistan")
    assert german.index("Ålandinseln") < german.index("Albanien")


def test_every_country_that_stripe_knows_is_among_them_and_each_is_an_addresss():
    """What a buyer may choose is a country to Stripe; a few parts of
    countries mail goes to are there as well."""
    codes = {code for code, _ in Language("en").countries()}

    assert {"AC", "TA"} == codes - COUNTRIES
    assert set() == COUNTRIES - codes
    assert codes == {Address(country=code).country for code in codes}


def test_without_babel_there_are_none(monkeypatch):
    """A page then asks for the two letters."""
    monkeypatch.setitem(sys.modules, "tokencharge.languages.countries", None)

    assert () == Language("en").countries()
