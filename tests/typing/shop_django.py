"""A shop in Django, typed: the view and its hooks, URLs, a view of its own. Nothing here is run."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from typing_extensions import assert_type

from tokencharge import Event, Money, Order, Payment, PaymentGateway, TokenChargeError
from tokencharge.django import (
    ChargeView,
    charge_from_request,
    checkout_urls,
    current_gateway,
    on_event,
    use_gateway,
)


class Buy(ChargeView):
    def get_order(self) -> Order:
        return Order(Money(500, "usd"), f"For {self.request.path}")

    def before_charge(self, request: HttpRequest) -> bool:
        return request.method == "POST"

    def on_payment(self, payment: Payment) -> None:
        assert_type(payment.charge.id, str)

    def on_failure(self, error: TokenChargeError) -> None:
        assert_type(error.retryable, bool)


@on_event("charge.refunded")
def refunded(event: Event) -> None:
    assert_type(event.id, str)


def own(request: HttpRequest) -> HttpResponse:
    payment = charge_from_request(request, Order(Money(500, "usd")))
    assert_type(payment, Payment)
    return HttpResponse(payment.charge.id)


def tested(gateway: PaymentGateway) -> None:
    with use_gateway(gateway) as used:
        assert_type(used, PaymentGateway)
    assert_type(current_gateway(), PaymentGateway)


urlpatterns = [path("", include(checkout_urls(Buy, webhook=None))), path("own", own)]
