"""One schedule from beginning to end: buyers, faults, calm, the last calls, the checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from tokencharge import (
    AsyncPaymentGateway,
    CardDeclined,
    Money,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    Payment,
    PaymentGateway,
    TokenChargeError,
    TokenRejected,
)

from .baton import Task
from .buyers import GOOD, PRICE, Buyer, Sale, Shop
from .invariants import Record, Violation
from .weather import Crash
from .world import Call, Pause, World, finished, simulated_time

# Before Stripe forgets a key, and after; not when it may have forgotten some.
_NEXT_TIME = ((20 * 3600.0, 22 * 3600.0), (25 * 3600.0, 60 * 3600.0))
_FIVE_MINUTES = 300.0
LATE = 0.3
"""How many of the schedules go on a day later."""
_INDEX_LAG = 61.0


@attrs.frozen
class Failure:
    """A schedule after which an invariant does not hold."""

    seed: int
    reason: str
    route: str | None = None
    clerks: bool = False

    def __str__(self) -> str:
        route = f" --route {self.route}" if self.route else ""
        clerks = " --clerks" if self.clerks else ""
        options = f"--seed {self.seed}{route}{clerks} --verbose"
        return f"{self.reason}\n    python -m tests.simulation {options}"


def play(
    seed: int, trace: Callable[[str], None] | None = None, route: str | None = None
) -> Failure | None:
    """Play the schedule with this number, and check it."""
    world = World(seed, trace, route)
    try:
        with simulated_time(world):
            _play(world)
    except Exception as error:  # noqa: BLE001
        return Failure(seed, f"{type(error).__name__}: {error}", route)
    finally:
        world.close()
    return None


def _play(world: World) -> None:
    random = world.random
    shop = Shop(world)
    sales = [shop.sale(number) for number in range(1 if random.random() < 0.85 else 2)]
    for sale in sales:
        for number in range(random.randint(1, 4)):
            world.start(
                Buyer(shop, sale, f"{sale.order_id or 'token'}/{chr(ord('A') + number)}").act
            )
    world.run()
    Record(world).check()
    # Only of who says when it began, or of a known Customer, does the promise outlive
    # Stripe's memory of its keys.
    world.is_late = all(sale.order_id is not None for sale in sales) and random.random() < LATE
    if world.is_late:
        later = random.uniform(*random.choice(_NEXT_TIME))
        world.now += later
        world.weather.change()
        world.note("%.1f hours pass", later / 3600)
        for sale in sales:
            for number in range(random.randint(1, 3)):
                world.start(
                    Buyer(shop, sale, f"{sale.order_id}/{chr(ord('R') + number)}", late=True).act
                )
        world.run()
        Record(world).check()
    world.weather.clear_up()
    world.now += _FIVE_MINUTES
    world.note("the weather clears up, and %.0f s pass", _FIVE_MINUTES)
    for sale in sales:
        world.start(Closing(shop, sale).act)
        world.run()
    Record(world).check()


class Closing:
    """The last calls for a sale, once nothing goes wrong any more."""

    def __init__(self, shop: Shop, sale: Sale) -> None:
        self._shop = shop
        self._sale = sale
        self._gateway = shop.world.gateway()

    def act(self) -> None:
        """Call again whoever does not know, then with a good card.

        Then see whether `find` tells the truth.

        Raises:
            Violation: The last call does not end in a Payment, or `find` does not tell the truth.
        """
        sale = self._sale
        for purchase in [sale.order_id] if sale.order_id else dict.fromkeys(sale.tokens):
            calls = self._record().of(purchase)
            if sale.order_id is None:
                # There is no other card for a token: each call that was made is made
                # again, then for the right amount.
                last = [self._call(call.args, call.gateway) for call in calls]
                if not self._record().paid(purchase):
                    last += [
                        self._call({**call.args, "amount": PRICE}, call.gateway) for call in calls
                    ]
                self._check_last(purchase, last)
                continue
            for call in calls:
                if isinstance(call.outcome, (Crash, OutcomeUnknown)):
                    self._call(call.args, call.gateway)
            if calls:
                self._check_repeated(purchase)
                self._let_go(purchase)
                self._check_closing(purchase, calls[0].args)

    def _check_closing(self, purchase: str, args: dict[str, Any]) -> None:
        """Pay with a good card, whatever came before.

        A payment there is already is left as it is.
        """
        sale, before = self._sale, self._holdings(purchase)
        closing = self._call(self._with_good_card(args))
        conflict = closing.outcome
        if isinstance(conflict, OrderConflict) and conflict.payment_intent_id and not sale.capture:
            # An order begun to hold another amount, or for another Customer, holds
            # that, or nothing.
            begun = self._shop.world.ask_stripe(
                "GET", f"/v1/payment_intents/{conflict.payment_intent_id}"
            )
            again = {**self._with_good_card(closing.args), "amount": Money(begun["amount"], "usd")}
            closing = self._call(again)
        self._check_last(purchase, [closing])
        if "token" in closing.args and before not in (None, self._holdings(purchase)):
            raise Violation(
                f"(8) {purchase} was paid, and {before} became {self._holdings(purchase)}"
            )
        self._check_find(purchase)

    def _check_repeated(self, purchase: str) -> None:
        """See whether a card that was declined is told as declined again."""
        record = self._record()
        intents = {
            call.outcome.payment_intent_id
            for call in record.of(purchase)
            if isinstance(call.outcome, TokenChargeError)
        }
        for call in record.of(purchase)[-1:]:
            if (
                not isinstance(call.outcome, CardDeclined)
                or len(record.made_for(purchase)) != 1
                or len(intents) > 1
            ):
                continue
            again = self._call(call.args, call.gateway)
            if isinstance(again.outcome, TokenRejected):
                raise Violation(
                    f"(9) {call.buyer} was told {call.outcome!r}, then {again.outcome!r}"
                )

    def _let_go(self, purchase: str) -> None:
        """Let go of what is held, as shops do."""
        world = self._shop.world
        for charge in self._record().paid(purchase):
            if not charge.captured and world.random.random() < 0.5:
                world.release(charge)

    def _holdings(self, purchase: str) -> object:
        """Return what a shop has of the Customer of an order that is paid: e-mail and cards."""
        paid = self._record().paid(purchase)
        if not paid:
            return None
        world, customer = self._shop.world, paid[0].customer_id
        cards = world.ask_stripe("GET", f"/v1/customers/{customer}/payment_methods")["data"]
        return world.ask_stripe("GET", f"/v1/customers/{customer}")["email"], [
            card["id"] for card in cards
        ]

    def _with_good_card(self, args: dict[str, Any]) -> dict[str, Any]:
        sale = self._sale
        paid = self._record().paid(args["order_id"])
        changed = {**args, "amount": paid[0].amount if paid else PRICE}
        if paid and "token" in args:
            changed["email"] = "someone.else@example.com"
        if "token" not in args:
            return {**changed, "card": self._shop.save_card(sale, GOOD)}
        return {**changed, "token": self._shop.mint(GOOD)}

    def _check_last(self, purchase: str, calls: list[Call]) -> None:
        record = self._record()
        let_go = {charge.id for charge in record.paid(purchase)} & self._shop.world.let_go
        told = [call.outcome for call in calls]
        if let_go and [OrderConflict] == [type(outcome) for outcome in told]:
            return
        if any(isinstance(outcome, Payment) for outcome in told) and not let_go:
            return
        if record.paid(purchase) or not self._may_fail(record.of(purchase)):
            raise Violation(
                f"(4) {purchase} ends in {[call.outcome for call in calls]}, not in a Payment"
            )

    def _may_fail(self, calls: list[Call]) -> bool:
        """Tell whether a purchase may be left unpaid."""
        # Stripe repeats a 5xx it saved, for a day, and the charge may yet show.
        if any({"/v1/charges", "/v1/payment_intents"} & {*call.saved_5xx} for call in calls):
            return True
        if self._sale.order_id is None:
            # A token is good for one purchase, and what is said about it is part of that.
            if len({(call.gateway.settings.route, *call.args.items()) for call in calls}) > 1:
                return True
            # It is good for one request, which may have been declined, or answered with
            # a saved 5xx.
            spent = any(call.declined_by_fault or call.saved_5xx for call in calls)
            return spent or not self._shop.is_good(calls[0].purchase)
        # What is to be held for one Customer is held for that one, or not at all.
        last = calls[-1].outcome
        if (
            self._sale.kind == "mixed"
            and isinstance(last, OrderConflict)
            and last.payment_intent_id
        ):
            return True
        # A refusal that was told again is noted for an hour, where nobody knows how old
        # the order is.
        if (
            self._shop.world.is_late
            and self._sale.customer is not None
            and isinstance(last, OrderInProgress)
        ):
            return True
        # So it does on the customer step, to whoever gives the first e-mail; nobody
        # else has a way to the Customer.
        lost = any("/v1/customers" in call.saved_5xx for call in calls)
        return lost and isinstance(last, OrderInProgress) and last.step == "customer"

    def _check_find(self, order_id: str) -> None:
        paid = self._record().paid(order_id)
        customer = paid[0].customer_id if paid else self._sale.customer
        for known in (customer, None) if customer else (None,):
            Task.current().about = Call("closing", order_id, {}, None, self._gateway)
            if known is None:
                Task.current().ask(Pause(_INDEX_LAG))
            found = finished(self._gateway.find(order_id, customer=known))
            there = [charge.id for charge in paid if charge.id not in self._shop.world.let_go]
            if (found and found.charge.id) != (there[0] if there else None):
                raise Violation(f"(4) find({known}) says {found}; the record says {paid}")

    def _call(
        self, args: dict[str, Any], gateway: PaymentGateway | AsyncPaymentGateway | None = None
    ) -> Call:
        sale, known = self._sale, args.get("customer") is not None and self._sale.kind != "mixed"
        began = {"began": sale.began} if self._shop.world.is_late and not known else {}
        return self._shop.call("closing", gateway or self._gateway, sale, {**args, **began})

    def _record(self) -> Record:
        return Record(self._shop.world)
