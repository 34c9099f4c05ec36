"""Clerks: several people capture, void and refund the same charges, and money is counted.

What buyers are to `schedule`, clerks are here. The judge is the sandbox's own record:
what was captured, what was given back, what is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import attrs

from tokencharge import (
    AuthenticationFailed,
    Charge,
    ChargeState,
    GatewayUnavailable,
    InvalidRequest,
    Money,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    RateLimited,
    Refund,
    TokenChargeError,
)
from tokencharge.sandbox.service.engine import Pending

from .baton import Task
from .invariants import Violation
from .schedule import Failure
from .weather import Crash
from .world import Call, Letter, Pause, World, finished, simulated_time

PRICE = Money(500, "usd")
_CARDS = ["4242424242424242"] * 3 + [
    "4000000000005126",
    "4000000000007726",
]  # refunds fail later, are pending first
_NEXT_TIME = ((20 * 3600.0, 22 * 3600.0), (25 * 3600.0, 60 * 3600.0), (8 * 86_400.0, 9 * 86_400.0))
_DAY = 24 * 3600.0
_HOLDS_FOR = 7 * 24 * 3600.0
_FIVE_MINUTES = 300.0
_PASSES = 3

_NOTHING_DONE = (
    AuthenticationFailed,
    GatewayUnavailable,
    InvalidRequest,
    OrderConflict,
    OrderInProgress,
    RateLimited,
)
_CALL_AGAIN = (
    Crash,
    OutcomeUnknown,
    OrderInProgress,
    RateLimited,
    GatewayUnavailable,
    AuthenticationFailed,
)


@attrs.define(eq=False)
class Act(Call):
    """One call of the gateway by one clerk.

    Attributes:
        what: "capture", "void" or "refund".
        did: What its requests have changed at Stripe.
        refunds: The Refunds that they have made.
        began: When it began.
        ended: When its outcome was told.
    """

    what: str = ""
    did: list[str] = attrs.field(factory=list)
    refunds: list[str] = attrs.field(factory=list)
    began: float = 0.0
    ended: float = 0.0

    @property
    def name(self) -> tuple[object, ...]:
        """What a refund is called: a name is given back once."""
        return self.purchase, self.args.get("idempotency_key") or self.args.get("amount")


class Office(World):
    """A world with charges that were made before anybody acts."""

    def __init__(self, seed: int, trace: Callable[[str], None] | None, route: str | None) -> None:
        super().__init__(seed, trace, route)
        self.weather.on_charges_only = False
        self.sandbox.rules.card_tokens = True
        self.sandbox.rules.booking_time = self.random.choice((2.0, 60.0, 3600.0))
        for _ in range(self.random.choice((1, 1, 2))):
            self._make_a_charge()

    def _make_a_charge(self) -> None:
        number, manual = self.random.choice(_CARDS), self.random.random() < 0.7
        if self.gateway().settings.route == "charges":
            token = self.sandbox.create_token(number)
            capture = "false" if manual else "true"
            form = f"amount={PRICE.minor}&currency=usd&source={token}&capture={capture}"
            self.ask_stripe("POST", "/v1/charges", form)
        else:
            method = self.sandbox.create_payment_method(number)
            form = f"amount={PRICE.minor}&currency=usd&payment_method={method}&confirm=true"
            form += "&automatic_payment_methods[enabled]=true"
            form += "&automatic_payment_methods[allow_redirects]=never"
            self.ask_stripe(
                "POST", "/v1/payment_intents", form + ("&capture_method=manual" if manual else "")
            )
        self.note("%s", self.sandbox.charges[-1])

    def _execute(self, letter: Letter, begun: Pending) -> None:
        before, refunds = self._seen(), {refund.id for refund in self.sandbox.refunds}
        super()._execute(letter, begun)
        act = letter.call
        assert isinstance(act, Act)
        act.refunds += [refund.id for refund in self.sandbox.refunds if refund.id not in refunds]
        if before != self._seen():
            act.did.append(letter.request.path)

    def _seen(self) -> object:
        charges = [(charge.amount_captured, charge.metadata) for charge in self.sandbox.charges]
        # A note on a charge is no change of its money.
        money = [captured for captured, _ in charges]
        intents = [intent["status"] for intent in self.sandbox.payment_intents]
        return money, intents, len(self.sandbox.refunds)


class Clerk:
    """Somebody who ends holds and gives money back, and goes on trying."""

    def __init__(self, office: Office, name: str) -> None:
        self._office = office
        self._name = name
        self._random = office.random
        self._gateway = office.gateway()

    def act(self) -> None:
        """Do some of what there is to do, and what did not work again."""
        for _ in range(self._random.randint(1, 4)):
            what, args = self._draw()
            self._wait(5.0)
            act = self.call(what, args)
            for _ in range(2):
                if isinstance(act.outcome, Crash) or self._random.random() < 0.5:
                    break
                self._wait(self._random.choice((1.0, 5.0, 120.0)))
                act = self.call(what, args)

    def call(self, what: str, args: dict[str, Any]) -> Act:
        """Call the gateway and keep what came of it."""
        office = self._office
        act = Act(
            self._name, args["charge"], args, None, self._gateway, what=what, began=office.now
        )
        office.calls.append(act)
        office.note("%s calls %s(%s)", self._name, what, args)
        Task.current().about = act
        try:
            act.outcome = finished(getattr(self._gateway, what)(**args))
        except (TokenChargeError, Crash) as outcome:
            act.outcome = outcome
        act.ended = office.now
        Task.current().about = None
        office.note("%s ends: %r", self._name, act.outcome)
        return act

    def _draw(self) -> tuple[str, dict[str, Any]]:
        random = self._random
        args: dict[str, Any] = {"charge": random.choice(self._office.sandbox.charges).id}
        what = random.choices(["capture", "void", "refund"], [3, 2, 4])[0]
        if what == "capture" and random.random() < 0.6:
            args["amount"] = Money(random.choice((10, 300, 500)), "usd")
        if what == "refund":
            if random.random() < 0.7:
                args["amount"] = Money(random.choice((100, 100, 200, 450)), "usd")
            if random.random() < 0.4:
                args["idempotency_key"] = f"item-{random.randint(1, 2)}-{args['charge']}"
            if random.random() < 0.15:
                args["reason"] = "duplicate"
        return what, args

    def _wait(self, longest: float) -> None:
        Task.current().ask(Pause(self._random.random() * longest))


def play(
    seed: int, trace: Callable[[str], None] | None = None, route: str | None = None
) -> Failure | None:
    """Play the schedule with this number, and check it."""
    office = Office(seed, trace, route)
    try:
        with simulated_time(office):
            _play(office)
    except Exception as error:  # noqa: BLE001
        return Failure(seed, f"{type(error).__name__}: {error}", route, clerks=True)
    finally:
        office.close()
    return None


def _play(office: Office) -> None:
    random = office.random
    for number in range(random.randint(2, 4)):
        office.start(Clerk(office, f"clerk {chr(ord('A') + number)}").act)
    office.run()
    check(office)
    if random.random() < 0.4:
        later = random.uniform(*random.choice(_NEXT_TIME))
        office.now += later
        office.note("%.1f hours pass", later / 3600)
        for number in range(random.randint(1, 3)):
            office.start(Clerk(office, f"clerk {chr(ord('R') + number)}").act)
        office.run()
        check(office)
    office.weather.clear_up()
    office.now += _FIVE_MINUTES
    office.note("the weather clears up, and %.0f s pass", _FIVE_MINUTES)
    office.start(lambda: _close(office))
    office.run()
    check(office)


def _close(office: Office) -> None:
    """Call again whoever does not know, then read every charge.

    Raises:
        Violation: Somebody still does not know, or a charge is told otherwise than it is.
    """
    left = [
        act for act in office.calls if isinstance(act, Act) and isinstance(act.outcome, _CALL_AGAIN)
    ]
    for _ in range(_PASSES):
        clerk = Clerk(office, "closing")
        left = [
            act for act in left if isinstance(clerk.call(act.what, act.args).outcome, _CALL_AGAIN)
        ]
    for act in left:
        # Of a part under whose key Stripe saved a 5xx nobody can know for a day; a
        # second one might be too much.
        parts = [each for each in office.calls if isinstance(each, Act) and each.name == act.name]
        if (
            act.what != "refund"
            or "amount" not in act.args
            or not any(each.saved_5xx for each in parts)
        ):
            raise Violation(f"(4) {act.what} {act.args} does not come to an end")
    # A refund that has just been made may yet fail: then it would have failed between
    # the look and the judgement.
    Task.current().ask(Pause(office.sandbox.rules.booking_time + 1))
    for charge in office.sandbox.charges:
        Task.current().about = Act("closing", charge.id, {}, None, office.gateway())
        read = finished(office.gateway().get_charge(charge.id))
        if (read.state, read.amount_kept) != (state(office, charge), kept(office, charge)):
            raise Violation(
                f"(5) {read}, and it is {state(office, charge)}, {kept(office, charge)}"
            )


def kept(office: Office, charge: Charge) -> Money:
    """Return what is left of a Charge by the sandbox's record."""
    back = sum(refund.amount.minor for refund in _given_back(office, charge.id))
    return Money(charge.amount_captured.minor - back if charge.captured else 0, "usd")


def state(office: Office, charge: Charge) -> ChargeState:
    """Return what has become of a Charge by the sandbox's record."""
    if charge.captured:
        return ChargeState.PAID if kept(office, charge).minor else ChargeState.REFUNDED
    intent = next(
        (each for each in office.sandbox.payment_intents if each["id"] == charge.payment_intent_id),
        None,
    )
    if intent is not None:
        return ChargeState.HELD if intent["status"] == "requires_capture" else ChargeState.RELEASED
    assert charge.created is not None
    lapsed = office.now - charge.created.timestamp() >= _HOLDS_FOR
    return ChargeState.RELEASED if lapsed or _given_back(office, charge.id) else ChargeState.HELD


def _given_back(office: Office, charge_id: str) -> list[Refund]:
    return [
        each
        for each in office.sandbox.refunds
        if each.charge_id == charge_id and each.status != "failed"
    ]


def check(office: Office) -> None:
    """Check what holds at any time.

    Raises:
        Violation: It does not.
    """
    for wrong in _wrong(office):
        raise Violation(wrong)


def _wrong(office: Office) -> Iterator[str]:
    charges = {charge.id: charge for charge in office.sandbox.charges}
    refunds = {refund.id: refund for refund in office.sandbox.refunds}
    acts = [act for act in office.calls if isinstance(act, Act) and act.what]
    for act in acts:
        charge = charges[act.purchase]
        live = [name for name in act.refunds if refunds[name].status != "failed"]
        if act.what != "refund" and live and charge.captured:
            yield f"(1) {act.buyer} let {charge.id} go, and gave back what was captured: {live}"
        did = [path for path in act.did if path != "/v1/refunds"]
        did += [name for name in act.refunds if not _had_failed(office, refunds[name], act.ended)]
        if isinstance(act.outcome, _NOTHING_DONE) and did:
            yield f"(3) {act.buyer} was told {act.outcome!r}, and did {did}"
        if not isinstance(act.outcome, (Charge, Refund, TokenChargeError, Crash)):
            yield f"(7) {act.buyer} saw {act.outcome!r}"
        if isinstance(act.outcome, Charge):
            yield from _wrong_charge(act, act.outcome, charge)
        if isinstance(act.outcome, Refund):
            yield from _wrong_refund(office, act, act.outcome, refunds.get(act.outcome.id))
    for name in dict.fromkeys(act.name for act in acts if act.what == "refund"):
        made = [
            refunds[each]
            for act in acts
            if act.what == "refund" and act.name == name
            for each in act.refunds
        ]
        times = sorted(
            each.created.timestamp() for each in made if each.created and each.status != "failed"
        )
        named = isinstance(name[1], str)
        close = [after for before, after in pairwise(times) if named or after - before < _DAY]
        if name[1] is not None and close:
            yield f"(1) {name} was given back {len(times)} times"


def _wrong_charge(act: Act, told: Charge, real: Charge) -> Iterator[str]:
    amount = act.args.get("amount") or PRICE
    if act.what == "capture":
        taken = told.state in (ChargeState.PAID, ChargeState.REFUNDED)
        if not taken or not (told.amount_captured == real.amount_captured == amount):
            yield f"(2) {act.buyer} captured {amount} and was given {told}; the charge is {real}"
    elif told.state is not ChargeState.RELEASED or real.captured:
        yield f"(2) {act.buyer} voided, and was given {told}; the charge is {real}"


def _wrong_refund(office: Office, act: Act, told: Refund, real: Refund | None) -> Iterator[str]:
    if real is None or real.charge_id != act.purchase or told.amount != real.amount:
        yield f"(2) {act.buyer} was given {told}; the refund is {real}"
        return
    if told.amount != act.args.get("amount", told.amount) or told.reason != act.args.get("reason"):
        yield f"(2) {act.buyer} asked for {act.args} and was given {told}"
    if told.status != "failed" and _had_failed(office, real, act.began):
        yield f"(2) {act.buyer} was told {told.status} of {told.id}, which had failed"
    if act.smooth and told.replayed == (real.id in act.refunds):
        yield (
            f"(2) {act.buyer} was given {told.id} with replayed={told.replayed}, made {act.refunds}"
        )


def _had_failed(office: Office, refund: Refund, at: float) -> bool:
    """Tell whether a refund had given nothing back in the end, at a moment."""
    assert refund.created is not None
    return (
        refund.status == "failed"
        and at > refund.created.timestamp() + office.sandbox.rules.booking_time + 1
    )
