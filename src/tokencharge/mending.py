"""Who can fix an error, for each of Stripe's codes: the buyer, the shop, or time."""

from __future__ import annotations

import re
from enum import Enum


class MendedBy(str, Enum):
    """Who can fix an error.

    It is a string too, so that it needs no conversion in JSON and in logs.
    """

    BUYER = "buyer"
    """Who pays: types other details, uses another card, asks the bank, answers it."""
    SHOP = "shop"
    """Who runs the site: its code, keys and Stripe account. The buyer cannot help."""
    TIME = "time"
    """Nobody: the same call may end differently after a while."""


CALL = "Mend what it names, in the Order or in the call."
_ACCOUNT = "Mend it in the dashboard of the Stripe account: what it may do is set there."
_KEYS = "Check STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY: one account, one mode, valid keys."
_STATE = "Read back what became of it (`get_charge`, `find`) before anything is tried again."
_ADDRESS = "Ask for the address on your page, and pass it on."

_SHOP = {
    CALL: """
        amount_too_large amount_too_small charge_exceeds_transaction_limit
        charge_invalid_parameter country_unsupported invalid_characters
        invalid_charge_amount missing parameter_invalid_empty parameter_invalid_integer
        parameter_invalid_string_blank parameter_invalid_string_empty parameter_missing
        parameter_unknown parameters_exclusive
        payment_intent_incompatible_payment_method payment_intent_invalid_parameter
        payment_method_currency_mismatch payment_method_invalid_parameter
        payment_method_invalid_parameter_testmode
        payment_method_types_no_longer_supported payment_method_unsupported_type
        product_inactive resource_already_exists resource_missing state_unsupported
        url_invalid
    """,
    _ACCOUNT: """
        approval_required balance_insufficient capability_not_active
        charge_exceeds_source_limit customer_max_payment_methods
        payment_method_unactivated request_blocked testmode_charges_only
    """,
    _KEYS: """
        account_invalid api_key_expired livemode_mismatch platform_api_key_expired
        secret_key_required tls_version_unsupported
    """,
    _STATE: """
        capture_charge_authorization_expired capture_unauthorized_payment
        charge_already_captured charge_already_refunded charge_disputed
        charge_expired_for_capture charge_not_refundable intent_invalid_state
        payment_intent_unexpected_state refund_disputed_payment
        status_transition_invalid
    """,
    _ADDRESS: "payment_method_billing_details_address_missing",
}
_BUYER = """
    authentication_failure authentication_required card_decline_rate_limit_exceeded
    card_declined email_invalid expired_card expired_payment_method incorrect_address
    incorrect_cvc incorrect_number incorrect_postal_code incorrect_zip
    insufficient_funds invalid_card_type invalid_cvc invalid_expiry_month
    invalid_expiry_year invalid_number invalid_source_usage
    payment_intent_action_required payment_intent_authentication_failure
    payment_intent_payment_attempt_expired payment_intent_payment_attempt_failed
    payment_method_customer_decline payment_method_provider_decline
    payment_method_restricted payment_method_unexpected_state postal_code_invalid
    refer_to_customer setup_attempt_failed setup_intent_authentication_failure
    three_d_secure_authentication_not_supported token_already_used
    token_card_network_invalid
"""
_TIME = """
    idempotency_key_in_use lock_timeout payment_intent_rate_limit_exceeded
    payment_method_not_available payment_method_provider_timeout processing_error
    rate_limit three_d_secure_authentication_upstream_error token_in_use
"""

WHO: dict[str, MendedBy] = {
    **{code: MendedBy.SHOP for codes in _SHOP.values() for code in codes.split()},
    **dict.fromkeys(_BUYER.split(), MendedBy.BUYER),
    **dict.fromkeys(_TIME.split(), MendedBy.TIME),
}
"""Who fixes each error code of a payment (https://docs.stripe.com/error-codes)."""

_TODO = {code: todo for todo, codes in _SHOP.items() for code in codes.split()}

# The parameters that hold what the buyer typed on the page.
_OF_THE_BUYER = {"email": "email", "receipt_email": "email", "token": "card"}


# A part of a name or an address, by the names of our own pages, and by Stripe's.
_OF_PEOPLE = re.compile(r"(?:billing|shipping)\.[a-z0-9_.]+")
_STRIPES = re.compile(r"(billing|shipping)(?:_details)?((?:\[[a-z0-9_]+\])+)")
_NOT_TYPED = ("parameter_missing", "parameter_unknown")


def field_of(code: str | None, param: str | None) -> str | None:
    """Return the field of the page that an error is about; None if there is none.

    That is "email", "card", or the path of a part of a name or an address:
    "billing.name", "shipping.address.country".
    """
    if code == "email_invalid":
        return "email"
    if _OF_PEOPLE.fullmatch(param or ""):
        return param
    stripes = _STRIPES.fullmatch(param or "") if code not in _NOT_TYPED else None
    if stripes is not None:
        return stripes[1] + stripes[2].replace("[", ".").replace("]", "")
    return _OF_THE_BUYER.get(param or "")


def what_to_do(code: str | None) -> str:
    """Return what the shop must do about a code that it can fix."""
    return _TODO.get(code or "", CALL)
