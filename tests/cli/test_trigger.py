"""`tokencharge trigger`: makes things happen in a running
sandbox, and says which event came of it."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import pytest

from tests.rows import each_row
from tokencharge.cli import main
from tokencharge.cli.trigger import TRIGGERS
from tokencharge.sandbox import Request, Response, Rules, Sandbox, Server

# What only an account that takes card tokens at Customers can tell.
OF_OLD = ["customer.source.created", "customer.source.deleted"]


@attrs.frozen
class Running:
    """A sandbox that is served, and where."""

    sandbox: Sandbox
    url: str


@pytest.fixture
def card_tokens() -> bool:
    """An account as Stripe opens it today."""
    return False


@contextmanager
def serving(card_tokens: bool) -> Iterator[Running]:
    """Serve a sandbox whose time passes with each look at it, so that
    nobody has to wait for what is due."""
    sandbox = Sandbox(
        clock=itertools.count(1_800_000_000.0, 0.25).__next__, rules=Rules(card_tokens=card_tokens)
    )
    with sandbox.serve() as server:
        yield Running(sandbox, server.url)


@pytest.fixture
def running(card_tokens: bool) -> Iterator[Running]:
    with serving(card_tokens) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


@each_row(
    ("kind", "card_tokens"),
    [(kind, taken) for kind in TRIGGERS for taken in (False, True) if taken or kind not in OF_OLD],
)
def test_each_type_happens(kind: str, card_tokens: bool, run) -> None:
    """Whatever can be triggered happens, on either kind of account,
    and is named by event and object."""
    with serving(card_tokens) as running:
        ran = run("trigger", kind, "--api-base", running.url)
        (event,) = (event for event in running.sandbox.events if event.type == kind)

    assert (0, f"{kind}  {event.id}  {event.raw['data']['object']['id']}\n", "") == ran


@pytest.mark.parametrize("kind", OF_OLD)
def test_what_a_new_account_cannot_tell_is_told_of_an_old_one(
    kind: str, running: Running, run
) -> None:
    """Where no card tokens are taken, the refusal says which sandbox takes them."""
    ran = run("trigger", kind, "--api-base", running.url)

    assert (1, "") == (ran.code, ran.out)
    assert "was refused: Card Token usage" in ran.err
    assert "`tokencharge sandbox --card-tokens`" in ran.err
    assert 1 == ran.err.count("\n")


def test_a_machine_is_told_in_json(running: Running, run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that `tokencharge sandbox` prints are enough to find it."""
    for name, value in running.sandbox.environment(running.url).items():
        monkeypatch.setenv(name, value)
    ran = run("trigger", "charge.refunded", "--json")
    (event,) = (event for event in running.sandbox.events if event.type == "charge.refunded")

    assert {
        "type": "charge.refunded",
        "id": event.id,
        "object": running.sandbox.charges[0].id,
    } == ran.document
    assert (0, "") == (ran.code, ran.err)


def test_the_same_again_is_another_event(running: Running, run) -> None:
    """An event that was there before is not taken for the one that was asked for."""
    first, second = (
        run("trigger", "charge.failed", "--api-base", running.url).out for _ in range(2)
    )

    assert first != second


def test_an_unknown_type_lists_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be triggered is answered with what can."""
    with pytest.raises(SystemExit) as stop:
        main(["trigger", "invoice.paid"])
    err = capsys.readouterr().err

    assert 2 == stop.value.code
    assert all(kind in err for kind in TRIGGERS)


@each_row(
    ("mistyped", "meant"),
    [
        ("charge.refund", "charge.refunded"),
        ("payment_intent.failed", "payment_intent.payment_failed"),
        ("payment_intent.cancelled", "payment_intent.canceled"),
        ("charge.dispute", "charge.dispute.created"),
        ("payment.succeeded", "payment_intent.succeeded"),
        ("refunds.failed", "refund.failed"),
        ("charge.success", "charge.succeeded"),
    ],
)
def test_a_mistyped_type_is_told_which_may_be_meant(
    mistyped: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One name, and where to find all of them."""
    with pytest.raises(SystemExit) as ended:
        main(["trigger", mistyped])
    said = capsys.readouterr().err

    assert 2 == ended.value.code
    assert (
        f'"{mistyped}" is no event it can make happen: "{meant}" may be meant; --help lists all\n'
        in said
    )


def test_a_sandbox_must_be_named(run) -> None:
    """Without an address nothing is sent, least of all to Stripe."""
    ran = run("trigger", "charge.succeeded")

    assert (2, "") == (ran.code, ran.out)
    assert "STRIPE_API_BASE" in ran.err
    assert 1 == ran.err.count("\n")


@pytest.mark.parametrize("key", ["sk_live_51SandboxSecret", "sk_strange"])
def test_only_test_keys_are_used(key: str, run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that may be a live one is refused, and not shown."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", key)
    ran = run("trigger", "charge.succeeded", "--api-base", "https://api.stripe.com")

    assert (2, "") == (ran.code, ran.out)
    assert "test key" in ran.err
    assert key not in ran.err


def test_a_refusal_is_told(running: Running, run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the sandbox objects to is passed on, without the key."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_another")
    ran = run("trigger", "charge.succeeded", "--api-base", running.url)

    assert (1, "") == (ran.code, ran.out)
    assert "was refused: Invalid API Key" in ran.err
    assert "sk_test_another" not in ran.err


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>"),
        (200, b"[1]"),
        (200, b'"text"'),
        (500, b"<html>"),
        (500, b"[]"),
        (500, b'{"error": 1}'),
    ],
)
def test_something_else_that_answers(status: int, body: bytes, run) -> None:
    """An answer that is not Stripe's is one sentence."""
    with Server(lambda request: Response(status, {}, body), "127.0.0.1", 0) as server:
        ran = run("trigger", "charge.succeeded", "--api-base", server.url)

    assert (1, "") == (ran.code, ran.out)
    assert ran.err.startswith(f"tokencharge: No sandbox answers at {server.url}")


def test_nobody_answers(run) -> None:
    """Where nobody listens the command says how to start a sandbox."""
    with Sandbox().serve() as server:
        url = server.url
    ran = run("trigger", "charge.succeeded", "--api-base", url)

    assert (1, "") == (ran.code, ran.out)
    assert "tokencharge sandbox" in ran.err


def test_an_event_that_does_not_come(run) -> None:
    """A server that takes the request and lists no event is not waited for for ever."""

    def answer(request: Request) -> Response:
        return Response(200, {}, b'{"data": []}' if request.method == "GET" else b'{"id": "ch_1"}')

    with Server(answer, "127.0.0.1", 0) as server:
        ran = run("trigger", "charge.succeeded", "--api-base", server.url)

    assert (1, "") == (ran.code, ran.out)
    assert "lists no such event" in ran.err


def test_it_reaches_the_endpoint_of_a_sandbox_that_forwards(running: Running, run) -> None:
    """What is triggered is delivered, as `tokencharge sandbox --forward-to` does."""
    types: list[str] = []

    def receive(body: bytes, headers: dict[str, str]) -> int:
        types.append(json.loads(body)["type"])
        return 200

    with running.sandbox.webhooks(receive):
        run("trigger", "customer.deleted", "--api-base", running.url)

    assert ["customer.created", "customer.deleted"] == types
