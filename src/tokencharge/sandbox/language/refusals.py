"""Every way Stripe says no: Refusal, its body, and the wordings that are shared."""

from __future__ import annotations

from enum import Enum
from typing import Any

from .kinds import Kind
from .wire import JSON


class Saving(Enum):
    """Whether a refusal is saved under its request's idempotency key.

    Stripe saves what an endpoint answered once it had begun. It forgets a request whose
    parameters were no good, or which never got that far. Two cases are left to `Rules`.
    """

    SAVED = "saved"
    FORGOTTEN = "forgotten"
    UNKNOWN_ID = "unknown id"
    POLICY = "policy"


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
        saving: Saving = Saving.SAVED,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind
        self.saving = saving
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
    return Refusal(400, message, code=code, param=param, saving=Saving.FORGOTTEN)


def impossible(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """The state of things forbids it: 400, and saved."""
    return Refusal(400, message, code=code, param=param)


def against_policy(message: str) -> Refusal:
    """The account's API policies forbid it: 400."""
    return Refusal(400, message, saving=Saving.POLICY)


def missing(kind: Kind, name: str, param: str | None = None) -> Refusal:
    """No such object: 404 for one that the path names, 400 for one that a parameter names."""
    return Refusal(
        404 if param is None else 400,
        f"No such {kind.word}: '{name}'",
        code="resource_missing",
        param=kind.param if param is None else param,
        saving=Saving.UNKNOWN_ID,
    )


def locked() -> Refusal:
    """Another request is at work on the object: 429, and forgotten."""
    message = (
        "This object cannot be accessed right now because another API request or Stripe process is"
        " currently accessing it. If you see this error intermittently, retry the request."
    )
    return Refusal(
        429,
        message,
        code="lock_timeout",
        saving=Saving.FORGOTTEN,
        headers={"stripe-should-retry": "true"},
    )


def card_refused(message: str, code: str, param: str | None, **more: Any) -> Refusal:
    """The card is at fault: 402."""
    return Refusal(402, message, code=code, param=param, kind="card_error", **more)
