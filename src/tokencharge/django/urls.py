"""URLs: both pages of a ChargeView, and the webhook."""

from __future__ import annotations

from typing import cast

from django.core import checks
from django.urls import URLPattern, path

from .. import ConfigurationError
from .apps import NOT_INSTALLED, is_installed
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

    Raises:
        ConfigurationError: A view is none of those classes, such as `Buy.as_view()`.
    """
    _check_view("view", view, ChargeView)
    _check_view("webhook_view", webhook_view, WebhookView)
    methods = ["get", "head", "options"]
    page = cast(
        "type[ChargeView]",
        type(view.__name__, (view,), {"get": CheckoutView.get, "http_method_names": methods}),
    )
    urls = [
        _Page.of(path(checkout, page.as_view(), name="checkout")),
        path(charge, view.as_view(), name="charge"),
    ]
    if webhook is not None:
        urls.append(path(webhook, webhook_view.as_view(), name="webhook"))
    return urls, "tokencharge"


class _Page(URLPattern):
    """The URL of the card form, which `manage.py check` comes to with all others.

    A check that is registered could not say that the app is missing: it would be
    registered by that app.
    """

    @classmethod
    def of(cls, url: URLPattern) -> _Page:
        """Return the URL, with a check of its own."""
        return cls(url.pattern, url.callback, url.default_args, url.name)

    def check(self) -> list[checks.CheckMessage]:
        """Check the URL as Django does, and that the app of its page is installed."""
        found: list[checks.CheckMessage] = [*super().check()]
        if not is_installed():
            found.append(checks.Error(NOT_INSTALLED, id="tokencharge.E005"))
        return found


def _check_view(name: str, view: object, kind: type) -> None:
    if isinstance(view, type) and issubclass(view, kind):
        return
    # Django's as_view() keeps the class on what it returns.
    meant = getattr(view, "view_class", type(view))
    if issubclass(meant, kind):
        say = f"give it the class, as {meant.__name__}, without as_view()"
    else:
        say = f"give it a subclass of {kind.__name__}"
    raise ConfigurationError(f"The {name} of checkout_urls is no {kind.__name__} class: {say}.")
