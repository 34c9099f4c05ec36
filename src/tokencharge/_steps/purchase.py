"""What is to be charged, checked, and the names all its idempotency keys and marks are made of."""

from __future__ import annotations

import attrs

from .. import _checks as check
from ..errors import InvalidInput
from ..money import Money
from .calls import Call


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

    @property
    def paid_with_customer(self) -> bool:
        """A token alone: the Customer is made with the card, and the Charge takes the Customer's card."""
        return self.order_id is None and self.customer is None

    def __attrs_post_init__(self) -> None:
        if self.order_id is not None and self.metadata.get("order_id", self.order_id) != self.order_id:
            raise InvalidInput("The metadata has another order_id than the order_id argument: give it once.")

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
        order = {} if self.order_id is None else {"order_id": self.order_id}
        params = {
            "amount": self.amount.amount,
            "currency": self.amount.currency,
            "customer": customer,
            "source": card,
            "capture": None if self.capture else False,
            "description": self.description,
            "receipt_email": self.receipt_email,
            "statement_descriptor_suffix": self.statement_descriptor_suffix,
            "metadata": {**self.metadata, **order, check.RESERVED_METADATA: self.mark(slot)},
            "expand": ["customer"] if expand_customer else None,
        }
        given = {name: value for name, value in params.items() if value is not None}
        return Call("charge", "post", "/v1/charges", given, self.key(f"charge-{slot}"))


def order_digest(order_id: str) -> str:
    """Name an order in keys and marks without showing its id."""
    return digest("order", order_id)


def digest(*parts: str) -> str:
    # Here, because OpenSSL takes a tenth of the time that importing the whole library takes.
    import hashlib

    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
