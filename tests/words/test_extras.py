"""What is said where the extra of an adapter is not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.rows import each_row

# What each extra brings that the import of its module, or its first page, needs.
NEEDED = {
    "tokencharge.flask": ("flask", ["flask", "werkzeug", "blinker", "babel"]),
    "tokencharge.django": ("django", ["django", "babel"]),
    "tokencharge.asgi": ("asgi", ["starlette", "jinja2", "python_multipart", "babel"]),
    "tokencharge.otel": ("otel", ["opentelemetry"]),
    "tokencharge.pytest_plugin": ("testing", ["pytest"]),
}
IMPORT = """\
import importlib, sys
for name in {hidden!r}:
    sys.modules[name] = None  # as if it were not installed
try:
    importlib.import_module({module!r})
except ModuleNotFoundError as missing:
    print(f"{{missing.name}}: {{missing}}", missing.__cause__, missing.__suppress_context__)
"""


def imported(module: str, hidden: list[str]) -> str:
    """Import a module in a process of its own, where some packages are not to be found."""
    code = IMPORT.format(module=module, hidden=hidden)
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return run.stdout


@each_row("module", [*NEEDED])
def test_an_adapter_without_its_extra_names_it(module: str) -> None:
    """One sentence says what to install, and the error is still that of
    a module that is not found."""
    extra, hidden = NEEDED[module]
    name, colon, said = imported(module, hidden).partition(": ")

    assert name in hidden
    assert ": " == colon
    assert (
        f"{module} needs the extra {extra} ({name} is missing): "
        f"python -m pip install 'tokencharge[{extra}]'. None True\n"
    ) == said


@each_row(
    ("module", "package"),
    [(module, package) for module, (_, packages) in NEEDED.items() for package in packages[1:]],
)
def test_so_does_one_with_a_part_of_its_extra(module: str, package: str) -> None:
    """A site that has the framework may lack what the pages need beside it: it
    hears so at the import, not from the first buyer."""
    pytest.importorskip(NEEDED[module][1][0])
    said = imported(module, [package])

    assert said.startswith(package)
    assert f"{module} needs the extra {NEEDED[module][0]} ({package}" in said
