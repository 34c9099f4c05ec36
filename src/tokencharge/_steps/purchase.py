"""What is to be charged, checked, and the names all its idempotency keys and marks are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from .. import _checks as check
from ..errors import InvalidInput
from ..money import Money
from .calls import Call, path


@attrs.frozen
class Purchase:
    """What is to be charged: checked on construction, and named by the digest all its keys begin with.

    `token` is None for a saved card; `nonce` tells purchases apart that nothing else does.
    """

    amount: Money = attrs.field(converter=check.amount)
    token: str | None = attrs.field(default=None, converter=attrs.converters.optional(check.token), repr=False)
    email: str | None = attrs.field(default=None, converter=attrs.converters.optional(check.email), repr=False)
    order_id: str | None = attrs.field(default=None, converter=attrs.converters.optional(check.order_id))
    customer: str | None = None
    card: str | None = None
    capture: bool = attrs.field(default=True, converter=check.capture)
    description: str | None = attrs.field(default=None, converter=check.description)
    metadata: dict[str, str] = attrs.field(default=None, converter=check.metadata)
    receipt_email: str | None = attrs.field(default=None, converter=attrs.converters.optional(check.email), repr=False)
    statement_descriptor_suffix: str | None = attrs.field(default=None, converter=check.statement_descriptor_suffix)
    nonce: str | None = None
    route: str = "charges"

    @property
    def by_intent(self) -> bool:
        """Goes over a PaymentIntent: that was asked for, or what pays is nothing a Charge takes."""
        return self.route == "payment_intents" or check.is_for_intents(self.token or self.card or "")

    @property
    def token_is_card(self) -> bool:
        """The token is a card to be added to the Customer; anything else pays as it is."""
        return self.token is not None and not check.is_for_intents(self.token)

    @property
    def paid_with_customer(self) -> bool:
        """A card token alone: the Customer is made with the card."""
        return self.order_id is None and self.customer is None and self.token_is_card

    def __attrs_post_init__(self) -> None:
        if self.order_id is not None and self.metadata.get("order_id", self.order_id) != self.order_id:
            raise InvalidInput("The metadata has another order_id than the order_id argument: give it once.")
        if self.order_id is None and (self.token or "").startswith("pm_"):
            raise InvalidInput(
                "A payment method (pm_) can pay more than once: give an order_id, to tell this purchase from the next."
            )

    @property
    def digest(self) -> str:
        """Name the purchase without showing what names it: the order, else the token."""
        if self.order_id is not None:
            return order_digest(self.order_id)
        return digest("token", self.token or "", self.nonce or "")

    def key(self, step: str) -> str:
        """Return the idempotency key of one step."""
        return f"tokencharge-{self.digest}-{step}"

    def mark(self, slot: int) -> str:
        """Return the metadata value by which a charge of this purchase is known again."""
        return f"{self.digest}/{slot}"

    def charge_call(self, customer: str, card: str | None, slot: int, *, expand_customer: bool) -> Call:
        """Build the request that moves the money, under the key of one slot."""
        params = {
            **self._terms(customer, slot),
            "source": card,
            "capture": None if self.capture else False,
            "expand": ["customer"] if expand_customer else None,
        }
        return Call("charge", "post", "/v1/charges", _given(params), self.key(f"charge-{slot}"))

    def intent_call(self, customer: str, slot: int, confirmation: Mapping[str, Any] | None = None) -> Call:
        """Build the request that makes the PaymentIntent of one slot; without a confirmation it moves no money.

        The key is that of the slot's Charge: Stripe takes a key for one endpoint only, so of two callers on the two
        routes one is turned away.
        """
        params = {
            **self._terms(customer, slot),
            "capture_method": None if self.capture else "manual",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            **({} if confirmation is None else {"confirm": True, **confirmation}),
        }
        return Call("charge", "post", "/v1/payment_intents", _given(params), self.key(f"charge-{slot}"))

    def confirmation(self, method: str | None) -> dict[str, Any]:
        """Return the parameters that confirm a PaymentIntent with what pays, while the buyer is there or away."""
        kind = "confirmation_token" if method and check.is_confirmation_token(method) else "payment_method"
        away = self.token is None
        params = {kind: method, "off_session": away or None, "use_stripe_sdk": None if away else True}
        return {**_given(params), "expand": ["latest_charge.customer"]}

    def confirm_call(self, intent: str, method: str | None, slot: int) -> Call:
        """Build the request that confirms a PaymentIntent with one card, under a key of that card."""
        key = self.key(f"confirm-{slot}-{digest(intent, method or '')}")
        return Call("charge", "post", path("payment_intents", intent) + "/confirm", self.confirmation(method), key)

    def _terms(self, customer: str, slot: int) -> dict[str, Any]:
        order = {} if self.order_id is None else {"order_id": self.order_id}
        return {
            "amount": self.amount.amount,
            "currency": self.amount.currency,
            "customer": customer,
            "description": self.description,
            "receipt_email": self.receipt_email,
            "statement_descriptor_suffix": self.statement_descriptor_suffix,
            "metadata": {**self.metadata, **order, check.RESERVED_METADATA: self.mark(slot)},
        }


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def order_digest(order_id: str) -> str:
    """Name an order in keys and marks without showing its id."""
    return digest("order", order_id)


def digest(*parts: str) -> str:
    # Here, because OpenSSL takes a tenth of the time that importing the whole library takes.
    import hashlib

    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
