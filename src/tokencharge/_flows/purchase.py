"""What is to be charged, checked; and the names of its idempotency keys and marks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import attrs

from .. import _checks as check
from .. import people
from ..errors import InvalidInput
from ..money import Money
from ..people import ADDRESS_FIELDS, Address, Person
from ..results import Customer
from .calls import Call, path

# Stripe keeps keys for at least 24 hours. One hour is left for clocks that differ.
KEYS_LIVE = 23 * 3600.0


def _derived(function: Callable[[Purchase], str]) -> Any:
    """Return a field that is made of the fields before it."""
    factory = attrs.Factory(function, takes_self=True)
    return attrs.field(init=False, repr=False, default=factory)


@attrs.frozen
class Purchase:
    """What is to be charged. It is checked on construction.

    `token` is None for a saved card.
    `nonce` tells apart the uses of a token or saved card that Stripe lets be used
    repeatedly. `reuse_card` is None where the buyer was not asked whether to keep the
    card. `now` is when the call was made, in seconds since 1970.

    `digest` is the digest of the order id, else of the token. It names the purchase in
    all its keys, and shows neither. `payer` is the digest of what pays, and of the try.
    It goes into the mark.
    """

    amount: Money = attrs.field(converter=check.amount)
    token: str | None = attrs.field(
        default=None, converter=attrs.converters.optional(check.token), repr=False
    )
    email: str | None = attrs.field(
        default=None, converter=attrs.converters.optional(check.email), repr=False
    )
    order_id: str | None = attrs.field(
        default=None, converter=attrs.converters.optional(check.order_id)
    )
    customer: str | None = None
    card: str | None = None
    capture: bool = attrs.field(default=True, converter=check.capture)
    description: str | None = attrs.field(default=None, converter=check.description)
    metadata: dict[str, str] = attrs.field(default=None, converter=check.metadata)
    receipt_email: str | None = attrs.field(
        default=None, converter=attrs.converters.optional(check.email), repr=False
    )
    billing: Person | None = attrs.field(default=None, converter=people.billing, repr=False)
    shipping: Person | None = attrs.field(default=None, converter=people.shipping, repr=False)
    statement_descriptor_suffix: str | None = attrs.field(
        default=None, converter=check.statement_descriptor_suffix
    )
    save_card: bool = attrs.field(default=False, converter=check.save_card)
    reuse_card: bool | None = attrs.field(default=None, converter=check.reuse_card)
    on_session: bool = attrs.field(default=False, converter=check.on_session)
    began: datetime | None = attrs.field(default=None, converter=check.began)
    now: float = attrs.field(factory=time.time)
    nonce: str | None = None
    route: str = "payment_intents"
    token_digest: str = _derived(lambda self: digest("token", self.token or "", self.nonce or ""))
    digest: str = _derived(
        lambda self: self.token_digest if self.order_id is None else order_digest(self.order_id)
    )
    payer: str = _derived(
        lambda self: digest("payer", self.token or self.card or "", self.nonce or "")
    )

    def __attrs_post_init__(self) -> None:
        check.order_in_metadata(self.order_id, self.metadata)
        if self.order_id is None and (self.token or "").startswith("pm_"):
            raise InvalidInput(
                "A payment method (pm_) can pay more than once: "
                "give an order_id, to tell this purchase from the next.",
                param="order_id",
            )

    @property
    def by_intent(self) -> bool:
        """Whether it goes over a PaymentIntent.

        Either the route says so, or a Charge cannot take the token or card.
        """
        return self.route == "payment_intents" or check.is_for_intents(
            self.token or self.card or ""
        )

    @property
    def token_is_card(self) -> bool:
        """Whether the token is a card token. Any other token pays as it is."""
        return self.token is not None and not check.is_for_intents(self.token)

    @property
    def paid_with_customer(self) -> bool:
        """Whether a card token alone pays over Charges.

        Then the Customer is made with the card.
        """
        return (
            self.order_id is None
            and self.customer is None
            and self.token_is_card
            and not self.by_intent
        )

    @property
    def is_named_try(self) -> bool:
        """Whether it is one of several tries of a saved card.

        Each try may end differently.
        """
        return self.token is None and self.nonce is not None

    @property
    def keys_live(self) -> bool:
        """Whether the order is so new that Stripe still has all its keys."""
        return self.began is not None and self.now - self.began.timestamp() < KEYS_LIVE

    @property
    def is_old(self) -> bool:
        """Whether the order is so old that Stripe may have forgotten its keys."""
        return self.began is not None and not self.keys_live

    def is_recent(self, moment: datetime | None) -> bool:
        """Tell whether Stripe still has the keys used at that moment."""
        return moment is not None and self.now - moment.timestamp() < KEYS_LIVE

    def key(self, step: str) -> str:
        """Return the idempotency key of one step."""
        return f"tokencharge-{self.digest}-{step}"

    def mark(self, slot: int) -> str:
        """Return the metadata value that identifies a charge of this purchase."""
        return f"{self.digest}/{slot}"

    def post(self, step: str, where: str, params: Mapping[str, Any], key: str | None) -> Call:
        """Build a request for this purchase, without parameters that are None."""
        return Call(step, "post", where, _given(params), key, self.digest)

    def customer_call(self) -> Call:
        """Build the request that makes the Customer."""
        params: dict[str, Any] = {"email": self.email, **self._billing, "shipping": self._shipping}
        if self.paid_with_customer:
            params["source"] = self.token
        else:
            params["metadata"] = {**self._order, check.RESERVED_METADATA: self.digest}
        return self.post("customer", "/v1/customers", params, self.key("customer"))

    def corrections(self, customer: Customer) -> dict[str, Any]:
        """Return the Customer's fields that differ from the buyer's details now.

        Fields that are not given stay as they are.
        """
        changed = {
            name: value
            for name, value in self._said.items()
            if value not in (None, getattr(customer, name))
        }
        return {name: _whole(value) for name, value in changed.items()}

    def is_of(self, customer: Customer) -> bool:
        """Tell whether a Customer has the buyer's details now, and no others."""
        return all(getattr(customer, name) == value for name, value in self._said.items())

    def method_call(self) -> Call:
        """Build the request that makes a payment method of the card token.

        Its key is made of the token alone.
        """
        params = {
            "type": "card",
            "card": {"token": self.token},
            "billing_details": self._billing or None,
        }
        return self.post(
            "card", "/v1/payment_methods", params, f"tokencharge-{self.token_digest}-method"
        )

    def source_call(self, customer: str) -> Call:
        """Build the request that adds the token's card to a Customer.

        The card does not become the default.
        """
        key = self.key(f"card-{digest(self.token_digest, customer)}")
        return self.post(
            "card", path("customers", customer) + "/sources", {"source": self.token}, key
        )

    def charge_call(
        self, customer: str, card: str | None, slot: int, *, expand_customer: bool
    ) -> Call:
        """Build the request that makes the Charge of one slot."""
        params = {
            **self._terms(
                customer,
                f"{self.mark(slot)}/{self.payer}" if self.is_named_try else self.mark(slot),
            ),
            "source": card,
            "capture": None if self.capture else False,
            "expand": ["customer"] if expand_customer else None,
        }
        return self.post("charge", "/v1/charges", params, self.key(f"charge-{slot}"))

    def intent_call(self, customer: str, method: str | None, slot: int) -> Call:
        """Build the request that makes and confirms the PaymentIntent of one slot.

        The key is the same as for the slot's Charge. Stripe accepts a key for one
        endpoint only, so of two callers on the two routes one is refused.
        """
        params = {
            **self._terms(customer, f"{self.mark(slot)}/{self.payer}"),
            "capture_method": None if self.capture else "manual",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "confirm": True,
            **self._confirmation(method),
        }
        return self.post("charge", "/v1/payment_intents", params, self.key(f"charge-{slot}"))

    def confirm_call(self, intent: str, method: str | None, slot: int) -> Call:
        """Build the request that confirms a PaymentIntent with one card.

        Its key is made of that card and of the try.
        """
        tried = (intent, method or "", self.payer) if self.is_named_try else (intent, method or "")
        key = self.key(f"confirm-{slot}-{digest(*tried)}")
        # The receipt address and the shipping may have changed since the order began,
        # with the card.
        params = {
            "receipt_email": self.receipt_email,
            "shipping": self._shipping,
            **self._confirmation(method),
        }
        return self.post("charge", path("payment_intents", intent) + "/confirm", params, key)

    @property
    def _order(self) -> dict[str, str]:
        return {} if self.order_id is None else {"order_id": self.order_id}

    @property
    def _said(self) -> dict[str, str | Address | Person | None]:
        """The buyer's details, by the names of a Customer's fields."""
        billing = self.billing or Person()
        return {
            "email": self.email,
            "name": billing.name,
            "phone": billing.phone,
            "address": billing.address,
            "shipping": self.shipping,
        }

    @property
    def _billing(self) -> dict[str, Any]:
        return {} if self.billing is None else self.billing.to_stripe()

    @property
    def _shipping(self) -> dict[str, Any] | None:
        return None if self.shipping is None else self.shipping.to_stripe()

    def _confirmation(self, method: str | None) -> dict[str, Any]:
        kind = (
            "confirmation_token"
            if method and check.is_confirmation_token(method)
            else "payment_method"
        )
        away = self.token is None and not self.on_session
        kept = "on_session" if self.reuse_card else None
        return {
            kind: method,
            "off_session": away or None,
            "use_stripe_sdk": None if away else True,
            "setup_future_usage": "off_session" if self.save_card else kept,
            "expand": ["latest_charge.customer"],
        }

    def _terms(self, customer: str, mark: str) -> dict[str, Any]:
        return {
            "amount": self.amount.minor,
            "currency": self.amount.currency,
            "customer": customer,
            "description": self.description,
            "receipt_email": self.receipt_email,
            "shipping": self._shipping,
            "statement_descriptor_suffix": self.statement_descriptor_suffix,
            "metadata": {**self.metadata, **self._order, check.RESERVED_METADATA: mark},
        }


def _whole(said: str | Address | Person | None) -> Any:
    """Return a value with all of its fields, so that no old field remains."""
    if isinstance(said, Address):
        return {**dict.fromkeys(ADDRESS_FIELDS, ""), **said.to_stripe()}
    if isinstance(said, Person):
        return {"name": said.name, "phone": said.phone or "", "address": _whole(said.address)}
    return said


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def order_digest(order_id: str) -> str:
    """Return the digest of an order id, which hides it in keys and marks."""
    return digest("order", order_id)


def digest(*parts: str) -> str:
    # Imported here: OpenSSL takes a tenth of the time that importing the whole library
    # takes.
    import hashlib

    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
