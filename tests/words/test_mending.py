"""Who mends what: each of Stripe's codes has one right answer."""

from __future__ import annotations

import pytest

from tests.rows import each_row
from tokencharge import (
    AuthenticationFailed,
    CardDeclined,
    InvalidInput,
    InvalidRequest,
    MendedBy,
    Money,
    OutcomeUnknown,
    PaymentGateway,
    TokenChargeError,
    TokenRejected,
)
from tokencharge.sandbox import Fault, Response, Sandbox

# What Stripe's list says of each code that a payment may meet
# (https://docs.stripe.com/error-codes), read as: who can do something about it.
BUYER = """
    authentication_failure authentication_required card_decline_rate_limit_exceeded card_declined
    email_invalid expired_card expired_payment_method incorrect_address incorrect_cvc
    incorrect_number incorrect_postal_code incorrect_zip insufficient_funds invalid_card_type
    invalid_cvc invalid_expiry_month invalid_expiry_year invalid_number invalid_source_usage
    payment_intent_action_required payment_intent_authentication_failure
    payment_intent_payment_attempt_expired payment_intent_payment_attempt_failed
    payment_method_customer_decline payment_method_provider_decline payment_method_restricted
    payment_method_unexpected_state postal_code_invalid refer_to_customer setup_attempt_failed
    setup_intent_authentication_failure three_d_secure_authentication_not_supported
    token_already_used token_card_network_invalid
"""
SHOP = """
    account_invalid amount_too_large amount_too_small api_key_expired approval_required
    balance_insufficient capability_not_active capture_charge_authorization_expired
    capture_unauthorized_payment charge_already_captured charge_already_refunded charge_disputed
    charge_exceeds_source_limit charge_exceeds_transaction_limit charge_expired_for_capture
    charge_invalid_parameter charge_not_refundable country_unsupported customer_max_payment_methods
    intent_invalid_state invalid_characters invalid_charge_amount livemode_mismatch missing
    parameter_invalid_empty parameter_invalid_integer parameter_invalid_string_blank
    parameter_invalid_string_empty parameter_missing parameter_unknown parameters_exclusive
    payment_intent_incompatible_payment_method payment_intent_invalid_parameter
    payment_intent_unexpected_state payment_method_billing_details_address_missing
    payment_method_currency_mismatch payment_method_invalid_parameter
    payment_method_invalid_parameter_testmode payment_method_types_no_longer_supported
    payment_method_unactivated payment_method_unsupported_type platform_api_key_expired
    product_inactive refund_disputed_payment request_blocked resource_already_exists
    resource_missing secret_key_required state_unsupported status_transition_invalid
    testmode_charges_only tls_version_unsupported url_invalid
"""
TIME = """
    idempotency_key_in_use lock_timeout payment_intent_rate_limit_exceeded
    payment_method_not_available payment_method_provider_timeout processing_error rate_limit
    three_d_secure_authentication_upstream_error token_in_use
"""
WHO = {
    code: who
    for who, codes in ((MendedBy.BUYER, BUYER), (MendedBy.SHOP, SHOP), (MendedBy.TIME, TIME))
    for code in codes.split()
}
# With any other status than 400 Stripe says itself what kind of error it is.
STATUS = {
    "rate_limit": 429,
    "lock_timeout": 429,
    "idempotency_key_in_use": 409,
    "api_key_expired": 401,
}


def refused(code: str, status: int) -> TokenChargeError:
    """What a charge raises where Stripe answers with a code."""
    sandbox = Sandbox()
    kind = "card_error" if status == 402 else "invalid_request_error"
    body = (
        f'{{"error": {{"type": "{kind}", "code": "{code}", "message": "Stripe\'s words."}}}}'
    ).encode()
    fault = Fault("refused", executed=False, garbled=lambda response: Response(status, {}, body))
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), max_retries=0)
    with (
        sandbox.faults.add(fault, times=None, method="POST"),
        pytest.raises(TokenChargeError) as caught,
    ):
        gateway.charge(sandbox.create_token(), "ada@example.com", Money(500, "usd"))
    return caught.value


@each_row("code", [*WHO])
def test_each_code_is_told_to_whom_can_mend_it(code: str) -> None:
    """The status blames the buyer for what is theirs, and no buyer is
    told to check what they cannot mend."""
    error = refused(code, STATUS.get(code, 400))
    who = WHO[code]

    assert who is error.mended_by
    assert {"buyer": error.suggested_status < 500, "shop": error.suggested_status == 500}.get(
        who, True
    )
    assert ("on our side" in error.public_message) == (who is MendedBy.SHOP)
    assert who is not MendedBy.TIME or error.suggested_status in {409, 503}


@each_row("code", ["processing_error", "payment_method_provider_timeout", "card_declined"])
def test_a_decline_is_a_decline_whoever_mends_it(code: str) -> None:
    """With 402 the bank's word is passed on, and the page asks for a card."""
    error = refused(code, 402)

    assert isinstance(error, CardDeclined)
    assert (402, WHO[code]) == (error.suggested_status, error.mended_by)


@each_row(
    ("error", "expected"),
    [
        (InvalidRequest("x"), (500, "shop", None, None)),
        (InvalidRequest("x", code="invented_next_month"), (500, "shop", None, None)),
        (InvalidRequest("x", code="email_invalid"), (400, "buyer", "email", "fix_details")),
        (
            InvalidRequest("x", code="parameter_invalid_empty", param="email"),
            (400, "buyer", "email", "fix_details"),
        ),
        (InvalidRequest("x", code="invalid_card_type"), (400, "buyer", "card", "try_another_card")),
        (
            InvalidRequest("x", code="payment_method_not_available"),
            (503, "time", None, "try_again_later"),
        ),
        (InvalidInput("x"), (400, "buyer", None, "fix_details")),
        (InvalidInput("x", param="email"), (400, "buyer", "email", "fix_details")),
        (InvalidInput("x", param="token"), (400, "buyer", "card", "fix_details")),
        (InvalidInput("x", param="amount"), (500, "shop", None, None)),
        (InvalidInput("x", param="shipping"), (500, "shop", None, None)),
        (InvalidInput("x", param="country"), (500, "shop", None, None)),
        (InvalidInput("x", param="billing.name"), (400, "buyer", "billing.name", "fix_details")),
        (
            InvalidRequest("x", param="billing_details[address][postal_code]"),
            (400, "buyer", "billing.address.postal_code", "fix_details"),
        ),
        (
            InvalidRequest("x", code="parameter_invalid_empty", param="shipping[name]"),
            (400, "buyer", "shipping.name", "fix_details"),
        ),
        (
            InvalidRequest("x", code="parameter_unknown", param="shipping[nme]"),
            (500, "shop", None, None),
        ),
        (
            InvalidRequest("x", code="parameter_missing", param="shipping[address]"),
            (500, "shop", None, None),
        ),
    ],
)
def test_an_error_says_what_to_answer(
    error: InvalidRequest | InvalidInput, expected: object
) -> None:
    """Status, who mends it, which field, and what may help."""
    assert expected == (error.suggested_status, error.mended_by, error.field, error.advice)


@each_row(
    ("error", "who"),
    [
        (AuthenticationFailed("x"), MendedBy.SHOP),
        (OutcomeUnknown("x"), MendedBy.TIME),
        (TokenRejected("x"), MendedBy.BUYER),
    ],
)
def test_other_errors_are_told_by_their_class(error: TokenChargeError, who: MendedBy) -> None:
    """Whatever code comes with them."""
    assert (who, None) == (error.mended_by, error.field)
