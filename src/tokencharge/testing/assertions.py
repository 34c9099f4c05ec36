"""Assertions on money.

The sandbox's own record decides, and not what the code under test reports.
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import Charge, ChargeState, Money, Refund
from ..sandbox import Sandbox


class CassetteMismatch(AssertionError):
    """The test's requests to Stripe differ from those of its cassette."""


def assert_charged_once(
    sandbox: Sandbox,
    amount: Money | None = None,
    *,
    order_id: str | None = None,
    email: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, str] | None = None,
    captured: bool | None = None,
) -> Charge:
    """Assert that money was charged, once, and return that Charge.

    Args:
        sandbox: The sandbox whose record is read.
        amount: What must have been charged.
        order_id: Look at this order's charges only.
        email: Look at the charges of Customers with this e-mail only.
        description: The description that the Charge must have.
        metadata: What must be among the Charge's metadata.
        captured: Whether the money must have been taken, or must only be held.

    Raises:
        AssertionError: It was not so; the message lists what was charged.
    """
    paid = _paid(sandbox, order_id, email)
    _check(
        len(paid) == 1,
        f"One charge was expected{_of(order_id, email)}, and there are {len(paid)}.",
        sandbox,
    )
    (charge,) = paid
    for name, expected in (
        ("amount", amount),
        ("description", description),
        ("captured", captured),
    ):
        actual = getattr(charge, name)
        same = expected is None or actual == expected
        _check(same, f"{charge.id}: {name} is {actual}, and {expected} was expected.", sandbox)
    for name, text in (metadata or {}).items():
        found = charge.metadata.get(name)
        _check(
            found == text,
            f"{charge.id}: metadata {name} is {found!r}, and {text!r} was expected.",
            sandbox,
        )
    return charge


def assert_nothing_charged(
    sandbox: Sandbox, *, order_id: str | None = None, email: str | None = None
) -> None:
    """Assert that no money was charged; with an order or an e-mail, none for that.

    Raises:
        AssertionError: Money was charged; the message lists it.
    """
    paid = _paid(sandbox, order_id, email)
    _check(
        not paid,
        f"No charge was expected{_of(order_id, email)}, and there are {len(paid)}.",
        sandbox,
    )


def assert_refunded(
    sandbox: Sandbox, charge: Charge | str, amount: Money | None = None
) -> list[Refund]:
    """Assert that captured money was refunded, and return its Refunds.

    There may be several Refunds. Money that was held and released was never taken: see
    `assert_released`. A Refund that failed gave nothing back.

    Args:
        sandbox: The sandbox whose record is read.
        charge: The Charge.
        amount: How much in all; all that was captured if None.

    Raises:
        AssertionError: Less or more was refunded; the message lists what was charged.
    """
    real = _find(sandbox, charge)
    over = ("failed", "canceled")
    refunds = [
        each for each in sandbox.refunds if each.charge_id == real.id and each.status not in over
    ]
    given = sum(refund.amount.minor for refund in refunds) if real.captured else 0
    refunded, expected = Money(given, real.amount.currency), amount or real.amount_captured
    right = refunded == expected and given > 0
    _check(right, f"{refunded} of {real.id} was refunded, and {expected} was expected.", sandbox)
    return refunds


def assert_held(sandbox: Sandbox, charge: Charge | str, amount: Money | None = None) -> Charge:
    """Assert that the money of a Charge is held, and return the Charge.

    It must be neither taken nor released.

    Args:
        sandbox: The sandbox whose record is read.
        charge: The Charge.
        amount: How much must be held.

    Raises:
        AssertionError: It is not held; the message lists what was charged.
    """
    real = _in_state(sandbox, charge, ChargeState.HELD)
    right = amount in (None, real.amount)
    _check(right, f"{real.amount} of {real.id} is held, and {amount} was expected.", sandbox)
    return real


def assert_released(sandbox: Sandbox, charge: Charge | str) -> Charge:
    """Assert that the held money of a Charge was released, and return the Charge.

    The hold was voided, or it lapsed.

    Raises:
        AssertionError: It was not released; the message lists what was charged.
    """
    return _in_state(sandbox, charge, ChargeState.RELEASED)


def _in_state(sandbox: Sandbox, charge: Charge | str, expected: ChargeState) -> Charge:
    real = _find(sandbox, charge)
    right = real.state is expected
    _check(
        right,
        f"The money of {real.id} is {real.state.value}, and {expected.value} was expected.",
        sandbox,
    )
    return real


def _find(sandbox: Sandbox, charge: Charge | str) -> Charge:
    name = charge if isinstance(charge, str) else charge.id
    real = next((each for each in sandbox.charges if each.id == name), None)
    _check(real is not None, f"There is no charge {name}.", sandbox)
    assert real is not None  # noqa: S101
    return real


def _paid(sandbox: Sandbox, order_id: str | None, email: str | None) -> list[Charge]:
    emails = {customer.id: customer.email for customer in sandbox.customers}
    return [
        charge
        for charge in sandbox.charges
        if charge.status == "succeeded"
        and (order_id is None or charge.order_id == order_id)
        and (email is None or emails.get(charge.customer_id or "") == email)
    ]


def _of(order_id: str | None, email: str | None) -> str:
    return (f" for order {order_id!r}" if order_id else "") + (f" for {email}" if email else "")


def _check(holds: bool, sentence: str, sandbox: Sandbox) -> None:
    if holds:
        return
    lines = [
        f"  {charge.id}  {charge.amount}  {charge.status}, "
        + ("captured" if charge.captured else "not captured")
        + f", {charge.state.value}, refunded {charge.amount_refunded}, "
        f"order {charge.order_id!r}"
        for charge in sandbox.charges
    ]
    raise AssertionError("\n".join([sentence, "The sandbox's charges:", *(lines or ["  none"])]))
