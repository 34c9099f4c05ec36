"""Where each test card fails, and how."""

from __future__ import annotations

import pytest

from tests.rows import each_row
from tests.sandbox.curl import Client
from tokencharge.sandbox import Rules, Sandbox

pytestmark = pytest.mark.card_tokens

GENERIC = ("card_declined", "generic_decline", None)
REFUSED_BY_BANK = {
    "tok_chargeDeclined": ("4000000000000002", *GENERIC),
    "tok_visa_chargeDeclined": ("4000000000000002", *GENERIC),
    "tok_visa_chargeDeclinedInsufficientFunds": (
        "4000000000009995",
        "card_declined",
        "insufficient_funds",
        None,
    ),
    "tok_visa_chargeDeclinedLostCard": ("4000000000009987", "card_declined", "lost_card", None),
    "tok_visa_chargeDeclinedStolenCard": ("4000000000009979", "card_declined", "stolen_card", None),
    "tok_visa_chargeDeclinedVelocityLimitExceeded": (
        "4000000000006975",
        "card_declined",
        "card_velocity_exceeded",
        None,
    ),
    "tok_chargeDeclinedExpiredCard": (
        "4000000000000069",
        "expired_card",
        "expired_card",
        "exp_month",
    ),
    "tok_chargeDeclinedIncorrectCvc": ("4000000000000127", "incorrect_cvc", "incorrect_cvc", "cvc"),
    "tok_chargeDeclinedProcessingError": (
        "4000000000000119",
        "processing_error",
        "processing_error",
        None,
    ),
}
REFUSED_WHEN_CHARGED = {
    "tok_chargeCustomerFail": ("4000000000000341", *GENERIC),
    "tok_visa_chargeCustomerFailLostCard": (None, "card_declined", "lost_card", None),
    "tok_visa_chargeCustomerFailStolenCard": (None, "card_declined", "stolen_card", None),
    "tok_radarBlock": ("4100000000000019", "card_declined", "fraudulent", None),
    "tok_riskLevelHighest": ("4000000000004954", "card_declined", "fraudulent", None),
    "tok_threeDSecure2Required": (
        "4000000000003220",
        "authentication_required",
        "authentication_required",
        None,
    ),
    "tok_authenticationRequired": (
        "4000002760003184",
        "authentication_required",
        "authentication_required",
        None,
    ),
}


def both(table):
    """The token, and a token made of the number."""
    for token, (number, *expected) in table.items():
        yield token, None, *expected
        if number is not None:
            yield None, number, *expected


def failure(answer):
    error = answer.error
    return error["type"], error["code"], error.get("decline_code"), error.get("param")


@each_row(("token", "number", "code", "decline_code", "param"), list(both(REFUSED_BY_BANK)))
def test_a_card_its_bank_refuses_leaves_no_customer(
    client, sandbox, token, number, code, decline_code, param
):
    """Attaching fails with 402, an empty `param` where none is at
    fault, no charge and no customer."""
    answer = client.post("/v1/customers", {"source": token or sandbox.create_token(number)})

    assert 402 == answer.status
    assert ("card_error", code, decline_code, param or "") == failure(answer)
    assert "charge" not in answer.error
    assert [] == sandbox.customers
    assert [] == sandbox.charges


@each_row(("token", "number", "code", "decline_code", "param"), list(both(REFUSED_BY_BANK)))
def test_a_card_its_bank_refuses_leaves_a_failed_charge(token, number, code, decline_code, param):
    """Charging fails with 402 and the id of a failed charge, which is kept and listed."""
    sandbox = Sandbox(rules=Rules(card_tokens=True))
    client = Client(sandbox)
    answer = client.charge(token or sandbox.create_token(number))
    (listed,) = client.get("/v1/charges").body["data"]

    assert 402 == answer.status
    assert ("card_error", code, decline_code, param) == failure(answer)
    assert answer.error["charge"] == listed["id"]
    assert answer.error["message"] == listed["failure_message"]
    assert ("failed", False, False, 0, code, None) == tuple(
        listed[name]
        for name in (
            "status",
            "paid",
            "captured",
            "amount_captured",
            "failure_code",
            "balance_transaction",
        )
    )
    assert ("issuer_declined", "declined_by_network", decline_code) == tuple(
        listed["outcome"][name] for name in ("type", "network_status", "reason")
    )
    assert None is listed["payment_method_details"]["card"]["amount_authorized"]


ADVICE = {
    "tok_chargeDeclined": ("try_again_later", "01", None),
    "tok_visa_chargeDeclinedInsufficientFunds": ("try_again_later", "51", "02"),
    "tok_visa_chargeDeclinedLostCard": ("do_not_try_again", "41", "01"),
    "tok_visa_chargeDeclinedStolenCard": ("do_not_try_again", "43", "01"),
    "tok_visa_chargeDeclinedVelocityLimitExceeded": ("try_again_later", "61", "02"),
    "tok_chargeDeclinedExpiredCard": ("confirm_card_data", "54", "03"),
    "tok_chargeDeclinedIncorrectCvc": ("confirm_card_data", "N7", "03"),
    "tok_chargeDeclinedProcessingError": ("try_again_later", "06", None),
}


@pytest.mark.parametrize(("token", "advice"), list(ADVICE.items()), ids=list(ADVICE))
def test_a_decline_says_what_to_do_and_what_the_network_said(client, token, advice):
    """Error and outcome have Stripe's advice and the network's codes; the error
    leaves out what it does not know."""
    names = ("advice_code", "network_decline_code", "network_advice_code")
    error = client.charge(token).error
    outcome = client.get(f"/v1/charges/{error['charge']}").body["outcome"]

    assert advice == tuple(error.get(name) for name in names)
    assert advice == tuple(outcome[name] for name in names)
    assert (advice[2] is not None) is ("network_advice_code" in error)


def test_a_bank_without_a_reason_says_nothing_further(client):
    """A generic decline is told to the seller as one without details, any other with its code."""
    told = [
        client.get(f"/v1/charges/{client.charge(token).error['charge']}").body["outcome"][
            "seller_message"
        ]
        for token in ("tok_chargeDeclined", "tok_visa_chargeDeclinedLostCard")
    ]

    assert [
        "The bank did not return any further details with this decline.",
        "The bank returned the decline code `lost_card`.",
    ] == told


@each_row(("token", "number", "code", "decline_code", "param"), list(both(REFUSED_WHEN_CHARGED)))
def test_some_cards_attach_and_fail_when_charged(
    client, sandbox, token, number, code, decline_code, param
):
    """These make a customer, and fail at the charge."""
    customer = client.customer(token or sandbox.create_token(number))
    answer = client.post("/v1/charges", {"customer": customer, "amount": 500, "currency": "usd"})

    assert 402 == answer.status
    assert ("card_error", code, decline_code, param) == failure(answer)
    assert customer == client.get(f"/v1/charges/{answer.error['charge']}").body["customer"]


@pytest.mark.parametrize(
    "token", ["tok_chargeDeclinedFraudulent", "tok_visa_chargeDeclinedFraudulent"]
)
def test_the_fraudulent_token_is_blocked_at_once(client, token):
    """It fails at attach; charged, it is blocked before the bank is asked."""
    at_attach = client.post("/v1/customers", {"source": token})
    at_charge = client.charge(token)
    outcome = client.get(f"/v1/charges/{at_charge.error['charge']}").body["outcome"]

    assert ("card_error", "card_declined", "fraudulent", "") == failure(at_attach)
    assert ("card_error", "card_declined", "fraudulent", None) == failure(at_charge)
    assert ("blocked", "not_sent_to_network", "merchant_blacklist", "highest") == tuple(
        outcome[name] for name in ("type", "network_status", "reason", "risk_level")
    )


@each_row(
    ("token", "brand", "title", "last4", "funding", "country"),
    [
        ("tok_visa", "visa", "Visa", "4242", "credit", "US"),
        ("tok_visa_debit", "visa", "Visa", "5556", "debit", "US"),
        ("tok_mastercard", "mastercard", "MasterCard", "4444", "credit", "US"),
        ("tok_mastercard_prepaid", "mastercard", "MasterCard", "5100", "prepaid", "US"),
        ("tok_amex", "amex", "American Express", "0005", "credit", "US"),
        ("tok_discover", "discover", "Discover", "1117", "credit", "US"),
        ("tok_diners", "diners", "Diners Club", "0004", "credit", "US"),
        ("tok_jcb", "jcb", "JCB", "0505", "credit", "US"),
        ("tok_unionpay", "unionpay", "UnionPay", "0005", "credit", "US"),
        ("tok_de", "visa", "Visa", "4242", "credit", "DE"),
        ("tok_gb_debit", "visa", "Visa", "4242", "debit", "GB"),
        ("tok_threeDSecureOptional", "visa", "Visa", "3055", "credit", "US"),
    ],
)
def test_good_cards_are_charged(client, token, brand, title, last4, funding, country):
    """A good card pays, and the charge describes it in both of Stripe's ways."""
    charge = client.charge(token).body
    card = charge["payment_method_details"]["card"]

    assert ("succeeded", True, True) == (charge["status"], charge["paid"], charge["captured"])
    assert (brand, last4, funding, country) == tuple(
        card[name] for name in ("brand", "last4", "funding", "country")
    )
    assert (title, last4, funding) == tuple(
        charge["source"][name] for name in ("brand", "last4", "funding")
    )


def test_an_elevated_risk_is_paid_and_put_under_review(client):
    """Elevated risk pays, and its outcome is manual review."""
    charge = client.charge("tok_riskLevelElevated").body

    assert charge["paid"]
    assert ("manual_review", "elevated_risk_level", "elevated") == tuple(
        charge["outcome"][name] for name in ("type", "reason", "risk_level")
    )


@pytest.mark.parametrize(
    ("token", "checks"),
    [
        ("tok_visa", ("pass", None, None)),
        ("tok_cvcCheckFail", ("fail", None, None)),
        ("tok_avsZipFail", ("pass", None, "fail")),
        ("tok_avsFail", ("pass", "fail", "fail")),
        ("tok_avsUnchecked", ("pass", "unavailable", "unavailable")),
    ],
)
def test_failed_checks_are_shown_and_charged(client, token, checks):
    """Cards whose checks fail are charged all the same; what there was
    to check can be read on the charge."""
    shown = client.charge(token).body["payment_method_details"]["card"]["checks"]

    assert checks == (
        shown["cvc_check"],
        shown["address_line1_check"],
        shown["address_postal_code_check"],
    )


def test_a_real_card_is_declined_in_test_mode(client, sandbox):
    """A number that is no test card's is declined, and says why."""
    answer = client.charge(sandbox.create_token("4539578763621486"))

    assert ("card_error", "card_declined", "test_mode_live_card", None) == failure(answer)


BRANDS = """
4242424242424242 4000056655665556 5555555555554444 2223003122003222 5200828282828210
5105105105105100 378282246310005 371449635398431 6011111111111117 6011000990139424 6011981111111113
3056930009020004 36227206271667 6555900000604105 3566002020360505 6200000000000005 6200000000000047
6205500000000000004 4000058260000005 4012888888881881
"""


@each_row("number", BRANDS.split())
def test_stripes_test_cards_by_brand_are_good(client, sandbox, number):
    """Every number of Stripe's table of cards by brand pays."""
    card = client.charge(sandbox.create_token(number)).body["source"]

    assert number[-4:] == card["last4"]


def test_stripes_test_cards_for_countries_are_good(client, sandbox):
    """Numbers of the form 4000 00xx are Stripe's international Visas."""
    assert 200 == client.charge(sandbox.create_token("4000000760000002")).status


def test_one_number_has_one_fingerprint(client, sandbox):
    """Two tokens of one card have the fingerprint in common, two cards do not."""
    prints = [
        client.charge(sandbox.create_token(number)).body["source"]["fingerprint"]
        for number in ("4242424242424242", "4242424242424242", "5555555555554444")
    ]

    assert prints[0] == prints[1] != prints[2]
