"""`tokencharge trigger`: ask a running sandbox for what makes an event happen."""

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

_CHARGE = "POST charges amount=1450&currency=usd&description=Triggered&source="
_CUSTOMER = "POST customers email=ada@example.com&source=tok_visa"
_INTENT = (
    "POST payment_intents amount=1450&currency=usd&description=Triggered"
    "&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never"
)
_PAYMENT = f"{_INTENT}&confirm=true&payment_method="
_REFUND = "POST refunds charge={0}"

# A line per request; {0} stands for the id that the first was answered with.
TRIGGERS = {
    "charge.captured": (f"{_CHARGE}tok_visa&capture=false", "POST charges/{0}/capture"),
    "charge.dispute.created": (f"{_CHARGE}tok_createDispute",),
    "charge.failed": (f"{_CHARGE}tok_chargeCustomerFail",),
    "charge.refunded": (f"{_CHARGE}tok_visa", _REFUND),
    "charge.succeeded": (f"{_CHARGE}tok_visa",),
    "charge.updated": (f"{_CHARGE}tok_visa", "POST charges/{0} metadata[triggered]=true"),
    "customer.created": (_CUSTOMER,),
    "customer.deleted": (_CUSTOMER, "DELETE customers/{0}"),
    "customer.source.created": (_CUSTOMER,),
    "customer.source.deleted": (_CUSTOMER, "POST customers/{0} source=tok_mastercard"),
    "customer.updated": (_CUSTOMER, "POST customers/{0} description=Triggered"),
    "payment_intent.amount_capturable_updated": (f"{_PAYMENT}pm_card_visa&capture_method=manual",),
    "payment_intent.canceled": (_INTENT, "POST payment_intents/{0}/cancel"),
    "payment_intent.created": (_INTENT,),
    "payment_intent.payment_failed": (f"{_PAYMENT}pm_card_chargeDeclined",),
    "payment_intent.requires_action": (f"{_PAYMENT}pm_card_threeDSecure2Required",),
    "payment_intent.succeeded": (f"{_PAYMENT}pm_card_visa",),
    "refund.created": (f"{_CHARGE}tok_visa", _REFUND),
    "refund.failed": (f"{_CHARGE}tok_refundFail", _REFUND),
    "refund.updated": (f"{_CHARGE}tok_pendingRefund", _REFUND),
}

_TIMEOUT = 10.0
_LOOKS, _GLANCE = 25, 0.2


def run(kind: str, api_base: str | None, *, as_json: bool) -> int:
    """Make an event of a type happen, and say which it was.

    Raises:
        CommandFailed: No sandbox is named or answers, it refuses, or the event does not come.
        ConfigurationError: The key or the address is none, or the key is no test key.
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
            "Name the sandbox: set STRIPE_API_BASE as `tokencharge sandbox` prints it, or pass --api-base.",
            2,
        )
    settings = Settings(os.environ.get("STRIPE_SECRET_KEY") or Sandbox().secret_key, api_base=base)
    if settings.mode != "test":
        raise ConfigurationError("Events are triggered with a test key only: set STRIPE_SECRET_KEY to the sandbox's.")
    return settings


def _newest(settings: Settings, kind: str) -> dict[str, Any] | None:
    found = _ask(settings, "GET", f"events?limit=1&type={quote(kind)}").get("data")
    return found[0] if found else None


def _await(settings: Settings, kind: str, before: dict[str, Any] | None) -> dict[str, Any]:
    """Wait for the event: some happen a second after the request."""
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
        # A decline is what some triggers are for.
        if status in (200, 402):
            return dict(answer)
        refusal = str(answer["error"]["message"])
    except (OSError, ValueError, KeyError, TypeError):
        raise CommandFailed(
            f"No sandbox answers at {settings.api_base}: start one with `tokencharge sandbox`.", 1
        ) from None
    raise CommandFailed(f"{method} /v1/{path} was refused: {redact(refusal)}", 1)
