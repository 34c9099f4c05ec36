"""The outcomes of a PaymentIntent: paid, held, `processing`, failed, canceled.

Each outcome has its Charge.
"""

from __future__ import annotations

from ..language.kinds import Kind
from ..language.refusals import Refusal, card_refused, doc_url
from ..language.wire import JSON
from ..shapes import bodies
from ..shapes.cards import DECLINES, Decline, Effect
from ..shapes.intent_bodies import payment_error, shown
from ..state.account import Visit
from ..state.shelf import Kept
from . import charges, methods

_AUTHENTICATED = {
    "authentication_flow": "challenge",
    "electronic_commerce_indicator": "05",
    "exemption_indicator": None,
    "result": "authenticated",
    "result_reason": None,
    "transaction_id": "3dd2a2f2-21d0-4c58-8f4d-1d3f6ac0a6b1",
    "version": "2.2.0",
}


def approved(visit: Visit, intent: Kept, method: Kept, *, asked: bool) -> JSON:
    """Charge a card that its bank approves.

    Args:
        visit: The request.
        intent: The PaymentIntent to pay.
        method: The PaymentMethod that pays.
        asked: The customer was asked to authenticate, and did.
    """
    methods.checked(visit.account, method)
    charge = _charge(visit, intent, method, None)
    if asked:
        details = bodies.with_card(
            charge.json, three_d_secure=_AUTHENTICATED, electronic_commerce_indicator="05"
        )
        visit.account.change(charge, payment_method_details=details)
    usage, customer = intent.json["setup_future_usage"], intent.json["customer"]
    if method.json["customer"] is None and customer is not None and usage is not None:
        methods.give(visit, method, customer)
    method.set_up = method.set_up or usage == "off_session"
    method.spent = method.json["customer"] is None
    if methods.held(method).magic.effect in (Effect.PAYS_LATER, Effect.FAILS_LATER):
        return _wait(visit, intent, method, charge)
    return _paid(visit, intent, method, charge)


def declined(
    visit: Visit, intent: Kept, method: Kept, decline: Decline, *, tried: Decline | None = None
) -> Refusal:
    """Record that a card was declined, and build the 402.

    Args:
        visit: The request.
        intent: The PaymentIntent to pay.
        method: The PaymentMethod that was to pay.
        decline: What the error says.
        tried: What the failed Charge says, if it is not the same. The error then does
            not name the Charge.
    """
    charge, told = intent.json["latest_charge"], None
    if decline.leaves_charge:
        methods.checked(visit.account, method)
        failed_charge = _charge(visit, intent, method, tried or decline)
        visit.emit("charge.failed", failed_charge.json)
        charge = failed_charge.id
        told = None if tried else charge
    error = payment_error(decline, doc_url(decline.code), told)
    json = failed(visit, intent, method, error, charge)
    return card_refused(
        decline.message,
        decline.code,
        decline.param,
        charge=told,
        payment_intent=shown(json, public=visit.public),
        payment_method=shown(methods.shown(method), public=visit.public),
        **decline.codes,
    )


def failed(visit: Visit, intent: Kept, method: Kept, error: JSON, charge: str | None) -> JSON:
    """Let a PaymentIntent wait for another PaymentMethod."""
    if method.json["customer"] is None and visit.account.rules.decline_consumes_method:
        method.spent = True
    paid_with = {"payment_method": methods.shown(method), "payment_method_type": "card"}
    json = visit.account.change(
        intent,
        last_payment_error={**error, **paid_with},
        latest_charge=charge,
        next_action=None,
        payment_method=None,
        processing=None,
        status="requires_payment_method",
    )
    visit.emit("payment_intent.payment_failed", json)
    return json


def captured(visit: Visit, intent: Kept, amount: int) -> JSON:
    """Capture a held PaymentIntent, or part of it; the rest is released."""
    charges.take(visit, visit.account.known(intent.json["latest_charge"]), amount)
    paid = visit.account.change(
        intent, amount_capturable=0, amount_received=amount, status="succeeded"
    )
    visit.emit("payment_intent.succeeded", paid)
    return paid


def canceled(visit: Visit, intent: Kept, reason: str | None) -> JSON:
    """Cancel a PaymentIntent.

    What it holds is released, but its Charge does not show that.
    """
    account = visit.account
    if intent.json["status"] == "requires_capture" and reason == "expired":
        charge = account.known(intent.json["latest_charge"])
        charge.lapsed = True
        visit.emit("charge.expired", charge.json)
    elif intent.json["status"] == "processing":
        charge = account.known(intent.json["latest_charge"])
        visit.emit("charge.failed", account.change(charge, status="failed"))
    intent.asked = None
    ended = account.change(
        intent,
        amount_capturable=0,
        canceled_at=int(account.now()),
        cancellation_reason=reason,
        next_action=None,
        processing=None,
        status="canceled",
    )
    visit.emit("payment_intent.canceled", ended)
    return ended


def _charge(visit: Visit, intent: Kept, method: Kept, decline: Decline | None) -> Kept:
    held = methods.held(method).checked()
    body = bodies.charge(intent.json, intent.json["metadata"], held.json, held.magic, decline)
    body.update(
        billing_details=methods.shown(method)["billing_details"],
        payment_intent=intent.id,
        payment_method=method.id,
        source=None,
    )
    return visit.account.add(Kind.CHARGE, visit.account.new_id("ch_3", 23), body)


def _paid(visit: Visit, intent: Kept, method: Kept, charge: Kept) -> JSON:
    json = intent.json
    how = json["capture_method"]
    manual = how == "manual"
    charges.authorized(visit, charge, methods.held(method), manual=manual)
    if manual:
        visit.later(charges.AUTHORIZATION, _lapse, intent)
    else:
        charges.captured(visit, charge, charge.json["amount"], book_at_once=how == "automatic")
    visit.emit("charge.succeeded", charge.json)
    charges.dispute_taken(visit, charge)
    paid = visit.account.change(
        intent,
        amount_capturable=json["amount"] if manual else 0,
        amount_received=0 if manual else json["amount"],
        last_payment_error=None,
        latest_charge=charge.id,
        next_action=None,
        payment_method=method.id,
        processing=None,
        status="requires_capture" if manual else "succeeded",
    )
    visit.emit(
        "payment_intent.amount_capturable_updated" if manual else "payment_intent.succeeded", paid
    )
    return paid


def _lapse(alone: Visit, intent: Kept) -> None:
    if intent.json["status"] == "requires_capture":
        canceled(alone, intent, "expired")


def _wait(visit: Visit, intent: Kept, method: Kept, charge: Kept) -> JSON:
    account = visit.account
    visit.emit("charge.pending", account.change(charge, paid=False, status="pending"))
    slow = account.change(
        intent,
        last_payment_error=None,
        latest_charge=charge.id,
        next_action=None,
        payment_method=method.id,
        processing={"card": {}, "type": "card"},
        status="processing",
    )
    visit.emit("payment_intent.processing", slow)
    visit.later(account.rules.processing_time, _end, intent, method, charge)
    return slow


def _end(alone: Visit, intent: Kept, method: Kept, charge: Kept) -> None:
    account = alone.account
    held = methods.held(method)
    if intent.json["status"] != "processing":
        return
    if held.magic.effect is Effect.PAYS_LATER:
        account.change(charge, paid=True, status="succeeded")
        _paid(alone, intent, method, charge)
        return
    decline = DECLINES["generic_decline"]
    body = bodies.charge(intent.json, {}, held.json, held.magic, decline)
    news = {
        field: body[field] for field in ("failure_code", "failure_message", "outcome", "status")
    }
    alone.emit("charge.failed", account.change(charge, **news))
    failed(
        alone, intent, method, payment_error(decline, doc_url(decline.code), charge.id), charge.id
    )
