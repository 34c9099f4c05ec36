"""A sandbox on loopback that can hold requests, and programs that charge in it."""

from __future__ import annotations

from collections.abc import Iterator

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
