"""What must hold after every schedule, by the sandbox's own record of what happened."""

from __future__ import annotations

from collections.abc import Iterator

from tokencharge import (
    AuthenticationFailed,
    AuthenticationRequired,
    CardDeclined,
    Charge,
    GatewayUnavailable,
    InvalidRequest,
    OrderConflict,
    OrderInProgress,
    Payment,
    RateLimited,
    TokenChargeError,
    TokenRejected,
)

from .weather import Crash
from .world import Call, World

_NOTHING_CHARGED = (
    AuthenticationFailed,
    AuthenticationRequired,
    CardDeclined,
    GatewayUnavailable,
    InvalidRequest,
    OrderConflict,
    OrderInProgress,
    RateLimited,
    TokenRejected,
)


class Violation(Exception):
    """An invariant does not hold."""


class Record:
    """What really happened: the sandbox's charges, and which call's requests made them."""

    def __init__(self, world: World) -> None:
        self.calls = world.calls
        self._world = world
        self.charges = {charge.id: charge for charge in world.sandbox.charges}

    def paid(self, purchase: str) -> list[Charge]:
        """Return the charges that took or hold money for a purchase."""
        made = [name for call in self.of(purchase) for name in (*call.charges, *call.authenticated)]
        return [self.charges[name] for name in made if self.charges[name].status != "failed"]

    def paid_by(self, call: Call) -> list[Charge]:
        """Return those among them that this call's requests made."""
        made = (self.charges[name] for name in call.charges)
        return [charge for charge in made if charge.status != "failed"]

    def made_for(self, purchase: str) -> set[str]:
        """Return the Charges and intents that were made for a purchase.

        An intent's Charges are part of it.
        """
        made = [self.charges[name] for call in self.of(purchase) for name in call.charges]
        return {charge.payment_intent_id or charge.id for charge in made}

    def of(self, purchase: str) -> list[Call]:
        """Return the calls for a purchase."""
        return [call for call in self.calls if call.purchase == purchase]

    def check(self) -> None:
        """Check what holds at any time.

        Raises:
            Violation: It does not.
        """
        for wrong in self._wrong():
            raise Violation(wrong)

    def _wrong(self) -> Iterator[str]:
        for purchase in dict.fromkeys(call.purchase for call in self.calls):
            paid = self.paid(purchase)
            if len(paid) > 1:
                ids = [charge.id for charge in paid]
                yield f"(1) {purchase} was charged {len(paid)} times: {ids}"
            customers = [customer for call in self.of(purchase) for customer in call.customers]
            if len(customers) > 1 and not self._world.is_late:
                yield f"(6) {purchase} has {len(customers)} customers: {customers}"
        for call in self.calls:
            yield from self._wrong_of(call)

    def _wrong_of(self, call: Call) -> Iterator[str]:
        outcome = call.outcome
        for charge in self.paid_by(call):
            if call.card is not None and not self._is_given(call, charge):
                yield f"(5) {call.buyer} gave {call.card}, and {charge.id} charged {charge.card}"
            if call.args.get("shipping") not in (None, charge.shipping):
                yield f"(10) {call.buyer} charged {charge.id}, which goes to somebody else"
        if isinstance(outcome, Payment):
            yield from self._wrong_payment(call, outcome)
        elif isinstance(outcome, _NOTHING_CHARGED) and (paid := self._paid_unknown_to(call)):
            yield f"(3) {call.buyer} was told {outcome!r}, and was charged {paid} by that call"
        elif not isinstance(outcome, (TokenChargeError, Crash)):
            yield f"(7) {call.buyer} saw {outcome!r}"
        if isinstance(outcome, OrderConflict) and outcome.charge_id is not None:
            other = self.charges.get(outcome.charge_id)
            told_why = call.args.get("order_id") is None or outcome.charge_id in self._world.let_go
            if (
                other is None
                or other.status == "failed"
                or (other.amount == call.args["amount"] and not told_why)
            ):
                yield f"(3) {call.buyer} was told {outcome!r}, and the charge is {other}"

    def _paid_unknown_to(self, call: Call) -> list[str]:
        """Return the Charges of a call that was told that it charged nothing.

        "In progress" is said of the order: one copy of a request was answered that the
        key is in use, and the network may deliver the other one at any time. So what
        that one charges is left out.
        """
        paid = [charge.id for charge in self.paid_by(call)]
        if isinstance(call.outcome, OrderInProgress):
            return [name for name in paid if name not in call.charges_of_copies]
        return paid

    def _is_given(self, call: Call, charge: Charge) -> bool:
        """Tell whether a charge took the card that was given."""
        charged = charge.card.id if charge.card else None
        return charged is not None and call.card in (charged, self._world.card_of.get(charged))

    def _wrong_payment(self, call: Call, payment: Payment) -> Iterator[str]:
        told, real = payment.charge, self.charges.get(payment.charge.id)
        if real is None or real not in self.paid(call.purchase):
            yield f"(2) {call.buyer} was given {told.id}, which is no payment of {call.purchase}"
            return
        if real.id in call.let_go_before:
            yield f"(2) {call.buyer} was given {told.id}, which was let go before"
        if (told.status, told.amount, real.amount) != (
            real.status,
            call.args["amount"],
            call.args["amount"],
        ):
            yield (
                f"(2) {call.buyer} was given {told.status} {told.amount}; "
                f"the charge is {real.status} {real.amount}"
            )
        if not told.customer_id == payment.customer.id == real.customer_id:
            yield (
                f"(2) {call.buyer} was given {payment.customer.id}; "
                f"the charge is of {real.customer_id}"
            )
        if payment.order_id != call.args.get("order_id"):
            yield f"(2) {call.buyer} was given order {payment.order_id}"
        if call.smooth and payment.replayed == (real.id in call.charges):
            yield (
                f"(2) {call.buyer} was given {told.id} with replayed={payment.replayed}, "
                f"made by {call.charges}"
            )
