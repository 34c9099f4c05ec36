"""The fields of a page besides the e-mail, and how their values are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import attrs

from .._frames import forgetful
from .._secrets import is_card_number
from ..errors import InvalidInput
from ..languages import Language
from ..people import Address, Person
from .fields import Pairs, is_text
from .words import WORDS

T = TypeVar("T", Person, Address)

SAME_AS_BILLING = "shipping.same_as_billing"
"""The field that says that the shipping address is the billing address."""

_ADDRESS = {
    "line1": "address-line1",
    "line2": "address-line2",
    "city": "address-level2",
    "state": "address-level1",
    "postal_code": "postal-code",
    "country": "country",
}
_OPTIONAL = frozenset({"line2", "state", "postal_code"})
_MOST = {"name": "256", "phone": "20"}
# Stripe.js's names for the fields that go to Stripe with the card.
_OF_CARD = {"postal_code": "address_zip", "name": "name", "phone": "phone"}


@attrs.frozen
class Field:
    """A field of the page.

    Attributes:
        path: "billing.address.line1": its name in a form, its place in JSON, and its
            name in an error.
        autocomplete: The name by which browsers fill it in.
        sent_with_card: Its name in Stripe.js; None if it does not belong to the card.
        label: Its label.
        value: What was typed there before.
        problem: What is wrong with the value.
    """

    path: str
    autocomplete: str
    sent_with_card: str | None = None
    label: str = ""
    value: str = attrs.field(default="", repr=False)
    problem: str | None = None

    @property
    def name(self) -> str:
        """The last part of its path: "line1"."""
        return self.path.rpartition(".")[2]

    @property
    def id(self) -> str:
        """Its id on the page."""
        return "tc-" + self.path.replace(".", "-").replace("_", "-")

    @property
    def required(self) -> bool:
        """Whether it must be filled in."""
        return self.name not in _OPTIONAL

    @property
    def maxlength(self) -> str:
        """The most characters, as text: Django would put separators into a number."""
        return _MOST.get(self.name, "200")


@attrs.frozen
class Group:
    """Fields that belong together.

    Attributes:
        name: Their name in an order's `collect`; None for fields that stand alone.
        title: The same in the buyer's language.
        fields: The fields.
        instead: Whether a box may be ticked instead of filling them in.
        ticked: Whether that box is ticked.
    """

    name: str | None
    fields: tuple[Field, ...]
    instead: bool = False
    ticked: bool = False
    title: str | None = None

    @property
    def id(self) -> str:
        """Its id on the page."""
        return f"tc-{(self.name or '').replace('_', '-')}"


def groups(collect: Iterable[str]) -> list[Group]:
    """Return the fields that an order asks for."""
    collect = set(collect)
    alone = (
        [Field("billing.name", "name", "name")]
        if "name" in collect and "billing_address" not in collect
        else []
    )
    alone += [Field("billing.phone", "tel", "phone")] if "phone" in collect else []
    found = [Group(None, tuple(alone))] if alone else []
    for whose in ("billing", "shipping"):
        if f"{whose}_address" in collect:
            instead = whose == "shipping" and "billing_address" in collect
            found.append(Group(f"{whose}_address", tuple(_address_fields(whose)), instead))
    return found


def filled(
    collect: Iterable[str], language: Language, typed: Mapping[str, str] | None, wrong: str | None
) -> list[Group]:
    """Return the fields as a page shows them.

    Args:
        collect: What the order asks for.
        language: The buyer's language.
        typed: What was typed before; None on a page that was not filled in yet.
        wrong: The path of the field that is wrong, if any.
    """

    def shown(field: Field) -> Field:
        label = language.say(WORDS[field.name])
        value = (typed or {}).get(field.path, "")
        return attrs.evolve(
            field,
            label=label if field.required else language.say(WORDS["optional"], label=label),
            value=value,
            problem=language.say(WORDS["check_field" if value.strip() else "fill_in"])
            if field.path == wrong
            else None,
        )

    return [
        attrs.evolve(
            group,
            title=group.name and language.say(WORDS[group.name]),
            fields=tuple(map(shown, group.fields)),
            ticked=group.instead and (typed is None or SAME_AS_BILLING in typed),
        )
        for group in groups(collect)
    ]


@forgetful
def read_people(sent: Sequence[tuple[str, object]], collect: Iterable[str]) -> dict[str, Person]:
    """Return who pays and who gets the goods, if the order asks for them.

    Nothing else is read.

    Raises:
        InvalidInput: A field is missing or not valid; `param` is its path.
    """
    people: dict[str, Person] = {}
    asked = groups(collect)
    for whose in ("billing", "shipping"):
        fields = [
            field for group in asked for field in group.fields if field.path.startswith(f"{whose}.")
        ]
        if whose == "shipping" and any(group.instead for group in asked) and _is_ticked(sent):
            people[whose] = attrs.evolve(people["billing"], phone=None)
        elif fields:
            people[whose] = _person(whose, {field: _read(sent, field.path) for field in fields})
    return people


def typed_in(sent: Sequence[tuple[str, object]], collect: Iterable[str]) -> dict[str, str]:
    """Return what was typed into the order's fields and may be shown again."""
    paths = [field.path for group in groups(collect) for field in group.fields]
    found = {
        path: value for path in paths for value in _at(sent, path.split(".")) if is_text(value)
    }
    shown = {path: value for path, value in found.items() if _may_be_shown(path, value)}
    return {**shown, **({SAME_AS_BILLING: "1"} if _is_ticked(sent) else {})}


def _may_be_shown(path: str, value: str) -> bool:
    """Return False for a card number that was typed into the wrong field."""
    is_phone = path.endswith(".phone") and sum(map(str.isdecimal, value)) < 16
    return is_phone or not is_card_number(value)


def _address_fields(whose: str) -> Iterator[Field]:
    ours = whose == "billing"
    yield Field(f"{whose}.name", f"{whose} name", "name" if ours else None)
    for name, autocomplete in _ADDRESS.items():
        of_card = _OF_CARD.get(name, f"address_{name}") if ours else None
        yield Field(f"{whose}.address.{name}", f"{whose} {autocomplete}", of_card)


def _person(whose: str, said: Mapping[Field, str]) -> Person:
    own, parts = (
        {field.name: text for field, text in said.items() if (field.name in _ADDRESS) is of}
        for of in (False, True)
    )
    person = _made(Person, own, f"{whose}.")
    address = _made(Address, parts, f"{whose}.address.")
    for field in said:
        if (
            field.required
            and getattr(address if field.name in _ADDRESS else person, field.name) is None
        ):
            raise InvalidInput(f"{field.path} is missing: the order asks for it.", param=field.path)
    return attrs.evolve(person, address=address)


def _made(kind: type[T], said: Mapping[str, str], within: str) -> T:
    try:
        return kind(**said)  # type: ignore[arg-type]
    except InvalidInput as error:
        path = f"{within}{error.param}"
        raise InvalidInput(f"{path} is no good: {error.message}", param=path) from None


def _read(sent: Sequence[tuple[str, object]], path: str) -> str:
    """Return the one text at a path; an empty text if there is none."""
    found = [value for value in _at(sent, path.split(".")) if value not in ("", None)]
    if len(found) > 1:
        raise InvalidInput(f"{path} was sent {len(found)} times: send it once.", param=path)
    value = found[0] if found else ""
    if not is_text(value):
        raise InvalidInput(f"{path} is not text in UTF-8.", param=path)
    return value


def _is_ticked(sent: Sequence[tuple[str, object]]) -> bool:
    return any(value is True or value == "1" for value in _at(sent, SAME_AS_BILLING.split(".")))


def _at(sent: Iterable[tuple[str, object]], path: Sequence[str]) -> Iterator[object]:
    """Find the values at a path.

    A form has a field of that name; JSON has a value in nested objects.
    """
    for name, value in sent:
        if name == ".".join(path):
            yield value
        elif name == path[0] and isinstance(value, Pairs):
            yield from _at(value, path[1:])
