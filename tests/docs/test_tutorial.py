"""The tutorial, done: its files saved, its commands typed in the terminals
it names, what it says they print."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import attrs
import pytest

from tests.docs.pages import DOCS

TUTORIAL = DOCS / "tutorial.md"
PATIENCE = 60
# Both need the network, or an environment that is there already:
# this one has what the tutorial installs.
LEFT_OUT = ("python -m venv", ". .venv/bin/activate", "python -m pip install")


class Block(NamedTuple):
    """A block of the page with a caption: a file to save, commands to type, or what they print."""

    language: str
    caption: str
    text: str


@attrs.define
class Terminal:
    """A shell, and what has been printed in it."""

    shell: subprocess.Popen[str]
    output: IO[str]
    seen: str = ""
    commands: int = 0

    def type(self, text: str) -> None:
        """Type commands; what still runs there is stopped, as the reader was told, by Ctrl-C."""
        if self.commands:
            os.killpg(self.shell.pid, signal.SIGINT)
            self.finish()
        self.commands += 1
        self.seen = ""
        self.output.read()
        assert self.shell.stdin is not None
        self.shell.stdin.write(f"{text}\necho done {self.commands} $?\n")
        self.shell.stdin.flush()

    def finish(self, status: str = "") -> None:
        """Wait until the last command has ended."""
        self.wait_for(re.compile(rf"^done {self.commands} {status}", re.MULTILINE))

    def wait_for(self, pattern: re.Pattern[str]) -> None:
        """Read until something is printed."""
        patience = time.monotonic() + PATIENCE
        while not pattern.search(self.seen):
            if time.monotonic() > patience or self.shell.poll() is not None:
                pytest.fail(f"{pattern.pattern!r} is not what was printed:\n{self.seen}")
            time.sleep(0.02)
            self.seen += self.output.read()

    def close(self) -> None:
        os.killpg(self.shell.pid, signal.SIGKILL)
        with self.shell, self.output:
            pass


def blocks() -> Iterator[Block]:
    fence = r"^```\{code-block\} (\w+)\n:caption: ([^\n]+)\n(.*?)^```$"
    for language, caption, text in re.findall(
        fence, TUTORIAL.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        yield Block(language, caption, text)


def printed(text: str) -> re.Pattern[str]:
    """What the page says is printed: these lines, among others; `...` stands for anything."""
    lines = [line for line in text.splitlines() if line not in ("", "...")]
    return re.compile(
        "(?s:.*)".join(".*".join(map(re.escape, line.split("..."))) for line in lines)
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[dict[str, Terminal]]:
    """Three terminals, opened in a checkout."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("STRIPE_", "FLASK_", "CI"))
    }
    env |= {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]]),
        "NO_PROXY": "127.0.0.1",
    }
    opened = {}
    for name in ("Terminal 1", "Terminal 2", "Terminal 3"):
        log = tmp_path / name
        with log.open("w") as output:
            shell = subprocess.Popen(
                ["bash"],
                cwd=checkout,
                env={**env, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        opened[name] = Terminal(shell, log.open())
        assert shell.stdin is not None
        shell.stdin.write("trap : INT\n")
    yield opened
    for terminal in opened.values():
        terminal.close()


def test_the_tutorial_works_as_printed(terminals: dict[str, Terminal], tmp_path: Path) -> None:
    """Every command, typed one after another, prints what the page says it prints."""
    ports = {"8420": str(free_port()), "5000": str(free_port())}
    seen = []
    terminals["Terminal 2"].type(f"export FLASK_RUN_PORT={ports['5000']}")

    page = list(blocks())
    for (language, caption, shown), follows in zip(page, [*page[1:], None], strict=True):
        text = re.sub("|".join(ports), lambda port: ports[port[0]], shown)
        if language == "python":
            (tmp_path / "honey" / caption).write_text(text, "utf-8")
        elif language == "console":
            commands = [line for line in text.splitlines() if not line.startswith(LEFT_OUT)]
            terminals[caption].type("\n".join(commands))
            if follows is None or follows.language != "text":
                terminals[caption].finish("0$")
        else:
            terminals[caption.removesuffix(" prints")].wait_for(printed(text))
            seen.append(caption)

    assert 8 == len(seen)
