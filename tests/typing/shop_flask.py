"""A shop in Flask, typed: the extension, its decorators, a view of its own. Nothing here is run."""

from __future__ import annotations

from flask import Flask, Request
from flask.typing import ResponseReturnValue
from typing_extensions import assert_type

from tokencharge import Event, Money, Order, Payment, PaymentGateway, TokenChargeError
from tokencharge.flask import TokenCharge, current_gateway

app = Flask(__name__)
payments = TokenCharge(app, url_prefix="/pay", webhook_path=None)


@payments.order
def order() -> Order:
    return Order(Money(500, "usd"))


@payments.before_charge
def allow(request: Request) -> bool:
    return request.remote_addr != "203.0.113.7"


@payments.on_payment
def paid(payment: Payment) -> None:
    assert_type(payment.charge.id, str)


@payments.on_failure
def failed(error: TokenChargeError) -> None:
    assert_type(error.step, str | None)


@payments.on("charge.refunded", "charge.dispute.*")
def happened(event: Event) -> None:
    assert_type(event.livemode, bool)


@app.post("/own")
def own() -> ResponseReturnValue:
    assert_type(order(), Order)
    assert_type(current_gateway, PaymentGateway)
    assert_type(payments.gateway, PaymentGateway)
    payment = payments.charge_from_request(order())
    assert_type(payment, Payment)
    return {"charge": payment.charge.id}
