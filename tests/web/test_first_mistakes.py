"""The first mistakes of those who try it: each gets a sentence that says what to write."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
import stripe
from django.core.checks import run_checks
from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist
from django.test import Client, override_settings
from django.urls import include, path
from django.views.decorators.cache import never_cache
from fastapi import FastAPI
from flask import Blueprint, Flask
from starlette.testclient import TestClient

import tests.web.django_shop  # noqa: F401 - configures Django
import tokencharge.asgi as ours_in_asgi
import tokencharge.flask as ours_in_flask
from tests.rows import each_row
from tests.web.shop import EMAIL, gateway_to
from tokencharge import ConfigurationError, Money, Order, PaymentGateway
from tokencharge.django import ChargeView, CheckoutView, WebhookView, checkout_urls, use_gateway
from tokencharge.sandbox import Sandbox
from tokencharge.webhooks import Handlers

KEYS = {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_PUBLISHABLE_KEY": "pk_test_1"}


class Buy(ChargeView):
    def get_order(self) -> Order:
        return Order(Money(500, "usd"))


def site(view: type[ChargeView] = Buy) -> ModuleType:
    """A URLconf with the pages of a view."""
    module = ModuleType("site")
    vars(module)["urlpatterns"] = [path("", include(checkout_urls(view)))]
    return module


class TestEvents:
    """What `@payments.on` and `@on_event` are given."""

    @each_row(
        ("mistyped", "meant"),
        [
            ("charge.refund", "charge.refunded"),
            ("charge.suceeded", "charge.succeeded"),
            ("payment_intent.cancelled", "payment_intent.canceled"),
            ("invoice.payed", "invoice.paid"),
            ("charges.*", "charge.*"),
            ("charge.disputes.*", "charge.dispute.*"),
            ("charge.dispute", "charge.dispute.*"),
            ("payment_intent.failed", "payment_intent.payment_failed"),
            ("payment_intent.cancel", "payment_intent.canceled"),
            ("payment_intent_succeeded", "payment_intent.succeeded"),
        ],
    )
    def test_a_type_that_is_nearly_one_of_stripes(self, mistyped: str, meant: str) -> None:
        """A warning names the nearest, where the handler is written; the
        handler stands, as Stripe may know better than the installed SDK."""
        handlers = Handlers()
        with pytest.warns(UserWarning, match="may be meant") as warned:
            handlers("charge.refunded", mistyped)(print)

        assert [f'Stripe is not known to have events "{mistyped}": "{meant}" may be meant.'] == [
            str(each.message) for each in warned
        ]
        assert [__file__] == [each.filename for each in warned]
        assert 1 == len(handlers.of(mistyped))

    @each_row(
        "kind",
        [
            "*",
            "charge.*",
            "charge.dispute.*",
            "charge.refunded",
            "checkout.session.completed",
            "invoice.*",
            "v2.core.event_destination.ping",
            "charge.something_new",
            "tokencharge",
        ],
    )
    def test_a_type_that_is_known_or_far_from_all_is_left_alone(self, kind: str) -> None:
        """It may be one that Stripe has added since."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            Handlers()(kind)(print)

    def test_an_sdk_that_tells_no_types(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What this library writes of is known all the same."""
        monkeypatch.setattr(stripe.Event, "__annotations__", {})
        with pytest.warns(UserWarning, match=r'"refund\.created" may be meant'):
            Handlers()("refund.create")(print)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            Handlers()("invoice.payed")(print)


class TestNoPublishableKey:
    """Said when the app starts; in Django it is `tokencharge.W002`."""

    SAID = (
        "STRIPE_PUBLISHABLE_KEY is not set: the checkout page cannot be shown. "
        "Scripts that post to /charge do not need it here."
    )

    @pytest.fixture(params=["flask", "asgi"])
    def start(self, request: pytest.FixtureRequest) -> Callable[[dict[str, str]], Any]:
        """Makes an app whose settings are given, and returns its client."""

        def flask(given: dict[str, str]) -> Any:
            app = Flask(__name__)
            app.config.update(given, TESTING=True)
            ours_in_flask.TokenCharge(app).order(lambda: Order(Money(500, "usd")))
            return app.test_client()

        def asgi(given: dict[str, str]) -> Any:
            payments, app = ours_in_asgi.TokenCharge(given), FastAPI()
            payments.order(lambda request: Order(Money(500, "usd")))
            app.routes.extend(payments.routes)
            return TestClient(app)

        return {"flask": flask, "asgi": asgi}[request.param]

    def test_it_is_warned_of_once(
        self, start: Callable[[dict[str, str]], Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        """A shop whose front end is elsewhere starts and sells all the same."""
        client = start({"STRIPE_SECRET_KEY": "sk_test_1"})
        said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        script = client.get("/checkout", headers={"Accept": "application/json"})

        assert [self.SAID] == said
        assert 200 == script.status_code
        with pytest.raises(ConfigurationError, match="STRIPE_PUBLISHABLE_KEY is not set"):
            client.get("/checkout")

    def test_nothing_is_said_where_it_is_set(
        self, start: Callable[[dict[str, str]], Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        """A gateway that a function returns has no keys to look at."""
        start(KEYS)
        ours_in_asgi.TokenCharge(gateway=lambda request: None)
        ours_in_flask.TokenCharge(Flask(__name__), gateway=lambda: None)  # type: ignore[arg-type,return-value]

        assert [] == caplog.records


class TestFlask:
    @pytest.fixture
    def app(self) -> Flask:
        app = Flask(__name__)
        app.config.update(KEYS)
        return app

    def test_a_second_one_on_an_app(self, app: Flask) -> None:
        """It is told to take a name and paths of its own; the first is as it was."""
        first = ours_in_flask.TokenCharge(app)
        first.order(lambda: Order(Money(500, "usd")))
        with pytest.raises(ConfigurationError) as second:
            ours_in_flask.TokenCharge(app)
        with pytest.raises(ConfigurationError) as again:
            first.init_app(app)

        assert (
            "The app has a blueprint 'tokencharge' already: call TokenCharge(app) or "
            "init_app(app) once, or give this one a name and paths of its own, as "
            'TokenCharge(app, name="tickets", url_prefix="/tickets").'
        ) == second.value.message
        assert second.value.message == again.value.message
        assert 200 == app.test_client().get("/checkout").status_code

    def test_a_blueprint_of_the_sites_with_its_name(self, app: Flask) -> None:
        """It is told the same."""
        app.register_blueprint(Blueprint("shop", __name__))

        with pytest.raises(ConfigurationError, match="a blueprint 'shop' already"):
            ours_in_flask.TokenCharge(app, name="shop")


class TestDjango:
    @pytest.fixture
    def uninstalled(self, sandbox: Sandbox) -> Iterator[PaymentGateway]:
        """A site without "tokencharge.django", and what it charges with."""
        templates = [
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ]
        apps = ["django.contrib.staticfiles"]
        with (
            use_gateway(gateway_to(sandbox)) as gateway,
            override_settings(INSTALLED_APPS=apps, TEMPLATES=templates, ROOT_URLCONF=site()),
        ):
            yield gateway

    @pytest.mark.usefixtures("uninstalled")
    def test_check_finds_that_the_app_is_missing(self) -> None:
        """Whoever has the URLs of a checkout page hears of it from `manage.py check`."""
        (found,) = run_checks(tags=["urls"])

        assert found.is_serious()
        assert "tokencharge.E005" == found.id
        assert (
            '"tokencharge.django" is not in INSTALLED_APPS: '
            "the checkout page lacks its templates, script and style. Add it there."
        ) == found.msg

    def test_check_finds_nothing_where_it_is_installed(self) -> None:
        """But what Django itself finds about the URLs."""
        with override_settings(ROOT_URLCONF=site()):
            found = run_checks(tags=["urls"])
        slashed = ModuleType("slashed")
        vars(slashed)["urlpatterns"] = [path("", include(checkout_urls(Buy, checkout="/pay")))]
        with override_settings(ROOT_URLCONF=slashed):
            warned = run_checks(tags=["urls"])

        assert [] == found
        assert ["urls.W002"] == [each.id for each in warned]

    @pytest.mark.usefixtures("uninstalled")
    def test_so_does_the_page(self, sandbox: Sandbox) -> None:
        """A server that runs no checks says it at the first visit; a
        buyer who pays all the same is told so."""
        with pytest.raises(ConfigurationError, match=r'^"tokencharge\.django" is not in') as told:
            Client().get("/checkout")
        paid = Client().post("/charge", {"token": sandbox.create_token(), "email": EMAIL})

        assert told.value.__suppress_context__
        assert 200 == paid.status_code
        assert "been charged" in paid.content.decode()
        assert [Money(500, "usd")] == [charge.amount for charge in sandbox.charges]

    def test_a_template_of_the_sites_that_is_missing_is_told_by_django(
        self, sandbox: Sandbox
    ) -> None:
        """Where the app is installed, it is not what is missing."""

        class Own(Buy):
            checkout_template = "no_such_page.html"

        with (
            use_gateway(gateway_to(sandbox)),
            override_settings(ROOT_URLCONF=site(Own)),
            pytest.raises(TemplateDoesNotExist, match=r"no_such_page\.html"),
        ):
            Client().get("/checkout")

    def test_a_view_where_the_class_is_wanted(self) -> None:
        """`Buy.as_view()`, a decorated one too, is told to be the class; so is what
        is no view of ours."""

        def view(request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        def said(given: Any, **named: Any) -> str:
            with pytest.raises(ConfigurationError) as refused:
                checkout_urls(given, **named)
            return refused.value.message

        ours: list[Any] = [Buy.as_view(), never_cache(Buy.as_view()), Buy()]
        others: list[Any] = [view, CheckoutView, CheckoutView.as_view(), WebhookView, None]
        for given in ours:
            assert (
                "The view of checkout_urls is no ChargeView class: "
                "give it the class, as Buy, without as_view()."
            ) == said(given)
        for given in others:
            assert (
                "The view of checkout_urls is no ChargeView class: "
                "give it a subclass of ChargeView."
            ) == said(given)
        assert (
            "The webhook_view of checkout_urls is no WebhookView class: "
            "give it the class, as WebhookView, without as_view()."
        ) == said(Buy, webhook_view=WebhookView.as_view())


class TestFastAPI:
    def test_routes_that_are_included_as_a_router(self) -> None:
        """It is told to extend the app's routes, with a prefix or without."""
        payments, app = ours_in_asgi.TokenCharge(KEYS), FastAPI()
        before = list(app.routes)
        for options in ({}, {"prefix": "/shop"}):
            with pytest.raises(AttributeError) as told:
                app.include_router(payments.routes, **options)  # type: ignore[arg-type]

            assert str(told.value).startswith("payments.routes is a list and has no '")
            assert "Write app.routes.extend(payments.routes)" in str(told.value)
            assert "TokenCharge(url_prefix=...)" in str(told.value)
        assert before == app.routes

    def test_the_routes_are_a_list_like_any_other(self) -> None:
        """They can be copied and joined, and have no attribute that lists do not have."""
        routes = ours_in_asgi.TokenCharge(KEYS).routes

        assert 4 == len(routes)
        assert [*routes] == routes == copy.copy(routes)
        assert [*routes, *routes] == routes + routes
        assert not hasattr(routes, "routes")
        assert [] == pickle.loads(pickle.dumps(type(routes)()))
