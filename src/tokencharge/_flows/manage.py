"""A charge after it was made: find it, read it back, capture, void, refund."""

from __future__ import annotations

from typing import Any

import attrs

from .._reading import Raw
from ..errors import InvalidInput, InvalidRequest, PaymentPending, TokenChargeError
from ..money import Money
from ..results import Charge, Customer, Payment, PaymentIntent, Refund
from .calls import Call, Flow, T, path, place, read
from .looking import CHARGES, listed, page, read_customer, searched
from .payment import customer_of, look_again, pending
from .purchase import digest, order_digest
from .slots import Slots, was_let_go


def find(order_id: str, customer_id: str | None = None) -> Flow[Payment | None]:
    """Find what has paid an order: by listing where the customer is known, else by Stripe's search."""
    kind = attrs.evolve(CHARGES, expand=("data.customer", "data.payment_intent"))
    charges = None if customer_id is not None else (yield from searched(kind, order_id))
    if charges is None:
        charges = yield from listed(kind, order_id, customer_id)
    slots = Slots(order_digest(order_id))
    slots.see(each for each in charges if not was_let_go(each))
    paid = slots.end
    if not isinstance(paid, Charge):
        return None
    if paid.status == "pending":
        raise pending(paid)
    return Payment(customer_of(paid, customer_id), paid, order_id, replayed=True)


def get_charge(charge_id: str) -> Flow[Charge]:
    """Read a Charge back."""
    return (yield from read(Call("charge", "get", path("charges", charge_id)), Charge.from_stripe))


def get_customer(customer_id: str) -> Flow[Customer]:
    """Read a Customer back."""
    return (yield from read_customer(customer_id))


def capture(charge_id: str, amount: Money | None) -> Flow[Charge]:
    """Take the money an authorization holds, or a part of it: the rest is let go."""
    held = yield from get_charge(charge_id)
    _same_currency(held, amount)
    key = _key("capture", charge_id, amount)
    if held.payment_intent_id is None:
        part = {} if amount is None else {"amount": amount.amount}
        call = Call("capture", "post", path("charges", charge_id) + "/capture", part, key)
        return (yield from _about(charge_id, read(call, Charge.from_stripe)))
    params: dict[str, Any] = {"expand": ["latest_charge"]}
    if amount is not None:
        params["amount_to_capture"] = amount.amount
    call = Call("capture", "post", path("payment_intents", held.payment_intent_id) + "/capture", params, key)
    return (yield from _about(charge_id, read(call, _latest_charge)))


def void(charge_id: str) -> Flow[Refund]:
    """Let an authorization go. A captured charge is refused: money taken is given back by a refund."""
    held = yield from get_charge(charge_id)
    if held.captured:
        raise InvalidRequest(
            "The charge is captured, there is no authorization left to void: use refund to give the money back.",
            step="void",
            charge_id=charge_id,
        )
    key = _key("void", charge_id)
    if held.payment_intent_id is None:
        call = Call("void", "post", "/v1/refunds", {"charge": charge_id}, key)
        return (yield from _about(charge_id, read(call, Refund.from_stripe)))
    call = Call("void", "post", path("payment_intents", held.payment_intent_id) + "/cancel", {}, key)
    yield from _about(charge_id, read(call, PaymentIntent.from_stripe))
    listing = page("/v1/refunds", {"charge": charge_id}, Refund.from_stripe)
    let_go, _ = yield from _about(charge_id, look_again(listing))
    if not let_go:
        raise PaymentPending(
            "The authorization is let go, but Stripe does not show the refund yet: read it later with get_charge.",
            step="void",
            charge_id=charge_id,
            payment_intent_id=held.payment_intent_id,
        )
    return let_go[0]


def refund(charge_id: str, amount: Money | None, reason: str | None, key: str | None) -> Flow[Refund]:
    """Give back all of a charge, or a part."""
    params: dict[str, Any] = {"charge": charge_id}
    if amount is not None:
        _same_currency((yield from get_charge(charge_id)), amount)
        params["amount"] = amount.amount
    if reason is not None:
        params["reason"] = reason
    call = Call("refund", "post", "/v1/refunds", params, key or _key("refund", charge_id, amount))
    return (yield from _about(charge_id, read(call, Refund.from_stripe)))


def _latest_charge(raw: Raw) -> Charge:
    charge = PaymentIntent.from_stripe(raw).charge
    if charge is None:
        raise ValueError("Stripe's PaymentIntent comes without its Charge.")
    return charge


def _key(step: str, charge_id: str, amount: Money | None = None) -> str:
    whole = "" if amount is None else str(amount.amount)
    return f"tokencharge-{digest(step, charge_id, whole)}-{step}"


def _about(charge_id: str, flow: Flow[T]) -> Flow[T]:
    try:
        return (yield from flow)
    except TokenChargeError as error:
        place(error, charge_id=charge_id)
        raise


def _same_currency(charge: Charge, amount: Money | None) -> None:
    """Refuse an amount in another currency than the charge's: Stripe is sent the number alone."""
    if amount is not None and charge.amount.currency != amount.currency:
        raise InvalidInput(
            f"The charge is in {charge.amount.currency.upper()}, the amount in {amount.currency.upper()}: "
            "give the amount in the charge's currency."
        )
