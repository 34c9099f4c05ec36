"""The pytest plugin: a sandbox and a gateway as fixtures, and cassettes.

The cassettes are safe to commit. Opt in with
`pytest_plugins = ["tokencharge.pytest_plugin"]` in the top `conftest.py`, or with
`-p tokencharge.pytest_plugin`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs

from ._mistakes import extra

with extra("testing", __name__):
    import pytest

from . import ConfigurationError, PaymentGateway, Settings
from .sandbox import Sandbox
from .testing import (
    Leak,
    RecordMode,
    StripeCassette,
    async_sandbox_gateway,
    find_leaks,
    sandbox_gateway,
    use_cassette,
)

if TYPE_CHECKING:
    from . import AsyncPaymentGateway

_MARKER = "stripe_cassette"
_settings = pytest.StashKey["Settings | None"]()
_shelves = pytest.StashKey["StripeCassettes"]()
_current = pytest.StashKey[StripeCassette]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--stripe-record`."""
    parser.getgroup("tokencharge").addoption(
        "--stripe-record",
        choices=("none", "once", "all"),
        default="once" if os.environ.get("CI", "").lower() in ("", "0", "false") else "none",
        help="Record Stripe's answers in cassettes: never, where there is no cassette, "
        "or anew. From Stripe's test mode if STRIPE_SECRET_KEY=sk_test_... is "
        "set, else from the sandbox. Default: none where CI is set, or once.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read the environment once, and refuse a live key."""
    config.addinivalue_line(
        "markers", f"{_MARKER}(name): run on a cassette, called like the test or as given."
    )
    try:
        settings = Settings.from_env() if os.environ.get("STRIPE_SECRET_KEY") else None
    except ConfigurationError as error:
        raise pytest.UsageError(error.message) from None
    if settings is not None and settings.mode != "test":
        raise pytest.UsageError(
            "STRIPE_SECRET_KEY is no test key: tests run with sk_test_... or without a key."
        )
    config.stash[_settings] = settings
    config.stash[_shelves] = StripeCassettes()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Record which cassettes the tests use, before any test is deselected."""
    config.stash[_shelves].note(config, items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose requests differ from those of its cassette.

    It fails even if the test itself handled the error.
    """
    try:
        result = yield
    except (Exception, pytest.fail.Exception) as error:
        if _current in item.stash:
            item.stash[_current].abandon(error)
        raise
    if _current in item.stash:
        item.stash[_current].finish()
    return result


@attrs.define(eq=False)
class StripeCassettes:
    """The cassettes of the tests that were collected."""

    folders: set[Path] = attrs.field(factory=set[Path])
    _used: set[Path] = attrs.field(factory=set[Path])
    _modules: set[Path] = attrs.field(factory=set[Path])

    def note(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Record which cassettes the collected tests use."""
        # If one test of a module was asked for by name, it is not known what the others
        # use.
        here = config.invocation_params.dir
        in_part = {(here / arg.partition("::")[0]).resolve() for arg in config.args if "::" in arg}
        for item in items:
            self.folders.add(item.path.parent / "cassettes")
            if item.path not in in_part and not config.getoption("lf", default=False):
                self._modules.add(_shelf(item))
            if _on_cassette(item):
                self._used.add(_path(item))

    def unused(self) -> list[Path]:
        """List the cassettes that no test uses.

        Modules that were not collected are left out.
        """
        found = sorted(path for folder in self.folders for path in folder.glob("*/*.yaml"))
        return [path for path in found if self._is_orphan(path)]

    def leaks(self) -> list[Leak]:
        """List what the cassettes show and must not show."""
        return find_leaks(folder for folder in sorted(self.folders) if folder.exists())

    def _is_orphan(self, path: Path) -> bool:
        module = path.parent.parent.parent / f"{path.parent.name}.py"
        return path not in self._used and (path.parent in self._modules or not module.exists())


@pytest.fixture
def stripe_sandbox() -> Sandbox:
    """Return a fresh sandbox: an empty Stripe account in memory, without sockets."""
    return Sandbox()


@pytest.fixture
def gateway_settings() -> dict[str, Any]:
    """Return the settings to make `gateway` with; override it to change them.

    The names are fields of `Settings`.
    """
    return {}


@pytest.fixture
def gateway(
    request: pytest.FixtureRequest, gateway_settings: dict[str, Any]
) -> Iterator[PaymentGateway]:
    """Return a gateway on `stripe_sandbox`, or on the test's cassette if it has one."""
    if _on_cassette(request.node):
        made = request.getfixturevalue("stripe_cassette").gateway(**gateway_settings)
    else:
        made = sandbox_gateway(request.getfixturevalue("stripe_sandbox"), **gateway_settings)
    with made:
        yield made


@pytest.fixture
def async_gateway(
    request: pytest.FixtureRequest, gateway_settings: dict[str, Any]
) -> AsyncPaymentGateway:
    """Return an async gateway, in the same way as `gateway`.

    Its connections end with the test's event loop.
    """
    if _on_cassette(request.node):
        cassette: StripeCassette = request.getfixturevalue("stripe_cassette")
        return cassette.async_gateway(**gateway_settings)
    return async_sandbox_gateway(request.getfixturevalue("stripe_sandbox"), **gateway_settings)


@pytest.fixture
def stripe_cassette(request: pytest.FixtureRequest) -> Iterator[StripeCassette]:
    """Record the test's requests to Stripe, or answer them from the recording.

    The recording is `cassettes/<module>/<test>.yaml`.
    """
    config, item = request.config, request.node
    mode = cast("RecordMode", config.getoption("--stripe-record"))
    source = config.stash[_settings] or request.getfixturevalue("stripe_sandbox")
    with use_cassette(_path(item), record=mode, source=source) as cassette:
        item.stash[_current] = cassette
        yield cassette
        # A test that succeeded has finished it. A test that was skipped or never began
        # must not finish it.
        cassette.abandon()


@pytest.fixture(autouse=True)
def _stripe_cassette_of_marker(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker(_MARKER):
        request.getfixturevalue("stripe_cassette")


@pytest.fixture(scope="session")
def stripe_cassettes(pytestconfig: pytest.Config) -> StripeCassettes:
    """Return the cassettes of this run.

    Assert with it that none is unused and none shows a secret.
    """
    return pytestconfig.stash[_shelves]


def _on_cassette(item: pytest.Item) -> bool:
    return (
        "stripe_cassette" in getattr(item, "fixturenames", ())
        or item.get_closest_marker(_MARKER) is not None
    )


def _shelf(item: pytest.Item) -> Path:
    return item.path.parent / "cassettes" / item.path.stem


def _path(item: pytest.Item) -> Path:
    marker = item.get_closest_marker(_MARKER)
    cls = getattr(item, "cls", None)
    name = (
        marker.args[0]
        if marker and marker.args
        else f"{cls.__name__}.{item.name}"
        if cls
        else item.name
    )
    # pytest-recording uses the same names.
    return _shelf(item) / (re.sub(r"""[<>?%*:|"'/\\]""", "-", name) + ".yaml")
