"""Nothing secret can be reached from an error: not by its chain,
not in a frame, not in a copy of it."""

from __future__ import annotations

import asyncio
import hmac
import time
import traceback

import pytest
import stripe

import tokencharge
from tests.flows.line import Busy, Line, answer, lose, refuse
from tests.rows import each_row
from tests.secrets.buying import (
    ANSWERED,
    CARD,
    CLIENT_SECRET,
    EMAIL,
    FINGERPRINT,
    FIVE,
    KEY,
    NAME,
    OPERATIONS,
    PHONE,
    RECEIPT,
    SECRETS,
    TOKEN,
    WEBHOOK_SECRET,
    failure,
    gateway,
)
from tests.secrets.line import BROKEN, nobody, peer
from tests.secrets.walk import chain, found, places
from tokencharge import AsyncPaymentGateway, OutcomeUnknown, PaymentGateway, TokenChargeError

# Tests that answer a request themselves are clients of their own.
from tokencharge._frames import forgetful
from tokencharge._stripe import FunctionClient
from tokencharge.sandbox import Rules, Sandbox

KINDS = ["blocking", "awaited"]
# Operations of several requests, each of which may be the one in trouble.
STEPS = (
    "a token",
    "an order",
    "a method",
    "a known customer",
    "a saved card",
    "capture",
    "void",
    "refund",
)
ROUTES = ["charges", "payment_intents"]
SAID = f"{KEY} {TOKEN} {EMAIL} {RECEIPT} {CARD} {CARD[:4]}.{CARD[4:]} {CLIENT_SECRET}"
CARD_DETAILS = {"fingerprint": FINGERPRINT, "last4": "5556"}
BILLING = {"name": NAME, "phone": PHONE, "email": EMAIL}
INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "client_secret": CLIENT_SECRET,
    "last_payment_error": {"payment_method": {"billing_details": BILLING, "card": CARD_DETAILS}},
}


def echo(status):
    """What a careless proxy does: it answers with all it was sent."""
    return lambda request: answer(
        status,
        {"form": request.form, "headers": dict(request.headers), "card": CARD, "error": SAID},
    )(request)


def says(status, **error):
    return refuse(status, SAID, param=TOKEN, payment_intent=INTENT, source=BILLING, **error)


def unset(request):
    raise KeyError(f"{SAID} {request.headers}")


TROUBLES = {
    **{
        f"HTTP {status}": says(status)
        for status in (302, 400, 401, 402, 403, 404, 409, 418, 429, 500, 503)
    },
    "declined": says(402, type="card_error", code="card_declined", decline_code="stolen_card"),
    "authentication": says(402, type="card_error", code="authentication_required"),
    "a used token": says(400, code="token_already_used"),
    "a conflict": says(400, type="idempotency_error"),
    **{f"echoed {status}": echo(status) for status in (200, 302, 402, 500)},
    "no code at all": refuse(400, SAID, code={"a": SAID}, param=[SAID], type=SAID),
    "no object": answer(200, [SAID]),
    "no JSON": answer(200, SAID.encode()),
    "half an object": answer(200, {"object": "charge", "receipt_email": EMAIL, "source": BILLING}),
    "reset": lose(ConnectionResetError(104, f"reset {SAID}")),
    "refused": lose(ConnectionRefusedError(111, f"refused {SAID}")),
    "a client that fails": unset,
}


@pytest.mark.parametrize("trouble", TROUBLES)
@each_row("kind", KINDS)
@each_row("route", ROUTES)
def test_nothing_secret_can_be_reached_from_an_error(trouble, route, kind, monkeypatch):
    """Each operation, in trouble at its first, second, third or fourth
    request, over both gateways and routes."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("asyncio.sleep", _no_time)
    leaks, met = [], 0
    for name, operation in OPERATIONS.items():
        for good in range(4 if name in STEPS else 1):
            line = Line(Sandbox(secret_key=KEY, rules=Rules(card_tokens=route == "charges")))
            line.plan("*", *[line.sandbox.handle] * good, *[TROUBLES[trouble]] * 60)
            error = failure(
                operation, gateway(kind, route=route, http_client=FunctionClient(line.send))
            )
            if error is not None:
                met += 1
                leaks += [f"{name} {good}: {leak}" for leak in found(error, (*SECRETS, *ANSWERED))]

    assert met > len(OPERATIONS)
    assert [] == leaks[:20]


async def _no_time(seconds):
    """Pass the time at once."""


@pytest.mark.parametrize("kind", KINDS)
@each_row("broken", BROKEN)
def test_nothing_secret_is_left_of_a_broken_answer(broken, kind):
    """Whatever a peer sends over the network that is no answer, both
    built-in transports keep what they sent."""
    with peer(broken) as address:
        buying = gateway(kind, api_base=f"http://{address}", timeout=5)
        errors = [failure(operation, buying) for operation in OPERATIONS.values()]
    leaks = [leak for error in errors if error for leak in found(error, SECRETS)]

    assert None not in errors
    assert [] == leaks[:20]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["nobody there", "no TLS", "a proxy that refuses", "no such proxy"])
def test_nothing_secret_is_left_of_a_request_that_never_left(way, kind, monkeypatch):
    """No connection, no TLS, a proxy that wants another
    password: that password is a secret, too."""
    base = f"https://{nobody()}"
    with peer(
        lambda request: b"HTTP/1.1 407 " + b" ".join(request.split()) + b"\r\n\r\n"
    ) as address:
        if way == "no TLS":
            base = f"https://{address}"
        elif way != "nobody there":
            there = address if way == "a proxy that refuses" else nobody()
            monkeypatch.setenv("https_proxy", f"http://proxyuser:HunterProxy@{there}")
            base = "https://stripe.example"
        buying = gateway(kind, api_base=base, timeout=5)
        errors = [failure(operation, buying) for operation in OPERATIONS.values()]
    leaks = [
        leak
        for error in errors
        if error
        for leak in found(error, (*SECRETS, "HunterProxy", "proxyuser"))
    ]

    assert None not in errors
    assert [] == leaks[:20]


@each_row("stop", [KeyboardInterrupt, SystemExit, MemoryError, RecursionError])
@each_row("kind", KINDS)
def test_nothing_secret_is_left_where_the_process_is_stopped(stop, kind):
    """A signal or a full memory may stop a request at any line; what is
    raised then holds no request either."""

    def stopped(*request):
        try:
            raise KeyError(request)
        finally:
            raise stop

    with pytest.raises((stop, OutcomeUnknown)) as raised:
        OPERATIONS["a token"](gateway(kind, http_client=FunctionClient(stopped)))

    assert [] == found(raised.value, SECRETS)


@each_row("stop", [KeyboardInterrupt, TimeoutError])
@each_row("kind", KINDS)
def test_nothing_secret_is_left_where_a_pause_is_stopped(stop, kind, monkeypatch):
    """Between two tries a signal may raise anything, and the request is known there."""

    async def stopped_task(seconds):
        raise stop

    def stopped(seconds):
        raise stop

    client = Busy(lambda *_: (b'{"error": {"code": "rate_limit"}}', 429, {}))
    monkeypatch.setattr("time.sleep", stopped)
    monkeypatch.setattr("asyncio.sleep", stopped_task)
    with pytest.raises(stop) as raised:
        OPERATIONS["a token"](gateway(kind, http_client=client, max_retries=1))

    assert isinstance(raised.value.__cause__, OutcomeUnknown)
    assert [] == found(raised.value, SECRETS)


def test_nothing_secret_is_left_of_a_task_that_was_cancelled():
    """What a cancelled task raises, and what it knows of the charge, holds no request."""
    pytest.importorskip("aiohttp")

    def slow(request):
        time.sleep(0.5)
        return b""

    async def cancel(address):
        async with AsyncPaymentGateway(KEY, api_base=f"http://{address}") as buying:
            task = asyncio.create_task(buying.charge(TOKEN, EMAIL, FIVE, order_id="order-1"))
            await asyncio.sleep(0.1)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as cancelled:
                return cancelled

    with peer(slow) as address:
        cancelled = asyncio.run(cancel(address))

    assert [] == found(cancelled, SECRETS)


def test_a_wrong_call_leaves_nothing_either():
    """A call that no signature allows is a TypeError, and its arguments are nobody's."""
    with pytest.raises(TypeError) as raised:
        PaymentGateway(KEY).charge(TOKEN, EMAIL, FIVE, KEY)  # type: ignore[call-arg]

    assert [] == found(raised.value, SECRETS)


PUBLIC = [getattr(tokencharge, name) for name in tokencharge.__all__]
ERRORS = [kind for kind in PUBLIC if isinstance(kind, type) and issubclass(kind, TokenChargeError)]


@each_row("kind", ERRORS)
def test_every_class_of_error_is_emptied(kind):
    """Whichever of our errors it is, and however deep it was raised,
    its frames and its chain are empty."""

    def deep(secret):
        try:
            try:
                raise ValueError(secret)
            except ValueError:
                raise LookupError("It cannot be read.")  # noqa: B904 - as a slip would
        except LookupError as error:
            raise kind("No.") from error

    frame: dict = {}
    exec(
        compile(
            "def run(deep, secret):\n    kept = [secret]\n    deep(secret)", "/library.py", "exec"
        ),
        frame,
    )
    with pytest.raises(kind) as raised:
        forgetful(frame["run"])(deep, KEY)

    _, *behind = chain(raised.value)

    assert [] == found(raised.value, SECRETS)
    assert [(LookupError, None, None)] == [
        (type(each), each.__traceback__, each.__context__) for each in behind
    ]
    assert any("library.py" in line for line in traceback.format_tb(raised.value.__traceback__))


def test_what_the_caller_was_handling_stays_theirs():
    """A charge made while another exception is handled does not touch that one."""
    seen: dict = {}
    try:
        frame: dict = {}
        exec(
            compile(
                "def run():\n    mine = 'kept'\n    raise LookupError('theirs')", "/shop.py", "exec"
            ),
            frame,
        )
        frame["run"]()
    except LookupError as theirs:
        seen["error"] = failure(OPERATIONS["a card as a token"], PaymentGateway(KEY))
        seen["kept"] = [
            frame.f_locals.get("mine") for frame, _ in traceback.walk_tb(theirs.__traceback__)
        ]
        seen["theirs"] = theirs

    assert "kept" in seen["kept"]
    assert seen["theirs"] is seen["error"].__context__


@each_row(
    "body",
    [b"\xff", EMAIL.encode(), b"[]", b'{"data": {"object": {"email": "%s"}}}' % EMAIL.encode()],
)
@each_row("signed", [True, False])
def test_nothing_secret_is_left_of_a_webhook(body, signed):
    """A delivery that is refused is not quoted, and the secret
    that was compared with stays here."""
    now = int(time.time())
    mac = hmac.new(WEBHOOK_SECRET.encode(), b"%d." % now + body, "sha256").hexdigest()
    signature = f"t={now},v1={mac}" if signed else f"t=1,v1={WEBHOOK_SECRET}"
    with pytest.raises(TokenChargeError) as refused:
        PaymentGateway(KEY, webhook_secret=WEBHOOK_SECRET).parse_event(body, signature)

    assert [] == found(refused.value, SECRETS)


def test_the_walk_is_not_blind():
    """The SDK's own errors show the key in hundreds of places, and the walk sees them."""
    client = stripe.StripeClient(KEY, base_addresses={"api": f"http://{nobody()}"})
    with pytest.raises(stripe.StripeError) as raised:
        client.raw_request("post", "/v1/charges", source=TOKEN)
    seen = list(places(raised.value))

    assert len(seen) > 100
    assert len(found(raised.value, [KEY])) > 10
    assert found(raised.value, ["HunterToken"])


def test_what_a_developer_needs_is_on_the_error():
    """Status, code, decline code, request id and Stripe's words are
    ours to show; the cause says no more."""
    line = Line(Sandbox(secret_key=KEY))
    line.plan("*", says(402, type="card_error", code="card_declined", decline_code="stolen_card"))
    with pytest.raises(tokencharge.CardDeclined, match="Stripe says: sk_test_") as declined:
        line.gateway(max_retries=0).charge(TOKEN, EMAIL, FIVE)
    cause = declined.value.__cause__
    assert isinstance(cause, stripe.StripeError)

    assert (402, "card_declined", "stolen_card", "req_canned") == (
        declined.value.http_status,
        declined.value.code,
        declined.value.decline_code,
        declined.value.request_id,
    )
    assert CLIENT_SECRET == declined.value.client_secret
    assert ("CardError", 402, "req_canned", None, None) == (
        type(cause).__name__,
        cause.http_status,
        cause.request_id,
        cause.http_body,
        cause.json_body,
    )
    assert (None, None, None) == (cause.__cause__, cause.__context__, cause.__traceback__)
