"""`tokencharge demo`: the story is true, and a backend for which it is not true is caught."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from tests.rows import each_row
from tokencharge import CardDeclined, Charge, ChargeState, Money, Payment, PaymentGateway
from tokencharge.sandbox import Rules, Sandbox

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
    sandbox = Sandbox(secret_key=KEY, rules=Rules(card_tokens=True))
    with sandbox.serve() as server:
        monkeypatch.setenv("STRIPE_SECRET_KEY", KEY)
        monkeypatch.setenv("STRIPE_API_BASE", server.url)
        yield sandbox


def false_claims(document: Any) -> str:
    """The claims that do not hold: "2.3" is the third claim of the second scene."""
    return " ".join(
        f"{number}.{place}"
        for number, scene in enumerate(document["scenes"], 1)
        for place, claim in enumerate(scene["claims"], 1)
        if not claim["holds"]
    )


def test_the_demo_runs_by_itself_in_a_sandbox(run_process) -> None:
    """Without a key, in a process of its own and without
    standard input, every scene ends as told."""
    ran = run_process("demo", "--json")
    document = ran.document

    assert (0, "") == (ran.code, ran.err)
    assert ("sandbox", True) == (document["backend"], document["as_told"])
    assert SCENES == [scene["name"] for scene in document["scenes"]]
    assert [True] * 7 == [scene["as_told"] for scene in document["scenes"]]
    assert [2, 3, 3, 4, 5, 3, 3] == [len(scene["claims"]) for scene in document["scenes"]]
    assert "" == false_claims(document)
    assert {"customers": 7, "charges": 7, "refunds": 1} == document["totals"]


def test_two_identical_submissions_make_one_customer_and_one_charge(run) -> None:
    """The JSON shows two results, what was sent for them, and
    the sandbox's count of what they made: one of each."""
    scene = run("demo", "--json").document["scenes"][1]
    first, second = scene["results"]

    assert {"customers": 1, "charges": 1, "refunds": 0} == scene["totals"]
    assert (first["customer"], first["charge"]) == (second["customer"], second["charge"])
    assert (None, "this call charged nothing") == (first.get("replayed"), second["replayed"])
    assert [False] * 3 + [True, False] == [each["replayed"] for each in scene["requests"]]


def test_the_story_shows_the_calls_and_what_came_of_them(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the terminal: first what it talks to, then for each scene its code, what came of it,
    what was sent, what was checked."""
    monkeypatch.setenv("COLUMNS", "240")
    code, out, err = run("demo")
    opening, *parts = re.split(r"^\d\. ", out, flags=re.MULTILINE)
    scenes = run("demo", "--json").document["scenes"]

    assert (0, "") == (code, err)
    assert "not to Stripe" in opening
    assert 7 == len(parts)
    for part, scene in zip(parts, scenes, strict=True):
        lines = [line.rstrip() for line in part.splitlines()]

        assert scene["title"] == lines[0]
        assert scene["code"].splitlines() == lines[2 : 2 + scene["code"].count("\n") + 1]
        assert [f"✓ {claim['text']}" for claim in scene["claims"]] == [
            line for line in lines if line.startswith(("✓", "✗"))
        ]
    assert 'gateway.refund(captured, Money(500, "usd"))' in parts[3]
    assert ["held", "paid", "paid"] == re.findall(r"^state +(\w+)", parts[3], re.MULTILINE)
    assert "sent POST /v1/refunds (200)" in parts[3]
    assert "sent POST /v1/customers (200, replayed)" in parts[1]
    assert "decline_code='stolen_card'" in parts[2]
    assert "OutcomeUnknown" in parts[6]
    assert "The sandbox counts 1 customer, 1 charge, 0 refunds." in parts[0]
    assert "7 scenes, all as told: 7 customers, 7 charges, 1 refund." in parts[6]


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour_is_for_terminals_that_want_it(
    environment: dict[str, str], coloured: bool, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal gets colour, unless NO_COLOR is set; what is piped or captured gets none."""
    for name, value in {"TERM": "xterm-256color", **environment}.items():
        monkeypatch.setenv(name, value)

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
    """A proxy in the environment does not come between the demo and its sandbox."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert 0 == run("demo", "--json").code


@pytest.mark.parametrize("route", ["payment_intents", "charges"])
def test_a_test_key_takes_the_story_to_stripe(
    route: str, stripe: Sandbox, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a test key the scenes go to Stripe, over either route,
    but for the one that Stripe cannot play."""
    monkeypatch.setenv("STRIPE_ROUTE", route)
    ran = run("demo", "--json")
    document = ran.document

    assert (0, "") == (ran.code, ran.err)
    assert ("stripe", True) == (document["backend"], document["as_told"])
    assert SCENES[:-1] == [scene["name"] for scene in document["scenes"]]
    assert "" == false_claims(document)
    assert (len(stripe.customers), len(stripe.charges)) == (
        document["totals"]["customers"],
        document["totals"]["charges"],
    )
    assert 1 == document["totals"]["refunds"]


@pytest.mark.usefixtures("stripe")
def test_the_terminal_says_that_it_talks_to_stripe(run) -> None:
    """With a test key the first thing to read is that this is Stripe's
    test mode, and how to see the scene that is left out."""
    code, out, err = run("demo")
    opening = " ".join(out.split("1. ")[0].split())

    assert (0, "") == (code, err)
    assert f"Stripe's test mode at {os.environ['STRIPE_API_BASE']}, with your test key" in opening
    assert "unset STRIPE_SECRET_KEY to see one lost" in opening
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


@pytest.mark.usefixtures("stripe")
def test_the_terminal_says_what_broke(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that Stripe refuses ends the story in words, without the key."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", KEY + "Other")
    code, out, err = run("demo")

    assert (1, "") == (code, err)
    assert "✗ The scene broke off: Stripe refused the secret key" in " ".join(out.split())
    assert "1 of 1 scenes did not go as told: token-to-charge." in out
    assert KEY not in out


STOLEN = "tok_visa_chargeDeclinedStolenCard"
charge, capture = PaymentGateway.charge, PaymentGateway.capture


def charge_without_end(*args: Any, **kwargs: Any) -> Payment:
    payment = charge(*args, **kwargs)
    return attrs.evolve(payment, charge=attrs.evolve(payment.charge, state=ChargeState.PENDING))


def charge_without_a_word(*args: Any, **kwargs: Any) -> Payment:
    return attrs.evolve(charge(*args, **kwargs), replayed=False)


def charge_anew(gateway: PaymentGateway, token: str, *args: Any, **kwargs: Any) -> Payment:
    again = token if token == STOLEN else "tok_visa"
    return charge(gateway, again, *args, **kwargs | {"order_id": secrets.token_hex(6)})


def charge_any_card(gateway: PaymentGateway, token: str, *args: Any, **kwargs: Any) -> Payment:
    return charge(gateway, "tok_visa" if token == STOLEN else token, *args, **kwargs)


def charge_and_charge(gateway: PaymentGateway, *args: Any, **kwargs: Any) -> Payment:
    payment = charge(gateway, *args, **kwargs)
    charge(gateway, "tok_visa", "eve@example.com", Money(100, "usd"))
    return payment


def capture_nothing(*args: Any) -> Charge:
    return attrs.evolve(capture(*args), amount_kept=Money(0, "usd"))


LIES = [
    (PaymentGateway, "charge", charge_without_end, "1.1 4.1 5.1"),
    (PaymentGateway, "charge", charge_without_a_word, "2.2 6.2 7.2"),
    (PaymentGateway, "charge", charge_anew, "2.1 2.2 2.3 6.1 6.2 6.3 7.2 7.3"),
    (PaymentGateway, "charge", charge_any_card, "3.1 3.2"),
    # Only the sandbox's own record shows it.
    (PaymentGateway, "charge", charge_and_charge, "1.2 2.3 4.4 5.5 6.3 7.3"),
    (PaymentGateway, "capture", capture_nothing, "4.2"),
    (PaymentGateway, "refund", lambda *_: None, "4.3 4.4"),
    (PaymentGateway, "void", lambda _, held: held, "5.2 5.3 5.4"),
    (CardDeclined, "public_message", "The card is stolen.", "3.2"),
    (Sandbox, "lose_next_answer", lambda *_, **__: None, "7.1"),
]


@each_row(("owner", "name", "lie", "false"), LIES)
def test_a_scene_that_is_not_true_is_told_and_is_the_exit_code(
    owner: type, name: str, lie: object, false: str, run
) -> None:
    """Where one thing is not as the story has it, just its claims
    are false, and the exit code is 1."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, lie)
        ran = run("demo", "--json")

    assert false == false_claims(ran.document)
    assert (1, False) == (ran.code, ran.document["as_told"])


@pytest.mark.usefixtures("stripe")
def test_without_a_sandbox_stripes_answers_are_counted(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At Stripe, too, a payment too many is told: its answers name two."""
    monkeypatch.setattr(PaymentGateway, "charge", charge_anew)
    ran = run("demo", "--json")

    assert (1, "2.1 2.2 2.3 6.1 6.2 6.3") == (ran.code, false_claims(ran.document))


def test_a_broken_promise_is_shown(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the terminal a claim that does not hold is marked, and the last line names its scene."""
    monkeypatch.setattr(PaymentGateway, "void", lambda _, held: held)
    code, out, err = run("demo")

    assert (1, "") == (code, err)
    assert "✗ They cannot be taken any more." in out
    assert "1 of 7 scenes did not go as told: hold-let-go." in out
