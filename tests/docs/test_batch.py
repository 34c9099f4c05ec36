"""examples/charge_customers.py in processes of its own: killed, and started again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.docs.pages import EMAIL, ROOT, Names
from tokencharge import Money
from tokencharge.sandbox import Fault, Sandbox
from tokencharge.testing import sandbox_gateway

ORDERS = [f"month-{number}" for number in range(5)]


@pytest.fixture
def sandbox(names: Names) -> Sandbox:
    """An account with a saved customer, and a file of orders for them."""
    sandbox: Sandbox = names["sandbox"]
    gateway = sandbox_gateway(sandbox)
    first = gateway.charge("tok_visa", EMAIL, Money(100, "usd"), order_id="first", save_card=True)
    now = datetime.now(timezone.utc).isoformat()
    rows = [f"{order},{first.customer.id},500,usd,{now}" for order in ORDERS]
    Path("orders.csv").write_text("\n".join(["order_id,customer,amount,currency,began", *rows]))
    return sandbox


def start(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / "charge_customers.py")]
    return subprocess.Popen(
        [*command, "orders.csv", "results.jsonl", *options],
        env={**os.environ, "STRIPE_MAX_RETRIES": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*options: str) -> int:
    with start(*options) as running:
        running.communicate()
    return running.returncode


def results() -> Counter[str]:
    """How many lines of each status the runs have written."""
    lines = Path("results.jsonl").read_text().splitlines()
    return Counter(json.loads(line)["status"] for line in lines)


def charged(sandbox: Sandbox) -> Counter[str | None]:
    """How often each order has been paid, by the sandbox's own record."""
    return Counter(charge.order_id for charge in sandbox.charges if charge.paid)


def test_a_run_that_is_killed_is_started_again(sandbox: Sandbox) -> None:
    """Killed as an order is charged, and started again, it charges each order once."""
    with (
        sandbox.faults.add(Fault.time_out(), path="/v1/payment_intents", method="POST"),
        start() as running,
    ):
        while not charged(sandbox)["month-0"]:
            assert running.poll() is None
            time.sleep(0.05)  # leave the processor to the run
        running.kill()
    with Path("results.jsonl").open("a") as file:
        file.write('{"order": "month-1", "sta')

    assert Counter({"first": 1, "month-0": 1}) == charged(sandbox)
    assert 0 == run()
    assert Counter(["first", *ORDERS]) == charged(sandbox)


def test_a_declined_card_is_asked_again_by_another_attempt(sandbox: Sandbox) -> None:
    """The same run repeats the decline, another attempt pays what is not paid."""
    sandbox.decline_next("insufficient_funds", path="/v1/payment_intents")
    codes = [run(), run(), run("--attempt", "2")]

    assert [0, 0, 0] == codes
    assert Counter({"paid": 5, "declined": 2}) == results()
    assert Counter(["first", *ORDERS]) == charged(sandbox)


def test_what_is_not_known_is_told_by_the_exit_code(sandbox: Sandbox) -> None:
    """A lost answer is 75; started again, the payment is found."""
    sandbox.lose_next_answer(path="/v1/payment_intents")
    codes = [run(), run()]

    assert [75, 0] == codes
    assert Counter({"paid": 5, "again": 1}) == results()
    assert Counter(["first", *ORDERS]) == charged(sandbox)


def test_an_order_that_cannot_be_charged_stops_no_other(sandbox: Sandbox) -> None:
    """A customer who is gone and an amount that is none are told by the exit code; the rest
    is charged."""
    first, gone, wrong, *rest = Path("orders.csv").read_text().splitlines()
    gone, wrong = gone.replace("cus_", "cus_gone"), wrong.replace("500", "five")
    Path("orders.csv").write_text("\n".join([first, gone, wrong, *rest]))

    assert 1 == run()
    assert Counter({"paid": 3, "shop": 2}) == results()
    assert Counter(["first", *ORDERS[2:]]) == charged(sandbox)
