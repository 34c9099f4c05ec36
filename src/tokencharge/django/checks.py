"""System checks: what is wrong with the keys, before anyone pays.

* tokencharge.E001 to E003: `STRIPE_SECRET_KEY`, `STRIPE_PUBLISHABLE_KEY` or
  `STRIPE_WEBHOOK_SECRET` is not valid.
* tokencharge.E004: another setting is not valid, or two contradict each other.
* tokencharge.E005: the URLs have a checkout page, and `INSTALLED_APPS` lacks this app.
  The URLs of `checkout_urls` check that, because this module is the app's.
* tokencharge.W001: a live key under DEBUG.
* tokencharge.W002: no publishable key, so no checkout page.
* tokencharge.W003: no django.contrib.staticfiles, so no script on the checkout page.
* tokencharge.W004: a test key in deployment (`check --deploy`).
* tokencharge.W005: webhooks, but no cache that processes share to remember them in
  (`check --deploy`).
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache

from .. import ConfigurationError
from .gateway import read_settings

_AT_FAULT = {
    "STRIPE_SECRET_KEY": "E001",
    "STRIPE_PUBLISHABLE_KEY": "E002",
    "STRIPE_WEBHOOK_SECRET": "E003",
}


@checks.register("tokencharge")
def check_settings(**_: Any) -> list[checks.CheckMessage]:
    """Check the keys as the gateway does; no message shows a key."""
    try:
        ours = read_settings()
    except ConfigurationError as error:
        number = next(
            (number for name, number in _AT_FAULT.items() if name in error.message), "E004"
        )
        return [checks.Error(error.message, id=f"tokencharge.{number}")]
    found: list[checks.CheckMessage] = []
    if settings.DEBUG and ours.mode == "live":
        found.append(
            checks.Warning(
                "STRIPE_SECRET_KEY is a live key while DEBUG is on: "
                "trying things out takes real money.",
                hint="Use the sk_test_ key here, "
                "and set STRIPE_LIVEMODE = False to refuse the other.",
                id="tokencharge.W001",
            )
        )
    if ours.publishable_key is None:
        found.append(
            checks.Warning(
                "STRIPE_PUBLISHABLE_KEY is not set: the checkout page cannot be shown.",
                hint="Set it to the pk_ key of the same account and mode.",
                id="tokencharge.W002",
            )
        )
    if not apps.is_installed("django.contrib.staticfiles"):
        found.append(
            checks.Warning(
                "django.contrib.staticfiles is not installed: "
                "the checkout page will lack its script and style.",
                hint='Add "django.contrib.staticfiles" to INSTALLED_APPS, '
                "or serve tokencharge/assets/static yourself.",
                id="tokencharge.W003",
            )
        )
    return found


@checks.register("tokencharge", deploy=True)
def check_deployment(**_: Any) -> list[checks.CheckMessage]:
    """Check what matters where real buyers pay."""
    try:
        ours = read_settings()
    except ConfigurationError:
        return []
    found: list[checks.CheckMessage] = []
    if ours.mode == "test":
        found.append(
            checks.Warning(
                "STRIPE_SECRET_KEY is a test key: no real money will move.",
                hint="Set the keys of live mode, and STRIPE_LIVEMODE = True to refuse the others.",
                id="tokencharge.W004",
            )
        )
    if ours.webhook_secrets and isinstance(caches[DEFAULT_CACHE_ALIAS], (DummyCache, LocMemCache)):
        found.append(
            checks.Warning(
                "The default cache is each process's own: "
                "an event may be handled once in every process.",
                hint="Set CACHES to one they share, Redis or the database, "
                "or give WebhookView.cache the name of one.",
                id="tokencharge.W005",
            )
        )
    return found
