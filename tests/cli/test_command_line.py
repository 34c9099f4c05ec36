"""What holds for every command: help, version, exit codes, and no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from importlib.metadata import version

import pytest

from tests.rows import each_row
from tokencharge.cli import main
from tokencharge.sandbox import Request, Response, Server


def test_the_version_is_the_packages(run) -> None:
    """`--version` prints the version that is installed."""
    assert (0, f"tokencharge {version('tokencharge')}\n", "") == run("--version")


def test_no_command_shows_the_help(run) -> None:
    """Without a command the help goes to standard error, and the exit code says bad usage."""
    ran = run()

    assert (2, "") == (ran.code, ran.out)
    assert all(command in ran.err for command in ("demo", "sandbox", "trigger", "doctor", "find"))


@pytest.mark.parametrize("command", ["demo", "sandbox", "trigger", "doctor", "find"])
def test_each_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` of a command prints its options and exits with 0."""
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])

    assert 0 == stop.value.code
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["buy"],
        ["demo", "--live"],
        ["demo", "--js"],
        ["sandbox", "--port", "65536"],
        ["sandbox", "--port", "http"],
    ],
)
def test_bad_usage_exits_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command or option, or a port that cannot be, is refused with exit code 2."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)

    assert 2 == stop.value.code
    assert "error:" in capsys.readouterr().err


def test_the_demo_without_rich_says_what_to_install(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rich is missing, one sentence says how to get it, and nothing else happens."""
    monkeypatch.setitem(sys.modules, "rich.console", None)
    ran = run("demo")

    assert (2, "") == (ran.code, ran.out)
    assert 1 == ran.err.count("\n")
    assert "python -m pip install 'tokencharge[demo]'" in ran.err


@pytest.mark.parametrize(
    ("key", "arguments"),
    [("", ("demo", "--json")), ("sk_test_123", ("doctor", "--offline", "--json"))],
)
def test_json_needs_the_core_alone(
    key: str, arguments: tuple[str, ...], run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Machines are answered where rich is not installed."""
    for name in ("rich", "rich.console"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("STRIPE_SECRET_KEY", key)
    ran = run(*arguments)

    assert (0, "") == (ran.code, ran.err)
    assert {} != ran.document


@each_row("arguments", [("demo", "--json"), ("demo",), ("sandbox",)])
def test_a_reader_who_goes_away_is_no_error(arguments: tuple[str, ...]) -> None:
    """`tokencharge demo | head -1` ends without a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "tokencharge", *arguments]
    try:
        done = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
        )
    finally:
        os.close(writing)

    assert (1, b"") == (done.returncode, done.stderr)


def test_an_interrupted_demo_ends_quietly(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of the demo ends it with the shell's
    code for that, without a traceback."""
    main_thread = threading.main_thread().ident
    assert main_thread is not None

    ended = threading.Event()

    def interrupt(request: Request) -> Response:
        signal.pthread_kill(main_thread, signal.SIGINT)
        # Whoever waits for the answer is interrupted as they wait.
        ended.wait(20)
        raise TimeoutError

    # A shell starts what it puts in the background with SIGINT ignored, this suite for example.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Server(interrupt, "127.0.0.1", 0) as server:
            monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_123")
            monkeypatch.setenv("STRIPE_API_BASE", server.url)
            ran = run("demo", "--json")
            ended.set()
    finally:
        signal.signal(signal.SIGINT, before)

    assert (130, "", "") == ran
