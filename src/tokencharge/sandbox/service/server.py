"""The sandbox over HTTP/1.1: keep-alive, a thread per connection, open to browsers."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from ..language.wire import Request, Response

_OPEN_TO_BROWSERS = {
    "access-control-allow-headers": "Authorization, Content-Type, Idempotency-Key, Stripe-Version",
    "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "Request-Id, Stripe-Should-Retry",
    "access-control-max-age": "300",
    "cache-control": "no-cache, no-store",
}


class Server:
    """A sandbox that listens; a context manager.

    Attributes:
        url: Where, without a slash at the end.
    """

    def __init__(self, handle: Callable[[Request], Response], host: str, port: int) -> None:
        self._http = _HTTPServer((host, port), handle)
        self.url = f"http://{host}:{self._http.server_address[1]}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.02,), name="tokencharge-sandbox", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._http.hang_up()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handle: Callable[[Request], Response]) -> None:
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(address, partial(_Handler, handle))

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
        """Close what is open, and wait for the threads to notice."""
        with self._changed:
            for connection in self._open:
                # The other side may have hung up first.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, timeout=5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, handle: Callable[[Request], Response], *connection: Any) -> None:
        self._handle = handle
        super().__init__(*connection)

    def handle(self) -> None:
        # A client that goes away in mid-sentence is no news.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def _answer(self) -> None:
        where = urlsplit(self.path)
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(length)) if length.isdigit() else b""
        if length.isdigit() and len(body) < int(length):
            # Half a form must not be taken for a whole one; read on, and find that nobody is there.
            return
        request = Request(self.command, where.path, where.query, dict(self.headers), body)
        try:
            response = self._handle(request)
        except TimeoutError:
            self.rfile.read(1)
            self.close_connection = True
        except OSError:
            self.close_connection = True
        else:
            self._send(response)

    def _preflight(self) -> None:
        self._send(Response(204))

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815
    do_OPTIONS = _preflight  # noqa: N815

    def _send(self, response: Response) -> None:
        headers = {
            **_OPEN_TO_BROWSERS,
            **response.headers,
            "content-length": str(len(response.body)),
        }
        lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + response.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
