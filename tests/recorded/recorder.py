"""Recordings to try the script with: what a sandbox of its own answered."""

from __future__ import annotations

import json
from typing import Any

from tests.recorded.scene import Scene
from tests.sandbox.curl import NOW
from tokencharge.sandbox import Request, Response, Rules, Sandbox

Line = dict[str, Any]

SHOP = """
POST customers email=ada@example.com metadata[p]=q
POST payment_methods type=card card[token]=tok_visa
POST payment_methods/{card}/attach customer={customer}
POST payment_intents amount=5000 currency=usd payment_method=pm_card_visa confirm=true \
CARDS_ONLY Idempotency-Key:k-2
POST payment_intents amount=5000 currency=usd payment_method=pm_card_visa confirm=true \
CARDS_ONLY Idempotency-Key:k-2
GET payment_intents/{paid} expand[]=latest_charge
POST payment_intents amount=1000 currency=usd payment_method={declining} confirm=true CARDS_ONLY
POST refunds payment_intent={paid} amount=1500
GET refunds payment_intent={paid}
GET charges limit=2
GET charges/ch_nope
GET customers/cus_NopeNopeNope12
DELETE customers/{another}
""".strip().splitlines()


class Recorder:
    """Stands before a sandbox and writes down what it is asked and answers."""

    def __init__(self, sandbox: Sandbox, lines: list[Line]) -> None:
        self._sandbox = sandbox
        self._lines = lines
        self.secret_key = sandbox.secret_key

    def handle(self, request: Request) -> Response:
        response = self._sandbox.handle(request)
        line = {
            "from": "shop",
            "seq": len(self._lines),
            "method": request.method,
            "path": request.path,
            "params": request.form,
            "idempotency_key": request.idempotency_key,
            "status": response.status,
            "body": json.loads(response.body),
        }
        self._lines.append(line)
        return response


def recording(requests: list[str], rules: Rules | None = None, step: float = 0.0) -> list[Line]:
    """Record a session with a sandbox whose ids are none of those that the script's own makes."""
    lines: list[Line] = []
    scene = Scene(rules)
    now = [float(NOW)]
    sandbox = Sandbox(clock=lambda: now[0], seed=2, rules=rules or Rules(card_tokens=False))
    scene.sandbox = Recorder(sandbox, lines)  # type: ignore[assignment]
    for request in requests:
        scene.ask(request)
        now[0] += step
    return lines


def the(lines: list[Line], method: str, path: str) -> Line:
    return next(
        line for line in lines if (line["method"], line["path"].startswith(path)) == (method, True)
    )
