"""A shop in Starlette, typed: routes, async hooks, an endpoint of its own. Nothing here is run."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typing_extensions import assert_type

from tokencharge import AsyncPaymentGateway, Event, Money, Order, Payment
from tokencharge.asgi import TokenCharge

payments = TokenCharge({"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_PUBLISHABLE_KEY": "pk_test_1"})


@payments.order
async def order(request: Request) -> Order:
    return Order(Money(500, "usd"), request.url.path)


@payments.on_payment
async def paid(payment: Payment) -> None:
    assert_type(payment.charge.id, str)


@payments.on("charge.*")
async def happened(event: Event) -> None:
    assert_type(event.type, str)


async def own(request: Request) -> Response:
    assert_type(await order(request), Order)
    assert_type(payments.gateway, AsyncPaymentGateway)
    payment = await payments.charge_from_request(request, await order(request))
    assert_type(payment, Payment)
    return JSONResponse({"charge": payment.charge.id})


app = Starlette(
    routes=[*payments.routes, Route("/own", own, methods=["POST"])], lifespan=payments.lifespan
)
