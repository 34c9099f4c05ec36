"""What a purchase has made so far, by slot, on either route and for any Customer.

A slot is a number in the idempotency key of the request that makes a Charge or a
PaymentIntent. The first call to use a slot's key decides what the slot is for; Stripe
refuses all others. The next slot is used only once this one is spent:

    free      nothing is known to have been made under its key
    open      an intent that still takes a card
    spent     a declined Charge, a canceled intent, or a refusal that left only our note
    paid      money was taken or is held, or may still be without another request
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from itertools import count

import attrs

from .. import _checks as check
from ..results import Charge, ChargeState, PaymentIntent
from .purchase import Purchase

Made = Charge | PaymentIntent
"""What a slot's key can make."""


class State(IntEnum):
    """The state of a slot, by what its key made; of two, the greater counts."""

    SPENT = 1
    OPEN = 2
    PAID = 3


_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def state(made: Made) -> State:
    """Return the state that a Charge or an intent gives to its slot.

    A hold that was released counts as paid: its slot is not used again.
    """
    if isinstance(made, Charge):
        return State.SPENT if made.status == "failed" else State.PAID
    if made.status == "canceled":
        return (
            State.PAID
            if made.charge is not None and made.charge.status == "succeeded"
            else State.SPENT
        )
    return State.OPEN if made.status in _OPEN else State.PAID


def was_let_go(made: Made) -> bool:
    """Tell whether this held money once, and no longer does."""
    if isinstance(made, Charge):
        return made.state is ChargeState.RELEASED
    return made.status == "canceled" and state(made) is State.PAID


def goes_on(intent: PaymentIntent, purchase: Purchase, customer_id: str, card: str | None) -> bool:
    """Tell whether an open intent is to take this purchase's card; else cancel it.

    An intent of another Customer that is to hold money cannot be canceled. It takes a
    card that belongs to no Customer.
    """
    is_nobodys = purchase.token is not None and (card is None or check.is_for_intents(card))
    same_customer = intent.customer_id == customer_id or (not purchase.capture and is_nobodys)
    return (intent.amount, intent.capture) == (purchase.amount, purchase.capture) and same_customer


@attrs.define
class Slots:
    """What is known of the slots of a purchase; it only grows.

    Attributes:
        digest: The purchase's digest.
        spent: Slots known to be spent, whatever was recorded of them.
    """

    digest: str
    spent: set[int] = attrs.field(factory=set[int])
    _seen: dict[int, dict[str, Made]] = attrs.field(factory=dict[int, dict[str, Made]])

    def see(self, made: Iterable[Made]) -> None:
        """Record what belongs to this purchase, as it is now.

        A declined Charge of an intent is left out: the intent says more, and still
        takes another card. So is any Charge whose intent is recorded.
        """
        for each in made:
            owner, _, rest = each.metadata.get(check.RESERVED_METADATA, "").partition("/")
            slot = rest.partition("/")[0]
            if owner != self.digest or not slot.isdecimal():
                continue
            here = self._seen.setdefault(int(slot), {})
            if isinstance(each, PaymentIntent):
                here[each.id] = each
                if each.charge_id is not None:
                    here.pop(each.charge_id, None)
            elif each.payment_intent_id is None or (
                each.status != "failed" and each.payment_intent_id not in here
            ):
                here[each.id] = each

    @property
    def end(self) -> Made | None:
        """What has paid or is about to pay: nothing more may be charged."""
        return next((each for each in self._all() if state(each) is State.PAID), None)

    @property
    def last(self) -> Made | None:
        """The Charge or intent that was made last."""
        return max(
            self._all(),
            key=lambda each: each.created.timestamp() if each.created else 0.0,
            default=None,
        )

    @property
    def opens(self) -> list[PaymentIntent]:
        """The open intents, in order of their slots."""
        return [
            each
            for each in self._all()
            if isinstance(each, PaymentIntent) and state(each) is State.OPEN
        ]

    @property
    def has_intents(self) -> bool:
        """Whether the purchase has an intent, even one that was canceled."""
        return any(isinstance(each, PaymentIntent) for each in self._all())

    def _all(self) -> list[Made]:
        return [each for _, here in sorted(self._seen.items()) for each in here.values()]

    def has(self, slot: int) -> bool:
        """Tell whether anything was recorded of a slot."""
        return bool(self._seen.get(slot))

    def open(self, slot: int) -> PaymentIntent | None:
        """Return the intent of a slot that still takes a card."""
        here = self._seen.get(slot, {}).values()
        return next(
            (
                each
                for each in here
                if isinstance(each, PaymentIntent) and state(each) is State.OPEN
            ),
            None,
        )

    def declined(self, slot: int) -> Charge | None:
        """Return the declined Charge of a slot, if nothing else was recorded of it."""
        here = [*self._seen.get(slot, {}).values()]
        return (
            here[0]
            if len(here) == 1 and isinstance(here[0], Charge) and here[0].status == "failed"
            else None
        )

    def next(self, purchase: Purchase, card: str | None) -> int:
        """Return the first slot that is not spent.

        A slot that this same call declined counts as not spent: its decline is
        repeated, and the card is not tried again.
        """
        return next(slot for slot in count() if not self._is_spent(slot, purchase, card))

    def _is_spent(self, slot: int, purchase: Purchase, card: str | None) -> bool:
        here = self._seen.get(slot, {}).values()
        if slot in self.spent or not here:
            return slot in self.spent
        if any(state(each) is not State.SPENT for each in here):
            return False
        return not any(_is_own(each, purchase, card) for each in here)


def _is_own(made: Made, purchase: Purchase, card: str | None) -> bool:
    """Tell whether a declined Charge was made by this same call.

    Then Stripe would repeat it.
    """
    if (
        isinstance(made, PaymentIntent)
        or purchase.by_intent
        or not purchase.is_recent(made.created)
    ):
        return False
    if (
        purchase.is_named_try
        and made.metadata.get(check.RESERVED_METADATA, "").rpartition("/")[2] != purchase.payer
    ):
        return False
    return (
        card is not None
        and made.card is not None
        and made.card.id == card
        and made.amount == purchase.amount
    )
