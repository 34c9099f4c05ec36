"""The Django app: its templates, static files, system checks and settings."""

from __future__ import annotations

import logging
from importlib.resources import files

from django.apps import AppConfig

from .. import ConfigurationError
from .gateway import read_settings


class TokenChargeConfig(AppConfig):
    """The app for `INSTALLED_APPS = [..., "tokencharge.django"]`."""

    name = "tokencharge.django"
    label = "tokencharge"
    verbose_name = "tokencharge"
    # Django's loaders look for templates and static files here. The folder is shared by
    # all frameworks.
    path = str(files("tokencharge") / "assets")

    def ready(self) -> None:
        """Register the checks, and log at once what is wrong.

        The log is for a WSGI server, which runs no checks.
        """
        from . import checks  # noqa: F401

        try:
            read_settings()
        except ConfigurationError as error:
            logging.getLogger("tokencharge").error("No charge can be made: %s", error)  # noqa: TRY400 - it says all
