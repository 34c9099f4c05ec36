"""One schedule from beginning to end: buyers, faults, calm, the last calls, the checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from tokencharge import (
    AsyncPaymentGateway,
    Money,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    Payment,
    PaymentGateway,
)

from .baton import Task
from .buyers import GOOD, PRICE, Buyer, Sale, Shop
from .invariants import Record, Violation
from .weather import Crash
from .world import Call, Pause, World, finished, simulated_time

_DAY = 24 * 3600.0
_FIVE_MINUTES = 300.0
_INDEX_LAG = 61.0


@attrs.frozen
class Failure:
    """A schedule after which an invariant does not hold."""

    seed: int
    reason: str
    route: str | None = None

    def __str__(self) -> str:
        route = f" --route {self.route}" if self.route else ""
        return f"{self.reason}\n    python -m tests.simulation --seed {self.seed}{route} --verbose"


def play(seed: int, trace: Callable[[str], None] | None = None, route: str | None = None) -> Failure | None:
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
            world.start(Buyer(shop, sale, f"{sale.order_id or 'token'}/{chr(ord('A') + number)}").act)
    world.run()
    Record(world).check()
    # Only of a known Customer does the promise outlive Stripe's memory of its keys: what was paid is found in a list.
    for_long = all(sale.kind in ("saved_card", "order_of_customer") for sale in sales) and random.random() < 0.4
    later = _DAY + random.random() * _DAY if for_long else _FIVE_MINUTES
    world.weather.clear_up()
    world.now += later
    world.note("the weather clears up, and %.0f s pass", later)
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
        """Call again whoever does not know, then with a good card; then see whether `find` tells the truth.

        Raises:
            Violation: The last call does not end in a Payment, or `find` does not tell the truth.
        """
        sale = self._sale
        for purchase in [sale.order_id] if sale.order_id else dict.fromkeys(sale.tokens):
            calls = self._record().of(purchase)
            if sale.order_id is None:
                # There is no other card for a token: each call that was made is made again, then for the right amount.
                last = [self._call(call.args, call.gateway) for call in calls]
                if not self._record().paid(purchase):
                    last += [self._call({**call.args, "amount": PRICE}, call.gateway) for call in calls]
                self._check_last(purchase, last)
                continue
            for call in calls:
                if isinstance(call.outcome, (Crash, OutcomeUnknown)):
                    self._call(call.args, call.gateway)
            if calls and sale.kind != "mixed":
                closing = self._call(self._with_good_card(calls[0].args))
                conflict = closing.outcome
                if isinstance(conflict, OrderConflict) and conflict.payment_intent_id and not sale.capture:
                    # An order begun to hold another amount holds that, or nothing.
                    begun = self._shop.world.ask_stripe("GET", f"/v1/payment_intents/{conflict.payment_intent_id}")
                    closing = self._call(
                        {**self._with_good_card(closing.args), "amount": Money(begun["amount"], "usd")}
                    )
                self._check_last(purchase, [closing])
                self._check_find(purchase)

    def _with_good_card(self, args: dict[str, Any]) -> dict[str, Any]:
        sale = self._sale
        paid = self._record().paid(args["order_id"])
        changed = {**args, "amount": paid[0].amount if paid else PRICE}
        if sale.kind == "saved_card":
            return {**changed, "card": self._shop.save_card(sale, GOOD)}
        return {**changed, "token": self._shop.mint(GOOD)}

    def _check_last(self, purchase: str, calls: list[Call]) -> None:
        record = self._record()
        if any(isinstance(call.outcome, Payment) for call in calls):
            return
        if record.paid(purchase) or not self._may_fail(record.of(purchase)):
            raise Violation(f"(4) {purchase} ends in {[call.outcome for call in calls]}, not in a Payment")

    def _may_fail(self, calls: list[Call]) -> bool:
        """Tell whether a purchase may be left unpaid."""
        # Stripe repeats a 5xx it saved, for a day, and the charge may yet show.
        if any({"/v1/charges", "/v1/payment_intents"} & {*call.saved_5xx} for call in calls):
            return True
        if self._sale.order_id is None:
            # A token is good for one request, and that one may have been declined, or answered with a saved 5xx.
            spent = any(call.declined_by_fault or call.saved_5xx for call in calls)
            return spent or not self._shop.is_good(calls[0].purchase)
        # So it does on the customer step, to whoever gives the first e-mail; nobody else has a way to the Customer.
        lost = any("/v1/customers" in call.saved_5xx for call in calls)
        last = calls[-1].outcome
        return lost and isinstance(last, OrderInProgress) and last.step == "customer"

    def _check_find(self, order_id: str) -> None:
        paid = self._record().paid(order_id)
        customer = paid[0].customer_id if paid else self._sale.customer
        for known in (customer, None) if customer else (None,):
            Task.current().about = Call("closing", order_id, {}, None, self._gateway)
            if known is None:
                Task.current().ask(Pause(_INDEX_LAG))
            found = finished(self._gateway.find(order_id, customer=known))
            if (found and found.charge.id) != (paid[0].id if paid else None):
                raise Violation(f"(4) find({known}) says {found}; the record says {paid}")

    def _call(self, args: dict[str, Any], gateway: PaymentGateway | AsyncPaymentGateway | None = None) -> Call:
        return self._shop.call("closing", gateway or self._gateway, self._sale, dict(args))

    def _record(self) -> Record:
        return Record(self._shop.world)
