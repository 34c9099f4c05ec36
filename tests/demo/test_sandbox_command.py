"""`tokencharge sandbox`: serves at once, tells where, and stops when told to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tokencharge import Money, PaymentGateway
from tokencharge.sandbox import Sandbox


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `tokencharge sandbox` in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, ignoring_interrupts: bool = False) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tokencharge", "sandbox", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_ignore_interrupts if ignoring_interrupts else None,  # noqa: PLW1509
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def _stop(process: subprocess.Popen[str], number: int) -> tuple[int, str, str]:
    process.send_signal(number)
    rest, err = process.communicate(timeout=60)
    return process.returncode, rest, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(number: int, start) -> None:
    """What it prints at once is enough to charge a card over HTTP; then Ctrl-C or SIGTERM ends it with 0, quietly."""
    process = start("--json", "--port", "0")
    (line,) = _lines(process, 1)
    told = json.loads(line)
    with PaymentGateway(
        told["env"]["STRIPE_SECRET_KEY"],
        publishable_key=told["env"]["STRIPE_PUBLISHABLE_KEY"],
        api_base=told["env"]["STRIPE_API_BASE"],
    ) as gateway:
        payment = gateway.charge(token="tok_visa", email="ada@example.com", amount=Money(500, "usd"))
        stopped = _stop(process, number)

    assert told["url"] == told["env"]["STRIPE_API_BASE"]
    assert payment.charge.paid
    assert (0, "", "") == stopped


def test_it_prints_lines_to_paste(start) -> None:
    """For people it prints the URL and an environment to paste, before it waits."""
    process = start()
    lines = _lines(process, 6)
    url = lines[3].strip().split("=")[1]

    assert lines[0].startswith(f"The sandbox listens on {url};")
    assert [
        f"export STRIPE_API_BASE={url}\n",
        "export STRIPE_SECRET_KEY=sk_test_sandbox\n",
        "export STRIPE_PUBLISHABLE_KEY=pk_test_sandbox\n",
    ] == lines[3:]
    assert (0, "", "") == _stop(process, signal.SIGINT)


def test_it_can_be_stopped_when_started_in_the_background(start) -> None:
    """A shell starts `command &` with SIGINT ignored; it stops it all the same."""
    process = start("--json", ignoring_interrupts=True)
    _lines(process, 1)

    assert (0, "", "") == _stop(process, signal.SIGINT)


def test_it_knows_no_key_but_its_own(start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of the environment are neither used nor printed."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_51SandboxSecret")
    process = start("--json")
    (line,) = _lines(process, 1)

    assert "SandboxSecret" not in line
    assert (0, "", "") == _stop(process, signal.SIGTERM)


@pytest.mark.parametrize("json_option", [(), ("--json",)])
def test_a_port_in_use_is_one_sentence(json_option: tuple[str, ...], run) -> None:
    """Where somebody listens already, the command fails with 1 and leaves signals as they were."""
    before = signal.getsignal(signal.SIGTERM)
    with Sandbox().serve() as server:
        port = server.url.rpartition(":")[2]
        code, out, err = run("sandbox", "--port", port, *json_option)

    assert (1, "") == (code, out)
    assert err.startswith(f"tokencharge: Cannot listen on 127.0.0.1 port {port} ")
    assert 1 == err.count("\n")
    assert before is signal.getsignal(signal.SIGTERM)
