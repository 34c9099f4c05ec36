"""Orders charged by Celery workers on a real Redis, one of which is
killed: examples/celery_orders.py."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pytest

from tests.processes.shop import (
    CHARGES,
    PATIENCE,
    ROOT,
    Hold,
    Programs,
    answer,
    environment,
    eventually,
    kill,
    paid,
)
from tokencharge.sandbox import Fault, Sandbox, Server

EXAMPLES = ROOT / "examples"
GOOD, DECLINED_AS_ADDED, DECLINED_AS_CHARGED = (
    "4242424242424242",
    "4000000000000002",
    "4000000000000341",
)

# The cards buyers try for each order, by number. Every card is sent twice, as a double click does.
ORDERS = {
    **{f"order-{number}": [GOOD] for number in range(6)},
    **{f"order-{number}": [GOOD, GOOD] for number in range(6, 9)},
    "order-9": [DECLINED_AS_CHARGED, GOOD],
    "order-10": [DECLINED_AS_ADDED, GOOD, GOOD],
    "order-11": [GOOD, DECLINED_AS_CHARGED, DECLINED_AS_ADDED],
    "nobody's": [DECLINED_AS_CHARGED, DECLINED_AS_ADDED],
}


def missing() -> str | None:
    """Say what is not here that these tests need."""
    if shutil.which("redis-server") is None:
        return "redis-server is not installed (Debian: apt-get install redis-server)"
    absent = [name for name in ("celery", "redis") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)} (pip install 'celery[redis]')" if absent else None


@pytest.fixture(autouse=True)
def _tools() -> None:
    if (reason := missing()) is not None:
        (pytest.fail if os.environ.get("TOKENCHARGE_REQUIRE_ALL") == "1" else pytest.skip)(reason)


@attrs.frozen
class Workers:
    """Two Celery workers, and the application that sends them orders."""

    shop: ModuleType
    running: dict[str, Any]
    env: dict[str, str]

    def active(self, task_id: str) -> dict[str, Any]:
        """Return what the worker that runs a task tells of it."""

        def look() -> dict[str, Any] | None:
            answers = self.shop.app.control.inspect(timeout=1.0).active(safe=True) or {}
            return next(
                (task for tasks in answers.values() for task in tasks if task["id"] == task_id),
                None,
            )

        return eventually("a worker runs the task", look)


@pytest.fixture
def workers(
    broker: str,
    tmp_path: Path,
    sandbox: Sandbox,
    server: Server,
    programs: Programs,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Workers]:
    settings = {"CELERY_BROKER_URL": broker, "CELERY_VISIBILITY_TIMEOUT": "5"}
    path = os.pathsep.join(filter(None, [str(EXAMPLES), os.environ.get("PYTHONPATH")]))
    # One task at a time, so that the worker to be killed holds the one it charges and is taking no
    # other: a message is lost with a worker that dies in the instant between Redis giving it away
    # and the worker noting that it has it.
    env = {**environment(sandbox, server), **settings, "PYTHONPATH": path}
    running = {}
    for name in ("one@shop", "two@shop"):
        with (tmp_path / f"{name}.log").open("w") as log:
            running[name] = programs.python(
                "celery", "-A", "celery_orders", "worker", "--pool=prefork", "--concurrency=1",
                f"--hostname={name}", "--loglevel=INFO", env=env, stdout=log, stderr=log,
            )  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.delitem(sys.modules, "celery_orders", raising=False)
    shop = importlib.import_module("celery_orders")
    with shop.app:
        eventually("both workers are up", lambda: len(shop.app.control.ping(timeout=0.5)) == 2)
        yield Workers(shop, running, env)


@pytest.mark.parametrize("victim", ["the process that charges", "the whole worker"])
def test_orders_are_charged_once_though_a_worker_is_killed_as_it_charges(
    workers: Workers, sandbox: Sandbox, hold: Hold, programs: Programs, tmp_path: Path, victim: str
) -> None:
    """With every card sent twice and a SIGKILL in the middle of a charge,
    each order is paid by one Charge."""
    sandbox.faults.add(Fault.wait(1), path=CHARGES, method="POST")

    def send(order_id: str, token: str) -> Any:
        return workers.shop.charge_order.delay(
            order_id, token, email="ada@example.com", amount=500, currency="usd"
        )

    token = sandbox.create_token()
    tasks = [("killed", send("killed", token))]
    hold.wait_for()
    tokens = [
        (order_id, sandbox.create_token(number))
        for order_id, numbers in ORDERS.items()
        for number in numbers
    ]
    tasks += [(order_id, send(order_id, token)) for order_id, token in 2 * tokens]
    active = workers.active(tasks[0][1].id)
    if victim == "the whole worker":
        kill(workers.running[active["hostname"]])
    else:
        os.kill(active["worker_pid"], signal.SIGKILL)
    hold.let_go()
    results = [(order_id, task.get(timeout=PATIENCE)) for order_id, task in tasks]
    again = ("killed", sandbox.create_token(), "ada@example.com", "500", "usd")
    told = literal_eval(answer(programs.python("celery_orders", *again, env=workers.env)))

    assert {**dict.fromkeys(ORDERS, 1), "killed": 1, "nobody's": 0} == {
        order_id: len(paid(sandbox, order_id)) for order_id in ["killed", *ORDERS]
    }
    assert {"status": "paid", "charge": paid(sandbox, "killed")[0], "replayed": True} == told
    for order_id, result in results:
        assert result["status"] == "declined" or [result["charge"]] == paid(sandbox, order_id)
    assert {"declined"} == {
        result["status"] for order_id, result in results if order_id == "nobody's"
    }
    assert {"paid"} == {
        result["status"]
        for order_id, result in results
        if set(ORDERS.get(order_id, [GOOD])) == {GOOD}
    }
    assert {"args": "('killed', ...)", "kwargs": "{...}"} == {
        name: active[name] for name in ("args", "kwargs")
    }
    logs = "".join(log.read_text() for log in tmp_path.glob("*.log"))
    assert [] == [
        secret
        for secret in ("ada@example.com", token, *(token for _, token in tokens))
        if secret in logs
    ]
