"""Threads that share one gateway."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.processes.buyer import buy
from tests.processes.shop import CHARGES, Hold, eventually, paid, turned_away
from tokencharge import Payment, PaymentGateway
from tokencharge.sandbox import Fault, Request, Response, Sandbox, Server

THREADS = 16


class Connections:
    """A sandbox's `handle` that counts connections: its server runs a thread for each."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.seen: set[threading.Thread] = set()

    def handle(self, request: Request) -> Response:
        self.seen.add(threading.current_thread())
        return self._sandbox.handle(request)


@pytest.fixture
def connections(sandbox: Sandbox) -> Connections:
    return Connections(sandbox)


@pytest.fixture
def gateway(sandbox: Sandbox, connections: Connections) -> Iterator[PaymentGateway]:
    with (
        Server(connections.handle, "127.0.0.1", 0) as server,
        PaymentGateway(sandbox.secret_key, api_base=server.url) as gateway,
    ):
        yield gateway


def all_at_once(gateway: PaymentGateway, order_id: str, tokens: list[str]) -> list[Payment]:
    """Charge an order in a thread for each token, all let go in the same moment."""
    start = threading.Barrier(len(tokens))

    def one(token: str) -> Payment:
        start.wait()
        return buy(gateway, order_id, token)

    with ThreadPoolExecutor(len(tokens)) as threads:
        return list(threads.map(one, tokens))


def test_threads_with_many_cards_and_each_card_twice_charge_an_order_once(
    sandbox: Sandbox, hold: Hold, gateway: PaymentGateway
) -> None:
    """However many cards race for an order in threads, one of them is charged,
    and everyone is told of that Charge."""
    tokens = [sandbox.create_token() for _ in range(THREADS // 2)] * 2
    sandbox.faults.add(Fault.wait(1), path=CHARGES, method="POST")

    with ThreadPoolExecutor(1) as background:
        buying = background.submit(all_at_once, gateway, "order-1", tokens)
        hold.wait_for()
        eventually("another card is turned away", lambda: turned_away(sandbox))
        hold.let_go()
        payments = buying.result()

    (charge,) = paid(sandbox, "order-1")
    assert {charge} == {payment.charge.id for payment in payments}
    assert 1 == len(sandbox.charges)
    assert 1 == len(sandbox.customers)
    assert 1 == sum(not payment.replayed for payment in payments)


def test_threads_open_no_more_connections_than_run_at_once(
    sandbox: Sandbox, gateway: PaymentGateway, connections: Connections
) -> None:
    """Threads that come and go use the connections earlier ones opened."""
    for number in range(4):
        all_at_once(gateway, f"order-{number}", [sandbox.create_token()] * THREADS)

    assert THREADS >= len(connections.seen)
    assert 4 == len(sandbox.charges)
