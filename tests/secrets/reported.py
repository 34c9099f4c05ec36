"""A host with sentry-sdk and its default settings, its reports printed:
`python -m tests.secrets.reported`."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from tests.secrets.buying import EMAIL, KEY, OPERATIONS, TOKEN, WEBHOOK_SECRET, gateway
from tests.secrets.line import BROKEN, nobody, peer
from tokencharge import Money, Order, PaymentGateway, Settings, TokenChargeError

# Tests that answer a request themselves are clients of their own.
from tokencharge._stripe import FunctionClient
from tokencharge.sandbox import Sandbox

logger = logging.getLogger("shop")
events: list[Any] = []


class Kept(Transport):
    """Keeps what would be sent, as it would be sent."""

    def capture_envelope(self, envelope: Envelope) -> None:
        events.extend(
            json.loads(item.get_bytes()) for item in envelope.items if item.type in ("event", "log")
        )


def report(what: Callable[[], Any]) -> None:
    """Do what fails, and report it as hosts do."""
    try:
        what()
    except (TokenChargeError, TypeError):
        logger.exception("It failed.")


def purchases() -> Iterator[Callable[[], Any]]:
    for kind in ("blocking", "awaited"):
        for answer in BROKEN.values():
            with peer(answer) as address:
                buying = gateway(kind, api_base=f"http://{address}")
                yield partial(OPERATIONS["a token"], buying)
        refused = gateway(kind, api_base=f"http://{nobody()}")
        for operation in OPERATIONS.values():
            yield partial(operation, refused)


def beginnings() -> Iterator[Callable[[], Any]]:
    yield lambda: Settings(KEY.replace("test", "live"), livemode=False)
    yield lambda: Settings.from_mapping(wrong())
    yield Settings.from_env
    yield PaymentGateway.from_env
    yield lambda: PaymentGateway(KEY, webhook_secret=WEBHOOK_SECRET + " x")
    yield lambda: PaymentGateway(KEY, webhook_secret=WEBHOOK_SECRET).parse_event(
        EMAIL.encode(), WEBHOOK_SECRET
    )
    yield lambda: Money.of("4000056655665556", KEY)
    yield asgi


def wrong() -> dict[str, str]:
    return {
        "STRIPE_SECRET_KEY": KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_TIMEOUT": KEY,
    }


def asgi() -> None:
    from tokencharge.asgi import TokenCharge

    TokenCharge(wrong())


def pages() -> None:
    """A shop whose hooks, handlers and database fail."""
    from flask import Flask

    from tokencharge.flask import TokenCharge

    sandbox = Sandbox(secret_key=KEY, webhook_secret=WEBHOOK_SECRET)
    settings = {
        "publishable_key": sandbox.publishable_key,
        "webhook_secret": WEBHOOK_SECRET,
        "max_retries": 0,
    }
    app = Flask("shop")

    def fail(*_: object) -> None:
        raise LookupError("No database.")

    def lose(*_: object) -> Any:
        raise ConnectionResetError(EMAIL)

    for name, client, refuse in (
        ("paid", sandbox.http_client(), None),
        ("lost", FunctionClient(lose), None),
        ("refused", sandbox.http_client(), fail),
    ):
        made = PaymentGateway(KEY, http_client=client, **settings)  # type: ignore[arg-type]
        payments = TokenCharge(
            app, gateway=made, name=name, url_prefix=f"/{name}", before_charge=refuse
        )
        payments.order(lambda: Order(Money(500, "usd"), "A blue notebook", "order-1"))
        payments.on_payment(fail)
        payments.on_failure(fail)
        payments.on("*")(fail)
    browser = app.test_client()
    for name in ("paid", "lost", "refused"):
        browser.post(
            f"/{name}/charge",
            data={"token": TOKEN if name != "paid" else "tok_visa", "email": EMAIL},
        )
        browser.post(f"/{name}/charge", data={"token": "4000056655665556", "email": EMAIL})
    for event in sandbox.events:
        body, signature = sandbox.signed(event)
        browser.post("/paid/stripe/webhook", data=body, headers={"Stripe-Signature": signature})
    browser.post("/paid/stripe/webhook", data=EMAIL, headers={"Stripe-Signature": WEBHOOK_SECRET})


def main() -> None:
    os.environ["STRIPE_SECRET_KEY"] = KEY
    os.environ["STRIPE_LIVEMODE"] = "true"
    sentry_sdk.init("https://public@sentry.invalid/1", transport=Kept)
    for what in (*beginnings(), *purchases()):
        report(what)
    pages()
    sentry_sdk.flush()
    print(json.dumps(events))


if __name__ == "__main__":
    main()
