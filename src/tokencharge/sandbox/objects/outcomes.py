"""What becomes of a PaymentIntent: paid, held, `processing`, failed, canceled, each with its Charge."""

from __future__ import annotations

from functools import partial

from ..language.refusals import Refusal, card_refused, doc_url
from ..language.wire import JSON
from ..shapes import bodies
from ..shapes.cards import DECLINES, Decline
from ..state import balance
from ..state.account import Account, HeldCard
from ..state.intent_bodies import shown
from . import charges, payment_methods

_AUTHENTICATED = {
    "authentication_flow": "challenge",
    "electronic_commerce_indicator": "05",
    "exemption_indicator": None,
    "result": "authenticated",
    "result_reason": None,
    "transaction_id": "3dd2a2f2-21d0-4c58-8f4d-1d3f6ac0a6b1",
    "version": "2.2.0",
}


def approved(account: Account, intent: JSON, method: JSON, held: HeldCard, *, asked: bool) -> JSON:
    """Charge a card that its bank has nothing against.

    Args:
        account: Where.
        intent: What is paid.
        method: What pays.
        held: The card behind it.
        asked: The customer was asked to authenticate, and did.
    """
    charge = _charge(account, intent, method, held, None)
    if asked:
        details = charge["payment_method_details"]
        card = {**details["card"], "three_d_secure": _AUTHENTICATED}
        charge = account.change(charge["id"], payment_method_details={**details, "card": card})
    if method["customer"] is None and intent["customer"] is not None and intent["setup_future_usage"] is not None:
        method = payment_methods.give(account, method, intent["customer"])
    if intent["setup_future_usage"] == "off_session":
        account.set_up.add(method["id"])
    if method["customer"] is None:
        account.spent.add(method["id"])
    if held.magic.effect in ("pays_later", "fails_later"):
        return _wait(account, intent, method, held, charge)
    return _paid(account, intent, method, held, charge)


def declined(
    account: Account,
    intent: JSON,
    method: JSON,
    held: HeldCard,
    decline: Decline,
    *,
    tried: Decline | None = None,
) -> Refusal:
    """Note that a card was declined, and build the 402.

    Args:
        account: Where.
        intent: What was to be paid.
        method: What was to pay.
        held: The card behind it.
        decline: What the error says.
        tried: What the failed Charge says, of which the error does not tell then.
    """
    charge, told = intent["latest_charge"], None
    if decline.leaves_charge:
        failed_charge = _charge(account, intent, method, held, tried or decline)
        account.emit("charge.failed", failed_charge)
        charge = failed_charge["id"]
        told = None if tried else charge
    error = {
        "advice_code": decline.advice,
        "charge": told,
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": doc_url(decline.code),
        "message": decline.message,
        "param": decline.param,
        "type": "card_error",
    }
    intent = failed(account, intent, method, {name: value for name, value in error.items() if value}, charge)
    return card_refused(
        decline.message,
        decline.code,
        decline.param,
        advice_code=decline.advice,
        charge=told,
        decline_code=decline.decline_code,
        payment_intent=shown(account, intent),
        payment_method=shown(account, method),
        payment_method_type="card",
    )


def failed(account: Account, intent: JSON, method: JSON, error: JSON, charge: str | None) -> JSON:
    """Let a PaymentIntent wait for another PaymentMethod."""
    if method["customer"] is None and account.rules.decline_consumes_method:
        account.spent.add(method["id"])
    intent = account.change(
        intent["id"],
        last_payment_error={**error, "payment_method": method, "payment_method_type": "card"},
        latest_charge=charge,
        next_action=None,
        payment_method=None,
        processing=None,
        status="requires_payment_method",
    )
    account.emit("payment_intent.payment_failed", intent)
    return intent


def captured(account: Account, intent: JSON, amount: int) -> JSON:
    """Take what a PaymentIntent holds, or part of it; the rest is let go."""
    charges.take(account, intent["latest_charge"], amount)
    paid = account.change(intent["id"], amount_capturable=0, amount_received=amount, status="succeeded")
    account.emit("payment_intent.succeeded", paid)
    return paid


def canceled(account: Account, intent: JSON, reason: str | None, *, expired: bool = False) -> JSON:
    """End a PaymentIntent; what it holds is let go."""
    charge = intent["latest_charge"]
    if intent["status"] == "requires_capture":
        balance.give_back(account, charge, intent["amount"], charges.EXPIRED if expired else None, {})
        account.emit("charge.expired" if expired else "charge.refunded", account.objects["charge"][charge])
    elif intent["status"] == "processing":
        account.emit("charge.failed", account.change(charge, status="failed"))
    account.asked.pop(intent["id"], None)
    ended = account.change(
        intent["id"],
        amount_capturable=0,
        canceled_at=int(account.now()),
        cancellation_reason=reason,
        next_action=None,
        processing=None,
        status="canceled",
    )
    account.emit("payment_intent.canceled", ended)
    return ended


def _charge(account: Account, intent: JSON, method: JSON, held: HeldCard, decline: Decline | None) -> JSON:
    body = bodies.charge(intent, intent["metadata"], held.json, held.magic, decline)
    body.update(
        billing_details=method["billing_details"],
        payment_intent=intent["id"],
        payment_method=method["id"],
        source=None,
    )
    return account.add("ch_3", 23, body)


def _paid(account: Account, intent: JSON, method: JSON, held: HeldCard, charge: JSON) -> JSON:
    name = intent["id"]
    manual = intent["capture_method"] == "manual"
    charge = charges.authorized(account, charge["id"], held.magic)
    if manual:
        account.later(charges.AUTHORIZATION, partial(_expire, account, name))
    else:
        charge = charges.captured(
            account, charge["id"], charge["amount"], at_once=intent["capture_method"] == "automatic"
        )
    account.emit("charge.succeeded", charge)
    paid = account.change(
        name,
        amount_capturable=intent["amount"] if manual else 0,
        amount_received=0 if manual else intent["amount"],
        last_payment_error=None,
        latest_charge=charge["id"],
        next_action=None,
        payment_method=method["id"],
        processing=None,
        status="requires_capture" if manual else "succeeded",
    )
    account.emit("payment_intent.amount_capturable_updated" if manual else "payment_intent.succeeded", paid)
    return paid


def _expire(account: Account, name: str) -> None:
    intent = account.objects["payment_intent"][name]
    if intent["status"] == "requires_capture":
        canceled(account, intent, "automatic", expired=True)


def _wait(account: Account, intent: JSON, method: JSON, held: HeldCard, charge: JSON) -> JSON:
    charge = account.change(charge["id"], paid=False, status="pending")
    account.emit("charge.pending", charge)
    slow = account.change(
        intent["id"],
        last_payment_error=None,
        latest_charge=charge["id"],
        next_action=None,
        payment_method=method["id"],
        processing={"card": {"customer_notification": None}, "type": "card"},
        status="processing",
    )
    account.emit("payment_intent.processing", slow)
    account.later(account.rules.processing_time, partial(_end, account, intent["id"], method, held))
    return slow


def _end(account: Account, name: str, method: JSON, held: HeldCard) -> None:
    intent = account.objects["payment_intent"][name]
    charge = intent["latest_charge"]
    if intent["status"] != "processing":
        return
    if held.magic.effect == "pays_later":
        _paid(account, intent, method, held, account.change(charge, paid=True, status="succeeded"))
        return
    decline = DECLINES["generic_decline"]
    body = bodies.charge(intent, {}, held.json, held.magic, decline)
    news = {field: body[field] for field in ("failure_code", "failure_message", "outcome", "status")}
    account.emit("charge.failed", account.change(charge, **news))
    error = {"charge": charge, "code": decline.code, "decline_code": decline.decline_code}
    more = {"doc_url": doc_url(decline.code), "message": decline.message, "type": "card_error"}
    failed(account, intent, method, {**error, **more}, charge)
