"""The patterns of secrets: keys, tokens, card numbers, e-mails, client secrets.

They are defined only here. The code that redacts, scrubs, audits and checks uses them.
Each pattern reads any text in linear time: a repetition is bounded, or its characters
cannot begin what follows it and it begins at the start of a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

_WORD = "A-Za-z0-9_*"
_ALONE = r"(?<![A-Za-z0-9])"

# A key keeps its prefix, and a token its kind. This shows what was there, and cannot be
# used.
_API_KEY = r"(?P<kind>sk|rk|pk|ek)_(?:org_)?(?P<mode>test|live)_"
_KEY_OF_A_MODE = re.compile(_API_KEY)
KEY = re.compile(_ALONE + rf"(?P<prefix>{_API_KEY}|whsec_)[{_WORD}]+")
"""An API key, an ephemeral key or a webhook secret.

Stripe may have masked it with asterisks.
"""

REFRESH_TOKEN = re.compile(_ALONE + r"(?P<prefix>rt_)(?=[a-z_]*[A-Z0-9])[A-Za-z0-9_]{6,}")
"""Renews a connected account's access; has a capital or a digit, unlike words."""

TOKEN = re.compile(_ALONE + r"(?P<prefix>(?P<kind>tok|btok|cvctok|ctoken)_)[A-Za-z0-9_]+")

CLIENT_SECRET = re.compile(r"(?P<prefix>_secret_)[A-Za-z0-9]+")
"""The secret half of an intent's client secret; the other half is its id."""

# A quoted local part may hold characters that would otherwise end it. JSON within a
# text escapes the quotes. An unquoted local part may hold a few apostrophes and commas,
# because people write so: o'neill@, doe,jane@.
_ATOM = r"[^\s@\uff20<>\"'(),:;\\=&\[\]{}]"
EMAIL = re.compile(
    rf"(?:\\?\"(?:[^\"\\\n]|\\[^\"\n]){{1,64}}\\?\"|(?<!{_ATOM}){_ATOM}+(?:[',]{_ATOM}+){{0,3}})[@\uff20]"
    rf"(?:\[[^\]\n]{{1,64}}\]|{_ATOM}+)"
)

# As a form has it, which a proxy may quote.
_EMAIL_OF_A_FORM = re.compile(rf"(?<!{_ATOM}){_ATOM}+?%40{_ATOM}+")

# 12 to 19 digits of any script, with any separators between them, and letters next to
# them on a magnetic track. A colon is no separator, or the time of day would match. Nor
# is an equals sign, which ends a number on a track.
_BETWEEN = r"(?:[^\w:=@%&?<>(){}\[\]^]|_){0,3}"
_CARD_NUMBER = re.compile(rf"\d(?:{_BETWEEN}\d){{11,18}}")
_CARD_NUMBERS = re.compile(rf"(?<!\d)\d(?:{_BETWEEN}\d){{12,18}}(?!\d)")
# Digests and UUIDs: their digits are not a card's.
_HEXADECIMAL = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9A-Za-z])"
)


class Hidden:
    """A text that only `value()` returns: no repr, attribute or pickle has it."""

    __slots__ = ("value",)

    def __init__(self, value: str | None = None) -> None:
        self.value: Callable[[], str | None] = lambda: value

    def __repr__(self) -> str:
        return "[hidden]"

    def __reduce__(self) -> tuple[type[Hidden], tuple[()]]:
        return Hidden, ()

    def __deepcopy__(self, memo: object) -> Hidden:
        return self


class Discreet:
    """Compares field by field, in a method of its own.

    If two objects with attrs' own method differ, pytest prints each field, even one
    that repr leaves out.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        fields = (field for field in attrs.fields(type(self)) if field.eq)  # type: ignore[arg-type]
        return all(getattr(self, field.name) == getattr(other, field.name) for field in fields)

    def __hash__(self) -> int:
        fields = attrs.fields(type(self))  # type: ignore[arg-type]
        hashed = (field for field in fields if field.eq and field.hash is not False)
        return hash(tuple(getattr(self, field.name) for field in hashed))


def kind_of(key: str) -> str | None:
    """Return the kind of an API key, "sk", "rk", "pk" or "ek"; else None."""
    match = _KEY_OF_A_MODE.match(key)
    return match["kind"] if match else None


def mode_of(key: str) -> str | None:
    """Return the mode that an API key's prefix shows, "test" or "live"; else None."""
    match = _KEY_OF_A_MODE.match(key)
    return match["mode"] if match else None


def is_key(text: str) -> bool:
    """Tell whether a text begins like a key or a webhook secret."""
    return text.startswith(("sk_", "rk_", "pk_", "ek_", "whsec_"))


def is_card_number(text: str) -> bool:
    """Tell whether a text is a card number, or nearly so, however it is written."""
    return _CARD_NUMBER.fullmatch(text.strip()) is not None


def card_numbers(text: str) -> Iterator[re.Match[str]]:
    """Find runs of 13 to 19 digits that may be a card number."""
    # The replacement has the same length, so that positions stay the same.
    return _CARD_NUMBERS.finditer(_HEXADECIMAL.sub(lambda found: "x" * len(found[0]), text))


def replaced(text: str, found: Iterable[re.Match[str]], by: Callable[[str], str]) -> str:
    """Return a text in which each match is replaced."""
    parts, end = [], 0
    for each in found:
        parts += [text[end : each.start()], by(text[each.start() : each.end()])]
        end = each.end()
    return "".join([*parts, text[end:]])


def passes_luhn(number: str) -> bool:
    """Tell whether the check digit of a card number is right."""
    digits = [int(digit) for digit in reversed(number) if digit.isdecimal()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[1::2]]
    return any(digits) and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def redact(text: str) -> str:
    """Return a text without keys, tokens, client secrets, card numbers and e-mails."""
    for pattern in (KEY, TOKEN, REFRESH_TOKEN, CLIENT_SECRET):
        text = pattern.sub(r"\g<prefix>[redacted]", text)
    for pattern in (EMAIL, _EMAIL_OF_A_FORM):
        text = pattern.sub("[e-mail redacted]", text)
    return replaced(text, card_numbers(text), lambda _: "[card number redacted]")


def redact_body(body: str) -> str:
    """Return an answer's body redacted; if it was JSON, it still is.

    A client secret stays in its own field.
    """
    try:
        return json.dumps(_redact_within(json.loads(body)))
    except (ValueError, RecursionError):
        return redact(body)


def _redact_within(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {
            redact(name): entry if name == "client_secret" else _redact_within(entry)
            for name, entry in value.items()
        }
    if isinstance(value, list):
        return [_redact_within(entry) for entry in value]
    return value
