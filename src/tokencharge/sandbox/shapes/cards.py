"""Test cards, what they do, and how cards are declined."""

from __future__ import annotations

import functools
from enum import Enum

import attrs

from ..language.refusals import Refusal, card_refused
from ..language.wire import JSON


@attrs.frozen
class Decline:
    """How a card is declined.

    Attributes:
        code: The error's code.
        decline_code: The bank's reason. Since about 2025 other codes are repeated here.
        message: The text of the error and of the failed Charge.
        param: The parameter at fault.
        advice: The error's `advice_code`.
        network: The card network's own code.
        network_advice: The card network's advice code.
        blocked: Why Stripe's own risk rules refuse the card. The bank is then not
            asked.
        leaves_charge: Whether a failed Charge is kept and named by the error.
    """

    code: str = "card_declined"
    decline_code: str | None = None
    message: str = "Your card was declined."
    param: str | None = None
    advice: str | None = None
    network: str | None = None
    network_advice: str | None = None
    blocked: str | None = None
    leaves_charge: bool = True

    @classmethod
    def named(cls, code: str) -> Decline:
        """Return the decline with this code or decline code, known or not."""
        return DECLINES.get(code) or cls(decline_code=code)

    @property
    def codes(self) -> JSON:
        """The error's codes beside message and `param`; None for a missing one."""
        return {
            "advice_code": self.advice,
            "decline_code": self.decline_code,
            "network_advice_code": self.network_advice,
            "network_decline_code": self.network,
        }


def _repeated(
    code: str,
    message: str,
    param: str | None,
    advice: str,
    network: str,
    network_advice: str | None,
) -> Decline:
    return Decline(code, code, message, param, advice, network, network_advice)


_LATER, _NEVER, _CONFIRM = "try_again_later", "do_not_try_again", "confirm_card_data"

DECLINES = {
    str(decline.decline_code): decline
    for decline in (
        Decline(decline_code="generic_decline", advice=_LATER, network="01"),
        Decline(
            decline_code="insufficient_funds",
            message="Your card has insufficient funds.",
            advice=_LATER,
            network="51",
            network_advice="02",
        ),
        Decline(decline_code="lost_card", advice=_NEVER, network="41", network_advice="01"),
        Decline(decline_code="stolen_card", advice=_NEVER, network="43", network_advice="01"),
        Decline(
            decline_code="card_velocity_exceeded",
            message=(
                "Your card was declined for making repeated attempts too frequently or exceeding"
                " its amount limit."
            ),
            advice=_LATER,
            network="61",
            network_advice="02",
        ),
        Decline(decline_code="fraudulent", blocked="merchant_blacklist"),
        _repeated("expired_card", "Your card has expired.", "exp_month", _CONFIRM, "54", "03"),
        _repeated(
            "incorrect_cvc", "Your card's security code is incorrect.", "cvc", _CONFIRM, "N7", "03"
        ),
        _repeated(
            "processing_error",
            "An error occurred while processing your card. Try again in a little bit.",
            None,
            _LATER,
            "06",
            None,
        ),
        Decline(
            "authentication_required",
            decline_code="authentication_required",
            message="Your card was declined. This transaction requires authentication.",
        ),
        Decline(
            decline_code="test_mode_live_card",
            message=(
                "Your card was declined. Your request was in test mode, but used a non test card."
            ),
        ),
    )
}


class Asks(Enum):
    """When a card's bank wants the customer to authenticate a PaymentIntent."""

    ALWAYS = "always"
    ON_SESSION = "on_session"
    UNLESS_SET_UP = "unless_set_up"
    """Unless the customer has agreed to off-session payments."""
    FIRST = "first"
    """Before the bank is asked for money. So a refusal leaves no Charge."""


class Effect(Enum):
    """What happens to a Charge or its PaymentIntent after the card is charged."""

    DISPUTE = "dispute"
    INQUIRY = "inquiry"
    REFUND_PENDING = "refund_pending"
    REFUND_FAILS = "refund_fails"
    NO_PENDING = "no_pending"
    PAYS_LATER = "pays_later"
    FAILS_LATER = "fails_later"


Checks = tuple[str | None, str | None, str | None]
"""The bank's checks of a card: CVC, first line of the address, postal code."""


@attrs.frozen(cache_hash=True)
class MagicCard:
    """A test card and its behaviour.

    Attributes:
        number: The card number.
        country: The issuer's country.
        funding: "credit", "debit" or "prepaid".
        at_attach: Why the card can be neither attached to a Customer nor charged.
        at_charge: Why the card cannot be charged, at least not by the Charges API,
            which cannot ask for authentication.
        asks: When the bank wants the customer to authenticate a PaymentIntent.
        once_asked: Why the card cannot be charged even after authentication.
        risk: Radar's risk level: "normal", "elevated" or "highest".
        effect: What happens later.
        checks: The bank's checks of the CVC, the first line of the address and the
            postal code.
    """

    number: str
    country: str = "US"
    funding: str = "credit"
    at_attach: Decline | None = None
    at_charge: Decline | None = None
    asks: Asks | None = None
    once_asked: Decline | None = None
    risk: str = "normal"
    effect: Effect | None = None
    checks: Checks = (None, None, None)

    @property
    def brand(self) -> str:
        """The brand as new objects write it."""
        return _brand(self.number)


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


@functools.lru_cache(maxsize=512)
def _brand(number: str) -> str:
    return next(brand for prefix, brand in _BRANDS.items() if number.startswith(prefix))


BRAND_TITLES = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "MasterCard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}


_CHECKS = ("cvc_check", "address_line1_check", "address_zip_check")


@attrs.frozen
class HeldCard:
    """A card under an id: its JSON in the old shape, and its behaviour."""

    json: JSON = attrs.field(repr=False)
    magic: MagicCard = attrs.field(repr=False)

    def checked(self) -> HeldCard:
        """Return the card after the bank's checks: unchecked becomes pass or fail."""
        results = zip(_CHECKS, self.magic.checks, strict=True)
        known = {
            name: result or "pass" for name, result in results if self.json[name] == "unchecked"
        }
        return HeldCard({**self.json, **known}, self.magic) if known else self


def declined(decline: Decline, charge: str | None) -> Refusal:
    """Return the refusal of a declined card.

    If no Charge was tried, `param` is always there, even if it is empty.
    """
    param = decline.param or ("" if charge is None else None)
    return card_refused(decline.message, decline.code, param, charge=charge, **decline.codes)
