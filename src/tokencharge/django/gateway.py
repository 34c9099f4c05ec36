"""The gateway of this process, made from Django's settings when first used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

from .. import PaymentGateway, Settings
from ..web import check_gateway

_in_use: list[PaymentGateway] = []


def read_settings() -> Settings:
    """Read the STRIPE_ names of Django's settings.

    Raises:
        ConfigurationError: A key or a setting is not valid.
    """
    names = [name for name in dir(settings) if name.startswith("STRIPE_")]
    return Settings.from_mapping({name: getattr(settings, name) for name in names})


def current_gateway() -> PaymentGateway:
    """Return the gateway that charges: the one in use, else the one of the settings.

    Raises:
        ConfigurationError: A key or a setting is not valid.
    """
    return _in_use[-1] if _in_use else _of_settings()


@contextmanager
def use_gateway(gateway: PaymentGateway) -> Iterator[PaymentGateway]:
    """Charge with another gateway inside the block, in all threads: for tests."""
    check_gateway(gateway, awaited=False)
    _in_use.append(gateway)
    try:
        yield gateway
    finally:
        _in_use.remove(gateway)


@lru_cache(maxsize=1)
def _of_settings() -> PaymentGateway:
    return PaymentGateway.from_settings(read_settings())


@receiver(setting_changed)
def _forget(*, setting: str, **_: Any) -> None:
    if setting.startswith("STRIPE_"):
        _of_settings.cache_clear()
