"""Person and Address, as Stripe keeps them: who buys, and where the goods go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from . import _checks as check
from ._frames import made_forgetfully
from ._reading import Raw
from ._secrets import Discreet
from .errors import InvalidInput

T = TypeVar("T")

# Characters, by Stripe's API description: a Customer's name and phone have the lowest
# limits.
_MOST = {"name": 256, "phone": 20}
_MOST_OF_A_LINE = 5_000


def _private() -> Any:
    return attrs.field(default=None, repr=False)


@made_forgetfully
@attrs.frozen(eq=False)
class Address(Discreet):
    """A postal address. All of it is personal, so none of it is in the repr.

    White space around a field is removed, and an empty field is None. Which fields an
    address has depends on its country; Stripe requires none of them.

    Attributes:
        line1: Street and number, or a post-office box.
        line2: Flat, floor, building.
        city: City, town or village.
        state: State, province, prefecture or county.
        postal_code: As the country writes it.
        country: Two letters (ISO 3166-1 alpha-2), in capitals.

    Raises:
        InvalidInput: A field is not one line of text, is longer than 5,000 characters,
            or the country is not two letters; `param` names the field.
    """

    line1: str | None = _private()
    line2: str | None = _private()
    city: str | None = _private()
    state: str | None = _private()
    postal_code: str | None = _private()
    country: str | None = _private()

    def __attrs_post_init__(self) -> None:
        for name in ADDRESS_FIELDS:
            object.__setattr__(self, name, check.line(getattr(self, name), name, _MOST_OF_A_LINE))
        object.__setattr__(self, "country", check.country(self.country))

    @classmethod
    def from_stripe(cls, raw: Raw) -> Address:
        """Read an address of Stripe's.

        A field that is not valid is left out. Then it is in `raw` only.
        """
        return _readable(cls, raw, ADDRESS_FIELDS)

    def to_stripe(self) -> dict[str, str]:
        """Return its fields, by Stripe's names."""
        said = ((name, getattr(self, name)) for name in ADDRESS_FIELDS)
        return {name: value for name, value in said if value is not None}


ADDRESS_FIELDS = tuple(field.name for field in attrs.fields(Address))


@made_forgetfully
@attrs.frozen(eq=False)
class Person(Discreet):
    """Who pays, or who gets the goods. All of it is personal, so none is in the repr.

    Attributes:
        name: In full, as on the card or the parcel; at most 256 characters.
        phone: At most 20 characters, and 15 digits.
        address: Where they are; an empty one is None.

    Raises:
        InvalidInput: A field is not valid; `param` names it.
    """

    name: str | None = _private()
    phone: str | None = _private()
    address: Address | None = _private()

    def __attrs_post_init__(self) -> None:
        for name, most in _MOST.items():
            object.__setattr__(self, name, check.line(getattr(self, name), name, most))
        check.phone(self.phone)
        if not isinstance(self.address, Address | None):
            raise InvalidInput(
                f"An address is an Address, not {type(self.address).__name__}.", param="address"
            )
        if self.address is not None and not self.address.to_stripe():
            object.__setattr__(self, "address", None)

    @classmethod
    def from_stripe(cls, raw: Raw) -> Person:
        """Read Stripe's `billing_details` or `shipping`, or a Customer.

        A field that is not valid is left out, as by `Address.from_stripe`.
        """
        return _readable(cls, raw, tuple(_MOST), address=address_in(raw, "address"))

    def to_stripe(self) -> dict[str, Any]:
        """Return its fields, by Stripe's names."""
        address = None if self.address is None else self.address.to_stripe()
        said = {"name": self.name, "phone": self.phone, "address": address}
        return {name: value for name, value in said.items() if value is not None}


def billing(value: Person | None) -> Person | None:
    """Check who pays."""
    if not isinstance(value, Person | None):
        raise InvalidInput(
            f"Who is billed is a Person, not {type(value).__name__}.", param="billing"
        )
    return value


def shipping(value: Person | None) -> Person | None:
    """Check who gets the goods: Stripe requires a name and an address."""
    if value is None:
        return None
    if not isinstance(value, Person):
        raise InvalidInput(
            f"Who it is shipped to is a Person, not {type(value).__name__}.", param="shipping"
        )
    if value.name is None or value.address is None:
        raise InvalidInput(
            "Who it is shipped to has no name or no address: Stripe wants both.", param="shipping"
        )
    return value


def address_in(raw: Raw, name: str) -> Address | None:
    """Return the address in a field; None if it is empty."""
    value = raw.get(name)
    return (
        Address.from_stripe(value) if isinstance(value, Mapping) and any(value.values()) else None
    )


def person_in(raw: Raw, name: str) -> Person | None:
    """Return the person in a field; None if it is empty."""
    value = raw.get(name)
    if not isinstance(value, Mapping):
        return None
    person = Person.from_stripe(value)
    return person if person.to_stripe() else None


def _readable(kind: type[T], raw: Raw, names: tuple[str, ...], **known: Any) -> T:
    read = {name: value for name in names if isinstance(value := raw.get(name), str)}
    while True:
        try:
            return kind(**read, **known)
        except InvalidInput as error:
            del read[str(error.param)]
