"""The sandbox over HTTP."""

from __future__ import annotations

import http.client
import socket
import threading
from urllib.parse import urlsplit

import pytest

from tests.sandbox.curl import Client
from tokencharge.sandbox import Fault

pytestmark = pytest.mark.card_tokens

HEADERS = {"Authorization": "Bearer sk_test_tokenchargeSandboxKey0001"}


@pytest.fixture
def server(sandbox):
    with sandbox.serve() as server:
        yield server


@pytest.fixture
def connection(server):
    where = urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
    yield connection
    connection.close()


def test_a_connection_is_kept(connection):
    """Many requests go over one connection."""
    connection.connect()
    kept = connection.sock
    for _ in range(3):
        connection.request("GET", "/v1/charges", headers=HEADERS)
        answer = connection.getresponse()
        answer.read()

        assert (200, 11) == (answer.status, answer.version)
        assert kept is connection.sock


@pytest.mark.parametrize(
    "fault", [Fault.refuse_connection(), Fault.lose_request(), Fault.lose_answer()]
)
def test_a_lost_answer_is_a_closed_connection(connection, sandbox, fault):
    """Where there is no answer, the server hangs up."""
    sandbox.faults.add(fault)
    connection.request("GET", "/v1/charges", headers=HEADERS)

    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()


def test_a_time_out_lasts_until_the_caller_hangs_up(connection, sandbox):
    """The request is executed, and the server is silent while the caller waits."""
    sandbox.faults.add(Fault.time_out())
    connection.request("POST", "/v1/customers", headers=HEADERS)
    connection.sock.shutdown(socket.SHUT_WR)

    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    assert 1 == len(sandbox.customers)


def test_closing_hangs_up_on_everybody(sandbox):
    """Idle and waiting connections are closed, and no thread is left."""
    before = threading.active_count()
    sandbox.faults.add(Fault.time_out(), path="/v1/customers")
    with sandbox.serve() as server:
        where = urlsplit(server.url)
        idle, waiting = (
            http.client.HTTPConnection(where.hostname, where.port, timeout=10) for _ in range(2)
        )
        idle.request("GET", "/v1/charges", headers=HEADERS)
        idle.getresponse().read()
        waiting.request("GET", "/v1/customers", headers=HEADERS)
    with idle.sock, waiting.sock:
        assert b"" == idle.sock.recv(1)
        with pytest.raises(ConnectionError):
            waiting.getresponse()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((where.hostname, where.port), timeout=10)
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(10)
    assert before == threading.active_count()


def test_a_caller_that_goes_away_is_no_news(server, sandbox, capfd):
    """A connection reset in mid-request is not reported, and nobody else notices."""
    where = urlsplit(server.url)
    rude = socket.create_connection((where.hostname, where.port), timeout=10)
    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    rude.sendall(
        b"POST /v1/charges HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\namount=5"
    )
    rude.close()

    assert 200 == Client(sandbox, server.url).get("/v1/charges").status
    server.close()
    assert ("", "") == capfd.readouterr()


def test_many_callers_are_served_at_once(server, sandbox):
    """Threads with one key make one charge."""
    client = Client(sandbox, server.url)
    form = {"amount": 500, "currency": "usd", "source": "tok_visa"}
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.post("/v1/charges", form, key="k")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 8 == len(answers)
    assert {200, 409} >= {answer.status for answer in answers}
    assert 1 == len(sandbox.charges)
