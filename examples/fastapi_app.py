"""A shop in FastAPI with one thing to sell:
`python examples/fastapi_app.py`, then open the address it prints.

Without STRIPE_SECRET_KEY it sells against a sandbox. With a test key (and STRIPE_PUBLISHABLE_KEY)
it sells against Stripe's test mode. A live key is refused. It shows Stripe's Payment Element and
goes over PaymentIntents, with 3-D Secure. STRIPE_ELEMENT=card shows the Card Element;
STRIPE_ROUTE=charges goes over Charges, on accounts that take card tokens there.
"""

from __future__ import annotations

import argparse
import os
import secrets

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse

from tokencharge import Charge, ConfigurationError, Event, Money, Order
from tokencharge.asgi import TokenCharge
from tokencharge.sandbox import Sandbox


async def order(request: Request) -> Order:
    """Say what is bought, at our price.

    With an order_id it is charged once, whatever cards and tabs try.

    Here the order's id goes with the address. A real shop looks it up, and whether the order is
    this visitor's.
    """
    return Order(Money(1450, "usd"), "Wildflower honey, 500 g", request.query_params.get("order"))


async def paid(charge: Charge) -> None:
    """Send what was bought: once for each payment, whether the page tells of it or a webhook."""
    print(f"{charge.id}: paid {charge.amount}", flush=True)


async def refunded(event: Event) -> None:
    """Note what was given back, be it by us or in Stripe's dashboard: once for
    each event, however often it comes."""
    if isinstance(event.object, Charge):
        print(
            f"{event.object.id}: given back {event.object.amount_refunded} of"
            f" {event.object.amount}",
            flush=True,
        )


def create_app() -> FastAPI:
    payments = TokenCharge(stripe_settings())
    payments.order(order)
    payments.on_paid(paid)
    payments.on("charge.refunded")(refunded)
    app = FastAPI(lifespan=payments.lifespan)
    app.routes.extend(
        payments.routes
    )  # /checkout and /charge, with a Content-Security-Policy, and /stripe/webhook

    @app.get("/")
    async def home() -> RedirectResponse:
        return RedirectResponse(f"/checkout?order={secrets.token_hex(8)}")

    return app


def stripe_settings() -> dict[str, str]:
    """Read the STRIPE_ settings from the environment, or start a sandbox and return its own."""
    given = {name: value for name, value in os.environ.items() if name.startswith("STRIPE_")}
    if "STRIPE_SECRET_KEY" not in given:
        sandbox = Sandbox()
        given |= sandbox.environment(sandbox.serve().url)
    return {**given, "STRIPE_LIVEMODE": "false"}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    port = parser.parse_args().port
    try:
        app = create_app()
    except ConfigurationError as error:
        parser.error(error.message)
    print(f"Buy some honey: http://127.0.0.1:{port}/")
    print(
        "4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined; any later date, any CVC.",
        flush=True,
    )
    uvicorn.run(app, port=port)
