"""URLs: both pages of a ChargeView, and the webhook."""

from __future__ import annotations

from typing import cast

from django.urls import URLPattern, path

from .views import ChargeView, CheckoutView
from .webhooks import WebhookView


def checkout_urls(
    view: type[ChargeView],
    *,
    checkout: str = "checkout",
    charge: str = "charge",
    webhook: str | None = "stripe/webhook",
    webhook_view: type[WebhookView] = WebhookView,
) -> tuple[list[URLPattern], str]:
    """Return the URLs of the card form, the charge and the webhook.

    Use them as `path("", include(checkout_urls(Buy)))`. Their names are
    "tokencharge:checkout", "tokencharge:charge" and "tokencharge:webhook". A site with
    several shops tells them apart by `include(..., namespace="tickets")`. What the
    prefix captures is in the view's `kwargs`.

    Args:
        view: Your view. The card form is a view of the same class, with another `get`.
        checkout: The path of the card form.
        charge: The path that the form posts to.
        webhook: The path that Stripe delivers events to; None for none, for example if
            a `WebhookView` has a path of its own.
        webhook_view: Your own view, if a site has several accounts at Stripe: its
            `get_gateway` returns the right one.
    """
    methods = ["get", "head", "options"]
    page = cast(
        "type[ChargeView]",
        type(view.__name__, (view,), {"get": CheckoutView.get, "http_method_names": methods}),
    )
    urls = [
        path(checkout, page.as_view(), name="checkout"),
        path(charge, view.as_view(), name="charge"),
    ]
    if webhook is not None:
        urls.append(path(webhook, webhook_view.as_view(), name="webhook"))
    return urls, "tokencharge"
