"""What tests with a browser need of the machine: there, or a reason to skip."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

# Debian's packages of these names. The first is the same engine without a desktop's windows,
# and takes little more than half of the time.
CHROMIUMS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
CHROMIUM = next((each for each in CHROMIUMS if each.exists()), CHROMIUMS[0])


def need(module: str) -> None:
    """Skip the test for want of a module; fail it where everything is to be there."""
    lack(f"{module} is not installed", unless=find_spec(module) is not None)


def need_browser() -> None:
    """Skip the test for want of a browser or of what drives it."""
    need("playwright")
    need("axe_playwright_python")
    lack(
        f"there is no {CHROMIUM}: install Debian's package {CHROMIUM.name}",
        unless=CHROMIUM.exists(),
    )


def lack(reason: str, *, unless: bool) -> None:
    if unless:
        return
    if os.environ.get("TOKENCHARGE_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
