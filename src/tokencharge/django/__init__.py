"""Django: views for an Order, or one call from a view of your own.

Add "tokencharge.django" to `INSTALLED_APPS`, and the keys (`STRIPE_SECRET_KEY`, ...) to
the settings. Then write:

    class Buy(ChargeView):
        def get_order(self):
            return Order(Money(500, "usd"), "Django Charge")

    urlpatterns = [path("", include(checkout_urls(Buy)))]

Stripe reports what happens to a charge later to `/stripe/webhook`, which calls the
handlers for it:

    @on_event("refund.created")
    def refunded(event):
        print(event.object.amount)
"""

from __future__ import annotations

from .._mistakes import extra

with extra("django", __name__, "babel"):
    from .gateway import current_gateway, use_gateway
    from .signals import event_received, payment_failed, payment_made
    from .urls import checkout_urls
    from .views import ChargeView, CheckoutView, charge_from_request, csrf_failure
    from .webhooks import WebhookView, on_event, on_paid

__all__ = [
    "ChargeView",
    "CheckoutView",
    "WebhookView",
    "charge_from_request",
    "checkout_urls",
    "csrf_failure",
    "current_gateway",
    "event_received",
    "on_event",
    "on_paid",
    "payment_failed",
    "payment_made",
    "use_gateway",
]
