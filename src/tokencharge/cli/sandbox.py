"""`tokencharge sandbox`: the sandbox over HTTP, until Ctrl-C."""

from __future__ import annotations

import time

from ..sandbox import Delivery, Sandbox, Server, Webhooks
from .terminal import CommandFailed, until_stopped, write, write_json

_RETRIES = (1.0, 3.0)
_GLANCE = 0.1


def run(host: str, port: int, forward_to: str | None, *, as_json: bool) -> int:
    """Serve until SIGINT or SIGTERM, and send webhooks if an endpoint is given.

    Raises:
        CommandFailed: The address cannot be listened on, or the endpoint is no URL.
    """
    sandbox = Sandbox()
    hooks = None if forward_to is None else _forward(sandbox, forward_to, as_json=as_json)
    with until_stopped(), _listen(sandbox, host, port) as server:
        environment = sandbox.environment(server.url)
        if as_json:
            write_json({"url": server.url, "env": environment, "forward_to": forward_to}, indent=None)
        else:
            write(_told(server.url, environment, forward_to))
        _wait(hooks)
    return 0


def _told(url: str, environment: dict[str, str], forward_to: str | None) -> str:
    exports = "\n".join(f"export {name}={value}" for name, value in environment.items())
    forwards = f"\n\nWhat happens is sent to {forward_to}, signed with STRIPE_WEBHOOK_SECRET:\n" if forward_to else ""
    return (
        f"The sandbox listens on {url}; Ctrl-C stops it. It is not Stripe, and its keys open nothing.\n"
        f"Paste this where your application runs:\n\n{exports}{forwards}"
    )


def _forward(sandbox: Sandbox, url: str, *, as_json: bool) -> Webhooks:
    show = _show_json if as_json else _show
    try:
        return sandbox.webhooks(url, retries=_RETRIES, anywhere=True, on_delivery=show)
    except ValueError as error:
        raise CommandFailed(f"--forward-to: {error}", 2) from None


def _show(delivery: Delivery) -> None:
    again = f"  (attempt {delivery.attempt})" if delivery.attempt > 1 else ""
    write(f"{delivery.event.type}  {delivery.event.id}  {delivery.status or 'no answer'}{again}")


def _show_json(delivery: Delivery) -> None:
    event = delivery.event
    told = {"type": event.type, "id": event.id, "status": delivery.status, "attempt": delivery.attempt}
    write_json(told, indent=None)


def _listen(sandbox: Sandbox, host: str, port: int) -> Server:
    try:
        return sandbox.serve(host, port)
    except OSError as error:
        raise CommandFailed(
            f"Cannot listen on {host} port {port} ({error.strerror}): choose another address or port; "
            "port 0 is any free one.",
            1,
        ) from None


def _wait(hooks: Webhooks | None) -> None:
    while True:
        if hooks is not None:
            hooks.deliver()
        time.sleep(_GLANCE)
