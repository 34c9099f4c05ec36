"""The app: where its templates and static files are, its system checks, its settings read at start."""

from __future__ import annotations

import logging
from importlib.resources import files

from django.apps import AppConfig

from .. import ConfigurationError
from .gateway import read_settings


class TokenChargeConfig(AppConfig):
    """`INSTALLED_APPS = [..., "tokencharge.django"]`."""

    name = "tokencharge.django"
    label = "tokencharge"
    verbose_name = "tokencharge"
    # Django's loaders look for templates and static files here, beside those of no framework.
    path = str(files("tokencharge") / "assets")

    def ready(self) -> None:
        """Register the checks, and say at once what is wrong where none are run: a WSGI server runs none."""
        from . import checks  # noqa: F401

        try:
            read_settings()
        except ConfigurationError as error:
            logging.getLogger("tokencharge").error("No charge can be made: %s", error)  # noqa: TRY400 - it says all
