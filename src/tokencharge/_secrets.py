"""What must never be shown, and what each of it looks like: keys, tokens, card numbers, e-mails, client secrets.

This is the one place that knows. What redacts, scrubs, audits and checks asks here. Each pattern reads any text in
linear time: a repetition is bounded, or its characters cannot begin what follows it and it begins at a word's start.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

_WORD = "A-Za-z0-9_*"
_ALONE = r"(?<![A-Za-z0-9])"

# A key keeps its prefix, a token its kind: enough to see what was there, nothing to use it with.
_API_KEY = r"(?P<kind>sk|rk|pk|ek)_(?:org_)?(?P<mode>test|live)_"
_KEY_OF_A_MODE = re.compile(_API_KEY)
KEY = re.compile(_ALONE + rf"(?P<prefix>{_API_KEY}|whsec_)[{_WORD}]+")
"""An API key, an ephemeral key or a webhook secret; one masked by Stripe with asterisks, too."""

REFRESH_TOKEN = re.compile(_ALONE + r"(?P<prefix>rt_)(?=[a-z_]*[A-Z0-9])[A-Za-z0-9_]{6,}")
"""What renews a connected account's access; with a capital or a digit, as words have none."""

TOKEN = re.compile(_ALONE + r"(?P<prefix>(?P<kind>tok|btok|cvctok|ctoken)_)[A-Za-z0-9_]+")

CLIENT_SECRET = re.compile(r"(?P<prefix>_secret_)[A-Za-z0-9]+")
"""The secret half of an intent's client secret; the other half is its id."""

# A quoted local part may hold what else would end it; JSON within a text escapes the quotes. A few apostrophes and
# commas are part of an unquoted one, since people write so: o'neill@, doe,jane@.
_ATOM = r"[^\s@\uff20<>\"'(),:;\\=&\[\]{}]"
EMAIL = re.compile(
    rf"(?:\\?\"(?:[^\"\\\n]|\\[^\"\n]){{1,64}}\\?\"|(?<!{_ATOM}){_ATOM}+(?:[',]{_ATOM}+){{0,3}})[@\uff20]"
    rf"(?:\[[^\]\n]{{1,64}}\]|{_ATOM}+)"
)

# 12 to 19 digits of any script, with anything between them that parts figures; glued to letters on a magnetic track.
# No colon, or the time of day would be one; no equals sign, which ends a number on a track.
_BETWEEN = r"(?:[^\w:=@%&?<>(){}\[\]^]|_){0,3}"
_CARD_NUMBER = re.compile(rf"\d(?:{_BETWEEN}\d){{11,18}}")
_CARD_NUMBERS = re.compile(rf"(?<!\d)\d(?:{_BETWEEN}\d){{12,18}}(?!\d)")
# Digests and UUIDs, whose digits are no card's.
_HEXADECIMAL = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9A-Za-z])"
)


class Hidden:
    """A text that only who asks for it sees: no repr and no attribute has it, and no pickle takes it along."""

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

    Where two objects with attrs' own method differ, pytest prints each field, also one that repr leaves out.
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
    """Return what kind of API key this is, "sk", "rk", "pk" or "ek"; None for anything else."""
    match = _KEY_OF_A_MODE.match(key)
    return match["kind"] if match else None


def mode_of(key: str) -> str | None:
    """Return the mode an API key's prefix tells, "test" or "live"; None where it does not tell."""
    match = _KEY_OF_A_MODE.match(key)
    return match["mode"] if match else None


def is_key(text: str) -> bool:
    """Tell whether a text begins as keys and webhook secrets do."""
    return text.startswith(("sk_", "rk_", "pk_", "ek_", "whsec_"))


def is_card_number(text: str) -> bool:
    """Tell whether a text is a card number, or near enough, however it is written."""
    return _CARD_NUMBER.fullmatch(text.strip()) is not None


def card_numbers(text: str) -> Iterator[re.Match[str]]:
    """Find runs of 13 to 19 digits that may be a card number."""
    # Of the same length, so that what is found stands where it was.
    return _CARD_NUMBERS.finditer(_HEXADECIMAL.sub(lambda found: "x" * len(found[0]), text))


def replaced(text: str, found: Iterable[re.Match[str]], by: Callable[[str], str]) -> str:
    """Return a text with something else in the place of what was found in it."""
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
    """Return a text without keys, tokens, client secrets, card numbers and e-mail addresses."""
    for pattern in (KEY, TOKEN, REFRESH_TOKEN, CLIENT_SECRET):
        text = pattern.sub(r"\g<prefix>[redacted]", text)
    text = EMAIL.sub("[e-mail redacted]", text)
    return replaced(text, card_numbers(text), lambda _: "[card number redacted]")


def redact_body(body: str) -> str:
    """Return an answer's body without them, and still JSON if it was; the client secret stays in its own field."""
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
