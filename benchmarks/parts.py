"""Where the CPU of a purchase goes: `python -m benchmarks.parts [charges]`.

Each part is run by itself, in turns with the others, in one process; what is shown is
the least it took, in microseconds for each purchase. Parts lie within one another, and
what is run alone finds the caches warm: read it for proportions, and `python -m
benchmarks` for what a purchase costs.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import stripe
import urllib3

from tokencharge import Charge, Customer, PaymentGateway, PaymentIntent

from . import ANSWERS
from .bare import SECRET_KEY, Bare
from .buyers import gateway, sdk
from .by_hand import EMAIL, card, intent, terms
from .ours import Ours
from .rounds import ROUTES
from .stage import stage

ROUNDS, PURCHASES = 150, 12
READERS: dict[str, Callable[[Any], object]] = {
    "customer": Customer.from_stripe,
    "payment_method": lambda answer: answer["id"],
    "payment_intent": PaymentIntent.from_stripe,
    "charge": Charge.from_stripe,
}
STEPS: dict[str, dict[str, dict[str, Any]]] = {
    "payment_intents": {
        "customer": {"email": EMAIL},
        "payment_method": card("tok_1SWk0000000000000001"),
        "payment_intent": intent("A-1", customer="cus_1", payment_method="pm_1"),
    },
    "charges": {
        "customer": {"email": EMAIL, "source": "tok_1SWk0000000000000001"},
        "charge": terms("A-1", customer="cus_1"),
    },
}


class Canned(stripe.HTTPClient):
    """A client that sends nothing: the answer is at hand."""

    name = "canned"

    def __init__(self, bodies: dict[str, bytes]) -> None:
        super().__init__()
        self._bodies = bodies

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **_: Any) -> Any:
        kind = url.rpartition("/")[2].removesuffix("s")
        return self._bodies[kind], 200, urllib3.HTTPHeaderDict({"Request-Id": "req_1"})


def main(route: str) -> None:
    steps = STEPS[route]
    bodies = {kind: (ANSWERS / f"{kind}.json").read_bytes() for kind in steps}
    answers = {kind: json.loads(body) for kind, body in bodies.items()}
    at_hand = Ours(PaymentGateway(SECRET_KEY, http_client=Canned(bodies), route=route))
    numbers = itertools.count()
    with stage() as here:
        url = here.urls["http"]
        parts: dict[str, Callable[[str], object]] = {
            "plain SDK": sdk(url, route).card_token,
            "tokencharge": gateway(url, route).card_token,
            "bare urllib3": Bare(url, route).card_token,
            "tokencharge, the answers at hand": at_hand.card_token,
            "decoding the answers": lambda _: list(map(json.loads, bodies.values())),
            "typed results": lambda _: [READERS[kind](answers[kind]) for kind in steps],
        }
        least = dict.fromkeys(parts, float("inf"))
        for _ in range(ROUNDS):
            for name in random.sample(list(parts), len(parts)):
                tokens = [f"tok_1SWk{next(numbers):016d}" for _ in range(PURCHASES)]
                began = time.process_time()
                for token in tokens:
                    parts[name](token)
                least[name] = min(least[name], (time.process_time() - began) / PURCHASES)
    for name, seconds in least.items():
        print(f"{seconds * 1e6:7,.0f}  {name}")


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else ROUTES[0])
