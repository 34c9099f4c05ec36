"""The stage: a certificate, the server's process, and a process for each contestant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
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
    """What a contestant took to charge some tokens; the seconds are for each charge."""

    cpu: float
    wall: float
    connections: int
    requests: int
    held: dict[str, int]


class Contestant:
    """A process that charges tokens for one contestant at one pace."""

    def __init__(self, process: subprocess.Popen[str], stage: Stage, door: str) -> None:
        self._process = process
        self._stage = stage
        self._door = door

    def charge(self, count: int) -> Run:
        connections, requests = self._stage.seen(self._door)
        answer = ask(self._process, str(count))
        connections_now, requests_now = self._stage.seen(self._door)
        cpu, wall = answer.pop("cpu"), answer.pop("wall")
        return Run(
            cpu / count,
            wall / count,
            connections_now - connections,
            requests_now - requests,
            answer,
        )


@attrs.frozen
class Stage:
    """A server that runs, and where it is."""

    folder: Path
    urls: dict[str, str]

    def seen(self, door: str) -> tuple[int, int]:
        """Return how many connections and requests came in by a door so far."""
        with urlopen(self.urls["desk"] + "/counts") as answer:
            connections, requests = json.load(answer)[door]
        return connections, requests

    @contextmanager
    def contestants(
        self, cast: Mapping[str, str], pace: str, door: str
    ) -> Iterator[dict[str, Contestant]]:
        """Start a process for each of the cast, a part and who
        plays it; they end with the block."""
        with ExitStack() as stack:
            bundle = str(self.folder / "bundle.pem")
            arguments = (pace, self.urls[door], bundle)
            yield {
                part: Contestant(
                    stack.enter_context(
                        process("benchmarks.worker", name, *arguments, folder=self.folder)
                    ),
                    self,
                    door,
                )
                for part, name in cast.items()
            }


@contextmanager
def process(module: str, *arguments: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a module as a process that ends when its stdin does."""
    proxies = {"http_proxy", "https_proxy", "all_proxy"}
    environment = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        # The SDK keeps a file in the user's configuration; it is not
        # to be that of whoever runs this.
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
