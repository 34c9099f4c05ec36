"""examples/script.py, in a process of its own, on the test's sandbox.
(tests/browser buys from the other examples.)"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

from tests.docs.pages import EMAIL, ROOT, Names
from tokencharge import Money
from tokencharge.sandbox import Fault


class Said(NamedTuple):
    """How the script ended, and its last word."""

    code: int
    line: str


def script(*words: str, **settings: str | None) -> Said:
    env = {name: value for name, value in {**os.environ, **settings}.items() if value is not None}
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / "script.py"), *words]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    return Said(done.returncode, (done.stdout + done.stderr).splitlines()[-1])


def test_an_order_is_charged_once_however_often_it_is_run(names: Names) -> None:
    """Run twice, with another card the second time, it makes one charge and says so."""
    sandbox = names["sandbox"]
    first = script("order-1", "tok_visa", EMAIL, "14.50", "usd")
    second = script("order-1", "tok_mastercard", EMAIL, "14.50", "usd")
    (charge,) = sandbox.charges

    assert Money(1450, "usd") == charge.amount
    assert (0, f"14.50 USD from visa ending in 4242: {charge.customer_id}, {charge.id}") == first
    assert (
        0,
        f"14.50 USD from visa ending in 4242, as before: {charge.customer_id}, {charge.id}",
    ) == second


def test_the_exit_code_says_what_to_do(names: Names) -> None:
    """A decline and a mistake are final; what is not known is to be run again."""
    sandbox = names["sandbox"]
    said = [
        script("order-1", "tok_chargeDeclined", EMAIL, "14.50", "usd"),
        script("order-1", "tok_visa", EMAIL, "14.505", "usd"),
        script(
            "order-1",
            "tok_visa",
            EMAIL,
            "14.50",
            "usd",
            STRIPE_SECRET_KEY="sk_live_1",
            STRIPE_PUBLISHABLE_KEY="",
        ),
    ]
    with sandbox.faults.add(Fault.lose_answer(), times=None, path="/v1/payment_intents"):
        said.append(script("order-2", "tok_visa", EMAIL, "14.50", "usd", STRIPE_MAX_RETRIES="0"))

    assert [
        (1, "CardDeclined"),
        (1, "InvalidInput"),
        (1, "ConfigurationError"),
        (75, "OutcomeUnknown"),
    ] == [(each.code, each.line.partition(":")[0]) for each in said]
    assert ["order-1", "order-2"] == [charge.order_id for charge in sandbox.charges]


def test_without_a_key_it_brings_a_sandbox(names: Names) -> None:
    """With no setting at all it charges in a sandbox of its own."""
    said = script(
        "order-1", "tok_visa", EMAIL, "14.50", "usd", STRIPE_SECRET_KEY=None, STRIPE_API_BASE=None
    )

    assert (0, "14.50 USD from visa") == (said.code, said.line.partition(" ending")[0])
    assert [] == names["sandbox"].charges
