"""One schedule's world: a clock, what is due, and Stripe.

Stripe is behind a wire that does not keep its promises.

Real are the gateways, blocking and async, the flows, the SDK with its retries, the
translation of errors, and the sandbox's engine. Simulated are the network between the
two, the time, and when each caller gets its turn.
"""

from __future__ import annotations

import heapq
import json
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest import mock
from urllib.parse import urlsplit

import attrs

import tokencharge._checks
import tokencharge._clock
from tokencharge import AsyncPaymentGateway, Charge, PaymentGateway
from tokencharge._stripe import FunctionClient, transport, tries
from tokencharge.sandbox import Request, Response, Rules, Sandbox
from tokencharge.sandbox.service.engine import Pending

from .baton import Task
from .weather import FINE, Crash, Fate, Weather, charges

_START = 1_800_000_000.0
_LONGEST_TIME_OUT = 100.0
_MOST_EVENTS = 20_000
_MOST_REQUESTS = 150
_KEY = "sk_test_tokenchargeSandboxKey0001"

ROUTES = ("charges", "payment_intents", "both")


T = TypeVar("T")


class Endless(Exception):
    """A schedule, or a call, that does not come to an end."""


@attrs.frozen
class Pause:
    """A task asks to sleep."""

    seconds: float


@attrs.frozen
class Question:
    """A task sends a request, and waits so many seconds for the answer."""

    request: Request
    patience: float


@attrs.define(eq=False)
class Call:
    """One call of the gateway by one buyer, and what came of it.

    Attributes:
        buyer: Who calls.
        purchase: What is bought: the order, or the token where there is no order.
        args: What the gateway is called with.
        card: The id of the card that is submitted; None for whichever is the Customer's default.
        gateway: Which is called.
        outcome: What the gateway returned or raised; None while it has not.
        charges: The Charges its requests have made, failed ones too.
        customers: The Customers its requests have made.
        authenticated: The Charges made because its buyer authenticated, after it was told to.
        saved_5xx: The paths of its requests under whose keys Stripe saved a 5xx.
        declined_by_fault: Its card was declined, although nothing is wrong with it, and
            Stripe saved that.
        smooth: Each of its requests was delivered once and answered by Stripe.
        requests: How many it has sent.
        let_go_before: The Charges whose hold was let go when it began.
        charges_of_copies: Those of its Charges that a copy of a request has made, after
            the other copy had been answered that the key is in use.
    """

    buyer: str
    purchase: str
    args: dict[str, Any]
    card: str | None
    gateway: PaymentGateway | AsyncPaymentGateway
    outcome: object = None
    charges: list[str] = attrs.field(factory=list)
    customers: list[str] = attrs.field(factory=list)
    authenticated: list[str] = attrs.field(factory=list)
    saved_5xx: list[str] = attrs.field(factory=list)
    declined_by_fault: bool = False
    smooth: bool = True
    requests: int = 0
    let_go_before: frozenset[str] = frozenset()
    charges_of_copies: set[str] = attrs.field(factory=set)


@attrs.define(eq=False)
class Letter:
    """A request on its way, as a try of a call.

    Attributes:
        let_in: Stripe has begun to carry it out.
        told_busy: A copy of it was answered before, that another request uses its key.
        answered: The caller has an answer, or waits no longer.
    """

    number: int
    task: Task
    call: Call
    request: Request
    fate: Fate
    let_in: bool = False
    told_busy: bool = False
    answered: bool = False


class World:
    """A clock, a heap of what is due, and the sandbox behind the weather.

    Attributes:
        random: Where every choice comes from.
        now: The time, in seconds since 1970.
        sandbox: Stripe, and the record of what really happened.
        weather: What goes wrong.
        calls: Every call of the gateway, oldest first.
        card_of: The card that each payment method was made of.
        let_go: The Charges whose hold was let go.
        is_late: It is so long ago that things began that Stripe has forgotten keys.
        route: "charges", "payment_intents", or "both" where each buyer's gateway takes
            one of the two.
    """

    def __init__(
        self, seed: int, trace: Callable[[str], None] | None = None, route: str | None = None
    ) -> None:
        self.random = Random(seed)
        self.route = route or self.random.choice(ROUTES)
        self.now = _START
        self.calls: list[Call] = []
        self.card_of: dict[str, str] = {}
        self.let_go: set[str] = set()
        self.is_late = False
        self.weather = Weather.forecast(self.random)
        rules = Rules(
            search_lag=self.random.choice((0.0, 5.0, 30.0, 60.0)),
            decline_consumes_token=self.random.random() < 0.5,
            in_flight_first=self.random.random() < 0.5,
            # Over Charges a token pays on the accounts of old alone.
            card_tokens=self.route != "payment_intents" or self.random.random() < 0.5,
        )
        self.sandbox = Sandbox(secret_key=_KEY, clock=lambda: self.now, seed=seed, rules=rules)
        self._bank = self.random.choice((0.0, 0.0, 5.0, 20.0))
        self._trace = trace
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._promises = 0
        self._tasks: list[Task] = []
        self._letters = 0
        self._known: set[str] = set()
        self.note(
            "%s; route %s; the bank takes up to %s s more; %s",
            self.weather,
            self.route,
            self._bank,
            rules,
        )

    def gateway(self) -> PaymentGateway | AsyncPaymentGateway:
        """Draw a gateway of this world's route."""
        return self.random.choice(
            [each for each in GATEWAYS if self.route in ("both", each.settings.route)]
        )

    def authenticate(self, call: Call, intent: str, *, approve: bool) -> None:
        """Let a buyer pass the bank's challenge or fail it, if it is still there."""
        with suppress(ValueError):
            self.sandbox.authenticate(intent, approve=approve)
        self.note(
            "%s %s the authentication of %s", call.buyer, "passes" if approve else "fails", intent
        )
        call.authenticated += self._new_charges()

    def release(self, charge: Charge) -> None:
        """Let the money go that a Charge holds, as a shop does from its dashboard."""
        if charge.payment_intent_id is not None:
            self.ask_stripe("POST", f"/v1/payment_intents/{charge.payment_intent_id}/cancel")
        else:
            self.ask_stripe("POST", "/v1/refunds", f"charge={charge.id}")
        self.let_go.add(charge.id)
        self.note("the shop lets go of %s", charge.id)

    def note(self, text: str, *about: object) -> None:
        """Add a line to the trace, if anyone reads it."""
        if self._trace is not None:
            self._trace(f"{self.now - _START:9.2f}s  {text % about}")

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Let something happen in a while."""
        self._promises += 1
        heapq.heappush(self._due, (self.now + seconds, self._promises, action))

    def start(self, run: Callable[[], object]) -> None:
        """Let somebody act, whenever it is their turn."""
        task = Task(run)
        self._tasks.append(task)
        self.later(0.0, partial(self._resume, task))

    def run(self) -> None:
        """Let everything happen that is due, in the order of the clock.

        All that follows from it happens as well.

        Raises:
            Endless: It goes on and on.
        """
        for _ in range(_MOST_EVENTS):
            if not self._due:
                return
            self.now, _, action = heapq.heappop(self._due)
            action()
        raise Endless(f"{_MOST_EVENTS} events, and no end.")

    def close(self) -> None:
        """Let everybody who still waits for a turn die, so that no thread stays behind."""
        for task in self._tasks:
            for _ in range(_MOST_EVENTS):
                if task.done:
                    break
                try:
                    task.resume(Crash())
                except BaseException:  # noqa: BLE001
                    break

    def ask_stripe(self, method: str, path: str, form: str = "") -> dict[str, Any]:
        """Ask the sandbox directly: what the schedule sets up is no part of what it tries."""
        request = Request(method, path, "", {"authorization": f"Bearer {_KEY}"}, form.encode())
        answer: dict[str, Any] = json.loads(self.sandbox.handle(request).body)
        return answer

    def moment(self) -> float:
        """Draw how long something takes: mostly an instant, at times longer than a caller waits."""
        if self.weather.over:
            return self.random.random() * 0.1
        draw = self.random.random()
        longest = 0.3 if draw < 0.6 else 3.0 if draw < 0.9 else 15.0 if draw < 0.98 else 60.0
        return self.random.random() * longest

    def _resume(self, task: Task, given: object = None) -> None:
        asked = task.resume(given)
        if isinstance(asked, Pause):
            dies = task.about is not None and self.weather.crashes()
            self.later(
                asked.seconds + self.moment(),
                partial(self._resume, task, Crash() if dies else None),
            )
        elif isinstance(asked, Question):
            self._send(task, asked.request, asked.patience)

    def _send(self, task: Task, request: Request, patience: float) -> None:
        call: Call = task.about
        call.requests += 1
        if call.requests > _MOST_REQUESTS:
            raise Endless(f"One call sent {call.requests} requests.")
        fate = self.weather.fate(request)
        self._letters += 1
        letter = Letter(self._letters, task, call, request, fate)
        self._note(letter, "sends %s", request, _told)
        for _ in range(fate.deliveries):
            transit = _LONGEST_TIME_OUT + self.random.random() * 300 if fate.late else self.moment()
            self.later(transit, partial(self._arrive, letter))
        if fate.instead is None:
            self.later(patience, partial(self._reply, letter, TimeoutError()))
        else:
            told = fate.instead if isinstance(fate.instead, Response) else fate.instead()
            self.later(self.moment(), partial(self._reply, letter, told))

    def _arrive(self, letter: Letter) -> None:
        if letter.fate.door is not None:
            with self.sandbox.faults.add(letter.fate.door):
                return self._answer(letter, self.sandbox.handle(letter.request))
        begun = self.sandbox.begin(letter.request)
        if isinstance(begun, Response):
            # Whatever delivers a request twice waits for the answer to the first.
            if begun.status == 409 and letter.let_in:
                return None
            letter.told_busy |= begun.status == 409
            return self._answer(letter, begun)
        letter.let_in = True
        self._note(letter, "arrives")
        takes = self.moment()
        if not self.weather.over and charges(letter.request):
            takes += self.random.random() * self._bank
        return self.later(takes, partial(self._execute, letter, begun))

    def _execute(self, letter: Letter, begun: Pending) -> None:
        fate, call, path = letter.fate, letter.call, letter.request.path
        response = self.sandbox.finish(begun, fate.inside)
        if letter.request.method == "POST":
            if fate.saves_5xx:
                call.saved_5xx.append(path)
            if fate.inside.decline is not None:
                call.declined_by_fault = True
            if charges(letter.request):
                made = self._new_charges()
                call.charges += made
                if letter.told_busy:
                    call.charges_of_copies.update(made)
            elif path == "/v1/customers" and response.status == 200:
                call.customers.append(json.loads(response.body)["id"])
            elif path == "/v1/payment_methods" and response.status == 200:
                self.card_of[json.loads(response.body)["id"]] = call.card or ""
        self._answer(letter, response)

    def _new_charges(self) -> list[str]:
        """Return the Charges that nobody has asked for yet."""
        new = [charge.id for charge in self.sandbox.charges if charge.id not in self._known]
        self._known.update(new)
        return new

    def _answer(self, letter: Letter, response: Response) -> None:
        self._note(letter, "is answered %s", response, _said)
        if letter.fate.instead is None:
            garbled = letter.fate.garbled
            self.later(
                self.moment(),
                partial(self._reply, letter, garbled(response) if garbled else response),
            )

    def _reply(self, letter: Letter, told: Response | BaseException) -> None:
        if not letter.answered:
            letter.answered = True
            if not isinstance(told, Response) or told.status >= 500 or letter.fate.deliveries > 1:
                letter.call.smooth = False
            self._note(letter, "is told %s", told, _heard)
            self._resume(letter.task, told)

    def _note(
        self, letter: Letter, text: str, about: object = None, shown: Callable[[Any], str] = str
    ) -> None:
        if self._trace is not None:
            fate = "" if letter.fate is FINE else f" ({letter.fate.name})"
            said = text % shown(about) if about is not None else text
            self.note("%s #%s%s %s", letter.call.buyer, letter.number, fate, said)


def _told(request: Request) -> str:
    key = request.idempotency_key or ""
    # Other keys are the SDK's own, and drawn anew each time.
    shown = key[len("tokencharge-") :] if key.startswith("tokencharge-") else "-"
    return f"{request.method} {request.path} {shown} {json.dumps(request.form)}"


def _said(response: Response) -> str:
    replayed = " replayed" if response.headers.get("idempotent-replayed") else ""
    body = json.loads(response.body)
    error = body.get("error", {})
    name = error.get("code") or error.get("type") or body.get("id") or body.get("object")
    return f"{response.status} {name}{replayed}"


def _heard(told: Response | BaseException) -> str:
    return str(told.status) if isinstance(told, Response) else type(told).__name__


def _request(
    method: str, url: str, headers: Mapping[str, str], body: Any
) -> tuple[bytes, int, Mapping[str, str]]:
    where = urlsplit(url)
    sent = body.encode() if isinstance(body, str) else body or b""
    request = Request(method.upper(), where.path, where.query, headers, sent)
    response: Response = Task.current().ask(Question(request, transport.remaining()))
    return response.body, response.status, response.headers


def _sleep(seconds: float) -> None:
    if seconds:
        Task.current().ask(Pause(seconds))


async def _sleep_async(seconds: float) -> None:
    _sleep(seconds)


def finished(result: T | Coroutine[Any, Any, T]) -> T:
    """Return the result of a gateway's method, be the gateway blocking or async.

    The coroutine needs no event loop: whatever it waits for, its thread waits for.
    """
    if not isinstance(result, Coroutine):
        return result
    try:
        while True:
            result.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value


_CLIENT = FunctionClient(_request)

GATEWAYS: list[PaymentGateway | AsyncPaymentGateway] = [
    gateway
    for route in ("charges", "payment_intents")
    for gateway in (
        PaymentGateway(
            _KEY, max_retries=0, timeout=_LONGEST_TIME_OUT, http_client=_CLIENT, route=route
        ),
        PaymentGateway(_KEY, max_retries=1, timeout=20.0, http_client=_CLIENT, route=route),
        PaymentGateway(_KEY, max_retries=2, timeout=60.0, http_client=_CLIENT, route=route),
        PaymentGateway(_KEY, max_retries=3, timeout=60.0, http_client=_CLIENT, route=route),
        AsyncPaymentGateway(_KEY, max_retries=2, http_client=_CLIENT, route=route),
    )
]
"""Gateways that live in whichever world the thread's task does."""


@contextmanager
def simulated_time(world: World) -> Iterator[None]:
    """Let the gateways' pauses and time-outs run by the world's clock.

    Nothing is logged: the trace tells it all.
    """
    clock = SimpleNamespace(time=lambda: world.now)
    asynchronous = SimpleNamespace(sleep=_sleep_async)
    with (
        mock.patch.object(tokencharge._checks, "time", clock),
        mock.patch.object(tokencharge._clock, "time", clock),
        mock.patch.object(tries, "time", SimpleNamespace(sleep=_sleep)),
        mock.patch.object(tries, "asyncio", asynchronous),
        mock.patch.object(transport, "time", SimpleNamespace(monotonic=lambda: world.now)),
        mock.patch.object(logging.getLogger("tokencharge"), "disabled", True),
    ):
        yield
