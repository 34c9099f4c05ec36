"""The built-in transport under a recorder of the user's own."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
import vcr

from tokencharge import Money, OutcomeUnknown, PaymentGateway
from tokencharge.sandbox import Sandbox

FIVE = Money(500, "usd")


def test_each_cassette_sees_its_own_requests(tmp_path: Path) -> None:
    """vcrpy records what a gateway sends while it is on, one cassette after
    the other, and nothing afterwards."""
    sandbox, recorded = Sandbox(), []
    with (
        sandbox.serve() as server,
        PaymentGateway(sandbox.secret_key, api_base=server.url) as gateway,
    ):
        for name in ("one", "two"):
            with vcr.use_cassette(str(tmp_path / f"{name}.yaml"), record_mode="once") as cassette:
                gateway.charge("tok_visa", "ada@example.com", FIVE)
                recorded.append(len(cassette))
            gateway.close()
        gateway.charge("tok_visa", "ada@example.com", FIVE)

    assert [3, 3] == recorded
    assert 9 == len(sandbox.requests)


def test_a_replay_reaches_nobody(tmp_path: Path) -> None:
    """A cassette of vcrpy's in mode `none` answers, or refuses; the gateway does not go past it."""
    sandbox, path = Sandbox(), str(tmp_path / "one.yaml")
    with (
        sandbox.serve() as server,
        PaymentGateway(sandbox.secret_key, api_base=server.url, max_retries=0) as gateway,
    ):
        customer = gateway.charge("tok_visa", "ada@example.com", FIVE).customer
        gateway.close()  # older releases of vcrpy would drop the connection without closing it
        with vcr.use_cassette(path, record_mode="once"):
            gateway.get_customer(customer.id)
        gateway.close()
        before = len(sandbox.requests)
        with vcr.use_cassette(path, record_mode="none"):
            again = gateway.get_customer(customer.id)
            with pytest.raises(OutcomeUnknown):
                gateway.charge("tok_visa", "ada@example.com", FIVE)

    assert customer == again
    assert before == len(sandbox.requests)


def test_what_a_recorder_sent_may_have_charged(tmp_path: Path) -> None:
    """A connection that breaks after the request has left is in doubt under a recorder, too."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            connection, _ = listening.accept()
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with (
            vcr.use_cassette(str(tmp_path / "one.yaml"), record_mode="once"),
            PaymentGateway("sk_test_1234", api_base=url, max_retries=0) as gateway,
            pytest.raises(OutcomeUnknown),
        ):
            gateway.charge("tok_visa", "ada@example.com", FIVE)
        thread.join()
