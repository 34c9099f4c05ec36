"""What the sandbox shows of its account: the record that tests judge by."""

from __future__ import annotations

from .. import Event
from ..results import Charge, Customer, Refund
from .language.wire import JSON
from .service.engine import Arrival, Engine
from .state.account import Account


class Views:
    """The account's objects, typed, as they are now."""

    def __init__(self, account: Account, engine: Engine) -> None:
        self._account = account
        self._engine = engine

    @property
    def charges(self) -> list[Charge]:
        """All Charges, failed ones too, oldest first."""
        return [Charge.from_stripe(each) for each in self._all("charge")]

    @property
    def customers(self) -> list[Customer]:
        """All Customers, stubs of deleted ones too, oldest first."""
        return [Customer.from_stripe(each) for each in self._all("customer")]

    @property
    def refunds(self) -> list[Refund]:
        """All Refunds, oldest first."""
        return [Refund.from_stripe(each) for each in self._all("refund")]

    @property
    def payment_intents(self) -> list[JSON]:
        """All PaymentIntents as Stripe shows them, oldest first."""
        return [dict(each) for each in self._all("payment_intent")]

    @property
    def events(self) -> list[Event]:
        """What happened, oldest first; the newest 10,000 events."""
        return [Event.from_stripe(each.event()) for each in self._engine.happenings()[1]]

    @property
    def requests(self) -> list[Arrival]:
        """Every request that arrived, oldest first."""
        with self._engine.lock:
            return list(self._engine.arrivals)

    def _all(self, kind: str) -> list[JSON]:
        with self._engine.lock:
            self._account.settle()
            return list(self._account.objects[kind].values())
