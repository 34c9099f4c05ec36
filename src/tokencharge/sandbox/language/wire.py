"""`Request`, `Response` and Stripe's form encoding."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, TypeGuard
from urllib.parse import unquote_plus

import attrs

JSON = dict[str, Any]

API_VERSION = "2026-10-28.endive"
"""The version of Stripe's API whose shape the bodies have."""


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _key_of(request: Request) -> str | None:
    return request.headers.get("idempotency-key") or None if request.method == "POST" else None


@attrs.frozen
class Request:
    """A request as it reaches the sandbox.

    Attributes:
        method: "GET", "POST" or "DELETE".
        path: The path without the query: "/v1/charges".
        query: The text after the question mark, still encoded.
        headers: The headers, with names in lower case. The repr omits them, and query
            and body.
        body: The form, still encoded.
        idempotency_key: The idempotency key of a POST. Stripe ignores it on other
            methods.
    """

    method: str
    path: str
    query: str = attrs.field(default="", repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], converter=_lower, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)
    idempotency_key: str | None = attrs.field(
        default=attrs.Factory(_key_of, takes_self=True), init=False, repr=False
    )

    @property
    def api_key(self) -> str:
        """The API key of the request.

        It is a Bearer token, or the user name of basic authentication, which curl
        sends.
        """
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return key
        try:
            return base64.b64decode(key).decode("latin-1").partition(":")[0]
        except ValueError:
            return ""

    @property
    def form(self) -> JSON:
        """The parameters: the body of a POST, the query of any other method."""
        return decode_body(self.body) if self.method == "POST" else decode_form(self.query)


@attrs.frozen
class Response:
    """A response of the sandbox; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    body: bytes = attrs.field(default=b"", repr=False)


def nested(value: Any) -> TypeGuard[JSON]:
    """Tell whether the value of a parameter has parameters of its own."""
    return isinstance(value, dict)


def decode_body(body: bytes) -> JSON:
    """Decode the form in a body."""
    return decode_form(body.decode("utf-8", "replace"))


def decode_form(text: str) -> JSON:
    """Decode a form into nested mappings.

    `card[number]=4242` becomes `{"card": {"number": "4242"}}`. The lists `expand[]=a`
    and `expand[0]=a` become `{"expand": {"0": "a"}}`, in the order of the form.
    """
    form: JSON = {}
    for pair in filter(None, text.split("&")):
        # Most pairs are plain and need no decoding.
        name, _, value = (
            map(unquote_plus, pair.partition("="))
            if "%" in pair or "+" in pair
            else pair.partition("=")
        )
        if "[" not in name:
            form[name] = value
            continue
        *parents, leaf = name.replace("]", "").split("[")
        node = form
        for parent in parents:
            child = node.get(parent)
            if not nested(child):
                child = node[parent] = {}
            node = child
        node[leaf or str(len(node))] = value
    return form
