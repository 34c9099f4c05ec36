"""What a Stripe that hangs does to a shop's other pages: `python -m benchmarks.hung`.

A server with 16 threads is asked for another page ten times a second, for a minute,
while buyers pay and Stripe takes every request and answers none. Shown is how long the
other page took. A breaker is tried, too: after three time-outs in a row it refuses for
ten seconds what would be sent, as pybreaker and its like do.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import stripe

from tokencharge import Money, PaymentGateway, TokenChargeError
from tokencharge._stripe import PooledClient

from .bare import SECRET_KEY
from .by_hand import EMAIL

THREADS, SECONDS, PAGES_A_SECOND = 16, 60, 10
SLOW = 1.0
AFTER, OPEN_FOR = 3, 10.0


class Breaker(stripe.HTTPClient):
    """A client that sends nothing for a while after time-outs in a row."""

    name = "breaker"

    def __init__(self, inner: stripe.HTTPClient) -> None:
        super().__init__()
        self._inner = inner
        self._failed, self._shut_at = 0, 0.0

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **_: Any) -> Any:
        if time.monotonic() < self._shut_at:
            raise ConnectionRefusedError("The breaker is open.")
        try:
            answer = self._inner.request(method, url, headers, post_data)
        except Exception:
            self._failed += 1
            if self._failed >= AFTER:
                self._shut_at = time.monotonic() + OPEN_FOR
            raise
        self._failed = 0
        return answer

    def close(self) -> None:
        self._inner.close()  # type: ignore[no-untyped-call]


@contextmanager
def hung() -> Iterator[str]:
    """Take connections, and never answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=500) as server:
        taken = []

        def take() -> None:
            with suppress(OSError):
                while True:
                    taken.append(server.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        for each in taken:
            each.close()


def waits(timeout: float, buyers_a_second: float, *, breaker: bool) -> list[float]:
    """Return how long each of the other pages took."""
    with hung() as url:
        client = Breaker(PooledClient()) if breaker else PooledClient()
        gateway = PaymentGateway(SECRET_KEY, api_base=url, timeout=timeout, http_client=client)
        pool = ThreadPoolExecutor(THREADS)
        took: list[float] = []

        def buy(number: int) -> None:
            with suppress(TokenChargeError):
                gateway.charge(f"tok_1SWk{number:016d}", EMAIL, Money(500, "usd"))

        def page(asked: float) -> None:
            took.append(time.monotonic() - asked)

        began, bought = time.monotonic(), 0
        for tick in range(SECONDS * PAGES_A_SECOND):
            time.sleep(max(0.0, began + tick / PAGES_A_SECOND - time.monotonic()))
            pool.submit(page, time.monotonic())
            if bought < (time.monotonic() - began) * buyers_a_second:
                bought += 1
                pool.submit(buy, bought)
        pool.shutdown()
    return took


def main() -> None:
    logging.getLogger("tokencharge").setLevel(logging.CRITICAL)
    print(f"{THREADS} threads; of {SECONDS * PAGES_A_SECOND} other pages, over {SLOW:.0f} s; worst")
    for timeout in (25.0, 5.0):
        for buyers in (0.5, 1.0, 2.0):
            for breaker in (False, True):
                took = waits(timeout, buyers, breaker=breaker)
                slow = sum(each > SLOW for each in took)
                print(
                    f"STRIPE_TIMEOUT={timeout:g}, {buyers:g} buyers a second, "
                    f"{'a' if breaker else 'no'} breaker: {slow}; {max(took):.1f} s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
