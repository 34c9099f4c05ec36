"""Webhooks: signed as Stripe signs, sent on request, again where they were not taken."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import attrs
import pytest
import stripe

from tests.sandbox.curl import NOW, Client
from tokencharge import Event, InvalidSignature, Money, PaymentGateway
from tokencharge.sandbox import Delivery, Rules, Sandbox
from tokencharge.testing import sandbox_gateway

pytestmark = pytest.mark.card_tokens


@attrs.define
class Endpoint:
    """An endpoint in this process: keeps what it gets, and answers what it is told to."""

    answers: Iterator[int] = attrs.field(factory=lambda: itertools.repeat(200))
    bodies: list[bytes] = attrs.field(factory=list)
    headers: list[dict[str, str]] = attrs.field(factory=list)

    def __call__(self, body: bytes, headers: dict[str, str]) -> int:
        self.bodies.append(body)
        self.headers.append(headers)
        return next(self.answers)

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for body in self.bodies]

    @property
    def ids(self) -> list[str]:
        return [json.loads(body)["id"] for body in self.bodies]

    @property
    def signatures(self) -> list[str]:
        return [headers["Stripe-Signature"] for headers in self.headers]


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def gateway(sandbox: Sandbox) -> PaymentGateway:
    return sandbox_gateway(sandbox)


def answering(*statuses: int) -> Endpoint:
    return Endpoint(itertools.chain(statuses, itertools.repeat(200)))


# Signed
# --------------------------------------------------------------------------------------


def test_the_sdk_takes_what_is_signed(client: Client) -> None:
    """stripe-python verifies and reads a webhook of the sandbox as one of Stripe's."""
    client.charge()
    (event,) = client.sandbox.events
    body, signature = client.sandbox.signed(event)
    read = stripe.Webhook.construct_event(body, signature, client.sandbox.webhook_secret)

    assert (event.id, "charge.succeeded") == (read.id, read.type)


def test_the_gateway_takes_what_is_signed(client: Client, gateway: PaymentGateway) -> None:
    """The kit's gateway knows the sandbox's secret, and reads back the very event."""
    client.charge()
    (event,) = client.sandbox.events

    assert event == gateway.parse_event(*client.sandbox.signed(event))


@pytest.mark.parametrize("known", ["whsec_old", "whsec_new"])
def test_while_a_secret_is_rolled_both_are_good(known: str, client: Client) -> None:
    """With two secrets there are two signatures: an endpoint may know either."""
    client.sandbox.webhook_secret = "whsec_new, whsec_old"
    client.charge()
    signed = client.sandbox.signed(client.sandbox.events[0])

    assert (
        "charge.succeeded"
        == sandbox_gateway(client.sandbox, webhook_secret=known).parse_event(*signed).type
    )


def test_another_secret_is_not_taken(client: Client) -> None:
    """Whoever expects another secret refuses it, for all the signatures that are there."""
    client.charge()
    body, signature = client.sandbox.signed(client.sandbox.events[0])
    stranger = sandbox_gateway(client.sandbox, webhook_secret="whsec_other")

    assert ["t", "v1", "v0"] == [part.partition("=")[0] for part in signature.split(",")]
    with pytest.raises(InvalidSignature):
        stranger.parse_event(body, signature)


def test_a_made_up_event_can_be_signed(sandbox: Sandbox, gateway: PaymentGateway) -> None:
    """What the sandbox cannot make happen is written down and signed."""
    made_up = {
        "id": "evt_1",
        "object": "event",
        "type": "payout.paid",
        "data": {"object": {"object": "payout"}},
    }

    assert "payout.paid" == gateway.parse_event(*sandbox.signed(made_up)).type


def test_the_body_is_to_be_taken_as_it_came(client: Client) -> None:
    """A body that is parsed and written again has another signature, as with Stripe's."""
    client.charge()
    body, _ = client.sandbox.signed(client.sandbox.events[0])

    assert json.dumps(json.loads(body)).encode() != body
    assert json.dumps(json.loads(body), separators=(",", ":")).encode() != body


def test_the_signature_is_of_now_whatever_the_sandbox_thinks(
    client: Client, gateway: PaymentGateway
) -> None:
    """The endpoint compares it with its own clock, so time travel does not make it old."""
    client.charge()
    client.sandbox.advance(1_000_000)

    assert NOW - time.time() > 600
    assert (
        "charge.succeeded"
        == gateway.parse_event(*client.sandbox.signed(client.sandbox.events[0])).type
    )


# Sent
# --------------------------------------------------------------------------------------


def test_nothing_is_sent_until_it_is_asked_for(client: Client, endpoint: Endpoint) -> None:
    """What happens waits for `deliver`, which sends each event once."""
    hooks = client.sandbox.webhooks(endpoint)
    client.charge()
    before = len(endpoint.bodies)
    (delivery,) = hooks.deliver()

    assert 0 == before
    assert ["charge.succeeded"] == endpoint.types
    assert (client.sandbox.events[0], 1, 200, True) == (
        *attrs.astuple(delivery, recurse=False),
        delivery.accepted,
    )
    assert [] == hooks.deliver()


def test_what_happened_before_is_not_sent(client: Client, endpoint: Endpoint) -> None:
    """An endpoint hears of what happens from when it is registered on."""
    client.charge()
    with client.sandbox.webhooks(endpoint):
        client.customer()

    assert ["customer.created"] == endpoint.types


def test_the_end_of_the_block_sends_the_rest(client: Client, endpoint: Endpoint) -> None:
    """What was not delivered within the block is delivered as it ends."""
    with client.sandbox.webhooks(endpoint) as hooks:
        client.customer()
        hooks.deliver()
        client.charge()

    assert ["customer.created", "charge.succeeded"] == endpoint.types
    assert endpoint.ids == [delivery.event.id for delivery in hooks.sent]


def test_a_block_that_fails_sends_nothing(client: Client, endpoint: Endpoint) -> None:
    """An exception in the block is not followed by webhooks."""
    with pytest.raises(ValueError, match="number"), client.sandbox.webhooks(endpoint):
        client.sandbox.create_token(client.charge().body["id"])

    assert [] == endpoint.bodies


def test_time_passes_before_it_is_sent(client: Client, endpoint: Endpoint) -> None:
    """What is due by itself happens without a request."""
    with client.sandbox.webhooks(endpoint, "refund.updated"):
        client.post("/v1/refunds", {"charge": client.charge().body["id"]})
        client.sandbox.advance(client.sandbox.rules.booking_time)

    assert ["refund.updated"] == endpoint.types


def test_an_endpoint_gets_the_types_it_wants(client: Client, endpoint: Endpoint) -> None:
    """A type may have a `*`; what matches two of them is sent once."""
    with client.sandbox.webhooks(endpoint, "charge.*", "*.succeeded", "customer.source.created"):
        client.customer("tok_visa")
        client.charge()

    assert ["customer.source.created", "charge.succeeded"] == endpoint.types


def test_what_stripe_sends_along(client: Client, endpoint: Endpoint) -> None:
    """An endpoint gets JSON, and the signature of just that body."""
    with client.sandbox.webhooks(endpoint):
        client.charge()
    (body,), (headers,) = endpoint.bodies, endpoint.headers

    assert "application/json; charset=utf-8" == headers["Content-Type"]
    assert stripe.WebhookSignature.verify_header(
        body.decode(), headers["Stripe-Signature"], "whsec_tokenchargeSandboxKey0001"
    )


def test_duplicates(client: Client, endpoint: Endpoint) -> None:
    """Each event is sent as often as asked for, under the same id."""
    with client.sandbox.webhooks(endpoint, copies=3):
        client.customer("tok_visa")
    made, card = (event.id for event in client.sandbox.events)

    assert [made] * 3 + [card] * 3 == endpoint.ids


def test_another_order() -> None:
    """With a seed the order is another one, and the same one each time."""

    def sent(shuffle: int | None) -> list[str]:
        client, endpoint = Client(Sandbox(seed=1, rules=Rules(card_tokens=True))), Endpoint()
        with client.sandbox.webhooks(endpoint, copies=2, shuffle=shuffle):
            for _ in range(5):
                client.charge()
        return endpoint.ids

    orders = [sent(seed) for seed in (None, 1, 1, 2)]

    assert orders[1] == orders[2]
    assert 3 == len({tuple(order) for order in orders})
    assert 1 == len({tuple(sorted(order)) for order in orders})


# Sent again
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [300, 302, 400, 404, 500, 199])
def test_anything_but_success_is_sent_again(status: int, client: Client) -> None:
    """A redirect is as good as a failure; the next events wait for the retry."""
    endpoint = answering(status)
    with client.sandbox.webhooks(endpoint) as hooks:
        client.customer()
        client.charge()

    assert ["customer.created", "customer.created", "charge.succeeded"] == endpoint.types
    assert [(1, status, False), (2, 200, True), (1, 200, True)] == [
        (delivery.attempt, delivery.status, delivery.accepted) for delivery in hooks.sent
    ]


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_success_will_do(status: int, client: Client) -> None:
    """Every 2xx is an answer to be content with."""
    with client.sandbox.webhooks(answering(status)) as hooks:
        client.charge()

    assert [status] == [delivery.status for delivery in hooks.sent]


def test_it_gives_up(client: Client) -> None:
    """After three tries an event is dropped, and the next one sent."""
    endpoint = answering(500, 500, 500)
    with client.sandbox.webhooks(endpoint):
        client.customer()
        client.charge()

    assert ["customer.created"] * 3 + ["charge.succeeded"] == endpoint.types


def test_the_waits_are_chosen_and_slept_by_the_sandbox() -> None:
    """How often and how long to wait is up to the caller, and no real time need pass."""
    slept: list[float] = []
    client = Client(Sandbox(sleep=slept.append, rules=Rules(card_tokens=True)))
    with client.sandbox.webhooks(answering(500, 500, 500, 500), retries=(1.0, 60.0)) as hooks:
        client.charge()
    with client.sandbox.webhooks(answering(500), retries=()) as once:
        client.charge()

    assert [1.0, 60.0] == slept
    assert (3, 1) == (len(hooks.sent), len(once.sent))


def test_each_retry_is_signed_anew(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry has the time of the retry, and the secrets of then; the event is the same."""
    now = int(time.time())
    endpoint = answering(500)

    def roll(delivery: Delivery) -> None:
        client.sandbox.webhook_secret = "whsec_new"
        monkeypatch.setattr(time, "time", lambda: now + 7200.0)

    with client.sandbox.webhooks(endpoint, on_delivery=roll):
        client.charge()
    first, second = endpoint.signatures

    assert endpoint.bodies[0] == endpoint.bodies[1]
    assert f"t={now + 7200}" == second.partition(",")[0]
    assert first.partition(",")[0] != second.partition(",")[0]
    body = endpoint.bodies[1].decode()
    assert stripe.WebhookSignature.verify_header(body, second, "whsec_new", tolerance=300)


def test_each_delivery_is_told(client: Client) -> None:
    """Whoever wants to watch is told of each try as it was made."""
    told: list[Delivery] = []
    with client.sandbox.webhooks(answering(500), on_delivery=told.append) as hooks:
        client.charge()

    assert hooks.sent == told
    assert 2 == len(told)


def test_an_exception_of_the_endpoint_is_seen(client: Client, endpoint: Endpoint) -> None:
    """A handler's bug reaches the test that called it; the event is sent again the next time."""
    broken = iter([True])

    def receive(body: bytes, headers: dict[str, str]) -> int:
        if next(broken, False):
            raise FileNotFoundError("the shop's own")
        return endpoint(body, headers)

    hooks = client.sandbox.webhooks(receive)
    client.customer()
    client.charge()
    with pytest.raises(FileNotFoundError, match="own"):
        hooks.deliver()
    hooks.deliver()

    assert ["customer.created", "charge.succeeded"] == endpoint.types


def test_what_the_endpoint_makes_happen_waits(client: Client) -> None:
    """An endpoint that asks the sandbox for something does not keep `deliver` busy for ever."""
    seen: list[str] = []

    def receive(body: bytes, headers: dict[str, str]) -> int:
        seen.append(json.loads(body)["type"])
        client.charge()
        return 200

    hooks = client.sandbox.webhooks(receive)
    client.customer()

    assert 1 == len(hooks.deliver())
    assert 1 == len(hooks.deliver())
    assert ["customer.created", "charge.succeeded"] == seen


# Over HTTP
# --------------------------------------------------------------------------------------


@attrs.define
class Site:
    """A site on loopback: keeps what is posted to it, and answers what it is told to."""

    url: str
    answers: Iterator[int]
    posts: list[tuple[str, bytes, str]] = attrs.field(factory=list)


@pytest.fixture
def serve() -> Iterator[Callable[..., Site]]:
    """Serve a site that answers with these statuses, then with 200; 0 hangs up
    instead, 1 speaks another protocol."""
    servers: list[tuple[HTTPServer, threading.Thread]] = []

    def serve(*statuses: int) -> Site:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                site.posts.append((self.path, body, self.headers["Stripe-Signature"]))
                status = next(site.answers)
                if status == 1:
                    self.wfile.write(b"ahoy\r\n")
                elif status:
                    self.send_response(status)
                    self.send_header("Location", "/elsewhere")
                    self.end_headers()

            def log_message(self, format: str, *args: Any) -> None: ...

        server = HTTPServer(("127.0.0.1", 0), Handler)
        site = Site(
            f"http://127.0.0.1:{server.server_port}/stripe/webhook?a=1",
            itertools.chain(statuses, itertools.repeat(200)),
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        servers.append((server, thread))
        return site

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_webhooks_over_http(
    client: Client, serve: Callable[..., Site], gateway: PaymentGateway
) -> None:
    """A URL is posted to, and what arrives there is good."""
    site = serve()
    with client.sandbox.webhooks(site.url) as hooks:
        client.charge()
    ((path, body, signature),) = site.posts

    assert "/stripe/webhook?a=1" == path
    assert client.sandbox.events == [gateway.parse_event(body, signature)]
    assert [200] == [delivery.status for delivery in hooks.sent]


@pytest.mark.parametrize(("answer", "status"), [(500, 500), (302, 302), (0, None), (1, None)])
def test_a_site_that_fails_first(
    answer: int,
    status: int | None,
    client: Client,
    serve: Callable[..., Site],
    gateway: PaymentGateway,
) -> None:
    """Errors, redirects, a hang-up and what is no HTTP are sent
    again; redirects are not followed."""
    site = serve(answer)
    with client.sandbox.webhooks(site.url) as hooks:
        client.charge()

    assert [status, 200] == [delivery.status for delivery in hooks.sent]
    assert {"/stripe/webhook?a=1"} == {path for path, *_ in site.posts}
    assert 1 == len({gateway.parse_event(body, signature) for _, body, signature in site.posts})


def test_a_site_that_is_down(client: Client) -> None:
    """Where nobody listens there is no answer, and no exception."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        with client.sandbox.webhooks(f"http://127.0.0.1:{reserved.getsockname()[1]}") as hooks:
            client.charge()

    assert [(1, None), (2, None), (3, None)] == [
        (delivery.attempt, delivery.status) for delivery in hooks.sent
    ]
    assert not any(delivery.accepted for delivery in hooks.sent)


def test_no_thread_stays(client: Client, serve: Callable[..., Site]) -> None:
    """Sending needs no thread of its own, so none is left."""
    site = serve()
    before = threading.active_count()
    with client.sandbox.webhooks(site.url):
        client.charge()
        within = threading.active_count()

    assert (before, before) == (within, threading.active_count())


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://api.stripe.com/x",
        "http://10.0.0.1:5000/",
        "http://127.0.0.1.example.com/",
    ],
)
def test_other_machines_are_left_alone(url: str, client: Client) -> None:
    """A test that names another machine by mistake is told so, before anything is sent."""
    with pytest.raises(ValueError, match="anywhere=True"):
        client.sandbox.webhooks(url)

    assert [] == client.sandbox.webhooks(url, anywhere=True).deliver()


@pytest.mark.parametrize(
    "url",
    ["http://localhost:5000/x", "https://127.0.0.2/", "http://[::1]:80/", "http://a.localhost"],
)
def test_this_machine_has_several_names(url: str, sandbox: Sandbox) -> None:
    """Every name of this machine will do."""
    assert [] == sandbox.webhooks(url).deliver()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "5000",
        "/stripe/webhook",
        "ftp://127.0.0.1/",
        "http://",
        "http://ada:pass@127.0.0.1/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "http://[::1/",
        "http://127.0.0.1/\u00e9",
    ],
)
def test_what_is_no_url_is_refused(url: str, sandbox: Sandbox) -> None:
    """One sentence says what a URL looks like; what was given is not
    repeated, for it may hold a password."""
    with pytest.raises(ValueError, match=r"^Webhooks go to a plain URL that begins") as refused:
        sandbox.webhooks(url, anywhere=True)

    assert "pass" not in str(refused.value)


def test_https_is_spoken(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """An https:// URL is connected to with TLS."""
    hosts: list[str] = []

    def connect(host: str, port: int | None, *, timeout: float) -> http.client.HTTPConnection:
        hosts.append(host)
        raise ConnectionRefusedError

    monkeypatch.setattr(http.client, "HTTPSConnection", connect)
    with client.sandbox.webhooks("https://localhost:5000/", retries=()):
        client.charge()

    assert ["localhost"] == hosts


def test_the_kits_gateway_charges_and_hears_of_it(
    sandbox: Sandbox, gateway: PaymentGateway
) -> None:
    """A charge made with the gateway comes back as the webhook of that charge."""
    heard: list[Event] = []

    def receive(body: bytes, headers: dict[str, str]) -> int:
        heard.append(gateway.parse_event(body, headers["Stripe-Signature"]))
        return 204

    with sandbox.webhooks(receive, "charge.*"):
        payment = gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"))
        gateway.refund(payment.charge)

    assert ["charge.succeeded", "charge.refunded"] == [event.type for event in heard]
    assert payment.charge == heard[0].object
    assert sandbox.charges == [heard[1].object]
