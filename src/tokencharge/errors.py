"""All errors of the library, in one tree, each with what to do next.

TokenChargeError
+- ConfigurationError          the keys or settings are wrong; nothing was sent
+- InvalidInput (ValueError)   an argument is wrong; nothing was sent
+- CardDeclined                the bank refused; .advice says what may help
+- AuthenticationRequired      no decline: the bank wants 3-D Secure;
                               client_secret lets the browser go on
+- PaymentPending              Stripe is still processing; neither paid nor failed
+- TokenRejected               the token or saved card is used, unknown or somebody
                               else's: ask for the card again
+- InvalidRequest              Stripe refused a parameter
+- CardTokensRefused           the account takes no card tokens at Customers and
                               Charges: use route payment_intents
+- ChargeRefused               the host's own hook refused before anything was sent
+- CrossSiteRequest            a page of another site sent it; refused before
                               anything was read
+- PageExpired                 the page was open longer than its CSRF token is valid
+- OrderChanged                the page showed another price than the order has now;
                               nothing was charged
+- OrderConflict               this purchase was submitted before with other details
+- OrderInProgress             another request for this purchase is running now
+- AuthenticationFailed        Stripe refused our key
+- RateLimited                 Stripe asks to slow down; this call did nothing
+- GatewayUnavailable          Stripe was never reached; this call did nothing
+- OutcomeUnknown              sent, but no trustworthy answer: it may have charged;
                               call again with the same arguments
+- InvalidSignature            a webhook that Stripe did not sign
+- InvalidEvent                a webhook that cannot be read
"""

from __future__ import annotations

from typing import ClassVar

import attrs

from ._secrets import Hidden
from .declines import Advice, reason
from .languages import Language, sentence
from .mending import WHO, MendedBy, field_of

_OUR_SIDE = sentence(
    "Something went wrong on our side. This attempt has not charged you. "
    "Please try again later or contact us."
)
_JUST_NOW = sentence(
    "This did not work just now. This attempt has not charged you. Please try again in a moment."
)
_EMAIL = sentence(
    "Your e-mail address was not accepted. "
    "This attempt has not charged you. Please check it and try again."
)


_DETAILS = sentence(
    "Some of the details were not valid. "
    "This attempt has not charged you. Please check them and try again."
)


def _said_of(field: str | None) -> str:
    return _EMAIL if field == "email" else _DETAILS


class _Status:
    """The `suggested_status`: usual for a class; for an error, by who can fix it."""

    def __get__(self, error: TokenChargeError | None, kind: type[TokenChargeError]) -> int:
        return kind._status if error is None else error._suggest()


@attrs.define(eq=False, repr=False, slots=False)
class TokenChargeError(Exception):
    """Base of all errors: what happened, where, and whether to call again.

    Attributes:
        message: For developers and logs: what was wrong and what to do. It has no key,
            token or card.
        code: Stripe's error code, if it sent one.
        decline_code: The bank's reason, if Stripe passed one on.
        param: The parameter that Stripe refused.
        http_status: The HTTP status of Stripe's answer; None if there was none.
        request_id: Stripe's id of the request, for its dashboard and its support.
        step: What was being done: "customer", "card", "charge", "capture", "refund",
            ...
        order_id: The order it was done for.
        customer_id: The Customer, if the payment got that far.
        charge_id: The Charge, if Stripe made one, even a failed one.
        replayed: Stripe repeated an earlier answer to the same idempotency key.
        payment_intent_id: The PaymentIntent, if there is one.
        original_request_id: If `replayed`, Stripe's id of the request that first got
            the answer.
    """

    message: str
    code: str | None = None
    decline_code: str | None = None
    param: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    step: str | None = None
    order_id: str | None = None
    customer_id: str | None = None
    charge_id: str | None = None
    replayed: bool = False
    payment_intent_id: str | None = None
    original_request_id: str | None = None

    retryable: ClassVar[bool] = False
    """Calling again with the same arguments is safe and may end differently."""
    suggested_status = _Status()
    """The HTTP status for a web view to answer with."""
    _status: ClassVar[int] = 500
    _public: ClassVar[str] = _OUR_SIDE
    _mended_by: ClassVar[MendedBy] = MendedBy.SHOP

    @property
    def mended_by(self) -> MendedBy:
        """Who can fix it: the buyer, the shop, or time."""
        return self._mended_by

    @property
    def field(self) -> str | None:
        """The field of the page that the buyer should check; None if there is none.

        "email", "card", or the path of a part of a name or an address: "billing.name",
        "shipping.address.country".
        """
        return None

    @property
    def client_secret(self) -> str | None:
        """Lets the browser finish authentication: give it to the buyer's browser only.

        It is in no `args`, `vars`, repr, `attrs.asdict` or pickle, because tools that
        read those record them.
        """
        hidden: Hidden | None = vars(self).get("_client_secret")
        return None if hidden is None else hidden.value()

    @client_secret.setter
    def client_secret(self, value: str | None) -> None:
        vars(self)["_client_secret"] = Hidden(value)

    @property
    def public_message(self) -> str:
        """A sentence that is safe to show the buyer, in English."""
        return self._public

    def message_for(self, locale: str) -> str:
        """Return the buyer's sentence in their language.

        It is in English if this library does not have that language.

        Args:
            locale: A locale's code ("de", "pt_BR") or an Accept-Language header, as for
                `Language.of`.
        """
        return Language.of(locale).say(self.public_message)

    def _suggest(self) -> int:
        return self._status

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        shown = (
            f"{field.name}={value!r}"
            for field in attrs.fields(TokenChargeError)
            if (value := getattr(self, field.name, None)) not in (None, False)
        )
        return f"{type(self).__name__}({', '.join(shown)})"


class ConfigurationError(TokenChargeError):
    """A key or setting is missing or contradicts another. Nothing was sent."""


class InvalidInput(TokenChargeError, ValueError):
    """An argument (token, e-mail, amount, an id) is not valid. Nothing was sent.

    `param` names it. What the buyer typed (token, e-mail), or a request that cannot be
    read, is answered with 400. What the shop's own code passed is answered with 500.
    """

    _status = 400
    _mended_by = MendedBy.BUYER
    _public = _DETAILS

    @property
    def mended_by(self) -> MendedBy:
        """Who can fix it: the buyer what they typed, the shop all else."""
        return self._mended_by if self.param is None or self.field else MendedBy.SHOP

    @property
    def field(self) -> str | None:
        """The field of the page that the buyer should check; None if there is none.

        "email", "card", or the path of a part of a name or an address: "billing.name",
        "shipping.address.country".
        """
        return field_of(self.code, self.param)

    @property
    def advice(self) -> Advice | None:
        """What may help: `FixDetails` if the buyer can fix it."""
        return Advice.FIX_DETAILS if self.mended_by is MendedBy.BUYER else None

    @property
    def public_message(self) -> str:
        """A sentence that is safe to show the buyer.

        It asks them to check only what they can fix.
        """
        if self.mended_by is MendedBy.SHOP:
            return _OUR_SIDE
        return _said_of(self.field)

    def _suggest(self) -> int:
        return 500 if self.mended_by is MendedBy.SHOP else self._status


class CardDeclined(TokenChargeError):
    """The bank or Stripe's fraud checks refused the card. This call charged nothing."""

    _status = 402
    _mended_by = MendedBy.BUYER

    @property
    def mended_by(self) -> MendedBy:
        """Who can fix it: the buyer, or time if Stripe or the bank had trouble."""
        return MendedBy.TIME if WHO.get(self.code or "") is MendedBy.TIME else self._mended_by

    @property
    def advice(self) -> Advice:
        """What may help next."""
        return reason(self.code, self.decline_code)[0]

    @property
    def public_message(self) -> str:
        """A sentence that is safe to show the buyer.

        Fraud, a lost card and a stolen card read as a plain decline.
        """
        return reason(self.code, self.decline_code)[1]


class AuthenticationRequired(TokenChargeError):
    """Not a decline: the bank asks for 3-D Secure. Nothing was charged so far.

    With `client_secret` and no `http_status`, the bank is waiting for the buyer to
    authenticate. Pass the secret to Stripe.js (`handleNextAction`), then call again
    with the same arguments, or `complete(payment_intent_id)`. If Stripe answered 402,
    the card was refused because of it. If the buyer was away (`charge_customer`), bring
    them to the checkout; otherwise ask for another card. The Charges API has no other
    way.
    """

    _status = 402
    _mended_by = MendedBy.BUYER

    @property
    def public_message(self) -> str:
        """A sentence that is safe to show the buyer, in English."""
        if self.client_secret is None or self.http_status == 402:
            return sentence(
                "Your bank asks you to confirm this payment. This attempt has not charged you. "
                "Please use a different card."
            )
        return sentence(
            "Your bank asks you to confirm this payment. "
            "You have not been charged yet. Please follow its steps."
        )


class PaymentPending(TokenChargeError):
    """Stripe is still processing the payment: ask again with `find` or `complete`.

    It is neither paid nor failed.
    """

    _status = 202
    _mended_by = MendedBy.TIME
    _public = sentence(
        "Your payment is being processed. Please do not pay again; we will tell you how it ends."
    )


class TokenRejected(TokenChargeError):
    """The token was used before, is unknown, or is of the other mode; ask for the card.

    Or a saved card is not the Customer's, or no longer is.
    """

    _status = 400
    _mended_by = MendedBy.BUYER
    _public = sentence(
        "These card details were used before or have expired. "
        "If you have not paid yet, please enter your card again."
    )


class InvalidRequest(TokenChargeError):
    """Stripe refused a parameter: `param`, `code` and `message` say which and why.

    Mostly the shop must fix it: its code, its order or its account. An e-mail or a card
    that Stripe does not accept is for the buyer to fix, and is answered with 400. What
    passes by itself is answered with 503.
    """

    @property
    def mended_by(self) -> MendedBy:
        """Who can fix it, by Stripe's code and the parameter it names."""
        return MendedBy.BUYER if self._typed else WHO.get(self.code or "", MendedBy.SHOP)

    @property
    def field(self) -> str | None:
        """The field of the page that the buyer should check; None if there is none.

        "email", "card", or the path of a part of a name or an address: "billing.name",
        "shipping.address.country".
        """
        if self._typed:
            return self._typed
        return "card" if WHO.get(self.code or "") is MendedBy.BUYER else None

    @property
    def _typed(self) -> str | None:
        """The field of the page in which the buyer typed it."""
        field = field_of(self.code, self.param)
        return None if field == "card" else field

    @property
    def advice(self) -> Advice | None:
        """What may help; None if the buyer can do nothing about it."""
        if self.mended_by is MendedBy.BUYER:
            return Advice.FIX_DETAILS if self._typed else reason(self.code, None)[0]
        return Advice.TRY_AGAIN_LATER if self.mended_by is MendedBy.TIME else None

    @property
    def public_message(self) -> str:
        """A sentence that is safe to show the buyer.

        It asks them to check only what they can fix.
        """
        if self.mended_by is MendedBy.BUYER:
            return _said_of(self._typed) if self._typed else reason(self.code, None)[1]
        return _JUST_NOW if self.mended_by is MendedBy.TIME else _OUR_SIDE

    def _suggest(self) -> int:
        return {MendedBy.BUYER: 400, MendedBy.TIME: 503, MendedBy.SHOP: 500}[self.mended_by]


class CardTokensRefused(TokenChargeError):
    """The Stripe account takes no card tokens over Charges. Nothing was charged.

    Accounts opened in 2026 take none. There are two ways out:
    `route="payment_intents"`, or the account's owner enables card tokens in the
    dashboard, under https://dashboard.stripe.com/settings/developers/api-policies.
    """


class ChargeRefused(TokenChargeError):
    """The host's own `before_charge` hook refused. Nothing was sent.

    Its reason may be too many attempts.
    """

    _status = 429
    _mended_by = MendedBy.TIME
    _public = sentence(
        "Too many attempts. This attempt has not charged you. "
        "Please wait a while before you try again."
    )


class OrderConflict(TokenChargeError):
    """This order or token was submitted with other details. It is not charged again.

    If `charge_id` is set, that charge is the order's payment, for another amount. If
    not, look with `find(order_id)` before you ask anyone to pay again.
    """

    _status = 409
    _mended_by = MendedBy.BUYER
    _public = sentence(
        "This order was already submitted with other details. "
        "Please check your order before you pay again."
    )


class OrderChanged(TokenChargeError):
    """The order has another price now than the page showed. Nothing was charged.

    Show the order again: the buyer agreed to another price.
    """

    _status = 409
    _mended_by = MendedBy.BUYER
    _public = sentence(
        "The price of your order has changed since this page was shown. "
        "This attempt has not charged you. Please look at the new price before you pay."
    )


class CrossSiteRequest(TokenChargeError):
    """A page of another site made the browser send this. It was refused unread."""

    _status = 403
    _mended_by = MendedBy.BUYER
    _public = sentence(
        "This was sent by another site. It has not charged you. Please pay on our own page."
    )


class PageExpired(TokenChargeError):
    """The page was open longer than its CSRF token is valid. Nothing went to Stripe."""

    _status = 400
    _mended_by = MendedBy.BUYER
    _public = sentence(
        "This page was open for too long. This attempt has not charged you. Please try again."
    )


class OrderInProgress(TokenChargeError):
    """Another request for this order is not finished. Call again in a moment.

    It is running now, or its result is not known yet.
    """

    retryable = True
    _status = 409
    _mended_by = MendedBy.TIME
    _public = sentence(
        "Your payment is already on its way. Please wait a moment and do not pay again."
    )


class AuthenticationFailed(TokenChargeError):
    """Stripe refused our key, or the key may not do this. This call did nothing."""


class RateLimited(TokenChargeError):
    """Stripe asks to slow down. This call did nothing; call again in a while."""

    retryable = True
    _status = 503
    _mended_by = MendedBy.TIME
    _public = sentence(
        "We are very busy just now. This attempt has not charged you. Please try again in a moment."
    )


class GatewayUnavailable(TokenChargeError):
    """The request never reached Stripe. This call did nothing; call again later."""

    retryable = True
    _status = 503
    _mended_by = MendedBy.TIME
    _public = sentence(
        "We cannot reach our payment provider. "
        "This attempt has not charged you. Please try again in a moment."
    )


class OutcomeUnknown(TokenChargeError):
    """The request was sent, and no trustworthy answer came: it may have charged.

    Call again with the same arguments. The same idempotency keys find the charge or
    make it, once. Never treat it as a failure.
    """

    retryable = True
    _status = 502
    _mended_by = MendedBy.TIME
    _public = sentence(
        "We do not know yet whether your payment went through. "
        "Please do not pay again; we are checking."
    )


class InvalidSignature(TokenChargeError):
    """A webhook whose signature is missing, wrong or too old."""

    _status = 400


class InvalidEvent(TokenChargeError):
    """A correctly signed webhook that is no event this library can read."""

    _status = 400


def error_code(error: TokenChargeError) -> str:
    """Return an error's name for scripts: "card_declined" for CardDeclined.

    Stripe's own codes may tell a thief too much.
    """
    name = type(error).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip(
        "_"
    )
