"""`tokencharge demo`: the story is true, and a backend for which it is not true is caught."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import attrs
import pytest

from tokencharge.sandbox import Request, Response, Sandbox, Server

KEY = "sk_test_51DemoSecretDemoSecret"
SCENES = [
    "token-to-charge",
    "same-submission-twice",
    "declined-card",
    "authorize-capture-refund",
    "hold-let-go",
    "one-order-two-cards",
    "lost-answer",
]


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """What STRIPE_SECRET_KEY and STRIPE_API_BASE lead to: for the demo, that is Stripe."""
    sandbox = Sandbox(secret_key=KEY)
    with sandbox.serve() as server:
        monkeypatch.setenv("STRIPE_SECRET_KEY", KEY)
        monkeypatch.setenv("STRIPE_API_BASE", server.url)
        yield sandbox


def test_two_identical_submissions_make_one_customer_and_one_charge(run) -> None:
    """The JSON shows two identical calls, and the sandbox's
    count of what they made: one of each."""
    scene = run("demo", "--json").document["scenes"][1]
    first, second = [call for call in scene["calls"] if call["result"] == "Payment"]

    assert {"customers": 1, "charges": 1, "refunds": 0} == scene["totals"]
    assert ("charge", "charge") == (first["method"], second["method"])
    assert (first["customer"], first["charge"]) == (second["customer"], second["charge"])
    assert (None, "this call charged nothing") == (first.get("replayed"), second["replayed"])
    assert [False] * 3 + [True, False] == [
        request["replayed"] for call in (first, second) for request in call["requests"]
    ]


def test_the_demo_runs_by_itself_in_a_sandbox(run_process) -> None:
    """Without a key, in a process of its own and without
    standard input, every scene ends as told."""
    ran = run_process("demo", "--json")

    assert (0, "") == (ran.code, ran.err)
    assert "sandbox" == ran.document["backend"]
    assert SCENES == [scene["name"] for scene in ran.document["scenes"]]
    assert [True] * 7 == [scene["as_told"] for scene in ran.document["scenes"]]
    assert all(claim["holds"] for scene in ran.document["scenes"] for claim in scene["claims"])
    assert {"customers": 7, "charges": 7, "refunds": 1} == ran.document["totals"]


def test_the_story_shows_the_calls_and_what_came_of_them(run) -> None:
    """On the terminal: first what it talks to, then for each scene its code,
    what came of it, what was checked."""
    code, out, err = run("demo")

    assert (0, "") == (code, err)
    assert "not to Stripe" in " ".join(out.split("1. ")[0].replace("│", " ").split())
    assert [*"1234567"] == re.findall(r"^(\d)\. ", out, re.MULTILINE)
    assert 'gateway.refund(captured, Money(500, "usd"))' in out
    assert ["held", "paid", "paid"] == re.findall(
        r"^state +(\w+)", out.split("4. ")[1].split("5. ")[0], re.MULTILINE
    )
    assert "decline_code='stolen_card'" in out
    assert "OutcomeUnknown" in out
    assert "✗" not in out
    assert "The sandbox counts 1 customer, 1 charge, 0 refunds." in out
    assert "7 scenes, all as told: 7 customers, 7 charges, 1 refund." in out


def test_there_is_no_colour_where_there_is_no_terminal(run) -> None:
    """Output that is piped or captured has no escape codes."""
    assert "\x1b" not in run("demo").out


@pytest.mark.parametrize("coloured", [True, False])
def test_no_color_is_honoured(coloured: bool, run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets colour, unless NO_COLOR is set."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    if not coloured:
        monkeypatch.setenv("NO_COLOR", "1")

    assert coloured == bool(re.search(r"\x1b\[(?:\d+;)*3\d", run("demo").out))


def test_a_narrow_terminal_is_wide_enough(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is wider than the terminal, and nothing is cut off."""
    monkeypatch.setenv("COLUMNS", "44")
    out = run("demo").out

    assert 44 >= max(map(len, out.splitlines()))
    assert "…" not in out


def test_a_terminal_without_unicode_is_enough(run_process) -> None:
    """Where the terminal's encoding is ASCII, so is the story."""
    ran = run_process("demo", PYTHONIOENCODING="ascii")

    assert (0, "") == (ran.code, ran.err)
    assert ran.out.isascii()
    assert "ok 5.00 USD are charged." in ran.out


def test_the_sandbox_is_reached_past_a_proxy(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment does not come between the demo and
    its sandbox, and stays as it was."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert 0 == run("demo", "--json").code
    assert "no_proxy" not in os.environ

    monkeypatch.setenv("no_proxy", "example.com")

    assert 0 == run("demo", "--json").code
    assert "example.com" == os.environ["no_proxy"]


def test_a_test_key_takes_the_story_to_stripe(stripe: Sandbox, run) -> None:
    """With a test key the same scenes go to Stripe; the one that Stripe
    cannot play says so and is no failure."""
    ran = run("demo", "--json")
    document = ran.document

    assert (0, "") == (ran.code, ran.err)
    assert "stripe" == document["backend"]
    assert [True] * 6 + [None] == [scene["as_told"] for scene in document["scenes"]]
    assert "unset STRIPE_SECRET_KEY" in document["scenes"][6]["skipped"]
    assert document["totals"] == {
        "customers": len(stripe.customers),
        "charges": len(stripe.charges),
        "refunds": len(stripe.refunds),
    }
    assert {"customers": 1, "charges": 1, "refunds": 0} == document["scenes"][1]["totals"]


def test_the_terminal_says_that_it_talks_to_stripe(stripe: Sandbox, run) -> None:
    """With a test key the first thing to read is that this is Stripe's test mode."""
    code, out, err = run("demo")

    assert (0, "") == (code, err)
    assert "Stripe's test mode" in out.split("1. ")[0]
    assert "Skipped. " in out
    assert "6 scenes, all as told: 6 customers, 6 charges, 1 refund." in out


@pytest.mark.usefixtures("stripe")
@pytest.mark.parametrize("arguments", [("demo",), ("demo", "--json")])
def test_neither_key_nor_token_is_shown(arguments: tuple[str, ...], run) -> None:
    """No secret key and no single-use token is in the output, with Stripe or with the sandbox."""
    shown = [run(*arguments)]
    os.environ.pop("STRIPE_SECRET_KEY")
    shown.append(run(*arguments))

    assert [0, 0] == [ran.code for ran in shown]
    assert [] == [
        text for ran in shown for text in re.findall(r"[sr]k_test_\w+|tok_\d\w*", ran.out + ran.err)
    ]


@pytest.mark.parametrize("key", ["sk_live_51DemoSecret", "rk_live_51DemoSecret", "51DemoSecret"])
def test_any_key_but_a_test_key_is_refused_before_anything_is_sent(
    key: str, run, stripe: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live key, or one that does not say what it is, ends the demo
    with one sentence and no request."""
    stripe.secret_key = key
    monkeypatch.setenv("STRIPE_SECRET_KEY", key)
    code, out, err = run("demo")

    assert (2, "") == (code, out)
    assert [] == stripe.requests
    assert err.startswith("tokencharge: The demo ")
    assert 1 == err.count("\n")
    assert "DemoSecret" not in err


@pytest.mark.usefixtures("stripe")
def test_a_wrong_setting_ends_the_demo(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Settings refuses is one sentence and exit code 2."""
    monkeypatch.setenv("STRIPE_TIMEOUT", "soon")

    assert (2, "", "tokencharge: STRIPE_TIMEOUT must be a number of seconds.\n") == run(
        "demo", "--json"
    )


def test_a_scene_that_breaks_off_ends_the_story(stripe: Sandbox, run) -> None:
    """An error that the story does not tell of is reported, and nothing is played after it."""
    stripe.decline_next(path="/v1/payment_intents")
    ran = run("demo", "--json")
    (scene,) = ran.document["scenes"]

    assert 1 == ran.code
    assert (False, False) == (ran.document["as_told"], scene["as_told"])
    assert "declined" in scene["error"]
    assert {"customers": 1, "charges": 1, "refunds": 0} == scene["totals"]


def test_the_terminal_says_what_broke(
    stripe: Sandbox, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that Stripe refuses ends the story in words, without the key."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", KEY + "Other")
    code, out, err = run("demo")

    assert (1, "") == (code, err)
    assert "The scene broke off: Stripe refused the secret key" in " ".join(out.split())
    assert "1 of 1 scenes did not go as told: token-to-charge." in out
    assert KEY not in out


@pytest.fixture
def forgetful(stripe: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A Stripe that ignores idempotency keys and takes every card."""

    def handle(request: Request) -> Response:
        headers = {
            name: value for name, value in request.headers.items() if name != "idempotency-key"
        }
        body = request.body.replace(b"tok_visa_chargeDeclinedStolenCard", b"tok_visa")
        return stripe.handle(attrs.evolve(request, headers=headers, body=body))

    with Server(handle, "127.0.0.1", 0) as server:
        monkeypatch.setenv("STRIPE_API_BASE", server.url)
        yield stripe


def test_a_backend_that_charges_twice_is_caught(forgetful: Sandbox, run) -> None:
    """The demo checks what it claims: where one submission too many is charged, it fails."""
    ran = run("demo", "--json")
    broken = {
        scene["name"]: [claim["text"] for claim in scene["claims"] if not claim["holds"]]
        for scene in ran.document["scenes"]
        if scene["as_told"] is False
    }

    assert 1 == ran.code
    assert {"same-submission-twice", "declined-card", "one-order-two-cards"} == set(broken)
    assert (
        "Stripe's answers name 1 customer, 1 charge, 0 refunds." in broken["same-submission-twice"]
    )
    assert "The card is declined." in broken["declined-card"]
    assert "Only the first card is charged." in broken["one-order-two-cards"]


@pytest.mark.usefixtures("forgetful")
def test_a_broken_promise_is_shown(run) -> None:
    """On the terminal a claim that does not hold is marked, and the last line names its scene."""
    code, out, err = run("demo")

    assert (1, "") == (code, err)
    assert "✗ Both submissions end in the same payment." in out
    assert "3 of 7 scenes did not go as told: same-submission-twice, " in out
