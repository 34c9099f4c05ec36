"""The rules of the webhook, with no framework about: handlers, their
names, what is remembered of them."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import attrs
import pytest

from tests.rows import each_row
from tests.web.deliveries import SECRET, event, garbled, signed
from tokencharge import ConfigurationError, Event, PaymentGateway, Settings
from tokencharge.web import Reply
from tokencharge.webhooks import KEEP, LEASE, EventStore, Handlers, MemoryStore, Webhooks


@attrs.define
class Clock:
    """A clock that moves when it is told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@attrs.define(slots=False)
class Endpoint:
    """An endpoint whose handlers the tests add with `on`."""

    settings: Settings = attrs.field(factory=lambda: Settings("sk_test_1", webhook_secret=SECRET))
    store: EventStore = attrs.field(factory=MemoryStore)
    on: Handlers = attrs.field(factory=Handlers)

    def __attrs_post_init__(self) -> None:
        self.rules = Webhooks(PaymentGateway.from_settings(self.settings), self.on.of, self.store)

    def deliver(self, payload: bytes, signature: str | None = None) -> Reply:
        return self.rules.answer(payload, signed(payload) if signature is None else signature)


class InTheHandler:
    """A delivery whose handler is at work, until it is told how that ends."""

    def __init__(self, endpoint: Endpoint, payload: bytes) -> None:
        self.steps = endpoint.rules.steps(payload, signed(payload))
        claimed = next(self.steps)()
        self.steps.send(claimed)

    def returns(self) -> Reply:
        return self._end(self.steps.send(None))

    def fails(self) -> Reply:
        return self._end(self.steps.throw(ZeroDivisionError()))

    def _end(self, step: Callable[[], Any]) -> Reply:
        try:
            while True:
                step = self.steps.send(step())
        except StopIteration as stop:
            reply: Reply = stop.value
            return reply


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


def fail(event: Event) -> None:
    raise ZeroDivisionError


def die(event: Event) -> None:
    raise SystemExit


class TestHandlers:
    """Which handlers get which events, in which order."""

    @pytest.mark.filterwarnings("ignore:Stripe is not known to have events")
    @pytest.mark.parametrize(
        ("types", "wanted"),
        [
            (["charge.refunded"], {"charge.refunded"}),
            (["charge.*"], {"charge.refunded", "charge.dispute.created"}),
            (["charge.dispute.*"], {"charge.dispute.created"}),
            (["charge"], set()),
            (
                ["*"],
                {
                    "charge.refunded",
                    "charge.dispute.created",
                    "chargeback.made",
                    "customer.created",
                },
            ),
            (["customer.created", "charge.refunded"], {"charge.refunded", "customer.created"}),
        ],
    )
    def test_get_the_types_they_ask_for(
        self, endpoint: Endpoint, types: list[str], wanted: set[str]
    ) -> None:
        """One, several, all that begin alike, all."""
        told: list[str] = []
        endpoint.on(*types)(lambda event: told.append(event.type))
        for kind in (
            "charge.refunded",
            "charge.dispute.created",
            "chargeback.made",
            "customer.created",
        ):
            endpoint.deliver(event(kind))

        assert wanted == set(told)
        assert len(wanted) == len(told)

    @each_row("types", [(), ("",), ("charge.",), ("charge*",), ("*.refunded",), ("a b",), (fail,)])
    def test_for_what_can_be_no_type_are_refused(self, types: tuple[Any, ...]) -> None:
        """Among them the decorator without its parentheses: it would never be called."""
        with pytest.raises(ConfigurationError, match="Say which events"):
            Handlers()(*types)

    def test_are_called_in_the_order_they_were_added(self, endpoint: Endpoint) -> None:
        """Whatever they asked for."""
        told: list[int] = []
        for number, kind in enumerate(["*", "charge.refunded", "charge.*"]):
            endpoint.on(kind)(lambda event, number=number: told.append(number))
        endpoint.deliver(event())

        assert [0, 1, 2] == told

    def test_stay_usable_as_functions(self, endpoint: Endpoint) -> None:
        """The decorator returns what it was given."""
        assert fail is endpoint.on("*")(fail)

    def test_asked_for_twice_are_called_once(self, endpoint: Endpoint) -> None:
        """By two decorators or by two types that overlap; also where they fail."""
        calls: list[str] = []

        @endpoint.on("charge.*")
        @endpoint.on("*", "charge.refunded")
        def handle(event: Event) -> None:
            calls.append(event.id)
            raise ZeroDivisionError

        endpoint.deliver(event())

        assert 1 == len(calls)

    def test_of_the_same_name_are_told_apart(self, endpoint: Endpoint) -> None:
        """Lambdas, methods and partials that look alike are each called."""
        lists: list[list[Event]] = [[], [], []]
        for each in lists:
            endpoint.on("*")(each.append)
            endpoint.on("*")(lambda event, each=each: each.append(event))
            endpoint.on("*")(partial(each.append))
        endpoint.deliver(event())

        assert [3, 3, 3] == [len(each) for each in lists]

    def test_of_two_processes_have_the_same_names(self, endpoint: Endpoint) -> None:
        """A shared store knows in one process what was done in another."""
        payload, calls = event(), []
        for _ in range(2):
            process = Endpoint(store=endpoint.store)
            for number in range(3):
                process.on("*")(lambda event, number=number: calls.append(number))
            process.deliver(payload)

        assert [0, 1, 2] == calls

    def test_that_fail_keep_the_event_from_no_other(self, endpoint: Endpoint) -> None:
        """The others are called, and are not called again."""
        told: list[str] = []
        endpoint.on("*")(fail)
        endpoint.on("*")(lambda event: told.append("second"))
        payload = event()
        statuses = [endpoint.deliver(payload).status for _ in range(3)]

        assert [500, 500, 500] == statuses
        assert ["second"] == told


class TestTheClaim:
    """A handler has an event to itself, for a while."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def endpoint(self, clock: Clock) -> Endpoint:
        return Endpoint(store=MemoryStore(clock=clock))

    def test_of_a_process_that_died_runs_out(self, endpoint: Endpoint, clock: Clock) -> None:
        """The event is not lost with it: Stripe is put off until the lease is over."""
        mood: list[Callable[[Event], object]] = [die]
        told: list[Event] = []
        endpoint.on("*")(lambda event: [each(event) for each in mood])
        payload = event()
        with pytest.raises(SystemExit):
            endpoint.deliver(payload)
        mood[0] = told.append
        statuses = []
        for clock.now in (0, LEASE - 1, LEASE, LEASE):
            statuses.append(endpoint.deliver(payload).status)

        assert [409, 409, 200, 200] == statuses
        assert 1 == len(told)

    def test_that_ran_out_is_anothers(self, endpoint: Endpoint, clock: Clock) -> None:
        """A handler that took too long and then failed lets no third one in beside the second."""
        endpoint.on("*")(fail)
        payload = event()
        slow = InTheHandler(endpoint, payload)
        clock.now = LEASE
        second = InTheHandler(endpoint, payload)
        failed = slow.fails()
        third = endpoint.deliver(payload)
        done = second.returns()

        assert [500, 409, 200] == [reply.status for reply in (failed, third, done)]
        assert "duplicate" == endpoint.deliver(payload).payload["outcome"]

    def test_that_ran_out_may_still_end_well(self, endpoint: Endpoint, clock: Clock) -> None:
        """What took too long and was done is done, whatever becomes of the second one."""
        endpoint.on("*")(fail)
        payload = event()
        slow = InTheHandler(endpoint, payload)
        clock.now = LEASE
        second = InTheHandler(endpoint, payload)
        done, failed = slow.returns(), second.fails()

        assert [200, 500] == [reply.status for reply in (done, failed)]
        assert "duplicate" == endpoint.deliver(payload).payload["outcome"]

    def test_is_given_up_by_a_handler_that_failed(self, endpoint: Endpoint) -> None:
        """The next delivery is handled at once, not after the lease."""
        mood: list[Callable[[Event], object]] = [fail]
        endpoint.on("*")(lambda event: [each(event) for each in mood])
        payload = event()
        first = endpoint.deliver(payload).status
        mood[0] = lambda event: None

        assert (500, 200) == (first, endpoint.deliver(payload).status)

    def test_busy_after_a_failure_is_a_failure(self, endpoint: Endpoint) -> None:
        """Where one handler failed and the next is busy elsewhere,
        the failure is what Stripe is told."""
        payload = event()
        replies: list[Reply] = []
        endpoint.on("*")(fail)

        @endpoint.on("*")
        def handle(event: Event) -> None:
            replies.append(endpoint.deliver(payload))

        endpoint.deliver(payload)

        assert [500] == [reply.status for reply in replies]

    def test_is_remembered_for_a_week(self, endpoint: Endpoint, clock: Clock) -> None:
        """Longer than Stripe repeats a delivery."""
        told: list[Event] = []
        endpoint.on("*")(told.append)
        payload = event()
        outcomes = []
        for clock.now in (0, KEEP - 1, KEEP):
            outcomes.append(endpoint.deliver(payload).payload["outcome"])

        assert KEEP >= 3 * 24 * 3600
        assert ["handled", "duplicate", "handled"] == outcomes


class TestTheMemoryStore:
    """The store of a single process."""

    def test_forgets_the_oldest_beyond_its_size(self) -> None:
        """However many events there are, it does not grow."""
        store = MemoryStore(size=2)
        for key in "abc":
            store.set(key, "done", 60)
        store.set("b", "done", 60)
        store.set("d", "done", 60)

        assert [None, "done", None, "done"] == [store.get(key) for key in "abcd"]

    def test_keeps_the_events_of_seven_days(self, caplog: pytest.LogCaptureFixture) -> None:
        """A burst of events pushes nothing out; what is over makes room; what
        is forgotten early is told, once."""
        clock = Clock()
        store = MemoryStore(clock=clock)
        for number in range(50_000):
            store.add(str(number), "done", KEEP)
        kept = store.get("0")
        small = MemoryStore(size=2, clock=clock)
        small.set("over", "done", 10)
        clock.now = 11
        small.set("a", "done", KEEP)
        small.set("b", "done", KEEP)
        quiet = caplog.text
        for key in "cd":
            small.set(key, "done", KEEP)
        MemoryStore(clock=clock).set("nothing", "done", 0)

        assert "done" == kept
        assert "" == quiet
        assert 1 == caplog.text.count("The event store forgets early, at 2 values")
        assert [None, None, "done"] == [small.get(key) for key in ("a", "b", "d")]

    def test_gives_a_key_to_one_thread(self) -> None:
        """Of many that ask at once."""
        store = MemoryStore()
        with ThreadPoolExecutor(8) as threads:
            given = list(
                threads.map(
                    lambda number: store.add(f"key {number % 50}", str(number), 60), range(2_000)
                )
            )

        assert 50 == sum(given)

    def test_forgets_what_is_deleted_or_over(self) -> None:
        """And deleting what is not there is no error."""
        clock = Clock()
        store = MemoryStore(clock=clock)
        added = [store.add("a", "first", 10), store.add("a", "second", 10)]
        first = store.get("a")
        store.delete("a")
        store.delete("a")
        added.append(store.add("a", "third", 10))
        clock.now = 10
        added.append(store.add("a", "fourth", 10))

        assert [True, False, True, True] == added
        assert ("first", "fourth") == (first, store.get("a"))


@attrs.define
class Broken(MemoryStore):
    """A store one of whose methods fails."""

    broken: str

    def __attrs_post_init__(self) -> None:
        super().__init__()
        setattr(self, self.broken, self.fail)

    def fail(self, *args: object) -> None:
        raise ConnectionError("redis is away")


@pytest.mark.parametrize("broken", ["add", "set"])
def test_a_store_that_fails_keeps_the_event_at_stripe(
    broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    """503 and a log entry, not 500: no handler failed."""
    endpoint = Endpoint(store=Broken(broken))
    endpoint.on("*")(lambda event: None)
    reply = endpoint.deliver(event())

    assert (503, "event_store_failed") == (reply.status, reply.payload["error"]["code"])
    assert "redis is away" in caplog.text


class TestTheMode:
    """Which events are this gateway's."""

    @each_row(
        ("key", "declared", "live", "status"),
        [
            ("sk_test_1", None, False, 200),
            ("sk_test_1", None, True, 503),
            ("sk_live_1", None, True, 200),
            ("rk_live_1", True, True, 200),
            ("sk_of_no_mode", None, True, 200),
            ("sk_of_no_mode", None, False, 200),
            ("sk_of_no_mode", False, True, 503),
        ],
    )
    def test_is_the_keys_or_what_was_declared(
        self, key: str, declared: bool | None, live: bool, status: int
    ) -> None:
        """Where neither tells, events of both are handled."""
        endpoint = Endpoint(Settings(key, webhook_secret=SECRET, livemode=declared))
        told: list[Event] = []
        endpoint.on("*")(told.append)
        reply = endpoint.deliver(event(livemode=live))

        assert status == reply.status
        assert (status == 200) == (len(told) == 1)


class TestFuzzed:
    """Deliveries that nobody should send."""

    def test_fifty_thousand_are_handled_or_refused(
        self, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Each ends in a reply: 200 where it is signed and can be read, 400
        otherwise, and nothing is raised."""
        caplog.set_level(
            logging.ERROR, "tokencharge"
        )  # tens of thousands of refusals are not worth keeping
        told: list[Event] = []
        endpoint.on("*")(told.append)
        chance = random.Random(20261123)
        outcomes: Counter[tuple[int, str]] = Counter()
        for _ in range(50_000):
            reply = endpoint.deliver(*garbled(chance))
            outcomes[
                reply.status, reply.payload.get("outcome") or reply.payload["error"]["code"]
            ] += 1

        assert {
            (200, "handled"),
            (200, "duplicate"),
            (400, "invalid_event"),
            (400, "invalid_signature"),
        } == set(outcomes)
        assert len(told) == outcomes[200, "handled"]
        assert len(told) > 1_000
        assert [] == caplog.records
