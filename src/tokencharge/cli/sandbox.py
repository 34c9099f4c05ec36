"""`tokencharge sandbox`: the sandbox over HTTP, until Ctrl-C."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..sandbox import Delivery, Rules, Sandbox, Server, WebhookSender
from .terminal import CommandFailed, until_stopped, write, write_json

_RETRIES = (1.0, 3.0)
_GLANCE = 0.1
_KEYS = {
    "secret_key": (r"(sk|rk)_test_\w+", "sk_test_ or rk_test_"),
    "publishable_key": (r"pk_test_\w+", "pk_test_"),
    "webhook_secret": (r"whsec_[\w+/=]+(,whsec_[\w+/=]+)*", "whsec_"),
}
"""The shape of each key, and how it begins."""


def run(
    host: str,
    port: int,
    forward_to: str | None,
    *,
    hosts: Sequence[str],
    keys: Mapping[str, Any],
    rules: Rules,
    as_json: bool,
) -> int:
    """Serve until SIGINT or SIGTERM; send webhooks if an endpoint is given.

    Args:
        host: The address to listen on.
        port: The port.
        forward_to: The endpoint for webhooks.
        hosts: Other names by which it is asked for.
        keys: The keys that it has instead of its own, by the names of `Sandbox`.
        rules: What kind of account it is.
        as_json: Write JSON.

    Raises:
        CommandFailed: It cannot listen on the address, the endpoint is no URL, a host
            is no host, or a key is no test key.
    """
    sandbox = Sandbox(**_checked(keys), rules=rules)
    hooks = None if forward_to is None else _forward(sandbox, forward_to, as_json=as_json)
    with until_stopped(), _listen(sandbox, host, port, hosts) as server:
        environment = sandbox.environment(server.url)
        if as_json:
            write_json(
                {"url": server.url, "env": environment, "forward_to": forward_to}, indent=None
            )
        else:
            write(_told(server.url, environment, forward_to))
        _wait(hooks)
    return 0


def _checked(keys: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, key in keys.items():
        shape, start = _KEYS[name]
        if re.fullmatch(shape, key, re.ASCII) is None:
            raise CommandFailed(
                f"--{name.replace('_', '-')} takes a key that begins with {start}, "
                "and then letters and digits: make one up, never use a live one.",
                2,
            )
    return keys


def _told(url: str, environment: dict[str, str], forward_to: str | None) -> str:
    exports = "\n".join(f"export {name}={value}" for name, value in environment.items())
    forwards = (
        f"\n\nWhat happens is sent to {forward_to}, signed with STRIPE_WEBHOOK_SECRET:\n"
        if forward_to
        else ""
    )
    return (
        f"The sandbox listens on {url}; Ctrl-C stops it. It is not Stripe, and its keys "
        f"open nothing.\nPaste this where your application runs:\n\n{exports}{forwards}"
    )


def _forward(sandbox: Sandbox, url: str, *, as_json: bool) -> WebhookSender:
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
    told = {
        "type": event.type,
        "id": event.id,
        "status": delivery.status,
        "attempt": delivery.attempt,
    }
    write_json(told, indent=None)


def _listen(sandbox: Sandbox, host: str, port: int, hosts: Sequence[str]) -> Server:
    try:
        return sandbox.serve(host, port, hosts=hosts)
    except ValueError as error:
        raise CommandFailed(f"--allow-host: {error}", 2) from None
    except OSError as error:
        raise CommandFailed(
            f"Cannot listen on {host} port {port} ({error.strerror}): "
            "choose another address or port; port 0 is any free one.",
            1,
        ) from None


def _wait(hooks: WebhookSender | None) -> None:
    while True:
        if hooks is not None:
            hooks.deliver()
        time.sleep(_GLANCE)
