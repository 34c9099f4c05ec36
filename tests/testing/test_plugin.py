"""The pytest plugin, as a suite that opted in meets it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BUYING = """
    from tokencharge import Money

    def test_buying(gateway, stripe_cassette):
        payment = gateway.charge("tok_visa", "ada@example.com", Money(AMOUNT, "usd"))
        assert payment.charge.amount == Money(AMOUNT, "usd")
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A suite of somebody else's, with the plugin."""
    monkeypatch.delenv("CI", raising=False)
    pytester.makeini(
        "[pytest]\naddopts = -p tokencharge.pytest_plugin -p no:randomly\nfilterwarnings = error\n"
    )
    return pytester


def buying(amount: int = 500) -> str:
    return BUYING.replace("AMOUNT", str(amount))


def cassettes(suite: pytest.Pytester) -> list[str]:
    return sorted(
        path.relative_to(suite.path).as_posix() for path in suite.path.rglob("cassettes/*/*")
    )


def test_the_gateway_charges_in_the_sandbox(suite: pytest.Pytester) -> None:
    """The two fixtures belong together, and each test has its own."""
    suite.makepyfile("""
        import pytest
        from tokencharge import Money, OutcomeUnknown

        @pytest.mark.parametrize("time", [1, 2])
        def test_buying(gateway, stripe_sandbox, time):
            payment = gateway.charge(
                token="tok_visa", email="ada@example.com", amount=Money(500, "usd")
            )
            assert stripe_sandbox.charges == [payment.charge]

        def test_a_fault_is_met(gateway, stripe_sandbox):
            stripe_sandbox.lose_next_answer()
            with pytest.raises(OutcomeUnknown):
                gateway.charge(token="tok_visa", email="ada@example.com", amount=Money(500, "usd"))
    """)

    suite.runpytest().assert_outcomes(passed=3)


def test_the_gateway_can_be_made_otherwise(suite: pytest.Pytester) -> None:
    """A suite overrides `gateway_settings`, on the sandbox and on cassettes."""
    suite.makepyfile("""
        import pytest

        @pytest.fixture
        def gateway_settings():
            return {"max_retries": 2, "webhook_secret": "whsec_1"}

        def test_settings(gateway):
            assert (gateway.settings.max_retries, gateway.settings.webhook_secret) == (2, "whsec_1")

        def test_recorded(gateway, stripe_cassette):
            assert gateway.settings.max_retries == 2
    """)

    suite.runpytest().assert_outcomes(passed=2)


def test_webhooks(suite: pytest.Pytester) -> None:
    """What docs/testing.md shows of webhooks: each gateway reads what the
    sandbox signs, beside a cassette too."""
    docs = Path(__file__).parents[2].joinpath("docs", "testing.md").read_text("utf-8")
    (shown,) = re.findall(
        r"```python\n((?:(?!```).)*stripe_sandbox\.signed.*?)```", docs, re.DOTALL
    )
    suite.makepyfile(f"""{shown}
def test_beside_a_cassette(gateway, async_gateway, stripe_cassette, stripe_sandbox):
    data = {{"object": {{}}}}
    made_up = {{"id": "evt_1", "object": "event", "type": "payout.paid", "data": data}}
    for each in (gateway, async_gateway):
        assert each.parse_event(*stripe_sandbox.signed(made_up)).id == "evt_1"
""")

    pytest.importorskip("aiohttp")
    for _ in ("recorded", "replayed"):
        suite.runpytest().assert_outcomes(passed=2)


def test_the_async_gateway(suite: pytest.Pytester) -> None:
    """An async suite has the same, on the sandbox and on cassettes."""
    suite.makepyfile("""
        import asyncio
        from tokencharge import Money

        def test_buying(async_gateway, stripe_sandbox):
            payment = asyncio.run(
                async_gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"))
            )
            assert stripe_sandbox.charges == [payment.charge]
    """)
    suite.runpytest().assert_outcomes(passed=1)

    pytest.importorskip("aiohttp")
    suite.makepyfile(
        test_recorded="""
        import asyncio
        from tokencharge import Money

        def test_buying(async_gateway, stripe_cassette):
            payment = asyncio.run(
                async_gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"))
            )
            assert payment.charge.paid
    """
    )
    for _ in range(2):
        suite.runpytest("test_recorded.py").assert_outcomes(passed=1)

    assert ["cassettes/test_recorded/test_buying.yaml"] == cassettes(suite)


def test_recorded_once_replayed_from_then_on(suite: pytest.Pytester) -> None:
    """A cassette lies where pytest-recording would put it, and answers the next run."""
    suite.makepyfile(test_shop=buying())
    suite.runpytest().assert_outcomes(passed=1)
    written = suite.path.joinpath("cassettes/test_shop/test_buying.yaml").read_text()
    suite.runpytest("--stripe-record=none").assert_outcomes(passed=1)
    suite.runpytest().assert_outcomes(passed=1)

    assert written == suite.path.joinpath("cassettes/test_shop/test_buying.yaml").read_text()


def test_ci_records_nothing(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where CI is set a missing cassette fails the test, and says how to record it."""
    monkeypatch.setenv("CI", "true")
    suite.makepyfile(test_shop=buying())
    result = suite.runpytest()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*CassetteMismatch: POST /v1/customers is not recorded:*--stripe-record=once.*"]
    )
    assert [] == cassettes(suite)


def test_a_changed_amount_fails_and_is_named_until_it_is_recorded(suite: pytest.Pytester) -> None:
    """The test fails by name of the parameter; `all` records the new story."""
    suite.makepyfile(test_shop=buying(500))
    suite.runpytest().assert_outcomes(passed=1)
    suite.makepyfile(test_shop=buying(700))
    result = suite.runpytest()
    suite.runpytest("--stripe-record=all").assert_outcomes(passed=1)
    suite.runpytest("--stripe-record=none").assert_outcomes(passed=1)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*amount: '500' is recorded, '700' was sent*"])


def test_an_error_that_was_swallowed_fails_all_the_same(suite: pytest.Pytester) -> None:
    """Code under test that makes an answer of every error cannot hide
    a mismatch, nor can pytest.raises."""
    suite.makepyfile(test_shop=buying(500))
    suite.runpytest().assert_outcomes(passed=1)
    suite.makepyfile(
        test_shop="""
        import contextlib, pytest
        from tokencharge import Money, TokenChargeError

        @pytest.mark.stripe_cassette("test_buying")
        def test_swallowed(gateway):
            with contextlib.suppress(TokenChargeError):
                gateway.charge("tok_visa", "bob@example.com", Money(500, "usd"))

        @pytest.mark.stripe_cassette("test_buying")
        def test_awaited_in_vain(gateway):
            with pytest.raises(ValueError):
                with contextlib.suppress(TokenChargeError):
                    gateway.charge("tok_visa", "eve@example.com", Money(500, "usd"))
    """
    )
    result = suite.runpytest()

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*'ada@example.com' is recorded, 'bob@example.com' was sent*"])
    result.stdout.fnmatch_lines(["*'ada@example.com' is recorded, 'eve@example.com' was sent*"])


def test_what_was_not_asked_fails(suite: pytest.Pytester) -> None:
    """A request that is recorded and no longer made fails the test."""
    suite.makepyfile(test_shop=buying())
    suite.runpytest().assert_outcomes(passed=1)
    suite.makepyfile(test_shop="def test_buying(stripe_cassette): pass")
    result = suite.runpytest()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            (
                "*3 of the 3 requests in *were not made: POST /v1/customers, POST"
                " /v1/payment_methods, POST /v1/*"
            )
        ]
    )


def test_other_failures_are_shown_as_they_are(suite: pytest.Pytester) -> None:
    """A cassette changes nothing about a test that fails, is skipped, or
    never begins, and records none of it."""
    suite.makepyfile(
        test_shop="""
        import pytest
        from tokencharge import Money

        @pytest.fixture
        def broken(gateway, stripe_cassette):
            gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"))
            raise ValueError("mine")

        def test_failing(gateway, stripe_cassette):
            gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"))
            assert "mine" == "yours"

        def test_skipped(gateway, stripe_cassette):
            gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"))
            pytest.skip("later")

        def test_broken(broken): pass

        def test_failing_alone():
            assert "mine" == "yours"
    """
    )
    result = suite.runpytest()

    result.assert_outcomes(failed=2, skipped=1, errors=1)
    result.stdout.no_fnmatch_line("*CassetteMismatch*")
    assert [] == cassettes(suite)


def test_names_are_those_of_the_tests(suite: pytest.Pytester) -> None:
    """Parameters, classes and markers name cassettes; what a
    file name cannot hold becomes a dash."""
    suite.makepyfile(
        test_shop="""
        import pytest
        from tokencharge import Money

        def buy(gateway):
            gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"))

        @pytest.mark.parametrize("what", ["a/b", "c"])
        def test_one(gateway, stripe_cassette, what): buy(gateway)

        @pytest.mark.stripe_cassette
        class TestTwo:
            def test_buying(self, gateway): buy(gateway)

        @pytest.mark.stripe_cassette("a book is sold")
        def test_three(gateway): buy(gateway)

        def test_all(stripe_cassettes):
            assert stripe_cassettes.unused() == []
            assert stripe_cassettes.leaks() == []
    """
    )
    suite.runpytest().assert_outcomes(passed=5)

    assert [
        "cassettes/test_shop/TestTwo.test_buying.yaml",
        "cassettes/test_shop/a book is sold.yaml",
        "cassettes/test_shop/test_one[a-b].yaml",
        "cassettes/test_shop/test_one[c].yaml",
    ] == cassettes(suite)


def test_orphans_and_leaks_are_found(suite: pytest.Pytester) -> None:
    """A cassette of no test, and of no module, is an orphan, and looked through all the same."""
    suite.makepyfile(
        test_shop=buying(),
        test_other="def test_nothing(): pass",
        test_audit="""
        def test_unused(stripe_cassettes):
            names = [f"{path.parent.name}/{path.name}" for path in stripe_cassettes.unused()]
            assert names == ["test_gone/x.yaml", "test_shop/y.yaml"]

        def test_leaks(stripe_cassettes):
            assert [leak.what for leak in stripe_cassettes.leaks()] == ["a token"]
    """,
    )
    for name in ("test_gone/x", "test_shop/y"):
        path = suite.path / "cassettes" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("tok_1NsYl2Ab12Cd34Ef" if name.endswith("y") else "")

    suite.runpytest().assert_outcomes(passed=4)
    suite.runpytest("-k", "audit").assert_outcomes(passed=2, deselected=2)


@pytest.mark.parametrize(
    "arguments",
    [("test_audit.py",), ("test_audit.py", "test_shop.py::test_other"), ("--lf",)],
    ids=" ".join,
)
def test_nobody_is_called_an_orphan_on_hearsay(
    suite: pytest.Pytester, arguments: tuple[str, ...]
) -> None:
    """Where a module was not collected, or in part, its cassettes are left alone."""
    suite.makepyfile(
        test_shop=buying() + "\n    def test_other(): assert 0",
        test_audit="def test_unused(stripe_cassettes): assert stripe_cassettes.unused() == []",
    )
    suite.runpytest().assert_outcomes(passed=2, failed=1)
    result = suite.runpytest(*arguments)

    outcomes = result.parseoutcomes()
    assert 0 == outcomes.get("errors", 0)
    result.stdout.no_fnmatch_line("*FAILED test_audit*")


def test_there_may_be_no_cassettes(suite: pytest.Pytester) -> None:
    """A suite without cassettes has nothing to audit."""
    suite.makepyfile("""
        def test_all(stripe_cassettes):
            assert (stripe_cassettes.unused(), stripe_cassettes.leaks()) == ([], [])
    """)

    suite.runpytest().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("sk_live_1234", "*STRIPE_SECRET_KEY is no test key*"),
        ("unheard_of_1234", "*STRIPE_SECRET_KEY is no test key*"),
        ("pk_test_1234", "*publishable key*"),
    ],
)
@pytest.mark.parametrize("mode", ["none", "once", "all"])
def test_a_key_that_is_no_test_key_stops_the_run(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, key: str, said: str, mode: str
) -> None:
    """Whatever the mode, nothing runs with a live key in the environment."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", key)
    suite.makepyfile("def test_nothing(): pass")
    result = suite.runpytest(f"--stripe-record={mode}")

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([said])
    assert key not in str(result.stderr)


def test_a_test_key_is_recorded_with(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With STRIPE_SECRET_KEY=sk_test_... cassettes are recorded
    from there, and replayed without it."""
    from tokencharge.sandbox import Sandbox

    sandbox = Sandbox()
    suite.makepyfile(test_shop=buying())
    with sandbox.serve() as server:
        monkeypatch.setenv("STRIPE_SECRET_KEY", sandbox.secret_key)
        monkeypatch.setenv("STRIPE_API_BASE", server.url)
        suite.runpytest().assert_outcomes(passed=1)
    suite.runpytest().assert_outcomes(passed=1)

    assert [500] == [charge.amount.minor for charge in sandbox.charges]


def test_importing_it_needs_only_pytest() -> None:
    """Neither vcrpy nor PyYAML nor stripe is loaded before it is needed."""
    code = (
        "import sys, tokencharge.pytest_plugin; print({'vcr', 'yaml', 'stripe', 'aiohttp'} &"
        " set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "set()\n" == done.stdout


CONSUMER = Path(__file__).parents[1] / "consumer"


@pytest.mark.parametrize(
    "command",
    [
        ("pytest",),
        ("pytest", "-n", "2"),
        ("pytest", "-p", "no:randomly", "-p", "no:xdist"),
        ("unittest", "tests/test_without_pytest.py"),
    ],
    ids=["random order, no sockets", "two processes", "plain", "unittest"],
)
def test_a_project_of_its_own(command: tuple[str, ...]) -> None:
    """A shop's suite passes beside pytest-socket, pytest-randomly and
    pytest-xdist, and without pytest."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            *command,
            *(("-p", "no:cacheprovider") if "pytest" in command else ()),
        ],
        cwd=CONSUMER,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "passed" in done.stdout or "OK" in done.stderr
