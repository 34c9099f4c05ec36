"""What becomes of a charge, told as it is: held, let go, taken, given back; the
same on both routes and accounts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tokencharge import ChargeState, InvalidRequest, Money, OrderConflict, PaymentGateway

EMAIL = "ada@example.com"
FIVE, THREE, TWO, NOTHING = (Money(amount, "usd") for amount in (500, 300, 200, 0))
WEEK = 7 * 24 * 3600


def test_held_money_is_held(till: PaymentGateway, order: str) -> None:
    """Nothing is kept of it yet, and the order is paid: the hold is found."""
    held = till.charge("tok_visa", EMAIL, FIVE, order_id=order, capture=False)
    read, found = till.get_charge(held.charge.id), till.find(order, customer=held.customer)

    assert found is not None
    assert [ChargeState.HELD] * 3 == [each.state for each in (held.charge, read, found.charge)]
    assert (NOTHING, False, None) == (read.amount_kept, read.captured, read.fee)


def test_held_money_is_let_go(till: PaymentGateway, order: str) -> None:
    """Once, however often it is asked for: then the order is not paid,
    and cannot be charged or captured."""
    held = till.charge("tok_visa", EMAIL, FIVE, order_id=order, capture=False)
    released, again = till.void(held.charge), till.void(held.charge)

    assert [ChargeState.RELEASED] * 3 == [
        each.state for each in (released, again, till.get_charge(held.charge.id))
    ]
    assert till.find(order, customer=held.customer) is None
    with pytest.raises(OrderConflict, match="was let go"):
        till.charge("tok_visa", EMAIL, FIVE, order_id=order, capture=False)
    with pytest.raises(InvalidRequest, match="was let go"):
        till.capture(held.charge)


def test_held_money_lapses(till: PaymentGateway, order: str, later: Callable[[int], None]) -> None:
    """What nobody takes in seven days is let go by itself, and says
    so; to let it go then is no error."""
    held = till.charge("tok_visa", EMAIL, FIVE, order_id=order, capture=False)
    later(WEEK + 60)

    assert ChargeState.RELEASED is till.get_charge(held.charge.id).state
    assert till.find(order, customer=held.customer) is None
    assert ChargeState.RELEASED is till.void(held.charge).state
    with pytest.raises(InvalidRequest, match="was let go"):
        till.capture(held.charge)


def test_held_money_is_taken(till: PaymentGateway) -> None:
    """Once, however often it is asked for, and what was taken is not let go."""
    held = till.charge("tok_visa", EMAIL, FIVE, capture=False).charge
    taken, again = till.capture(held), till.capture(held, FIVE)

    assert ([ChargeState.PAID] * 2, FIVE) == ([taken.state, again.state], taken.amount_kept)
    with pytest.raises(InvalidRequest, match="use refund"):
        till.void(held)


def test_held_money_is_taken_in_part(till: PaymentGateway) -> None:
    """The rest is let go: of it nothing was taken, and nothing is given back."""
    held = till.charge("tok_visa", EMAIL, FIVE, capture=False).charge
    taken = till.capture(held, THREE)
    with pytest.raises(InvalidRequest, match="captured already"):
        till.capture(held)
    read = till.get_charge(held.id)

    assert [(ChargeState.PAID, THREE, THREE)] * 2 == [
        (each.state, each.amount_captured, each.amount_kept) for each in (taken, read)
    ]
    assert NOTHING == read.amount_refunded


def test_money_is_given_back_in_part(till: PaymentGateway) -> None:
    """The same part again is the first one again; a part of another name is
    another, as far as the money goes."""
    charge = till.charge("tok_visa", EMAIL, FIVE).charge
    first, again = till.refund(charge, TWO), till.refund(charge, TWO)
    second = till.refund(charge, TWO, idempotency_key=f"second-{charge.id}", metadata={"item": "2"})
    with pytest.raises(InvalidRequest):
        till.refund(charge, TWO, idempotency_key=f"third-{charge.id}")
    read = till.get_charge(charge.id)

    assert (first, False, True) == (again, first.replayed, again.replayed)
    assert (TWO, "2") == (second.amount, second.metadata["item"])
    assert (ChargeState.PAID, Money(100, "usd")) == (read.state, read.amount_kept)


def test_all_money_is_given_back(till: PaymentGateway) -> None:
    """Once, however often it is asked for."""
    charge = till.charge("tok_visa", EMAIL, FIVE).charge
    first, again = till.refund(charge), till.refund(charge)
    read = till.get_charge(charge.id)

    assert (first, True) == (again, again.replayed)
    assert (ChargeState.REFUNDED, NOTHING) == (read.state, read.amount_kept)


def test_a_refund_that_failed_is_made_anew(
    till: PaymentGateway, later: Callable[[int], None]
) -> None:
    """Asked for again, it is told as it is: failed, and so made once more."""
    charge = till.charge("tok_refundFail", EMAIL, FIVE).charge
    first = till.refund(charge)
    later(60)
    kept = till.get_charge(charge.id).amount_kept
    second, third = till.refund(charge), till.refund(charge)

    assert (FIVE, False, True) == (kept, second.replayed, third.replayed)
    assert first.id != second.id == third.id


def test_a_refund_refused_before_the_capture_is_granted_after_it(till: PaymentGateway) -> None:
    """A refusal is told only as long as it holds; then the money is given back, once."""
    held = till.charge("tok_visa", EMAIL, FIVE, capture=False).charge
    for _ in range(2):
        with pytest.raises(InvalidRequest):
            till.refund(held, TWO)
    till.capture(held)
    back, again = till.refund(held, TWO), till.refund(held, TWO)

    assert (back, False, True) == (again, back.replayed, again.replayed)
    assert THREE == till.get_charge(held.id).amount_kept


def test_what_stripe_keeps_is_known_once_it_is_booked(
    till: PaymentGateway, later: Callable[[int], None]
) -> None:
    """Fee and net add up to what was taken."""
    charge = till.charge("tok_visa", EMAIL, FIVE).charge
    later(60)
    read = till.get_charge(charge.id)

    assert read.fee is not None
    assert read.net is not None
    assert FIVE.minor == read.fee.minor + read.net.minor
