"""The other end: a process that answers from memory, so that clients are measured.

It listens on several doors and says on its first line where they are. How many
connections came in by each is told to who asks at the desk.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys

from . import ANSWERS

LATENCY = 0.1

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_HEADERS = """\
HTTP/1.1 200 OK
Server: nginx
Date: Mon, 23 Nov 2026 00:00:00 GMT
Content-Type: application/json
Content-Length: {length}
Connection: keep-alive
access-control-allow-credentials: true
access-control-allow-methods: GET, HEAD, PUT, PATCH, POST, DELETE
access-control-allow-origin: *
access-control-expose-headers: Request-Id, Stripe-Manage-Version, Stripe-Should-Retry, \
X-Stripe-External-Auth-Required, X-Stripe-Privileged-Session-Required
access-control-max-age: 300
cache-control: no-cache, no-store
content-security-policy: base-uri 'none'; default-src 'none'; form-action 'none'; \
frame-ancestors 'none'; img-src 'self'; script-src 'self' 'report-sample'; style-src 'self'; \
worker-src 'none'; upgrade-insecure-requests; \
report-uri https://q.stripe.com/csp-violation?q=Ea0hcXNJb1nXmZf2dVtYgRwUu7pLkSxQ
idempotency-key: 6f9b7f0e-32f5-4a8f-9b4e-1f3c0f6f2a55
original-request: req_bUTjK5iVY2pQ1s
request-id: req_bUTjK5iVY2pQ1s
stripe-should-retry: false
stripe-version: 2026-10-28.endive
strict-transport-security: max-age=63072000; includeSubDomains; preload
vary: Origin
x-stripe-priority-routing-enabled: true
x-stripe-routing-context-priority-tier: api-testmode
x-wc: ABGHIJ

"""


def _answer(body: bytes) -> bytes:
    return _HEADERS.format(length=len(body)).replace("\n", "\r\n").encode("ascii") + body


def _canned() -> dict[bytes, bytes]:
    """Return the answer to each path, and that of a PaymentIntent without Customer."""
    kinds = ("customer", "payment_method", "payment_intent", "charge")
    bodies = {kind: (ANSWERS / f"{kind}.json").read_bytes() for kind in kinds}
    canned = {f"/v1/{kind}s".encode(): _answer(body) for kind, body in bodies.items()}
    intent = json.loads(bodies["payment_intent"])
    intent["latest_charge"]["customer"] = intent["customer"]
    canned[ALONE] = _answer(json.dumps(intent, indent=2).encode())
    return canned


ALONE = b"a PaymentIntent whose Charge comes without its Customer"
EMPTY = _answer(b'{\n  "object": "list",\n  "data": [],\n  "has_more": false\n}\n')
CANNED = _canned()


class Door:
    """One way in."""

    def __init__(self, latency: float = 0.0) -> None:
        self.latency = latency
        self.connections = 0

    def answer(self, method: bytes, target: bytes, body: bytes) -> bytes:
        if method == b"GET":
            return EMPTY  # of the lists, which is all that is read
        alone = target.endswith(b"intents") and b"latest_charge.customer" not in body
        return CANNED[ALONE if alone else target]


class Desk(Door):
    """The way in for questions about the others."""

    def __init__(self, doors: dict[str, Door]) -> None:
        super().__init__()
        self._doors = doors

    def answer(self, method: bytes, target: bytes, body: bytes) -> bytes:
        counts = {name: door.connections for name, door in self._doors.items()}
        return _answer(json.dumps(counts).encode())


class Connection(asyncio.Protocol):
    """Answer each request in turn, at once or after the door's latency."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._received = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._door.connections += 1

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._received, 0, end + 2)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._received) < whole:
                return
            method, target, _ = bytes(self._received[:end]).split(b" ", 2)
            answer = self._door.answer(method, target, bytes(self._received[end + 4 : whole]))
            del self._received[:whole]
            if self._door.latency:
                asyncio.get_running_loop().call_later(
                    self._door.latency, self._transport.write, answer
                )
            else:
                self._transport.write(answer)


async def serve(certificate: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    doors = {"http": Door(), "https": Door(), "slow": Door(LATENCY)}
    urls = {}
    for name, door in {**doors, "desk": Desk(doors)}.items():
        server = await asyncio.get_running_loop().create_server(
            lambda door=door: Connection(door),
            "127.0.0.1",
            0,
            ssl=tls if name == "https" else None,
            backlog=4096,
        )
        port = server.sockets[0].getsockname()[1]
        urls[name] = f"https://localhost:{port}" if name == "https" else f"http://127.0.0.1:{port}"
    print(json.dumps(urls), flush=True)
    # Whoever started the server holds the other end of stdin: it ends with them.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
