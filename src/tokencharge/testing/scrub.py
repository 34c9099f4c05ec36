"""Scrubbing: what a cassette may show of a request and of an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from .._secrets import CLIENT_SECRET, EMAIL, KEY, REFRESH_TOKEN, TOKEN, replaced
from .reading import (
    LOGIN,
    card_numbers,
    decoded,
    encoded,
    encoded_text,
    given_away,
    is_shareable_email,
    is_shareable_token,
    plain,
)
from .standins import StandIns

# Headers are dropped unless they are known to be harmless: Stripe and the SDK add new
# ones.
_REQUEST_HEADERS = ("content-type", "idempotency-key", "stripe-account", "stripe-version")
_ANSWER_HEADERS = (
    "content-type",
    "date",
    "idempotency-key",
    "idempotent-replayed",
    "original-request",
    "request-id",
    "retry-after",
    "stripe-rate-limited-reason",
    "stripe-should-retry",
    "stripe-version",
)

# Fields that identify a person or a card, wherever they are.
_PERSONAL = frozenset(
    """
    address_city address_line1 address_line2 address_state address_zip
    authorization_code business_name city client_ip customer_name customer_purchase_ip
    cvc individual_name ip ip_address line1 line2 name network_transaction_id number
    phone postal_code receipt_number state tax_id
    """.split()
)

# An id has a digit or a capital letter. Without this rule, the words card_declined and
# in_progress would be ids.
_ID = re.compile(
    r"\b(acct|ba|card|cc|ch|cs|ct|cus|dp|evt|fee|file|fp|iar|in|mandate|pi|pm(?!_card)|pmc|po|price|prod|prv|py|pyr|re"
    r"|req|seti|si|src|sub|tr|trr|txn)"
    r"_(?=[a-z_]*[A-Z0-9])[A-Za-z0-9_]{6,}"
)
_DIGEST = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{32}(?![0-9A-Za-z])")
_HALF_DIGEST = re.compile(r"\btokencharge_([0-9a-f]{16})_")
_LINK = re.compile(r"(https://(?!(?:api|docs|js|support)\.)[a-z-]+\.stripe\.com/)[^\s\"<>\\]+")

_BLOTS = (
    (LOGIN, r"\g<scheme> scrubbed"),
    (KEY, r"\g<prefix>scrubbed"),
    (REFRESH_TOKEN, r"\g<prefix>scrubbed"),
    (_LINK, r"\1scrubbed"),
    (CLIENT_SECRET, "_secret_scrubbed"),
)
"""What is blotted out in the same way each time. All else gets a stand-in."""


class Scrubber:
    """Writes requests and answers as a cassette may hold them."""

    def __init__(self, stand_ins: StandIns) -> None:
        self._stand_ins = stand_ins

    def uri(self, uri: str) -> str:
        """Return where a request goes: Stripe's address, with scrubbed parameters.

        It is Stripe's address even if another server stood in for Stripe.
        """
        parts = urlsplit(uri)
        path = "https://api.stripe.com" + self._text(parts.path)
        return f"{path}?{self._form(parts.query)}" if parts.query else path

    def request_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers of a request that may be shown."""
        kept = {name: self._text(value) for name, value in _known(headers, _REQUEST_HEADERS)}
        key = kept.get("idempotency-key", "tokencharge-")
        if not key.startswith("tokencharge-"):
            kept["idempotency-key"] = self._stand_ins.name("key", key)
        return kept

    def request_body(self, body: bytes | str | None) -> str:
        """Return a request's form or JSON, scrubbed."""
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
        return self._body(text) if text.startswith("{") else self._form(text)

    def answer(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return an answer in vcrpy's shape, scrubbed."""
        headers = {name: value[0] for name, value in answer["headers"].items()}
        body = answer["body"].get("string") or b""
        return {
            "status": dict(answer["status"]),
            "headers": {
                name: [self._text(value)] for name, value in _known(headers, _ANSWER_HEADERS)
            },
            "body": {"string": self._body(decoded(body)).encode()},
        }

    def _body(self, body: str) -> str:
        try:
            document = json.loads(body)
        except ValueError:
            return self._text(body)
        return json.dumps(self._value("", document), indent=1, ensure_ascii=False)

    def _form(self, form: str) -> str:
        pairs = parse_qsl(form, keep_blank_values=True)
        scrubbed = [(self._text(name), self._value(_leaf(name), value)) for name, value in pairs]
        return urlencode(scrubbed, safe="[]@/:", quote_via=quote)

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._text(key): self._value(key, entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [self._value(name, entry) for entry in value]
        if isinstance(value, int) and card_numbers(str(value)):
            return self._stand_ins.name("number", str(value))
        if not isinstance(value, str) or not value:
            return value
        if name in ("last4", "dynamic_last4"):
            return "0000"
        if name == "fingerprint":
            return self._stand_ins.name("fingerprint", value)
        if name.endswith("email") and not is_shareable_email(value):
            # The whole value is replaced: an address may be written in ways that no
            # pattern knows.
            return self._stand_ins.name("email", value)
        if name in _PERSONAL:
            return self._stand_ins.name("personal", value)
        return self._text(value)

    def _text(self, text: str) -> str:
        text = self._blotted(text)
        readable = plain(text)
        # What an encoding hides cannot be replaced within it.
        return self._blotted(readable) if readable != text and given_away(readable) else text

    def _blotted(self, text: str) -> str:
        name = self._stand_ins.name
        telling = [found for found in encoded(text) if given_away(encoded_text(found[0]))]
        text = replaced(text, telling, lambda run: name("encoded", run))
        for secret, blot in _BLOTS:
            text = secret.sub(blot, text)
        text = TOKEN.sub(self._token, text)
        text = _ID.sub(self._id, text)
        text = _HALF_DIGEST.sub(lambda found: f"tokencharge_{name('half', found[1])}_", text)
        text = _DIGEST.sub(lambda found: name("digest", found[0]), text)
        text = replaced(text, card_numbers(text), lambda number: name("number", number))
        return EMAIL.sub(
            lambda found: found[0] if is_shareable_email(found[0]) else name("email", found[0]),
            text,
        )

    def _token(self, found: re.Match[str]) -> str:
        return (
            found[0]
            if is_shareable_token(found[0])
            else self._stand_ins.name(found["kind"], found[0])
        )

    def _id(self, found: re.Match[str]) -> str:
        secret = "_secret_scrubbed"
        rest = secret if found[0].endswith(secret) else ""
        return self._stand_ins.name(found[1], found[0].removesuffix(secret)) + rest


def _known(headers: Mapping[str, str], names: tuple[str, ...]) -> list[tuple[str, str]]:
    lower = {name.lower(): str(value) for name, value in headers.items()}
    return [(name, lower[name]) for name in names if name in lower]


def _leaf(name: str) -> str:
    return name.rpartition("[")[2].removesuffix("]") if "[" in name else name
