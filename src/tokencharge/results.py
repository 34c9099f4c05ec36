"""Stripe's objects, typed: Card, Customer, Charge, Refund, PaymentIntent; and Payment.

`from_stripe` reads each from a plain mapping, of any API version since 2013. The
readers take what is there, fill in what an old version left out, and keep the whole
answer in `raw`. An answer without an id, or without its amount and currency, cannot be
read and raises `ValueError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from enum import Enum
from typing import Any

import attrs

from . import _clock
from ._reading import Raw, known_money, moment, money, read_id, read_time, reference, texts, typed
from ._secrets import Discreet
from .money import Money
from .people import Address, Person, address_in, person_in


def _raw() -> Any:
    return attrs.field(repr=False, eq=False, factory=dict)


def _metadata() -> Any:
    return attrs.field(factory=dict, hash=False)


@attrs.frozen(eq=False)
class Card(Discreet):
    """A card, as far as it may be shown and stored (never its number).

    Attributes:
        id: `card_...` or `pm_...`; None where Stripe describes the card without an id.
        brand: Lower case: "visa", "mastercard", "amex", "diners", "discover", "jcb",
            "unionpay", ...
        last4: The last four digits.
        exp_month: 1 to 12.
        exp_year: Four digits.
        country: Two-letter country of the issuer.
        funding: "credit", "debit", "prepaid" or "unknown".
        fingerprint: Identifies the card number within one Stripe account.
        wallet: What holds the card, if it was not typed: "apple_pay", "google_pay",
            "link", ...
        customer_id: The Customer who saved it, if it was read with
            `PaymentGateway.cards`.
        is_default: Whether its Customer is charged by it if no card is named; if it was
            read with `PaymentGateway.cards`.
    """

    id: str | None = None
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None
    country: str | None = None
    funding: str | None = None
    fingerprint: str | None = attrs.field(default=None, repr=False)
    wallet: str | None = None
    customer_id: str | None = None
    is_default: bool = attrs.field(default=False, eq=False)

    @classmethod
    def from_stripe(cls, raw: Raw) -> Card:
        """Read a card from one of Stripe's objects.

        That is a PaymentMethod, a legacy `card` object, or the `card` of
        `payment_method_details`.
        """
        of_method = raw.get("object") == "payment_method"
        details = (typed(raw, "card", dict) or {}) if of_method else raw
        # Until mid-2014 `type` held the brand. The title-case names are the legacy
        # object's.
        return cls(
            id=typed(raw, "id", str),
            brand=_brand(typed(details, "brand", str) or typed(details, "type", str)),
            last4=typed(details, "last4", str),
            exp_month=typed(details, "exp_month", int),
            exp_year=typed(details, "exp_year", int),
            country=typed(details, "country", str),
            funding=typed(details, "funding", str),
            fingerprint=typed(details, "fingerprint", str),
            wallet=_wallet(details),
            customer_id=reference(raw, "customer") if of_method else None,
        )

    @property
    def is_expired(self) -> bool:
        """Whether its month is over everywhere on earth; False if not known."""
        if self.exp_month is None or self.exp_year is None:
            return False
        # The last place on earth ends its month twelve hours after UTC.
        today = datetime.fromtimestamp(_clock.now() - 12 * 3600, timezone.utc)
        return (self.exp_year, self.exp_month) < (today.year, today.month)


@attrs.frozen(eq=False)
class Customer(Discreet):
    """A Customer of the Stripe account.

    Attributes:
        id: `cus_...`.
        email: Kept out of repr.
        created: When it was made, in UTC; None for a deleted Customer.
        livemode: Whether real money can move.
        metadata: The account's own notes on it.
        deleted: Whether it was deleted. Stripe keeps a stub of a deleted Customer and
            returns that.
        name: Full name; kept out of repr, as are phone, address and shipping.
        phone: As it was given.
        address: Where they live.
        shipping: Who gets the goods they buy, and where.
        raw: Stripe's whole answer.
    """

    id: str
    email: str | None = attrs.field(default=None, repr=False)
    created: datetime | None = None
    livemode: bool = False
    metadata: Mapping[str, str] = _metadata()
    deleted: bool = False
    name: str | None = attrs.field(default=None, repr=False)
    phone: str | None = attrs.field(default=None, repr=False)
    address: Address | None = attrs.field(default=None, repr=False)
    shipping: Person | None = attrs.field(default=None, repr=False)
    raw: Raw = _raw()

    @classmethod
    def from_stripe(cls, raw: Raw) -> Customer:
        """Read a Customer, or the stub of a deleted one.

        Raises:
            ValueError: The mapping has no id.
        """
        return cls(
            id=read_id(raw),
            email=typed(raw, "email", str),
            created=read_time(raw),
            livemode=raw.get("livemode") is True,
            metadata=texts(raw, "metadata"),
            deleted=raw.get("deleted") is True,
            name=typed(raw, "name", str),
            phone=typed(raw, "phone", str),
            address=address_in(raw, "address"),
            shipping=person_in(raw, "shipping"),
            raw=raw,
        )


class ChargeState(Enum):
    """The state of a Charge's money."""

    PAID = "paid"
    """Taken, and not all of it refunded."""
    HELD = "held"
    """Authorized: it can be captured or released."""
    RELEASED = "released"
    """It was held, and was released: voided, or not captured in time."""
    REFUNDED = "refunded"
    """Taken, and all of it refunded."""
    FAILED = "failed"
    """Refused: nothing was taken or held."""
    PENDING = "pending"
    """Stripe is still processing: neither taken nor refused."""


@attrs.frozen(eq=False)
class Charge(Discreet):
    """A Charge: money taken, held, or refused.

    Since API version 2025-03-31.basil, a Charge looks the same while its money is held
    and after it was released. Only its PaymentIntent shows the difference
    (https://docs.stripe.com/changelog/basil/2025-03-31/remove-refund-from-partial-capture-and-payment-cancellation-flow).
    A gateway reads both, so the state of a Charge it returns is right. A webhook sends
    the Charge alone. There `HELD` may mean that the money was released already, unless
    the event is `charge.expired`. Where that matters, read it with `get_charge`.

    Attributes:
        id: `ch_...` (`py_...` for some bank payments).
        status: "succeeded", "pending" or "failed".
        state: The state of its money.
        amount: What was asked for.
        amount_captured: What was taken so far.
        amount_refunded: What was given back so far, by Stripe's count. Before API
            version 2025-03-31.basil that includes money that was held and released, and
            never taken.
        amount_kept: What the shop has of it: taken, less refunded. Fees and disputes
            are not counted.
        paid: The bank approved; true for an authorization as well.
        captured: The money was taken, not only held.
        refunded: All of it was given back.
        fee: What Stripe keeps of it, if it was read with `get_charge`; None while
            Stripe has not booked it. In the currency of the account's balance.
        net: What arrives in the account's balance, before refunds; None like `fee`, and
            if the fee is more than the amount.
        capture_before: Until when held money can be captured, in UTC.
        customer_id: The Customer it belongs to.
        card: The card charged; None for a payment without one.
        billing: Who paid, as given with the card: name, phone, address; None if nothing
            was given.
        shipping: Who gets the goods; None if nothing was given. Both are kept out of
            repr.
        description: The account's own words.
        receipt_url: Stripe's receipt page.
        receipt_email: Where Stripe mails the receipt (live mode only); kept out of
            repr.
        statement_descriptor: The text on the statement.
        balance_transaction_id: The booking in the account's balance.
        payment_intent_id: Set when the Charge came from a PaymentIntent.
        failure_code: Why it failed.
        failure_message: The same in Stripe's words.
        outcome: Stripe's verdict: `network_status`, `reason`, `risk_level`,
            `seller_message`, ...
        livemode: Whether real money moved.
        created: When it was made, in UTC.
        metadata: The account's own notes on it.
        raw: Stripe's whole answer.
    """

    id: str
    status: str
    state: ChargeState
    amount: Money
    amount_captured: Money
    amount_refunded: Money
    amount_kept: Money
    paid: bool
    captured: bool
    refunded: bool
    fee: Money | None = attrs.field(default=None, eq=False)
    net: Money | None = attrs.field(default=None, eq=False)
    capture_before: datetime | None = None
    customer_id: str | None = None
    card: Card | None = None
    billing: Person | None = attrs.field(default=None, repr=False)
    shipping: Person | None = attrs.field(default=None, repr=False)
    description: str | None = None
    receipt_url: str | None = attrs.field(default=None, repr=False)
    receipt_email: str | None = attrs.field(default=None, repr=False)
    statement_descriptor: str | None = None
    balance_transaction_id: str | None = None
    payment_intent_id: str | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    outcome: Raw | None = attrs.field(default=None, repr=False, hash=False)
    livemode: bool = False
    created: datetime | None = None
    metadata: Mapping[str, str] = _metadata()
    raw: Raw = _raw()

    @classmethod
    def from_stripe(cls, raw: Raw) -> Charge:
        """Read a Charge, and its PaymentIntent if that is expanded.

        Raises:
            ValueError: The mapping has no id, or no amount and currency.
        """
        amount = money(raw, "amount")
        failed = raw.get("failure_code") is not None or raw.get("paid") is False
        captured = raw.get("captured", not failed) is True
        # Up to 2015 a Charge had no status, or the status "paid".
        status = typed(raw, "status", str) or ("failed" if failed else "succeeded")
        status = "succeeded" if status == "paid" else status
        amount_captured = money(raw, "amount_captured", amount.minor if captured else 0)
        amount_refunded = money(raw, "amount_refunded", 0)
        kept = (
            _kept(raw, amount, amount_captured, amount_refunded)
            if captured and status == "succeeded"
            else 0
        )
        refunded = raw.get("refunded") is True
        details = typed(typed(raw, "payment_method_details", dict) or {}, "card", dict) or {}
        booked = typed(raw, "balance_transaction", dict)
        return cls(
            id=read_id(raw),
            status=status,
            state=_state(raw, status, captured=captured, back=refunded or (captured and not kept)),
            amount=amount,
            amount_captured=amount_captured,
            amount_refunded=amount_refunded,
            amount_kept=Money(kept, amount.currency),
            paid=raw.get("paid", not failed) is True,
            captured=captured,
            refunded=refunded,
            fee=known_money(booked, "fee"),
            net=known_money(booked, "net"),
            capture_before=moment(details, "capture_before"),
            customer_id=reference(raw, "customer"),
            card=_card_of(raw),
            billing=person_in(raw, "billing_details"),
            shipping=person_in(raw, "shipping"),
            description=typed(raw, "description", str),
            receipt_url=typed(raw, "receipt_url", str),
            receipt_email=typed(raw, "receipt_email", str),
            statement_descriptor=typed(raw, "statement_descriptor", str),
            balance_transaction_id=reference(raw, "balance_transaction"),
            payment_intent_id=reference(raw, "payment_intent"),
            failure_code=typed(raw, "failure_code", str),
            failure_message=typed(raw, "failure_message", str),
            outcome=typed(raw, "outcome", dict),
            livemode=raw.get("livemode") is True,
            created=read_time(raw),
            metadata=texts(raw, "metadata"),
            raw=raw,
        )

    @property
    def order_id(self) -> str | None:
        """The order it pays, from its metadata; None if none was given."""
        return self.metadata.get("order_id")

    def as_of(self, moment: datetime | None) -> Charge:
        """Return it as of a moment: a hold not captured in time is released then.

        Stripe shows that on the PaymentIntent only, and a Charge of the Charges API has
        none.
        """
        until = self.capture_before
        if self.state is not ChargeState.HELD or self.payment_intent_id or not moment or not until:
            return self
        return attrs.evolve(self, state=ChargeState.RELEASED) if until <= moment else self


@attrs.frozen(eq=False)
class Refund(Discreet):
    """A Refund: money on its way back.

    Attributes:
        id: `re_...`.
        status: "succeeded", "pending", "requires_action", "failed" or "canceled". A
            refund that succeeded can still fail later: Stripe then sends
            `refund.failed`.
        amount: What goes back.
        charge_id: The Charge it belongs to.
        reason: "duplicate", "fraudulent", "requested_by_customer",
            "expired_uncaptured_charge" or None.
        failure_reason: Why it failed.
        replayed: This call gave nothing back: it found the refund that an earlier call
            had made.
        created: When it was made, in UTC.
        metadata: The account's own notes on it.
        raw: Stripe's whole answer.
    """

    id: str
    status: str
    amount: Money
    charge_id: str | None = None
    reason: str | None = None
    failure_reason: str | None = None
    replayed: bool = attrs.field(default=False, eq=False)
    created: datetime | None = None
    metadata: Mapping[str, str] = _metadata()
    raw: Raw = _raw()

    @classmethod
    def from_stripe(cls, raw: Raw) -> Refund:
        """Read a Refund.

        Raises:
            ValueError: The mapping has no id, or no amount and currency.
        """
        return cls(
            id=read_id(raw),
            # Early Refunds had no status: Stripe made them only when they had
            # succeeded.
            status=typed(raw, "status", str) or "succeeded",
            amount=money(raw, "amount"),
            charge_id=reference(raw, "charge"),
            reason=typed(raw, "reason", str),
            failure_reason=typed(raw, "failure_reason", str),
            created=read_time(raw),
            metadata=texts(raw, "metadata"),
            raw=raw,
        )


@attrs.frozen(eq=False)
class PaymentIntent(Discreet):
    """A PaymentIntent: one payment, tried with one card after another until one pays.

    Attributes:
        id: `pi_...`.
        status: "requires_payment_method" (no card yet, or the last one failed),
            "requires_confirmation", "requires_action" (the buyer is to authenticate),
            "processing", "requires_capture" (the money is held), "succeeded" or
            "canceled".
        amount: What it asks for.
        capture: False only holds the money.
        customer_id: The Customer it belongs to.
        charge_id: The last Charge it made.
        charge: The same, if it was expanded.
        client_secret: Lets the browser finish authentication; kept out of repr.
        failure_code: Why the last card failed.
        decline_code: The bank's reason for that, where Stripe passed one on.
        livemode: Whether real money can move.
        created: When it was made, in UTC.
        metadata: The account's own notes on it.
        raw: Stripe's whole answer.
    """

    id: str
    status: str
    amount: Money
    capture: bool = True
    customer_id: str | None = None
    charge_id: str | None = None
    charge: Charge | None = attrs.field(default=None, repr=False)
    client_secret: str | None = attrs.field(default=None, repr=False)
    failure_code: str | None = None
    decline_code: str | None = None
    livemode: bool = False
    created: datetime | None = None
    metadata: Mapping[str, str] = _metadata()
    raw: Raw = _raw()

    @classmethod
    def from_stripe(cls, raw: Raw) -> PaymentIntent:
        """Read a PaymentIntent.

        Raises:
            ValueError: The mapping has no id, no status, or no amount and currency.
        """
        status = typed(raw, "status", str)
        if status is None:
            raise ValueError("Stripe's PaymentIntent has no status.")
        charge = typed(raw, "latest_charge", dict)
        failure = typed(raw, "last_payment_error", dict) or {}
        return cls(
            id=read_id(raw),
            status=status,
            amount=money(raw, "amount"),
            capture=raw.get("capture_method") != "manual",
            customer_id=reference(raw, "customer"),
            charge_id=reference(raw, "latest_charge"),
            charge=None if charge is None else _charge_of_intent(charge, status),
            client_secret=typed(raw, "client_secret", str),
            failure_code=typed(failure, "code", str),
            decline_code=typed(failure, "decline_code", str),
            livemode=raw.get("livemode") is True,
            created=read_time(raw),
            metadata=texts(raw, "metadata"),
            raw=raw,
        )

    @property
    def order_id(self) -> str | None:
        """The order it pays, from its metadata; None if none was given."""
        return self.metadata.get("order_id")


@attrs.frozen(eq=False)
class Payment(Discreet):
    """The result of a charge: one Customer and one Charge.

    Attributes:
        customer: The Customer who was charged.
        charge: The Charge, succeeded. `charge.captured` shows whether the money is
            taken or held.
        order_id: The order it pays, if one was given.
        replayed: This call charged nothing: it found the payment that an earlier call
            had made, or the buyer by authenticating. It does not mean that you have
            handled the payment before: hand over by `order_id`, once.
    """

    customer: Customer
    charge: Charge
    order_id: str | None = None
    replayed: bool = False


def _state(raw: Raw, status: str, *, captured: bool, back: bool) -> ChargeState:
    if status in ("failed", "pending"):
        return ChargeState(status)
    if captured:
        return ChargeState.REFUNDED if back else ChargeState.PAID
    intent = typed(raw, "payment_intent", dict) or {}
    return ChargeState.RELEASED if back or intent.get("status") == "canceled" else ChargeState.HELD


def _charge_of_intent(raw: Raw, status: str) -> Charge:
    charge = Charge.from_stripe(raw)
    if status == "canceled" and charge.state is ChargeState.HELD:
        return attrs.evolve(charge, state=ChargeState.RELEASED)
    return charge


def _kept(raw: Raw, amount: Money, captured: Money, refunded: Money) -> int:
    """Return what is left of the money taken.

    Before 2025-03-31.basil, what a partial capture released counts as refunded. Charges
    of those versions have a field `invoice`, which that version removed.
    """
    before = "invoice" in raw or "amount_captured" not in raw or refunded.minor > captured.minor
    return max(0, (amount if before else captured).minor - refunded.minor)


_BRANDS = {
    "american express": "amex",
    "diners club": "diners",
    "eftpos australia": "eftpos_au",
    "union pay": "unionpay",
}


def _brand(name: str | None) -> str | None:
    return None if name is None else _BRANDS.get(name.lower(), name.lower().replace(" ", "_"))


def _card_of(raw: Raw) -> Card | None:
    """Find the card of a Charge, where its API version put it.

    That is `card`, `source` or `payment_method_details`.
    """
    details = raw.get("payment_method_details")
    modern = details.get("card") if isinstance(details, Mapping) else None
    for legacy in (raw.get("source"), raw.get("card")):
        if isinstance(legacy, Mapping) and legacy.get("object", "card") == "card":
            return Card.from_stripe(legacy)
        if isinstance(legacy, Mapping) and isinstance(legacy.get("card"), Mapping):
            # A `src_...` object has a field of its own for its card.
            return attrs.evolve(Card.from_stripe(legacy["card"]), id=typed(legacy, "id", str))
    if isinstance(modern, Mapping):
        return attrs.evolve(Card.from_stripe(modern), id=reference(raw, "payment_method"))
    return None


def _wallet(raw: Raw) -> str | None:
    """Return the wallet of a card.

    A legacy object has it in `tokenization_method`, and Google Pay under its old name.
    """
    kind = typed(typed(raw, "wallet", dict) or {}, "type", str) or typed(
        raw, "tokenization_method", str
    )
    return "google_pay" if kind == "android_pay" else kind
