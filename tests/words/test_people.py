"""Person and Address: what is refused, what is read, what is shown."""

from __future__ import annotations

import copy
import pickle

import pytest

from tests.rows import each_row
from tokencharge import Address, InvalidInput, Person

CARD_NUMBER = "4242 4242 4242 4242"
HOME = Address("1 High Street", "Flat 2", "Pune", "MH", "411001", "IN")
ADA = Person("Ada Lovelace", "+44 20 7946 0000", HOME)


def test_white_space_around_a_field_is_dropped_and_an_empty_one_is_none():
    """What was typed is taken as it was meant."""
    address = Address("  1 High Street ", "", city=" \u3000", country="fr")

    assert ("1 High Street", None, None, "FR") == (
        address.line1,
        address.line2,
        address.city,
        address.country,
    )


@each_row("field", ["line1", "line2", "city", "state", "postal_code"])
@each_row("value", ["x" * 5_001, "a\0b", "a\nb", "a\u2028b", "\ud800", 7, ["x"], CARD_NUMBER])
def test_a_line_that_cannot_be_right_is_refused_by_name(field, value):
    """The error names the field, and repeats nothing of what it held."""
    with pytest.raises(InvalidInput) as caught:
        Address(**{field: value})

    assert field == caught.value.param
    assert str(value) not in str(caught.value)


@each_row("value", ["F", "FRA", "France", "F1", "Ää", "ﬀ", 7])
def test_a_country_is_two_letters(value):
    """Names of countries and other codes are refused."""
    with pytest.raises(InvalidInput) as caught:
        Address(country=value)

    assert "country" == caught.value.param


@each_row(
    ("field", "value"),
    [
        ("name", "x" * 257),
        ("name", CARD_NUMBER),
        ("name", b"Ada"),
        ("phone", "1" * 21),
        ("phone", "4242424242424242"),
        ("phone", "\x00"),
        ("address", {"line1": "1 High Street"}),
        ("address", "1 High Street"),
    ],
)
def test_a_person_that_cannot_be_right_is_refused_by_the_field(field, value):
    """The error names the field, and repeats nothing of what it held."""
    with pytest.raises(InvalidInput) as caught:
        Person(**{field: value})

    assert field == caught.value.param
    assert str(value) not in str(caught.value)


@each_row(
    "phone", ["+49 30 901820", "0049 (30) 90-18-20", "00123456789012345", "911", "020 7946 x12"]
)
def test_a_phone_number_is_taken_as_it_is_written(phone):
    """Signs between the digits, prefixes and extensions are what people write."""
    assert phone == Person(phone=phone).phone


def test_as_much_as_stripe_takes_is_taken():
    """The limits are Stripe's own."""
    assert 256 == len(Person("x" * 256).name or "")
    assert 5_000 == len(Address("x" * 5_000).line1 or "")


def test_nothing_of_a_person_is_in_the_repr():
    """What is printed, logged or shown by a debugger tells of nobody."""
    assert ("Person()", "Address()") == (repr(ADA), repr(HOME))


def test_a_person_is_compared_hashed_copied_and_pickled_by_value():
    """It is a value, as Money is."""
    assert ADA == pickle.loads(pickle.dumps(ADA)) == copy.deepcopy(ADA)
    assert 1 == len({ADA, Person("Ada Lovelace", "+44 20 7946 0000", HOME)})
    assert ADA != Person("Ada Lovelace", "+44 20 7946 0000", Address("2 High Street"))


def test_what_a_person_says_is_told_by_stripes_names():
    """What is not said is left out."""
    assert {"name": "Ada", "address": {"country": "IN"}} == Person(
        "Ada", address=Address(country="in")
    ).to_stripe()
    assert {} == Person(address=Address()).to_stripe()


def test_what_stripe_says_is_read_back():
    """Of what is said nothing is lost."""
    assert ADA == Person.from_stripe(ADA.to_stripe())


def test_what_stripe_holds_that_cannot_be_right_is_left_out():
    """A legacy card's country may be any text, and an old answer any shape."""
    raw = {
        "name": "x" * 300,
        "phone": 7,
        "address": {"line1": "1 High Street", "country": "United States", "city": None},
    }

    assert Person(address=Address("1 High Street")) == Person.from_stripe(raw)
