"""What browsers may do: pages use the publishable key, and only hosts
that were named are answered for."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests.rows import each_row
from tokencharge.sandbox import Response, Sandbox, Server

SECRET = "Bearer sk_test_tokenchargeSandboxKey0001"
PUBLIC = "Bearer pk_test_tokenchargeSandboxKey0001"
CARD = "card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=2035"
ORIGIN = "https://shop.example"


class Browser:
    """Sends requests as a page of another origin would."""

    def __init__(self, server: Server) -> None:
        self._where = urlsplit(server.url)

    def send(self, method: str, path: str, body: str | None = None, **headers: str | None):
        """Send a request; an underscore in a header's name stands for
        a hyphen, and None leaves it out."""
        sent = {
            "Origin": ORIGIN,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        connection = http.client.HTTPConnection(
            self._where.hostname or "", self._where.port, timeout=30
        )
        try:
            connection.request(
                method,
                path,
                body,
                {name: value for name, value in sent.items() if value is not None},
            )
            answer = connection.getresponse()
            return Response(
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                answer.read(),
            )
        finally:
            connection.close()

    def preflight(self, path: str, method: str | None):
        """Ask what a browser asks before a call that has an Authorization header."""
        return self.send(
            "OPTIONS",
            path,
            Access_Control_Request_Method=method,
            Access_Control_Request_Headers="authorization",
        )


@pytest.fixture
def browser(sandbox):
    with sandbox.serve() as server:
        yield Browser(server)


def allowed(answer: Response) -> str | None:
    return answer.headers.get("access-control-allow-origin")


@each_row(
    ("path", "method"),
    [
        ("/v1/tokens", "POST"),
        ("/v1/tokens", None),
        ("/v1/payment_methods", "POST"),
        ("/v1/confirmation_tokens", "POST"),
        ("/v1/payment_intents/pi_1", "GET"),
        ("/v1/payment_intents/pi_1/confirm", "POST"),
    ],
)
def test_a_page_may_make_the_calls_of_the_publishable_key(browser, path, method):
    """The preflight of what Stripe.js asks for says so, and names its headers."""
    answer = browser.preflight(path, method)

    assert (204, "*") == (answer.status, allowed(answer))
    assert (method or "POST") in answer.headers["access-control-allow-methods"].split(", ")
    assert {"Authorization", "Content-Type", "Idempotency-Key", "Stripe-Version"} == set(
        answer.headers["access-control-allow-headers"].split(", ")
    )


@each_row(
    ("path", "method"),
    [
        ("/v1/charges", "POST"),
        ("/v1/charges", None),
        ("/v1/payment_methods", "GET"),
        ("/v1/payment_intents/pi_1", "POST"),
        ("/v1/tokens", "DELETE"),
        ("/v1/nothing", "GET"),
        ("/v3/", "GET"),
    ],
)
def test_a_page_may_make_no_other_calls(browser, sandbox, path, method):
    """The preflight of a call for servers is 403, without the header that a browser waits for."""
    before = len(sandbox.requests)
    answer = browser.preflight(path, method)

    assert (403, None) == (answer.status, allowed(answer))
    assert "Pages may make only" in json.loads(answer.body)["error"]["message"]
    assert [] == sandbox.requests[before:]


def test_a_page_may_read_what_it_asked_for(browser):
    """A token and what was wrong, under whatever key it was asked for."""
    made = browser.send("POST", "/v1/tokens", CARD, Authorization=PUBLIC)
    wrong = browser.send("POST", "/v1/tokens", "colour=red", Authorization=PUBLIC)
    nobody = browser.send("POST", "/v1/tokens", CARD)

    assert [(200, "*"), (400, "*"), (401, "*")] == [
        (each.status, allowed(each)) for each in (made, wrong, nobody)
    ]
    assert "Request-Id" in made.headers["access-control-expose-headers"]


@each_row("origin", [ORIGIN, "null", "http://127.0.0.1:5000"])
@each_row(
    "key",
    [
        SECRET,
        "bearer sk_test_tokenchargeSandboxKey0001",
        "Basic c2tfdGVzdF90b2tlbmNoYXJnZVNhbmRib3hLZXkwMDAxOg==",
        "Bearer rk_test_another",
    ],
)
@each_row(
    ("method", "path"), [("POST", "/v1/customers"), ("POST", "/v1/tokens"), ("GET", "/v1/events")]
)
def test_a_page_may_not_use_the_secret_key(browser, sandbox, key, origin, method, path):
    """Whoever sends an Origin is a page: with a secret key that is 403, and nothing is executed."""
    answer = browser.send(method, path, CARD, Authorization=key, Origin=origin)

    assert 403 == answer.status
    assert "secret key" in json.loads(answer.body)["error"]["message"]
    assert ([], []) == (sandbox.requests, sandbox.events)
    if path != "/v1/tokens":
        assert allowed(answer) is None


def test_a_page_cannot_read_what_is_for_servers(browser):
    """The publishable key is refused there as always, and the answer is not for the page."""
    answer = browser.send("GET", "/v1/customers", Authorization=PUBLIC)

    assert (401, None) == (answer.status, allowed(answer))


def test_any_page_may_load_stripe_js(browser):
    """The stand-in for Stripe.js is open to every origin; the bank's page is not."""
    assert "*" == allowed(browser.send("GET", "/v3/"))
    assert allowed(browser.send("GET", "/3d_secure/pi_1?client_secret=x")) is None


@each_row(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:80",
        "127.1.2.3",
        "[::1]",
        "[::1]:80",
        "localhost",
        "LOCALHOST:4242",
        "localhost.",
        "stripe.localhost",
        "stripe.localhost:4242",
    ],
)
def test_this_machines_own_names_are_answered_for(browser, host):
    """Loopback addresses, localhost and what ends in it, with any port."""
    assert (
        200
        == browser.send("GET", "/v1/charges", Authorization=SECRET, Origin=None, Host=host).status
    )


@each_row(
    "host",
    [
        "shop.example",
        "shop.example:80",
        "127.0.0.1.shop.example",
        "localhost.example",
        "192.168.0.7",
        "[::2]",
    ],
)
@each_row(("method", "path"), [("GET", "/v1/charges"), ("OPTIONS", "/v1/tokens"), ("GET", "/v3/")])
def test_other_names_are_not(browser, sandbox, host, method, path):
    """A page's own name that leads here (DNS rebinding) is 421, and
    the sentence says how to allow one."""
    before = len(sandbox.requests)
    answer = browser.send(method, path, Authorization=SECRET, Origin=None, Host=host)

    assert (421, None) == (answer.status, allowed(answer))
    assert "--allow-host NAME" in json.loads(answer.body)["error"]["message"]
    assert [] == sandbox.requests[before:]


@pytest.mark.parametrize(
    ("listens", "hosts"),
    [("127.0.0.1", ["Stripe", "192.168.0.7"]), ("0.0.0.0", ["stripe.", "::2"])],
)
def test_other_names_can_be_allowed(sandbox, listens, hosts):
    """Whoever serves beyond this machine names those by which it is asked for."""
    with sandbox.serve(listens, hosts=hosts) as server:
        asked = [
            Browser(server)
            .send("GET", "/v1/charges", Authorization=SECRET, Origin=None, Host=host)
            .status
            for host in ("stripe:4242", "STRIPE.", listens, "localhost", "shop.example")
        ]

    assert [200, 200, 200, 200, 421] == asked


@each_row("host", ["", "http://stripe", "stripe:4242", "stripe/v1", "*", "a b"])
def test_a_host_that_is_none_cannot_be_allowed(sandbox, host):
    """It is a name or an address and nothing else."""
    with pytest.raises(ValueError, match="without scheme, port or path"):
        sandbox.serve(hosts=[host])


def test_in_process_there_is_no_host_and_no_origin(client):
    """Those rules are about browsers, which come over HTTP only."""
    assert 200 == client.get("/v1/charges", Host="shop.example", Origin=ORIGIN).status


def test_a_server_can_stand_for_something_else():
    """What answers may be any callable; the rules are the same."""
    with Server(lambda request: Response(200, {}, request.path.encode()), "127.0.0.1", 0) as server:
        browser = Browser(server)

        assert b"/hooks" == browser.send("POST", "/hooks", "a=b").body
        assert 421 == browser.send("POST", "/hooks", "a=b", Host="shop.example").status


def test_the_keys_are_those_of_the_sandbox():
    """A publishable key of one's own opens the same to pages."""
    with Sandbox(publishable_key="pk_test_mine").serve() as server:
        assert (
            200
            == Browser(server)
            .send("POST", "/v1/tokens", CARD, Authorization="Bearer pk_test_mine")
            .status
        )
