"""Bodies that come in chunks, and do not tell their length: read as far
as the rules read, and no further."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, request
from starlette.applications import Starlette

from tests.web.deliveries import event, signed
from tests.web.django_shop import DjangoShop  # configures Django, too
from tests.web.shop import EMAIL, FORM, JSON, gateway_to
from tokencharge import AsyncPaymentGateway, Event, Money, Order, TokenChargeError
from tokencharge import asgi as starlette_adapter
from tokencharge import flask as flask_adapter
from tokencharge.sandbox import Sandbox
from tokencharge.web import BODY_LIMIT

Send = Callable[[Sandbox, str, bytes], int]
MULTIPART = "multipart/form-data; boundary=x"


def order(*given: object) -> Order:
    return Order(Money(500, "usd"))


def to_flask(sandbox: Sandbox, kind: str, body: bytes) -> int:
    app = Flask(__name__)
    flask_adapter.TokenCharge(app, gateway=gateway_to(sandbox)).order(order)
    told = {"CONTENT_TYPE": kind, "CONTENT_LENGTH": ""}
    environ = {**chunked(body), **told}
    answer = app.test_client().post("/charge", environ_overrides=environ)
    return answer.status_code


def scope_of(kind: str) -> dict[str, Any]:
    headers = [
        (b"content-type", kind.encode()),
        (b"host", b"testserver"),
        (b"transfer-encoding", b"chunked"),
    ]
    return {
        "type": "http",
        "method": "POST",
        "path": "/charge",
        "query_string": b"",
        "headers": headers,
    }


def to_starlette(sandbox: Sandbox, kind: str, body: bytes) -> int:
    payments = starlette_adapter.TokenCharge(gateway=gateway_to(sandbox, AsyncPaymentGateway))
    payments.order(order)
    parts = [body[:20], body[20:]]
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Starlette(routes=payments.routes)(scope_of(kind), receive, send))
    return int(sent[0]["status"])


def chunked(body: bytes) -> dict[str, Any]:
    """What a WSGI server says of a body whose end it knows, and whose length it does not."""
    return {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}


def to_django_by_asgi(sandbox: Sandbox, kind: str, body: bytes) -> int:
    from django.core.handlers.asgi import ASGIRequest

    return charged(sandbox, ASGIRequest(scope_of(kind), io.BytesIO(body)))


def to_django(sandbox: Sandbox, kind: str, body: bytes) -> int:
    from django.core.handlers.wsgi import WSGIRequest

    host = {"SERVER_NAME": "testserver", "SERVER_PORT": "80"}
    return charged(
        sandbox,
        WSGIRequest({"REQUEST_METHOD": "POST", "CONTENT_TYPE": kind, **host, **chunked(body)}),
    )


def charged(sandbox: Sandbox, asked: Any) -> int:
    from tokencharge.django import charge_from_request

    try:
        charge_from_request(asked, order(), gateway=gateway_to(sandbox))
    except TokenChargeError as error:
        return error.suggested_status
    return 200


WAYS = pytest.mark.parametrize("send", [to_flask, to_starlette, to_django, to_django_by_asgi])


@WAYS
@pytest.mark.parametrize("kind", [FORM, JSON, MULTIPART])
def test_a_body_in_chunks_pays(sandbox: Sandbox, send: Send, kind: str) -> None:
    """A form of either kind, or JSON."""
    fields = {"token": sandbox.create_token(), "email": EMAIL}
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'
        for n, v in fields.items()
    )
    bodies = {FORM: urlencode(fields), JSON: json.dumps(fields), MULTIPART: f"{parts}--x--\r\n"}

    assert 200 == send(sandbox, kind, bodies[kind].encode())
    assert 1 == len(sandbox.charges)


@WAYS
@pytest.mark.parametrize("body", [b"", b"nonsense", b"--x\r\nContent-Disposition: form-data"])
def test_chunks_that_are_no_form_are_refused(sandbox: Sandbox, send: Send, body: bytes) -> None:
    """As a form that cannot be read."""
    assert 400 == send(sandbox, MULTIPART, body)
    assert 400 == send(sandbox, MULTIPART.partition(";")[0], body)
    assert [] == sandbox.requests


@WAYS
@pytest.mark.parametrize("kind", [FORM, JSON])
def test_chunks_beyond_the_limit_are_refused(sandbox: Sandbox, send: Send, kind: str) -> None:
    """As a body that tells its length."""
    body = b"token=tok_visa&email=ada%40example.com&pad=".ljust(BODY_LIMIT + 1, b"a")

    assert 400 == send(sandbox, kind, body)
    assert [] == sandbox.requests


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", ["/charge", "/stripe/webhook"])
def test_a_hook_of_flasks_that_has_read_the_body_harms_nothing(
    sandbox: Sandbox, path: str, chunked: bool
) -> None:
    """The bytes are still there: for the payment, and for the signature."""
    app = Flask(__name__)
    payments = flask_adapter.TokenCharge(app, gateway=gateway_to(sandbox))
    payments.order(order)
    heard: list[Event] = []
    payments.on("*")(heard.append)
    app.before_request(lambda: request.get_data() and None)
    body = (
        json.dumps({"token": sandbox.create_token(), "email": EMAIL}).encode()
        if path == "/charge"
        else event()
    )
    told = {"wsgi.input_terminated": True} if chunked else {"CONTENT_LENGTH": str(len(body))}
    environ = {"wsgi.input": io.BytesIO(body), **told}
    headers = {"Content-Type": JSON, "Stripe-Signature": signed(body)}
    answer = app.test_client().post(path, headers=headers, environ_overrides=environ)

    assert 200 == answer.status_code
    assert (1, 0) == (len(sandbox.charges) + len(heard), len(sandbox.charges) * len(heard))


def test_an_event_in_chunks_is_heard_by_django(sandbox: Sandbox) -> None:
    """A proxy may pass it on so."""
    from tokencharge.django import use_gateway

    with use_gateway(gateway_to(sandbox)) as gateway:
        shop = DjangoShop(gateway)
        body = event()
        said = {"Stripe-Signature": signed(body)}
        answer = shop.client.generic(
            "POST", "/stripe/webhook", b"", JSON, headers=said, **chunked(body)
        )
        shop.close()

    assert (200, 1) == (answer.status_code, len(shop.events))
