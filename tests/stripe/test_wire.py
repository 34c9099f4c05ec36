"""The built-in transport over real sockets: what was never sent, what may
have been, and on which connection."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.rows import each_row
from tests.stripe.server import CERTIFICATES, Server
from tokencharge import GatewayUnavailable, Money, OutcomeUnknown, PaymentGateway, RateLimited
from tokencharge.sandbox import Fault, Response

FIVE = Money(500, "usd")
ADA = "ada@example.com"


def gateway_to(url, **options):
    return PaymentGateway(
        "sk_test_tokenchargeSandboxKey0001", api_base=url, **{"max_retries": 0, **options}
    )


def charge(gateway, token="tok_1ABC"):
    return gateway.charge(token, ADA, FIVE)


@pytest.fixture
def trusted(monkeypatch):
    """The SDK is told to trust the tests' own authority."""
    monkeypatch.setattr(stripe, "ca_bundle_path", str(CERTIFICATES / "authority.pem"))


def test_a_charge_over_http(sandbox):
    """The whole path, over one kept connection."""
    with Server(sandbox.handle) as server, gateway_to(server.url) as gateway:
        payment = charge(gateway, sandbox.create_token())
        read = gateway.get_charge(payment.charge.id)

    assert [payment.charge] == [read] == sandbox.charges
    assert [1, 1, 1, 1] == [seen.connection for seen in server.seen]


def test_a_port_nobody_listens_at():
    """A refused connection sent nothing, and the sentence says where it was asked for."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(GatewayUnavailable) as unavailable:
            charge(gateway_to(f"http://{where}"))

    assert (
        "Stripe could not be asked, and nothing was changed: call again in a while. "
        f"{where} was asked, as STRIPE_API_BASE says: see whether that runs."
    ) == unavailable.value.message


def test_a_name_nobody_knows(monkeypatch):
    """A host that is not found was sent nothing."""

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(GatewayUnavailable, match=r"nothing\.invalid was asked"):
        charge(gateway_to("http://nothing.invalid"))
    for stripes in ("https://api.stripe.com", "https://api.stripe.com."):
        with pytest.raises(GatewayUnavailable) as at_stripe:
            charge(PaymentGateway("sk_test_1", api_base=stripes, max_retries=0))

        assert at_stripe.value.message.endswith("call again in a while.")


@pytest.mark.parametrize("error", [TimeoutError("timed out"), OSError(113, "No route to host")])
def test_a_host_nobody_can_reach(monkeypatch, error):
    """No route, and no answer to the attempt to connect: nothing was sent."""

    def unreachable(*_, **__):
        raise error

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    with pytest.raises(GatewayUnavailable):
        charge(gateway_to("http://127.0.0.1:9"))


@pytest.mark.parametrize("url", ["https://a..example.com", "http://" + "a" * 64 + ".example.com"])
def test_a_name_that_is_none(url):
    """A host name nobody can have is not reached."""
    with pytest.raises(GatewayUnavailable):
        charge(gateway_to(url))


def test_a_certificate_of_an_unknown_authority(sandbox):
    """By default only the SDK's authorities are trusted; the key and the token stay here."""
    with (
        Server(sandbox.handle, certificate="localhost") as server,
        pytest.raises(GatewayUnavailable) as refused,
    ):
        charge(gateway_to(server.url, max_retries=2))

    assert (1, []) == (server.connections, server.seen)
    assert isinstance(refused.value.__cause__, stripe.APIConnectionError)


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_an_authority_the_sdk_was_told_to_trust(sandbox):
    """`stripe.ca_bundle_path` is honoured, and the connection is kept."""
    with (
        Server(sandbox.handle, certificate="localhost") as server,
        gateway_to(server.url) as gateway,
    ):
        payment = charge(gateway, sandbox.create_token())

    assert [payment.charge] == sandbox.charges
    assert 1 == server.connections


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_host(sandbox):
    """Somebody else's certificate is refused before anything is sent."""
    with (
        Server(sandbox.handle, certificate="elsewhere") as server,
        pytest.raises(GatewayUnavailable),
    ):
        charge(gateway_to(server.url))

    assert [] == server.seen


@each_row("first_words", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x16\x03\x01"])
def test_a_server_that_speaks_no_tls(first_words):
    """A handshake that fails, or is cut short, sent nothing of the request."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(first_words)

        thread = threading.Thread(target=speak)
        thread.start()
        with pytest.raises(GatewayUnavailable):
            charge(gateway_to(f"https://127.0.0.1:{listener.getsockname()[1]}"))
        thread.join()


def test_a_handshake_that_never_ends():
    """A time-out before the request was sent sent nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(GatewayUnavailable):
        charge(gateway_to(f"https://127.0.0.1:{listener.getsockname()[1]}", timeout=0.2))


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LOSSES = {
    "reset": None,
    "end": b"",
    "half a head": b"HTTP/1.1 200 O",
    "head without a body": HEAD + b"Content-Length: 4000\r\n\r\n",
    "half a body": HEAD
    + b'Content-Length: 4000\r\n\r\n{"id": "ch_1", "amount": 500, "currency": "usd"}',
    "half a chunk": HEAD + b'Transfer-Encoding: chunked\r\n\r\n40\r\n{"id": "ch_1"',
    "no chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyzzy\r\n",
    "no gzip": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 70_000 + b"\r\n",
}


@pytest.mark.parametrize("certificate", [None, "localhost"])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.usefixtures("trusted")
def test_an_answer_lost_on_the_way(sandbox, loss, certificate):
    """Once the request was sent the outcome is unknown; the same call then finds the charge."""
    losses = [loss]

    def answer(request):
        response = sandbox.handle(request)
        return losses.pop() if request.path == "/v1/payment_intents" and losses else response

    with Server(answer, certificate=certificate) as server, gateway_to(server.url) as gateway:
        token = sandbox.create_token()
        with pytest.raises(OutcomeUnknown) as unknown:
            charge(gateway, token)
        payment = charge(gateway, token)

    # By id: what Stripe books a moment later may come between the two looks.
    assert [payment.charge.id] == [charge.id for charge in sandbox.charges]
    assert (True, payment.customer.id) == (payment.replayed, unknown.value.customer_id)


def test_a_question_lost_on_the_way():
    """Nothing changed by asking, so there is nothing to doubt."""
    with Server(lambda _: None) as server, pytest.raises(GatewayUnavailable):
        gateway_to(server.url).get_charge("ch_1")

    assert 1 == len(server.seen)


def test_an_answer_that_takes_too_long(sandbox):
    """A time-out after the request was sent leaves the outcome unknown."""
    done = threading.Event()

    def answer(request):
        response = sandbox.handle(request)
        if request.path == "/v1/payment_intents" and not done.is_set():
            done.wait(30)
        return response

    with Server(answer) as server, gateway_to(server.url, timeout=0.5) as gateway:
        token = sandbox.create_token()
        with pytest.raises(OutcomeUnknown):
            charge(gateway, token)
        done.set()
        payment = charge(gateway_to(server.url), token)

    assert [payment.charge] == sandbox.charges


def test_an_answer_that_trickles_past_the_timeout():
    """The timeout is for the whole answer, not for each byte of
    it: one that never ends is given up."""
    gone = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def trickle():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")
                try:
                    while not gone.wait(0.02):
                        connection.sendall(b" ")
                except OSError:
                    gone.set()

        thread = threading.Thread(target=trickle)
        thread.start()
        with pytest.raises(OutcomeUnknown):
            charge(gateway_to(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.5))
        gone.set()
        thread.join()


def test_an_answer_that_goes_on_past_the_timeout(sandbox, monkeypatch):
    """What is left of an answer when the time is over is not read: the outcome is unknown."""
    later = [0.0]
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + later[0])

    def answer(request):
        later[0] += 1000
        body = sandbox.handle(request).body.ljust(100_000)
        return HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body

    with Server(answer) as server, pytest.raises(OutcomeUnknown):
        charge(gateway_to(server.url), sandbox.create_token())

    assert 1 == len(sandbox.customers)


def test_a_lost_answer_is_asked_for_again(sandbox):
    """With retries the SDK asks again on a new connection under the same key: one
    charge, and it is this call's own."""
    sandbox.faults.add(Fault.lose_answer(), path="/v1/payment_intents")

    def answer(request):
        try:
            return sandbox.handle(request)
        except ConnectionResetError:
            return None

    with Server(answer) as server, gateway_to(server.url, max_retries=2) as gateway:
        payment = charge(gateway, sandbox.create_token())

    assert [payment.charge] == sandbox.charges
    assert (False, 2) == (payment.replayed, server.connections)


def test_a_try_that_was_sent_is_not_forgotten_when_the_next_is_refused(sandbox):
    """Sent, lost, then refused: the outcome stays unknown."""

    def hang_up(request):
        sandbox.handle(request)
        server.stop_listening()

    with Server(hang_up) as server, pytest.raises(OutcomeUnknown):
        charge(gateway_to(server.url, max_retries=1), sandbox.create_token())

    assert 1 == len(server.seen) == len(sandbox.customers)


def test_a_redirect_is_not_followed(sandbox):
    """The key and the token go to the address that was configured, and nowhere else."""
    with Server(sandbox.handle) as other:
        location = {"location": f"{other.url}/v1/customers"}
        with Server(lambda _: Response(307, location)) as server, pytest.raises(OutcomeUnknown):
            charge(gateway_to(server.url))

    assert ([], 1) == (other.seen, len(server.seen))


def test_a_limited_rate_over_http(sandbox):
    """Stripe's own refusals are read as in process."""
    sandbox.rate_limit_next()
    with Server(sandbox.handle) as server, pytest.raises(RateLimited):
        charge(gateway_to(server.url))

    assert [429] == [arrival.status for arrival in sandbox.requests]


def test_threads_share_connections(sandbox):
    """Eight threads use eight connections at most, and a warm gateway opens no new one."""
    together = threading.Barrier(8)

    def buy(_):
        together.wait(30)
        return [charge(gateway, sandbox.create_token()).charge for _ in range(5)]

    with Server(sandbox.handle) as server, gateway_to(server.url, max_retries=2) as gateway:
        with ThreadPoolExecutor(8) as threads:
            charges = [each for some in threads.map(buy, range(8)) for each in some]
        warm = server.connections
        for _ in range(5):
            charge(gateway, sandbox.create_token())

    assert {each.id for each in charges} < {each.id for each in sandbox.charges}
    assert (40, 45) == (len(charges), len(sandbox.charges))
    assert 1 <= warm <= 8
    assert warm == server.connections


def test_a_closed_gateway_opens_a_new_connection(sandbox):
    """`close` hangs up, before the first call and after; the next call connects again."""
    with Server(sandbox.handle) as server, gateway_to(server.url) as gateway:
        gateway.close()
        charge(gateway, "tok_visa")
        gateway.close()
        charge(gateway, "tok_visa")

    assert [1, 1, 1, 2, 2, 2] == [seen.connection for seen in server.seen]


FORK = """
import os, sys
from tokencharge import Money, PaymentGateway

gateway = PaymentGateway("sk_test_tokenchargeSandboxKey0001", api_base=sys.argv[1], max_retries=0)

def buy(order_id):
    payment = gateway.charge("tok_visa", "ada@example.com", Money(500, "usd"), order_id=order_id)
    assert order_id == payment.charge.order_id

buy("before")
child = os.fork()
if not child:
    buy("child")
    sys.exit()
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
buy("parent")
sys.exit(status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_has_connections_of_its_own(sandbox):
    """The child connects anew, even where the parent's connection is
    idle; the parent goes on with its own."""
    with Server(sandbox.handle) as server:
        # In a process without the server's threads, for only that may fork.
        subprocess.run([sys.executable, "-c", FORK, server.url], check=True, timeout=60)

    assert ["before", "child", "parent"] == [charge.order_id for charge in sandbox.charges]
    assert [1] * 3 + [2] * 3 + [1] * 3 == [seen.connection for seen in server.seen]


def test_a_server_that_hangs_up_between_requests_costs_nothing(sandbox):
    """A kept connection that the other side has closed is noticed, and
    the request goes out on a new one."""

    def answer(request):
        response = sandbox.handle(request)
        head = f"HTTP/1.1 {response.status} X\r\nContent-Length: {len(response.body)}\r\n\r\n"
        return head.encode() + response.body

    with Server(answer) as server, gateway_to(server.url, max_retries=2) as gateway:
        payments = [charge(gateway, sandbox.create_token()) for _ in range(3)]

    assert [payment.charge.id for payment in payments] == [charge.id for charge in sandbox.charges]
    assert [False] * 3 == [payment.replayed for payment in payments]


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_used(sandbox, monkeypatch, variable):
    """Plain HTTP goes to the proxy as a whole URL."""
    with Server(sandbox.handle) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        payment = charge(gateway_to("http://api.example.invalid"), sandbox.create_token())

    assert [payment.charge] == sandbox.charges
    assert "http://api.example.invalid/v1/customers" == proxy.seen[0].target


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy"])
def test_this_machine_is_reached_without_a_proxy(sandbox, monkeypatch, variable):
    """A live key may go to localhost in clear, because it stays here: so no proxy may carry it."""
    with Server(sandbox.handle) as proxy, Server(sandbox.handle) as server:
        monkeypatch.setenv(variable, proxy.url)
        charge(gateway_to(server.url), sandbox.create_token())

    assert (0, 3) == (len(proxy.seen), len(server.seen))


@pytest.fixture
def elsewhere(monkeypatch):
    """A host of another name than this machine's, which is this machine."""
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: look_up(
            "127.0.0.1" if host == "api.example.invalid" else host, *rest, **more
        ),
    )
    return lambda server: server.url.replace("127.0.0.1", "api.example.invalid")


@pytest.mark.parametrize("no_proxy", ["api.example.invalid", "*", "example.com,example.invalid"])
def test_a_host_excepted_from_the_proxy_is_reached_directly(
    sandbox, monkeypatch, elsewhere, no_proxy
):
    """`no_proxy` is honoured."""
    with Server(sandbox.handle) as proxy, Server(sandbox.handle) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", no_proxy)
        charge(gateway_to(elsewhere(server)), sandbox.create_token())

    assert (0, 3) == (len(proxy.seen), len(server.seen))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("login", ["", "ada:secret@", "ada@"])
def test_https_goes_through_a_tunnel(sandbox, monkeypatch, login):
    """The proxy sees the host and its own login, and nothing of the request."""
    with Server(sandbox.handle, certificate="localhost", tunnels=True) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", f"//{login}"))
        with gateway_to("https://api.example.invalid") as gateway:
            payment = charge(gateway, sandbox.create_token())
    connect, *inside = proxy.seen

    assert [payment.charge] == sandbox.charges
    assert ("CONNECT", "api.example.invalid:443") == (connect.method, connect.target)
    assert (login != "") == ("proxy-authorization" in connect.headers)
    assert "authorization" not in connect.headers
    assert ["/v1/customers", "/v1/payment_methods", "/v1/payment_intents"] == [
        seen.target for seen in inside
    ]
    assert [] == [seen for seen in inside if "proxy-authorization" in seen.headers]


@pytest.mark.usefixtures("trusted")
def test_a_proxys_login_is_decoded(sandbox, monkeypatch):
    """A password with an @ is written %40 in the URL, and is sent as it is."""
    with Server(sandbox.handle, certificate="localhost", tunnels=True) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//ada:p%40ss@"))
        with gateway_to("https://api.example.invalid") as gateway:
            charge(gateway, sandbox.create_token())

    assert "Basic YWRhOnBAc3M=" == proxy.seen[0].headers["proxy-authorization"]


def test_a_proxy_without_a_scheme_is_used(sandbox, monkeypatch):
    """`http_proxy=proxy.example.com:3128` is how many write it."""
    with Server(sandbox.handle) as proxy:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.port}")
        charge(gateway_to("http://api.example.invalid"), sandbox.create_token())

    assert 3 == len(proxy.seen)


def test_a_host_and_port_excepted_from_the_proxy_is_reached_directly(
    sandbox, monkeypatch, elsewhere
):
    """An entry of `no_proxy` may name a port."""
    with Server(sandbox.handle) as proxy, Server(sandbox.handle) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", f"api.example.invalid:{server.port}")
        charge(gateway_to(elsewhere(server)), sandbox.create_token())

    assert (0, 3) == (len(proxy.seen), len(server.seen))


@pytest.mark.parametrize(
    "answer", [None, b"", b"HTTP/1.1 403 Forbidden\r\n\r\n", b"HTTP/1.1 407 Login\r\n\r\n"]
)
def test_a_proxy_that_opens_no_tunnel(sandbox, monkeypatch, answer):
    """Asking for a tunnel sends nothing of the request."""
    with Server(lambda _: answer) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with pytest.raises(GatewayUnavailable):
            charge(gateway_to("https://api.example.invalid"))

    assert ["CONNECT"] == [seen.method for seen in proxy.seen]


def test_a_proxy_of_another_kind(sandbox, monkeypatch):
    """A SOCKS proxy is not spoken to: nothing was sent, whatever this thread sent before."""
    with Server(sandbox.handle) as server:
        charge(gateway_to(server.url), sandbox.create_token())
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    with pytest.raises(GatewayUnavailable):
        charge(gateway_to("http://api.example.invalid"))

    assert 3 == len(server.seen)


@pytest.mark.parametrize("api_base", ["http://api.example.invalid", "https://api.example.invalid"])
def test_a_proxy_nobody_listens_at(monkeypatch, api_base):
    """A proxy that refuses the connection was sent nothing."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(GatewayUnavailable):
            charge(gateway_to(api_base))


def test_a_certificate_inside_the_tunnel_is_checked(sandbox, monkeypatch):
    """A proxy that reads along is noticed before anything is sent."""
    with Server(sandbox.handle, certificate="localhost", tunnels=True) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with pytest.raises(GatewayUnavailable):
            charge(gateway_to("https://api.example.invalid"))

    assert ["CONNECT"] == [seen.method for seen in proxy.seen]


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("secure", [False, True])
def test_an_answer_lost_behind_a_proxy(sandbox, monkeypatch, secure):
    """Once the proxy has the request, the outcome is unknown."""

    def lose(request):
        sandbox.handle(request)

    certificate = "localhost" if secure else None
    with Server(lose, certificate=certificate, tunnels=secure) as proxy:
        monkeypatch.setenv("all_proxy", proxy.url)
        with pytest.raises(OutcomeUnknown):
            charge(gateway_to(f"http{'s' * secure}://api.example.invalid"), sandbox.create_token())

    assert 1 == len(sandbox.customers)


def test_a_proxys_own_error_page_is_no_answer(sandbox, monkeypatch):
    """A 502 of the proxy's leaves it open whether Stripe was reached."""
    with Server(lambda _: Response(502, {"content-type": "text/html"}, b"<html>")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with pytest.raises(OutcomeUnknown) as unknown:
            charge(gateway_to("http://api.example.invalid"))

    assert 502 == unknown.value.http_status
    assert [] == sandbox.requests
