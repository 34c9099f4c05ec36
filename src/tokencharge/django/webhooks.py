"""The webhook: a view for Stripe's events, which calls the handlers for them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, TypeVar

from django.core.cache import caches
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from .. import Payment, PaymentGateway
from ..web import check_gateway
from ..webhooks import EVENT_LIMIT, EventStore, Handler, Handlers, Webhooks
from .answers import as_json, call, non_atomic
from .gateway import current_gateway
from .requests import read
from .signals import announce_event, event_received

F = TypeVar("F", bound=Callable[..., Any])

on_event = Handlers()
"""Registers a function that is called with each Event of some types, once.

Use it as `@on_event("charge.refunded")`.
"""


def on_paid(function: F) -> F:
    """Register a function that is called with the Charge of each payment, once.

    Use it as `@on_paid`. It is called after the money is taken, by the page or by the
    webhook, whichever is first. If it raises, the webhook calls it again. If
    ATOMIC_REQUESTS is on, each call has a transaction of its own, which is committed
    before the payment counts as handled.
    """
    return on_event.paid(function)


def tell_paid(gateway: PaymentGateway, store: EventStore, payment: Payment) -> None:
    """Call the functions of `on_paid` for a payment that a page has just found paid."""
    Webhooks(gateway, on_event.of, store, in_transaction).paid(payment.charge)


@method_decorator(csrf_exempt, name="dispatch")
class WebhookView(View):
    """Take an event from Stripe: call its handlers, and send `event_received`.

    Attributes:
        cache: The cache that remembers which events were handled. Several processes
            need one that they share, which Django's default is not.
    """

    http_method_names = ["post", "options"]  # noqa: RUF012 - as Django's own
    cache = "default"

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view, for which Stripe need not log in.

        Each handler has a transaction of its own.
        """
        view = non_atomic(super().as_view(**initkwargs))
        view.__dict__["login_required"] = False  # for Django's LoginRequiredMiddleware
        return view

    def get_gateway(self) -> PaymentGateway:
        """Return the gateway whose webhook secret verifies the event."""
        return current_gateway()

    def get_event_store(self) -> EventStore:
        """Return the store that remembers which events were handled."""
        return caches[self.cache]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer a delivery from Stripe."""
        gateway = check_gateway(self.get_gateway(), awaited=False)
        webhooks = Webhooks(gateway, self._handlers, self.get_event_store(), in_transaction)
        signature = request.headers.get("Stripe-Signature")
        return as_json(webhooks.answer(read(request, EVENT_LIMIT), signature))

    def _handlers(self, kind: str) -> list[Handler]:
        sender = type(self)
        heard = event_received.has_listeners(sender)
        signal = (
            [Handler("event_received", ("*",), partial(announce_event, sender))] if heard else []
        )
        return [*on_event.of(kind), *signal]


def in_transaction(handle: Callable[[Any], object], about: Any) -> None:
    """Call a handler, in a transaction of its own if the site wants one per request."""
    # If the site wants a transaction for each request, each handler gets one. What it
    # wrote is committed before the event counts as handled, and undone if it failed.
    with ExitStack() as stack:
        for alias, settings in connections.settings.items():
            if settings["ATOMIC_REQUESTS"]:
                stack.enter_context(transaction.atomic(using=alias))
        call(handle, about)
