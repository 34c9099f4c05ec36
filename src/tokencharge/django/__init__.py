"""Django: views for an Order, or one call from a view of your own.

Add "tokencharge.django" to `INSTALLED_APPS`, the keys (`STRIPE_SECRET_KEY`, ...) to the settings, and:

    class Buy(ChargeView):
        def get_order(self):
            return Order(Money(500, "usd"), "Django Charge")

    urlpatterns = [path("", include(checkout_urls(Buy)))]
"""

from __future__ import annotations

from .gateway import current_gateway, use_gateway
from .signals import payment_failed, payment_made
from .urls import checkout_urls
from .views import ChargeView, CheckoutView, charge_from_request

__all__ = [
    "ChargeView",
    "CheckoutView",
    "charge_from_request",
    "checkout_urls",
    "current_gateway",
    "payment_failed",
    "payment_made",
    "use_gateway",
]
