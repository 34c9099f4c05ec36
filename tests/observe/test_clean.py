"""Nothing secret is told: whatever happens, with everybody's logging at DEBUG."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.line import Line
from tests.flows.test_secrets import CARD, EMAIL, KEY, RECEIPT, TROUBLES, every_flow
from tests.observe.told import kept
from tests.rows import each_row
from tokencharge import AsyncPaymentGateway, Money, Order, PaymentGateway, TokenChargeError
from tokencharge._stripe import FunctionClient
from tokencharge.sandbox import Rules, Sandbox

WEBHOOK_SECRET = "whsec_HunterTwoHunterTwo"
FIVE = Money(500, "usd")
# Everybody's: what is logged by a child of these comes here as well.
LOUD = (
    "",
    "asyncio",
    "aiohttp",
    "flask",
    "opentelemetry",
    "stripe",
    "tokencharge",
    "urllib3",
    "werkzeug",
)


class Awaited:
    """An async gateway, as a blocking one."""

    def __init__(self, gateway: AsyncPaymentGateway) -> None:
        self._gateway = gateway

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: asyncio.run(
            getattr(self._gateway, name)(*args, **kwargs), debug=True
        )


def written(records: list[logging.LogRecord]) -> str:
    """All that any formatter could write of these records."""
    formatter = logging.Formatter(
        "%(asctime)s %(levelname)s %(name)s %(pathname)s %(funcName)s %(message)s"
    )
    return "\n".join(
        f"{formatter.format(record)} {json.dumps(vars(record), default=repr)}" for record in records
    )


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(secret_key=KEY)


@pytest.fixture
def everything() -> Iterator[list[logging.LogRecord]]:
    """Every record of everybody."""
    loggers = [logging.getLogger(name) for name in LOUD]
    with kept(loggers[0]) as records:
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.DEBUG)
        yield records
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@pytest.fixture
def advice(everything: object) -> None:
    """What docs/observability.md says to do about urllib3, done."""
    page = Path(__file__).parents[2].joinpath("docs", "observability.md").read_text("utf-8")
    (shown,) = re.findall(
        r"```python\n((?:(?!```).)*getLogger\(\"urllib3\"\).*?)```", page, re.DOTALL
    )
    exec(shown, {})


def secrets(*more: str) -> tuple[str, ...]:
    return (KEY, EMAIL, RECEIPT, "lovelace", "babbage", CARD, CARD[4:], WEBHOOK_SECRET, *more)


def found(records: list[logging.LogRecord], *more: str) -> list[str]:
    """The secrets that somebody wrote."""
    text = written(records)
    return [secret for secret in secrets(*more) if secret in text]


def ours(records: list[logging.LogRecord]) -> list[logging.LogRecord]:
    return [record for record in records if record.name.startswith("tokencharge")]


def log_as_hosts_do(results: list[object]) -> None:
    """What a host's own handler does with what it caught and what it got."""
    for result in results:
        if isinstance(result, TokenChargeError):
            logging.getLogger("shop").error("It failed: %r", result, exc_info=result)
        else:
            logging.getLogger("shop").info("It worked: %r", result)


@pytest.mark.usefixtures("advice")
@pytest.mark.parametrize("kind", [PaymentGateway, AsyncPaymentGateway])
@pytest.mark.parametrize("route", ["charges", "payment_intents"])
@each_row("trouble", TROUBLES)
def test_every_flow(everything, trouble, route, kind):
    """Every operation, whatever Stripe answers: with urllib3 kept
    quiet, nobody writes anything secret."""
    sandbox = Sandbox(secret_key=KEY, rules=Rules(card_tokens=route == "charges"))
    everything.clear()
    line = Line(sandbox)
    token = sandbox.create_token(CARD)
    gateway = kind(
        KEY, webhook_secret=WEBHOOK_SECRET, route=route, http_client=FunctionClient(line.send)
    )
    line.plan("*", *trouble * 60)
    results = every_flow(gateway if kind is PaymentGateway else Awaited(gateway), token)
    log_as_hosts_do(results)

    assert len(ours(everything)) > len(results)
    assert [] == found(everything, token, token[4:])


def test_the_sdk_writes_nothing(sandbox, everything):
    """Its logger would write token and e-mail at DEBUG; no request goes through it."""
    token = sandbox.create_token(CARD)
    PaymentGateway(KEY, http_client=sandbox.http_client()).charge(token, EMAIL, FIVE)

    assert {"tokencharge"} == {record.name for record in everything}
    assert [] == found(everything, token, token[4:])


@pytest.mark.usefixtures("advice")
@pytest.mark.parametrize("kind", [PaymentGateway, AsyncPaymentGateway])
def test_over_sockets(sandbox, everything, kind):
    """Nor do the built-in transports, or asyncio, which say which URLs they ask for."""
    if kind is AsyncPaymentGateway:
        pytest.importorskip("aiohttp")
    token = sandbox.create_token(CARD)
    with sandbox.serve() as server:
        gateway = kind(KEY, api_base=server.url, max_retries=0)
        log_as_hosts_do(every_flow(gateway if kind is PaymentGateway else Awaited(gateway), token))

    assert {"tokencharge", "shop"} <= {record.name for record in everything}
    assert [] == found(everything, token, token[4:])


@pytest.mark.usefixtures("advice")
def test_the_bank_asks(sandbox, everything):
    """A client_secret is for the buyer's browser alone."""
    gateway = PaymentGateway(
        KEY, route="payment_intents", http_client=sandbox.http_client(), max_retries=0
    )
    token = sandbox.create_token("4000002760003184")
    with pytest.raises(TokenChargeError) as asked:
        gateway.charge(token, EMAIL, FIVE, order_id="order-1")
    log_as_hosts_do([asked.value])

    assert asked.value.client_secret
    assert [] == found(everything, token, asked.value.client_secret, "_secret_")


@pytest.mark.usefixtures("advice")
def test_webhooks(sandbox, everything):
    """What is delivered is not quoted, wrongly signed or not; the secret stays here."""
    gateway = PaymentGateway(KEY, webhook_secret=WEBHOOK_SECRET, http_client=sandbox.http_client())
    body = json.dumps(
        {"id": "evt_1", "object": "event", "type": "x", "data": {"object": {"email": EMAIL}}}
    ).encode()
    for payload, signature in (
        (body, "t=1,v1=abc"),
        (EMAIL.encode(), f"t=1,v1={WEBHOOK_SECRET}"),
        (b"\xff", None),
    ):
        with pytest.raises(TokenChargeError) as refused:
            gateway.parse_event(payload, signature)
        log_as_hosts_do([refused.value])

    assert [] == found(everything)


@pytest.mark.usefixtures("advice")
def test_the_pages(sandbox, everything):
    """Nor does the web layer, which says more of what went wrong: with a framework
    around it, buying and failing to."""
    pytest.importorskip("flask")
    from flask import Flask

    from tokencharge.flask import TokenCharge

    app = Flask(__name__)
    app.config.update(TESTING=True, SECRET_KEY="signs the session")
    line = Line(sandbox)
    gateway = PaymentGateway(
        KEY,
        publishable_key=sandbox.publishable_key,
        webhook_secret=WEBHOOK_SECRET,
        http_client=FunctionClient(line.send),
        max_retries=0,
    )
    payments = TokenCharge(app, gateway=gateway)
    payments.order(lambda: Order(FIVE, "A blue notebook", "order-1"))
    payments.on_payment(lambda payment: 1 / 0)
    payments.on_failure(lambda error: 1 / 0)
    client = app.test_client()
    tokens = [sandbox.create_token(CARD) for _ in TROUBLES]
    answers = []
    for token, actions in zip(tokens, TROUBLES.values(), strict=True):
        line.plan("*", *actions)
        answers.append(client.post("/charge", data={"token": token, "email": EMAIL}).status_code)
        answers.append(client.post("/charge", json={"token": token, "email": EMAIL}).status_code)
    client.post("/charge", data={"token": CARD, "email": f"{EMAIL}@"})
    client.post(
        "/stripe/webhook", data=EMAIL, headers={"Stripe-Signature": f"t=1,v1={WEBHOOK_SECRET}"}
    )

    assert {200, 402, 502} <= set(answers)
    assert "A payment hook failed" in written(everything)
    assert [] == found(everything, *tokens, *(token[4:] for token in tokens))
