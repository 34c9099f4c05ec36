"""What may go wrong with one request, and how often it does in one schedule.

Two things no client can survive are left out. A network that delivers a request twice,
where Stripe turns the first away without saving that and executes the second; and a 500
that took effect but was not saved under its key, which Stripe's documentation rules
out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from random import Random

import attrs

from tokencharge.sandbox import Fault, Request, Response
from tokencharge.sandbox.language.refusals import Refusal, card_refused
from tokencharge.sandbox.service.faults import NO_FAULT

# A step has as many keys to spare for when Stripe saved a 5xx under its key.
_MOST_SAVED_5XX = 4
# The flow asks twice whether a refusal is saved: three times in a row, two of them
# unsaved, is more than it can tell.
_MOST_FORGOTTEN = 1


class Crash(asyncio.CancelledError):
    """The caller dies: its process ends, or its task is cancelled."""


@attrs.frozen(eq=False)
class Fate:
    """What becomes of one request.

    Attributes:
        name: For the trace.
        deliveries: How often the network delivers it.
        late: It arrives after the caller has given up.
        door: It is turned away at the door: nothing is executed, nothing is saved.
        inside: What goes wrong while Stripe executes it.
        garbled: What becomes of the answer on its way.
        instead: What the caller gets, at a time of its own, in place of an answer of Stripe's.
    """

    name: str = "fine"
    deliveries: int = 1
    late: bool = False
    door: Fault | None = None
    inside: Fault = NO_FAULT
    garbled: Callable[[Response], Response] | None = None
    instead: Response | type[BaseException] | None = None

    @property
    def forgotten(self) -> bool:
        """Stripe declines the card and does not save that."""
        return self.garbled is _declined_unsaved

    @property
    def saves_5xx(self) -> bool:
        """Stripe saves a 5xx under the request's key, if it has one."""
        return self.inside.broken and self.inside.saved


FINE = Fate()


def _at_door(fault: Fault) -> Fate:
    return Fate(fault.name, door=fault)


def _refused(name: str, refusal: Refusal) -> Fate:
    return Fate(name, door=Fault(name, refused=lambda _: refusal))


def _answer_of_a_proxy(name: str, status: int, deliveries: int) -> Fate:
    page = Response(
        status, {"content-type": "text/html"}, b"<html><body><h1>Sorry</h1></body></html>"
    )
    return Fate(name, deliveries=deliveries, instead=page)


def _garbled(fault: Fault) -> Fate:
    return Fate(fault.name, garbled=fault.garbled)


def _shaped(name: str, body: object, status: int) -> Fate:
    answer = Response(status, {"content-type": "application/json"}, json.dumps(body).encode())
    return Fate(name, garbled=lambda _: answer)


def _declined_unsaved(response: Response) -> Response:
    # What a request that was let in is answered with, while the engine forgets its key
    # again. A replay stays one.
    if response.status != 500 or "idempotent-replayed" in response.headers:
        return response
    body = card_refused("Your card was declined.", "card_declined", "").body("req_unsaved", 0)
    return Response(402, {"content-type": "application/json"}, json.dumps(body).encode())


_ANY = [
    Fate("refuse_connection", deliveries=0, instead=ConnectionRefusedError),
    Fate("lose_request", deliveries=0, instead=ConnectionResetError),
    Fate("lose_answer", instead=ConnectionResetError),
    Fate("lose_answer", instead=TimeoutError),
    Fate("late", late=True),
    Fate("late_twice", late=True, deliveries=2),
    Fate("duplicate", deliveries=2),
    Fate("duplicate_and_lose_answer", deliveries=2, instead=ConnectionResetError),
    Fate("crash_before", deliveries=0, instead=Crash),
    Fate("crash_after", instead=Crash),
    Fate("crash_after", instead=Crash),
    _at_door(Fault.rate_limit()),
    _at_door(Fault.lock_timeout()),
    _at_door(Fault.overloaded()),
    _refused("unauthorized", Refusal(401, "Invalid API Key provided: sk_test_********")),
    _refused("forbidden", Refusal(403, "The provided key does not have the required permissions.")),
    _refused("unsaved_500", Refusal(500, "An unknown error occurred.", kind="api_error")),
    _refused("failed_dependency", Refusal(424, "An external dependency failed.", kind="api_error")),
    _answer_of_a_proxy("proxy_502", 502, 0),
    _answer_of_a_proxy("proxy_504", 504, 1),
    _answer_of_a_proxy("proxy_429", 429, 0),
    _answer_of_a_proxy("proxy_403", 403, 0),
    _answer_of_a_proxy("portal_302", 302, 0),
    _answer_of_a_proxy("portal_200", 200, 0),
    _garbled(Fault.html()),
    _garbled(Fault.html(502)),
    _garbled(Fault.truncated()),
    _garbled(Fault.empty()),
    _garbled(Fault.wrong_shape()),
    _garbled(Fault.wrong_shape(b"{}")),
    _garbled(Fault.wrong_shape(b'"ok"')),
    _shaped("odd_error_400", {"error": "nope"}, 400),
    _shaped("odd_error_500", {"error": None}, 500),
]

_POST = [
    _at_door(Fault.key_in_use()),
    Fate("saved_500", inside=Fault.server_error(executed=False, saved=True)),
    Fate("saved_500", inside=Fault.server_error(executed=False, saved=True)),
    Fate("saved_500_executed", inside=Fault.server_error(executed=True, saved=True)),
    Fate("saved_500_executed", inside=Fault.server_error(executed=True, saved=True)),
    Fate("unsaved_500_inside", inside=Fault.server_error(executed=False, saved=False)),
]

_CARD = [
    Fate("declined", inside=Fault.declined("insufficient_funds")),
    Fate("declined_no_charge", inside=Fault.declined("generic_decline", leaves_charge=False)),
    Fate("declined_no_charge", inside=Fault.declined("processing_error", leaves_charge=False)),
    Fate(
        "declined_no_charge_answer_lost",
        inside=Fault.declined(leaves_charge=False),
        instead=ConnectionResetError,
    ),
    Fate(
        "declined_unsaved",
        inside=Fault.server_error(executed=False, saved=False),
        garbled=_declined_unsaved,
    ),
    Fate("declined_late", inside=Fault.declined(), late=True),
    Fate(
        "declined_unsaved",
        inside=Fault.server_error(executed=False, saved=False),
        garbled=_declined_unsaved,
    ),
]


def charges(request: Request) -> bool:
    """Tell whether money moves by a request."""
    if request.method != "POST":
        return False
    confirms = request.path == "/v1/payment_intents" and request.form.get("confirm") == "true"
    return confirms or request.path == "/v1/charges" or request.path.endswith("/confirm")


_RATES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6)


@attrs.define
class Weather:
    """How often what goes wrong in one schedule.

    Each schedule has some kinds of faults rather than a little of each: so it is tried
    as well what happens when one of them, or just these two, happen again and again.

    Attributes:
        random: Where the choices come from.
        rate: How many of the requests meet a fault.
        on_charges_only: Only those that charge do.
        kinds: The faults.
        over: Nothing goes wrong any more.
    """

    random: Random
    rate: float
    on_charges_only: bool
    kinds: list[Fate]
    over: bool = False
    _saved_5xx: int = 0
    _forgotten: int = 0

    @classmethod
    def forecast(cls, random: Random) -> Weather:
        """Draw the weather of a schedule."""
        rate = random.choice(_RATES)
        kinds = [
            random.choice(random.choice((_ANY, _ANY, _POST, _CARD)))
            for _ in range(random.choice((1, 2, 4, 20)))
        ]
        return cls(random, rate, random.random() < 0.4, kinds)

    @classmethod
    def of(cls, names: Collection[str], random: Random) -> Weather:
        """Make a weather of these faults alone, each of them often, and only where money moves."""
        kinds = [fate for fate in (*_ANY, *_POST, *_CARD) if fate.name in names]
        return cls(random, random.choice((0.3, 0.6, 0.9)), True, kinds)

    def __str__(self) -> str:
        names = ", ".join(sorted({fate.name for fate in self.kinds}))
        what = "charges" if self.on_charges_only else "requests"
        return f"{self.rate:.0%} of the {what} meet one of {names}"

    def change(self) -> None:
        """Let the same go wrong more often, or less."""
        self.rate = self.random.choice(_RATES)

    def clear_up(self) -> None:
        """Let nothing go wrong from now on."""
        self.over = True

    def fate(self, request: Request) -> Fate:
        """Draw the fate of a request."""
        moves_money = charges(request)
        if (
            self.over
            or self.random.random() >= self.rate
            or (self.on_charges_only and not moves_money)
        ):
            return FINE
        fate = self.random.choice(self.kinds)
        if request.method == "GET" and (fate in _POST or fate in _CARD):
            return FINE
        if fate in _CARD and not (moves_money or request.path.endswith("/sources")):
            return FINE
        self._saved_5xx += fate.saves_5xx
        self._forgotten += fate.forgotten
        too_many_saved = fate.saves_5xx and self._saved_5xx > _MOST_SAVED_5XX
        too_many_forgotten = fate.forgotten and self._forgotten > _MOST_FORGOTTEN
        return FINE if too_many_saved or too_many_forgotten else fate

    def crashes(self) -> bool:
        """Draw whether the caller dies while it waits for its turn."""
        return not self.over and self.random.random() < self.rate / 10
