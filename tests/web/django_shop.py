"""The shop in Django, by its synchronous stack and by its asynchronous one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import django
import pytest
from asgiref.sync import ThreadSensitiveContext
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client
from django.urls import include, path
from django.utils.functional import lazystr

from tests.web.shop import Answer, Shop
from tokencharge import Charge, Event, Order, Payment, TokenChargeError

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        CSRF_FAILURE_VIEW="tokencharge.django.csrf_failure",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.staticfiles", "tokencharge.django"],
        MIDDLEWARE=[
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
        ],
        ROOT_URLCONF=__name__,
        SECRET_KEY="signs nothing",
        STATIC_URL="/static/",
        STRIPE_SECRET_KEY="sk_test_of_the_settings",
        STRIPE_PUBLISHABLE_KEY="pk_test_of_the_settings",
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
        USE_TZ=True,
    )
    django.setup()

import tokencharge.django.webhooks
from tokencharge.django import (
    ChargeView,
    charge_from_request,
    checkout_urls,
    event_received,
    payment_failed,
    payment_made,
)
from tokencharge.webhooks import Handlers

_open: list[DjangoShop] = []


class Buy(ChargeView):
    """What the shop sells, whichever test's shop it is."""

    @property
    def trusted_origins(self) -> Iterable[str]:  # type: ignore[override]
        trusted: Iterable[str] = _open[-1].options.get("trusted_origins", ())
        return trusted

    @property
    def languages(self) -> Iterable[str] | None:  # type: ignore[override]
        narrowed: Iterable[str] | None = _open[-1].options.get("languages")
        return narrowed

    @property
    def success_url(self) -> str | None:  # type: ignore[override]
        """It may be lazy, as `reverse_lazy` has it."""
        given = _open[-1].options.get("success_url")
        return lazystr(given) if isinstance(given, str) else None  # type: ignore[return-value]

    def get_order(self) -> Order:
        return _open[-1].order

    def before_charge(self, request: HttpRequest) -> object:
        return _open[-1].before_charge(request)

    def on_payment(self, payment: Payment) -> None:
        _open[-1].on_payment(payment)
        _open[-1].payments.append(payment)

    def on_failure(self, error: TokenChargeError) -> None:
        _open[-1].failures.append(error)


def own(request: HttpRequest) -> HttpResponse:
    try:
        payment = charge_from_request(request, _open[-1].order)
    except TokenChargeError as error:
        return JsonResponse({"own": type(error).__name__}, status=error.suggested_status)
    return JsonResponse({"own": payment.charge.id})


@contextmanager
def handlers_of_its_own() -> Iterator[Handlers]:
    """For the length of a block `on_event` and `event_received` know nobody
    whom other tests, or pages, added."""
    with pytest.MonkeyPatch.context() as patch:
        handlers = Handlers()
        for module in (tokencharge.django, tokencharge.django.webhooks):
            patch.setattr(module, "on_event", handlers)
        patch.setattr(event_received, "receivers", [])
        yield handlers


urlpatterns = [path("", include(checkout_urls(Buy))), path("own", own)]


class DjangoShop(Shop):
    """Django by WSGI."""

    def start(self) -> None:
        _open.append(self)
        for signal in (payment_made, payment_failed):
            signal.connect(self._note)
        self._patch, self._block = pytest.MonkeyPatch(), handlers_of_its_own()
        handlers = self._block.__enter__()
        given = self.options.get("success_url")
        if callable(given):
            self._patch.setattr(Buy, "get_success_url", lambda view, payment: given(payment))

        @handlers("charge.*")
        def on_event(event: Event) -> None:
            self.on_event(event)
            self.events.append(event)

        @handlers("charge.refunded")
        async def refunded(event: Event) -> None:
            self.refunds.append(event)

        @tokencharge.django.on_paid
        def taken(charge: Charge) -> None:
            self.on_paid(charge)
            self.paid.append(charge)

    def close(self) -> None:
        self._patch.undo()
        self._block.__exit__(None, None, None)
        for signal in (payment_made, payment_failed):
            signal.disconnect(self._note)
        _open.remove(self)

    def _note(
        self, *, signal: object, sender: object, request: HttpRequest, **news: object
    ) -> None:
        assert sender in (Buy, charge_from_request)
        self.signals.extend(news.values())

    def open(self) -> None:
        self.client: Any = Client(enforce_csrf_checks=self.csrf)

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        sent = {"Accept": "text/html,*/*;q=0.8", **(headers or {})}
        kind = sent.pop("Content-Type", "")
        answer = self.request(method, path, body, kind, sent)
        return Answer(answer.status_code, answer.headers, answer.content.decode())

    def request(
        self, method: str, path: str, body: bytes, kind: str, headers: Mapping[str, str]
    ) -> Any:
        return self.client.generic(method, path, body, kind, headers=headers)


class DjangoAsgiShop(DjangoShop):
    """Django by ASGI."""

    def open(self) -> None:
        self.client = AsyncClient(enforce_csrf_checks=self.csrf)
        self.run: Callable[[Coroutine[Any, Any, Any]], Any] = asyncio.run

    @contextmanager
    def staying_open(self) -> Iterator[None]:
        with closing(asyncio.new_event_loop()) as loop:
            self.run = loop.run_until_complete
            yield
            self.run = asyncio.run

    def request(
        self, method: str, path: str, body: bytes, kind: str, headers: Mapping[str, str]
    ) -> Any:
        async def request() -> Any:
            async with (
                ThreadSensitiveContext()
            ):  # as Django's own handler, which the client passes by
                return await self.client.generic(method, path, body, kind, headers=headers)

        return self.run(request())
