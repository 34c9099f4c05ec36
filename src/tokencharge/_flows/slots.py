"""What a purchase has made so far, slot by slot, on either route and for whichever Customer.

A slot is a number in the idempotency key of the request that makes a Charge or a PaymentIntent. The first call to use
a slot's key decides what the slot is for; Stripe refuses all others. The next slot is used only once this one is spent:

    free      nothing was made under its key, as far as anybody knows
    open      an intent that still takes a card
    spent     a declined Charge, a canceled intent, or a refusal that left nothing behind but our note
    paid      money was taken or is held, or may yet be without anyone's doing
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
    """What becomes of a slot, by what was made under its key; of two, the greater counts."""

    SPENT = 1
    OPEN = 2
    PAID = 3


_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def state(made: Made) -> State:
    """Tell what a Charge or an intent makes of its slot. A hold that was let go did pay: it is no slot to use again."""
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
    """Tell whether this held money once, and holds it no longer."""
    if isinstance(made, Charge):
        return made.state is ChargeState.RELEASED
    return made.status == "canceled" and state(made) is State.PAID


def goes_on(intent: PaymentIntent, purchase: Purchase, customer_id: str, card: str | None) -> bool:
    """Tell whether an open intent is to take this purchase's card; else it is given up.

    One of another Customer's that is to hold money cannot be given up, and takes a card that is nobody's.
    """
    is_nobodys = purchase.token is not None and (card is None or check.is_for_intents(card))
    same_customer = intent.customer_id == customer_id or (not purchase.capture and is_nobodys)
    return (intent.amount, intent.capture) == (purchase.amount, purchase.capture) and same_customer


@attrs.define
class Slots:
    """What is known of the slots of a purchase; it only grows.

    Attributes:
        digest: The purchase's.
        spent: Slots known to be spent, whatever was seen of them.
    """

    digest: str
    spent: set[int] = attrs.field(factory=set[int])
    _seen: dict[int, dict[str, Made]] = attrs.field(factory=dict[int, dict[str, Made]])

    def see(self, made: Iterable[Made]) -> None:
        """Take note of what is this purchase's, as it is now.

        A declined Charge of an intent is left out: the intent tells more, and takes another card yet. So is any
        Charge whose intent was seen.
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
        """What has paid the purchase, or is about to: nothing more may be charged for it."""
        return next((each for each in self._all() if state(each) is State.PAID), None)

    @property
    def last(self) -> Made | None:
        """What was made last."""
        return max(
            self._all(),
            key=lambda each: each.created.timestamp() if each.created else 0.0,
            default=None,
        )

    @property
    def opens(self) -> list[PaymentIntent]:
        """The open intents, by slot."""
        return [
            each
            for each in self._all()
            if isinstance(each, PaymentIntent) and state(each) is State.OPEN
        ]

    @property
    def has_intents(self) -> bool:
        """Whether an intent was made for the purchase, be it one that was given up."""
        return any(isinstance(each, PaymentIntent) for each in self._all())

    def _all(self) -> list[Made]:
        return [each for _, here in sorted(self._seen.items()) for each in here.values()]

    def has(self, slot: int) -> bool:
        """Tell whether anything was seen of a slot."""
        return bool(self._seen.get(slot))

    def open(self, slot: int) -> PaymentIntent | None:
        """Return the intent of a slot that takes another card."""
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
        """Return the declined Charge of a slot, where nothing else was seen of it."""
        here = [*self._seen.get(slot, {}).values()]
        return (
            here[0]
            if len(here) == 1 and isinstance(here[0], Charge) and here[0].status == "failed"
            else None
        )

    def next(self, purchase: Purchase, card: str | None) -> int:
        """Return the first slot that is not spent; this very call's own decline is to be repeated, not tried again."""
        return next(slot for slot in count() if not self._is_spent(slot, purchase, card))

    def _is_spent(self, slot: int, purchase: Purchase, card: str | None) -> bool:
        here = self._seen.get(slot, {}).values()
        if slot in self.spent or not here:
            return slot in self.spent
        if any(state(each) is not State.SPENT for each in here):
            return False
        return not any(_is_own(each, purchase, card) for each in here)


def _is_own(made: Made, purchase: Purchase, card: str | None) -> bool:
    """Tell whether a declined Charge is what this very call made, and Stripe would repeat."""
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
