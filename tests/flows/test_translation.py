"""From Stripe's errors to ours: one of ours for each of theirs."""

from __future__ import annotations

import pytest
import stripe

from tests.flows.line import Line, refuse
from tests.rows import each_row
from tokencharge import (
    AuthenticationFailed,
    AuthenticationRequired,
    CardDeclined,
    CardTokensRefused,
    InvalidRequest,
    Money,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    PaymentGateway,
    RateLimited,
    TokenChargeError,
    TokenRejected,
)

# Where nothing answers, what stands in for Stripe is to be named.
from tokencharge._flows import Call
from tokencharge._stripe.translate import translate
from tokencharge.sandbox import Rules, Sandbox

ADA = "ada@example.com"
FIVE = Money(500, "usd")
SAID = "xyzzy: Stripe's own words for developers"

# As Stripe writes them, now and then: most old ones and many new ones have no code.
ERRORS = {
    "declined": (402, {"type": "card_error", "code": "card_declined"}, CardDeclined),
    "declined by status alone": (402, {}, CardDeclined),
    "declined by type alone": (400, {"type": "card_error", "code": "incorrect_cvc"}, CardDeclined),
    "3-D Secure as code": (
        402,
        {"type": "card_error", "code": "authentication_required"},
        AuthenticationRequired,
    ),
    "3-D Secure as reason": (
        402,
        {"type": "card_error", "code": "card_declined", "decline_code": "authentication_required"},
        AuthenticationRequired,
    ),
    "3-D Secure not handled": (
        402,
        {
            "type": "card_error",
            "code": "authentication_required",
            "decline_code": "authentication_not_handled",
        },
        AuthenticationRequired,
    ),
    "card tokens at their end": (
        400,
        {
            "message": (
                "Card Token usage on the Customers API and Charges API has reached end of life. In"
                " order to"
            )
        },
        CardTokensRefused,
    ),
    "no card": (402, {"type": "card_error", "code": "missing"}, InvalidRequest),
    "used token": (400, {"code": "token_already_used"}, TokenRejected),
    "used token, 2016": (
        400,
        {"message": "You cannot use a Stripe token more than once: tok_x."},
        TokenRejected,
    ),
    "unknown token": (
        400,
        {"code": "resource_missing", "message": "No such token: 'tok_x'"},
        TokenRejected,
    ),
    "unknown token, 404": (
        404,
        {"message": "No such token: tok_x", "param": "token"},
        TokenRejected,
    ),
    "unknown token, 2014": (
        400,
        {"message": "There is no token with ID tok_x.", "param": "card"},
        TokenRejected,
    ),
    "invalid token": (400, {"message": "Invalid token id: x"}, TokenRejected),
    "made-up token": (
        400,
        {"message": "There is a part of the token that is not valid: 'x'.", "param": "token"},
        TokenRejected,
    ),
    "the other mode": (
        400,
        {
            "message": (
                "No such token: 'x'; a similar object exists in live mode, but a test mode key was"
                " used."
            )
        },
        TokenRejected,
    ),
    "token in use": (400, {"code": "token_in_use"}, OrderInProgress),
    "key in use": (409, {"code": "idempotency_key_in_use"}, OrderInProgress),
    "key in use, by type": (409, {"type": "idempotency_error"}, OrderInProgress),
    "key in use, by code": (
        400,
        {"type": "idempotency_error", "code": "idempotency_key_in_use"},
        OrderInProgress,
    ),
    "other parameters": (400, {"type": "idempotency_error"}, OrderConflict),
    "too small": (400, {"code": "amount_too_small", "param": "amount"}, InvalidRequest),
    "unknown customer": (404, {"code": "resource_missing", "param": "customer"}, InvalidRequest),
    "unknown parameter": (400, {"code": "parameter_unknown", "param": "x"}, InvalidRequest),
    "no code": (400, {"message": "Must provide source or customer."}, InvalidRequest),
    "no key": (401, {}, AuthenticationFailed),
    "no permission": (403, {}, AuthenticationFailed),
    "rate": (429, {"code": "rate_limit"}, RateLimited),
    "lock": (429, {"code": "lock_timeout"}, RateLimited),
    "rate, 2015": (400, {"code": "rate_limit"}, RateLimited),
    "dependency": (424, {"type": "api_error"}, OutcomeUnknown),
    "server": (500, {"type": "api_error"}, OutcomeUnknown),
    "unavailable": (503, {"type": "api_error"}, OutcomeUnknown),
    "teapot": (418, {}, OutcomeUnknown),
    "redirect": (302, {"type": "api_error"}, OutcomeUnknown),
}


@each_row(("status", "error", "kind"), ERRORS)
def test_each_error_of_stripes_is_one_of_ours(status, error, kind):
    """The status decides, then type, code and wording; the details are kept
    and the words stay with developers."""
    line = Line(Sandbox(rules=Rules(card_tokens=True)), "charges")
    line.plan("POST *", refuse(status, **{"message": SAID, "charge": "ch_1", **error}))
    with pytest.raises(TokenChargeError) as failed:
        line.gateway(max_retries=0).charge("tok_1ABC", ADA, FIVE)
    ours = failed.value

    assert kind is type(ours)
    assert (status, "req_canned", "customer", "ch_1") == (
        ours.http_status,
        ours.request_id,
        ours.step,
        ours.charge_id,
    )
    assert [error.get(name) for name in ("code", "decline_code", "param")] == [
        ours.code,
        ours.decline_code,
        ours.param,
    ]
    assert isinstance(ours.__cause__, stripe.StripeError)
    assert "Stripe says:" in str(ours)
    assert "xyzzy" not in ours.public_message


def test_an_error_without_words_has_ours(line):
    """Where Stripe says nothing, nothing is quoted."""
    line.plan("POST *", refuse(402, message=""))
    with pytest.raises(CardDeclined) as declined:
        line.gateway().charge("tok_1ABC", ADA, FIVE)

    assert "Stripe says" not in str(declined.value)


def test_what_the_browser_needs_to_go_on_is_kept(line):
    """With a PaymentIntent the error carries its id and its client secret."""
    intent = {"id": "pi_1", "client_secret": "pi_1_secret_9"}
    line.plan("POST *", refuse(402, code="authentication_required", payment_intent=intent))
    with pytest.raises(AuthenticationRequired) as asked:
        line.gateway().charge("tok_1ABC", ADA, FIVE)

    assert ("pi_1", "pi_1_secret_9") == (asked.value.payment_intent_id, asked.value.client_secret)
    assert "secret" not in repr(asked.value)


@each_row(
    ("method", "cause", "asked_at", "told"),
    {
        "unreachable": ("get", ConnectionRefusedError(), "localhost:8420", True),
        "lost": ("post", ConnectionResetError(), "localhost:8420", True),
        "Stripe's own": ("get", ConnectionRefusedError(), None, False),
        "never asked": ("get", None, "localhost:8420", False),
    },
)
def test_what_stands_in_for_stripe_is_named_where_it_does_not_answer(method, cause, asked_at, told):
    """Its host and the setting, in the message; not where Stripe itself is asked, nor
    where the time was up before."""
    error = stripe.APIConnectionError("Could not talk to Stripe.")
    error.__cause__ = cause
    call = Call("charge", method, "/v1/charges")
    ours = translate(error, call, in_doubt=False, asked_at=asked_at)

    said = " localhost:8420 was asked, as STRIPE_API_BASE says: see whether that runs."
    assert told == ours.message.endswith(said)
    assert told == ("STRIPE_API_BASE" in ours.message)


def test_an_answer_of_what_stands_in_for_stripe_is_told_as_stripes():
    """Whoever answers can be reached."""
    error = stripe.CardError("Your card was declined.", None, "card_declined", http_status=402)
    error.__cause__ = ConnectionResetError()
    ours = translate(
        error, Call("charge", "post", "/v1/charges"), in_doubt=False, asked_at="localhost:8420"
    )

    assert "localhost" not in ours.message


def test_a_key_the_account_does_not_know_is_refused(sandbox):
    """A wrong key is told as our mistake, and is not quoted."""
    gateway = PaymentGateway("sk_test_HunterTwoHunterTwo", http_client=sandbox.http_client())
    with pytest.raises(AuthenticationFailed) as failed:
        gateway.charge("tok_visa", ADA, FIVE)

    assert 401 == failed.value.http_status
    assert "HunterTwo" not in str(failed.value) + repr(failed.value.__cause__)
