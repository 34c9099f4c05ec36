"""Stripe's error answers: `Refusal`, its body and the shared messages."""

from __future__ import annotations

from enum import Enum
from typing import Any

from .kinds import Kind
from .wire import JSON


class Saving(Enum):
    """Whether a refusal is saved under its request's idempotency key.

    Stripe saves an answer once the endpoint has begun to execute the request. It does
    not save the refusal of an invalid parameter, or of a request that did not reach the
    endpoint. `Rules` decides about unknown ids and about policies.
    """

    SAVED = "saved"
    FORGOTTEN = "forgotten"
    UNKNOWN_ID = "unknown id"
    POLICY = "policy"


class Refusal(Exception):
    """An error answer; any part of the engine may raise it."""

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
        """Build the JSON body. Like Stripe's, it omits fields that do not apply."""
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
    """Return the URL of Stripe's page about an error code."""
    return f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """Return the refusal of an invalid parameter: 400, not saved."""
    return Refusal(400, message, code=code, param=param, saving=Saving.FORGOTTEN)


def impossible(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """Return the refusal of a request that the object's state forbids: 400, saved."""
    return Refusal(400, message, code=code, param=param)


def against_policy(message: str) -> Refusal:
    """Return the refusal by the account's API policies: 400."""
    return Refusal(400, message, saving=Saving.POLICY)


def missing(kind: Kind, name: str, param: str | None = None) -> Refusal:
    """Return the refusal of an unknown id.

    The status is 404 for an id in the path, and 400 for an id in a parameter.
    """
    return Refusal(
        404 if param is None else 400,
        f"No such {kind.word}: '{name}'",
        code="resource_missing",
        param=kind.param if param is None else param,
        saving=Saving.UNKNOWN_ID,
    )


def locked() -> Refusal:
    """Return the refusal while another request uses the object: 429, not saved."""
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
    """Return the refusal of a card: 402."""
    return Refusal(402, message, code=code, param=param, kind="card_error", **more)
