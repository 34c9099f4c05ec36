"""A Django site, settings and urls in one file, with the least that
makes it a shop, between the marks."""

import os

from django.conf import settings
from django.http import HttpResponse
from django.urls import include, path

settings.configure(
    ALLOWED_HOSTS=["testserver"],
    INSTALLED_APPS=[
        "django.contrib.staticfiles",
        # shop
        "tokencharge.django",
        # site
    ],
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="signs nothing",
    STATIC_URL="/static/",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    # shop
    **{name: value for name, value in os.environ.items() if name.startswith("STRIPE_")},
    # site
)

# shop
from tokencharge import Money, Order  # noqa: E402
from tokencharge.django import ChargeView, checkout_urls  # noqa: E402


class Buy(ChargeView):
    def get_order(self):
        return Order(Money(500, "usd"), "Django Charge")


# site
urlpatterns = [
    path("", lambda request: HttpResponse("A site")),
    # shop
    path("", include(checkout_urls(Buy))),
    # site
]
