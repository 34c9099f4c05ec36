"""The sandbox over HTTP/1.1: keep-alive, a thread per connection, open to browsers."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from functools import partial
from http.client import responses
from typing import Any

from ..language.refusals import Refusal
from ..language.wire import Request, Response
from . import origins
from .http1 import Head, Malformed, read_body, read_head

_PATIENCE = 2.0
_MOUTHFULS = 1024
_UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


class Server:
    """A sandbox that listens; usable as a context manager.

    Args:
        handle: Answers a request, or raises OSError to hang up without an answer.
        host: The address to listen on.
        port: The port; 0 is any free one.
        hosts: Other names and addresses that clients use, without port. A request for
            any other host is refused, except for `host` and this machine's own names.

    Attributes:
        url: The URL, without a slash at the end.

    Raises:
        OSError: The server cannot listen on the address.
        ValueError: One of the hosts is neither a name nor an address.
    """

    def __init__(
        self,
        handle: Callable[[Request], Response],
        host: str,
        port: int,
        *,
        hosts: Iterable[str] = (),
    ) -> None:
        known = origins.Hosts(host, hosts)
        self._listener = _Listener((host, port), partial(_Connection, handle, known))
        self.url = f"http://{host}:{self._listener.server_address[1]}"
        self._thread = threading.Thread(
            target=self._listener.serve_forever,
            args=(0.02,),
            name="tokencharge-sandbox",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and close all connections."""
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()
        self._listener.hang_up()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], connection: Callable[..., _Connection]) -> None:
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(address, connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def hang_up(self) -> None:
        """Close the open connections, and wait until their threads notice."""
        with self._changed:
            for connection in self._open:
                # The client may have hung up first.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, timeout=5)


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def __init__(
        self, handle: Callable[[Request], Response], hosts: origins.Hosts, *connection: Any
    ) -> None:
        self._handle = handle
        self._hosts = hosts
        super().__init__(*connection)

    def handle(self) -> None:
        # A client may go away in the middle of a request.
        with contextlib.suppress(ConnectionError, EOFError):
            try:
                while self._serve():
                    pass
            except Malformed as error:
                self._send(_refused(error.status, str(error)), closes=True)
                self._linger()

    def _serve(self) -> bool:
        """Serve one request; tell whether another may come."""
        head = read_head(self.rfile)
        if head is None:
            return False
        if head.waits:
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = read_body(self.rfile, head)
        # HEAD gets the answer to GET, without its body.
        method = "GET" if head.method == "HEAD" else head.method
        request = Request(method, head.path, head.query, head.headers, body)
        try:
            response = self._answer(request, head)
        except TimeoutError:
            self.rfile.read(1)
            return False
        except OSError:
            return False
        self._send(
            response, origins.readable(request), closes=head.last, bare=head.method == "HEAD"
        )
        return not head.last

    def _answer(self, request: Request, head: Head) -> Response:
        try:
            self._hosts.check(head.host)
            if head.method == "OPTIONS":
                return origins.preflight(request)
            origins.check(request)
        except Refusal as refusal:
            return _refused(refusal.status, refusal.message)
        return self._handle(request)

    def _send(
        self,
        response: Response,
        more: Mapping[str, str] | None = None,
        *,
        closes: bool = False,
        bare: bool = False,
    ) -> None:
        headers = {
            "date": formatdate(usegmt=True),
            "cache-control": "no-cache, no-store",
            **(more or {}),
            **response.headers,
            "connection": "close" if closes else "keep-alive",
        }
        if response.status != 204:
            headers["content-length"] = str(len(response.body))
        lines = [f"HTTP/1.1 {response.status} {responses.get(response.status, '')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any(_UNSENDABLE.search(line) for line in lines):
            # A line break would begin another header, or another answer.
            self._send(
                _refused(500, "The answer has a header that cannot be sent."),
                closes=closes,
                bare=bare,
            )
            return
        self.wfile.write(
            "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if bare else response.body)
        )

    def _linger(self) -> None:
        """Read what the client still sends, within bounds.

        Hanging up at once would take the answer away, too.
        """
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_PATIENCE)
            for _ in range(_MOUTHFULS):
                if not self.connection.recv(65536):
                    break


def _refused(status: int, sentence: str) -> Response:
    error = {"message": sentence, "type": "invalid_request_error"}
    return Response(
        status,
        {"content-type": "application/json"},
        json.dumps({"error": error}, indent=2).encode(),
    )
