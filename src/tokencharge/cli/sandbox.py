"""`tokencharge sandbox`: the sandbox over HTTP, until Ctrl-C."""

from __future__ import annotations

import time

from ..sandbox import Sandbox, Server
from .terminal import CommandFailed, until_stopped, write, write_json


def run(host: str, port: int, *, as_json: bool) -> int:
    """Serve until SIGINT or SIGTERM.

    Raises:
        CommandFailed: The address cannot be listened on.
    """
    sandbox = Sandbox()
    with until_stopped(), _listen(sandbox, host, port) as server:
        environment = sandbox.environment(server.url)
        if as_json:
            write_json({"url": server.url, "env": environment}, indent=None)
        else:
            exports = "\n".join(f"export {name}={value}" for name, value in environment.items())
            write(
                f"The sandbox listens on {server.url}; Ctrl-C stops it. It is not Stripe, and its keys open "
                f"nothing.\nPaste this where your application runs:\n\n{exports}"
            )
        _wait()
    return 0


def _listen(sandbox: Sandbox, host: str, port: int) -> Server:
    try:
        return sandbox.serve(host, port)
    except OSError as error:
        raise CommandFailed(
            f"Cannot listen on {host} port {port} ({error.strerror}): choose another address or port; "
            "port 0 is any free one.",
            1,
        ) from None


def _wait() -> None:
    while True:
        time.sleep(3600)
