"""The SDK's requestor, spared what it does anew for each request: headers that are always the same, unread log lines.

That is a fifth of what a charge costs. It is taken out inside the SDK, in methods that are not public, so it is
rehearsed first: where the HTTP client would be handed anything else than by the SDK alone, the SDK is left alone.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Coroutine
from typing import Any

import stripe

_logger = logging.getLogger("stripe")
# The SDK reads it as it is imported, too.
_STRIPE_LOG = os.environ.get("STRIPE_LOG")

_REHEARSED: list[tuple[str, dict[str, Any]]] = [
    ("post", {"amount": 1, "metadata": {"a": "b"}, "expand": ["customer"], "idempotency_key": "1"}),
    ("post", {"amount": 2, "capture": False, "idempotency_key": "2"}),
    ("post", {"amount": 3}),
    ("get", {"limit": 1}),
    ("get", {}),
]


def spare(client: stripe.StripeClient) -> stripe.StripeClient:
    """Give a client a requestor that does the same for less, where it does."""
    # A rehearsal would be read, too.
    return _spared(client) if not _is_read() and rehearsed() else client


def _is_read() -> bool:
    """Tell whether somebody reads the SDK's log lines."""
    return bool(stripe.log or _STRIPE_LOG) or _logger.isEnabledFor(logging.INFO)


def _spared(client: stripe.StripeClient) -> stripe.StripeClient:
    theirs: Any = client._requestor
    client._requestor = _thrifty(theirs.__class__)(theirs._options, theirs._client)
    return client


@functools.cache
def _thrifty(kind: Any) -> Any:
    return type(f"Thrifty{kind.__name__}", (_Thrifty, kind), {})


class _Thrifty:
    _args_for_request_with_retries: Any
    _get_http_client: Any

    def __init__(self, options: Any, client: stripe.HTTPClient) -> None:
        super().__init__(options, client)  # type: ignore[call-arg]
        self._made: dict[tuple[str, str], tuple[Any, dict[str, str]]] = {}

    def request_headers(self, method: Any, api_mode: Any, options: Any) -> Any:
        key = options.get("idempotency_key")
        if method != "get" and not key:
            # The SDK makes a key up, another one each time.
            return super().request_headers(method, api_mode, options)  # type: ignore[misc]
        what_for = ({**options, "idempotency_key": None}, stripe.enable_telemetry, stripe.app_info)
        made_for, made = self._made.get((method, api_mode), (None, {}))
        if made_for != what_for:
            made = super().request_headers(method, api_mode, options)  # type: ignore[misc]
            made.pop("Idempotency-Key", None)
            self._made[method, api_mode] = (what_for, made)
        return {**made, "Idempotency-Key": key} if key else {**made}

    def request_raw(
        self,
        method: str,
        url: str,
        params: Any = None,
        options: Any = None,
        *rest: Any,
        **more: Any,
    ) -> Any:
        if rest or _is_read():
            return super().request_raw(method, url, params, options, *rest, **more)  # type: ignore[misc]
        method, url, headers, body, retries, usage, *_ = self._args_for_request_with_retries(
            method, url, params, options, **more
        )
        return self._get_http_client().request_with_retries(
            method, url, headers, body, max_network_retries=retries, _usage=usage
        )

    async def request_raw_async(
        self,
        method: str,
        url: str,
        params: Any = None,
        options: Any = None,
        *rest: Any,
        **more: Any,
    ) -> Any:
        if rest or _is_read():
            return await super().request_raw_async(method, url, params, options, *rest, **more)  # type: ignore[misc]
        more["usage"] = [*(more.get("usage") or ()), "async"]
        method, url, headers, body, retries, usage, *_ = self._args_for_request_with_retries(
            method, url, params, options, **more
        )
        return await self._get_http_client().request_with_retries_async(
            method, url, headers, body, max_network_retries=retries, _usage=usage
        )


@functools.cache
def rehearsed() -> bool:
    """Tell whether the HTTP client is handed the same as by the SDK's own requestor, and its answer handed back."""
    try:
        return _handed(_spared) == _handed(lambda client: client)
    except Exception:  # noqa: BLE001 - an SDK that is built otherwise may trip over anything
        return False


class _Notes(stripe.HTTPClient):
    """A client that sends nothing, and notes what it is handed."""

    name = "notes"

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[Any] = []

    def request_with_retries(
        self, method: Any, url: Any, headers: Any, *rest: Any, **more: Any
    ) -> Any:
        key = headers.get("Idempotency-Key", "none")
        known = {**headers, "Idempotency-Key": "made up" if len(key) > len("none") else key}
        self.notes.append((method, url, known, rest, more))
        return "{}", 200, {}

    async def request_with_retries_async(self, *args: Any, **kwargs: Any) -> Any:
        return self.request_with_retries(*args, **kwargs)


def _handed(prepared: Callable[[stripe.StripeClient], stripe.StripeClient]) -> list[Any]:
    notes = _Notes()
    client = prepared(stripe.StripeClient("sk_test_1", http_client=notes, max_network_retries=2))
    for method, params in _REHEARSED * 2:
        for answer in (
            client.raw_request(method, "/v1/charges", **params),
            _returned(client.raw_request_async(method, "/v1/charges", **params)),
        ):
            notes.notes.append((answer.body, answer.code, answer.headers))
    return notes.notes


def _returned(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that waits for nothing, whether or not a loop is running."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise RuntimeError("It waited for something.")
