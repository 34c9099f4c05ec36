"""What the tests of real processes share: a hold on requests inside Stripe,
waiting for events, programs to run."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tokencharge.sandbox import Sandbox, Server

ROOT = Path(__file__).parents[2]
CHARGES = "/v1/payment_intents"
CUSTOMERS = "/v1/customers"
CARDS = "/v1/payment_methods"

# No verdict hangs on how long anything takes: this only ends a test that has gone wrong.
PATIENCE = 60.0

T = TypeVar("T")


class Hold:
    """A sandbox's `sleep`: requests armed with the fault `wait` stay in it,
    keys in use, until they are let go."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._came = 0
        self._let_go = 0.0

    def __call__(self, seconds: float) -> None:
        with self._changed:
            self._came += 1
            mine = self._came
            self._changed.notify_all()
            self._changed.wait_for(lambda: mine <= self._let_go, timeout=3 * PATIENCE)

    def wait_for(self, count: int = 1) -> None:
        """Wait until so many requests have come, those let go included."""
        with self._changed:
            came = self._changed.wait_for(lambda: self._came >= count, timeout=PATIENCE)
        if not came:
            pytest.fail(f"{self._came} of {count} requests came to be held")

    def let_go(self, count: float = float("inf")) -> None:
        """Let the first so many requests go on, whether they have come yet or not."""
        with self._changed:
            self._let_go = count
            self._changed.notify_all()


def eventually(what: str, look: Callable[[], T | None]) -> T:
    """Look until there is something to see, and return it."""
    end = time.monotonic() + PATIENCE
    while not (seen := look()):
        if time.monotonic() > end:
            pytest.fail(f"waited in vain: {what}")
        time.sleep(0.01)
    return seen


def environment(sandbox: Sandbox, server: Server) -> dict[str, str]:
    """Return the environment of a program that charges in the sandbox."""
    return {
        **os.environ,
        "STRIPE_API_BASE": server.url,
        "STRIPE_SECRET_KEY": sandbox.secret_key,
        "STRIPE_TIMEOUT": "300",
        "no_proxy": "*",
    }


class Programs:
    """Programs started for a test, each in a session of its own, and ended with it."""

    def __init__(self, env: dict[str, str]) -> None:
        self._env = env
        self._started: list[subprocess.Popen[str]] = []

    def python(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Run a module: `python("tests.processes.buyer", "order-1", "tok_...")`."""
        return self.run(sys.executable, "-m", *arguments, **options)

    def run(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        """Run a command."""
        given: dict[str, Any] = {
            "cwd": ROOT,
            "env": self._env,
            "stdout": subprocess.PIPE,
            **options,
        }
        program = subprocess.Popen(command, text=True, start_new_session=True, **given)
        self._started.append(program)
        return program

    def end(self) -> None:
        """Kill what is left of each, with its children."""
        for program in self._started:
            kill(program)


def kill(program: subprocess.Popen[str]) -> None:
    """Kill -9 a program and all its children, as when the machine loses power."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait(PATIENCE)
    if program.stdout is not None:
        program.stdout.close()


def answer(program: subprocess.Popen[str]) -> str:
    """Wait for a program that ends well, and return what it printed."""
    printed, _ = program.communicate(timeout=PATIENCE)
    if program.returncode:
        pytest.fail(f"{program.args!r} ended with {program.returncode}")
    return printed


def paid(sandbox: Sandbox, order_id: str) -> list[str]:
    """Return the ids of the Charges of an order that took money, as Stripe counts them."""
    return [
        charge.id
        for charge in sandbox.charges
        if charge.status == "succeeded" and charge.order_id == order_id
    ]


def turned_away(sandbox: Sandbox) -> bool:
    """Tell whether someone came with a charge key that was another's at the time."""
    return any(
        request.path == CHARGES and request.status in (400, 409) for request in sandbox.requests
    )
