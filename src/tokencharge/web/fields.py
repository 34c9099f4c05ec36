"""What a request submits: a token and an e-mail, or a saved card.

It also says what its page showed, which try it is, and whether to keep the card. No
amount is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeGuard

import attrs

from .. import _checks as check
from ..errors import InvalidInput

BODY_LIMIT = 16_384
"""How many bytes of a body are read.

A token, an e-mail and two addresses need far fewer.
"""

TOKEN_FIELDS = ("token", "stripeToken")
EMAIL_FIELDS = ("email", "stripeEmail")
_UNCLEAR_FIELD = "unclear"
_SHOWN_FIELD = "shown"
CARD_FIELD = "card"
ATTEMPT_FIELD = "attempt"
KEEP_FIELD = "keep"
NEW_CARD = "new"
"""The page's value of `card` if the buyer enters a new card."""
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# Frameworks put U+FFFD where bytes were not UTF-8. A NUL ends strings too early. Half a
# surrogate pair, which JSON can hold, cannot be sent on.
_NOT_TEXT = re.compile("[\0\ufffd\ud800-\udfff]")


@attrs.frozen
class Incoming:
    """A request, as far as a framework must read it.

    Attributes:
        content_type: The header, or an empty string.
        accept: The header, or an empty string.
        length: The Content-Length. None if there is none; then nothing is read.
        form: Returns the decoded fields of a form. It is called for form content types
            only, and may be called twice.
        body: Returns the raw body. It is called for JSON only, and may be called twice.
        request: The framework's own request, which `before_charge` gets.
        host: The Host header: where the request arrived.
        origin: The Origin header, or an empty string: whose page sent it.
        fetch_site: The Sec-Fetch-Site header, or an empty string: what the browser
            itself says about whose page sent it.
        language: The buyer's language: the code of a locale if the framework knows it,
            else the Accept-Language header.
    """

    content_type: str
    accept: str
    length: int | None
    form: Callable[[], Iterable[tuple[str, object]]]
    body: Callable[[], bytes]
    request: Any
    host: str = ""
    origin: str = ""
    fetch_site: str = ""
    language: str = ""

    @property
    def kind(self) -> str:
        """The content type without its parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def wants_json(self) -> bool:
        """Whether a script is asking: it posts JSON, or accepts JSON and no page."""
        accept = self.accept.lower()
        return self.kind == "application/json" or (
            "application/json" in accept and "text/html" not in accept
        )


def read_fields(incoming: Incoming) -> list[tuple[str, object]]:
    """Read the fields that were sent.

    Fields that are not asked for, above all an amount, are never used.
    """
    if incoming.length is None:
        raise InvalidInput("The request does not tell the length of its body: send Content-Length.")
    if incoming.length > BODY_LIMIT:
        raise InvalidInput(
            "The request body is too large: send what is asked for, and nothing else."
        )
    if incoming.kind == "application/json":
        return _read_json(incoming.body())
    if incoming.kind in _FORMS:
        return list(incoming.form())
    raise InvalidInput(
        "The content type is neither a form nor JSON: post application/json or a form."
    )


def read_token(fields: Iterable[tuple[str, object]]) -> str:
    """Return the one token among the fields; refuse what cannot be a token."""
    return check.token(_one(fields, TOKEN_FIELDS, "token"))


def read_email(fields: Iterable[tuple[str, object]]) -> str:
    """Return the one e-mail among the fields, without white space around it.

    Otherwise it is as it was typed.
    """
    return _one(fields, EMAIL_FIELDS, "e-mail").strip()


def read_shown(fields: Iterable[tuple[str, object]]) -> str | None:
    """Return what the page says it showed; None if it says nothing, as scripts may."""
    said = [value for name, value in fields if name == _SHOWN_FIELD]
    if len(said) > 1 or not all(isinstance(value, str) for value in said):
        raise InvalidInput(
            "What the page showed was sent more than once, or is no text: send it as `shown`, once."
        )
    return str(said[0]) if said else None


def read_card(fields: Iterable[tuple[str, object]]) -> str | None:
    """Return the saved card that the buyer chose.

    None means a new card, whose token was sent.
    """
    said = [value for name, value in fields if name == CARD_FIELD and value not in ("", NEW_CARD)]
    if not said:
        return None
    if any(name in TOKEN_FIELDS and value != "" for name, value in fields):
        raise InvalidInput("A saved card and a token were sent: send one of them.", param="token")
    return check.saved_card(_one(fields, (CARD_FIELD,), "card"))


def read_attempt(fields: Iterable[tuple[str, object]]) -> str | None:
    """Return the page's name for this try of a saved card; None if it has none."""
    said = any(name == ATTEMPT_FIELD and value != "" for name, value in fields)
    return check.attempt(_one(fields, (ATTEMPT_FIELD,), "attempt")) if said else None


def read_keep(fields: Iterable[tuple[str, object]]) -> bool:
    """Tell whether the buyer wants the card kept for their next visit.

    That is a ticked box, or `true` in JSON.
    """
    said = [value for name, value in fields if name == KEEP_FIELD]
    if len(said) > 1 or not all(isinstance(value, (str, bool)) for value in said):
        raise InvalidInput(
            "Whether to keep the card is said once, by true or false.", param=KEEP_FIELD
        )
    return bool(said and said[0])


def is_unclear(fields: Iterable[tuple[str, object]]) -> bool:
    """Tell whether the same submission was sent before and its outcome is open."""
    return any(name == _UNCLEAR_FIELD for name, _ in fields)


def is_text(value: object) -> TypeGuard[str]:
    """Tell whether a value is text that can be sent on."""
    return isinstance(value, str) and _NOT_TEXT.search(value) is None


def _read_json(body: bytes) -> list[tuple[str, object]]:
    try:
        pairs = json.loads(body.decode(), object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        raise InvalidInput("The request body is not JSON in UTF-8.") from None
    if not isinstance(pairs, Pairs):
        raise InvalidInput('The JSON body is not an object: send {"token": ..., "email": ...}.')
    return list(pairs)


class Pairs(list[tuple[str, object]]):
    """A JSON object that keeps repeated names, so that two tokens stay two."""


def _one(fields: Iterable[tuple[str, object]], names: tuple[str, ...], what: str) -> str:
    found = [value for name, value in fields if name in names and value != ""]
    if not found:
        raise InvalidInput(
            f"The {what} is missing: send it as {' or '.join(names)}.", param=names[0]
        )
    if len(found) > 1:
        raise InvalidInput(f"The {what} was sent {len(found)} times: send it once.", param=names[0])
    value = found[0]
    if not is_text(value):
        raise InvalidInput(f"The {what} is not text in UTF-8.", param=names[0])
    return value
