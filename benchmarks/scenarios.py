"""The scenarios by name, and the budgets of CPU: ours / plain SDK, by route."""

from __future__ import annotations

from .costs import cpu, imports, memory, sandbox, wall, webhooks
from .rounds import Scenario
from .trips import history, requests

WARM = {"payment_intents": 0.33, "charges": 0.40}
THREAD_EACH = {"payment_intents": 0.28, "charges": 0.28}
ASYNC = {"payment_intents": 0.50, "charges": 0.50}

SCENARIOS: dict[str, Scenario] = {
    "requests": requests,
    "cpu": cpu("one by one", "1", "http", WARM),
    "cpu-tls": cpu("one by one, TLS", "1", "https", WARM),
    "cpu-threads-tls": cpu("a thread each, TLS", "thread each", "https", THREAD_EACH),
    "cpu-async": cpu("async, 500 in flight", "500", "slow", ASYNC, kind="-async"),
    "wall": wall,
    "history": history,
    "memory": memory,
    "import": imports,
    "sandbox": sandbox,
    "webhooks": webhooks,
}
