"""Where the CPU of a charge goes: `python -m benchmarks.parts`.

Each part is run by itself, in turns with the others, in one process; what is shown is the least it
took, in microseconds for each charge. Parts lie within one another, and what is run alone finds the
caches warm: read it for proportions, and `python -m benchmarks` for what a charge costs.
"""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable
from typing import Any

import stripe
import urllib3

from tokencharge import Charge, Customer, Money, PaymentGateway

from .buyers import EMAIL, SECRET_KEY, floor, gateway, sdk
from .server import ANSWERS
from .stage import stage

ROUNDS, CHARGES = 150, 12
BODIES = [(ANSWERS / f"{name}.json").read_bytes() for name in ("customer", "charge")]
CUSTOMER: dict[str, Any] = {"email": EMAIL, "source": "tok_1SWk0000000000000001"}
CHARGE: dict[str, Any] = {
    "amount": 500,
    "currency": "usd",
    "customer": "cus_1",
    "description": "Flask Charge",
    "metadata": {"tokencharge": "0f343b0931126a20f133d67c2b018a3b/0"},
}


class Canned(stripe.HTTPClient):
    """A client that sends nothing: the answer is at hand."""

    name = "canned"

    def __init__(self, customer: bytes, charge: bytes) -> None:
        super().__init__()
        self._customer = customer
        self._charge = charge

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **_: Any) -> Any:
        body = self._customer if url.endswith("customers") else self._charge
        return body, 200, urllib3.HTTPHeaderDict({"Request-Id": "req_1"})


def raw_requests(client: stripe.StripeClient) -> Callable[[str], object]:
    def buy(token: str) -> object:
        client.raw_request("post", "/v1/customers", **CUSTOMER, idempotency_key=f"{token}-customer")
        return client.raw_request(
            "post", "/v1/charges", **CHARGE, idempotency_key=f"{token}-charge"
        )

    return buy


def without_http() -> Callable[[str], object]:
    way = PaymentGateway(SECRET_KEY, http_client=Canned(*BODIES))
    return lambda token: way.charge(token, EMAIL, Money(500, "usd"), description="Flask Charge")


def results() -> Callable[[str], object]:
    customer, charge = map(json.loads, BODIES)
    return lambda _: (Customer.from_stripe(customer), Charge.from_stripe(charge))


def client() -> stripe.StripeClient:
    return stripe.StripeClient(SECRET_KEY, http_client=Canned(b"{}", b"{}"))


def main() -> None:
    numbers = itertools.count()
    with stage() as here:
        url = here.urls["http"]
        parts: dict[str, Callable[[str], object]] = {
            "plain SDK": sdk(url),
            "tokencharge": gateway(url),
            "bare urllib3": floor(url),
            "tokencharge, the answers at hand": without_http(),
            "the SDK's raw_request, the answers at hand and empty": raw_requests(client()),
            "decoding the answers": lambda _: list(map(json.loads, BODIES)),
            "typed results": results(),
        }
        least = dict.fromkeys(parts, float("inf"))
        for _ in range(ROUNDS):
            for name in random.sample(list(parts), len(parts)):
                tokens = [f"tok_1SWk{next(numbers):016d}" for _ in range(CHARGES)]
                began = time.process_time()
                for token in tokens:
                    parts[name](token)
                least[name] = min(least[name], (time.process_time() - began) / CHARGES)
    for name, seconds in least.items():
        print(f"{seconds * 1e6:7,.0f}  {name}")


if __name__ == "__main__":
    main()
