"""A client that speaks to a sandbox as curl would: no SDK, no gateway."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

import attrs

from tokencharge.sandbox import Request, Response, Sandbox

NOW = 1_800_000_000


@attrs.frozen
class Answer:
    """An answer, decoded."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def error(self) -> dict[str, Any]:
        """The error, without what differs between any two requests."""
        rest = dict(self.body["error"])
        del rest["request_log_url"]
        rest.pop("doc_url", None)
        return rest


class Client:
    """Speaks to a sandbox in process, or over HTTP where a URL is given."""

    def __init__(self, sandbox: Sandbox, url: str | None = None) -> None:
        self.sandbox = sandbox
        self.url = url

    def post(self, path: str, form: dict[str, Any] | None = None, **options: Any) -> Answer:
        return self.send("POST", path, body=urlencode(form or {}), **options)

    def get(self, path: str, query: dict[str, Any] | None = None, **options: Any) -> Answer:
        return self.send("GET", path, query=urlencode(query or {}), **options)

    def delete(self, path: str, **options: Any) -> Answer:
        return self.send("DELETE", path, **options)

    def send(self, method: str, path: str, **options: Any) -> Answer:
        request = self.request(method, path, **options)
        response = self.sandbox.handle(request) if self.url is None else self._over_http(request)
        return decoded(response)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: str = "",
        key: str | None = None,
        auth: str | None = "Bearer sk_test_tokenchargeSandboxKey0001",
        **headers: str,
    ) -> Request:
        if auth is not None:
            headers["Authorization"] = auth
        if key is not None:
            headers["Idempotency-Key"] = key
        return Request(method, path, query, headers, body.encode())

    def customer(self, source: str | None = None, **form: Any) -> str:
        if source is not None:
            form["source"] = source
        return str(self.post("/v1/customers", form).body["id"])

    def charge(self, source: str = "tok_visa", **form: Any) -> Answer:
        return self.post(
            "/v1/charges", {"amount": 500, "currency": "usd", "source": source, **form}
        )

    def intent(self, **form: Any) -> Answer:
        """Make a PaymentIntent of 5 dollars that leads nobody away."""
        automatic = {
            "automatic_payment_methods[enabled]": "true",
            "automatic_payment_methods[allow_redirects]": "never",
        }
        return self.post(
            "/v1/payment_intents", {"amount": 500, "currency": "usd", **automatic, **form}
        )

    def pay(self, payment_method: str = "pm_card_visa", **form: Any) -> Answer:
        """Make a PaymentIntent and confirm it at once."""
        return self.intent(confirm="true", payment_method=payment_method, **form)

    def confirm(self, intent: str, payment_method: str | None = None, **form: Any) -> Answer:
        if payment_method is not None:
            form["payment_method"] = payment_method
        return self.post(f"/v1/payment_intents/{intent}/confirm", form)

    def _over_http(self, request: Request) -> Response:
        where = urlsplit(self.url or "")
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
        try:
            target = f"{request.path}?{request.query}"
            connection.request(request.method, target, request.body, dict(request.headers))
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, headers, answer.read())
        finally:
            connection.close()


def decoded(response: Response) -> Answer:
    return Answer(response.status, json.loads(response.body), dict(response.headers))
