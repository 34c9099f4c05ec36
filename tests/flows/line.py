"""A line to the sandbox on which a test says what becomes of a request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from tokencharge import PaymentGateway

# Tests that hold a request back, or answer it themselves, are clients of their own.
from tokencharge._stripe import FunctionClient
from tokencharge.sandbox import Request, Response, Sandbox

Action = Callable[[Request], Response]


class Line:
    """Carries requests to a sandbox, or does with one what was planned for it.

    Attributes:
        sent: Every request that set out, whatever became of it.
        headers: What the sandbox is sent beside each request's body.
        route: What its gateways charge by, unless they are told otherwise.
    """

    def __init__(self, sandbox: Sandbox, route: str = "payment_intents") -> None:
        self.sandbox = sandbox
        self.route = route
        self.sent: list[Request] = []
        self._plans: list[tuple[str, Action]] = []

    def plan(self, what: str, *actions: Action) -> None:
        """The next requests that match "POST /v1/charges" meet these actions, one after another."""
        self._plans += [(what, action) for action in actions]

    def gateway(self, **options: Any) -> PaymentGateway:
        given = {"route": self.route, **options}
        return PaymentGateway(
            self.sandbox.secret_key, http_client=FunctionClient(self.send), **given
        )

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: Any
    ) -> tuple[bytes, int, Mapping[str, str]]:
        where = urlsplit(url)
        sent = body.encode() if isinstance(body, str) else body or b""
        request = Request(method.upper(), where.path, where.query, headers, sent)
        self.sent.append(request)
        response = self._action(request)(request)
        return response.body, response.status, response.headers

    def _action(self, request: Request) -> Action:
        for plan in self._plans:
            if fnmatchcase(f"{request.method} {request.path}", plan[0]):
                self._plans.remove(plan)
                return plan[1]
        return self.sandbox.handle


class Busy(FunctionClient):
    """One that lets no other task run while its request is out."""

    async def request_async(self, *request: Any) -> Any:
        return self.request(*request)


def answer(status: int, body: object, **headers: str) -> Action:
    """The sandbox never sees the request; this is the answer."""
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Response(status, {"request-id": "req_canned", **named}, written)


def refuse(status: int, message: str = "No.", *, saved: bool = False, **error: Any) -> Action:
    """An error as Stripe writes it."""
    headers = {"idempotent_replayed": "true"} if saved else {}
    return answer(
        status, {"error": {"type": "invalid_request_error", "message": message, **error}}, **headers
    )


def lose(error: OSError) -> Action:
    """The request never arrives."""

    def action(_: Request) -> Response:
        raise error

    return action
