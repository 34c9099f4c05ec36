"""`tokencharge doctor`: every problem is named, all of them at once, and no key is shown."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable, Iterator
from importlib import metadata

import attrs
import pytest

from tokencharge.sandbox import Fault, Request, Response, Rules, Sandbox, Server

KEYS = {
    "STRIPE_SECRET_KEY": "sk_test_51DoctorSecret",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_51DoctorSecret",
    "STRIPE_WEBHOOK_SECRET": "whsec_DoctorSecret1,whsec_DoctorSecret2",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set variables beside three keys that are right; None takes one away."""

    def set_(**variables: str | None) -> None:
        for name, value in (KEYS | variables).items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    return set_


@pytest.fixture
def stripe(environment: Callable[..., None]) -> Iterator[Sandbox]:
    """What STRIPE_API_BASE leads to."""
    sandbox = Sandbox(secret_key=KEYS["STRIPE_SECRET_KEY"])
    with sandbox.serve() as server:
        environment(STRIPE_API_BASE=server.url)
        yield sandbox


def rows(document: dict) -> dict[str, tuple[str, str]]:
    return {row["name"]: (row["state"], row["says"]) for row in document["rows"]}


def test_all_is_well(stripe: Sandbox, run) -> None:
    """With right settings and a Stripe that answers, nothing is wrong and the exit code is 0."""
    ran = run("doctor", "--json")
    found = rows(ran.document)

    assert (0, "") == (ran.code, ran.err)
    assert ran.document["right"] is True
    assert "wrong" not in {state for state, _ in found.values()}
    assert ("right", "sk_test_... (test mode)") == found["STRIPE_SECRET_KEY"]
    assert ("right", "pk_test_...") == found["STRIPE_PUBLISHABLE_KEY"]
    assert ("right", "whsec_..., whsec_...") == found["STRIPE_WEBHOOK_SECRET"]
    assert "right" == found["key pair"][0]
    assert ("right", "25.0 (the default)") == found["STRIPE_TIMEOUT"]
    assert "unset" == found["STRIPE_LIVEMODE"][0]
    assert ("right", platform.python_version()) == found["python"]
    assert ("right", metadata.version("stripe")) == found["stripe"]
    assert "right" == found["Stripe"][0]
    assert [("GET", 404), ("POST", 400)] == [
        (arrival.method, arrival.status) for arrival in stripe.requests
    ]
    assert [] == stripe.customers


def test_the_table_shows_the_same(stripe: Sandbox, run) -> None:
    """On the terminal each row has its sign, and the last line is the sum."""
    code, out, err = run("doctor")

    assert (0, "") == (code, err)
    assert ["✓", "STRIPE_SECRET_KEY", "sk_test_...", "(test", "mode)"] in [
        line.split() for line in out.splitlines()
    ]
    assert "Nothing is wrong.\n" in out
    assert "\x1b" not in out


def test_without_rich_plain_lines_show_the_same(
    stripe: Sandbox, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One a row, which says whether it is right, and how many are wrong below."""
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setenv("STRIPE_TIMEOUT", "soon")
    monkeypatch.setenv("STRIPE_ROUT\x1b", "charges")
    ran = run("doctor", "--offline")
    lines = [line.split(None, 2) for line in ran.out.splitlines()]

    assert (1, "") == (ran.code, ran.err)
    assert ["ok", "STRIPE_SECRET_KEY", "sk_test_... (test mode)"] in lines
    assert ["!!", "STRIPE_TIMEOUT", "STRIPE_TIMEOUT must be a number of seconds."] in lines
    assert ["-", "STRIPE_LIVEMODE"] in [line[:2] for line in lines]
    assert "\x1b" not in ran.out
    assert f"2 of {len(lines) - 1} rows are wrong." == ran.out.splitlines()[-1]
    assert stripe.secret_key not in ran.out


def test_the_doctor_runs_as_a_process(run_process) -> None:
    """`python -m tokencharge doctor` looks at its environment and
    exits with 1 where something is wrong."""
    ran = run_process("doctor", "--offline", **KEYS)
    bad = run_process("doctor", "--offline", **KEYS, STRIPE_TIMEOUT="0", PYTHONIOENCODING="ascii")

    assert (0, "") == (ran.code, ran.err)
    assert (1, "") == (bad.code, bad.err)
    assert "!!" in bad.out
    assert "1 of 16 rows is wrong." in bad.out


@pytest.mark.parametrize(
    ("variables", "row", "says"),
    [
        ({"STRIPE_SECRET_KEY": None}, "STRIPE_SECRET_KEY", "not set"),
        ({"STRIPE_SECRET_KEY": "sk_test_Doctor Secret"}, "STRIPE_SECRET_KEY", "whitespace"),
        ({"STRIPE_SECRET_KEY": "pk_test_DoctorSecret"}, "STRIPE_SECRET_KEY", "begins with sk_"),
        (
            {"STRIPE_PUBLISHABLE_KEY": "sk_test_DoctorSecret"},
            "STRIPE_PUBLISHABLE_KEY",
            "begins with pk_",
        ),
        ({"STRIPE_PUBLISHABLE_KEY": "pk_live_DoctorSecret"}, "key pair", "the same mode"),
        ({"STRIPE_WEBHOOK_SECRET": "sk_test_DoctorSecret"}, "STRIPE_WEBHOOK_SECRET", "whsec_"),
        ({"STRIPE_API_BASE": "ftp://api.stripe.com"}, "STRIPE_API_BASE", "URL"),
        ({"STRIPE_API_BASE": "https://api.stripe.com/v1"}, "STRIPE_API_BASE", "without a path"),
        ({"STRIPE_JS_URL": "stripe.js"}, "STRIPE_JS_URL", "https://"),
        ({"STRIPE_TIMEOUT": "soon"}, "STRIPE_TIMEOUT", "number of seconds"),
        ({"STRIPE_MAX_RETRIES": "99"}, "STRIPE_MAX_RETRIES", "from 0 to 10"),
        ({"STRIPE_LIVEMODE": "perhaps"}, "STRIPE_LIVEMODE", "true or false"),
        ({"STRIPE_LIVEMODE": "true"}, "STRIPE_LIVEMODE", "declared true"),
        (
            {
                "STRIPE_LIVEMODE": "false",
                "STRIPE_SECRET_KEY": "sk_live_DoctorSecret",
                "STRIPE_PUBLISHABLE_KEY": "pk_live_DoctorSecret",
            },
            "STRIPE_LIVEMODE",
            "declared false",
        ),
    ],
)
def test_each_problem_has_a_row_that_says_what_to_do(
    variables, row: str, says: str, run, environment
) -> None:
    """What is wrong is one row, in words that do not repeat the value, and the exit code is 1."""
    environment(**variables)
    ran = run("doctor", "--offline", "--json")
    wrong = {name: text for name, (state, text) in rows(ran.document).items() if state == "wrong"}

    assert 1 == ran.code
    assert ran.document["right"] is False
    assert [row] == list(wrong)
    assert says in wrong[row]
    assert "Secret" not in ran.out.replace("Secret key", "")


def test_all_problems_are_shown_at_once(run, environment) -> None:
    """The first problem hides no other one, and nothing is sent with wrong settings."""
    environment(
        STRIPE_SECRET_KEY="pk_test_DoctorSecret",
        STRIPE_PUBLISHABLE_KEY="nonsense with spaces",
        STRIPE_TIMEOUT="-1",
        STRIPE_LIVEMODE="maybe",
    )
    code, out, err = run("doctor")

    assert (1, "") == (code, err)
    assert "4 of 16 rows are wrong." in out
    assert 4 == out.count("✗")
    assert "Not compared" in out
    assert "Not asked: mend the settings first." in out


def test_offline_sends_nothing(stripe: Sandbox, run) -> None:
    """`--offline` looks at the settings only."""
    ran = run("doctor", "--offline", "--json")

    assert 0 == ran.code
    assert "skipped" == rows(ran.document)["Stripe"][0]
    assert [] == stripe.requests


@pytest.mark.parametrize(
    ("card_tokens", "route", "state", "says"),
    [
        (False, "payment_intents", "right", "the route payment_intents fits the account"),
        (False, "charges", "wrong", "set STRIPE_ROUTE=payment_intents"),
        (True, "payment_intents", "right", "either route fits, payment_intents is set"),
        (True, "charges", "right", "either route fits, charges is set"),
    ],
)
def test_which_route_fits_the_account(
    stripe, run, monkeypatch, card_tokens, route, state, says
) -> None:
    """A token that cannot exist is refused either way, and how tells what
    the account takes; nothing is made."""
    stripe.rules.card_tokens = card_tokens
    monkeypatch.setenv("STRIPE_ROUTE", route)
    ran = run("doctor", "--json")
    found = rows(ran.document)["card tokens"]

    assert (state, 1 if state == "wrong" else 0) == (found[0], ran.code)
    assert says in found[1]
    assert ([], []) == (stripe.customers, stripe.charges)


def test_a_route_that_cannot_be_found_out_is_no_fault(stripe, run) -> None:
    """Stripe is busy just then, say."""
    stripe.faults.add(Fault.rate_limit(), method="POST")
    state, says = rows(run("doctor", "--json").document)["card tokens"]

    assert "skipped" == state
    assert says.startswith("Not known: ")


def test_a_setting_the_request_does_not_need_does_not_stop_it(
    stripe: Sandbox, run, monkeypatch
) -> None:
    """A wrong webhook secret leaves the way to Stripe to be looked at."""
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec with spaces")
    found = rows(run("doctor", "--json").document)

    assert ("wrong", "right") == (found["STRIPE_WEBHOOK_SECRET"][0], found["Stripe"][0])
    assert 2 == len(stripe.requests)


def test_keys_of_an_unknown_kind_are_not_shown_at_all(run, environment) -> None:
    """Where a key's prefix tells nothing, nothing of the key is shown."""
    environment(
        STRIPE_SECRET_KEY="DoctorSecretWithoutPrefix",
        STRIPE_PUBLISHABLE_KEY=None,
        STRIPE_WEBHOOK_SECRET="DoctorSecretToo",
    )
    ran = run("doctor", "--offline", "--json")
    found = rows(ran.document)

    assert 0 == ran.code
    assert ("right", "set (its prefix tells no mode)") == found["STRIPE_SECRET_KEY"]
    assert ("right", "set") == found["STRIPE_WEBHOOK_SECRET"]
    assert "unset" == found["STRIPE_PUBLISHABLE_KEY"][0]
    assert "DoctorSecret" not in ran.out


def test_no_value_can_write_to_the_terminal(run, environment) -> None:
    """Escape codes and keys inside a harmless setting are shown as text, or not at all."""
    environment(STRIPE_JS_URL="https://cdn.example/\x1b[31m/sk_test_DoctorSecret.js")

    assert "\x1b" not in run("doctor", "--offline").out
    assert "DoctorSecret" not in run("doctor", "--offline", "--json").out


def test_a_name_that_is_nearly_a_settings_has_a_row(run, environment) -> None:
    """What was mistyped is wrong, its value is not shown, and what other programs read
    has no row."""
    environment(STRIPE_ROUT="HunterTwo", STRIPE_API_KEY="sk_test_other", STRIPE_ROUTE=None)
    ran = run("doctor", "--offline", "--json")
    found = rows(ran.document)

    assert 1 == ran.code
    assert (
        "wrong",
        "STRIPE_ROUT is no setting of tokencharge and is not read: STRIPE_ROUTE may be meant.",
    ) == found["STRIPE_ROUT"]
    assert "STRIPE_API_KEY" not in found
    assert "HunterTwo" not in ran.out


def test_the_sandboxs_key_needs_the_sandboxs_address(run, environment) -> None:
    """It would be sent to Stripe, which does not know it: nothing is sent."""
    environment(STRIPE_SECRET_KEY=Sandbox().secret_key, STRIPE_API_BASE=None)
    ran = run("doctor", "--json")
    found = rows(ran.document)

    assert 1 == ran.code
    assert "right" == found["STRIPE_SECRET_KEY"][0]
    assert "wrong" == found["STRIPE_API_BASE"][0]
    assert "the sandbox's own" in found["STRIPE_API_BASE"][1]
    assert "skipped" == found["Stripe"][0]


@pytest.mark.usefixtures("stripe")
def test_a_key_that_stripe_refuses_is_wrong(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of the right shape that Stripe does not know is found out by asking."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_DoctorSecretOfAnother")
    ran = run("doctor", "--json")
    state, says = rows(ran.document)["Stripe"]

    assert (1, "wrong") == (ran.code, state)
    assert "refused the secret key" in says
    assert "DoctorSecret" not in ran.out


def test_nothing_at_the_address_is_wrong(
    stripe: Sandbox, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody listens, the row says what to look at."""
    with stripe.serve() as gone:
        monkeypatch.setenv("STRIPE_API_BASE", gone.url)
    state, says = rows(run("doctor", "--json").document)["Stripe"]

    assert "wrong" == state
    assert f"Stripe at {gone.url} cannot be reached" in says
    assert "STRIPE_API_BASE" in says


def test_a_busy_stripe_is_told_apart(stripe: Sandbox, run) -> None:
    """Too many requests is neither unreachable nor a refused key."""
    stripe.rate_limit_next()
    state, says = rows(run("doctor", "--json").document)["Stripe"]

    assert "wrong" == state
    assert "slow down" in says


def test_a_broken_stripe_is_asked_once(stripe: Sandbox, run) -> None:
    """The doctor waits for no second try: what Stripe answers now is what the row says."""
    stripe.faults.add(Fault.overloaded(), times=None)
    state, says = rows(run("doctor", "--json").document)["Stripe"]

    assert "wrong" == state
    assert "try again later" in says
    assert [503] == [arrival.status for arrival in stripe.requests]


@pytest.mark.parametrize(
    ("answer", "state", "says"),
    [
        (
            Response(404, {"content-type": "text/html"}, b"<h1>Not found</h1>"),
            "wrong",
            "does not answer as Stripe",
        ),
        (
            Response(400, {}, b'{"error": {"type": "invalid_request_error"}}'),
            "wrong",
            "answers, but objects",
        ),
        (Response(200, {}, b'{"id": "cus_1", "object": "customer"}'), "right", "answers"),
    ],
)
def test_whatever_else_answers_is_judged_by_its_answer(
    answer: Response, state: str, says: str, run, environment
) -> None:
    """A web server that is not Stripe is wrong; a stand-in that knows
    every customer is as good as Stripe."""

    def handle(request: Request) -> Response:
        return answer

    with Server(handle, "127.0.0.1", 0) as server:
        environment(STRIPE_API_BASE=server.url)
        found = rows(run("doctor", "--json").document)["Stripe"]

    assert state == found[0]
    assert says in found[1]


def test_a_missing_package_is_wrong(run, environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dependency that is not installed has a row with the command that installs it."""
    known = metadata.version

    def version(package: str) -> str:
        if package == "urllib3":
            raise metadata.PackageNotFoundError(package)
        return known(package)

    monkeypatch.setattr(metadata, "version", version)
    environment()
    found = rows(run("doctor", "--offline", "--json").document)

    assert ("wrong", "Not installed as a package: python -m pip install urllib3") == found[
        "urllib3"
    ]


def test_what_takes_any_token_tells_nothing_of_routes(
    environment: Callable[..., None], run
) -> None:
    """Whatever charges a token that cannot exist is no Stripe, and its
    answer no reason to choose a route."""
    sandbox = Sandbox(secret_key=KEYS["STRIPE_SECRET_KEY"], rules=Rules(card_tokens=True))

    def credulous(request: Request) -> Response:
        return sandbox.handle(
            attrs.evolve(request, body=re.sub(rb"tok_0Doctor\w+", b"tok_visa", request.body))
        )

    with Server(credulous, "127.0.0.1", 0) as server:
        environment(STRIPE_API_BASE=server.url)
        state, says = rows(run("doctor", "--json").document)["card tokens"]

    assert ("skipped", "Not known: whatever answers takes a token that cannot exist.") == (
        state,
        says,
    )
