"""What is checked, and how: `nox -l` lists it, `nox -s tests` is the gate."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
# Run on the interpreters that are here: never fetch one, never fail for want of one.
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["tests", "lint", "types", "docs", "bare", "lowest", "wheel"]

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = list(dict.fromkeys([CURRENT, "3.13"]))
# With the oldest releases of what the library is built on: what passes there
# and on the newest passes between them.
OLDEST = "3.10" if shutil.which("python3.10") else CURRENT
CODE = ("src", "examples", "tests", "benchmarks", "docs", "catalogs.py", "hatch_build.py")
EXTRAS = "asgi,async,demo,django,flask,otel,testing"
FRAMEWORKS = (
    "aiohttp",
    "babel",
    "django",
    "fastapi",
    "flask",
    "opentelemetry",
    "rich",
    "starlette",
)
# Tests that need one of EXTRAS: `bare` leaves them out, and fails on one that is
# missing here.
NEED_EXTRAS = (
    "tests/assets",
    "tests/browser",
    "tests/cli",
    "tests/languages/test_amounts.py",
    "tests/languages/test_catalogs.py",
    "tests/processes",
    "tests/secrets",
    "tests/web",
)
# Tests of the whole machine, and the stand-in's own, which say the
# same on every Python: run on nox's own.
ONCE = (
    "tests/browser",
    "tests/processes",
    "tests/recorded",
    "tests/sandbox",
    "tests/secrets",
    "tests/simulation",
)
# So do these, but other releases of what they are built on may break them.
BUILT_ON = ("tests/conformance", "tests/cli", "tests/testing")
# The rules of the pages, through every framework. Whether the pages work on another
# release of one is asked by the other contracts.
RULES = tuple(
    f"tests/web/test_{name}_contract.py"
    for name in ("cards", "details", "mistake", "paid", "price")
)
# They cover nothing that the others do not, and being measured would take them half as
# long again.
UNMEASURED = ("tests/conformance", "tests/processes", "tests/secrets", "tests/simulation")
# So do these. A file on one process, or each would start every shop that the browser
# buys from.
BY_FILE = ("tests/browser",)


def group(*names: str) -> tuple[str, ...]:
    return nox.project.dependency_groups(PYPROJECT, *names)


def without(*paths: str) -> list[str]:
    return [f"--ignore={path}" for path in paths]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the suite on nox's own Python and on the newest; the
    first must cover every branch of src."""
    # Editable, so that coverage reads src/ itself and maps no paths; `wheel` tries what
    # ships.
    session.install("-e", f".[{EXTRAS}]", *group("tests", "web", "processes", "otel", "browser"))
    if session.posargs:
        session.run("pytest", *session.posargs)
    elif session.python == CURRENT:
        session.run("coverage", "erase")
        session.run(
            "coverage", "run", "-m", "pytest", "-n", "auto", *without(*UNMEASURED, *BY_FILE)
        )
        session.run("coverage", "combine", "--quiet")
        session.run("coverage", "report")
        session.run("pytest", "-n", "auto", *UNMEASURED)
        session.run("pytest", "-n", "auto", "--dist", "loadfile", *BY_FILE)
    else:
        session.run("pytest", "-n", "auto", *without(*ONCE, *BUILT_ON, *RULES))


@nox.session
def bare(session: nox.Session) -> None:
    """Run the core's tests where no framework is installed."""
    session.install(".", *group("tests"))
    session.run(
        "python",
        "-c",
        "import importlib.util, tokencharge;"
        f"found = [name for name in {FRAMEWORKS} if importlib.util.find_spec(name)];"
        "assert not found, found",
    )
    session.run("pytest", "-n", "auto", *without(*NEED_EXTRAS, *ONCE, *BUILT_ON), *session.posargs)


@nox.session(python=OLDEST)
def lowest(session: nox.Session) -> None:
    """Run the suite on the oldest Python, with the lowest direct
    dependencies that pyproject.toml allows."""
    session.install("uv")
    session.run(
        "uv", "pip", "install", "--resolution", "lowest-direct", f".[{EXTRAS}]", *group("otel")
    )
    # Afterwards, so that the floor is the library's own and not that of its test tools.
    session.install(*group("tests"))
    session.run("pytest", "tests/observe")
    # FastAPI wants a later OpenTelemetry than we do.
    session.install(*group("web"))
    session.run("uv", "pip", "list")
    session.run(
        "pytest",
        "-n",
        "auto",
        *without(*ONCE, *RULES, "tests/conformance", "tests/observe"),
        *session.posargs,
    )


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel from the sdist and install it alone.

    Then run the demo, and a shop's own suite.
    """
    session.install("build", "twine", "virtualenv")
    with tempfile.TemporaryDirectory() as folder, session.chdir(folder):
        session.run("python", "-m", "build", "--outdir", folder, str(ROOT))
        session.run("twine", "check", "--strict", *map(str, Path(folder).glob("tokencharge-*")))
        (built,) = Path(folder).glob("*.whl")
        session.run("virtualenv", "--quiet", "alone")
        scripts = Path(folder, "alone", "Scripts" if os.name == "nt" else "bin")
        python = str(scripts / "python")
        session.run(python, "-m", "pip", "install", "--quiet", f"{built}[demo]", external=True)
        session.run(str(scripts / "tokencharge"), "demo", external=True)
        session.run(python, "-I", str(ROOT / "tests" / "wheel_smoke.py"), external=True)
        consumer = nox.project.load_toml(ROOT / "tests" / "consumer" / "pyproject.toml")[
            "dependency-groups"
        ]["tests"]
        tools = [need for need in consumer if not need.startswith("tokencharge")]
        session.run(
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            f"{built}[demo,testing]",
            *tools,
            external=True,
        )
        with session.chdir(shutil.copytree(ROOT / "tests" / "consumer", Path(folder, "consumer"))):
            session.run(python, "-m", "pytest", external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Compare the reference with the code, build the documentation,
    run what it shows, and look where its links lead."""
    if sys.version_info < (3, 11):
        session.skip("Sphinx 9 needs Python 3.11.")
    session.install("-e", f".[{EXTRAS}]", *group("docs"))
    session.run("python", "docs/_ext/house_reference.py", "--check")
    # From nothing: a page that is not read again would keep its warnings to itself.
    session.run(
        "sphinx-build",
        "--fresh-env",
        "--nitpicky",
        "-W",
        "--keep-going",
        "-q",
        "docs",
        "docs/_build",
    )
    session.run("pytest", "-n", "auto", "tests/docs", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format, and that every buyer's sentence is in every catalog."""
    session.install("-e", ".", *group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("python", "catalogs.py", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy and pyright."""
    session.install("-e", f".[{EXTRAS}]", *group("types"))
    session.run("mypy", *CODE)
    session.run("pyright")
    # As a shop would, which has settings of its own and none of ours.
    with session.chdir("tests/typing"):
        session.run("mypy", "--strict", "--config-file=", "--python-version=3.10", ".")
        session.run("pyright")


@nox.session
def audit(session: nox.Session) -> None:
    """Ask whether a release that pyproject.toml allows has a known hole:
    the newest of each, and the oldest."""
    session.install("uv", *group("audit"))
    extras = [f"--extra={extra}" for extra in EXTRAS.split(",")]
    holes, unknown = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for resolution in ("highest", "lowest-direct"):
            pinned, answer = Path(folder, "pinned.txt"), Path(folder, "answer.json")
            options = ("--quiet", "--resolution", resolution, *extras, "--output-file", str(pinned))
            session.run("uv", "pip", "compile", *options, "pyproject.toml")
            options = (
                "--no-deps",
                "--disable-pip",
                "--progress-spinner=off",
                "--format=json",
                f"--output={answer}",
            )
            answer.write_text('{"dependencies": [{"skip_reason": "no answer"}]}')
            session.run("pip-audit", *options, "--requirement", str(pinned), success_codes=[0, 1])
            for found in json.loads(answer.read_text())["dependencies"]:
                unknown += "skip_reason" in found
                ids = ", ".join(hole["id"] for hole in found.get("vulns", ()))
                holes += (
                    [f"{found['name']} {found['version']} ({resolution}): {ids}"] if ids else []
                )
    if holes:
        session.error("Known holes: " + "; ".join(holes))
    if unknown:
        session.skip(
            f"The service that knows of holes said nothing of {unknown} releases: this is no audit."
        )


@nox.session
def simulation(session: nox.Session) -> None:
    """Simulate faults and races: `nox -s simulation -- --schedules 100000`."""
    session.install("-e", f".[{EXTRAS}]", *group("tests"))
    session.run("python", "-m", "tests.simulation", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure a purchase beside the plain SDK: `nox -s bench -- --quick`."""
    session.install("-e", ".[async]", *group("bench"))
    session.run("python", "-m", "benchmarks", *session.posargs)
