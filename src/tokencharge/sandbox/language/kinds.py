"""Kinds of objects, and their names in bodies, errors and paths."""

from __future__ import annotations

from enum import Enum


class Kind(str, Enum):
    """A kind of object; its value stands in the `object` field."""

    BALANCE = "balance"
    BALANCE_TRANSACTION = "balance_transaction"
    ACCOUNT = "account"
    CARD = "card"
    CHARGE = "charge"
    CONFIRMATION_TOKEN = "confirmation_token"
    CUSTOMER = "customer"
    DISPUTE = "dispute"
    EVENT = "event"
    PAYMENT_INTENT = "payment_intent"
    PAYMENT_METHOD = "payment_method"
    REFUND = "refund"
    SETUP_INTENT = "setup_intent"
    TOKEN = "token"

    @property
    def word(self) -> str:
        """How an error names a missing object of this kind."""
        return _WORDS.get(self, self.value)

    @property
    def param(self) -> str:
        """The `param` of an error when the id in the path is unknown."""
        return _PARAMS.get(self, "id")

    @property
    def noun(self) -> str:
        """The name in messages: "PaymentIntent"."""
        return self.value.title().replace("_", "")


_WORDS = {
    Kind.BALANCE_TRANSACTION: "balance transaction",
    Kind.CARD: "source",
    Kind.PAYMENT_METHOD: "PaymentMethod",
    Kind.SETUP_INTENT: "setupintent",
}
_PARAMS = {
    Kind.CONFIRMATION_TOKEN: "confirmation_token",
    Kind.DISPUTE: "dispute",
    Kind.PAYMENT_INTENT: "intent",
    Kind.PAYMENT_METHOD: "payment_method",
    Kind.SETUP_INTENT: "intent",
}
