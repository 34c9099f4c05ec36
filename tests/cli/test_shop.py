"""`tokencharge demo --serve`: a shop on the sandbox, in one command."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from tokencharge import cli
from tokencharge.sandbox import Sandbox


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the shop in a process of its own, and return it with the address of its checkout."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tokencharge", "demo", "--serve"],
        env={**os.environ, **getattr(request, "param", {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    address = re.search(r"http://\S+", process.stdout.readline())
    assert address is not None
    yield process, address[0]
    process.kill()
    process.communicate()


def _read(url: str, key: str = "", **fields: str) -> str:
    data = urllib.parse.urlencode(fields).encode() if fields else None
    headers = {"Accept": "application/json", "Authorization": f"Bearer {key}"} if fields else {}
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request) as answer:
        return str(answer.read().decode())


def test_a_card_typed_into_its_page_is_charged(shop) -> None:
    """The page names the sandbox's Stripe.js and key; what that makes of a card,
    the shop charges; Ctrl-C ends it."""
    process, checkout = shop
    page = _read(checkout)
    found = re.search(r'src="(http://[^"]+)/v3/"', page)
    key = re.search(r"pk_test_\w+", page)
    assert found is not None
    assert key is not None
    card = {
        "card[number]": "4242424242424242",
        "card[exp_month]": "12",
        "card[exp_year]": "2040",
        "card[cvc]": "123",
    }
    token = json.loads(_read(f"{found[1]}/v1/tokens", key[0], **card))["id"]
    paid = json.loads(
        _read(urllib.parse.urljoin(checkout, "charge"), token=token, email="ada@example.com")
    )
    process.send_signal(signal.SIGINT)

    assert ("succeeded", 1450) == (
        paid["payment"]["charge"]["status"],
        paid["payment"]["charge"]["amount"],
    )
    assert 0 == process.wait(timeout=60)


def test_with_a_test_key_it_sells_against_the_api_of_that_key(monkeypatch, capsys) -> None:
    """Its pages hold that account's publishable key, and none of the
    sandbox it would start by itself."""
    sandbox = Sandbox(publishable_key="pk_test_mine")
    with sandbox.serve() as server:
        for name, value in sandbox.environment(server.url).items():
            monkeypatch.setenv(name, value)
        pages = []
        monkeypatch.setattr(
            "werkzeug.serving.BaseWSGIServer.serve_forever",
            lambda server: pages.append(_page(server)),
        )
        code = cli.main(["demo", "--serve"])

    assert 0 == code
    assert "pk_test_mine" in pages[0]


def _page(server) -> str:
    return str(server.app.test_client().get("/", follow_redirects=True).text)


def test_a_live_key_is_refused(monkeypatch, capsys) -> None:
    """A demo that could take real money says so in one sentence and starts nothing."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_51Example")
    code = cli.main(["demo", "--serve"])

    assert 2 == code
    assert "takes a test key only" in capsys.readouterr().err


def test_a_port_that_is_taken_is_one_sentence(capsys) -> None:
    """No traceback: the sentence names the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = cli.main(["demo", "--serve", "--port", str(port)])

    assert 1 == code
    assert f"Cannot listen on port {port}" in capsys.readouterr().err


def test_without_flask_it_says_what_to_install(monkeypatch, capsys) -> None:
    """The shop needs the extra `demo`."""
    monkeypatch.setitem(sys.modules, "flask", None)
    code = cli.main(["demo", "--serve"])

    assert 2 == code
    assert "tokencharge[demo]" in capsys.readouterr().err
