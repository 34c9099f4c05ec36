"""What the documentation's Python runs on: a sandbox that listens, a Django
site, a folder of the test's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

import tests.web.django_shop  # noqa: F401 - configures Django, which can be done once in a process
from tokencharge.sandbox import Sandbox

# Where the extensions of the documentation are: they know what is public,
# and what in a docstring is an example.
sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "_ext"))


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """The namespace of a page: `sandbox`, to which the settings lead,
    in the environment and in Django's."""
    sandbox = Sandbox()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with sandbox.serve() as server:
        environment = sandbox.environment(server.url)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with override_settings(**environment):
            yield {"__name__": "shop", "sandbox": sandbox}
