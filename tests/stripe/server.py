"""A tiny HTTP server on loopback that does to a request whatever a network can."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tokencharge.sandbox import Request, Response

CERTIFICATES = Path(__file__).with_name("certificates")

Answer = Callable[[Request], "Response | bytes | None"]


class Seen(NamedTuple):
    """A request as it came: on which connection, to which target."""

    connection: int
    method: str
    target: str
    headers: dict[str, str]


class Server:
    """Listens on loopback with a thread per connection, kept alive; a context manager.

    Args:
        answer: Answers a request: with a Response; with bytes, raw, after which it hangs up; with
            None, by a reset.
        certificate: Speaks TLS with it.
        tunnels: Accepts CONNECT, and speaks TLS with the certificate inside the tunnel, as if it
            were the other end.

    Attributes:
        seen: All requests.
        connections: How many were opened.
    """

    def __init__(
        self, answer: Answer, *, certificate: str | None = None, tunnels: bool = False
    ) -> None:
        self.answer = answer
        self.seen: list[Seen] = []
        self.connections = 0
        self._tls = None if certificate is None else ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self._tls is not None:
            self._tls.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
        self._tunnels = tunnels
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if certificate and not tunnels else 'http'}://127.0.0.1:{self.port}"
        self._threads[0].start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop_listening()
        for connection in self._open:
            _hang_up(connection)
        for thread in self._threads:
            thread.join(10)

    def stop_listening(self) -> None:
        """Refuse new connections; those that are open stay."""
        _hang_up(self._listener)

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(
                target=self._converse, args=(connection, self.connections), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _converse(self, connection: socket.socket, number: int) -> None:
        with connection:
            try:
                if self._tls is not None:
                    if self._tunnels and self._exchange(connection, number):
                        return
                    connection = self._tls.wrap_socket(connection, server_side=True)
                    self._open.append(connection)
                while self._exchange(connection, number):
                    pass
            except OSError:
                return
            finally:
                connection.close()

    def _exchange(self, connection: socket.socket, number: int) -> bool:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = connection.recv(1)
            if not byte:
                return False
            head += byte
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        body = b""
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
        self.seen.append(Seen(number, method, target, headers))
        if method == "CONNECT" and self._tunnels:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return False
        where = urlsplit(target)
        answer = self.answer(Request(method, where.path, where.query, headers, body))
        if isinstance(answer, Response):
            fields = {**answer.headers, "content-length": str(len(answer.body))}
            written = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            connection.sendall(
                f"HTTP/1.1 {answer.status} X\r\n{written}\r\n".encode() + answer.body
            )
            return True
        if answer is None:
            # Linger for no time at all: the other side gets a reset, not an end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connection.sendall(answer)
        return False


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
