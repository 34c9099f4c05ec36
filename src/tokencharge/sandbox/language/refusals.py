"""Every way Stripe says no: Refusal, its body, and the wordings that are shared.

A refusal is `saved` under the request's idempotency key or not: Stripe saves what an endpoint answered once
it had begun, and forgets a request whose parameters were no good, or which never got that far.
"""

from __future__ import annotations

from typing import Any

from .wire import JSON


class Refusal(Exception):
    """An error answer, raised from anywhere inside the engine."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        saved: bool = True,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind
        self.saved = saved
        self.headers = headers or {}
        self.more = more

    def body(self, request_id: str, now: int) -> JSON:
        """Build the JSON body; like Stripe's, it leaves out what does not apply."""
        error: JSON = {name: value for name, value in self.more.items() if value is not None}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = doc_url(self.code)
        error["message"] = self.message
        if self.param is not None:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}?t={now}"
        error["type"] = self.kind
        return {"error": error}


def doc_url(code: str) -> str:
    """Return where Stripe explains an error code."""
    return f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """A parameter is no good: 400, and forgotten."""
    return Refusal(400, message, code=code, param=param, saved=False)


def impossible(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """The state of things forbids it: 400, and saved."""
    return Refusal(400, message, code=code, param=param)


def missing(kind: str, name: str, param: str = "id", *, path: bool = False) -> Refusal:
    """No such object: 404 for one named in the path (mostly called `id`), 400 for one named by a parameter."""
    status = 404 if path or param == "id" else 400
    return Refusal(status, f"No such {kind}: '{name}'", code="resource_missing", param=param)


def locked() -> Refusal:
    """Another request is at work on the object: 429, and forgotten."""
    message = (
        "This object cannot be accessed right now because another API request or Stripe process is currently accessing"
        " it. If you see this error intermittently, retry the request."
    )
    return Refusal(429, message, code="lock_timeout", saved=False)


def card_refused(message: str, code: str, param: str | None, **more: Any) -> Refusal:
    """The card is at fault: 402."""
    return Refusal(402, message, code=code, param=param, kind="card_error", **more)
