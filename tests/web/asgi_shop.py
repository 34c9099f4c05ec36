"""The shop in FastAPI, and in Starlette alone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from inspect import iscoroutine

from asgi_csrf import asgi_csrf  # type: ignore[import-untyped]
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.testclient import TestClient
from starlette.types import Scope, Send

from tests.web.shop import Answer, Shop
from tokencharge import Charge, Event, Order, Payment, TokenChargeError
from tokencharge.asgi import TokenCharge


def csrf_input(request: Request) -> str:
    token = request.scope.get("csrftoken")
    return f'<input type="hidden" name="csrftoken" value="{token()}">' if token else ""


class StarletteShop(Shop):
    """Starlette, behind asgi-csrf where CSRF is looked at; order, hooks
    and handlers are plain functions."""

    def start(self) -> None:
        payments = self.checkout = TokenCharge(
            gateway=self.gateway, csrf_input=csrf_input, **self.options
        )

        @payments.before_charge
        def before_charge(request: Request) -> object:
            return self.before_charge(request)

        @payments.on_payment
        def on_payment(payment: Payment) -> None:
            self.on_payment(payment)

        @payments.on("charge.*")
        def on_event(event: Event) -> None:
            self.on_event(event)
            self.events.append(event)

        @payments.on_paid
        def taken(charge: Charge) -> None:
            self.on_paid(charge)
            self.paid.append(charge)

        payments.on("charge.refunded")(self.refunds.append)
        payments.order(lambda request: self.order)
        payments.on_payment(self.payments.append)
        payments.on_payment(self.signals.append)
        payments.on_failure(self.failures.append)
        payments.on_failure(self.signals.append)
        self.serve(Starlette(lifespan=payments.lifespan))

    def serve(self, app: Starlette) -> None:
        app.routes.extend(self.checkout.routes)
        app.add_route("/own", self.own, methods=["POST"])
        self.app = app
        if self.csrf:
            guarded = {"/charge", "/own"}
            self.app = asgi_csrf(
                app, signing_secret="signs", always_protect=guarded, send_csrf_failed=self.refuse
            )

    async def refuse(self, scope: Scope, send: Send, reason: object) -> None:
        request = Request(scope)
        answer = await self.checkout.expired(request) or PlainTextResponse("Forbidden", 403)
        await answer(scope, request.receive, send)

    async def own(self, request: Request) -> Response:
        try:
            payment = await self.checkout.charge_from_request(request, self.order)
        except TokenChargeError as error:
            return JSONResponse({"own": type(error).__name__}, error.suggested_status)
        return JSONResponse({"own": payment.charge.id})

    def open(self) -> None:
        self.client = TestClient(self.app, follow_redirects=False)

    def staying_open(self) -> AbstractContextManager[object]:
        return self.client

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        sent = {"Accept": "text/html,*/*;q=0.8", **(headers or {})}
        as_bytes = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
        answer = self.client.request(method, path, content=body or None, headers=as_bytes)
        return Answer(answer.status_code, _as_sent(answer.headers.multi_items()), answer.text)


class FastAPIShop(StarletteShop):
    """FastAPI; order, hooks and handlers are async."""

    def start(self) -> None:
        payments = self.checkout = TokenCharge(
            gateway=self.gateway, csrf_input=csrf_input, **self.options
        )

        @payments.order
        async def order(request: Request) -> Order:
            return self.order

        @payments.before_charge
        async def before_charge(request: Request) -> object:
            allowed = self.before_charge(request)
            return await allowed if iscoroutine(allowed) else allowed

        @payments.on_payment
        async def on_payment(payment: Payment) -> None:
            self.on_payment(payment)

        @payments.on_payment
        async def paid(payment: Payment) -> None:
            self.payments.append(payment)
            self.signals.append(payment)

        @payments.on_failure
        async def failed(error: TokenChargeError) -> None:
            self.failures.append(error)
            self.signals.append(error)

        @payments.on("charge.*")
        async def on_event(event: Event) -> None:
            self.on_event(event)
            self.events.append(event)

        @payments.on("charge.refunded")
        async def refunded(event: Event) -> None:
            self.refunds.append(event)

        @payments.on_paid
        async def taken(charge: Charge) -> None:
            self.on_paid(charge)
            self.paid.append(charge)

        self.serve(FastAPI(lifespan=payments.lifespan))


def _as_sent(headers: list[tuple[str, str]]) -> dict[str, str]:
    return {name.title(): value for name, value in headers}
