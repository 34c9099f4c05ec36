"""Views: the card form, the charge, and the call for views of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.urls import reverse
from django.views import View
from django.views.csrf import csrf_failure as refused_by_django
from django.views.decorators.debug import sensitive_post_parameters

from .. import ConfigurationError, Order, Payment, PaymentGateway, TokenChargeError
from ..web import (
    Checkout,
    Reply,
    SuccessUrl,
    ask_for_order,
    check_gateway,
    content_security_policy,
    with_query,
)
from ..webhooks import EventStore
from .answers import as_json, call, non_atomic
from .apps import NOT_INSTALLED, is_installed
from .gateway import current_gateway
from .requests import assets, incoming
from .signals import announcing
from .webhooks import WebhookView, tell_paid

# An admin's mail and a debug page show these as stars.
_PERSONAL = ("token", "stripeToken", "email", "stripeEmail")


class CheckoutView(View):
    """Show the card form.

    Attributes:
        checkout_template: The page with the form.
        charge_template: The page that says "You've been charged".
        checkout_url_name: The name of the form's URL, within the namespace of the page
            that is shown.
        charge_url_name: The name of the URL that the form posts to, in the same
            namespace.
        csp: Send `Content-Security-Policy` with both pages.
        trusted_origins: As for `Checkout`: other origins whose pages may post a charge.
            Those of the setting `CSRF_TRUSTED_ORIGINS` may, too.
        languages: As for `Checkout`: the languages to choose the buyer's language from,
            `["de", "fr"]`; None for all.
        success_url: Where the buyer goes once they have paid, also as `reverse_lazy`
            returns it; None for the page that says so.
        cache: The cache that remembers for which payments `on_paid` was called: the one
            of `WebhookView`.

    The hooks may be async.
    """

    checkout_template = "tokencharge/checkout.html"
    charge_template = "tokencharge/charge.html"
    checkout_url_name = "checkout"
    charge_url_name = "charge"
    csp = True
    trusted_origins: Iterable[str] = ()
    languages: Iterable[str] | None = None
    success_url: str | None = None
    cache = WebhookView.cache

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view, exempt from ATOMIC_REQUESTS.

        A rollback would hide a charge that was made.
        """
        return non_atomic(sensitive_post_parameters(*_PERSONAL)(super().as_view(**initkwargs)))

    def get_order(self) -> Order:
        """Return what is to be paid.

        Both pages call this; `self.request` and `self.kwargs` are set.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no get_order: return the Order to pay from it."
        )

    def get_gateway(self) -> PaymentGateway:
        """Return the gateway that charges."""
        return current_gateway()

    def get_success_url(self, payment: Payment) -> str | None:
        """Return where the buyer goes once they have paid.

        None means the page that says so. It is not called for an order that is
        `paid=True`, because there is no Payment to pass.
        """
        return self._fixed_url

    def get_event_store(self) -> EventStore:
        """Return the store that remembers for which payments `on_paid` was called.

        It is the webhook's store, too.
        """
        return caches[self.cache]

    def before_charge(self, request: HttpRequest) -> object:
        """Refuse a charge by returning False or raising `ChargeRefused`.

        A reason may be card testing.
        """

    def on_payment(self, payment: Payment) -> None:
        """Handle a Payment, which may be a replayed one.

        What this raises is logged, and the buyer still sees that they paid.
        """

    def on_failure(self, error: TokenChargeError) -> None:
        """Handle a charge that failed, or whose outcome is unknown."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the card form."""
        gateway = check_gateway(self.get_gateway(), awaited=False)
        order = ask_for_order(self.get_order)
        return self.render(
            self.get_checkout(gateway).show(incoming(request), order, gateway), gateway
        )

    def get_checkout(self, gateway: PaymentGateway) -> Checkout:
        """Return the rules of both pages, with this view's hooks."""
        made, failed = announcing(type(self), self.request)
        return Checkout(
            gateway.settings,
            before_charge=[partial(call, self.before_charge)],
            on_payment=[
                partial(call, self.on_payment),
                made,
                partial(tell_paid, gateway, self.get_event_store()),
            ],
            on_failure=[partial(call, self.on_failure), failed],
            trusted_origins=[*self.trusted_origins, *_trusted_by_django()],
            success_url=self._success_url(),
            languages=self.languages,
        )

    def _success_url(self) -> SuccessUrl:
        """Return the URL, or the site's own function for it, if it has one."""
        own = type(self).get_success_url is not CheckoutView.get_success_url
        return self.get_success_url if own else self._fixed_url

    @property
    def _fixed_url(self) -> str | None:
        return self.success_url and str(self.success_url)

    def render(self, reply: Reply, gateway: PaymentGateway) -> HttpResponse:
        """Answer with a page, or with JSON for a script."""
        if reply.template is None:
            return as_json(reply)
        names = {
            "tokencharge/charge.html": self.charge_template,
            "tokencharge/checkout.html": self.checkout_template,
        }
        template = names.get(reply.template, reply.template)

        def page() -> str:
            context = {**reply.context, **assets(self.request), **self.get_urls()}
            try:
                return render_to_string(template, context, self.request)
            except TemplateDoesNotExist:
                if is_installed():
                    raise
                raise ConfigurationError(NOT_INSTALLED) from None

        response = HttpResponse(reply.page(page), status=reply.status)
        if self.csp:
            script = assets(self.request)["script_url"]
            response["Content-Security-Policy"] = content_security_policy(gateway.settings, script)
        for name, value in reply.headers.items():
            response[name] = value
        return response

    def get_urls(self) -> dict[str, str]:
        """Return the URLs of the two pages, with the same captured values and query."""
        where = self.request.resolver_match.namespaces if self.request.resolver_match else []
        names = {"checkout_url": self.checkout_url_name, "charge_url": self.charge_url_name}
        query = self.request.META.get("QUERY_STRING", "")
        return {
            key: with_query(reverse(":".join([*where, name]), kwargs=self.kwargs), query)
            for key, name in names.items()
        }


class ChargeView(CheckoutView):
    """Charge the token that the card form posts, or that a script posts as JSON.

    A GET request is redirected to the form.
    """

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Redirect to the card form."""
        gateway = check_gateway(self.get_gateway(), awaited=False)
        return self.render(
            self.get_checkout(gateway).elsewhere(self.get_urls()["checkout_url"]), gateway
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Charge, and answer with the result."""
        return self._answer(request)

    def expired(self, request: HttpRequest) -> HttpResponse:
        """Answer a post whose CSRF token is not valid.

        Nothing is charged, and the form is shown again with a new token.
        """
        return self._answer(request, expired=True)

    def _answer(self, request: HttpRequest, *, expired: bool = False) -> HttpResponse:
        sent, gateway = incoming(request), check_gateway(self.get_gateway(), awaited=False)
        if not sent.wants_json:
            self.get_urls()  # a missing name fails here, before money moves
        order = partial(ask_for_order, self.get_order)
        return self.render(
            self.get_checkout(gateway).answer(sent, order, gateway, expired=expired), gateway
        )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer what Django's CSRF protection refuses.

    Set `CSRF_FAILURE_VIEW = "tokencharge.django.csrf_failure"`. A charge is refused if,
    for example, the buyer logged in elsewhere while its page was open. Then nothing is
    charged. The answer is the card form with a new token, or JSON for scripts. Any
    other request is answered as Django does.
    """
    match = request.resolver_match
    view: type[View] = getattr(match and match.func, "view_class", View)
    if match is None or not issubclass(view, ChargeView) or "post" not in view.http_method_names:
        return refused_by_django(request, reason)
    charge = view(**getattr(match.func, "view_initkwargs", {}))
    charge.setup(request, *match.args, **match.kwargs)
    return charge.expired(request)


def charge_from_request(
    request: HttpRequest, order: Order, *, gateway: PaymentGateway | None = None
) -> Payment:
    """Charge the token that a request posts, in a view of your own.

    Args:
        request: The request.
        order: What is to be paid.
        gateway: The gateway that charges; `current_gateway()` if not given.

    If ATOMIC_REQUESTS is on, decorate that view with `transaction.non_atomic_requests`.
    Do not call this inside `transaction.atomic`: a rollback undoes what you stored
    about the charge, but never the charge. In an async view, use
    `await sync_to_async(charge_from_request)(request, order)`.

    Raises:
        TokenChargeError: There is no payment; `public_message` and `suggested_status`
            say what to answer.
    """
    with suppress(TypeError):  # a request that is not Django's own, such as Django REST framework's
        _hide(request)
    charging: PaymentGateway = check_gateway(gateway or current_gateway(), awaited=False)
    made, failed = announcing(charge_from_request, request)
    trusted = _trusted_by_django()
    paid = partial(tell_paid, charging, caches[WebhookView.cache])
    checkout = Checkout(
        charging.settings, on_payment=[made, paid], on_failure=[failed], trusted_origins=trusted
    )
    return checkout.charge(incoming(request), order, charging)


@sensitive_post_parameters(*_PERSONAL)
def _hide(request: HttpRequest) -> None:
    """Hide what the form posted from an admin's mail, if the view fails afterwards."""


def _trusted_by_django() -> list[str]:
    # Django's own list may have wildcards, which this library does not support.
    return [origin for origin in settings.CSRF_TRUSTED_ORIGINS if "*" not in origin]
