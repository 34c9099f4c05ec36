"""What is said where the extra of an adapter is not installed."""

from __future__ import annotations

import os
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


COMMAND = """\
import sys
for name in {hidden!r}:
    sys.modules[name] = None  # as if it were not installed
from tokencharge.cli import main
sys.exit(main({arguments!r}))
"""


@each_row(
    ("arguments", "code", "said"),
    [
        (["--version"], 0, "tokencharge "),
        (["doctor", "--offline"], 0, "Nothing is wrong."),
        (["find", "order-1"], 2, "STRIPE_API_BASE"),
        (["trigger", "charge.refunded"], 1, "No sandbox answers"),
        (["sandbox", "--secret-key", "sk_live_1"], 2, "--secret-key takes a key"),
        (["audit-cassettes", "no_such_folder"], 2, "no_such_folder"),
        (["demo"], 2, "python -m pip install 'tokencharge[demo]'"),
        (["demo", "--serve"], 2, "python -m pip install 'tokencharge[demo]'"),
    ],
)
def test_commands_need_no_extra(arguments: list[str], code: int, said: str) -> None:
    """Those that write plain lines run where only the core is installed; the demo, which
    needs more, says what to install."""
    hidden = sorted({package for _, packages in NEEDED.values() for package in packages} | {"rich"})
    environment = {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_MAX_RETRIES": "0"}
    ran = subprocess.run(
        [sys.executable, "-c", COMMAND.format(hidden=hidden, arguments=arguments)],
        env={**os.environ, **environment, "STRIPE_API_BASE": "http://127.0.0.1:9"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert code == ran.returncode, ran.stderr
    assert said in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
