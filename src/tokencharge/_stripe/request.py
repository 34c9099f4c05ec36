"""Write a Call as an HTTP request: its address, its headers, its form."""

from __future__ import annotations

import functools
import platform
import uuid
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any
from urllib.parse import quote_plus

import attrs

from .._flows import Call
from ..settings import Settings

API_VERSION = "2026-10-28.endive"
"""Stripe's API version, pinned.

So answers keep their shape, whatever SDK is installed and whatever the account's
default is.
"""

_SENDER = f"tokencharge/{version('tokencharge')} Python/{platform.python_version()}"


@attrs.frozen
class Request:
    """One HTTP request, as each of its tries sends it."""

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: str | None = attrs.field(repr=False)


def written(call: Call, settings: Settings) -> Request:
    """Write a Call for an account.

    A POST always has an idempotency key, so that Stripe carries out one of its tries
    only.
    """
    url = settings.api_base.rstrip("/") + call.path
    headers = {
        "Authorization": f"Bearer {settings.secret_key}",
        "Stripe-Version": API_VERSION,
        "User-Agent": _SENDER,
    }
    form = encoded(call.params)
    if call.method == "post":
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        headers["Idempotency-Key"] = call.key or str(uuid.uuid4())
        return Request("post", url, headers, form)
    return Request(call.method, f"{url}?{form}" if form else url, headers, None)


def encoded(params: Mapping[str, Any]) -> str:
    """Encode parameters as Stripe reads them: `metadata[order_id]=7&expand[0]=card`."""
    return "&".join(_fields(params))


# The same few dozen names come again and again. Values are not kept: tokens are among
# them.
_quoted = functools.lru_cache(maxsize=512)(quote_plus)


def _fields(params: Mapping[Any, Any], within: str = "") -> Iterator[str]:
    for name, value in params.items():
        quoted = _quoted(str(name))
        field = f"{within}[{quoted}]" if within else quoted
        if isinstance(value, str):
            yield f"{field}={quote_plus(value)}"
        elif isinstance(value, bool):
            yield f"{field}={'true' if value else 'false'}"
        elif isinstance(value, int):
            yield f"{field}={value}"
        elif isinstance(value, Mapping):
            yield from _fields(value, field)
        elif value is not None:
            yield from _fields(dict(enumerate(value)), field)
