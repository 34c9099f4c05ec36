"""What a decline means: advice for the code, and a sentence for the buyer."""

from __future__ import annotations

from enum import Enum

from .languages import sentence


class Advice(str, Enum):
    """What can be done after a decline.

    It is a string too, so that it needs no conversion in JSON.
    """

    TRY_ANOTHER_CARD = "try_another_card"
    """This card will not work for this purchase; another may."""
    TRY_AGAIN_LATER = "try_again_later"
    """The same card may work in a while, or another card now."""
    FIX_DETAILS = "fix_details"
    """A number, date, code or address was typed wrongly: enter the card again."""
    CALL_BANK = "call_bank"
    """The bank gives no public reason: the buyer asks it, or uses another card."""


_PLAIN = sentence("Your card was declined. Please use a different card or contact your bank.")
_OTHER = sentence("This card cannot be used for this payment. Please use a different card.")
_FUNDS = sentence(
    "Your card does not have enough available for this payment. "
    "Please use a different card or try again later."
)
_LATER = sentence(
    "Your bank could not process the payment just now. "
    "Please try again in a little while or use a different card."
)
_NUMBER = sentence("The card number is not right. Please check it and enter the card again.")
_EXPIRY = sentence("The expiry date is not right. Please check it and enter the card again.")
_CVC = sentence("The security code is not right. Please check it and enter the card again.")
_ADDRESS = sentence(
    "The billing address does not match the card. Please check it and enter the card again."
)
_NOT_YOU = sentence(
    "Your bank could not confirm that it was you. Please try again or use a different card."
)
_PIN = sentence(
    "This card needs its PIN, which cannot be entered here. Please use a different card."
)

_Row = tuple[Advice, str]
_CALL: _Row = (Advice.CALL_BANK, _PLAIN)
# Stripe asks that these read exactly like a plain decline, because the buyer may be the
# thief (https://docs.stripe.com/declines/codes). "Never retry" codes get the same row.
_SILENT: _Row = (Advice.TRY_ANOTHER_CARD, _PLAIN)

# Decline codes and card error codes share one table, because Stripe sends a reason as
# either: `expired_card` comes as `code` alone, or as `decline_code` under
# `card_declined`. A code that is not listed is a plain decline, because Stripe adds
# some.
_ROWS: dict[str, _Row] = {
    **dict.fromkeys(
        (
            "fraudulent",
            "lost_card",
            "stolen_card",
            "merchant_blacklist",
            "pickup_card",
            "restricted_card",
            "security_violation",
            "highest_risk_level",
            "compliance_violation",
            "partner_high_risk_customer",
        ),
        _SILENT,
    ),
    **dict.fromkeys(
        (
            "do_not_try_again",
            "revocation_of_all_authorizations",
            "revocation_of_authorization",
            "stop_payment_order",
            "generic_decline",
            "card_declined",
        ),
        _SILENT,
    ),
    **dict.fromkeys(
        (
            "call_issuer",
            "do_not_honor",
            "no_action_taken",
            "not_permitted",
            "service_not_allowed",
            "transaction_not_allowed",
            "invalid_account",
            "new_account_information_available",
            "invalid_amount",
            "refer_to_customer",
        ),
        _CALL,
    ),
    **dict.fromkeys(
        (
            "approve_with_id",
            "issuer_not_available",
            "processing_error",
            "reenter_transaction",
            "try_again_later",
            "payment_method_provider_timeout",
        ),
        (Advice.TRY_AGAIN_LATER, _LATER),
    ),
    **dict.fromkeys(
        ("insufficient_funds", "card_velocity_exceeded", "withdrawal_count_limit_exceeded"),
        (Advice.TRY_AGAIN_LATER, _FUNDS),
    ),
    "card_decline_rate_limit_exceeded": (
        Advice.TRY_AGAIN_LATER,
        sentence(
            "This card was declined too often in a short time. "
            "Please wait a day or use a different card."
        ),
    ),
    "duplicate_transaction": (
        Advice.TRY_AGAIN_LATER,
        sentence(
            "A payment of this amount was made with this card a moment ago. "
            "Please check before you pay again."
        ),
    ),
    **dict.fromkeys(("incorrect_number", "invalid_number"), (Advice.FIX_DETAILS, _NUMBER)),
    **dict.fromkeys(("invalid_expiry_month", "invalid_expiry_year"), (Advice.FIX_DETAILS, _EXPIRY)),
    **dict.fromkeys(("incorrect_cvc", "invalid_cvc"), (Advice.FIX_DETAILS, _CVC)),
    **dict.fromkeys(
        ("incorrect_address", "incorrect_zip", "incorrect_postal_code", "postal_code_invalid"),
        (Advice.FIX_DETAILS, _ADDRESS),
    ),
    **dict.fromkeys(
        ("expired_card", "expired_payment_method"),
        (Advice.TRY_ANOTHER_CARD, sentence("Your card has expired. Please use a different card.")),
    ),
    **dict.fromkeys(
        (
            "card_not_supported",
            "invalid_card_type",
            "payment_method_restricted",
            "testmode_decline",
            "live_mode_test_card",
        ),
        (Advice.TRY_ANOTHER_CARD, _OTHER),
    ),
    **dict.fromkeys(
        ("payment_intent_authentication_failure", "setup_intent_authentication_failure"),
        (Advice.TRY_ANOTHER_CARD, _NOT_YOU),
    ),
    "currency_not_supported": (
        Advice.TRY_ANOTHER_CARD,
        sentence("This card cannot pay in this currency. Please use a different card."),
    ),
    **dict.fromkeys(
        (
            "incorrect_pin",
            "invalid_pin",
            "pin_try_exceeded",
            "offline_pin_required",
            "online_or_offline_pin_required",
            "mobile_device_authentication_required",
        ),
        (Advice.TRY_ANOTHER_CARD, _PIN),
    ),
}

# The bank asks for 3-D Secure. That is an outcome of its own, never a decline. Stripe
# sends it as `code` or as `decline_code`.
AUTHENTICATION_CODES = frozenset(
    ("authentication_required", "authentication_not_handled", "payment_intent_action_required")
)


def reason(code: str | None, decline_code: str | None) -> tuple[Advice, str]:
    """Return the advice and the buyer's sentence for Stripe's two codes.

    Unknown codes are plain declines.
    """
    return _ROWS.get(decline_code or "") or _ROWS.get(code or "") or _SILENT
