"""Refunds: each is made once, and returned as it is now.

A replayed answer may be out of date. A refund may have failed since, and the reason for
a refusal may have passed. So a replayed refund is read again. A failed refund is made
again, under a key made of its id. A refused refund is asked for again, under a key made
of the request that was refused first. All callers go from key to key in the same way,
so together they give the money back once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs

from .. import _checks as check
from .._reading import typed
from ..errors import InvalidRequest, OrderConflict, OutcomeUnknown, TokenChargeError
from ..money import Money
from ..results import Charge, ChargeState, Refund
from .calls import Call, Flow, about, ask, entries, path, read, read_charge
from .looking import page
from .payment import look_again, pending
from .purchase import digest

_DAY = timedelta(hours=24)
# How many keys in turn may belong to a refused request, or to a refund that failed.
_MOST_KEYS = 20
_OVER = ("failed", "canceled")


@attrs.frozen
class _Wanted:
    """A refund that is asked for.

    Attributes:
        charge_id: The Charge to refund.
        amount: How much; all that is left if None.
        reason: In Stripe's words.
        metadata: The caller's.
        key: The caller's name for the refund, if any.
    """

    charge_id: str
    amount: Money | None
    reason: str | None
    metadata: Mapping[str, str]
    key: str | None

    @property
    def name(self) -> str:
        """The digest of the caller's key, else of what is given back."""
        amount = "" if self.amount is None else str(self.amount.minor)
        return digest("refund", self.charge_id, amount if self.key is None else f"key {self.key}")

    @property
    def mark(self) -> str:
        """The metadata value that identifies its refunds, with all details."""
        said = (
            self.reason or "",
            *(text for entry in sorted(self.metadata.items()) for text in entry),
        )
        amount = "" if self.amount is None else str(self.amount.minor)
        return f"{self.name}/{digest(amount, *said)[:8]}"

    def call(self, key: str) -> Call:
        params: dict[str, Any] = {
            "charge": self.charge_id,
            "metadata": {**self.metadata, check.RESERVED_METADATA: self.mark},
        }
        if self.amount is not None:
            params["amount"] = self.amount.minor
        if self.reason is not None:
            params["reason"] = self.reason
        return Call("refund", "post", "/v1/refunds", params, key)


def refund(
    charge_id: str,
    amount: Money | None,
    reason: str | None,
    metadata: Mapping[str, str],
    key: str | None,
) -> Flow[Refund]:
    """Refund all that is left of a charge, or a part."""
    return (yield from about(charge_id, _refund(_Wanted(charge_id, amount, reason, metadata, key))))


def _refund(wanted: _Wanted) -> Flow[Refund]:
    tried: list[str] = []
    left = yield from _made_or_key(wanted)
    while isinstance(left, str):
        tried.append(left)
        try:
            left, answer = yield from ask(wanted.call(left), Refund.from_stripe)
        except InvalidRequest as error:
            if not error.replayed or error.original_request_id is None or len(tried) == _MOST_KEYS:
                raise
            left = yield from _what_is_left_to_do(wanted, error, error.original_request_id)
        except (OrderConflict, OutcomeUnknown) as error:
            left = yield from _find_out(wanted, error, tried)
        else:
            if answer.replayed:
                now = yield from look_again(_read_refund(left.id))
                again = now.status in _OVER and len(tried) < _MOST_KEYS
                left = _key_after(now.id) if again else attrs.evolve(now, replayed=answer.found)
    return left


def _made_or_key(wanted: _Wanted) -> Flow[Refund | str]:
    """Return the refund if it was made before, or the first key to ask under."""
    key = wanted.key or f"tokencharge-{wanted.name}-refund"
    if wanted.amount is None and wanted.key is None:
        return key
    # Once Stripe has forgotten a key, a part could be refunded twice. So earlier
    # refunds are read first.
    made, at = yield from _made_of_charge(wanted)
    if made is not None and made.status in _OVER:
        return _key_after(made.id)
    if made is not None and (wanted.key is not None or not _is_old(made, at)):
        return _repeated(made, wanted)
    return key


def _find_out(wanted: _Wanted, error: TokenChargeError, tried: list[str]) -> Flow[Refund | str]:
    """Find what a key did that was used with other details, or for a saved 5xx.

    Returns:
        The refund that was made, or the next key to ask under.

    Raises:
        OrderConflict: The key was used with other details.
        OutcomeUnknown: Nothing shows what the request that ended in the 5xx did. To
            repeat it might refund the same part twice.
    """
    if isinstance(error, OutcomeUnknown) and not error.replayed:
        raise error
    made = yield from look_again(_made_in_list(wanted))
    if made is not None and made.status not in _OVER:
        return _repeated(made, wanted)
    if made is not None and _key_after(made.id) not in tried:
        return _key_after(made.id)
    if isinstance(error, OrderConflict):
        raise _other_details() from error
    if wanted.amount is not None or error.original_request_id is None or len(tried) == _MOST_KEYS:
        raise error
    # All that is left can be refunded only once.
    return _key_after(error.original_request_id)


def _made_of_charge(wanted: _Wanted) -> Flow[tuple[Refund | None, datetime | None]]:
    """Read a Charge; return its newest refund of this name, and Stripe's time."""
    call = Call("charge", "get", path("charges", wanted.charge_id), {"expand": ["refunds"]})
    charge, answer = yield from ask(call, Charge.from_stripe)
    check.same_currency(charge.amount, wanted.amount)
    listed = typed(charge.raw, "refunds", dict)
    if listed is None or listed.get("has_more") is True:
        return (yield from _made_in_list(wanted)), answer.at
    made = [Refund.from_stripe(entry) for entry in entries(listed)]
    return _last(made, wanted), answer.at


def _made_in_list(wanted: _Wanted) -> Flow[Refund | None]:
    """Find the newest refund of this name in the list of its Charge's."""
    params = {"charge": wanted.charge_id, "limit": 100}
    made, _ = yield from page("/v1/refunds", params, Refund.from_stripe)
    return _last(made, wanted)


def _last(made: list[Refund], wanted: _Wanted) -> Refund | None:
    """Return the newest refund of this name, if there is one; they are newest first."""
    marks = ((each, each.metadata.get(check.RESERVED_METADATA, "")) for each in made)
    return next((each for each, mark in marks if mark.partition("/")[0] == wanted.name), None)


def _repeated(made: Refund, wanted: _Wanted) -> Refund:
    """Return a refund that was made before, if it is the same in all details."""
    if made.metadata.get(check.RESERVED_METADATA) != wanted.mark:
        raise _other_details()
    return attrs.evolve(made, replayed=True)


def _is_old(made: Refund, at: datetime | None) -> bool:
    return at is not None and made.created is not None and at - made.created >= _DAY


def _what_is_left_to_do(
    wanted: _Wanted, refusal: TokenChargeError, first: str
) -> Flow[Refund | str]:
    """Read the Charge before asking again for a refund that was refused.

    Returns:
        The refund, if it was made since, or the next key to ask under.

    Raises:
        InvalidRequest: The money cannot be given back now either.
        PaymentPending: Stripe is still processing the charge.
    """
    now = yield from look_again(read_charge(wanted.charge_id))
    if now.state is ChargeState.PENDING:
        raise pending(now) from refusal
    sentence = _WHY_NOT.get(now.state)
    left = now.amount_kept
    if sentence is None and wanted.amount is not None and wanted.amount.minor > left.minor:
        sentence = f"{left} of the charge is left, and {wanted.amount} cannot be given back."
    if sentence is None:
        return _key_after(first)
    made = yield from look_again(_made_in_list(wanted))
    if made is not None and made.status not in _OVER:
        return _repeated(made, wanted)
    raise InvalidRequest(
        sentence, code=refusal.code, param=refusal.param, step="refund"
    ) from refusal


_WHY_NOT = {
    ChargeState.HELD: "The money is only held: let it go with void, "
    "or capture it before you give it back.",
    ChargeState.RELEASED: "The money this charge held was let go: there is nothing to give back.",
    ChargeState.REFUNDED: "All of the charge was given back already.",
    ChargeState.FAILED: "The charge failed: there is nothing to give back.",
}


def _read_refund(refund_id: str) -> Flow[Refund]:
    return (
        yield from read(Call("refund", "get", path("refunds", refund_id), {}), Refund.from_stripe)
    )


def _key_after(name: str) -> str:
    """Return the next key, after a refund that failed or a request that was refused."""
    return f"tokencharge-{digest('refund after', name)}-refund"


def _other_details() -> OrderConflict:
    return OrderConflict(
        "This refund was asked for before with another reason, metadata or amount, and is "
        "not made again: if it is to be a second one, give it an idempotency_key of its own.",
        step="refund",
    )
