"""Declines: what may help, and what the buyer reads."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.rows import each_row
from tokencharge import Advice, CardDeclined

PLAIN = CardDeclined("x", "card_declined", "generic_decline")

ADVICE = {
    Advice.TRY_ANOTHER_CARD: """
        card_declined card_not_supported currency_not_supported do_not_try_again expired_card
        generic_decline incorrect_pin invalid_pin live_mode_test_card offline_pin_required
        online_or_offline_pin_required pin_try_exceeded restricted_card
        revocation_of_all_authorizations revocation_of_authorization stop_payment_order
        testmode_decline
    """,
    Advice.TRY_AGAIN_LATER: """
        approve_with_id card_velocity_exceeded duplicate_transaction insufficient_funds
        issuer_not_available processing_error reenter_transaction try_again_later
        withdrawal_count_limit_exceeded
    """,
    Advice.FIX_DETAILS: """
        incorrect_address incorrect_cvc incorrect_number incorrect_zip invalid_cvc
        invalid_expiry_month invalid_expiry_year invalid_number
    """,
    Advice.CALL_BANK: """
        call_issuer do_not_honor invalid_account invalid_amount new_account_information_available
        no_action_taken not_permitted service_not_allowed transaction_not_allowed
    """,
}
ROWS = [(advice, code) for advice, codes in ADVICE.items() for code in codes.split()]


@each_row(("advice", "code"), ROWS)
@each_row("place", ["code", "decline_code"])
def test_a_reason_is_understood_wherever_it_stands(advice, code, place):
    """Stripe sends a reason as the code alone or as the decline code: both read the same."""
    error = CardDeclined("x", **{"code": "card_declined", place: code})

    assert advice == error.advice
    assert CardDeclined("x", code, code).public_message == error.public_message


@each_row(
    "code",
    "fraudulent lost_card stolen_card merchant_blacklist pickup_card restricted_card"
    " security_violation highest_risk_level".split(),
)
@each_row("beside", ["card_declined", "expired_card", "insufficient_funds", "invented_next_month"])
def test_fraud_reads_exactly_like_a_plain_decline(code, beside):
    """The buyer may be the thief: neither words nor advice tell that the card is
    known as stolen, whatever else is."""
    for error in (CardDeclined("x", beside, code), CardDeclined("x", code)):
        assert (PLAIN.public_message, PLAIN.advice) == (error.public_message, error.advice)


@each_row("code", [None, "", "invented_next_month"])
@each_row("decline_code", [None, "", "invented_next_month"])
def test_a_reason_not_known_is_a_plain_decline(code, decline_code):
    """Stripe adds codes every month: they are kept as they are, and read as a plain decline."""
    error = CardDeclined("x", code, decline_code)

    assert (PLAIN.public_message, PLAIN.advice) == (error.public_message, error.advice)
    assert (code, decline_code) == (error.code, error.decline_code)


@given(st.text(), st.text())
def test_any_code_has_advice_and_words(code, decline_code):
    """No code is too strange to answer."""
    error = CardDeclined("x", code, decline_code)

    assert isinstance(error.advice, Advice)
    assert error.public_message.endswith(".")


def test_an_unknown_decline_code_leaves_what_the_code_says():
    """Of two reasons the one that is known decides."""
    assert Advice.FIX_DETAILS == CardDeclined("x", "incorrect_cvc", "invented_next_month").advice


@each_row(
    ("code", "word"),
    [
        ("insufficient_funds", "enough"),
        ("incorrect_number", "number"),
        ("incorrect_cvc", "security code"),
        ("invalid_expiry_year", "expiry"),
        ("incorrect_zip", "address"),
        ("expired_card", "expired"),
        ("incorrect_pin", "PIN"),
        ("currency_not_supported", "currency"),
        ("processing_error", "little while"),
        ("duplicate_transaction", "a moment ago"),
    ],
)
def test_a_harmless_reason_is_told(code, word):
    """Where the buyer can do something about it, the sentence says what is wrong."""
    assert word in CardDeclined("x", code).public_message


def test_advice_travels_as_text():
    """An advice is its own JSON."""
    assert '"try_another_card"' == json.dumps(Advice.TRY_ANOTHER_CARD)
    assert {"try_another_card", "try_again_later", "fix_details", "call_bank"} == {
        each.value for each in Advice
    }
