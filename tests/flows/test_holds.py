"""Money that is held: what its Charge says, and that it is captured
or let go, one of the two and once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.flows.line import answer, refuse
from tests.flows.shop import ADA, FIVE, by_hand
from tests.rows import each_row
from tokencharge import (
    Charge,
    ChargeState,
    GatewayUnavailable,
    InvalidRequest,
    Money,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    PaymentGateway,
    PaymentIntent,
    PaymentPending,
)
from tokencharge.sandbox import Fault
from tokencharge.testing import sandbox_gateway

THREE = Money(300, "usd")
NOTHING = Money(0, "usd")
WEEK = 7 * 24 * 3600
LET_GO = {"charges": "/v1/refunds", "payment_intents": "/v1/payment_intents/*/cancel"}
TAKE = {"charges": "/v1/charges/*/capture", "payment_intents": "/v1/payment_intents/*/capture"}


@pytest.fixture
def gateway(sandbox, route):
    return sandbox_gateway(sandbox, route=route)


@pytest.fixture
def held(gateway):
    return gateway.charge("tok_visa", ADA, FIVE, order_id="order-7", capture=False).charge


def test_money_that_is_held_says_so(gateway, held):
    """A Charge that is only held keeps nothing yet, wherever it is read."""
    found = gateway.find("order-7").charge

    assert [ChargeState.HELD] * 3 == [
        each.state for each in (held, gateway.get_charge(held.id), found)
    ]
    assert (NOTHING, False) == (held.amount_kept, held.captured)
    assert timedelta(days=7) == held.capture_before - held.created


@pytest.mark.parametrize("amount", [None, FIVE, THREE])
def test_a_hold_is_captured_once(sandbox, gateway, held, amount):
    """All of it or a part, once however often it is asked for; the shop keeps what was taken."""
    captured, again = (gateway.capture(held, amount) for _ in range(2))
    kept = amount or FIVE

    assert (captured, ChargeState.PAID) == (again, captured.state)
    assert [kept] * 3 == [
        captured.amount_captured,
        captured.amount_kept,
        sandbox.charges[0].amount_kept,
    ]


def test_what_is_captured_says_so_for_ever(sandbox, gateway, held):
    """A capture repeated after days, when Stripe has forgotten its
    key, returns the Charge as it is now."""
    gateway.capture(held, THREE)
    gateway.refund(held, Money(100, "usd"))
    sandbox.advance(2 * WEEK)
    again = gateway.capture(held, THREE)

    assert (ChargeState.PAID, Money(200, "usd")) == (again.state, again.amount_kept)


def test_a_hold_that_is_let_go_is_released(sandbox, gateway, held):
    """It is let go once however often it is asked for, and says so wherever it is read."""
    released, again = (gateway.void(held) for _ in range(2))
    read = gateway.get_charge(held.id)

    assert [ChargeState.RELEASED] * 3 == [each.state for each in (released, again, read)]
    assert (NOTHING, released) == (read.amount_kept, read)
    assert len(sandbox.refunds) <= 1


def test_a_hold_that_lapsed_is_released(sandbox, gateway, held):
    """What was not captured in time was let go by itself: to void it then is
    no error, and to capture it is one."""
    sandbox.advance(WEEK + 1)
    with pytest.raises(InvalidRequest, match="was let go"):
        gateway.capture(held)

    assert [ChargeState.RELEASED] * 2 == [
        gateway.get_charge(held.id).state,
        gateway.void(held).state,
    ]
    assert [] == sandbox.refunds


@pytest.mark.parametrize("ended", ["voided", "lapsed"])
def test_an_order_whose_hold_was_let_go_is_not_paid(sandbox, gateway, held, ended):
    """It is not found, and charging it again is a conflict that says why."""
    if ended == "voided":
        gateway.void(held)
    else:
        sandbox.advance(WEEK + 1)

    assert None is gateway.find("order-7")
    assert None is gateway.find("order-7", customer=held.customer_id)
    with pytest.raises(OrderConflict, match="was let go"):
        gateway.charge(
            "tok_visa", ADA, FIVE, order_id="order-7", capture=False, customer=held.customer_id
        )
    assert 1 == len(sandbox.charges)


def test_money_taken_is_not_voided(sandbox, gateway):
    """A captured charge is refused, and no money moves: that is a refund."""
    paid = gateway.charge("tok_visa", ADA, FIVE).charge
    with pytest.raises(InvalidRequest, match="use refund") as refused:
        gateway.void(paid)

    assert ("void", paid.id, "charge_already_captured") == (
        refused.value.step,
        refused.value.charge_id,
        refused.value.code,
    )
    assert [] == sandbox.refunds


def test_what_is_captured_is_not_captured_otherwise(sandbox, gateway, held):
    """Another amount is refused, with what was captured."""
    gateway.capture(held, THREE)
    with pytest.raises(InvalidRequest, match=r"captured already, 3\.00 USD") as refused:
        gateway.capture(held)

    assert ("charge_already_captured", held.id) == (refused.value.code, refused.value.charge_id)
    assert THREE == sandbox.charges[0].amount_captured


def test_what_was_let_go_is_not_captured(gateway, held):
    """The money is the buyer's again."""
    gateway.void(held)
    with pytest.raises(InvalidRequest, match="was let go"):
        gateway.capture(held)


def test_a_failed_charge_holds_nothing(sandbox, gateway):
    """It can be neither captured nor voided."""
    with pytest.raises(Exception, match="declined"):
        gateway.charge("tok_chargeCustomerFail", ADA, FIVE, order_id="order-7")
    failed = sandbox.charges[0]

    assert ChargeState.FAILED is failed.state
    for act in (gateway.capture, gateway.void):
        with pytest.raises(InvalidRequest, match="failed"):
            act(failed)


@pytest.mark.parametrize("act", ["capture", "void"])
def test_a_charge_that_is_pending_is_waited_for(sandbox, line, act):
    """Whether it will hold money is not known yet."""
    pending = {
        "id": "py_1",
        "amount": 500,
        "currency": "usd",
        "status": "pending",
        "captured": True,
        "paid": False,
    }
    line.plan("GET *", answer(200, pending))
    with pytest.raises(PaymentPending):
        getattr(line.gateway(), act)("py_1")

    assert ChargeState.PENDING is Charge.from_stripe(pending).state


@pytest.mark.parametrize(("first", "path"), [("capture", TAKE), ("void", LET_GO)])
def test_a_lost_answer_is_found_by_calling_again(sandbox, gateway, held, route, first, path):
    """Not knowing is an outcome of its own; the same call then tells what happened, once."""
    sandbox.lose_next_answer(path=path[route])
    with pytest.raises(OutcomeUnknown) as unknown:
        getattr(gateway, first)(held)
    found = getattr(gateway, first)(held)

    assert (held.id, first) == (unknown.value.charge_id, unknown.value.step)
    assert {"capture": ChargeState.PAID, "void": ChargeState.RELEASED}[first] is found.state


def racing(line, what, act):
    """Somebody acts in the moment before a request arrives."""

    def action(request):
        act()
        return line.sandbox.handle(request)

    line.plan(what, action)


@pytest.mark.parametrize("amount", [None, FIVE, THREE])
def test_a_capture_that_comes_first_is_never_given_back(
    sandbox, line, gateway, held, route, amount
):
    """A void that looked before the capture, and arrives after it, is
    refused: no captured money goes back."""
    racing(line, f"POST {LET_GO[route]}", lambda: gateway.capture(held, amount))
    with pytest.raises(InvalidRequest, match="is captured already"):
        line.gateway(route=route).void(held)

    assert ([], amount or FIVE) == (sandbox.refunds, sandbox.charges[0].amount_kept)


def test_a_void_that_comes_first_leaves_nothing_to_capture(sandbox, line, gateway, held, route):
    """A capture that arrives after the void is refused, and says that the money was let go."""
    racing(line, f"POST {TAKE[route]}", lambda: gateway.void(held))
    with pytest.raises(InvalidRequest, match="was let go"):
        line.gateway(route=route).capture(held)

    assert (NOTHING, False) == (sandbox.charges[0].amount_kept, sandbox.charges[0].captured)


def test_two_captures_of_the_same_amount_are_one(sandbox, line, gateway, held, route):
    """Whoever comes second is given the Charge, however they wrote the amount."""
    racing(line, f"POST {TAKE[route]}", lambda: gateway.capture(held))
    captured = line.gateway(route=route).capture(held, FIVE)

    assert ChargeState.PAID is captured.state


def test_a_part_captured_in_the_dashboard_is_never_given_back(sandbox, line, held, route):
    """Over Charges the void names the whole amount, which is more than what was captured."""
    where: tuple[str, dict[str, Any]] = f"charges/{held.id}/capture", {"amount": 300}
    if route == "payment_intents":
        where = f"payment_intents/{held.payment_intent_id}/capture", {"amount_to_capture": 300}
    racing(line, f"POST {LET_GO[route]}", lambda: by_hand(sandbox, where[0], **where[1]))
    with pytest.raises(InvalidRequest, match="is captured already"):
        line.gateway(route=route).void(held)

    assert ([], THREE) == (sandbox.refunds, sandbox.charges[0].amount_kept)


def test_all_captured_in_the_dashboard_in_that_moment_is_told_as_given_back(
    sandbox, line, held, route
):
    """Over Charges no key can prevent it, and the Charge says
    that money was taken and given back."""
    where = (
        f"charges/{held.id}" if route == "charges" else f"payment_intents/{held.payment_intent_id}"
    )
    racing(line, f"POST {LET_GO[route]}", lambda: by_hand(sandbox, f"{where}/capture"))
    if route == "payment_intents":
        with pytest.raises(InvalidRequest, match="is captured already"):
            line.gateway(route=route).void(held)
        assert [] == sandbox.refunds
    else:
        assert ChargeState.REFUNDED is line.gateway(route=route).void(held).state


@pytest.mark.parametrize("then", ["capture", "void"])
def test_a_capture_that_was_refused_bars_nothing(sandbox, gateway, held, then):
    """Ten cents are too little for Stripe; the next amount, or
    the void, is not turned away for it."""
    for _ in range(2):
        with pytest.raises(InvalidRequest) as refused:
            gateway.capture(held, Money(10, "usd"))
        assert "amount_too_small" == refused.value.code
    ended = getattr(gateway, then)(held)

    assert {"capture": ChargeState.PAID, "void": ChargeState.RELEASED}[then] is ended.state


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize(
    ("act", "state"), [("capture", ChargeState.PAID), ("void", ChargeState.RELEASED)]
)
def test_a_saved_500_is_looked_up(sandbox, gateway, held, route, act, state, executed):
    """Stripe repeats it for a day; the Charge tells whether it took effect,
    and if not it is asked for again."""
    sandbox.faults.add(
        Fault.server_error(executed=executed), path=(TAKE if act == "capture" else LET_GO)[route]
    )
    with pytest.raises(OutcomeUnknown):
        getattr(gateway, act)(held)

    assert [state] * 2 == [getattr(gateway, act)(held).state for _ in range(2)]
    assert state is gateway.get_charge(held.id).state


def test_what_has_passed_is_asked_for_again(sandbox, gateway, held, route):
    """What stood against a void may have passed: it is asked for under another key, once."""
    sandbox.faults.add(Fault.server_error(executed=False), path=LET_GO[route], times=1)
    with pytest.raises(OutcomeUnknown):
        gateway.void(held)
    gateway.void(held)
    for _ in range(2):
        gateway.void(held)
    tried = [each for each in sandbox.requests if each.path.endswith(("/refunds", "/cancel"))]

    assert [500, 500, 200] == [each.status for each in tried]
    assert 2 == len({each.idempotency_key for each in tried})


@pytest.mark.parametrize("route", ["charges"])
def test_a_request_under_way_is_waited_for(sandbox, line, held, route, pauses):
    """A hold that another call is about to end is not ended beside it;
    over Charges both need the same key."""
    conflict = refuse(400, "Keys for idempotent requests...", type="idempotency_error")
    line.plan("POST /v1/refunds", *[conflict] * 4)
    with pytest.raises(OrderInProgress, match="call again in a moment"):
        line.gateway(route=route).void(held)

    assert [0.5, 1.0, 2.0] == pauses
    assert ChargeState.RELEASED is line.gateway(route=route).void(held).state


def test_a_refusal_that_is_not_saved_is_not_noted(sandbox, line, held, route):
    """Stripe does not save every refusal; what it has not saved uses no key up."""
    line.plan(f"POST {LET_GO[route]}", *[refuse(400)] * 2)
    with pytest.raises(InvalidRequest):
        line.gateway(route=route).void(held)

    assert {} == {
        name: note for name, note in sandbox.charges[0].metadata.items() if "hold" in name
    }


@pytest.mark.parametrize("route", ["charges"])
@pytest.mark.parametrize("status", [400, 403, 503])
def test_a_note_that_cannot_be_made(sandbox, line, held, route, status):
    """A Charge that takes no more metadata keeps nobody from the truth; where
    Stripe did not answer, call again."""
    line.plan(f"POST /v1/charges/{held.id}", refuse(status))
    gateway = line.gateway(route=route, max_retries=0)
    with pytest.raises(InvalidRequest if status == 400 else OutcomeUnknown):
        gateway.capture(held, Money(10, "usd"))


def test_not_being_able_to_look_is_not_knowing(sandbox, line, held, route):
    """Where the Charge cannot be read after a refusal, what became of it is not known."""
    line.plan(f"POST {LET_GO[route]}", refuse(400))
    line.plan("GET *", sandbox.handle, refuse(503))
    with pytest.raises(OutcomeUnknown) as unknown:
        line.gateway(route=route, max_retries=0).void(held)

    assert held.id == unknown.value.charge_id


@pytest.mark.parametrize("act", ["capture", "void"])
def test_an_answer_without_its_charge_cannot_be_read(sandbox, line, held, route, act):
    """What was asked to be sent along and was not is no answer to trust."""
    body = (
        {"object": "charge"}
        if route == "charges"
        else {**sandbox.payment_intents[0], "latest_charge": held.id}
    )
    line.plan(f"POST {(TAKE if act == 'capture' else LET_GO)[route]}", answer(200, body))
    with pytest.raises(OutcomeUnknown, match="cannot be read"):
        getattr(line.gateway(route=route), act)(held)


def test_keys_come_to_an_end(sandbox, line, held, route):
    """A request that is refused twenty times over is told as refused, or as
    busy, and not asked for for ever."""
    repeated = answer(
        400,
        {"error": {"type": "invalid_request_error", "message": "No."}},
        idempotent_replayed="true",
        original_request="req_first",
    )
    line.plan(f"POST {LET_GO[route]}", *[repeated] * 30)
    with pytest.raises((InvalidRequest, OrderInProgress)):
        line.gateway(route=route).void(held)

    assert 20 == len([each for each in line.sent if each.path.endswith(("/refunds", "/cancel"))])


@pytest.mark.parametrize("route", ["payment_intents"])
def test_a_repeated_refusal_that_names_no_request_is_told(line, held, route):
    """Without the first request's id no key can be made that everybody shares."""
    line.plan(f"POST {LET_GO[route]}", refuse(400, saved=True))
    with pytest.raises(InvalidRequest) as refused:
        line.gateway(route=route).void(held)

    assert refused.value.replayed


LAST_YEAR = {
    "id": "ch_1",
    "amount": 500,
    "currency": "usd",
    "status": "succeeded",
    "paid": True,
    "invoice": None,
}
TODAY = {name: value for name, value in LAST_YEAR.items() if name != "invoice"}
IN_2013 = {"id": "ch_1", "amount": 500, "currency": "usd", "paid": True}


@each_row(
    ("body", "state", "kept"),
    [
        ({**TODAY, "captured": True, "amount_captured": 500, "amount_refunded": 0}, "PAID", 500),
        ({**TODAY, "captured": True, "amount_captured": 300, "amount_refunded": 0}, "PAID", 300),
        ({**TODAY, "captured": True, "amount_captured": 300, "amount_refunded": 200}, "PAID", 100),
        (
            {
                **TODAY,
                "captured": True,
                "amount_captured": 300,
                "amount_refunded": 300,
                "refunded": True,
            },
            "REFUNDED",
            0,
        ),
        (
            {**TODAY, "captured": True, "amount_captured": 300, "amount_refunded": 300},
            "REFUNDED",
            0,
        ),
        ({**TODAY, "captured": False, "amount_captured": 0, "amount_refunded": 0}, "HELD", 0),
        (
            {**TODAY, "captured": False, "payment_intent": {"id": "pi_1", "status": "canceled"}},
            "RELEASED",
            0,
        ),
        (
            {
                **TODAY,
                "captured": False,
                "payment_intent": {"id": "pi_1", "status": "requires_capture"},
            },
            "HELD",
            0,
        ),
        ({**TODAY, "captured": False, "status": "failed", "paid": False}, "FAILED", 0),
        ({**TODAY, "captured": True, "status": "pending", "paid": False}, "PENDING", 0),
        (
            {**LAST_YEAR, "captured": True, "amount_captured": 300, "amount_refunded": 200},
            "PAID",
            300,
        ),
        (
            {**LAST_YEAR, "captured": True, "amount_captured": 300, "amount_refunded": 300},
            "PAID",
            200,
        ),
        (
            {
                **LAST_YEAR,
                "captured": True,
                "amount_captured": 300,
                "amount_refunded": 500,
                "refunded": True,
            },
            "REFUNDED",
            0,
        ),
        (
            {
                **LAST_YEAR,
                "captured": False,
                "amount_captured": 0,
                "amount_refunded": 500,
                "refunded": True,
            },
            "RELEASED",
            0,
        ),
        ({**IN_2013, "captured": True, "amount_refunded": 200, "refunded": False}, "PAID", 300),
        ({**IN_2013, "captured": False, "amount_refunded": 0, "refunded": False}, "HELD", 0),
        ({**IN_2013, "paid": False, "failure_code": "card_declined"}, "FAILED", 0),
    ],
)
def test_every_version_of_stripe_tells_the_same(body, state, kept):
    """What a Charge says of money let go has changed in 2025; its
    state and what is kept of it have not."""
    charge = Charge.from_stripe(body)

    assert (ChargeState[state], Money(kept, "usd")) == (charge.state, charge.amount_kept)


@pytest.mark.parametrize("route", ["payment_intents"])
def test_an_intent_tells_what_its_charge_cannot(sandbox, gateway, held):
    """Sent along with its intent, or with its intent, a Charge that was let go is released."""
    gateway.void(held)
    intent = {**sandbox.payment_intents[0], "latest_charge": sandbox.charges[0].raw}

    told = [
        PaymentIntent.from_stripe({**intent, "status": status}).charge
        for status in ("canceled", "requires_capture")
    ]

    assert [ChargeState.RELEASED, ChargeState.HELD] == [charge and charge.state for charge in told]


def test_without_an_intent_the_clock_tells():
    """A hold of the Charges API that was not captured in time
    was let go; no field of it says so."""
    details = {"card": {"capture_before": 1_800_000_000}}
    charge = Charge.from_stripe({**TODAY, "captured": False, "payment_method_details": details})
    then = datetime.fromtimestamp(1_800_000_000, timezone.utc)

    assert [ChargeState.HELD, ChargeState.HELD, ChargeState.RELEASED] == [
        charge.as_of(moment).state for moment in (None, then - timedelta(seconds=1), then)
    ]


def test_an_answer_need_not_be_dated(line, held, route):
    """Where no answer says when it was given, nothing is taken for lapsed by our own clock."""
    body = {**line.sandbox.charges[0].raw, "payment_intent": None}
    line.plan("GET *", answer(200, body), answer(200, body, date="yesterday"))
    read = [line.gateway().get_charge(held.id).state for _ in range(2)]

    assert [ChargeState.HELD] * 2 == read


def test_what_stripe_keeps_is_read_with_the_charge(sandbox, gateway):
    """Fee and net are known once the money is booked."""
    charge = gateway.charge("tok_visa", ADA, FIVE).charge
    sandbox.advance(60)
    read = gateway.get_charge(charge.id)

    assert (None, None) == (charge.fee, charge.net)
    assert (Money(45, "usd"), Money(455, "usd")) == (read.fee, read.net)


def test_what_is_not_booked_has_no_fee(sandbox, gateway, held):
    """Money that is only held costs nothing yet."""
    read = gateway.get_charge(held.id)

    assert (None, None) == (read.fee, read.net)


def test_a_key_that_may_not_read_bookings_still_reads_the_charge(line, held):
    """The Charge is read without its fee."""
    line.plan("GET *", refuse(403, "The provided key does not have the required permissions."))

    assert (ChargeState.HELD, None) == (
        (read := line.gateway().get_charge(held.id)).state,
        read.fee,
    )


def test_a_wrong_key_is_no_missing_permission(line):
    """It is told as what it is, after one request."""
    line.plan("GET *", refuse(401, "Invalid API Key provided."))
    with pytest.raises(Exception, match="refused the secret key"):
        line.gateway().get_charge("ch_1")

    assert 1 == len(line.sent)


def test_reading_a_charge_that_cannot_be_read_changes_nothing(line):
    """It is no answer."""
    line.plan("GET *", answer(200, {"id": "ch_1"}))
    with pytest.raises(GatewayUnavailable):
        line.gateway().get_charge("ch_1")


def test_a_gateway_of_the_other_route_ends_the_hold(sandbox, held, route):
    """What was held on one route is captured, or let go, by a gateway of the other."""
    other = {"charges": "payment_intents", "payment_intents": "charges"}[route]
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route=other)

    assert ChargeState.RELEASED is gateway.void(held).state


@pytest.mark.parametrize("route", ["charges"])
def test_a_key_that_was_used_up_meanwhile_is_passed_over(sandbox, line, gateway, held, route):
    """A capture that was refused in the same moment is noted on the charge:
    the void goes on to the next key."""

    def refused():
        with pytest.raises(InvalidRequest):
            gateway.capture(held, Money(10, "usd"))

    racing(line, "POST /v1/refunds", refused)

    assert ChargeState.RELEASED is line.gateway(route=route).void(held).state


def test_a_refusal_of_what_was_let_go_meanwhile_is_no_error(sandbox, line, gateway, held, route):
    """Two who let the same hold go at once are both told that it is."""
    line.plan(
        f"POST {LET_GO[route]}", lambda request: (gateway.void(held), refuse(400)(request))[1]
    )

    assert ChargeState.RELEASED is line.gateway(route=route).void(held).state


@pytest.mark.parametrize(
    ("act", "state"), [("capture", ChargeState.PAID), ("void", ChargeState.RELEASED)]
)
def test_an_answer_lost_within_a_call_is_asked_for_again(sandbox, held, route, act, state):
    """The gateway asks again by itself, and tells the charge as it is."""
    sandbox.lose_next_answer(path=(TAKE if act == "capture" else LET_GO)[route])

    assert state is getattr(sandbox_gateway(sandbox, route=route, max_retries=1), act)(held).state
