"""What happens to money that is held: it is captured, or released.

Over PaymentIntents, Stripe allows only one of the two: a captured payment cannot be
canceled.

Over Charges, a hold is released by a refund, and Stripe refunds captured money as well.
So both requests share one idempotency key. Stripe accepts a key for one request only,
and refuses the second one, however close the two are. The result of the first request
is then read from the Charge. A refused request uses up its key. This is noted on the
Charge, so that every caller goes on to the next key.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import attrs

from .. import _checks as check
from .._reading import Raw, typed
from ..errors import InvalidRequest, OrderConflict, OutcomeUnknown, TokenChargeError
from ..money import Money
from ..results import Charge, ChargeState, PaymentIntent
from .calls import Call, Flow, about, ask, path, read, read_charge
from .payment import look_again, pending
from .purchase import digest
from .waiting import Waiting

# How many keys in turn may be used up by a refusal, or by a 5xx that Stripe saved.
_MOST_KEYS = 20
_NOTE = f"{check.RESERVED_METADATA}_hold_"


@attrs.frozen
class _Way:
    """One way to end a hold.

    Attributes:
        step: "capture" or "void".
        call: Builds the request from the current Charge and a key.
        reached: Tells whether a Charge has reached the wanted end.
    """

    step: str
    call: Callable[[Charge, str], Call]
    reached: Callable[[Charge], bool]


def capture(charge_id: str, amount: Money | None) -> Flow[Charge]:
    """Capture the money that is held, or a part of it; the rest is released."""

    def call(charge: Charge, key: str) -> Call:
        if charge.payment_intent_id is None:
            part = {} if amount is None else {"amount": amount.minor}
            return Call("capture", "post", path("charges", charge_id) + "/capture", part, key)
        params: dict[str, Any] = {"expand": ["latest_charge"]}
        if amount is not None:
            params["amount_to_capture"] = amount.minor
        return Call(
            "capture",
            "post",
            path("payment_intents", charge.payment_intent_id) + "/capture",
            params,
            key,
        )

    def reached(charge: Charge) -> bool:
        taken = charge.state in (ChargeState.PAID, ChargeState.REFUNDED)
        return taken and charge.amount_captured == (amount or charge.amount)

    held = yield from read_charge(charge_id)
    check.same_currency(held.amount, amount)
    name = "" if amount is None else str(amount.minor)
    return (yield from about(charge_id, _end(held, _Way("capture", call, reached), name)))


def void(charge_id: str) -> Flow[Charge]:
    """Release the money that is held. A captured charge is refused: refund it."""

    def call(charge: Charge, key: str) -> Call:
        if charge.payment_intent_id is None:
            # With the amount: without it, Stripe could refund a smaller amount that was
            # captured meanwhile by other means than this library.
            params = {"charge": charge_id, "amount": charge.amount.minor, "expand": ["charge"]}
            return Call("void", "post", "/v1/refunds", params, key)
        params = {"expand": ["latest_charge"]}
        return Call(
            "void",
            "post",
            path("payment_intents", charge.payment_intent_id) + "/cancel",
            params,
            key,
        )

    def reached(charge: Charge) -> bool:
        return charge.state is ChargeState.RELEASED

    held = yield from read_charge(charge_id)
    return (yield from about(charge_id, _end(held, _Way("void", call, reached), "")))


def _end(held: Charge, way: _Way, name: str) -> Flow[Charge]:
    if way.reached(held):
        return held
    if held.state is not ChargeState.HELD:
        raise _holds_nothing(held, way.step)
    if held.payment_intent_id is None:
        return (yield from _end_charge(held, way))
    return (
        yield from _end_intent(
            held, way, f"tokencharge-{digest(way.step, held.id, name)}-{way.step}"
        )
    )


def _end_intent(held: Charge, way: _Way, key: str) -> Flow[Charge]:
    """End the hold of a PaymentIntent.

    If Stripe only repeats a refusal, ask again. All callers make the next key from the
    request that was refused first.

    Raises:
        TokenChargeError: Stripe refuses now.
    """
    keys = 0
    while True:
        now, refusal = yield from _ask_for(held, way, key)
        if refusal is None:
            return now
        keys += 1
        if refusal.original_request_id is None or keys == _MOST_KEYS:
            raise refusal
        key = f"tokencharge-{digest(key, refusal.original_request_id)}-{way.step}"


def _end_charge(held: Charge, way: _Way) -> Flow[Charge]:
    """End the hold of a Charge without PaymentIntent, under the first unused key."""
    waiting = Waiting("Another request captures or voids this charge", way.step)
    slot = _first_slot(held)
    told: TokenChargeError | None = None
    last = slot + _MOST_KEYS
    while slot < last:
        now, refusal = yield from _ask_for(
            held, way, f"tokencharge-{digest('hold', held.id, str(slot))}-hold"
        )
        if now.state is not ChargeState.HELD:
            return now
        if isinstance(refusal, OrderConflict):
            if _first_slot(now) == slot:
                yield waiting.pause()
            slot = max(slot, _first_slot(now))
        elif refusal is None or refusal.replayed:
            yield from _note(held.id, slot)
            if told is not None:
                raise told
            slot += 1
        elif told is None:
            # Only when Stripe repeats the refusal is it known to be saved, and its key
            # used up.
            told = refusal
        else:
            raise told
    raise waiting.over()


def _ask_for(held: Charge, way: _Way, key: str) -> Flow[tuple[Charge, TokenChargeError | None]]:
    """Ask Stripe once; after a replay or a refusal, read the Charge.

    Both may be out of date.

    Returns:
        The Charge as it is now, and Stripe's refusal if the money is still held.

    Raises:
        TokenChargeError: The money is no longer held, and this is not the wanted end.
    """
    refusal: TokenChargeError | None = None
    try:
        ended, answer = yield from ask(way.call(held, key), _charge_in)
        if ended is not None and not answer.replayed:
            return ended, None
    except (InvalidRequest, OrderConflict) as error:
        refusal = error
    except OutcomeUnknown as error:
        if not error.replayed:
            raise
        refusal = error
    now = yield from look_again(read_charge(held.id))
    if now.state is ChargeState.HELD:
        return now, refusal
    if refusal is not None and not way.reached(now):
        raise _holds_nothing(now, way.step) from refusal
    return now, None


def _first_slot(charge: Charge) -> int:
    return next(slot for slot in count() if f"{_NOTE}{slot}" not in charge.metadata)


def _note(charge_id: str, slot: int) -> Flow[None]:
    """Note on a Charge that a key was used up by a request that did nothing."""
    # No key: noting it twice does no harm, but a 5xx saved under a key would.
    call = Call(
        "note", "post", path("charges", charge_id), {"metadata": {f"{_NOTE}{slot}": "refused"}}
    )
    try:
        yield from look_again(read(call, Charge.from_stripe))
    except OutcomeUnknown as error:
        if error.http_status != 400:
            raise
        # The Charge accepts no more metadata. So other callers learn nothing until the
        # key is free again.


def _holds_nothing(charge: Charge, step: str) -> TokenChargeError:
    """Build the error for a Charge that holds no money, or no longer does."""
    if charge.state is ChargeState.PENDING:
        return pending(charge)
    code = None
    if charge.captured:
        code = "charge_already_captured"
        sentence = (
            f"The charge is captured already, {charge.amount_captured} of it: "
            "use refund to give money back."
        )
    elif charge.state is ChargeState.FAILED:
        sentence = "The charge failed: it holds no money."
    else:
        sentence = "The money this charge held was let go: charge the buyer again, as a new order."
    return InvalidRequest(sentence, code=code, step=step, charge_id=charge.id)


def _charge_in(raw: Raw) -> Charge | None:
    """Read the Charge from the answer to a capture, a cancellation or a refund.

    Return None where the answer has only its id.
    """
    kind = raw.get("object")
    if kind == "payment_intent":
        charge = PaymentIntent.from_stripe(raw).charge
        if charge is None:
            raise ValueError("Stripe's PaymentIntent comes without its Charge.")
        return charge
    if kind != "refund":
        return Charge.from_stripe(raw)
    # Stand-ins written by others may not support `expand`.
    expanded = typed(raw, "charge", dict)
    return None if expanded is None else Charge.from_stripe(expanded)
