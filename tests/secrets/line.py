"""A peer that answers with rubbish over a real socket, and what else can go wrong on the way."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Answer = Callable[[bytes], bytes]

OK = b"HTTP/1.1 200 OK\r\n"


def quoting(before: bytes, after: bytes = b"\r\n\r\n") -> Answer:
    """An answer that repeats the login and the form it was sent, in one line."""
    return lambda request: before + b" ".join(request.split()) + after


BROKEN: dict[str, Answer] = {
    "it hangs up": lambda request: b"",
    "bytes that are no HTTP": lambda request: b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n",
    "a bad status line": lambda request: b"HTTP/1.1 hello world\r\n\r\n",
    "a status line that quotes": quoting(b"HTTP/1.1 abc "),
    "a reason that quotes": quoting(b"HTTP/1.1 502 ", b"\r\nContent-Length: 2\r\n\r\n{}"),
    "a bad header": lambda request: OK + b"no colon here\r\n\r\n",
    "a header that quotes": quoting(OK + b"Content-Length: 2\r\nX-Sent: ", b"\r\n\r\n{}"),
    "a header too large": lambda request: OK + b"X-Large: " + b"a" * 100_000 + b"\r\n\r\n",
    "a bad chunk size": lambda request: OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
    "a chunk size that quotes": quoting(OK + b"Transfer-Encoding: chunked\r\n\r\n"),
    "half a body": lambda request: OK + b'Content-Length: 1000\r\n\r\n{"id": ',
    "no gzip": lambda request: OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    "a body that quotes": quoting(OK + b"\r\n", b""),
    "a refusal that quotes": quoting(
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n"
        b'{"error": {"message": "',
        b'"}}',
    ),
    "a list": lambda request: OK + b"Content-Length: 2\r\n\r\n[]",
    "an object without an id": lambda request: (
        OK + b'Content-Length: 11\r\n\r\n{"id": null}'[:-1] + b"}"
    ),
    "a way elsewhere": quoting(
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: https://elsewhere.example/?"
    ),
}


class _Peer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    answer: Answer

    def handle_error(self, *_: Any) -> None:
        """Whoever hangs up first is no news."""


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        head, length = b"", 0
        if self.request.recv(1, socket.MSG_PEEK) == b"\x16":
            # A TLS handshake has no lines to wait for: answer it as a plain server would.
            self.wfile.write(
                self.server.answer(self.request.recv(4096))  # type: ignore[attr-defined]
            )
            return
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            head += line
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        self.wfile.write(
            self.server.answer(head + self.rfile.read(length))  # type: ignore[attr-defined]
        )


@contextmanager
def peer(answer: Answer) -> Iterator[str]:
    """Answer each request so; give the peer's address."""
    with _Peer(("127.0.0.1", 0), _Handler) as server:
        server.answer = answer
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def nobody() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"
