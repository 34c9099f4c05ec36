"""Find what a recorded text gives away, however it was encoded."""

from __future__ import annotations

import base64
import gzip
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from .._secrets import CLIENT_SECRET, EMAIL, KEY, REFRESH_TOKEN, TOKEN, passes_luhn
from .._secrets import card_numbers as digit_runs
from ..sandbox.shapes.magic import TOKENS
from .standins import STAND_IN

# It is a header's whole value, or follows the header's name: prose may contain Bearer
# and Basic, too.
_LOGIN_HEADER = re.compile(
    r"""(?:^|authorization["']?\s{0,9}[:=][\s\["'-]{0,9})(?:Bearer|Basic)\s{1,9}(?!scrubbed)[A-Za-z0-9+/=_.-]{8,}""",
    re.IGNORECASE,
)
# It may be anywhere, because no word of prose has a digit in it.
LOGIN = re.compile(
    r"\b(?P<scheme>Bearer|Basic)\s{1,9}(?=[A-Za-z+/_.-]{0,99}[0-9=])(?!scrubbed)[A-Za-z0-9+/=_.-]{8,}",
    re.IGNORECASE,
)
_FINGERPRINT = re.compile(
    r"""fingerprint["']?\s{0,9}[:=]\s{0,9}["']?(?!fingerprint_scrubbed|null\b|None\b)[A-Za-z0-9_]{6,}"""
)
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}")
_AN_EMAIL = "an e-mail outside example.com"
# A text may be encoded two or three times, but not without end.
_ROUNDS = 5


def decoded(body: bytes) -> str:
    """Return a body as text, and unpack it if it is compressed."""
    unpacked = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    return unpacked.decode("utf-8", "replace")


def is_shareable_email(address: str) -> bool:
    """Tell whether an address belongs to nobody, because it is at example.com."""
    domain = address.rpartition("@")[2].lower()
    return domain == "example.com" or domain.endswith(".example.com")


def is_shareable_token(token: str) -> bool:
    """Tell whether a token is one of Stripe's test tokens, or a stand-in."""
    return token in TOKENS or STAND_IN.fullmatch(token) is not None


def card_numbers(text: str) -> list[re.Match[str]]:
    """Find what looks like a card number: 13 to 19 digits with a right check digit."""
    return [found for found in digit_runs(text) if passes_luhn(found[0])]


def encoded_text(run: str) -> str:
    """Return the text that a run of characters holds in base64, in either alphabet.

    If the run is not base64, the text is empty.
    """
    bare = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
    except ValueError:
        return ""


def encoded(text: str) -> Iterator[re.Match[str]]:
    """Find what may be base64."""
    return _BASE64.finditer(text)


def plain(text: str) -> str:
    """Return a text in its plainest characters, without URL, JSON and HTML escapes."""
    for _ in range(_ROUNDS):
        before = text
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), html.unescape(unquote(text)))
        if text == before:
            break
    return unicodedata.normalize("NFKC", text)


def given_away(text: str) -> list[str]:
    """Name what a text gives away: as it is, without escapes, and inside base64."""
    readable = plain(text)
    texts = [readable, *(encoded_text(found[0]) for found in encoded(readable))]
    # In the text as it is, an e-mail would run on past an encoded separator. So e-mails
    # are looked for in the other texts only.
    kinds = [
        *(kind for kind in _kinds(text) if kind != _AN_EMAIL),
        *(kind for each in texts for kind in _kinds(each)),
    ]
    return list(dict.fromkeys(kinds))


def _kinds(text: str) -> Iterator[str]:
    keys = (*KEY.finditer(text), *REFRESH_TOKEN.finditer(text))
    if (
        any(found[0] != f"{found['prefix']}scrubbed" for found in keys)
        or _LOGIN_HEADER.search(text)
        or LOGIN.search(text)
    ):
        yield "an API key or a login"
    if any(not is_shareable_token(found[0]) for found in TOKEN.finditer(text)):
        yield "a token"
    if any(
        found[0] != "_secret_scrubbed" and len(found[0]) > 15
        for found in CLIENT_SECRET.finditer(text)
    ):
        yield "a client secret"
    if card_numbers(text):
        yield "a card number"
    if any(not is_shareable_email(found[0]) for found in EMAIL.finditer(text)):
        yield _AN_EMAIL
    if _FINGERPRINT.search(text):
        yield "a card fingerprint"
