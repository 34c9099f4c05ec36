"""Processes that charge the same order: at once, after a fork, and after a kill -9."""

from __future__ import annotations

import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.processes.shop import (
    CARDS,
    CHARGES,
    CUSTOMERS,
    PATIENCE,
    Hold,
    Programs,
    answer,
    environment,
    eventually,
    kill,
    paid,
    turned_away,
)
from tokencharge import Money, OrderInProgress, PaymentGateway
from tokencharge.sandbox import Fault, Sandbox, Server

BUYER = "tests.processes.buyer"
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def cards(sandbox: Sandbox, *, same: bool) -> tuple[str, str]:
    first = sandbox.create_token()
    return first, first if same else sandbox.create_token()


@pytest.mark.parametrize("same", [True, False], ids=["same card", "another card"])
def test_two_processes_charge_an_order_once(
    sandbox: Sandbox, hold: Hold, programs: Programs, same: bool
) -> None:
    """While one process's Charge is being made another one asks for it,
    and both are told of the one Charge."""
    sandbox.faults.add(Fault.wait(1), path=CHARGES, method="POST")

    both = [programs.python(BUYER, "order-1", token) for token in cards(sandbox, same=same)]
    hold.wait_for()
    eventually("the other process is turned away", lambda: turned_away(sandbox))
    hold.let_go()
    printed = [answer(program).strip() for program in both]

    assert paid(sandbox, "order-1") * 2 == printed
    assert 1 == len(sandbox.charges)


@forks
def test_a_gateway_used_before_a_fork_gives_each_process_its_own_answer(
    sandbox: Sandbox, hold: Hold, programs: Programs
) -> None:
    """Parent and child, their requests under way at the same time, each
    get the Charge of their own order."""
    sandbox.faults.add(Fault.wait(1), times=None, path=CUSTOMERS, method="POST")
    first, second, third = (sandbox.create_token() for _ in range(3))

    program = programs.python("tests.processes.forked", first, "parents", second, "childs", third)
    hold.let_go(1)
    hold.wait_for(3)
    hold.let_go()
    printed = sorted(answer(program).splitlines())

    assert [
        f"{order} {charge}" for order in ("childs", "parents") for charge in paid(sandbox, order)
    ] == printed
    assert 3 == len(sandbox.charges)


@forks
def test_a_gateway_used_before_a_fork_charges_an_order_once_from_both_processes(
    sandbox: Sandbox, hold: Hold, programs: Programs
) -> None:
    """Parent and child, each with a card for the same order, are told of the same Charge."""
    sandbox.faults.add(Fault.wait(1), times=None, path=CHARGES, method="POST")
    first, second, third = (sandbox.create_token() for _ in range(3))

    program = programs.python("tests.processes.forked", first, "order-1", second, "order-1", third)
    hold.let_go(1)
    hold.wait_for(2)
    eventually("the other process is turned away", lambda: turned_away(sandbox))
    hold.let_go()
    printed = answer(program).splitlines()

    assert [f"order-1 {charge}" for charge in paid(sandbox, "order-1")] * 2 == printed
    assert 2 == len(sandbox.charges)


@forks
def test_a_preloaded_gunicorn_application_charges_from_its_workers(
    sandbox: Sandbox, hold: Hold, server: Server, programs: Programs
) -> None:
    """Two gunicorn workers share a gateway from before their fork, and each
    answers with its own order's Charge."""
    pytest.importorskip("gunicorn")
    sandbox.faults.add(Fault.wait(1), times=None, path=CUSTOMERS, method="POST")
    hold.let_go(1)
    open_url = build_opener(ProxyHandler({})).open

    def order(name: str) -> Any:
        query = urlencode({"order": name, "token": sandbox.create_token()})
        with open_url(f"http://127.0.0.1:{port}/?{query}", timeout=PATIENCE) as response:
            return json.load(response)

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor() as threads:
        port = listening.getsockname()[1]
        programs.python(
            "gunicorn", "--preload", "--workers=2", f"--bind=fd://{listening.fileno()}",
            "--log-level=warning", "--timeout=300", "--no-control-socket",
            "tests.processes.preloaded:application",
            pass_fds=[listening.fileno()],
            env={**environment(sandbox, server), "FIRST_TOKEN": sandbox.create_token()},
        )  # fmt: skip
        answers = threads.map(order, ("one", "two"))
        # A worker answers one request at a time: two requests under way are those of two processes.
        hold.wait_for(3)
        hold.let_go()
        one, two = answers

    assert paid(sandbox, "one") == [one["charge"]]
    assert paid(sandbox, "two") == [two["charge"]]
    assert one["pid"] != two["pid"]
    assert 3 == len(sandbox.charges)


MOMENTS = {
    "before the card": (Fault.time_out(executed=False), CARDS),
    "during the card": (Fault.wait(1), CARDS),
    "before the charge": (Fault.time_out(executed=False), CHARGES),
    "during the charge": (Fault.wait(1), CHARGES),
}


@pytest.mark.parametrize("same", [True, False], ids=["same card", "another card"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_process_killed_on_the_way_and_started_again_charges_once(
    sandbox: Sandbox, hold: Hold, programs: Programs, moment: str, same: bool
) -> None:
    """A kill -9 at each step, whether Stripe then carries the step out or never
    heard of it, costs no second Charge."""
    fault, path = MOMENTS[moment]
    armed = sandbox.faults.add(fault, path=path, method="POST")
    first, second = cards(sandbox, same=same)

    victim = programs.python(BUYER, "order-1", first)
    if fault.delay:
        hold.wait_for()
    eventually("the step reaches Stripe", lambda: armed.left == 0)
    steps = [request.path for request in sandbox.requests]
    kill(victim)
    hold.let_go()
    printed = answer(programs.python(BUYER, "order-1", second)).strip()

    assert (1 if path == CARDS else 2) == len(steps)
    assert -9 == victim.returncode
    assert [printed] == paid(sandbox, "order-1")
    assert 1 == len(sandbox.charges)
    assert 1 == len(sandbox.customers)


@pytest.mark.parametrize("same", [True, False], ids=["same card", "another card"])
def test_a_restart_while_stripe_is_still_charging_for_the_dead_waits(
    sandbox: Sandbox, hold: Hold, server: Server, programs: Programs, same: bool
) -> None:
    """Who comes while a killed caller's Charge is still being made is told
    to wait, and then gets that Charge."""
    sandbox.faults.add(Fault.wait(1), path=CHARGES, method="POST")
    first, second = cards(sandbox, same=same)
    kill_me = programs.python(BUYER, "order-1", first)
    hold.wait_for()
    kill(kill_me)

    with PaymentGateway(sandbox.secret_key, api_base=server.url, max_retries=0) as gateway:
        with pytest.raises(OrderInProgress):
            gateway.charge(second, "ada@example.com", Money(500, "usd"), order_id="order-1")
        hold.let_go()
        eventually("the charge is made", lambda: sandbox.charges)
        payment = gateway.charge(second, "ada@example.com", Money(500, "usd"), order_id="order-1")

    assert [payment.charge] == sandbox.charges
    assert payment.replayed
