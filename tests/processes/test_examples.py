"""The examples' webhooks: a process each, and a sandbox that tells it of refunds."""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.processes.shop import ROOT, Programs, eventually
from tokencharge import Money, PaymentGateway
from tokencharge.sandbox import Sandbox, Server


@pytest.mark.parametrize("name", ["flask", "django", "fastapi"])
def test_an_example_is_told_of_each_refund_once(
    name: str, sandbox: Sandbox, server: Server, programs: Programs, tmp_path: Path
) -> None:
    """Each of two refunds is delivered three times and noted once."""
    if importlib.util.find_spec(name) is None:
        require = pytest.fail if os.environ.get("TOKENCHARGE_REQUIRE_ALL") == "1" else pytest.skip
        require(f"{name} is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path / "log"
    with log.open("w") as out:
        env = {**os.environ, **sandbox.environment(server.url)}
        example = str(ROOT / "examples" / f"{name}_app.py")
        program = programs.run(
            sys.executable, example, f"--port={port}", env=env, stdout=out, stderr=out
        )

    def answers() -> bool:
        assert program.poll() is None, log.read_text()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    eventually("the example answers", answers)
    with (
        PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client()) as gateway,
        sandbox.webhooks(
            f"http://127.0.0.1:{port}/stripe/webhook", "charge.*", copies=3
        ) as webhooks,
    ):
        charge = gateway.charge(
            sandbox.create_token(), "ada@example.com", Money(1450, "usd")
        ).charge
        gateway.refund(charge, Money(200, "usd"))
        gateway.refund(charge, Money(50, "usd"))
    noted = [line for line in log.read_text().splitlines() if "given back" in line]

    assert [
        f"{charge.id}: given back {amount} USD of 14.50 USD" for amount in ("2.00", "2.50")
    ] == noted
    assert 9 == len(webhooks.sent)
    assert [200] * 9 == [delivery.status for delivery in webhooks.sent]
