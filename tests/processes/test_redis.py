"""The store for Redis that docs/webhooks.md shows, on a Redis."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.processes.shop import ROOT
from tests.web.deliveries import SECRET, event, signed
from tokencharge import Event
from tokencharge.webhooks import KEEP, LEASE

SNIPPETS = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "webhooks.md").read_text("utf-8"), re.DOTALL
)
(SHOWN,) = (snippet for snippet in SNIPPETS if "class RedisStore" in snippet)

Deliver = Callable[[bytes], int]


@pytest.fixture(autouse=True)
def _tools() -> None:
    missing = [name for name in ("flask", "redis") if importlib.util.find_spec(name) is None]
    missing += ["redis-server"] if shutil.which("redis-server") is None else []
    if missing:
        (pytest.fail if os.environ.get("TOKENCHARGE_REQUIRE_ALL") == "1" else pytest.skip)(
            f"missing: {missing}"
        )


@pytest.fixture
def process(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Event], object]], Deliver]:
    """Starts what would be a process of its own: an app that shares
    nothing with another but the Redis."""
    import flask

    def process(handle: Callable[[Event], object]) -> Deliver:
        app = flask.Flask("shop")
        names: dict[str, Any] = {"app": app}
        app.config.update(STRIPE_SECRET_KEY="sk_test_1", STRIPE_WEBHOOK_SECRET=SECRET)
        exec(SHOWN.replace("redis://127.0.0.1:6379/0", broker), names)
        names["payments"].on("charge.refunded")(handle)

        def deliver(payload: bytes) -> int:
            headers = {"Stripe-Signature": signed(payload)}
            return (
                app.test_client().post("/stripe/webhook", data=payload, headers=headers).status_code
            )

        return deliver

    return process


def test_processes_that_share_a_redis_handle_an_event_once(process: Any, broker: str) -> None:
    """However many of them it is delivered to, at once and afterwards; the lease
    and the memory end by themselves."""
    import redis

    told: list[Event] = []
    seconds: list[int] = []

    def handle(event: Event) -> None:
        seconds.append(ttl())
        told.append(event)

    with redis.Redis.from_url(broker) as client:

        def ttl() -> int:
            (key,) = client.keys()
            assert key.startswith(b"shop:tokencharge-")
            left: int = client.ttl(key)
            return left

        shops, payload = [process(handle) for _ in range(3)], event()
        with ThreadPoolExecutor(6) as threads:
            statuses = list(threads.map(lambda number: shops[number % 3](payload), range(12)))
        seconds.append(ttl())

    assert set(statuses) <= {200, 409}
    assert [200, 200, 200] == [deliver(payload) for deliver in shops]
    assert 1 == len(told)
    assert 0 < seconds[0] <= LEASE < seconds[1] <= KEEP


def test_an_event_that_failed_in_one_process_is_handled_in_the_next(process: Any) -> None:
    """The claim is given up at once."""
    told: list[Event] = []

    def handle(event: Event) -> None:
        told.append(event)
        if len(told) == 1:
            raise ZeroDivisionError

    first, second = process(handle), process(handle)
    payload = event()

    assert [500, 200, 200] == [first(payload), second(payload), first(payload)]
    assert 2 == len(told)
