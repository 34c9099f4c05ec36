"""Views: the card form, the charge, and the call for views of your own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.backends.utils import csrf_input
from django.templatetags.static import static
from django.urls import reverse
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters

from .. import Order, Payment, PaymentGateway, TokenChargeError
from ..web import Checkout, Incoming, Reply, content_security_policy, with_query
from .gateway import current_gateway
from .signals import announcing

# What an admin's mail and a debug page show as stars.
_PERSONAL = ("token", "stripeToken", "email", "stripeEmail")


class CheckoutView(View):
    """Show the card form.

    Attributes:
        checkout_template: The page with the form.
        charge_template: The page that says "You've been charged".
        checkout_url_name: The name of the form's URL, within the namespace of the page being shown.
        charge_url_name: The name of the URL it posts to, likewise.
        csp: Send `Content-Security-Policy` with both pages.
    """

    checkout_template = "tokencharge/checkout.html"
    charge_template = "tokencharge/charge.html"
    checkout_url_name = "checkout"
    charge_url_name = "charge"
    csp = True

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view, which ATOMIC_REQUESTS leaves alone: a rollback would hide a charge that was made."""
        return non_atomic(sensitive_post_parameters(*_PERSONAL)(super().as_view(**initkwargs)))

    def get_order(self) -> Order:
        """Return what is to be paid; both pages ask, with `self.request` and `self.kwargs` at hand."""
        raise NotImplementedError(f"{type(self).__name__} has no get_order: return the Order to pay from it.")

    def get_gateway(self) -> PaymentGateway:
        """Return what charges."""
        return current_gateway()

    def before_charge(self, request: HttpRequest) -> object:
        """Refuse a charge by returning False or raising `ChargeRefused`, say against card testing."""

    def on_payment(self, payment: Payment) -> None:
        """Take note of a Payment, maybe a replayed one; what this raises is logged, the buyer still sees they paid."""

    def on_failure(self, error: TokenChargeError) -> None:
        """Take note of a charge that failed, or whose outcome is not known."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the card form."""
        return self.render(self.get_checkout().page(self.get_order()))

    def get_checkout(self) -> Checkout:
        """Return the rules of both pages, told of this view's hooks."""
        made, failed = announcing(type(self), self.request)
        return Checkout(
            self.get_gateway().settings,
            before_charge=[self.before_charge],
            on_payment=[self.on_payment, made],
            on_failure=[self.on_failure, failed],
        )

    def render(self, reply: Reply) -> HttpResponse:
        """Answer with a page, or with JSON for a script."""
        if reply.template is None:
            return as_json(reply)
        paid = reply.template == "tokencharge/charge.html"
        context = {**reply.context, **assets(self.request), **self.get_urls()}
        template = self.charge_template if paid else self.checkout_template
        response = render(self.request, template, context, status=reply.status)
        if self.csp:
            policy = content_security_policy(self.get_gateway().settings, context["script_url"])
            response["Content-Security-Policy"] = policy
        for name, value in reply.headers.items():
            response[name] = value
        return response

    def get_urls(self) -> dict[str, str]:
        """Return the URLs of the two pages, for the same captured values and query."""
        where = self.request.resolver_match.namespaces if self.request.resolver_match else []
        names = {"checkout_url": self.checkout_url_name, "charge_url": self.charge_url_name}
        query = self.request.META.get("QUERY_STRING", "")
        return {
            key: with_query(reverse(":".join([*where, name]), kwargs=self.kwargs), query) for key, name in names.items()
        }


class ChargeView(CheckoutView):
    """Charge the token that the card form posts, or a script as JSON; sends who merely looks in to the form."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Go to the card form."""
        return self.render(self.get_checkout().elsewhere(self.get_urls()["checkout_url"]))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Charge, and say how it ended."""
        sent = incoming(request)
        if not sent.wants_json:
            self.get_urls()  # where a name is missing, it fails here and not when the money has moved
        return self.render(self.get_checkout().answer(sent, self.get_order(), self.get_gateway()))


def charge_from_request(request: HttpRequest, order: Order) -> Payment:
    """Charge the token that a request posts, in a view of your own.

    Decorate that view with `transaction.non_atomic_requests` where ATOMIC_REQUESTS is on, and do not call this inside
    `transaction.atomic`: a rollback takes back what you noted of the charge, and never the charge. In an async view,
    `await sync_to_async(charge_from_request)(request, order)`.

    Raises:
        TokenChargeError: It did not end in a payment; `public_message` and `suggested_status` say what to answer.
    """
    with suppress(TypeError):  # of a request that is not Django's own, say Django REST framework's
        _hide(request)
    gateway = current_gateway()
    made, failed = announcing(charge_from_request, request)
    return Checkout(gateway.settings, on_payment=[made], on_failure=[failed]).charge(incoming(request), order, gateway)


@sensitive_post_parameters(*_PERSONAL)
def _hide(request: HttpRequest) -> None:
    """Have an admin's mail leave out what the form posted, should the view fail afterwards."""


def as_json(reply: Reply) -> HttpResponse:
    """Answer a script."""
    return JsonResponse(dict(reply.payload), status=reply.status, headers=dict(reply.headers))


def non_atomic(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Have ATOMIC_REQUESTS leave a view alone."""
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


def incoming(request: HttpRequest) -> Incoming:
    """Read a request as far as the rules ask."""
    length = request.META.get("CONTENT_LENGTH") or ""
    return Incoming(
        content_type=request.META.get("CONTENT_TYPE", ""),
        accept=request.META.get("HTTP_ACCEPT", ""),
        length=int(length) if length.isdecimal() else None,
        form=lambda: ((name, str(value)) for name, values in request.POST.lists() for value in values),
        body=lambda: request.body,
        request=request,
    )


def assets(request: HttpRequest) -> dict[str, str]:
    """Return what templates need beside the rules' own context."""
    return {
        "script_url": static("tokencharge/tokencharge.js"),
        "style_url": static("tokencharge/tokencharge.css"),
        "csrf_input": csrf_input(request),
    }
