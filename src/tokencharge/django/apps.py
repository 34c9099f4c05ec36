"""The Django app: its templates, static files, system checks and settings."""

from __future__ import annotations

import logging
from importlib.resources import files

from django.apps import AppConfig, apps

from .. import ConfigurationError
from .gateway import read_settings

NOT_INSTALLED = (
    '"tokencharge.django" is not in INSTALLED_APPS: '
    "the checkout page lacks its templates, script and style. Add it there."
)
"""What to say to a site whose templates are not found because of that."""


def is_installed() -> bool:
    """Tell whether the site has this app."""
    return apps.is_installed(TokenChargeConfig.name)


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
