"""Charge orders in Celery workers, on as many machines as you like, each order once.

A broker delivers a task again when a worker dies, two buyers' tabs send the same order twice, an
answer gets lost: the order's id makes all of that end in one Charge. So a task may simply be
repeated: `acks_late` hands the task of a killed worker to another one, and whatever the library
calls retryable is tried again with back-off.

Run it, with Redis on this machine, in three terminals in this folder:

    $ pip install tokencharge 'celery[redis]'
    $ tokencharge sandbox           # a stand-in for Stripe; paste the `export` lines it
                                    # prints into the other terminals

    $ celery -A celery_orders worker --loglevel INFO

    $ python celery_orders.py order-1 tok_visa ada@example.com 500 usd

Repeat the last line, with another card (tok_mastercard) too, or kill -9 the worker meanwhile: it
stays one Charge.

The settings are the library's own (STRIPE_SECRET_KEY, STRIPE_API_BASE, ...) and

    CELERY_BROKER_URL           redis://127.0.0.1:6379/0; results are kept there too
    CELERY_VISIBILITY_TIMEOUT   600 seconds: how long after a worker fell silent Redis
                                hands its tasks to another one

Redis may also lose a task, with a worker that dies in the instant it takes it. So keep the order
open in your database until a result says otherwise, and send what is still open after a while
again: that, too, is one Charge.

Token and e-mail stay out of results, events and logs (above DEBUG, at which Celery logs whatever it
sees). They do pass through the broker: outside your own machine use rediss:// and a password, and
keep `celery inspect`, which shows what is being run, to operators.
"""

from __future__ import annotations

import functools
import os
import random
import sys
from typing import Any

from celery import Celery, Task

from tokencharge import CardDeclined, Money, PaymentGateway, TokenChargeError

BROKER_URL = os.environ.get("CELERY_BROKER_URL", "redis://127.0.0.1:6379/0")

# Longer than a charge may take (STRIPE_TIMEOUT: 25 seconds for all its requests and tries),
# and than the longest wait between two tries, which Redis counts as silence too. Too short
# costs work, never a second Charge: two workers run the task, and one of them finds the
# order in progress, or paid.
VISIBILITY_TIMEOUT = float(os.environ.get("CELERY_VISIBILITY_TIMEOUT", "600"))

# A few hours in all: well within the day for which Stripe remembers what was asked.
MAX_RETRIES = 60
LONGEST_WAIT = min(300.0, VISIBILITY_TIMEOUT / 2)

app = Celery("celery_orders", broker=BROKER_URL, backend=BROKER_URL)
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_TIMEOUT,
        # How often to look for the tasks of silent workers, and when to look although another
        # worker is looking: it may have died as it did.
        "unacked_restore_interval": VISIBILITY_TIMEOUT / 10,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": VISIBILITY_TIMEOUT / 10,
    },
    # A task that waits behind another in the same worker counts
    # as being worked on, and its time runs.
    worker_prefetch_multiplier=1,
)


class _Discreet(Task):  # type: ignore[type-arg]
    """A task that shows its order and nothing else of its arguments in logs, events and `repr`."""

    def apply_async(
        self,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        *rest: Any,
        **options: Any,
    ) -> Any:
        order_id = args[0] if args else (kwargs or {}).get("order_id")
        shown = {"argsrepr": f"({order_id!r}, ...)", "kwargsrepr": "{...}"}
        return super().apply_async(args, kwargs, *rest, **{**options, **shown})


@functools.cache
def gateway() -> PaymentGateway:
    """Make this process's gateway, when the first task asks for it."""
    return PaymentGateway.from_env()


@app.task(
    base=_Discreet, bind=True, acks_late=True, reject_on_worker_lost=True, max_retries=MAX_RETRIES
)
def charge_order(
    task: Task[Any, Any], order_id: str, token: str, email: str, amount: int, currency: str
) -> dict[str, Any]:
    """Charge an order once, however often this is run, and return what to tell the buyer.

    What is retryable is tried again later with the same arguments, on whichever worker is free. A
    decline is an answer like any other, the buyer's to act on. Everything else fails the task, and
    so does an outcome that stays unknown for hours: `PaymentGateway.find(order_id)` tells what
    became of it.

    Args:
        order_id: The order's; what makes it one Charge.
        token: From Stripe.js.
        email: The buyer's.
        amount: In minor units, from your price list and not from the browser.
        currency: "usd".
    """
    try:
        payment = gateway().charge(token, email, Money(amount, currency), order_id=order_id)
    except CardDeclined as error:
        return {"status": "declined", "message": error.public_message, "advice": error.advice}
    except TokenChargeError as error:
        if not error.retryable:
            raise
        # Apart by chance, so that those who were turned away together do not come back together.
        wait = min(2.0**task.request.retries, LONGEST_WAIT) * random.uniform(0.5, 1.0)
        raise task.retry(exc=error, countdown=wait) from error
    return {"status": "paid", "charge": payment.charge.id, "replayed": payment.replayed}


if __name__ == "__main__":
    order_id, token, email, amount, currency = sys.argv[1:]
    print(charge_order.delay(order_id, token, email, int(amount), currency).get())
