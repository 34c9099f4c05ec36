"""Money that is given back: once, and never told otherwise than it is."""

from __future__ import annotations

import pytest

from tests.flows.line import answer, refuse
from tests.flows.shop import ADA, DAY, FIVE, by_hand
from tokencharge import (
    ChargeState,
    InvalidInput,
    InvalidRequest,
    Money,
    OrderConflict,
    OutcomeUnknown,
    PaymentPending,
)
from tokencharge.sandbox import Fault
from tokencharge.testing import sandbox_gateway

TWO = Money(200, "usd")
NO = {"error": {"type": "invalid_request_error", "message": "No."}}


@pytest.fixture
def gateway(sandbox, route):
    return sandbox_gateway(sandbox, route=route)


@pytest.fixture
def paid(gateway):
    return gateway.charge("tok_visa", ADA, FIVE).charge


@pytest.fixture
def failing(gateway):
    """A charge whose refunds succeed, and fail later."""
    return gateway.charge("tok_refundFail", ADA, FIVE).charge


@pytest.fixture
def held(gateway):
    return gateway.charge("tok_visa", ADA, FIVE, capture=False).charge


def statuses(sandbox):
    return [refund.status for refund in sandbox.refunds]


@pytest.mark.parametrize("amount", [None, TWO])
def test_money_is_given_back_once(sandbox, gateway, paid, amount):
    """All of it or a part, once however often it is asked for,
    with the reason and the notes given."""
    said = {"reason": "duplicate", "metadata": {"item": "7"}}
    back, again = (gateway.refund(paid, amount, **said) for _ in range(2))
    (real,) = sandbox.refunds

    assert (real, real) == (back, again)
    assert (False, True) == (back.replayed, again.replayed)
    assert ((amount or FIVE), "duplicate", "7", paid.id) == (
        back.amount,
        back.reason,
        back.metadata["item"],
        back.charge_id,
    )
    assert {None: ChargeState.REFUNDED, TWO: ChargeState.PAID}[amount] is gateway.get_charge(
        paid.id
    ).state


def test_the_same_part_is_given_back_twice_by_name(sandbox, gateway, paid):
    """A key of the caller's own names the second refund, and it too happens once."""
    gateway.refund(paid, TWO)
    second, again = (gateway.refund(paid, TWO, idempotency_key="the second one") for _ in range(2))

    assert ([TWO, TWO], True) == ([refund.amount for refund in sandbox.refunds], again.replayed)
    assert second == again


def test_a_named_refund_is_made_once_for_ever(sandbox, gateway, paid):
    """Stripe forgets its key; the refund itself says what it was called."""
    gateway.refund(paid, TWO, idempotency_key="item 7")
    sandbox.advance(30 * DAY)
    again = gateway.refund(paid, TWO, idempotency_key="item 7")

    assert (1, True) == (len(sandbox.refunds), again.replayed)


def test_a_second_refund_of_the_same_part_is_a_new_one_after_a_day(sandbox, gateway, paid):
    """Within a day it is the first one again."""
    gateway.refund(paid, TWO)
    sandbox.advance(DAY - 60)
    repeated = gateway.refund(paid, TWO)
    sandbox.advance(120)
    second = gateway.refund(paid, TWO)

    assert ([True, False], 2) == ([repeated.replayed, second.replayed], len(sandbox.refunds))


@pytest.mark.parametrize("key", [None, "item 7"])
@pytest.mark.parametrize("amount", [None, TWO])
def test_a_refund_of_other_details_is_a_conflict(sandbox, gateway, paid, amount, key):
    """The same refund with another reason, or another note, is not given back twice."""
    gateway.refund(paid, amount, reason="duplicate", idempotency_key=key)
    for other in ({"reason": "fraudulent"}, {"reason": "duplicate", "metadata": {"by": "Ada"}}, {}):
        with pytest.raises(OrderConflict, match="idempotency_key of its own") as conflict:
            gateway.refund(paid, amount, idempotency_key=key, **other)
        assert (paid.id, "refund") == (conflict.value.charge_id, conflict.value.step)

    assert 1 == len(sandbox.refunds)


def test_what_was_refused_is_not_asked_for_with_other_details(sandbox, gateway, held):
    """Whether another request of this name is under way cannot
    be told from one that was refused."""
    with pytest.raises(InvalidRequest):
        gateway.refund(held, TWO, reason="duplicate")
    gateway.capture(held)
    with pytest.raises(OrderConflict):
        gateway.refund(held, TWO)

    assert [] == sandbox.refunds
    assert TWO == gateway.refund(held, TWO, reason="duplicate").amount


def test_a_key_names_one_amount(sandbox, gateway, paid):
    """A named refund of another amount is no second one."""
    gateway.refund(paid, TWO, idempotency_key="item 7")
    with pytest.raises(OrderConflict):
        gateway.refund(paid, Money(100, "usd"), idempotency_key="item 7")

    assert 1 == len(sandbox.refunds)


@pytest.mark.parametrize("key", [None, "item 7"])
@pytest.mark.parametrize("amount", [None, TWO])
def test_a_refund_that_failed_is_made_anew(sandbox, gateway, failing, amount, key):
    """Asked for again after it failed, it is a new refund, once for all who ask."""
    first = gateway.refund(failing, amount, idempotency_key=key)
    sandbox.advance(60)
    second, third = (gateway.refund(failing, amount, idempotency_key=key) for _ in range(2))

    assert (["failed", "succeeded"], False, True) == (
        statuses(sandbox),
        second.replayed,
        third.replayed,
    )
    assert first.id != second.id == third.id


@pytest.mark.parametrize("amount", [None, TWO])
def test_what_fails_again_and_again_is_tried_again_and_again(sandbox, gateway, failing, amount):
    """Each failed refund leads to the next, and what is told is how the last one stands."""
    for _ in range(4):
        told = gateway.refund(failing, amount)
        assert not told.replayed
        sandbox.advance(60)

    assert (["failed"] * 4, FIVE) == (statuses(sandbox), gateway.get_charge(failing.id).amount_kept)


def test_a_part_made_anew_is_not_given_back_twice_a_day_later(sandbox, gateway, failing):
    """Once Stripe has forgotten the first key, the refund itself
    shows that it was made anew since."""
    gateway.refund(failing, TWO)
    sandbox.advance(12 * 3600)
    sandbox.rules.booking_time = 10 * DAY
    gateway.refund(failing, TWO)
    sandbox.advance(13 * 3600)
    again = gateway.refund(failing, TWO)

    assert (["failed", "succeeded"], True) == (statuses(sandbox), again.replayed)


def test_what_was_refused_is_asked_for_again_once_it_may_pass(sandbox, gateway, held):
    """Refused before the capture, granted after it; and then it is given back once."""
    for _ in range(2):
        with pytest.raises(InvalidRequest):
            gateway.refund(held, TWO)
    gateway.capture(held)
    back, again = (gateway.refund(held, TWO) for _ in range(2))

    assert ([TWO], False, True) == (
        [each.amount for each in sandbox.refunds],
        back.replayed,
        again.replayed,
    )


def test_more_than_was_left_can_be_given_back_once_more_is_left(sandbox, gateway, failing):
    """A refusal for what is left holds as long as it is true, and is told with how much is left."""
    gateway.refund(failing, Money(400, "usd"))
    with pytest.raises(InvalidRequest, match="greater than unrefunded amount"):
        gateway.refund(failing, TWO)
    with pytest.raises(InvalidRequest, match=r"1\.00 USD of the charge is left") as refused:
        gateway.refund(failing, TWO)
    sandbox.advance(60)
    back = gateway.refund(failing, TWO)

    assert ("amount", "refund", failing.id) == (
        refused.value.param,
        refused.value.step,
        refused.value.charge_id,
    )
    assert (False, TWO) == (back.replayed, back.amount)


def test_more_than_is_left_is_refused(sandbox, gateway, paid):
    """Stripe refuses, and nothing is given back."""
    with pytest.raises(InvalidRequest) as refused:
        gateway.refund(paid.id, Money(501, "usd"))

    assert ("amount", paid.id) == (refused.value.param, refused.value.charge_id)
    assert [] == sandbox.refunds


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"captured": False}, "only held"),
        ({"captured": False, "payment_intent": {"id": "pi_1", "status": "canceled"}}, "was let go"),
        ({"refunded": True}, "given back already"),
        ({"status": "failed"}, "failed"),
    ],
)
def test_a_refusal_that_cannot_pass_is_not_asked_for_again(
    sandbox, line, paid, route, state, sentence
):
    """The Charge as it is now says why nothing can be given back."""
    line.plan("POST *", repeated("req_1"))
    line.plan("GET *", answer(200, {**sandbox.charges[0].raw, **state}))
    with pytest.raises(InvalidRequest, match=sentence):
        line.gateway(route=route).refund(paid)

    assert 1 == len(posts(line))


def test_a_refusal_of_a_charge_that_is_pending_is_waited_out(sandbox, line, paid, route):
    """It may be given back once it is paid."""
    line.plan("POST *", repeated("req_1"))
    line.plan("GET *", answer(200, {**sandbox.charges[0].raw, "status": "pending"}))
    with pytest.raises(PaymentPending):
        line.gateway(route=route).refund(paid)


@pytest.mark.parametrize("amount", [None, TWO])
def test_all_who_ask_again_share_a_key(sandbox, line, paid, route, amount):
    """Whoever is repeated the same refusals asks again under the
    same keys: one refund comes of it."""
    line.plan(
        "POST *",
        repeated("req_1"),
        repeated("req_2"),
        lambda request: (ask(), line.sandbox.handle(request))[1],
    )

    def ask():
        line.plan("POST *", repeated("req_1"), repeated("req_2"))
        return line.gateway(route=route).refund(paid, amount)

    back, again = ask(), ask()
    keys = [each.idempotency_key for each in posts(line)]

    assert (keys[:3], 3) == (keys[3:6], len(set(keys)))
    assert ([back], again) == (sandbox.refunds, back)
    assert (True, True) == (back.replayed, again.replayed)


@pytest.mark.parametrize("amount", [None, TWO])
def test_keys_come_to_an_end(line, paid, route, amount):
    """What is refused twenty times over is told as refused, and not asked for for ever."""
    line.plan("POST *", *(repeated(f"req_{number}") for number in range(30)))
    with pytest.raises(InvalidRequest):
        line.gateway(route=route).refund(paid, amount)

    assert 20 == len(posts(line))


def test_what_keeps_failing_is_told_as_failed(sandbox, line, failing, route):
    """After twenty refunds that failed the last one is returned as it is."""
    body = {**sandbox_refund(sandbox, failing), "status": "failed"}
    line.plan("POST *", *[answer(200, body, idempotent_replayed="true")] * 30)
    line.plan("GET *", *[answer(200, body)] * 30)
    told = line.gateway(route=route).refund(failing)

    assert (20, "failed") == (len(posts(line)), told.status)


def test_a_repeated_refusal_that_names_no_request_is_told(line, paid, route):
    """Without the first request's id no key can be made that everybody shares."""
    line.plan("POST *", answer(400, NO, idempotent_replayed="true"))
    with pytest.raises(InvalidRequest) as refused:
        line.gateway(route=route).refund(paid)

    assert refused.value.replayed


@pytest.mark.parametrize("amount", [None, TWO])
@pytest.mark.parametrize("key", [None, "item 7"])
def test_a_lost_answer_is_found_by_calling_again(sandbox, gateway, paid, amount, key):
    """Not knowing is an outcome of its own; the same call then tells what happened."""
    sandbox.lose_next_answer(path="/v1/refunds")
    with pytest.raises(OutcomeUnknown) as unknown:
        gateway.refund(paid, amount, idempotency_key=key)
    found = gateway.refund(paid, amount, idempotency_key=key)

    assert (paid.id, "refund") == (unknown.value.charge_id, unknown.value.step)
    assert ([found], True) == (sandbox.refunds, found.replayed)


def test_a_lost_answer_found_by_the_same_call_is_no_repetition(sandbox, paid, route):
    """The gateway asked again by itself: this call gave the money back."""
    sandbox.lose_next_answer(path="/v1/refunds")
    back = sandbox_gateway(sandbox, route=route, max_retries=1).refund(paid)

    assert ([back], False) == (sandbox.refunds, back.replayed)


@pytest.mark.parametrize("amount", [None, TWO])
def test_a_saved_500_that_took_effect_is_found_in_the_list(sandbox, gateway, paid, amount):
    """Stripe repeats it for a day; the list shows the refund."""
    sandbox.faults.add(Fault.server_error(executed=True), path="/v1/refunds")
    with pytest.raises(OutcomeUnknown):
        gateway.refund(paid, amount)
    found = gateway.refund(paid, amount)

    assert ([found], True) == (sandbox.refunds, found.replayed)


def test_a_saved_500_is_asked_again_where_all_is_given_back(sandbox, gateway, paid):
    """All that is left cannot be given back twice."""
    sandbox.faults.add(Fault.server_error(executed=False), path="/v1/refunds")
    with pytest.raises(OutcomeUnknown):
        gateway.refund(paid)
    gateway.refund(paid)
    again = gateway.refund(paid)

    assert ([again], FIVE) == (sandbox.refunds, again.amount)


def test_a_saved_500_for_a_part_stays_unknown(sandbox, gateway, paid):
    """A part could be given back twice, so it is not asked for
    beside a request of which nobody knows."""
    sandbox.faults.add(Fault.server_error(executed=False), path="/v1/refunds")
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            gateway.refund(paid, TWO)

    assert [] == sandbox.refunds
    assert not gateway.refund(paid, TWO, idempotency_key="another").replayed


def test_a_saved_500_that_made_a_refund_which_failed_is_asked_again(sandbox, gateway, failing):
    """The list shows the failed refund; it is made anew under the key that is made of it."""
    sandbox.faults.add(Fault.server_error(executed=True), path="/v1/refunds")
    with pytest.raises(OutcomeUnknown):
        gateway.refund(failing)
    sandbox.advance(60)
    gateway.refund(failing)

    assert ["failed", "succeeded"] == statuses(sandbox)


def test_a_refund_made_anew_under_a_saved_500(sandbox, gateway, failing):
    """A 5xx under the second key is told as unknown for a part, and for all of it asked again."""
    gateway.refund(failing, TWO)
    sandbox.advance(60)
    sandbox.faults.add(Fault.server_error(executed=False), path="/v1/refunds")
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            gateway.refund(failing, TWO)

    assert ["failed"] == statuses(sandbox)


def test_not_being_able_to_look_is_not_knowing(line, paid, route):
    """Where a repeated refund cannot be read back, how it stands is not known."""
    gateway = line.gateway(route=route, max_retries=0)
    gateway.refund(paid)
    line.plan("GET *", refuse(503))
    with pytest.raises(OutcomeUnknown) as unknown:
        gateway.refund(paid)

    assert paid.id == unknown.value.charge_id


def test_refunds_that_are_none_of_ours_are_passed_over(sandbox, gateway, paid):
    """What somebody gave back in the dashboard is no refund of this name."""
    by_hand(sandbox, "refunds", charge=paid.id, amount=200)
    gateway.refund(paid, TWO)

    assert 2 == len(sandbox.refunds)


@pytest.mark.parametrize("shown", [None, {"data": [], "has_more": True}])
def test_refunds_that_do_not_come_with_the_charge_are_listed(sandbox, line, paid, route, shown):
    """There may be more of them than Stripe sends along."""
    gateway = line.gateway(route=route)
    gateway.refund(paid, TWO, idempotency_key="item 7")
    sandbox.advance(2 * DAY)
    line.plan("GET *", answer(200, {**sandbox.charges[0].raw, "refunds": shown}))
    again = gateway.refund(paid, TWO, idempotency_key="item 7")

    assert ([again], True) == (sandbox.refunds, again.replayed)


@pytest.mark.parametrize("act", ["capture", "refund"])
def test_an_amount_in_another_currency_is_refused(sandbox, gateway, held, act):
    """Stripe is sent the number alone, so the currency is compared first:
    nothing is captured or given back."""
    with pytest.raises(InvalidInput, match="The charge is in USD, the amount in EUR"):
        getattr(gateway, act)(held, Money(500, "eur"))

    assert ([], False) == (sandbox.refunds, sandbox.charges[0].captured)


def test_metadata_is_checked(gateway, paid):
    """As that of a charge is."""
    with pytest.raises(InvalidInput, match="metadata name"):
        gateway.refund(paid, metadata={"tokencharge": "mine"})


def posts(line):
    return [each for each in line.sent if each.method == "POST"]


def repeated(first):
    """A refusal that Stripe gave to a request before."""
    return answer(400, NO, idempotent_replayed="true", original_request=first)


def sandbox_refund(sandbox, charge):
    by_hand(sandbox, "refunds", charge=charge.id)
    return sandbox.refunds[0].raw
