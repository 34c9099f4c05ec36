"""Exactly once over PaymentIntents: confirm the purchase's intent with this card, or find what has paid already.

An intent pays once, whoever confirms it with whatever card: it is the lock. A slot is an intent; the next slot is
tried only when the intent of this one is known to be canceled, which is final.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import attrs

from ..declines import AUTHENTICATION_CODES
from ..errors import (
    AuthenticationRequired,
    CardDeclined,
    InvalidRequest,
    OrderConflict,
    OutcomeUnknown,
    PaymentPending,
    TokenChargeError,
)
from ..results import Charge, Customer, Payment, PaymentIntent
from .calls import Call, Flow, Pause, ask, path, read
from .purchase import Purchase
from .settle import (
    ASK_AGAIN,
    PAUSES,
    REFUSED,
    Attempts,
    close_slot,
    closed_slots,
    customer_of,
    list_attempts,
    list_pages,
    look_again,
    next_pause,
    paid_charge,
    payment_of,
    slot_of,
)

Intents = dict[int, PaymentIntent]
"""The PaymentIntents a purchase has made so far, by their slots."""

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_UNEXPECTED = ("payment_intent_unexpected_state", "intent_invalid_state")
_FRESH_KEYS = 4


def settle_intent(
    purchase: Purchase, customer: Customer | str, method: str | None, attempts: Attempts, intents: Intents
) -> Flow[Payment]:
    """Confirm the purchase's intent with what pays, or find how it has ended.

    Args:
        purchase: What is to be charged.
        customer: Who pays.
        method: A card of the Customer's, a payment method or a confirmation token.
        attempts: What is known of the Charges the purchase has made so far.
        intents: What is known of the intents it has made so far.
    """
    customer_id = customer if isinstance(customer, str) else customer.id
    at_once = purchase.order_id is None
    pauses = iter(PAUSES)
    closed: set[int] = set()
    while not has_ended(attempts, intents):
        closed.update(slot for slot, intent in intents.items() if intent.status == "canceled")
        slot = next(slot for slot in count() if slot not in closed and slot not in attempts)
        now, found = intents.get(slot), True
        to_confirm = now is not None or not at_once
        if now is None:
            try:
                now, found = yield from _begin(purchase, customer_id, method, slot, confirm=at_once)
            except (OrderConflict, OutcomeUnknown) as error:
                if isinstance(error, OutcomeUnknown) and not error.replayed:
                    raise
                # Another amount or route was first to use this slot, or Stripe saved a 5xx under its key, which it
                # repeats for a day. What came of it decides.
                attempts, intents = yield from look_again(list_all(purchase, customer_id))
                if slot in attempts or slot in intents or has_ended(attempts, intents):
                    continue
                if isinstance(error, OutcomeUnknown):
                    raise
                noted = yield from look_again(closed_slots(purchase.digest, customer_id))
                closed |= noted
                if slot not in noted:
                    yield Pause(next_pause(pauses))
                continue
        elif (now.amount, now.capture) != (purchase.amount, purchase.capture):
            yield from _cancel(now)
            attempts, intents = yield from look_again(list_all(purchase, customer_id))
            continue
        if to_confirm and now.status in _OPEN:
            now, found = yield from _ask(purchase.confirm_call(now.id, method, slot), now.id)
            if now.status == "canceled":
                yield Pause(next_pause(pauses))
        if now.status != "canceled":
            return payment_of(purchase, customer, (yield from _charge_of(now)), found=found)
        # Another call gave it up, for another amount, and may have begun the next.
        attempts, intents = yield from look_again(list_all(purchase, customer_id))
    paid = paid_charge(attempts)
    if paid is None:
        paid = yield from _charge_of(next(filter(_has_ended, intents.values())))
    return payment_of(purchase, customer, paid, found=True)


def complete(intent_id: str) -> Flow[Payment]:
    """Read how an intent has ended after the buyer authenticated."""
    intent = yield from _read(intent_id)
    charge = yield from _charge_of(intent)
    customer = customer_of(charge, intent.customer_id or "")
    return Payment(customer, charge, intent.metadata.get("order_id"), replayed=True)


def has_ended(attempts: Attempts, intents: Intents) -> bool:
    """Tell whether the purchase is paid, or about to be: nothing more may be charged for it."""
    return paid_charge(attempts) is not None or any(map(_has_ended, intents.values()))


def list_all(purchase: Purchase, customer_id: str) -> Flow[tuple[Attempts, Intents]]:
    """List what a purchase has made on either route."""
    attempts = yield from list_attempts(purchase.digest, customer_id, every_page=True)
    params = {"customer": customer_id, "limit": 100, "expand": ["data.latest_charge.customer"]}
    listed = yield from list_pages("/v1/payment_intents", params, PaymentIntent.from_stripe, every_page=True)
    intents: Intents = {}
    for intent in listed:
        slot = slot_of(purchase.digest, intent.metadata)
        if slot is not None and (slot not in intents or _has_ended(intent)):
            intents[slot] = intent
    return attempts, intents


def _begin(
    purchase: Purchase, customer_id: str, method: str | None, slot: int, *, confirm: bool
) -> Flow[tuple[PaymentIntent, bool]]:
    """Make the intent of a slot, and confirm it in the same request where nobody else can have another card for it."""
    call = purchase.intent_call(customer_id, slot, purchase.confirmation(method) if confirm else None)
    try:
        return (yield from _ask(call, None))
    except REFUSED as refusal:
        if refusal.payment_intent_id is not None:
            raise
        return (yield from close_slot(purchase, call, PaymentIntent.from_stripe, slot, customer_id, refusal))


def _ask(call: Call, intent_id: str | None, fresh: int = 1, again: int = ASK_AGAIN) -> Flow[tuple[PaymentIntent, bool]]:
    """Make or confirm an intent. What Stripe only repeats, or refuses for no fault of the card's, the intent tells.

    Returns:
        The intent as it is now, and whether an earlier call brought it there.
    """
    try:
        intent, replayed = yield from ask(call, PaymentIntent.from_stripe)
    except OutcomeUnknown as error:
        if intent_id is None or not error.replayed:
            raise
        intent = yield from look_again(_read(intent_id))
        if intent.status not in _OPEN or intent.status == "requires_action":
            return intent, True
        if fresh > _FRESH_KEYS:
            raise
        # Stripe saved a 5xx under this key, and the intent is open: under another it cannot pay twice either.
        return (yield from _ask(attrs.evolve(call, key=f"{call.key}-{fresh}"), intent_id, fresh + 1))
    except REFUSED as refusal:
        known = intent_id or refusal.payment_intent_id
        if known is None or (refusal.charge_id is not None and not refusal.replayed):
            raise
        unexpected = refusal.code in _UNEXPECTED
        if again and not refusal.replayed and not unexpected:
            # Stripe does not save every refusal, and then an earlier try that is late could yet be the first.
            return (yield from _ask(call, intent_id, fresh, again - 1))
        intent = yield from look_again(_read(known))
        if intent.status not in _OPEN or (unexpected and intent.status == "requires_action"):
            return intent, True
        raise
    return ((yield from look_again(_read(intent.id))) if replayed else intent), replayed


def _cancel(intent: PaymentIntent) -> Flow[None]:
    """Give up an open intent that asks for another amount: canceled, it can never pay.

    Stripe refuses that of one that has been paid, but not of one that holds money: that could have been told as a
    payment a moment ago, so one that is to hold money is never given up.
    """
    if not intent.capture:
        raise OrderConflict(
            f"This order was begun to hold {intent.amount} and may not be charged otherwise: call with that amount and "
            "capture=False, or use a new order_id.",
            step="charge",
            payment_intent_id=intent.id,
        )
    try:
        yield Call("cancel", "post", path("payment_intents", intent.id) + "/cancel")
    except InvalidRequest:
        if (yield from look_again(_read(intent.id))).status in _OPEN:
            raise  # for it has not ended in the meantime


def _read(intent_id: str) -> Flow[PaymentIntent]:
    call = Call("charge", "get", path("payment_intents", intent_id), {"expand": ["latest_charge.customer"]})
    return (yield from read(call, PaymentIntent.from_stripe))


def _has_ended(intent: PaymentIntent) -> bool:
    """Tell whether an intent has paid, or still may without anyone's doing; one canceled may have held money before."""
    if intent.status == "canceled":
        return intent.charge is not None and intent.charge.status == "succeeded"
    return intent.status not in _OPEN


def _charge_of(intent: PaymentIntent) -> Flow[Charge]:
    """Return the Charge of an intent that has paid.

    Raises:
        TokenChargeError: It has not (yet), and why.
    """
    if not _has_ended(intent) or intent.status == "processing" or intent.charge_id is None:
        raise _unpaid(intent)
    if intent.charge is not None:
        return intent.charge
    # The money has moved: that its Charge cannot be read is no "nothing was done".
    call = Call("charge", "get", path("charges", intent.charge_id))
    return (yield from look_again(read(call, Charge.from_stripe)))


def _unpaid(intent: PaymentIntent) -> TokenChargeError:
    about: dict[str, Any] = {"step": "charge", "charge_id": intent.charge_id, "payment_intent_id": intent.id}
    if intent.status == "processing":
        return PaymentPending("Stripe is still processing the payment: ask again with complete or find.", **about)
    if intent.status == "requires_action" or intent.failure_code in AUTHENTICATION_CODES:
        asks = AuthenticationRequired(
            "The bank asks the buyer to authenticate: pass client_secret to handleNextAction of Stripe.js, then call "
            "again with the same arguments.",
            code=intent.failure_code,
            **about,
        )
        asks.client_secret = intent.client_secret
        return asks
    if intent.failure_code is not None:
        return CardDeclined(
            "The card was declined: show the buyer public_message, and follow advice.",
            code=intent.failure_code,
            decline_code=intent.decline_code,
            **about,
        )
    return InvalidRequest(
        f"The PaymentIntent is not paid, but {intent.status}: charge the order again, with a card.",
        code="payment_intent_unexpected_state",
        **about,
    )
