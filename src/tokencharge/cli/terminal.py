"""The output of commands: plain lines and JSON; tables and colour with rich."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


class CommandFailed(Exception):
    """A command cannot go on; the message is one sentence for the user."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def write(text: str) -> None:
    """Write lines to standard output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def write_json(document: dict[str, Any], *, indent: int | None = 2) -> None:
    """Write a document to standard output, at once."""
    write(json.dumps(document, indent=indent))


def find_console() -> Console | None:
    """Return rich's console, or None if rich is not installed.

    It knows whether standard output is a terminal, and respects NO_COLOR.
    """
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(highlight=False, markup=False, emoji=False)


def open_console() -> Console:
    """Return rich's console, as `find_console` does.

    Raises:
        CommandFailed: rich is not installed.
    """
    console = find_console()
    if console is None:
        raise CommandFailed(
            "The tables need rich: "
            "install it with python -m pip install 'tokencharge[demo]', or use --json.",
            2,
        )
    return console


def mark(console: Console | None, *, good: bool) -> str:
    """Return the sign for right or wrong that the terminal's encoding can show."""
    if console is None or console.options.ascii_only:
        return "ok" if good else "!!"
    return "✓" if good else "✗"


@contextmanager
def until_stopped() -> Iterator[None]:
    """Let SIGINT and SIGTERM end the block quietly."""
    # SIGINT too: a shell starts background jobs with SIGINT ignored.
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
