"""Read Stripe's refusals as stripe-python's errors, and translate those into ours.

For each of the SDK's errors there is one of ours, by HTTP status first.

Stripe's own classes follow the status, not the type of the error. The code is missing
on whole families of them (all 401s, all idempotency errors, many 400s). So the status
decides first, then the type, then the code, then the wording.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import stripe

from .._flows import Call
from .._secrets import redact
from ..declines import AUTHENTICATION_CODES
from ..errors import (
    AuthenticationFailed,
    AuthenticationRequired,
    CardDeclined,
    CardTokensRefused,
    GatewayUnavailable,
    InvalidRequest,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    RateLimited,
    TokenChargeError,
    TokenRejected,
)
from .transport import NeverSent

_TOKEN_CODES = frozenset(
    (
        "token_already_used",
        "token_card_network_invalid",
        "invalid_source_usage",
        "payment_method_unexpected_state",
    )
)
# An unknown token has had three wordings since 2013, and mostly no code. A used token
# had no code until 2018. The wordings for payment methods and confirmation tokens vary
# as much.
_TOKEN_WORDS = re.compile(
    r"(?:no such|invalid) (?:confirmation[ _]?)?token|no such payment[ _]?method|there is no token"
    r"|part of the token that is not valid"
    r"|token more than once|confirmation[ _]?token.*(?:already|expired)|may not be used again"
    # A saved card that is not the Customer's, or no longer is.
    r"|does not (?:belong to the customer|have card with id|have a linked source with id)",
    re.IGNORECASE,
)

# An account's policy; this error has neither code nor parameter.
_END_OF_LIFE = re.compile(r"card token usage .* has reached end of life", re.IGNORECASE)

_KEPT_HEADERS = ("request-id", "idempotent-replayed", "original-request")

_NOTHING_DONE = (AuthenticationFailed, GatewayUnavailable, OrderInProgress, RateLimited)

_BY_STATUS: dict[int, type[stripe.StripeError]] = {
    400: stripe.InvalidRequestError,
    401: stripe.AuthenticationError,
    402: stripe.CardError,
    403: stripe.PermissionError,
    404: stripe.InvalidRequestError,
    429: stripe.RateLimitError,
}

_MESSAGES: dict[type[TokenChargeError], str] = {
    CardDeclined: "The card was declined: show the buyer public_message, and follow advice.",
    AuthenticationRequired: "The bank wants the buyer to authenticate (3-D Secure): "
    "bring the buyer to the checkout, over PaymentIntents; "
    "Charges cannot do it, there only another card will do.",
    TokenRejected: "Stripe does not take the token or card (used, unknown, forgotten, "
    "another Customer's, or of the other mode): ask for the card again.",
    InvalidRequest: "Stripe refused the request: mend what it names.",
    CardTokensRefused: "This Stripe account takes no card tokens at Customers and Charges: set "
    'STRIPE_ROUTE=payment_intents (route="payment_intents"), or let the owner of the '
    "account enable card tokens at "
    "https://dashboard.stripe.com/settings/developers/api-policies.",
    OrderConflict: "This was submitted before with other details: "
    "look what became of it before charging anew.",
    OrderInProgress: "Another request for this purchase is running: "
    "call again in a moment with the same arguments.",
    AuthenticationFailed: "Stripe refused the secret key: "
    "check STRIPE_SECRET_KEY and what the key is allowed to do.",
    RateLimited: "Stripe asks to slow down and did nothing: call again in a while.",
    GatewayUnavailable: "Stripe could not be asked, and nothing was changed: "
    "call again in a while.",
    OutcomeUnknown: "The request was sent and no trustworthy answer came, "
    "so it may have charged: call again with the same arguments.",
}


def translate(
    error: stripe.StripeError, call: Call, *, in_doubt: bool, asked_at: str | None = None
) -> TokenChargeError:
    """Return our error for one of the SDK's; it says what happened and what to do.

    Args:
        error: What the SDK raised.
        call: The request that failed.
        in_doubt: An earlier try of the same call may have reached Stripe.
        asked_at: The host and port of what stands in for Stripe, if something does.
    """
    details = _details(error)
    headers = _headers(error)
    kind = _kind(error, call, details)
    if in_doubt and kind in _NOTHING_DONE and call.method != "get":
        # This try did nothing, but an earlier one may still be running.
        kind = OutcomeUnknown
    said = _text(details, "message")
    message = _MESSAGES[kind] + (f" Stripe says: {said}" if said else "")
    # Without a cause nothing was asked: the time was up before.
    if asked_at and isinstance(error, stripe.APIConnectionError) and error.__cause__ is not None:
        message += f" {asked_at} was asked, as STRIPE_API_BASE says: see whether that runs."
    replayed = headers.get("idempotent-replayed") == "true"
    intent = details.get("payment_intent")
    intent = intent if isinstance(intent, Mapping) else {}
    translated = kind(
        message,
        code=_text(details, "code"),
        decline_code=_text(details, "decline_code"),
        param=_text(details, "param"),
        http_status=error.http_status,
        request_id=headers.get("request-id"),
        step=call.step,
        charge_id=_text(details, "charge"),
        replayed=replayed,
        payment_intent_id=_text(intent, "id"),
        original_request_id=headers.get("original-request") if replayed else None,
    )
    translated.client_secret = _text(intent, "client_secret")
    return translated


def refused(body: str, status: int, headers: Mapping[str, str]) -> stripe.StripeError:
    """Return the SDK's error for an answer that is no success, as the SDK makes it."""
    details = _details_in(decoded(body))
    kind = _BY_STATUS.get(status, stripe.APIError)
    if _text(details, "code") == "rate_limit" and status == 400:
        kind = stripe.RateLimitError
    if _text(details, "type") == "idempotency_error" and status in (400, 404):
        kind = stripe.IdempotencyError
    return _made(
        kind if details else stripe.APIError,
        _text(details, "message"),
        param=_text(details, "param"),
        http_body=body,
        http_status=status,
        json_body={"error": details} if details else None,
        headers=headers,
        code=_text(details, "code"),
    )


def presentable(error: stripe.StripeError) -> stripe.StripeError:
    """Return a copy of the SDK's error that is safe as the cause of ours.

    It has the class, the status and the words of the SDK's error, and nothing else. The
    original holds the whole answer, which may be anything, in `args` and in `vars`. Its
    traceback and its causes hold the request, with the secret key.
    """
    if error.http_body and not _details(error):
        return unreadable(error.http_body, error.http_status, _headers(error))
    details = _details(error)
    return _made(
        type(error),
        redact(str(error.user_message or "")),
        param=_text(details, "param"),
        should_retry=getattr(error, "should_retry", False),
        http_status=error.http_status,
        headers=_kept(_headers(error)),
        code=_text(details, "code"),
    )


def _made(
    kind: type[stripe.StripeError],
    message: str | None,
    *,
    param: str | None,
    should_retry: bool = False,
    **known: Any,
) -> stripe.StripeError:
    error = kind.__new__(kind)
    stripe.StripeError.__init__(error, message, **known)
    # Some of the classes add these, and the repr of two needs them.
    vars(error).update(param=param, should_retry=should_retry)
    return error


def unreadable(
    body: str | bytes, status: int | None, headers: Mapping[str, str]
) -> stripe.APIError:
    """Build the error for an answer that is none of Stripe's API.

    The answer is described, not quoted.
    """
    return stripe.APIError(
        f"Stripe answered HTTP {status} with a body of "
        f"length {len(body)} that is no answer of its API.",
        http_status=status,
        headers=_kept(headers),
    )


def decoded(body: str | bytes) -> Any:
    """Return what a body says in JSON; None if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: redact(value) for name in _KEPT_HEADERS if (value := headers.get(name))}


def _kind(
    error: stripe.StripeError, call: Call, details: Mapping[str, Any]
) -> type[TokenChargeError]:
    unanswered = GatewayUnavailable if call.method == "get" else OutcomeUnknown
    status, code = error.http_status, _text(details, "code")
    if isinstance(error, stripe.APIConnectionError):
        return GatewayUnavailable if isinstance(error, NeverSent) else unanswered
    if not details:
        return unanswered
    if status == 429 or code == "rate_limit":
        return RateLimited
    if status == 409 or code in ("idempotency_key_in_use", "token_in_use"):
        return OrderInProgress
    if status in (401, 403):
        return AuthenticationFailed
    if status in (400, 402, 404):
        return _kind_of_refusal(status, details)
    return unanswered


def _kind_of_refusal(status: int, details: Mapping[str, Any]) -> type[TokenChargeError]:
    """Return the error for a request that Stripe understood and refused."""
    type_, code = _text(details, "type"), _text(details, "code")
    words = _text(details, "message") or ""
    if type_ == "idempotency_error":
        return OrderConflict
    if code == "missing":
        # "Cannot charge a customer that has no active card" is a card error by type,
        # but no bank was asked.
        return TokenRejected if _TOKEN_WORDS.search(words) else InvalidRequest
    if status == 402 or type_ == "card_error":
        declined = _text(details, "decline_code")
        asks = code in AUTHENTICATION_CODES or declined in AUTHENTICATION_CODES
        return AuthenticationRequired if asks else CardDeclined
    if _END_OF_LIFE.search(words):
        return CardTokensRefused
    if code in _TOKEN_CODES or _TOKEN_WORDS.search(words):
        return TokenRejected
    return InvalidRequest


def _details(error: stripe.StripeError) -> Mapping[str, Any]:
    return _details_in(error.json_body)


def _details_in(body: object) -> Mapping[str, Any]:
    details = body.get("error") if isinstance(body, Mapping) else None
    return details if isinstance(details, Mapping) else {}


def _headers(error: stripe.StripeError) -> Mapping[str, str]:
    return error.headers or {}


def _text(details: Mapping[str, Any], name: str) -> str | None:
    value = details.get(name)
    return value if isinstance(value, str) and value else None
