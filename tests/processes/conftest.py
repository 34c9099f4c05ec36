"""A sandbox on loopback that can hold requests, programs that charge
in it, and a Redis of a test's own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.shop import Hold, Programs, environment
from tokencharge.sandbox import Sandbox, Server


@pytest.fixture
def hold() -> Hold:
    return Hold()


@pytest.fixture
def sandbox(hold: Hold) -> Sandbox:
    return Sandbox(sleep=hold)


@pytest.fixture
def server(sandbox: Sandbox, hold: Hold) -> Iterator[Server]:
    with sandbox.serve() as server:
        yield server
        hold.let_go()


@pytest.fixture
def programs(sandbox: Sandbox, server: Server) -> Iterator[Programs]:
    programs = Programs(environment(sandbox, server))
    yield programs
    programs.end()


@pytest.fixture
def broker(tmp_path: Path, programs: Programs) -> str:
    """A Redis of this test's own, which keeps nothing."""
    for _ in range(5):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        redis = programs.run(
            "redis-server", "--port", str(port), "--bind", "127.0.0.1",
            "--save", "", "--appendonly", "no", cwd=tmp_path,
        )  # fmt: skip
        assert redis.stdout is not None
        # Someone else may have taken the port meanwhile; then it says so and ends.
        if any("Ready to accept connections" in line for line in redis.stdout):
            return f"redis://127.0.0.1:{port}/0"
    raise AssertionError("no free port for Redis")
