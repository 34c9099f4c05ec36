"""A shop in Django with one thing to sell:
`python examples/django_app.py`, then open the address it prints.

Without STRIPE_SECRET_KEY it sells against a sandbox. With a test key (and STRIPE_PUBLISHABLE_KEY)
it sells against Stripe's test mode. A live key is refused. It shows Stripe's Payment Element and
goes over PaymentIntents, with 3-D Secure. STRIPE_ELEMENT=card shows the Card Element;
STRIPE_ROUTE=charges goes over Charges, on accounts that take card tokens there.
"""

from __future__ import annotations

import argparse
import os
import secrets

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path, reverse

from tokencharge import Charge, Event, Money, Order
from tokencharge.django import ChargeView, checkout_urls, on_event, on_paid
from tokencharge.sandbox import Sandbox


class Buy(ChargeView):
    def get_order(self) -> Order:
        """Say what is bought, at our price.

        With an order_id it is charged once, whatever cards and tabs try.

        Here the order's id goes with the address. A real shop looks it up, and whether the order is
        this visitor's.
        """
        return Order(Money(1450, "usd"), "Wildflower honey, 500 g", self.request.GET.get("order"))


def home(request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse('tokencharge:checkout')}?order={secrets.token_hex(8)}")


@on_paid
def paid(charge: Charge) -> None:
    """Send what was bought: once for each payment, whether the page tells of it or a webhook."""
    print(f"{charge.id}: paid {charge.amount}", flush=True)


@on_event("charge.refunded")
def refunded(event: Event) -> None:
    """Note what was given back, be it by us or in Stripe's dashboard: once for
    each event, however often it comes."""
    if isinstance(event.object, Charge):
        print(
            f"{event.object.id}: given back {event.object.amount_refunded} of"
            f" {event.object.amount}",
            flush=True,
        )


def stripe_settings() -> dict[str, str]:
    """Read the STRIPE_ settings from the environment, or start a sandbox and return its own."""
    given = {name: value for name, value in os.environ.items() if name.startswith("STRIPE_")}
    if "STRIPE_SECRET_KEY" not in given:
        sandbox = Sandbox()
        given |= sandbox.environment(sandbox.serve().url)
    return {**given, "STRIPE_LIVEMODE": "false"}


settings.configure(
    DEBUG=True,
    SECRET_KEY=secrets.token_hex(),
    ROOT_URLCONF=__name__,
    CSRF_FAILURE_VIEW="tokencharge.django.csrf_failure",
    INSTALLED_APPS=["django.contrib.staticfiles", "tokencharge.django"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    STATIC_URL="static/",
    **stripe_settings(),
)

urlpatterns = [
    path(
        "", include(checkout_urls(Buy))
    ),  # /checkout and /charge, with a Content-Security-Policy, and /stripe/webhook
    path("", home),
]

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    print(f"Buy some honey: http://127.0.0.1:{port}/")
    print(
        "4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined; any later date, any CVC.",
        flush=True,
    )
    execute_from_command_line([__file__, "runserver", "--noreload", f"127.0.0.1:{port}"])
