"""How parameters are read: one `Form` per endpoint, one reader per kind of value.

A reader takes a parameter's name and its raw value, and returns what the endpoint works
with. It raises an unsaved `Refusal` for a value that Stripe would not accept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ..language.refusals import Refusal, invalid
from ..language.wire import JSON, nested
from ..shapes.bodies import ADDRESS
from ..shapes.countries import COUNTRIES
from ..shapes.currencies import CURRENCIES, MAXIMUM

Reader = Callable[[str, Any], Any]


class Form:
    """The parameters of an endpoint, except `expand`.

    The engine reads `expand` for all endpoints.

    Args:
        required: The names of required parameters.
        readers: How each parameter is read. A reader may itself be a Form, for nested
            parameters.
    """

    def __init__(self, *required: str, **readers: Reader) -> None:
        self._required = required
        self._readers = readers

    def read(self, raw: JSON) -> JSON:
        """Read the parameters, and return their values.

        Raises:
            Refusal: A parameter is unknown, missing or invalid.
        """
        try:
            return self._values(raw, "")
        except (KeyError, Refusal):
            # Whatever else is wrong, unknown parameters are reported first, all of
            # them.
            unknown = [*self._unknown(raw, "")]
            if not unknown:
                raise
        names = "parameters" if unknown[1:] else "parameter"
        raise invalid(
            f"Received unknown {names}: {', '.join(unknown)}", unknown[0], "parameter_unknown"
        )

    def _values(self, raw: JSON, within: str) -> JSON:
        """Read the parameters; raise KeyError for an unknown one."""
        readers = self._readers
        values = {name: readers[name](_full(name, within), value) for name, value in raw.items()}
        for name in self._required:
            if name not in raw:
                raise missing_param(_full(name, within))
        return values

    def _unknown(self, raw: JSON, within: str) -> Iterator[str]:
        for name, value in raw.items():
            full, reader = _full(name, within), self._readers.get(name)
            if reader is None:
                yield full
            elif isinstance(reader, Form) and nested(value):
                yield from reader._unknown(value, full)

    def __call__(self, name: str, value: Any) -> JSON | None:
        """Read a nested form."""
        if not nested(value):
            raise invalid("Invalid object", name)
        return self._values(value, name)


def missing_param(name: str) -> Refusal:
    """Build the 400 for a missing parameter."""
    return invalid(f"Missing required param: {name}.", name, "parameter_missing")


def _full(name: str, within: str) -> str:
    return f"{within}[{name}]" if within else name


def words(limit: int = 5_000, *, empty: bool = False) -> Reader:
    """Make a reader of text with at most `limit` characters.

    Empty text is refused; with `empty`, it means "unset".
    """

    def read(name: str, value: Any) -> str | None:
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {name}", name)
        if len(value) > limit:
            raise invalid(f"Invalid string: {name} must be at most {limit} characters", name)
        if value:
            return value
        if empty:
            return None
        raise invalid(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to"
            f" unset a parameter; however '{name}' cannot be unset. Remove '{name}' or supply a"
            " non-empty value.",
            name,
            "parameter_invalid_empty",
        )

    return read


_text = words()


def email(name: str, value: Any) -> str | None:
    """Read an e-mail address; like Stripe, require little more than an @."""
    address = words(512, empty=True)(name, value)
    if address is not None and "@" not in address:
        raise invalid(f"Invalid email address: {address}", name, "email_invalid")
    return address


description = words(40_000, empty=True)
"""Read what a payment says that it is for."""


_WHOLE = re.compile("-?[0-9]{1,18}")


def integer(minimum: int | None = None) -> Reader:
    """Make a reader of whole numbers."""

    def read(name: str, value: Any) -> int:
        text = _text(name, value)
        if not _WHOLE.fullmatch(text):
            raise invalid(f"Invalid integer: {text}", name, "parameter_invalid_integer")
        number = int(text)
        if minimum is not None and number < minimum:
            message = f"This value must be greater than or equal to {minimum}."
            raise invalid(message, name, "parameter_invalid_integer")
        return number

    return read


_positive = integer(minimum=1)


def amount(name: str, value: Any) -> int:
    """Read an amount in minor units."""
    number: int = _positive(name, value)
    if number > MAXIMUM:
        raise invalid("Amount must be no more than 8 digits", name, "amount_too_large")
    return number


def currency(name: str, value: Any) -> str:
    """Read a currency code, in upper or lower case."""
    code: str = _text(name, value).lower()
    if code not in CURRENCIES:
        known = ", ".join(sorted(CURRENCIES))
        raise invalid(
            f"Invalid currency: {code}. Stripe currently supports these currencies: {known}", name
        )
    return code


def boolean(name: str, value: Any) -> bool:
    """Read true or false."""
    # Older SDKs for Python and .NET send True and False.
    if value not in ("true", "false", "True", "False"):
        raise invalid(f"Invalid boolean: {value}", name)
    return value in ("true", "True")


def one_of(*choices: str) -> Reader:
    """Make a reader of one of a few words."""

    def read(name: str, value: Any) -> str:
        if value not in choices:
            raise invalid(f"Invalid {name}: must be one of {', '.join(choices)}", name)
        return str(value)

    return read


def several(name: str, value: Any) -> list[str]:
    """Read a list of texts."""
    if not nested(value):
        raise invalid("Invalid array", name)
    return [_text(name, item) for item in value.values()]


class _Whole(Form):
    """Parameters that are shown with all their fields.

    A field that was not given is null. An empty value unsets all of them.
    """

    def __call__(self, name: str, value: Any) -> JSON | None:
        """Read the parameters; None means that they are to be unset."""
        if value == "":
            return None
        return {**dict.fromkeys(self._readers), **(super().__call__(name, value) or {})}


address = _Whole(**dict.fromkeys(ADDRESS, words(empty=True)))
"""Read an address."""

recipient = _Whole("address", "name", address=address, name=words(), phone=words(empty=True))
"""Read a Customer's shipping address."""

shipping = _Whole(
    "address",
    "name",
    address=address,
    carrier=words(empty=True),
    name=words(),
    phone=words(empty=True),
    tracking_number=words(empty=True),
)
"""Read the shipping address of a payment."""


def _country(name: str, value: Any) -> str | None:
    """Read the country of a card's owner.

    Stripe knows the valid countries only in this parameter.
    """
    code: str | None = words(empty=True)(name, value)
    if code is not None and code.upper() not in COUNTRIES:
        raise invalid(
            f"Country '{code}' is unknown. Try using a 2-character alphanumeric country code"
            " instead, such as 'US', 'EG', or 'GB'. A full list of country codes is available at"
            " https://en.wikipedia.org/wiki/ISO_3166-1_alpha-2#Officially_assigned_code_elements",
            name,
        )
    return code


billing = Form(
    address=_Whole(**{**dict.fromkeys(ADDRESS, words(empty=True)), "country": _country}),
    email=email,
    name=words(empty=True),
    phone=words(empty=True),
    tax_id=words(empty=True),
)
"""Read the billing details of a card's owner."""


def metadata(name: str, value: Any) -> dict[str, str] | None:
    """Read changes to metadata.

    An empty value unsets a key. `metadata=` unsets all keys, and is None here.
    """
    if value == "":
        return None
    if not nested(value):
        raise invalid("Invalid hash: metadata", name)
    for key, text in value.items():
        if len(key) > 40:
            raise invalid(
                (
                    "Metadata keys can have up to 40 characters, but you passed in a key that is"
                    f" {len(key)} characters."
                ),
                name,
            )
        if not isinstance(text, str):
            raise invalid("Metadata values must be text", name)
        if len(text) > 500:
            raise invalid(
                f"Metadata values can have up to 500 characters, but you passed in a value that is"
                f" {len(text)} characters.",
                name,
            )
    return value


def changed(old: dict[str, str], change: dict[str, str] | None) -> dict[str, str]:
    """Return metadata with a change made to it.

    Raises:
        Refusal: There would be more than 50 keys.
    """
    if not change:
        return {} if change is None else old
    new = {key: text for key, text in {**old, **change}.items() if text}
    if len(new) > 50:
        raise invalid(f"Metadata can have up to 50 keys, but this has {len(new)}.", "metadata")
    return new


def limit(name: str, value: Any) -> int:
    """Read the number of objects on a page.

    Stripe takes a smaller number for 1, and a larger one for 100.
    """
    wanted: int = integer()(name, value)
    return min(max(wanted, 1), 100)


class _Span(Form):
    """A filter by time: `created=1` or `created[gte]=1`, as bounds."""

    def __call__(self, name: str, value: Any) -> JSON | None:
        """Read the filter."""
        if nested(value):
            return super().__call__(name, value)
        moment = integer()(name, value)
        return {"gte": moment, "lte": moment}


created = _Span(**dict.fromkeys(("gt", "gte", "lt", "lte"), integer()))

NOTHING = Form()
"""The form of an endpoint that takes no parameters."""


def listing(**readers: Reader) -> Form:
    """Make the form of a list endpoint."""
    return Form(limit=limit, starting_after=_text, ending_before=_text, created=created, **readers)
