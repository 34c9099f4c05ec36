"""Flows that are broken on purpose.

The simulation must catch each, or it proves nothing about the real one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from typing import Any
from unittest import mock

import attrs
import stripe

from tokencharge import (
    CardDeclined,
    Charge,
    Customer,
    GatewayUnavailable,
    OutcomeUnknown,
    Payment,
    PaymentIntent,
    TokenChargeError,
)
from tokencharge._flows import Call, Flow, Purchase
from tokencharge._flows.calls import ask
from tokencharge._flows.purchase import digest
from tokencharge._stripe import channel, translate

from . import buyers, schedule
from .weather import Weather

_serial = itertools.count()
_key = Purchase.key
_charge_call = Purchase.charge_call
_intent_call = Purchase.intent_call
_confirm_call = Purchase.confirm_call
# The package's own `charge` is the function.
_charge = import_module("tokencharge._flows.charge")
_looking = import_module("tokencharge._flows.looking")
_manage = import_module("tokencharge._flows.manage")
_moving = import_module("tokencharge._flows.moving")
_payment = import_module("tokencharge._flows.payment")
_settle = import_module("tokencharge._flows.settle")
_slots = import_module("tokencharge._flows.slots")
_listed = _looking.listed
_customer_of = _charge.customer_of
_payment_of = _settle.payment_of
_translate = translate.translate


@attrs.frozen
class Broken:
    """A flow that is broken, and what brings it to light.

    Attributes:
        patches: What is replaced by what, as (where, name, replacement).
        faults: The only faults there are, if any are named.
        late: Every schedule goes on a day later, with a card that is saved.
        route: Of every schedule, where only that one is broken; drawn for each if None.
    """

    patches: list[tuple[object, str, object]]
    faults: tuple[str, ...] = ()
    late: bool = False
    route: str | None = None


def _no_customer_key(self: Purchase, step: str) -> str:
    return f"{next(_serial)}" if step == "customer" else _key(self, step)


def _email_in_customer_key(self: Purchase, step: str) -> str:
    return _key(self, step) + (digest(self.email or "") if step == "customer" else "")


def _card_in_charge_key(self: Purchase, step: str) -> str:
    return _key(self, step) + (
        digest(self.token or "", self.card or "") if step.startswith("charge-") else ""
    )


def _try_in_charge_key(self: Purchase, step: str) -> str:
    return _key(self, step) + (
        self.payer if step.startswith("charge-") and self.is_named_try else ""
    )


def _not_corrected(self: Purchase, intent: str, method: str | None, slot: int) -> Call:
    call = _confirm_call(self, intent, method, slot)
    return attrs.evolve(
        call, params={name: each for name, each in call.params.items() if name != "shipping"}
    )


def _slot_zero(
    self: Purchase, customer: str, card: str | None, slot: int, *, expand_customer: bool
) -> Call:
    return _charge_call(self, customer, card, 0, expand_customer=expand_customer)


def _default_card(
    self: Purchase, customer: str, card: str | None, slot: int, *, expand_customer: bool
) -> Call:
    return _charge_call(self, customer, None, slot, expand_customer=expand_customer)


def _one_key(
    purchase: Purchase, customer: Customer | str, card: str | None, slots: Any
) -> Flow[Payment]:
    name = customer if isinstance(customer, str) else customer.id
    reader: Callable[[Any], Any]
    if purchase.by_intent:
        call, reader = purchase.intent_call(name, card, 0), PaymentIntent.from_stripe
    else:
        call, reader = purchase.charge_call(name, card, 0, expand_customer=True), Charge.from_stripe
    made, answer = yield from ask(call, reader)
    payment: Payment = yield from _payment_of(purchase, customer, made, found=answer.found)
    return payment


def _unknown_is_declined(
    error: stripe.StripeError, call: Call, *, in_doubt: bool, **_: Any
) -> TokenChargeError:
    told = _translate(error, call, in_doubt=in_doubt)
    return CardDeclined(told.message) if isinstance(told, OutcomeUnknown) else told


def _unanswered_is_unsent(
    error: stripe.StripeError, call: Call, *, in_doubt: bool, **_: Any
) -> TokenChargeError:
    told = _translate(error, call, in_doubt=in_doubt)
    return GatewayUnavailable(told.message) if told.http_status is None else told


def _last_try_only(
    error: stripe.StripeError, call: Call, *, in_doubt: bool, **_: Any
) -> TokenChargeError:
    return _translate(error, call, in_doubt=False)


def _noted_at_once(
    purchase: Purchase, customer: str, slot: int, refusal: TokenChargeError, *, first: bool
) -> Flow[Any]:
    yield from _looking.note_refused(purchase, customer, slot, first=True)
    raise refusal


def _never_noted(
    purchase: Purchase, customer: str, slot: int, refusal: TokenChargeError, *, first: bool
) -> Flow[Any]:
    yield from ()


def _every_slot(purchase: Purchase, customer: Customer) -> set[int]:
    return set(range(50))


def _undated(purchase: Purchase, customer: Customer) -> set[int]:
    return set(_looking._notes(purchase, customer))


def _not_listed(left_out: Any) -> Callable[..., Flow[list[Any]]]:
    def listed(kind: Any, *about: Any) -> Flow[list[Any]]:
        return [] if kind is left_out else (yield from _listed(kind, *about))

    return listed


def _any_amount(
    purchase: Purchase, customer: Customer | str, made: Any, *, found: bool
) -> Flow[Payment]:
    whatever = attrs.evolve(purchase, amount=made.amount)
    payment: Payment = yield from _payment_of(whatever, customer, made, found=found)
    return payment


def _intent_of_card(self: Purchase, customer: str, method: str | None, slot: int) -> Call:
    call = _intent_call(self, customer, method, slot)
    return attrs.evolve(call, key=f"{call.key}-{digest(self.token or '', self.card or '')}")


def _intent_key(self: Purchase, customer: str, method: str | None, slot: int) -> Call:
    return attrs.evolve(_intent_call(self, customer, method, slot), key=self.key(f"intent-{slot}"))


def _not_canceled(intent: PaymentIntent, purchase: Purchase) -> Flow[PaymentIntent]:
    yield from ()
    return attrs.evolve(intent, status="canceled", charge=None)


def _repeated_is_news(call: Call, reader: Callable[[Any], Any]) -> Flow[Any]:
    value, answer = yield from ask(call, reader)
    return value, attrs.evolve(answer, replayed=False)


def _never_begun(purchase: Purchase, slots: Any) -> Flow[tuple[Customer, bool]]:
    customer, _ = yield from _customer_of(purchase, slots)
    return customer, False


def _nothing_elsewhere(purchase: Purchase, customer_id: str, slots: Any) -> Flow[None]:
    yield from ()


def _always(value: object) -> Callable[..., object]:
    return lambda *args: value


FLOWS = {
    "no key on the customer step": Broken([(Purchase, "key", _no_customer_key)]),
    "the e-mail in the key of the customer step": Broken(
        [(Purchase, "key", _email_in_customer_key)]
    ),
    "the card in the key of the charge": Broken([(Purchase, "key", _card_in_charge_key)]),
    "the try of a saved card in the key of the charge": Broken(
        [(Purchase, "key", _try_in_charge_key)]
    ),
    "who it is shipped to not corrected": Broken([(Purchase, "confirm_call", _not_corrected)]),
    "key not rotated after a decline": Broken([(Purchase, "charge_call", _slot_zero)]),
    "retry after a decline with the same key": Broken([(_charge, "settle", _one_key)]),
    "the customer's default card charged": Broken([(Purchase, "charge_call", _default_card)]),
    "unknown reported as declined": Broken([(channel, "translate", _unknown_is_declined)]),
    "a lost answer taken for a lost request": Broken(
        [(channel, "translate", _unanswered_is_unsent)]
    ),
    "only the last try of a call remembered": Broken(
        [(channel, "translate", _last_try_only)],
        ("lose_answer", "rate_limit", "key_in_use", "refuse_connection"),
    ),
    "a refusal without a charge not noted": Broken([(_moving, "left_behind", _never_noted)]),
    "a refusal noted before it is known to be saved": Broken(
        [(_moving, "left_behind", _noted_at_once)], ("declined_unsaved",), route="charges"
    ),
    "a slot taken for spent because no charge is seen": Broken(
        [(_settle, "noted_slots", _every_slot)]
    ),
    "charges not listed": Broken([(_looking, "listed", _not_listed(_looking.CHARGES))]),
    "a payment not recognized": Broken([(_slots.Slots, "end", property(lambda _: None))]),
    "an intent for each card": Broken([(Purchase, "intent_call", _intent_of_card)]),
    "no key in common between the two routes": Broken([(Purchase, "intent_call", _intent_key)]),
    "an intent for another amount left open": Broken(
        [(_settle, "cancel", _not_canceled)], route="payment_intents"
    ),
    "intents not listed": Broken([(_looking, "listed", _not_listed(_looking.INTENTS))]),
    "what is repeated taken for how things are": Broken([(_moving, "ask", _repeated_is_news)]),
    "amounts not compared": Broken(
        [(_settle, "payment_of", _any_amount), (_charge, "payment_of", _any_amount)]
    ),
    "a burnt method sent again": Broken(
        [(_settle, "is_told", _always(False))], route="payment_intents"
    ),
    "a paid order touched": Broken([(_charge, "customer_of", _never_begun)]),
    "a released hold told as paid": Broken(
        [(_payment, "was_let_go", _always(False)), (_manage, "was_let_go", _always(False))]
    ),
    "a slot of another Customer ignored": Broken([(_settle, "look_elsewhere", _nothing_elsewhere)]),
    "an undated note": Broken(
        [(_settle, "noted_slots", _undated)], ("declined_no_charge",), late=True
    ),
    "an old order not searched for": Broken([(Purchase, "is_old", property(_always(False)))]),
    "a declined Charge tried again a day later": Broken(
        [(Purchase, "is_recent", _always(True))], ("declined",), late=True, route="charges"
    ),
}


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Break the flow in one of these ways."""
    flow = FLOWS[name]
    with ExitStack() as stack:
        for target, attribute, replacement in flow.patches:
            stack.enter_context(mock.patch.object(target, attribute, replacement))
        if flow.late:
            stack.enter_context(mock.patch.object(schedule, "LATE", 1.0))
            stack.enter_context(mock.patch.object(buyers, "KINDS", {"saved_card": 1}))
        if flow.faults:
            stack.enter_context(
                mock.patch.object(Weather, "forecast", partial(Weather.of, flow.faults))
            )
        yield
