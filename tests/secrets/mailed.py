"""A Django site that mails its errors to the admins, as HTML and as text:
`python -m tests.secrets.mailed`."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings

from tests.secrets.buying import EMAIL, KEY, TOKEN, WEBHOOK_SECRET

TO_ADMINS = {"class": "django.utils.log.AdminEmailHandler", "level": "ERROR"}
settings.configure(
    ADMINS=[("Admin", "admin@example.com")],
    ALLOWED_HOSTS=["testserver"],
    EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
    INSTALLED_APPS=["django.contrib.staticfiles", "tokencharge.django"],
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"html": {**TO_ADMINS, "include_html": True}, "text": {**TO_ADMINS}},
        "root": {"handlers": ["html", "text"]},
    },
    ROOT_URLCONF=__name__,
    SECRET_KEY="signs nothing",
    STATIC_URL="/static/",
    STRIPE_API_BASE="http://127.0.0.1:9",
    STRIPE_MAX_RETRIES=0,
    STRIPE_PUBLISHABLE_KEY="pk_test_1",
    STRIPE_SECRET_KEY=KEY,
    STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET,
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
)

import django  # noqa: E402

django.setup()

from django.core import mail  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402

from tests.secrets.line import BROKEN, peer  # noqa: E402
from tokencharge import Money, Order, PaymentGateway  # noqa: E402
from tokencharge.django import ChargeView, charge_from_request, use_gateway  # noqa: E402

ORDER = Order(Money(500, "usd"), "A blue notebook", "order-1")


def fail(*_: object) -> None:
    raise LookupError("No database.")


class Shop(ChargeView):
    on_failure = on_payment = staticmethod(fail)  # type: ignore[assignment]

    def get_order(self) -> Order:
        return ORDER


class Guarded(Shop):
    before_charge = staticmethod(fail)  # type: ignore[assignment]


def own(request: HttpRequest) -> HttpResponse:
    """A view of one's own that lets whatever happens be an error of the site."""
    charge_from_request(request, ORDER)
    return HttpResponse("paid")


urlpatterns = [
    path("shop", Shop.as_view(), name="charge"),
    path("checkout", Shop.as_view(), name="checkout"),
    path("guarded", Guarded.as_view()),
    path("own", own),
]


def main() -> None:
    client = Client(raise_request_exception=False)
    mails: list[Any] = []
    mail.outbox = mails
    for answer in BROKEN.values():
        with (
            peer(answer) as address,
            use_gateway(PaymentGateway(KEY, api_base=f"http://{address}", max_retries=0)),
        ):
            for where in ("/shop", "/own", "/guarded"):
                client.post(where, {"token": TOKEN, "email": EMAIL})
    for where in ("/shop", "/own"):
        client.post(where, {"token": "4000056655665556", "email": EMAIL})
        client.post(where, {"token": TOKEN, "email": EMAIL}, headers={"Accept": "application/json"})
    print(
        json.dumps(
            [[each.subject, each.body, *(text for text, *_ in each.alternatives)] for each in mails]
        )
    )


if __name__ == "__main__":
    main()
