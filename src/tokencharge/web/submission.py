"""What a request submits: a token and an e-mail, or a saved card; and what its page had shown. Nothing else of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeGuard

import attrs

from .. import _checks as check
from ..errors import InvalidInput

BODY_LIMIT = 16_384
"""Bytes of body that are read: a token, an e-mail and two addresses fit many times over."""

TOKEN_FIELDS = ("token", "stripeToken")
EMAIL_FIELDS = ("email", "stripeEmail")
_UNCLEAR_FIELD = "unclear"
_SHOWN_FIELD = "shown"
CARD_FIELD = "card"
ATTEMPT_FIELD = "attempt"
KEEP_FIELD = "keep"
NEW_CARD = "new"
"""What the page sends as `card` where the buyer enters one."""
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# Frameworks put U+FFFD where bytes were not UTF-8; a NUL ends strings where they should not end; half a surrogate
# pair, which JSON can spell, cannot be sent on.
_NOT_TEXT = re.compile("[\0\ufffd\ud800-\udfff]")


@attrs.frozen
class Incoming:
    """A request, as far as a framework has to read it.

    Attributes:
        content_type: The header, or an empty string.
        accept: The header, or an empty string.
        length: The Content-Length; None where there is none, and then nothing is read.
        form: Returns the decoded fields of a form; called for form content types only, maybe twice.
        body: Returns the raw body; called for JSON only, maybe twice.
        request: The framework's own request, handed to `before_charge`.
        host: The Host header: where the request arrived.
        origin: The Origin header, or an empty string: whose page sent it.
        fetch_site: The Sec-Fetch-Site header, or an empty string: what the browser itself says of that.
        language: The buyer's: the code of a locale, where the framework knows it, else the Accept-Language header.
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
        """A script is asking: it posts JSON, or takes JSON and no page."""
        accept = self.accept.lower()
        return self.kind == "application/json" or (
            "application/json" in accept and "text/html" not in accept
        )


def read_fields(incoming: Incoming) -> list[tuple[str, object]]:
    """Read the fields that were sent; what is not asked for, an amount above all, is left where it is."""
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
    """Return the one token among the fields; what cannot be one goes no further."""
    return check.token(_one(fields, TOKEN_FIELDS, "token"))


def read_email(fields: Iterable[tuple[str, object]]) -> str:
    """Return the one e-mail among the fields, as it was typed but for white space around it."""
    return _one(fields, EMAIL_FIELDS, "e-mail").strip()


def read_shown(fields: Iterable[tuple[str, object]]) -> str | None:
    """Return what the page says that it showed; None where it says nothing, as scripts may."""
    said = [value for name, value in fields if name == _SHOWN_FIELD]
    if len(said) > 1 or not all(isinstance(value, str) for value in said):
        raise InvalidInput(
            "What the page showed was sent more than once, or is no text: send it as `shown`, once."
        )
    return str(said[0]) if said else None


def read_card(fields: Iterable[tuple[str, object]]) -> str | None:
    """Return the saved card that the buyer has chosen; None where it is a new one, whose token was sent."""
    said = [value for name, value in fields if name == CARD_FIELD and value not in ("", NEW_CARD)]
    if not said:
        return None
    if any(name in TOKEN_FIELDS and value != "" for name, value in fields):
        raise InvalidInput("A saved card and a token were sent: send one of them.", param="token")
    return check.saved_card(_one(fields, (CARD_FIELD,), "card"))


def read_attempt(fields: Iterable[tuple[str, object]]) -> str | None:
    """Return how the page calls this try of a saved card; None where it does not say."""
    said = any(name == ATTEMPT_FIELD and value != "" for name, value in fields)
    return check.attempt(_one(fields, (ATTEMPT_FIELD,), "attempt")) if said else None


def read_keep(fields: Iterable[tuple[str, object]]) -> bool:
    """Tell whether the buyer wants the card kept for their next visit: a ticked box, or `true` in JSON."""
    said = [value for name, value in fields if name == KEEP_FIELD]
    if len(said) > 1 or not all(isinstance(value, (str, bool)) for value in said):
        raise InvalidInput(
            "Whether to keep the card is said once, by true or false.", param=KEEP_FIELD
        )
    return bool(said and said[0])


def is_unclear(fields: Iterable[tuple[str, object]]) -> bool:
    """Tell whether the outcome of the same submission, sent before, is still open."""
    return any(name == _UNCLEAR_FIELD for name, _ in fields)


def is_text(value: object) -> TypeGuard[str]:
    """Tell text that can be sent on from anything else."""
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
    """A JSON object with its doubled names kept, so that two tokens are seen to be two."""


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
