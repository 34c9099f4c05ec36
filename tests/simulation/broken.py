"""Flows that are broken on purpose: the simulation must catch each, or it proves nothing about the real one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
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

from .weather import Weather

_serial = itertools.count()
_key = Purchase.key
_charge_call = Purchase.charge_call
_intent_call = Purchase.intent_call
# The package's own `charge` is the function.
_charge = import_module("tokencharge._flows.charge")
_settle = import_module("tokencharge._flows.settle")
_slots = import_module("tokencharge._flows.slots")
_list_slots = _slots.list_slots
_payment = _settle.payment_of
_translate = translate.translate


@attrs.frozen
class Broken:
    """What is replaced by what, as (where, name, replacement), and the faults that bring it to light."""

    patches: list[tuple[object, str, object]]
    faults: tuple[str, ...] = ()


def _no_customer_key(self: Purchase, step: str) -> str:
    return f"{next(_serial)}" if step == "customer" else _key(self, step)


def _email_in_customer_key(self: Purchase, step: str) -> str:
    return _key(self, step) + (digest(self.email or "") if step == "customer" else "")


def _card_in_charge_key(self: Purchase, step: str) -> str:
    return _key(self, step) + (digest(self.token or "", self.card or "") if step.startswith("charge-") else "")


def _slot_zero(self: Purchase, customer: str, card: str | None, slot: int, *, expand_customer: bool) -> Call:
    return _charge_call(self, customer, card, 0, expand_customer=expand_customer)


def _default_card(self: Purchase, customer: str, card: str | None, slot: int, *, expand_customer: bool) -> Call:
    return _charge_call(self, customer, None, slot, expand_customer=expand_customer)


def _one_key(purchase: Purchase, customer: Customer | str, card: str | None, slots: Any) -> Flow[Payment]:
    name = customer if isinstance(customer, str) else customer.id
    call = purchase.charge_call(name, card, 0, expand_customer=isinstance(customer, str))
    made, replayed = yield from ask(call, Charge.from_stripe)
    return _payment(purchase, customer, made, found=replayed)


def _unknown_is_declined(error: stripe.StripeError, call: Call, *, in_doubt: bool) -> TokenChargeError:
    told = _translate(error, call, in_doubt=in_doubt)
    return CardDeclined(told.message) if isinstance(told, OutcomeUnknown) else told


def _unanswered_is_unsent(error: stripe.StripeError, call: Call, *, in_doubt: bool) -> TokenChargeError:
    told = _translate(error, call, in_doubt=in_doubt)
    return GatewayUnavailable(told.message) if told.http_status is None else told


def _last_try_only(error: stripe.StripeError, call: Call, *, in_doubt: bool) -> TokenChargeError:
    return _translate(error, call, in_doubt=False)


def _noted_at_once(
    purchase: Purchase, customer: str, slot: int, call: Call, reader: object, refusal: TokenChargeError
) -> Flow[Any]:
    yield from _slots.note_refused(purchase.digest, customer, slot)
    raise refusal


def _never_noted(
    purchase: Purchase, customer: str, slot: int, call: Call, reader: object, refusal: TokenChargeError
) -> Flow[Any]:
    yield from ()
    raise refusal


def _every_slot(digest: str, customer_id: str) -> Flow[set[int]]:
    yield from ()
    return set(range(50))


def _no_attempts(digest: str, customer_id: str, *, every_page: bool = False) -> Flow[dict[int, Charge]]:
    yield from ()
    return {}


def _any_amount(purchase: Purchase, customer: Customer | str, made: Charge, *, found: bool) -> Payment:
    return _payment(attrs.evolve(purchase, amount=made.amount), customer, made, found=found)


def _intent_of_card(self: Purchase, customer: str, slot: int, confirmation: Mapping[str, Any] | None = None) -> Call:
    call = _intent_call(self, customer, slot, confirmation)
    return attrs.evolve(call, key=f"{call.key}-{digest(self.token or '', self.card or '')}")


def _intent_key(self: Purchase, customer: str, slot: int, confirmation: Mapping[str, Any] | None = None) -> Call:
    return attrs.evolve(_intent_call(self, customer, slot, confirmation), key=self.key(f"intent-{slot}"))


def _not_canceled(purchase: Purchase, customer_id: str, slot: int | None = None) -> Flow[Any]:
    slots = yield from _list_slots(purchase, customer_id)
    slots.intents = {
        slot: intent if intent.amount == purchase.amount else attrs.evolve(intent, status="canceled", charge=None)
        for slot, intent in slots.intents.items()
    }
    return slots


def _nothing_canceled(intent: PaymentIntent) -> Flow[None]:
    yield from ()


def _no_intents(purchase: Purchase, customer_id: str, slot: int | None = None) -> Flow[Any]:
    slots = yield from _list_slots(purchase, customer_id)
    slots.intents = {}
    return slots


def _repeated_is_news(call: Call, reader: Callable[[Any], Any]) -> Flow[Any]:
    value, _ = yield from ask(call, reader)
    return value, False


def _always(value: object) -> Callable[..., object]:
    return lambda *args: value


FLOWS = {
    "no key on the customer step": Broken([(Purchase, "key", _no_customer_key)]),
    "the e-mail in the key of the customer step": Broken([(Purchase, "key", _email_in_customer_key)]),
    "the card in the key of the charge": Broken([(Purchase, "key", _card_in_charge_key)]),
    "key not rotated after a decline": Broken([(Purchase, "charge_call", _slot_zero)]),
    "retry after a decline with the same key": Broken([(_charge, "settle", _one_key)]),
    "the customer's default card charged": Broken([(Purchase, "charge_call", _default_card)]),
    "unknown reported as declined": Broken([(channel, "translate", _unknown_is_declined)]),
    "a lost answer taken for a lost request": Broken([(channel, "translate", _unanswered_is_unsent)]),
    "only the last try of a call remembered": Broken(
        [(channel, "translate", _last_try_only)], ("lose_answer", "rate_limit", "key_in_use", "refuse_connection")
    ),
    "a refusal without a charge not noted": Broken([(_settle, "_close", _never_noted)]),
    "a refusal noted before it is known to be saved": Broken(
        [(_settle, "_close", _noted_at_once)], ("declined_unsaved",)
    ),
    "a slot taken for spent because no charge is seen": Broken([(_settle, "refused_slots", _every_slot)]),
    "charges not listed": Broken([(_slots, "list_charges", _no_attempts)]),
    "a payment not recognized": Broken([(_slots.Slots, "paid", property(lambda _: None))]),
    "an intent for each card": Broken([(Purchase, "intent_call", _intent_of_card)]),
    "no key in common between the two routes": Broken([(Purchase, "intent_call", _intent_key)]),
    "an intent for another amount left open": Broken(
        [(_settle, "_cancel", _nothing_canceled), (_settle, "list_slots", _not_canceled)]
    ),
    "intents not listed": Broken([(_settle, "list_slots", _no_intents)]),
    "what is repeated taken for how things are": Broken([(_settle, "ask", _repeated_is_news)]),
    "amounts not compared": Broken([(_settle, "payment_of", _any_amount)]),
}


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Break the flow in one of these ways."""
    flow = FLOWS[name]
    with ExitStack() as stack:
        for target, attribute, replacement in flow.patches:
            stack.enter_context(mock.patch.object(target, attribute, replacement))
        if flow.faults:
            stack.enter_context(mock.patch.object(Weather, "forecast", partial(Weather.of, flow.faults)))
        yield
