"""What a test card is and does, and the ways in which cards are declined."""

from __future__ import annotations

import attrs

from ..language.refusals import Refusal, card_refused


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


@attrs.frozen
class MagicCard:
    """What a card is, and what it does.

    Attributes:
        number: Its number.
        country: The issuer's.
        funding: "credit", "debit" or "prepaid".
        at_attach: Why it cannot be attached to a Customer, nor charged.
        at_charge: Why it cannot be charged, or by the Charges API at least, which cannot ask for authentication.
        asks: When its bank wants the customer to authenticate a PaymentIntent: "always", "on_session", "unless_set_up"
            (for use off session), or "first", before it is asked for money at all.
        once_asked: Why it cannot be charged even so.
        risk: What Radar thinks of it: "normal", "elevated" or "highest".
        effect: What happens later: "dispute", "refund_pending", "refund_fails", "no_pending"; to a PaymentIntent,
            "pays_later" or "fails_later".
        checks: What the bank says of the CVC, the first line of the address and the postal code.
    """

    number: str
    country: str = "US"
    funding: str = "credit"
    at_attach: Decline | None = None
    at_charge: Decline | None = None
    asks: str | None = None
    once_asked: Decline | None = None
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


def declined(decline: Decline, charge: str | None) -> Refusal:
    """The card is declined; where no Charge was tried, `param` is there even if it names nothing."""
    return card_refused(
        decline.message,
        decline.code,
        decline.param or ("" if charge is None else None),
        advice_code=decline.advice,
        charge=charge,
        decline_code=decline.decline_code,
    )
