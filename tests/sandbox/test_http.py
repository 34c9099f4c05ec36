"""HTTP/1.1 to the letter: what is read, what is refused, what is announced."""

from __future__ import annotations

import http.client
import json
import socket
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import attrs
import pytest

from tokencharge.sandbox import Fault, Response

KEY = "Authorization: Bearer sk_test_tokenchargeSandboxKey0001"
pytestmark = pytest.mark.card_tokens

FORM = "amount=500&currency=usd&source=tok_visa"


@attrs.frozen
class Answer:
    """An answer as it came over the wire."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def message(self) -> str:
        return str(json.loads(self.body)["error"]["message"])


class Line:
    """A connection on which bytes are sent as they are."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self.socket = socket.create_connection((where.hostname or "", where.port or 0), timeout=30)
        self._answers = self.socket.makefile("rb")

    def send(self, *lines: str, body: str | bytes = b"") -> None:
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.socket.sendall(head + (body if isinstance(body, bytes) else body.encode()))

    def answer(self, method: str = "GET") -> Answer:
        # One line at a time: the next answer stays where it is.
        status = int(self._answers.readline().split()[1])
        headers = http.client.parse_headers(self._answers)
        length = 0 if method == "HEAD" else int(headers.get("Content-Length", "0"))
        return Answer(status, headers, self._answers.read(length))

    def rest(self) -> bytes:
        """Return what comes until the server hangs up."""
        return self._answers.read()

    def close(self) -> None:
        self._answers.close()
        self.socket.close()


@pytest.fixture
def line(sandbox):
    with sandbox.serve() as server:
        line = Line(server.url)
        yield line
        line.close()


def post(*headers: str) -> tuple[str, ...]:
    return ("POST /v1/charges HTTP/1.1", "Host: localhost", KEY, *headers)


def chunked(*parts: str, trailer: str = "") -> bytes:
    return (
        "".join(f"{len(part):x}\r\n{part}\r\n" for part in parts).encode()
        + f"0\r\n{trailer}\r\n".encode()
    )


@pytest.mark.parametrize(
    "body",
    [
        chunked(FORM),
        chunked(*FORM),
        chunked(FORM, trailer="X-Checksum: 1\r\nX-More: 2\r\n"),
        b'27;name="value"\r\n' + FORM.encode() + b"\r\n000\r\n\r\n",
    ],
)
def test_a_body_may_come_in_chunks(line, sandbox, body):
    """Chunks, extensions and trailers are read, and the next request is found behind them."""
    line.send(*post("Transfer-Encoding: Chunked"), body=body)
    line.send(*post(f"Content-Length: {len(FORM)}"), body=FORM)

    assert [200, 200] == [line.answer().status, line.answer().status]
    assert [500, 500] == [charge.raw["amount"] for charge in sandbox.charges]


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n",
        b"x\r\namount\r\n0\r\n\r\n",
        b"-1\r\n",
        b"+5\r\nabcde\r\n0\r\n\r\n",
        b"3\namo\r\n0\r\n\r\n",
        b"3\r\namount\r\n0\r\n\r\n",
        b"0\r\nno trailer\r\n\r\n",
        b"5;" + 2000 * b"x" + b"\r\n",
        b"11111111111111111\r\n",
    ],
)
def test_bad_chunks_are_400(line, sandbox, body):
    """Where a chunk's length is in doubt, nothing is executed and the connection ends."""
    line.send(*post("Transfer-Encoding: chunked"), body=body)
    answer = line.answer()

    assert (400, "close", b"") == (answer.status, answer.headers["Connection"], line.rest())
    assert [] == sandbox.requests


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (("Content-Length: 5", "Transfer-Encoding: chunked"), 400),
        (("Content-Length: -5",), 400),
        (("Content-Length: +5",), 400),
        (("Content-Length: 5.0",), 400),
        (("Content-Length: five",), 400),
        (("Content-Length:",), 400),
        (("Content-Length: ²",), 400),
        (("Content-Length: 5", "Content-Length: 6"), 400),
        (("Content-Length: 1048577",), 413),
        ((f"Content-Length: {'9' * 5000}",), 413),
        (("Transfer-Encoding: gzip, chunked",), 501),
        (("Transfer-Encoding: identity",), 501),
    ],
)
def test_a_length_in_doubt_is_refused(line, sandbox, headers, status):
    """A body of two lengths, of none that can be read or of too great a one is not read at all."""
    line.send(*post(*headers))
    answer = line.answer()

    assert (status, "close", b"") == (answer.status, answer.headers["Connection"], line.rest())
    assert "application/json" == answer.headers["Content-Type"]
    assert answer.message.endswith(".")
    assert [] == sandbox.requests


def test_chunks_of_too_much_are_refused_while_they_come(line, sandbox):
    """A body without end is refused at a megabyte, and the answer
    arrives though the client still sends."""
    line.send(
        *post("Transfer-Encoding: chunked"), body=2000 * (b"4000\r\n" + 0x4000 * b"x" + b"\r\n")
    )
    answer = line.answer()

    assert (413, "The body is longer than 1048576 bytes.") == (answer.status, answer.message)
    assert [] == sandbox.requests


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("GET /v1/charges",), 400),
        (("GET  /v1/charges HTTP/1.1",), 400),
        (("G@T /v1/charges HTTP/1.1",), 400),
        (("GET v1/charges HTTP/1.1", "Host: localhost"), 400),
        (("GET ?limit=1 HTTP/1.1", "Host: localhost"), 400),
        (("GET  HTTP/1.1", "Host: localhost"), 400),
        (("GET /v1/\x01 HTTP/1.1", "Host: localhost"), 400),
        (("CONNECT localhost:80 HTTP/1.1", "Host: localhost"), 400),
        (("\x16\x03\x01\x02",), 400),
        (("PRI * HTTP/2.0",), 505),
        (("GET /v1/charges HTTP/1.1",), 400),
        (("GET /v1/charges HTTP/1.1", "Host: localhost", "Host: localhost"), 400),
        (("GET /v1/charges HTTP/1.1", "Host: local host"), 400),
        (("GET /v1/charges HTTP/1.1", "Host:"), 400),
        (("GET http:///v1/charges HTTP/1.1", "Host: localhost"), 400),
        (("GET /v1/charges HTTP/1.1", "Host: localhost", "No-Colon"), 400),
        (("GET /v1/charges HTTP/1.1", "Host : localhost"), 400),
        (("GET /v1/charges HTTP/1.1", "Host: localhost", " folded"), 400),
        (("GET /v1/charges HTTP/1.1", "Host: localhost", "Idempotency-Key: a\rSet-Cookie: b"), 400),
        (("GET /v1/charges HTTP/1.1", "Host: localhost", "X: \0"), 400),
        (("POST /v1/charges HTTP/1.0", "Transfer-Encoding: chunked"), 400),
        ((f"GET /v1/charges?{'x' * 17000} HTTP/1.1",), 414),
        (("GET /v1/charges HTTP/1.1", f"X: {'x' * 17000}"), 431),
        (("GET /v1/charges HTTP/1.1", *(f"X-{n}: {n}" for n in range(101))), 431),
    ],
)
def test_what_is_no_request_is_told_so_in_json(line, sandbox, lines, status):
    """One sentence, the connection ends, and nobody is asked."""
    line.send(*lines)
    answer = line.answer()

    assert (status, "close", b"") == (answer.status, answer.headers["Connection"], line.rest())
    assert ["message", "type"] == list(json.loads(answer.body)["error"])
    assert [] == sandbox.requests


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /v1/cha",
        b"POST /v1/charges HTTP/1.1\r\n",
        b"POST /v1/charges HTTP/1.1\r\nHost: loc",
        "\r\n".join([*post("Content-Length: 100"), "", FORM]).encode(),
        "\r\n".join([*post("Transfer-Encoding: chunked"), "", "27"]).encode(),
        "\r\n".join([*post("Transfer-Encoding: chunked"), "", "27", FORM[:9]]).encode(),
        "\r\n".join([*post("Transfer-Encoding: chunked"), "", "27", FORM, "0", "X:"]).encode(),
        b"\r\n",
        b"",
    ],
)
def test_half_a_request_is_none(line, sandbox, sent):
    """What breaks off, wherever it does, is not executed, and nobody is left to be answered."""
    line.socket.sendall(sent)
    line.socket.shutdown(socket.SHUT_WR)

    assert b"" == line.rest()
    assert [] == sandbox.requests


@pytest.mark.parametrize(
    ("version", "header", "announced"),
    [
        ("1.1", None, "keep-alive"),
        ("1.1", "Connection: close", "close"),
        ("1.1", "Connection: TE, Close", "close"),
        ("1.1", "Connection: upgrade, http2-settings", "keep-alive"),
        ("1.0", None, "close"),
        ("1.0", "Connection: Keep-Alive", "keep-alive"),
    ],
)
def test_whether_the_connection_is_kept_is_announced(line, version, header, announced):
    """What the answer says is what happens."""
    request = (f"GET /v1/charges HTTP/{version}", "Host: localhost", KEY, *filter(None, [header]))
    line.send(*request)
    first = line.answer()

    assert (200, announced) == (first.status, first.headers["Connection"])
    if announced == "close":
        assert b"" == line.rest()
    else:
        line.send(*request)
        assert 200 == line.answer().status


def test_clients_of_old_need_not_say_whom_they_mean(line):
    """HTTP/1.0 knows no Host."""
    line.send("GET /v1/charges HTTP/1.0", KEY)

    assert 200 == line.answer().status


def test_an_answer_is_dated(line):
    """Each has the Date that caches and clients reckon with, this machine's."""
    line.send("GET /v1/charges HTTP/1.1", "Host: localhost", KEY)
    date = line.answer().headers["Date"]

    assert date.endswith(" GMT")
    assert 2026 <= parsedate_to_datetime(date).year


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/charges", 200), ("/v1/nothing", 404), ("/v3/", 200)]
)
def test_head_is_get_without_the_body(line, path, status):
    """The headers are those of GET, the length too, and nothing follows them."""
    for method in ("HEAD", "GET"):
        line.send(f"{method} {path} HTTP/1.1", "Host: localhost", KEY)
    head, get = line.answer("HEAD"), line.answer()

    assert [status, status] == [head.status, get.status]
    assert head.headers["Content-Length"] == get.headers["Content-Length"] == str(len(get.body))
    assert b"" == head.body


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "BREW"])
def test_other_methods_are_an_unknown_url(line, method):
    """Stripe has no such place, and says so in JSON."""
    line.send(
        f"{method} /v1/charges HTTP/1.1", "Host: localhost", KEY, "Content-Length: 3", body="a=b"
    )
    answer = line.answer()

    assert (404, "application/json") == (answer.status, answer.headers["Content-Type"])
    assert answer.message.startswith(f"Unrecognized request URL ({method}: /v1/charges).")


def test_a_client_that_asks_first_is_told_to_go_on(line, sandbox):
    """`Expect: 100-continue`, as curl sends it with a long form."""
    line.send(*post(f"Content-Length: {len(FORM)}", "Expect: 100-continue"))
    go_on = line.answer()
    line.socket.sendall(FORM.encode())

    assert (100, 200) == (go_on.status, line.answer().status)
    assert 1 == len(sandbox.charges)


def test_requests_may_be_sent_ahead(line):
    """Those that wait on one connection are answered in their
    order, blank lines between them or not."""
    for path in ("/v1/charges", "/v1/nothing", "/v1/refunds"):
        line.send(f"GET {path} HTTP/1.1", "Host: localhost", KEY, "Content-Length: 0", body="\r\n")

    assert [200, 404, 200] == [line.answer().status for _ in range(3)]


def test_a_proxy_may_name_the_whole_url(line):
    """The absolute form of a target is its path, and its host is the one that counts."""
    line.send("GET http://127.0.0.1:4242/v1/charges?limit=1 HTTP/1.1", "Host: shop.example", KEY)
    line.send("GET HTTP://localhost HTTP/1.1", "Host: localhost", KEY)
    line.send("GET http://shop.example/v1/charges HTTP/1.1", "Host: localhost", KEY)

    assert [200, 404, 421] == [line.answer().status for _ in range(3)]


def test_headers_of_one_name_are_one(line, sandbox):
    """They are joined by commas."""
    line.send(
        *post(f"Content-Length: {len(FORM)}", "Idempotency-Key: a", "idempotency-key: b"), body=FORM
    )

    assert "a, b" == line.answer().headers["Idempotency-Key"]


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "\0", "→"])
def test_a_header_cannot_begin_another(line, sandbox, value):
    """What a page of one's own would put between the lines is not sent; the client is told."""
    sandbox.pages["/page"] = Response(200, {"location": value}, b"page")
    line.send("GET /page HTTP/1.1", "Host: localhost")
    answer = line.answer()

    assert (500, None, None) == (
        answer.status,
        answer.headers["Set-Cookie"],
        answer.headers["Location"],
    )
    assert "The answer has a header that cannot be sent." == answer.message


@pytest.mark.parametrize(("status", "length"), [(204, None), (299, "4")])
def test_an_answer_of_any_status_can_be_sent(line, sandbox, status, length):
    """Those without a name of their own too; 204 has no length."""
    sandbox.pages["/page"] = Response(status, {}, b"" if length is None else b"page")
    line.send("GET /page HTTP/1.1", "Host: localhost")
    answer = line.answer()

    assert (status, length) == (answer.status, answer.headers["Content-Length"])


def test_who_never_stops_sending_is_hung_up_on(line):
    """A refused client is listened to for some megabytes, and not for ever."""
    line.send("nonsense")

    def send_for_ever() -> None:
        while True:
            line.socket.sendall(b"x" * 65536)

    with pytest.raises(ConnectionError):
        send_for_ever()


@pytest.mark.parametrize("fault", [Fault.lose_answer(), Fault.refuse_connection()])
def test_a_lost_answer_is_lost_whole(line, sandbox, fault):
    """Not even a header is sent."""
    sandbox.faults.add(fault)
    line.send(*post(f"Content-Length: {len(FORM)}"), body=FORM)

    assert b"" == line.rest()
