"""Stripe's magic tokens (`TOKENS`) and test card numbers (`NUMBERS`): what each does, and where."""

from __future__ import annotations

from collections.abc import Iterator

import attrs


@attrs.frozen
class Decline:
    """How a card is refused.

    Attributes:
        code: The error's code.
        decline_code: The bank's reason, under `card_declined`.
        message: What the error and the failed charge say.
        param: The field at fault.
        advice: The error's `advice_code`.
        blocked: Stripe's own risk rules refused it, for this reason; the bank was never asked.
        leaves_charge: A failed Charge is kept, and the error names it.
    """

    code: str = "card_declined"
    decline_code: str | None = None
    message: str = "Your card was declined."
    param: str | None = None
    advice: str | None = None
    blocked: str | None = None
    leaves_charge: bool = True

    @classmethod
    def named(cls, code: str) -> Decline:
        """Return the decline with this code or decline code, known or not."""
        return DECLINES.get(code) or cls(decline_code=code)


DECLINES = {
    decline.decline_code or decline.code: decline
    for decline in (
        Decline(decline_code="generic_decline", advice="try_again_later"),
        Decline(
            decline_code="insufficient_funds",
            message="Your card has insufficient funds.",
            advice="try_again_later",
        ),
        Decline(decline_code="lost_card", advice="do_not_try_again"),
        Decline(decline_code="stolen_card", advice="do_not_try_again"),
        Decline(decline_code="card_velocity_exceeded", advice="try_again_later"),
        Decline(decline_code="fraudulent", blocked="merchant_blacklist"),
        Decline(
            "expired_card",
            message="Your card has expired.",
            param="exp_month",
            advice="do_not_try_again",
        ),
        Decline(
            "incorrect_cvc",
            message="Your card's security code is incorrect.",
            param="cvc",
            advice="confirm_card_data",
        ),
        Decline(
            "processing_error",
            message="An error occurred while processing your card. Try again in a little bit.",
            advice="try_again_later",
        ),
        Decline(
            "authentication_required",
            decline_code="authentication_required",
            message="Your card was declined. This transaction requires authentication.",
        ),
        Decline(
            decline_code="test_mode_live_card",
            message="Your card was declined. Your request was in test mode, but used a non test card.",
        ),
    )
}

_TOO_RISKY = Decline(decline_code="fraudulent", blocked="highest_risk_level")


@attrs.frozen
class MagicCard:
    """What a card is, and what it does.

    Attributes:
        number: Its number.
        country: The issuer's.
        funding: "credit", "debit" or "prepaid".
        at_attach: Why it cannot be attached to a Customer, nor charged.
        at_charge: Why it cannot be charged.
        risk: What Radar thinks of it: "normal", "elevated" or "highest".
        effect: What happens later: "dispute", "refund_pending", "refund_fails", "no_pending".
        checks: What the bank says of the CVC, the first line of the address and the postal code.
    """

    number: str
    country: str = "US"
    funding: str = "credit"
    at_attach: Decline | None = None
    at_charge: Decline | None = None
    risk: str = "normal"
    effect: str | None = None
    checks: tuple[str | None, str | None, str | None] = (None, None, None)

    @property
    def brand(self) -> str:
        """The brand as new objects write it."""
        return next(brand for prefix, brand in _BRANDS.items() if self.number.startswith(prefix))


_BRANDS = {
    "34": "amex",
    "35": "jcb",
    "37": "amex",
    "3": "diners",
    "62": "unionpay",
    "6": "discover",
    "5": "mastercard",
    "2": "mastercard",
    "": "visa",
}

BRAND_TITLES = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "MasterCard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}

_ISSUERS = """
us ar br ca cl co cr ec mx pa py pe uy ae at be bg by hr cy cz dk ee fi fr de gi gr hu ie it lv li lt lu mt nl no
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
4000000000000259 createDispute                 4000000000002685 createDisputeProductNotReceived
4000000000001976 createDisputeInquiry          4000000404000079 createMultipleDisputes
4000000404000038 createCe3EligibleDispute      4000008400000779 createComplianceDispute
4000000001000043 createAutoRepresentmentEligibleDispute
5105008400000002 createMastercardComplianceDispute
"""

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
4000000000003220 authentication_required threeDSecure2Required
4000008400001629 authentication_required threeDSecureRequiredChargeDeclined
4000008400001280 authentication_required threeDSecureRequiredProcessingError
4000002760003184 authentication_required authenticationRequired
"""


def _rows(table: str) -> Iterator[tuple[str, str]]:
    cells = table.split()
    return zip(cells[::2], cells[1::2], strict=True)


def _refused(table: str, *, at_attach: bool) -> Iterator[tuple[str, MagicCard]]:
    for line in table.strip().splitlines():
        number, code, *names = line.split()
        card = MagicCard(number, at_attach=DECLINES[code] if at_attach else None, at_charge=DECLINES[code])
        yield from ((name, card) for name in names)


_FRAUDULENT = MagicCard(
    "4100000000000019", at_attach=DECLINES["fraudulent"], at_charge=DECLINES["fraudulent"], risk="highest"
)

_CARDS = {
    **{name: MagicCard(number) for number, name in _rows(_PLAIN)},
    **{name: MagicCard(number, effect="dispute") for number, name in _rows(_DISPUTED)},
    **dict(_refused(_REFUSED_BY_BANK, at_attach=True)),
    **dict(_refused(_REFUSED_WHEN_CHARGED, at_attach=False)),
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
    "cvcCheckFailElevatedRisk": MagicCard("4000058400307872", risk="elevated", checks=("fail", None, None)),
    "avsZipFail": MagicCard("4000000000000036", checks=(None, None, "fail")),
    "avsZipFailElevatedRisk": MagicCard("4000058400306072", risk="elevated", checks=(None, None, "fail")),
    "avsLine1Fail": MagicCard("4000000000000028", checks=(None, "fail", None)),
    "avsFail": MagicCard("4000000000000010", checks=(None, "fail", "fail")),
    "avsUnchecked": MagicCard("4000000000000044", checks=(None, "unavailable", "unavailable")),
    "pendingRefund": MagicCard("4000000000007726", effect="refund_pending"),
    "refundFail": MagicCard("4000000000005126", effect="refund_fails"),
    "bypassPending": MagicCard("4000000000000077", effect="no_pending"),
    "bypassPendingInternational": MagicCard("4000003720000278", "IE", effect="no_pending"),
}

TOKENS = {f"tok_{name}": card for name, card in _CARDS.items()}

# Where tokens share a number, the number does what the first of them does.
NUMBERS = {card.number: card for card in reversed(_CARDS.values())}
NUMBERS["4000002500003155"] = MagicCard("4000002500003155", at_charge=DECLINES["authentication_required"])


def with_number(number: str) -> MagicCard:
    """Return the test card with a number; any other card is one that test mode refuses."""
    known = NUMBERS.get(number)
    if known is not None or number.startswith("400000"):
        # Stripe has a Visa for every country, 4000 00 and the country's digits: plain cards, all of them.
        return known or MagicCard(number)
    refused = DECLINES["test_mode_live_card"]
    return MagicCard(number, at_attach=refused, at_charge=refused)
