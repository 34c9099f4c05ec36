"""The pages, what each takes for granted, and what must be so
once a reader has done what it shows."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import stripe
from django.test import Client as DjangoClient
from django.test import RequestFactory, override_settings
from django.urls import include, path
from fastapi import FastAPI
from flask import Flask
from starlette.testclient import TestClient
from werkzeug.test import Client

import tokencharge
from tokencharge import Charge, ChargeRefused, Money, otel
from tokencharge.flask import TokenCharge
from tokencharge.testing import sandbox_gateway

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    *sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts),
]
EMAIL = "ada@example.com"
CARD = {"token": "tok_visa", "email": EMAIL}

Names = dict[str, Any]
_stages: dict[str, Callable[[Names], Generator[None]]] = {}


def name_of(page: Path) -> str:
    """How a page is called: by its path in this repository."""
    return page.relative_to(ROOT).as_posix()


@contextmanager
def stage(name: str, names: Names) -> Iterator[None]:
    """Set a page's stage, and look at it when the page is over."""
    if name in _stages:
        with contextmanager(_stages[name])(names):
            yield
    else:
        yield


def of(*pages: str) -> Callable[[Callable[[Names], Generator[None]]], None]:
    """Say of which pages a function sets the stage."""

    def add(play: Callable[[Names], Generator[None]]) -> None:
        _stages.update(dict.fromkeys(pages, play))

    return add


def a_flask_app() -> Flask:
    """Make an app with the settings of the environment, as the README does."""
    app = Flask("shop")
    app.config.update(
        {name: value for name, value in os.environ.items() if name.startswith("STRIPE_")}
    )
    return app


# A Django site as `startproject` begins one, with keys that must be there.
SITE = """import os
INSTALLED_APPS = ["django.contrib.staticfiles", "tokencharge.django"]
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
ROOT_URLCONF, SECRET_KEY, STATIC_URL, USE_TZ = "mysite.urls", "signs nothing", "static/", True
STRIPE_SECRET_KEY = os.environ["STRIPE_SECRET_KEY"]
STRIPE_PUBLISHABLE_KEY = os.environ["STRIPE_PUBLISHABLE_KEY"]
STRIPE_WEBHOOK_SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]
"""
URLS = """from django.urls import include, path
from tokencharge import Money, Order
from tokencharge.django import ChargeView, checkout_urls
class Buy(ChargeView):
    def get_order(self):
        return Order(Money(500, "usd"), "A blue notebook")
urlpatterns = [path("", include(checkout_urls(Buy)))]
"""


def a_charge(names: Names) -> Charge:
    """Charge something in the page's sandbox, as order-1."""
    gateway = sandbox_gateway(names["sandbox"])
    return gateway.charge("tok_visa", EMAIL, Money(500, "usd"), order_id="order-1").charge


@of("tokencharge.flask", "tokencharge.django", "tokencharge.asgi")
def _(names: Names) -> Generator[None]:
    public = {name: getattr(tokencharge, name) for name in tokencharge.__all__}
    names.update(public, app=a_flask_app(), FastAPI=FastAPI, path=path, include=include)
    yield


@of("README.md")
def _(names: Names) -> Generator[None]:
    yield
    sold = names["app"].test_client().post("/charge", data=CARD)
    assert "charged" in sold.text


@of("docs/testing.md")
def _(names: Names) -> Generator[None]:
    gateway = sandbox_gateway(names["sandbox"])
    app = Flask("shop")
    TokenCharge(app, gateway=gateway)
    charge = a_charge(names)
    gateway.refund(charge, Money(200, "usd"))
    names.update(stripe_sandbox=names["sandbox"], charge=charge, client=app.test_client())
    yield


@of("docs/saved-cards.md")
def _(names: Names) -> Generator[None]:
    yield
    client, taken = names["app"].test_client(), len(names["sandbox"].charges)

    def visit(order: str) -> None:
        with client.session_transaction() as session:
            session.update(account="ada", order=order)

    visit("order-1")
    assert 200 == client.post("/charge", data={**CARD, "keep": "1"}).status_code
    visit("order-2")
    (card,) = client.get("/checkout", headers={"Accept": "application/json"}).json["cards"]
    assert 200 == client.post("/charge", data={"card": card["id"]}).status_code
    assert 2 == len(names["sandbox"].charges) - taken
    assert {names["customers"]["ada"]} == {
        charge.customer_id for charge in names["sandbox"].charges[-2:]
    }


@of("docs/saved-customers.md")
def _(names: Names) -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "examples")
        patch.setenv("STRIPE_MAX_RETRIES", "0")
        yield
        names["app"].conf.task_always_eager = True
        row = {"order_id": "ada-2027-01", "customer": names["signup"].customer.id}
        row |= {"amount": "900", "currency": "usd", "began": names["order"]["began"].isoformat()}
        names["sandbox"].lose_next_answer(path="/v1/payment_intents")
        ended = names["renew_order"].delay(row).get()
    assert ("paid", True) == (ended["status"], ended["replayed"])
    assert ["ada-joins", "ada-2026-12", "ada-2027-01"] == [
        charge.order_id for charge in names["sandbox"].charges if charge.paid
    ]


@of("docs/writing-the-payment.md")
def _(names: Names) -> Generator[None]:
    yield
    run, client = names["run"], names["app"].test_client()
    for number in ("1002", "1003"):
        run(
            "INSERT INTO orders SELECT ?, amount, currency, began, NULL, 0 "
            "FROM orders WHERE id = '1001'",
            number,
        )

    def post(body: bytes, headers: dict[str, str]) -> int:
        answered: int = client.post("/stripe/webhook", data=body, headers=headers).status_code
        return answered

    with names["sandbox"].webhooks(post, "charge.*", copies=2):
        assert 200 == client.post("/charge?order=1002", data=CARD).status_code
        # Of this one no page has heard.
        sandbox_gateway(names["sandbox"]).charge(
            "tok_visa", EMAIL, Money(1450, "usd"), order_id="1003"
        )
    assert (2, 2) == run("SELECT count(paid_by), sum(to_send) FROM orders")
    assert "paid" in client.get("/checkout?order=1002").text


@of("docs/single-page.md")
def _(names: Names) -> Generator[None]:
    yield
    with TestClient(names["app"]) as client:
        here, elsewhere = {"Origin": names["FRONT"]}, {"Origin": "https://thief.example"}
        asks = {"Access-Control-Request-Method": "POST"}
        asked = client.options("/charge?order=1001", headers={**here, **asks})
        assert names["FRONT"] == asked.headers["Access-Control-Allow-Origin"]
        shown = client.get(
            "/checkout?order=1001", headers={**here, "Accept": "application/json"}
        ).json()["order"]["shown"]
        told = {**CARD, "shown": shown}
        for path_ in ("/charge?order=1001", "/api/orders/1001/charge"):
            assert 403 == client.post(path_, json=told, headers=elsewhere).status_code
            assert 200 == client.post(path_, json=told, headers=here).status_code
        described = client.get("/openapi.json").json()["paths"]["/api/orders/{number}/charge"]
    assert {"200", "402"} <= set(described["post"]["responses"])
    assert 1 == len(names["sandbox"].charges)


@of("docs/django-tests.md")
def _(names: Names) -> Generator[None]:
    site = Path("mysite")
    site.mkdir()
    (site / "__init__.py").touch()
    (site / "settings.py").write_text(SITE, "utf-8")
    (site / "urls.py").write_text(URLS, "utf-8")
    # What pytest-django does.
    Path("conftest.py").write_text(
        "import os\nimport django\nfrom django.test.utils import setup_test_environment\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'test_settings'\n"
        "django.setup()\nsetup_test_environment()\n",
        "utf-8",
    )
    yield


@of("docs/webhooks.md")
def _(names: Names) -> Generator[None]:
    heard: list[object] = []
    app = a_flask_app()
    # The page's last lines make another extension, with a store in Redis,
    # which is not asked for anything here.
    names.update(
        app=a_flask_app(),
        payments=TokenCharge(app),
        write_to_the_buyer=lambda *news: heard.append(news[1]),
    )
    yield

    def post(body: bytes, headers: dict[str, str]) -> int:
        return app.test_client().post("/stripe/webhook", data=body, headers=headers).status_code

    with names["sandbox"].webhooks(post, "refund.*"):
        sandbox_gateway(names["sandbox"]).refund(a_charge(names))
    assert [Money(500, "usd")] == heard


@of("docs/django.md")
def _(names: Names) -> Generator[None]:
    class Urls:
        """A module of URLs: those of the page, once it has some."""

        @property
        def urlpatterns(self) -> object:
            return names["urlpatterns"]

    with override_settings(ROOT_URLCONF=Urls()):
        yield
        assert 200 == DjangoClient().post("/books/dune/charge", CARD).status_code
    assert [Money(1250, "eur")] == [charge.amount for charge in names["sandbox"].charges]


@of("docs/fastapi.md")
def _(names: Names) -> Generator[None]:
    sandbox = names["sandbox"]
    yield
    with TestClient(names["app"]) as client:
        assert 200 == client.post("/api/pay/1002", data=CARD).status_code
        assert 404 == client.post("/charge?order=1003", data=CARD).status_code
    assert [Money(2900, "usd")] == [charge.amount for charge in sandbox.charges]


@of("docs/your-view.md")
def _(names: Names) -> Generator[None]:
    yield
    client = names["app"].test_client()
    assert {"thanks": "5.00 USD"} == client.post("/donate", data=CARD).json
    assert 402 == client.post("/donate", data={**CARD, "token": "tok_chargeDeclined"}).status_code
    request = RequestFactory().post("/donate", CARD)
    assert b'{"thanks": "5.00 USD"}' == names["donate_in_django"](request).content


@of("docs/donations.md")
def _(names: Names) -> Generator[None]:
    yield
    donor, charges = names["app"].test_client(), lambda: names["sandbox"].charges
    query = "?amount=12.50&currency=eur"
    assert "/donate" == donor.get(f"/checkout{query}").location
    donor.get("/donate")
    shown = re.findall('name="shown" value="([^"]*)"', donor.get(f"/checkout{query}").text)[0]
    for wrong in (
        "amount=1&currency=eur",
        "amount=501&currency=eur",
        "amount=x&currency=eur",
        "amount=5&currency=chf",
        "",
    ):
        assert "/donate" == donor.post(f"/charge?{wrong}", data={**CARD, "shown": shown}).location
        assert 'role="alert"' in donor.get("/donate").text
    assert [] == charges()
    shown = re.findall('name="shown" value="([^"]*)"', donor.get(f"/checkout{query}").text)[0]
    assert (
        409
        == donor.post("/charge?amount=2.00&currency=eur", data={**CARD, "shown": shown}).status_code
    )
    for card in ("tok_visa", "tok_mastercard"):
        donor.post(f"/charge{query}", data={**CARD, "token": card, "shown": shown})
    assert [Money(1250, "eur")] == [charge.amount for charge in charges()]
    donor.get("/donate")
    shown = re.findall('name="shown" value="([^"]*)"', donor.get(f"/checkout{query}").text)[0]
    donor.get("/donate")
    donor.post(f"/charge{query}", data={**CARD, "shown": shown})
    assert [Money(1250, "eur")] * 2 == [charge.amount for charge in charges()]


@of("docs/names-and-addresses.md")
def _(names: Names) -> Generator[None]:
    yield
    page = names["app"].test_client().get("/checkout").text
    assert 2 == page.count("<legend")
    first, second = names["sandbox"].charges
    assert ("Ada Lovelace", "GB", EMAIL) == (
        first.shipping.name,
        first.shipping.address.country,
        first.receipt_email,
    )
    assert "Charles Babbage" == second.shipping.name


@of("docs/your-framework.md")
def _(names: Names) -> Generator[None]:
    yield
    client = Client(names["application"])
    assert "pk_test_tokenchargeSandboxKey0001" in client.get("/checkout").text
    assert "charged" in client.post("/charge", data=CARD).text
    assert "Content-Security-Policy" in client.get("/checkout").headers
    assert 400 == client.post("/charge", data={**CARD, "more": "x" * 20_000}).status_code
    assert [303, 404] == [client.get(page).status_code for page in ("/charge", "/elsewhere")]
    assert b"tokencharge" in client.get("/tokencharge.js").data
    assert 1 == len(names["sandbox"].charges)


@of("docs/card-testing.md")
def _(names: Names) -> Generator[None]:
    app = a_flask_app()
    payments = names["payments"] = TokenCharge(app)
    payments.order(lambda: tokencharge.Order(Money(500, "usd")))
    yield
    answers = [app.test_client().post("/charge", data=CARD).status_code for _ in range(11)]
    assert [*[200] * 10, 429] == answers
    assert {"ChargeRefused": 1} == names["declines"]
    request = RequestFactory().post("/charge")
    for _ in range(10):
        names["Buy"]().before_charge(request)
    with pytest.raises(ChargeRefused):
        names["Buy"]().before_charge(request)


@of("docs/csp.md")
def _(names: Names) -> Generator[None]:
    yield
    names["payments"].order(lambda: tokencharge.Order(Money(500, "usd")))
    page = names["app"].test_client().get("/checkout")
    assert [
        "https://images.example" in policy
        for policy in page.headers.getlist("Content-Security-Policy")
    ] == [True]


@of("docs/from-charge-create.md")
def _(names: Names) -> Generator[None]:
    names["sandbox"].rules.card_tokens = True  # an account on which the old way works
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stripe, "api_key", os.environ["STRIPE_SECRET_KEY"])
        patch.setattr(stripe, "api_base", os.environ["STRIPE_API_BASE"])
        yield


@of("docs/observability.md")
def _(names: Names) -> Generator[None]:
    levels = {name: logging.getLogger(name).level for name in ("tokencharge", "stripe", "urllib3")}
    yield
    written = io.StringIO()
    names["handler"].setStream(written)
    charge = a_charge(names)
    otel.uninstrument()
    names["logger"].removeHandler(names["handler"])
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    (line,) = written.getvalue().splitlines()
    assert ["charge", "ok", charge.id] == [
        json.loads(line)[f"tokencharge_{name}"] for name in ("operation", "outcome", "charge_id")
    ]
