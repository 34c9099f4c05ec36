"""The stage: a certificate, the server's process, and a process for each contestant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import attrs
import stripe
import trustme

ROOT = Path(__file__).parents[1]


class GaveUp(Exception):
    """A process ended before it answered; what it had to say it said on stderr."""


@attrs.frozen
class Run:
    """What a contestant took.

    Attributes:
        cpu: Seconds for each purchase, of all its threads.
        took: Seconds that each purchase took its buyer.
        connections: How many were opened.
        held: What the process held at the end; empty where that cannot be read.
    """

    cpu: float
    took: list[float]
    connections: int
    held: dict[str, int]


class Contestant:
    """A process that does one thing for one contestant, at one pace."""

    def __init__(self, process: subprocess.Popen[str], stage: Stage, door: str) -> None:
        self._process = process
        self._stage = stage
        self._door = door

    def do(self, count: int) -> Run:
        connections = self._stage.connections(self._door)
        answer = ask(self._process, str(count))
        opened = self._stage.connections(self._door) - connections
        return Run(answer.pop("cpu") / count, answer.pop("took"), opened, answer)


@attrs.frozen
class Stage:
    """A server that runs, and where it is."""

    folder: Path
    urls: dict[str, str]

    def connections(self, door: str) -> int:
        """Return how many came in by a door so far."""
        with urlopen(self.urls["desk"]) as answer:
            return int(json.load(answer)[door])

    @contextmanager
    def contestants(
        self, cast: Iterable[str], does: str, pace: str, door: str, route: str
    ) -> Iterator[dict[str, Contestant]]:
        """Start a process for each of the cast; they end with the block."""
        with ExitStack() as stack:
            how = (does, pace, self.urls[door], route, str(self.folder / "bundle.pem"))
            started = {
                name: stack.enter_context(
                    process("benchmarks.worker", name, *how, folder=self.folder)
                )
                for name in cast
            }
            yield {name: Contestant(each, self, door) for name, each in started.items()}


@contextmanager
def process(module: str, *arguments: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a module as a process that ends when its stdin does."""
    proxies = {"http_proxy", "https_proxy", "all_proxy"}
    environment = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        # The SDK keeps a file in the user's configuration: not in yours.
        env={**environment, "XDG_CONFIG_HOME": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        yield started


def ask(process: subprocess.Popen[str], line: str | None = None) -> dict[str, Any]:
    """Send a process a line, if any, and read its next one."""
    assert process.stdin
    assert process.stdout
    if line is not None:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise GaveUp("a process gave up, for the reason above")
    told: dict[str, Any] = json.loads(answer)
    return told


@contextmanager
def stage() -> Iterator[Stage]:
    """Start the server; it ends with the block."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # RSA, as api.stripe.com has it: what verifying costs hangs on the kind of key.
        authority = trustme.CA(key_type=trustme.KeyType.RSA)
        certificate = authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)
        certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
        bundle = folder / "bundle.pem"
        bundle.write_bytes(
            Path(stripe.ca_bundle_path).read_bytes() + b"\n" + authority.cert_pem.bytes()
        )
        with process("benchmarks.server", str(folder / "server.pem"), folder=folder) as server:
            yield Stage(folder, ask(server))
