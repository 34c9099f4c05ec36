"""What is Django's own: the app, its checks, its views, its template tag."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import django
import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib.staticfiles import finders
from django.core.cache import caches
from django.core.checks import run_checks
from django.core.handlers.wsgi import WSGIRequest
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.template.loader import get_template
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import NoReverseMatch, include, path, reverse
from django.utils import translation

import tests.web.django_shop  # noqa: F401 - configures Django
import tokencharge
from tests.rows import each_row
from tests.web.deliveries import event, signed
from tests.web.django_shop import handlers_of_its_own
from tests.web.shop import EMAIL, JSON, added_lines, gateway_to
from tokencharge import Event, Money, Order, Payment, PaymentGateway, TokenChargeError
from tokencharge.django import (
    ChargeView,
    CheckoutView,
    WebhookView,
    charge_from_request,
    checkout_urls,
    current_gateway,
    event_received,
    payment_failed,
    payment_made,
    use_gateway,
)
from tokencharge.events import EVENT_LIMIT
from tokencharge.sandbox import Sandbox
from tokencharge.webhooks import Handlers

MINIMAL = Path(__file__).with_name("minimal_django.py")
ASSETS = Path(tokencharge.__file__).parent / "assets"
DECLINED = "4000000000000341"
SHARED_CACHE = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cached"}


class Shop(ChargeView):
    """A view with the least in it."""

    def get_order(self) -> Order:
        return Order(Money(int(self.kwargs.get("item", 5)) * 100, "usd"), "A blue notebook")


def site(*patterns: Any) -> ModuleType:
    """A URLconf."""
    module = ModuleType("site")
    vars(module)["urlpatterns"] = list(patterns)
    return module


@pytest.fixture
def gateway(sandbox: Sandbox) -> Iterator[PaymentGateway]:
    with use_gateway(gateway_to(sandbox)) as gateway:
        yield gateway


def in_a_new_process(code: str, **env: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )
    assert 0 == run.returncode, run.stderr
    return run.stdout


class TestTheApp:
    """INSTALLED_APPS and settings."""

    def test_under_ten_lines_make_a_site_a_shop(self, sandbox: Sandbox) -> None:
        """The checks find nothing, the page is there and a token is
        charged, with the environment's settings."""
        code = f"""
import runpy, sys, types
sys.modules["site_with_shop"] = site = types.ModuleType("site_with_shop")
vars(site).update(runpy.run_path({str(MINIMAL)!r}, run_name="site_with_shop"))
import django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("check", fail_level="WARNING")
client = Client()
print(client.get("/checkout").status_code)
form = {{"token": {sandbox.create_token()!r}, "email": {EMAIL!r}}}
print(client.post("/charge", form).status_code)
"""
        with sandbox.serve() as server:
            said = in_a_new_process(
                code,
                STRIPE_SECRET_KEY=sandbox.secret_key,
                STRIPE_PUBLISHABLE_KEY=sandbox.publishable_key,
                STRIPE_API_BASE=server.url,
            )

        assert added_lines(MINIMAL) < 10
        assert ["200", "200"] == said.splitlines()[-2:]
        assert ["Django Charge"] == [charge.description for charge in sandbox.charges]

    def test_it_is_imported_before_there_are_settings_or_apps(self) -> None:
        """In a settings module, or as an installed app, the import does not fail."""
        assert "done" in in_a_new_process("import tokencharge.django; print('done')")

    def test_its_files_are_found_by_djangos_own_means(self) -> None:
        """Templates by the loader for apps, script and style by the finder for apps."""
        script = finders.find("tokencharge/tokencharge.js")
        page = get_template("tokencharge/checkout.html").origin.name  # type: ignore[attr-defined]

        assert str(ASSETS / "static" / "tokencharge" / "tokencharge.js") == script
        assert str(ASSETS / "templates" / "tokencharge" / "checkout.html") == page
        assert "tokencharge" == apps.get_app_config("tokencharge").label

    def test_a_server_that_runs_no_checks_logs_what_is_wrong(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """At start, without the key."""
        with override_settings(STRIPE_SECRET_KEY="pk_test_misplaced"):
            apps.get_app_config("tokencharge").ready()

        assert ["tokencharge"] == [record.name for record in caplog.records]
        assert logging.ERROR == caplog.records[0].levelno
        assert "misplaced" not in caplog.text

    def test_right_settings_are_nothing_to_log(self, caplog: pytest.LogCaptureFixture) -> None:
        """At start all is quiet."""
        apps.get_app_config("tokencharge").ready()

        assert [] == caplog.records

    def test_the_gateway_is_made_once_from_the_settings(self) -> None:
        """And again when a test changes them."""
        gateway = current_gateway()
        again = current_gateway()
        with override_settings(STRIPE_SECRET_KEY="sk_test_other", STRIPE_TIMEOUT=5):
            other = current_gateway()
        with override_settings(USE_TZ=False):
            back = [current_gateway() for _ in range(2)]

        assert gateway is again
        assert ("sk_test_other", 5.0) == (other.settings.secret_key, other.settings.timeout)
        assert "sk_test_of_the_settings" == back[0].settings.secret_key
        assert back[0] is back[1]

    def test_another_gateway_may_be_used(self, sandbox: Sandbox) -> None:
        """Until the end of the block, and blocks nest."""
        outer, inner = gateway_to(sandbox), gateway_to(sandbox)
        used = []
        with use_gateway(outer) as first:
            used.append(first is current_gateway() is outer)
            with use_gateway(inner):
                used.append(current_gateway() is inner)
            used.append(current_gateway() is outer)

        assert [True, True, True] == used
        assert "sk_test_of_the_settings" == current_gateway().settings.secret_key


class TestTheChecks:
    """manage.py check."""

    @each_row(
        ("wrong", "number"),
        [
            ({"STRIPE_SECRET_KEY": None}, "E001"),
            ({"STRIPE_SECRET_KEY": "pk_test_misplaced"}, "E001"),
            ({"STRIPE_SECRET_KEY": "sk_test_misplaced "}, "E001"),
            ({"STRIPE_PUBLISHABLE_KEY": "sk_test_misplaced"}, "E002"),
            ({"STRIPE_WEBHOOK_SECRET": "sk_test_misplaced"}, "E003"),
            ({"STRIPE_PUBLISHABLE_KEY": "pk_live_misplaced"}, "E004"),
            ({"STRIPE_TIMEOUT": "soon"}, "E004"),
            ({"STRIPE_LIVEMODE": True}, "E004"),
        ],
    )
    def test_each_mistake_has_its_number(self, wrong: dict[str, Any], number: str) -> None:
        """And a sentence that shows no key."""
        with override_settings(**wrong):
            (found,) = run_checks(tags=["tokencharge"])

        assert f"tokencharge.{number}" == found.id
        assert found.is_serious()
        assert "misplaced" not in str(found)

    @each_row(
        ("settings", "expected"),
        [
            ({}, []),
            ({"DEBUG": True}, []),
            ({"STRIPE_SECRET_KEY": "sk_live_1", "STRIPE_PUBLISHABLE_KEY": "pk_live_1"}, []),
            (
                {
                    "STRIPE_SECRET_KEY": "sk_live_1",
                    "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
                    "DEBUG": True,
                },
                ["W001"],
            ),
            ({"STRIPE_PUBLISHABLE_KEY": None}, ["W002"]),
            ({"INSTALLED_APPS": ["tokencharge.django"]}, ["W003"]),
        ],
    )
    def test_what_may_be_a_mistake_is_a_warning(
        self, settings: dict[str, Any], expected: list[str]
    ) -> None:
        """A live key while developing, a page that cannot be shown,
        a script that cannot be found."""
        with override_settings(**settings):
            found = run_checks(tags=["tokencharge"])

        assert [f"tokencharge.{number}" for number in expected] == [each.id for each in found]
        assert [] == [each for each in found if each.is_serious() or "sk_live_1" in str(each)]

    @each_row(
        ("settings", "expected"),
        [
            ({}, ["W004"]),
            ({"STRIPE_SECRET_KEY": "sk_live_1", "STRIPE_PUBLISHABLE_KEY": "pk_live_1"}, []),
            ({"STRIPE_SECRET_KEY": "pk_test_1"}, ["E001"]),
            ({"STRIPE_WEBHOOK_SECRET": "whsec_1"}, ["W004", "W005"]),
            ({"STRIPE_WEBHOOK_SECRET": "whsec_1", "CACHES": {"default": SHARED_CACHE}}, ["W004"]),
        ],
    )
    def test_what_is_not_for_deployment(
        self, settings: dict[str, Any], expected: list[str]
    ) -> None:
        """`check --deploy` warns where no money would move, and where
        processes do not share what was handled."""
        with override_settings(**settings):
            found = run_checks(tags=["tokencharge"], include_deployment_checks=True)

        assert [f"tokencharge.{number}" for number in expected] == [each.id for each in found]


class TestTheViews:
    """CheckoutView and ChargeView."""

    @pytest.fixture(autouse=True)
    def _gateway(self, gateway: PaymentGateway) -> None:
        self.client = Client()

    def pay(self, address: str, sandbox: Sandbox, number: str = "4242424242424242") -> HttpResponse:
        fields = {"token": sandbox.create_token(number), "email": EMAIL}
        answer: HttpResponse = self.client.post(address, fields)  # type: ignore[assignment]
        return answer

    def test_captured_values_are_for_both_pages(self, sandbox: Sandbox) -> None:
        """The links between them keep the item."""
        urls = site(path("items/<int:item>/", include(checkout_urls(Shop))))
        with override_settings(ROOT_URLCONF=urls):
            page = self.client.get("/items/7/checkout").content.decode()
            back = self.client.get("/items/7/charge").headers["Location"]
            self.pay("/items/7/charge", sandbox)

        assert 'action="/items/7/charge"' in page
        assert "$7.00" in page
        assert "/items/7/checkout" == back
        assert [Money(700, "usd")] == [charge.amount for charge in sandbox.charges]

    def test_a_site_may_have_several(self) -> None:
        """Namespaces and paths tell them apart."""
        urls = site(
            path("a/", include(checkout_urls(Shop), namespace="a")),
            path(
                "b/",
                include(
                    checkout_urls(Shop, checkout="pay/", charge="stripe_card_token/"), namespace="b"
                ),
            ),
        )
        with override_settings(ROOT_URLCONF=urls):
            pages = [
                self.client.get(where).content.decode() for where in ("/a/checkout", "/b/pay/")
            ]

        assert 'action="/a/charge"' in pages[0]
        assert 'action="/b/stripe_card_token/"' in pages[1]

    def test_views_may_be_put_under_names_of_ones_own(self, sandbox: Sandbox) -> None:
        """By `path()`, without a namespace."""

        class Form(CheckoutView):
            charge_url_name = "pay"
            get_order = Shop.get_order

        class Pay(Shop):
            checkout_url_name = "form"
            charge_url_name = "pay"

        urls = site(
            path("form", Form.as_view(), name="form"), path("pay", Pay.as_view(), name="pay")
        )
        Form.checkout_url_name = "form"
        with override_settings(ROOT_URLCONF=urls):
            page = self.client.get("/form").content.decode()
            back = self.client.get("/pay").headers["Location"]
            paid = self.pay("/pay", sandbox)

        assert 'action="/pay"' in page
        assert "/form" == back
        assert 200 == paid.status_code

    def test_a_view_may_add_to_where_the_buyer_goes(self, sandbox: Sandbox) -> None:
        """Its own get_success_url can call the one it stands in for."""

        class Pay(Shop):
            success_url = "/thanks"

            def get_success_url(self, payment: Payment) -> str | None:
                return f"{super().get_success_url(payment)}?charge={payment.charge.id}"

        with override_settings(ROOT_URLCONF=site(path("", include(checkout_urls(Pay))))):
            paid = self.pay("/charge", sandbox)

        assert f"/thanks?charge={sandbox.charges[0].id}" == paid.headers["Location"]

    def test_a_page_that_could_not_be_shown_charges_nothing(self, sandbox: Sandbox) -> None:
        """A site with no card form of ours charges for scripts; for a
        browser it fails before the money moves."""
        with override_settings(ROOT_URLCONF=site(path("pay", Shop.as_view(), name="charge"))):
            with pytest.raises(NoReverseMatch):
                self.pay("/pay", sandbox)
            charged = len(sandbox.charges)
            fields = {"token": sandbox.create_token(), "email": EMAIL}
            script = self.client.post("/pay", fields, content_type="application/json")

        assert 0 == charged
        assert 200 == script.status_code
        assert [script.json()["payment"]["charge"]["id"]] == [
            charge.id for charge in sandbox.charges
        ]

    def test_templates_and_policy_are_the_sites_to_change(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        """By class attributes."""
        (tmp_path / "form.html").write_text("Form: {{ amount }}", "utf-8")
        (tmp_path / "thanks.html").write_text("Thank you for {{ amount }}", "utf-8")

        class Own(Shop):
            checkout_template = "form.html"
            charge_template = "thanks.html"
            csp = False

        backend = {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [tmp_path]}
        with override_settings(
            ROOT_URLCONF=site(path("", include(checkout_urls(Own)))), TEMPLATES=[backend]
        ):
            form, thanks = self.client.get("/checkout"), self.pay("/charge", sandbox)
            declined = self.pay("/charge", sandbox, DECLINED)

        assert [b"Form: $5.00", b"Thank you for $5.00", b"Form: $5.00"] == [
            answer.content for answer in (form, thanks, declined)
        ]
        assert [False] * 3 == [
            answer.has_header("Content-Security-Policy") for answer in (form, thanks, declined)
        ]

    def test_the_policy_lets_static_files_in_from_their_host(self) -> None:
        """Where STATIC_URL is another origin."""
        urls = site(path("", include(checkout_urls(Shop))))
        with override_settings(ROOT_URLCONF=urls, STATIC_URL="https://cdn.example/s/"):
            page = self.client.get("/checkout")

        assert 'src="https://cdn.example/s/tokencharge/tokencharge.js"' in page.content.decode()
        assert (
            "script-src 'self' https://cdn.example https://js.stripe.com"
            in page["Content-Security-Policy"]
        )

    def test_a_view_without_an_order_is_an_error(self) -> None:
        """The message says which method is missing."""

        class Empty(ChargeView):
            pass

        urls = site(path("", include(checkout_urls(Empty))))
        with (
            override_settings(ROOT_URLCONF=urls),
            pytest.raises(NotImplementedError, match=r"Empty has no get_order"),
        ):
            self.client.get("/checkout")

    def test_nothing_needs_to_be_overridden_but_the_order(self, sandbox: Sandbox) -> None:
        """The hooks may be left as they are."""
        with override_settings(ROOT_URLCONF=site(path("", include(checkout_urls(Shop))))):
            statuses = [
                self.pay("/charge", sandbox).status_code,
                self.pay("/charge", sandbox, DECLINED).status_code,
            ]

        assert [200, 402] == statuses

    def test_no_rollback_hides_a_charge(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """ATOMIC_REQUESTS puts the site's views into a transaction, and these not."""
        inside = []

        class Asking(Shop):
            def on_payment(self, payment: Payment) -> None:
                inside.append(connections["default"].in_atomic_block)

        def other(request: HttpRequest) -> HttpResponse:
            inside.append(connections["default"].in_atomic_block)
            return HttpResponse()

        monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", True)
        with override_settings(
            ROOT_URLCONF=site(path("", include(checkout_urls(Asking))), path("other", other))
        ):
            self.pay("/charge", sandbox)
            self.client.get("/other")
        connections.close_all()

        assert [False, True] == inside

    def test_an_async_view_of_ones_own_charges_too(self, sandbox: Sandbox) -> None:
        """By `sync_to_async`, without blocking the loop."""

        async def own(request: HttpRequest) -> HttpResponse:
            payment = await sync_to_async(charge_from_request)(request, Order(Money(500, "usd")))
            return HttpResponse(payment.charge.id)

        async def pay() -> str:
            answer = await AsyncClient().post(
                "/own", {"token": sandbox.create_token(), "email": EMAIL}
            )
            return answer.content.decode()

        with override_settings(ROOT_URLCONF=site(path("own", own))):
            said = asyncio.run(pay())

        assert [said] == [charge.id for charge in sandbox.charges]

    def test_reports_of_errors_leave_the_token_out(self, sandbox: Sandbox) -> None:
        """Django's own mark for what no mail to the admins may show is set."""
        marked: list[Any] = []

        class Marked(Shop):
            def before_charge(self, request: HttpRequest) -> None:
                marked.extend(request.sensitive_post_parameters)  # type: ignore[attr-defined]

        with override_settings(ROOT_URLCONF=site(path("", include(checkout_urls(Marked))))):
            self.pay("/charge", sandbox)

        assert {"token", "stripeToken", "email", "stripeEmail"} == set(marked)

    def test_a_receiver_that_fails_keeps_the_news_from_no_other(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Of both signals: the buyer is answered, all receivers are told, the
        failures are logged with the ids."""
        told: list[str] = []

        def fails(**news: Any) -> None:
            told.append("fails")
            raise ZeroDivisionError("the mail server is away")

        def notes(
            *, payment: Payment | None = None, error: TokenChargeError | None = None, **news: Any
        ) -> None:
            told.append("notes")

        for signal in (payment_made, payment_failed):
            signal.connect(fails, Shop)
            signal.connect(notes, Shop)
        with override_settings(ROOT_URLCONF=site(path("", include(checkout_urls(Shop))))):
            statuses = [
                self.pay("/charge", sandbox).status_code,
                self.pay("/charge", sandbox, DECLINED).status_code,
            ]
        for signal in (payment_made, payment_failed):
            signal.disconnect(fails, Shop)
            signal.disconnect(notes, Shop)
        ours = [record.getMessage() for record in caplog.records if record.name == "tokencharge"]

        assert [200, 402] == statuses
        assert ["fails", "notes", "fails", "notes"] == told
        assert 2 == len(ours)
        assert sandbox.charges[0].id in ours[0]

    @pytest.mark.parametrize("length", ["", "many", "-1", "²"])
    def test_a_length_that_is_no_number_is_none(self, sandbox: Sandbox, length: str) -> None:
        """And so nothing is read."""
        request = RequestFactory().post(
            "/p", {"token": "tok_visa", "email": EMAIL}, CONTENT_LENGTH=length
        )
        view = Shop.as_view()
        request.resolver_match = None
        with override_settings(
            ROOT_URLCONF=site(path("c", view, name="checkout"), path("p", view, name="charge"))
        ):
            answer = view(request)

        assert 400 == answer.status_code
        assert [] == sandbox.requests


class TestTheTemplateTag:
    """{% tokencharge_form %}."""

    def rendered(self, template: str, address: str = "/seats/12?row=3", **context: Any) -> str:
        request = RequestFactory().get(address)
        return (
            engines["django"]
            .from_string("{% load tokencharge %}" + template)
            .render(context, request)
        )

    def test_it_shows_the_form_in_a_page_of_ones_own(self, gateway: PaymentGateway) -> None:
        """Which posts to the page itself, with its CSRF token."""
        page = self.rendered("{% tokencharge_form order %}", order=Order(Money(500, "usd")))

        assert 'action="/seats/12?row=3"' in page
        assert 'name="csrfmiddlewaretoken"' in page
        assert 'data-publishable-key="pk_test_tokenchargeSandboxKey0001"' in page
        assert 'src="/static/tokencharge/tokencharge.js"' in page
        assert "$5.00" in page

    def test_it_may_post_elsewhere(self, gateway: PaymentGateway) -> None:
        """To the URL it is given."""
        page = self.rendered(
            '{% tokencharge_form order charge_url="/charge" %}', order=Order(Money(500, "usd"))
        )

        assert 'action="/charge"' in page

    def test_it_speaks_the_active_language(self, gateway: PaymentGateway) -> None:
        """What Django has active, a middleware or the site's own code, is what the buyer reads."""
        with translation.override("ja"):
            page = self.rendered("{% tokencharge_form order %}", order=Order(Money(500, "jpy")))

        assert "￥500 を支払う" in page
        assert 'data-locale="ja"' in page

    def test_in_a_template_of_the_views_it_needs_nothing(
        self, gateway: PaymentGateway, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        """It shows what the view has to show: after a failure, the same submission once more."""
        (tmp_path / "form.html").write_text(
            "{% load tokencharge %}{{ message }}{% tokencharge_form %}", "utf-8"
        )

        class Own(Shop):
            checkout_template = "form.html"

        backend = {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [tmp_path],
            "APP_DIRS": True,
        }
        with (
            override_settings(
                ROOT_URLCONF=site(path("", include(checkout_urls(Own)))), TEMPLATES=[backend]
            ),
            sandbox.unavailable(),
        ):
            page = (
                Client()
                .post("/charge", {"token": sandbox.create_token(), "email": EMAIL})
                .content.decode()
            )

        assert 'data-tokencharge="again"' in page
        assert 'action="/charge"' in page
        assert "has not charged you" in page


@pytest.mark.usefixtures("gateway")
class TestTheWebhook:
    """WebhookView, its handlers and its signal."""

    @pytest.fixture(autouse=True)
    def on_event(self) -> Iterator[Handlers]:
        """What `tokencharge.django.on_event` is during the test."""
        with handlers_of_its_own() as handlers:
            yield handlers

    def deliver(
        self, payload: bytes, where: str = "/stripe/webhook", client: Client | None = None
    ) -> Any:
        sent = {"Stripe-Signature": signed(payload)}
        return (client or Client(enforce_csrf_checks=True)).generic(
            "POST", where, payload, JSON, headers=sent
        )

    def test_its_path_is_the_sites_to_choose(self) -> None:
        """Another one, none, or a WebhookView of one's own under a name of one's own."""
        urls = site(
            path("a/", include(checkout_urls(Shop, webhook="told"), namespace="a")),
            path("b/", include(checkout_urls(Shop, webhook=None), namespace="b")),
            path("c", WebhookView.as_view(), name="own"),
        )
        with override_settings(ROOT_URLCONF=urls):
            names = [reverse("a:webhook"), reverse("own")]
            answers = [
                self.deliver(event("path"), where)
                for where in ("/a/told", "/c", "/a/stripe/webhook", "/b/stripe/webhook")
            ]

        assert ["/a/told", "/c"] == names
        assert [200, 200, 404, 404] == [answer.status_code for answer in answers]

    def test_it_sends_a_signal(self) -> None:
        """For events of all types, from the view's class."""
        told: list[tuple[object, str]] = []

        def receive(sender: object, event: Event, **_: Any) -> None:
            told.append((sender, event.type))

        before = self.deliver(event("signal.sent")).json()["outcome"]
        event_received.connect(receive)
        payload = event("signal.sent")
        answers = [self.deliver(payload).json()["outcome"] for _ in range(2)]

        assert ["unhandled", "handled", "duplicate"] == [before, *answers]
        assert [(WebhookView, "signal.sent")] == told

    def test_a_receiver_that_fails_keeps_the_event_from_no_other(
        self, on_event: Handlers, caplog: pytest.LogCaptureFixture
    ) -> None:
        """All are told; as one of them failed, all are told again when Stripe
        delivers again; handlers are not."""
        told: list[str] = []
        on_event("signal.failing")(lambda event: told.append("handler"))

        def fails(sender: object, event: Event, **_: Any) -> None:
            told.append("fails")
            if told.count("fails") == 1:
                raise ZeroDivisionError("the mail server is away")

        async def notes(sender: object, event: Event, **_: Any) -> None:
            told.append("notes")

        for receiver in (
            (fails, notes) if django.VERSION >= (5,) else (fails, lambda **_: told.append("notes"))
        ):
            event_received.connect(receiver, weak=False)
        payload = event("signal.failing")
        statuses = [self.deliver(payload).status_code for _ in range(3)]

        assert [500, 200, 200] == statuses
        assert {"handler": 1, "fails": 2, "notes": 2} == {name: told.count(name) for name in told}
        assert "The handler event_received failed" in caplog.text

    def test_stripe_need_not_log_in(self) -> None:
        """Where Django asks that of everybody."""
        if django.VERSION < (5, 1):
            pytest.skip("Django asks nobody before 5.1")
        users = {
            "INSTALLED_APPS": [
                "django.contrib.auth",
                "django.contrib.contenttypes",
                "django.contrib.sessions",
            ],
            "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
            "MIDDLEWARE": [
                "django.contrib.sessions.middleware.SessionMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django.contrib.auth.middleware.LoginRequiredMiddleware",
            ],
        }
        with override_settings(**users):
            answers = [self.deliver(event("login")), Client().get("/checkout")]

        assert [200, 302] == [answer.status_code for answer in answers]

    def test_a_cache_is_the_sites_to_choose(self, on_event: Handlers) -> None:
        """By the name of the cache."""
        told: list[Event] = []
        on_event("cache.chosen")(told.append)
        locmem = "django.core.cache.backends.locmem.LocMemCache"
        both = {name: {"BACKEND": locmem, "LOCATION": name} for name in ("default", "events")}
        urls = site(path("stripe/webhook", WebhookView.as_view(cache="events")))
        payload = event("cache.chosen")
        with override_settings(ROOT_URLCONF=urls, CACHES=both):
            outcomes = [self.deliver(payload).json()["outcome"]]
            caches["default"].clear()
            outcomes.append(self.deliver(payload).json()["outcome"])
            caches["events"].clear()
            outcomes.append(self.deliver(payload).json()["outcome"])

        assert ["handled", "duplicate", "handled"] == outcomes

    def test_a_handlers_transaction_ends_with_it(
        self, on_event: Handlers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With ATOMIC_REQUESTS what it wrote is there before the event counts as
        handled, and gone where it failed."""
        monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", True)
        rows: list[int] = []

        class Cache(dict[str, str]):
            def count(self) -> None:
                with connections["default"].cursor() as cursor:
                    cursor.execute("SELECT COUNT(*) FROM noted")
                    rows.append(cursor.fetchone()[0])

            def add(self, key: str, value: str, timeout: int) -> bool:
                return self.setdefault(key, value) == value

            def set(self, key: str, value: str, timeout: int) -> None:
                assert not connections["default"].in_atomic_block
                self.count()
                self[key] = value

            def delete(self, key: str) -> None:
                self.count()
                del self[key]

        cache = Cache()

        @on_event("transaction")
        async def handle(event: Event) -> None:
            await sync_to_async(write)()
            if not rows:
                raise ZeroDivisionError

        def write() -> None:
            with connections["default"].cursor() as cursor:
                cursor.execute("INSERT INTO noted VALUES (1)")

        with connections["default"].cursor() as cursor:
            cursor.execute("CREATE TABLE noted (number integer)")
        payload = event("transaction")
        monkeypatch.setattr(WebhookView, "get_event_store", lambda view: cache)
        statuses = [self.deliver(payload).status_code for _ in range(2)]

        assert [500, 200] == statuses
        assert [0, 1] == rows

    def test_a_body_that_is_too_long_is_not_read_to_its_end(self) -> None:
        """However long it says it is."""

        class Endless(io.RawIOBase):
            given = 0

            def read(self, size: int = -1) -> bytes:
                assert size > 0
                self.given += size
                return b"a" * size

        body = Endless()
        environ = RequestFactory().post("/stripe/webhook").environ
        request = WSGIRequest({**environ, "CONTENT_LENGTH": "9" * 12, "wsgi.input": body})
        answer = WebhookView.as_view()(request)

        assert 400 == answer.status_code
        assert EVENT_LIMIT < body.given < 2 * EVENT_LIMIT
