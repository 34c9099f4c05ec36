"""Nothing secret is in what others make of an error: error trackers, admin mails, rich, pytest."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.rows import each_row
from tests.secrets.buying import (
    CARD,
    CLIENT_SECRET,
    EMAIL,
    FINGERPRINT,
    KEY,
    OPERATIONS,
    RECEIPT,
    SECRETS,
    WEBHOOK_SECRET,
    failure,
    gateway,
)
from tests.secrets.line import BROKEN, peer
from tests.secrets.walk import HERE
from tokencharge import (
    AuthenticationRequired,
    Card,
    Charge,
    Customer,
    Payment,
    PaymentIntent,
    Settings,
)
from tokencharge.web import Reply

ROOT = Path(__file__).parents[2]


def printed(module: str) -> Any:
    """What a program of this folder prints as JSON."""
    environ = {**os.environ, "no_proxy": "*"}
    run = subprocess.run(
        [sys.executable, "-m", f"tests.secrets.{module}"],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=environ,
        text=True,
        timeout=300,
    )

    assert 0 == run.returncode, run.stderr[-2000:]
    return json.loads(run.stdout.splitlines()[-1])


def test_an_error_tracker_gets_nothing():
    """sentry-sdk with its default settings: every failed purchase, a wrong
    configuration, pages whose hooks fail."""
    events = printed("reported")
    raised = [each for event in events for each in event.get("exception", {}).get("values", [])]
    frames = [frame for each in raised for frame in each.get("stacktrace", {}).get("frames", [])]
    for frame in frames:
        if frame["abs_path"].startswith(HERE):
            frame.clear()  # the host's own, as is the visitor's request
    texts = [json.dumps({**event, "request": None}) for event in events]

    assert len(events) > 60
    assert any("GatewayUnavailable" in text for text in texts)
    assert any("A payment hook failed" in text for text in texts)
    assert any("The handler" in text for text in texts)
    assert any("tokencharge/_stripe" in frame.get("abs_path", "") for frame in frames)
    assert (
        [] == [(secret, text[:300]) for secret in SECRETS for text in texts if secret in text][:5]
    )


def test_the_admins_get_nothing_by_mail():
    """Django's mails to the admins, as HTML with all frames and as text: of views
    of one's own, of hooks that fail."""
    mails = printed("mailed")
    texts = ["\n".join(mail) for mail in mails]

    assert len([mail for mail in mails if len(mail) == 3]) > 20
    assert len([mail for mail in mails if len(mail) == 2]) > 20
    assert any("A payment hook failed" in text for text in texts)
    assert any("Internal Server Error: /own" in text for text in texts)
    assert (
        [] == [(secret, text[:200]) for secret in SECRETS for text in texts if secret in text][:5]
    )


@pytest.mark.parametrize("kind", ["blocking", "awaited"])
def test_a_rich_traceback_shows_nothing(kind):
    """rich prints the locals of each frame where it is asked to."""
    from rich.console import Console
    from rich.traceback import Traceback

    written = io.StringIO()
    for broken in BROKEN.values():
        with peer(broken) as address:
            error = failure(OPERATIONS["a token"], gateway(kind, api_base=f"http://{address}"))
        assert error is not None
        trace = Traceback.from_exception(
            type(error),
            error,
            error.__traceback__,
            show_locals=True,
            locals_max_length=1000,
            locals_max_string=10_000,
            suppress=[HERE],  # the tests' own frames hold what they look for
        )
        Console(file=written, width=300).print(trace)

    assert "GatewayUnavailable" in written.getvalue() or "OutcomeUnknown" in written.getvalue()
    assert [] == [secret for secret in SECRETS if secret in written.getvalue()]


UNEQUAL = f"""
import attrs
import pytest
from tokencharge import *
from tokencharge.web import Reply

FIVE = Money(500, "usd")
CARD = Card(id="card_1", fingerprint={FINGERPRINT!r})
OTHER = Charge.from_stripe(
    {{"id": "ch_1", "amount": 500, "currency": "usd", "status": "succeeded"}}
)
CHARGE = attrs.evolve(OTHER, card=CARD, receipt_email={EMAIL!r}, receipt_url="https://pay/{EMAIL}")
NO_INTENT = PaymentIntent.from_stripe(
    {{"id": "pi_1", "amount": 500, "currency": "usd", "status": "processing"}}
)
INTENT = attrs.evolve(NO_INTENT, client_secret={CLIENT_SECRET!r})
THINGS = [
    (Settings({KEY!r}, webhook_secret={WEBHOOK_SECRET!r}), Settings("sk_test_1")),
    (Customer("cus_1", email={EMAIL!r}), Customer("cus_1", email="another")),
    (CARD, Card(id="card_1")),
    (CHARGE, OTHER),
    (INTENT, NO_INTENT),
    (Payment(Customer("cus_1", email={EMAIL!r}), CHARGE), Payment(Customer("cus_1"), CHARGE)),
    (Event("evt_1", "x", object=CHARGE), Event("evt_1", "x")),
    (
        Reply(200, {{"token": {KEY!r}}}, "x", {{"email": {EMAIL!r}}}, {{}}),
        Reply(200, {{}}, "x", {{}}, {{}}),
    ),
    (PaymentGateway({KEY!r}), PaymentGateway({KEY!r})),
]


@pytest.mark.parametrize("index", range(len(THINGS)))
def test_equal(index):
    left, right = THINGS[index]
    assert left == right


def test_lists():
    assert [left for left, right in THINGS] == [right for left, right in THINGS]
"""


def test_a_failing_assert_shows_nothing(pytester):
    """pytest takes two unequal objects apart, field by field, whatever their repr leaves out."""
    pytester.makepyfile(UNEQUAL)
    result = pytester.runpytest_subprocess("-vv", "--showlocals", "-p", "no:randomly")
    shown = "\n".join(
        line for line in result.outlines if not line.startswith(("CARD", "CHARGE", "INTENT"))
    )

    result.assert_outcomes(failed=10)
    assert [] == [secret for secret in (*SECRETS, CLIENT_SECRET, FINGERPRINT) if secret in shown]


RAW = {"amount": 500, "currency": "usd", "status": "succeeded"}
CHARGE = Charge.from_stripe({"id": "ch_1", "receipt_email": RECEIPT, "metadata": {"a": "b"}, **RAW})
THINGS = [
    Settings(KEY, webhook_secret=WEBHOOK_SECRET),
    Customer("cus_1", email=EMAIL),
    Card(id="card_1", fingerprint=FINGERPRINT),
    CHARGE,
    PaymentIntent.from_stripe({"id": "pi_1", "client_secret": CLIENT_SECRET, **RAW}),
    Payment(Customer("cus_1"), CHARGE),
    Reply(200, {"token": KEY}, None, {"email": EMAIL, "card": CARD}, {}),
]


@each_row("thing", THINGS)
def test_what_compares_discreetly_compares(thing):
    """Equal fields are equal objects with the same hash; another
    field, or another class, is another."""
    twin = attrs.evolve(thing)
    name = attrs.fields(type(thing))[0].name
    other = attrs.evolve(thing, **{name: "sk_test_another" if name == "secret_key" else "another"})

    assert thing == twin
    assert thing != other
    assert thing != object()
    assert [] == [
        secret for secret in (*SECRETS, CLIENT_SECRET, FINGERPRINT) if secret in repr(thing)
    ]
    if not isinstance(thing, Reply):
        assert hash(thing) == hash(twin)
        assert 2 == len({thing, twin, other})


def test_what_is_half_made_has_a_repr():
    """A debugger prints what stands in a frame, and where
    construction failed that is half an object."""
    from tokencharge import AsyncPaymentGateway, PaymentGateway, TokenChargeError

    assert "PaymentGateway('not set up')" == repr(PaymentGateway.__new__(PaymentGateway))
    assert "AsyncPaymentGateway('not set up')" == repr(
        AsyncPaymentGateway.__new__(AsyncPaymentGateway)
    )
    assert "TokenChargeError()" == repr(TokenChargeError.__new__(TokenChargeError))


def test_a_client_secret_is_only_where_it_is_asked_for():
    """The attribute has it; `vars`, `args`, `attrs.asdict`, a pickle and a repr do not."""
    import copy
    import pickle

    error = AuthenticationRequired("The bank asks.")
    error.client_secret = CLIENT_SECRET
    shown = (
        f"{vars(error)} {error.args} {attrs.asdict(error)} {error!r} {error}"
        f" {pickle.dumps(error)!r}"
    )

    assert (
        CLIENT_SECRET
        == error.client_secret
        == copy.copy(error).client_secret
        == copy.deepcopy(error).client_secret
    )
    assert "Hunter" not in shown
    assert pickle.loads(pickle.dumps(error)).client_secret is None
    assert AuthenticationRequired("x").client_secret is None
