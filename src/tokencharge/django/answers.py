"""Answers in JSON, calls that may be async, and no transaction around a charge."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutine
from typing import Any

from asgiref.sync import async_to_sync
from django.db import connections, transaction
from django.http import HttpResponse, HttpResponseBase, JsonResponse

from ..web import Reply


def as_json(reply: Reply) -> HttpResponse:
    """Answer a script with JSON."""
    return JsonResponse(dict(reply.payload), status=reply.status, headers=dict(reply.headers))


def call(function: Callable[[Any], object], given: Any) -> object:
    """Call a hook or a handler of the site, and wait if it is async."""
    result: Any = function(given)

    async def wait() -> object:
        return await result

    return async_to_sync(wait)() if iscoroutine(result) else result


def non_atomic(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Exempt a view from ATOMIC_REQUESTS."""
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view
