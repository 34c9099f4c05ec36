"""`tokencharge trigger`: make an event happen in a running sandbox."""

from __future__ import annotations

import json
import os
import time
from typing import Any
from urllib.parse import quote

from .. import ConfigurationError, Settings
from .._secrets import redact
from ..sandbox import Sandbox
from ..sandbox.language.sender import send
from .terminal import CommandFailed, write, write_json

_CUSTOMER = "POST customers email=ada@example.com"
_ATTACH = "POST payment_methods/pm_card_visa/attach customer={0}"
_INTENT = (
    "POST payment_intents amount=1450&currency=usd&description=Triggered"
    "&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never"
)
_PAYMENT = f"{_INTENT}&confirm=true&payment_method=pm_card_"
_HOLD = f"{_PAYMENT}visa&capture_method=manual"
_REFUND = "POST refunds payment_intent={0}"

# One line per request; {0} stands for the id in the first answer, {1} for the id in the
# second.
TRIGGERS = {
    "charge.captured": (_HOLD, "POST payment_intents/{0}/capture"),
    "charge.dispute.created": (f"{_PAYMENT}createDispute",),
    "charge.failed": (f"{_PAYMENT}chargeCustomerFail",),
    "charge.refunded": (f"{_PAYMENT}visa", _REFUND),
    "charge.succeeded": (f"{_PAYMENT}visa",),
    # It happens when the money is booked.
    "charge.updated": (f"{_PAYMENT}visa",),
    "customer.created": (_CUSTOMER,),
    "customer.deleted": (_CUSTOMER, "DELETE customers/{0}"),
    "customer.source.created": (f"{_CUSTOMER}&source=tok_visa",),
    "customer.source.deleted": (
        f"{_CUSTOMER}&source=tok_visa",
        "POST customers/{0} source=tok_mastercard",
    ),
    "customer.updated": (_CUSTOMER, "POST customers/{0} description=Triggered"),
    "payment_intent.amount_capturable_updated": (_HOLD,),
    "payment_intent.canceled": (_INTENT, "POST payment_intents/{0}/cancel"),
    "payment_intent.created": (_INTENT,),
    "payment_intent.payment_failed": (f"{_PAYMENT}chargeDeclined",),
    "payment_intent.requires_action": (f"{_PAYMENT}threeDSecure2Required",),
    "payment_intent.succeeded": (f"{_PAYMENT}visa",),
    "payment_method.attached": (_CUSTOMER, _ATTACH),
    "payment_method.detached": (_CUSTOMER, _ATTACH, "POST payment_methods/{1}/detach"),
    "refund.created": (f"{_PAYMENT}visa", _REFUND),
    "refund.failed": (f"{_PAYMENT}refundFail", _REFUND),
    "refund.updated": (f"{_PAYMENT}pendingRefund", _REFUND),
}

_TIMEOUT = 10.0
_LOOKS, _GLANCE = 25, 0.2


def run(kind: str, api_base: str | None, *, as_json: bool) -> int:
    """Make an event of a type happen, and write which event it was.

    Raises:
        CommandFailed: No sandbox is named or answers, it refuses, or the event does not
            come.
        ConfigurationError: The key or the address is not valid, or the key is no test
            key.
    """
    settings = _settings(api_base)
    before = _newest(settings, kind)
    done: list[str] = []
    for step in TRIGGERS[kind]:
        answer = _ask(settings, *step.format(*done).split(" "))
        done.append(str(answer.get("id")))
    event = _await(settings, kind, before)
    about = event["data"]["object"]["id"]
    if as_json:
        write_json({"type": kind, "id": event["id"], "object": about})
    else:
        write(f"{kind}  {event['id']}  {about}")
    return 0


def _settings(api_base: str | None) -> Settings:
    base = api_base or os.environ.get("STRIPE_API_BASE")
    if not base:
        raise CommandFailed(
            "Name the sandbox: "
            "set STRIPE_API_BASE as `tokencharge sandbox` prints it, or pass --api-base.",
            2,
        )
    settings = Settings(os.environ.get("STRIPE_SECRET_KEY") or Sandbox().secret_key, api_base=base)
    if settings.mode != "test":
        raise ConfigurationError(
            "Events are triggered with a test key only: set STRIPE_SECRET_KEY to the sandbox's."
        )
    return settings


def _newest(settings: Settings, kind: str) -> dict[str, Any] | None:
    found = _ask(settings, "GET", f"events?limit=1&type={quote(kind)}").get("data")
    return found[0] if found else None


def _await(settings: Settings, kind: str, before: dict[str, Any] | None) -> dict[str, Any]:
    """Wait for the event: some events happen a second after the request."""
    for _ in range(_LOOKS):
        event = _newest(settings, kind)
        if event is not None and event != before:
            return event
        time.sleep(_GLANCE)
    raise CommandFailed(f"{kind} was asked for, but {settings.api_base} lists no such event.", 1)


def _ask(settings: Settings, method: str, path: str, form: str = "") -> dict[str, Any]:
    url = f"{settings.api_base.rstrip('/')}/v1/{path}"
    headers = {
        "Authorization": f"Bearer {settings.secret_key}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    try:
        status, body = send(method, url, headers, form.encode(), _TIMEOUT)
        answer = json.loads(body)
        # Some triggers are there to cause a decline.
        if status in (200, 402):
            return dict(answer)
        refusal = str(answer["error"]["message"])
    except (OSError, ValueError, KeyError, TypeError):
        raise CommandFailed(
            f"No sandbox answers at {settings.api_base}: start one with `tokencharge sandbox`.", 1
        ) from None
    said = redact(refusal).rstrip(".")
    way_out = (
        " `tokencharge sandbox --card-tokens` takes them."
        if status == 400 and "source=" in form
        else ""
    )
    raise CommandFailed(f"{method} /v1/{path} was refused: {said}.{way_out}", 1)
