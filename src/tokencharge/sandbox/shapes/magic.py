"""Stripe's test cards: `TOKENS`, PaymentMethods (`METHODS`) and `NUMBERS`."""

from __future__ import annotations

from collections.abc import Iterator

from .cards import DECLINES, Asks, Decline, Effect, MagicCard

_ISSUERS = """
us ar br ca cl co cr ec mx pa py pe uy ae at be bg by hr cy cz dk ee fi fr de gi gr hu ie it lv li \
lt lu mt nl no
pl pt ro si sk es se ch gb au cn hk in jp my nz sg tw
"""

_PLAIN = """
4242424242424242 visa                          5555555555554444 mastercard
378282246310005  amex                          6011111111111117 discover
3056930009020004 diners                        3566002020360505 jcb
6200000000000005 unionpay                      4000002500001001 visa_cartesBancaires
5555552500001001 mastercard_cartesBancaires    378282246310005  amex_threeDSecureNotSupported
4000000000003055 threeDSecureOptional          4000000000003097 threeDSecureOptionalProcessingError
4000008400000407 highFraudDisputeScore         4000008400000159 highEfwScore
4000008400001017 radarDynamicRiskThreshold     4000008405600003 adaptive3dsChallenge
4000000000005423 createIssuerFraudRecord       4000000404005649 createCe3BlockDispute
5105000300000018 createEthocaAlert             4000000404004816 createRapidDisputeResolutionDispute
"""

_DISPUTED = """
4000000000000259 createDispute                 4000000000000259 visa_createDispute
4000000000002685 createDisputeProductNotReceived
4000000404000079 createMultipleDisputes        4000000404000038 createCe3EligibleDispute
4000008400000779 createComplianceDispute       \
4000000001000043 createAutoRepresentmentEligibleDispute
5105008400000002 createMastercardComplianceDispute
"""

_INQUIRIES = """
4000000000001976 createDisputeInquiry          4000000000001976 visa_createDisputeInquiry
"""

# Numbers in Stripe's table of cards by brand that have no token. They are plain cards.
_NUMBERS_ONLY = """
2223003122003222 371449635398431 6011000990139424 6011981111111113 36227206271667 6555900000604105
6200000000000047 6205500000000000004 4000058260000005 4012888888881881
""".split()

_REFUSED_BY_BANK = """
4000000000000002 generic_decline        visa_chargeDeclined chargeDeclined
4000000000009995 insufficient_funds     visa_chargeDeclinedInsufficientFunds
4000000000009995 insufficient_funds     chargeDeclinedInsufficientFunds
4000000000009995 insufficient_funds     visa_debit_chargeDeclinedInsufficientFunds
4000000000009987 lost_card              visa_chargeDeclinedLostCard
4000000000009979 stolen_card            visa_chargeDeclinedStolenCard
4000000000000069 expired_card           visa_chargeDeclinedExpiredCard chargeDeclinedExpiredCard
4000000000000127 incorrect_cvc          visa_chargeDeclinedIncorrectCvc chargeDeclinedIncorrectCvc
4000000000000119 processing_error       chargeDeclinedProcessingError
4000000000000119 processing_error       visa_chargeDeclinedProcessingError
4000000000006975 card_velocity_exceeded visa_chargeDeclinedVelocityLimitExceeded
"""

_REFUSED_WHEN_CHARGED = """
4000000000000341 generic_decline         chargeCustomerFail visa_chargeCustomerFail
4000000000000341 lost_card               visa_chargeCustomerFailLostCard
4000000000000341 stolen_card             visa_chargeCustomerFailStolenCard
"""

_AUTHENTICATED = """
4000000000003220 first         -                  threeDSecure2Required
4000000000003063 first         -                  threeDSecureRequired
4000008400001629 first         generic_decline    threeDSecureRequiredChargeDeclined
4000008400001280 -             generic_decline    threeDSecureRequiredProcessingError
4000002760003184 always        -                  authenticationRequired
4000002500003155 unless_set_up -                  authenticationRequiredOnSetup
4000003800000446 on_session    -                  authenticationRequiredSetupForOffSession
4000008260003178 always        insufficient_funds \
authenticationRequiredChargeDeclinedInsufficientFunds
"""

# Stripe has no card that stays `processing`. These two exist only in the sandbox.
_SLOW = {
    "sandboxPaysLater": MagicCard("4000000000000507", effect=Effect.PAYS_LATER),
    "sandboxFailsLater": MagicCard("4000000000000515", effect=Effect.FAILS_LATER),
}

_TOO_RISKY = Decline(decline_code="fraudulent", blocked="highest_risk_level")


def _rows(table: str) -> Iterator[tuple[str, str]]:
    cells = table.split()
    return zip(cells[::2], cells[1::2], strict=True)


def _refused(table: str, *, at_attach: bool) -> Iterator[tuple[str, MagicCard]]:
    for line in table.strip().splitlines():
        number, code, *names = line.split()
        card = MagicCard(
            number, at_attach=DECLINES[code] if at_attach else None, at_charge=DECLINES[code]
        )
        yield from ((name, card) for name in names)


def _authenticated() -> Iterator[tuple[str, MagicCard]]:
    for line in _AUTHENTICATED.strip().splitlines():
        number, asks, code, name = line.split()
        at_charge = DECLINES["authentication_required"]
        once_asked = None if code == "-" else DECLINES[code]
        country = "IE" if number.startswith("4000000000003220") else "US"
        when = None if asks == "-" else Asks(asks)
        yield (
            name,
            MagicCard(number, country, at_charge=at_charge, asks=when, once_asked=once_asked),
        )


_FRAUDULENT = MagicCard(
    "4100000000000019",
    at_attach=DECLINES["fraudulent"],
    at_charge=DECLINES["fraudulent"],
    risk="highest",
)

_CARDS = {
    **{name: MagicCard(number) for number, name in _rows(_PLAIN)},
    **{name: MagicCard(number, effect=Effect.DISPUTE) for number, name in _rows(_DISPUTED)},
    **{name: MagicCard(number, effect=Effect.INQUIRY) for number, name in _rows(_INQUIRIES)},
    **dict(_refused(_REFUSED_BY_BANK, at_attach=True)),
    **dict(_refused(_REFUSED_WHEN_CHARGED, at_attach=False)),
    **dict(_authenticated()),
    **_SLOW,
    **{country: MagicCard("4242424242424242", country.upper()) for country in _ISSUERS.split()},
    "ae_mastercard": MagicCard("5555555555554444", "AE"),
    "gb_mastercard": MagicCard("5555555555554444", "GB"),
    "gb_debit": MagicCard("4242424242424242", "GB", "debit"),
    "th_credit": MagicCard("4242424242424242", "TH"),
    "th_debit": MagicCard("4242424242424242", "TH", "debit"),
    "visa_debit": MagicCard("4000056655665556", funding="debit"),
    "mastercard_debit": MagicCard("5200828282828210", funding="debit"),
    "mastercard_prepaid": MagicCard("5105105105105100", funding="prepaid"),
    "visa_debit_eftposAuCoBranded": MagicCard("4000050360000001", "AU", "debit"),
    "mastercard_debit_eftposAuCoBranded": MagicCard("5555050360000080", "AU", "debit"),
    "riskLevelElevated": MagicCard("4000000000009235", risk="elevated"),
    "riskLevelHighest": MagicCard("4000000000004954", at_charge=_TOO_RISKY, risk="highest"),
    "radarBlock": MagicCard("4100000000000019", at_charge=_TOO_RISKY, risk="highest"),
    "visa_chargeDeclinedFraudulent": _FRAUDULENT,
    "chargeDeclinedFraudulent": _FRAUDULENT,
    "cvcCheckFail": MagicCard("4000000000000101", checks=("fail", None, None)),
    "cvcCheckFailElevatedRisk": MagicCard(
        "4000058400307872", risk="elevated", checks=("fail", None, None)
    ),
    "avsZipFail": MagicCard("4000000000000036", checks=(None, None, "fail")),
    "avsZipFailElevatedRisk": MagicCard(
        "4000058400306072", risk="elevated", checks=(None, None, "fail")
    ),
    "avsLine1Fail": MagicCard("4000000000000028", checks=(None, "fail", None)),
    "avsFail": MagicCard("4000000000000010", checks=(None, "fail", "fail")),
    "avsUnchecked": MagicCard("4000000000000044", checks=(None, "unavailable", "unavailable")),
    "pendingRefund": MagicCard("4000000000007726", effect=Effect.REFUND_PENDING),
    "refundFail": MagicCard("4000000000005126", effect=Effect.REFUND_FAILS),
    "bypassPending": MagicCard("4000000000000077", effect=Effect.NO_PENDING),
    "bypassPendingInternational": MagicCard("4000003720000278", "IE", effect=Effect.NO_PENDING),
}

TOKENS = {f"tok_{name}": card for name, card in _CARDS.items()}
METHODS = {f"pm_card_{name}": card for name, card in _CARDS.items()}

# If tokens share a number, the number does what the first of them does.
NUMBERS = {
    **{number: MagicCard(number) for number in _NUMBERS_ONLY},
    # India's rules: the bank asks whenever the customer is there to answer.
    "4000003560000123": MagicCard(
        "4000003560000123", "IN", at_charge=DECLINES["authentication_required"], asks=Asks.ALWAYS
    ),
    **{card.number: card for card in reversed(_CARDS.values())},
}


def with_number(number: str) -> MagicCard:
    """Return the test card with a number; test mode declines any other card."""
    known = NUMBERS.get(number)
    if known is not None or number.startswith("400000"):
        # Stripe has a Visa for every country: 4000 00, then the country's digits. All
        # of them are plain cards.
        return known or MagicCard(number)
    refused = DECLINES["test_mode_live_card"]
    return MagicCard(number, at_attach=refused, at_charge=refused)
