"""`tokencharge sandbox`: the sandbox over HTTP, until Ctrl-C."""

from __future__ import annotations

import signal
import time
from typing import NoReturn

from ..sandbox import Sandbox, Server
from .terminal import CommandFailed, write, write_json


def run(host: str, port: int, *, as_json: bool) -> int:
    """Serve until SIGINT or SIGTERM.

    Raises:
        CommandFailed: The address cannot be listened on.
    """
    sandbox = Sandbox()
    # SIGINT too: a shell starts what it puts in the background with SIGINT ignored.
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with _listen(sandbox, host, port) as server:
            environment = {
                "STRIPE_API_BASE": server.url,
                "STRIPE_SECRET_KEY": sandbox.secret_key,
                "STRIPE_PUBLISHABLE_KEY": sandbox.publishable_key,
            }
            if as_json:
                write_json({"url": server.url, "env": environment}, indent=None)
            else:
                exports = "\n".join(f"export {name}={value}" for name, value in environment.items())
                write(
                    f"The sandbox listens on {server.url}; Ctrl-C stops it. It is not Stripe, and its keys open "
                    f"nothing.\nPaste this where your application runs:\n\n{exports}"
                )
            _wait()
    except KeyboardInterrupt:
        return 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(sandbox: Sandbox, host: str, port: int) -> Server:
    try:
        return sandbox.serve(host, port)
    except OSError as error:
        raise CommandFailed(
            f"Cannot listen on {host} port {port} ({error.strerror}): choose another address or port; "
            "port 0 is any free one.",
            1,
        ) from None


def _wait() -> NoReturn:
    while True:
        time.sleep(3600)
