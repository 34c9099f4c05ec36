"""What is Flask's own: the extension, its paths, its apps."""

from __future__ import annotations

import io
import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask, Response, abort, request, url_for
from flask.testing import FlaskClient
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]

from tests.web.deliveries import event, signed
from tests.web.shop import EMAIL, JSON, added_lines, gateway_to
from tokencharge import (
    CardDeclined,
    ConfigurationError,
    Event,
    Money,
    Order,
    Payment,
    PaymentGateway,
    RateLimited,
    TokenChargeError,
)
from tokencharge.events import EVENT_LIMIT
from tokencharge.flask import TokenCharge, current_gateway, payment_failed, payment_made
from tokencharge.sandbox import Sandbox
from tokencharge.webhooks import MemoryStore

MINIMAL = Path(__file__).with_name("minimal_flask.py")
DECLINED = "4000000000000341"
KEYS = {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_PUBLISHABLE_KEY": "pk_test_1"}


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    app.config.update(TESTING=True, SECRET_KEY="signs the session", **KEYS)
    return app


@pytest.fixture
def gateway(sandbox: Sandbox) -> PaymentGateway:
    return gateway_to(sandbox)


def selling(amount: int = 500) -> Callable[..., Order]:
    return lambda: Order(Money(amount, "usd"), "A blue notebook")


def test_under_ten_lines_make_a_site_a_shop(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is there and a token is charged, over HTTP, with
    the settings from the environment."""
    with sandbox.serve() as server:
        monkeypatch.setenv("STRIPE_SECRET_KEY", sandbox.secret_key)
        monkeypatch.setenv("STRIPE_PUBLISHABLE_KEY", sandbox.publishable_key)
        monkeypatch.setenv("STRIPE_API_BASE", server.url)
        site = runpy.run_path(str(MINIMAL))
        client = site["app"].test_client()
        page = client.get("/checkout")
        paid = client.post("/charge", data={"token": sandbox.create_token(), "email": EMAIL})
        with site["app"].app_context():
            current_gateway.close()

    assert added_lines(MINIMAL) < 10
    assert (200, 200) == (page.status_code, paid.status_code)
    assert ["Flask Charge"] == [charge.description for charge in sandbox.charges]


def test_one_object_serves_several_apps(sandbox: Sandbox) -> None:
    """An app factory may be called again: each app has the gateway of its own config."""
    payments = TokenCharge()
    payments.order(selling())
    pages, keys = [], []
    for number in (1, 2):
        app = Flask(f"app{number}")
        app.config.update(
            STRIPE_SECRET_KEY=f"sk_test_{number}", STRIPE_PUBLISHABLE_KEY=f"pk_test_{number}"
        )
        payments.init_app(app)
        pages.append(app.test_client().get("/checkout").text)
        with app.app_context():
            keys.append((payments.gateway.settings.secret_key, current_gateway.settings.secret_key))

    assert [("sk_test_1", "sk_test_1"), ("sk_test_2", "sk_test_2")] == keys
    assert ["pk_test_1" in pages[0], "pk_test_2" in pages[1]] == [True, True]


def test_one_app_may_have_several(app: Flask, gateway: PaymentGateway, sandbox: Sandbox) -> None:
    """Each has its name, its paths, its order and its gateway;
    current_gateway is the first one's."""
    tickets = TokenCharge(app, gateway=gateway, name="tickets", url_prefix="/tickets")
    drinks = TokenCharge(app, name="drinks", url_prefix="/drinks")
    tickets.order(selling(4000))
    drinks.order(selling(300))
    client = app.test_client()
    pages = [client.get("/tickets/checkout").text, client.get("/drinks/checkout").text]
    client.post("/tickets/charge", data={"token": sandbox.create_token(), "email": EMAIL})
    with app.test_request_context():
        urls = [url_for("tickets.charge"), url_for("drinks.charge")]
        first = current_gateway.settings == tickets.gateway.settings != drinks.gateway.settings

    assert ["/tickets/charge", "/drinks/charge"] == urls
    assert ['action="/tickets/charge"' in pages[0], "$40.00" in pages[0]] == [True, True]
    assert ['action="/drinks/charge"' in pages[1], "$3.00" in pages[1]] == [True, True]
    assert [Money(4000, "usd")] == [charge.amount for charge in sandbox.charges]
    assert first


def test_paths_are_the_sites_to_choose(
    app: Flask, gateway: PaymentGateway, sandbox: Sandbox
) -> None:
    """An address that a front end posts to already can stay."""
    payments = TokenCharge(
        app,
        gateway=gateway,
        url_prefix="/account",
        checkout_path="/pay",
        charge_path="/stripe_card_token",
    )
    payments.order(selling())
    client = app.test_client()
    page = client.get("/account/pay").text
    paid = client.post(
        "/account/stripe_card_token", json={"token": sandbox.create_token(), "email": EMAIL}
    )

    assert 'action="/account/stripe_card_token"' in page
    assert 200 == paid.status_code
    assert 1 == len(sandbox.charges)


def test_the_order_function_gets_what_the_prefix_captures(
    app: Flask, gateway: PaymentGateway
) -> None:
    """Both pages are about the same item."""
    payments = TokenCharge(app, gateway=gateway, url_prefix="/items/<int:item>")

    @payments.order
    def order(item: int) -> Order:
        return Order(Money(item * 100, "usd"))

    client = app.test_client()
    page = client.get("/items/7/checkout").text

    assert "$7.00" in page
    assert 'action="/items/7/charge"' in page
    assert "/items/7/checkout" == client.get("/items/7/charge").headers["Location"]


def test_links_hold_where_the_app_is_mounted(app: Flask, gateway: PaymentGateway) -> None:
    """Under a prefix of the server's, every URL begins with it."""
    TokenCharge(app, gateway=gateway).order(selling())
    page = app.test_client().get("/checkout", environ_overrides={"SCRIPT_NAME": "/shop"}).text

    assert 'action="/shop/charge"' in page
    assert 'src="/shop/tokencharge/static/tokencharge.js"' in page


def test_script_and_style_are_served(app: Flask, gateway: PaymentGateway) -> None:
    """What the page links to is there."""
    TokenCharge(app, gateway=gateway)
    client = app.test_client()
    kinds = []
    for name in ("tokencharge.js", "tokencharge.css"):
        with client.get(f"/tokencharge/static/{name}") as answer:
            kinds.append(answer.mimetype)

    assert ["text/javascript", "text/css"] == kinds


@pytest.mark.parametrize(
    "wrong",
    [
        {"STRIPE_SECRET_KEY": None},
        {"STRIPE_SECRET_KEY": "pk_test_misplaced"},
        {"STRIPE_PUBLISHABLE_KEY": "sk_test_misplaced"},
        {"STRIPE_PUBLISHABLE_KEY": "pk_live_misplaced"},
    ],
)
def test_a_wrong_key_is_refused_at_start(app: Flask, wrong: dict[str, str | None]) -> None:
    """The app does not start, and the message shows no key."""
    app.config.update(wrong)
    with pytest.raises(ConfigurationError) as caught:
        TokenCharge(app)

    assert "misplaced" not in str(caught.value)


def test_a_page_without_publishable_key_is_an_error(app: Flask) -> None:
    """It would be a dead form, so the developer hears of it."""
    app.config.update(STRIPE_PUBLISHABLE_KEY=None)
    TokenCharge(app).order(selling())

    with pytest.raises(ConfigurationError, match="STRIPE_PUBLISHABLE_KEY"):
        app.test_client().get("/checkout")


def test_a_shop_without_an_order_is_an_error(app: Flask) -> None:
    """The message says which decorator is missing."""
    TokenCharge(app)

    with pytest.raises(RuntimeError, match=r"@payments\.order"):
        app.test_client().get("/checkout")


def test_the_gateway_of_the_app_is_at_hand(app: Flask, gateway: PaymentGateway) -> None:
    """`current_gateway` is what charges, for a refund say."""
    payments = TokenCharge(app, gateway=gateway)
    with app.app_context():
        same = payments.gateway is gateway
        key = current_gateway.settings.secret_key

    assert same
    assert gateway.settings.secret_key == key


@pytest.fixture
def own(app: Flask, gateway: PaymentGateway) -> Flask:
    """An app with views of its own that leave errors alone."""
    payments = TokenCharge(app, gateway=gateway)

    @app.route("/book/<int:seat>", methods=["GET", "POST"])
    def book(seat: int) -> str:
        return payments.charge_from_request(
            Order(Money(seat * 100, "usd"), f"Seat {seat}")
        ).charge.id

    @app.post("/sold")
    def sold() -> str:
        return payments.charge_from_request(Order(Money(500, "usd"), paid=True)).charge.id

    @app.post("/swallow")
    def swallow() -> str:
        with pytest.raises(CardDeclined):
            payments.charge_from_request(Order(Money(500, "usd")))
        raise RateLimited("Another call's.")

    @app.post("/other")
    def other() -> str:
        raise RateLimited("Another call's.")

    return app


def test_a_view_of_ones_own_says_that_its_order_is_paid(own: Flask, sandbox: Sandbox) -> None:
    """As `/charge` does: no buyer who presses twice is told to check their order."""
    sent = {"token": sandbox.create_token(), "email": EMAIL}
    page = own.test_client().post("/sold", data=sent)
    script = own.test_client().post("/sold", json=sent)

    assert (200, True) == (page.status_code, "This order is paid." in page.text)
    assert (200, True) == (script.status_code, script.get_json()["order"]["paid"])
    assert [] == sandbox.requests


def test_a_view_of_ones_own_may_leave_errors_alone(own: Flask, sandbox: Sandbox) -> None:
    """The form comes back and posts to that view, whose query is kept; a script gets JSON."""
    client = own.test_client()
    declined = {"token": sandbox.create_token(DECLINED), "email": EMAIL}
    page = client.post("/book/12?row=3", data=declined)
    script = client.post("/book/12", json={"token": sandbox.create_token(DECLINED), "email": EMAIL})
    paid = client.post("/book/12?row=3", data={"token": sandbox.create_token(), "email": EMAIL})

    assert (402, "no-store") == (page.status_code, page.headers["Cache-Control"])
    assert 'action="/book/12?row=3"' in page.text
    assert "Seat 12" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert (402, "card_declined") == (script.status_code, json.loads(script.text)["error"]["code"])
    assert [paid.text] == [charge.id for charge in sandbox.charges if charge.paid]


def test_a_view_of_ones_own_may_leave_it_alone_that_another_site_sent_this(
    own: Flask, sandbox: Sandbox
) -> None:
    """It is answered as `/charge` would, without a form."""
    sent = {"token": sandbox.create_token(), "email": EMAIL}
    page = own.test_client().post("/book/12", data=sent, headers={"Sec-Fetch-Site": "cross-site"})

    assert 403 == page.status_code
    assert "sent by another site" in page.text
    assert "data-tokencharge" not in page.text


@pytest.mark.parametrize("path", ["/swallow", "/other"])
def test_errors_of_other_calls_are_the_sites_own(own: Flask, sandbox: Sandbox, path: str) -> None:
    """A failed refund is not told to a buyer as a failed payment."""
    sent = {"token": sandbox.create_token(DECLINED), "email": EMAIL}

    with pytest.raises(RateLimited, match="Another call's"):
        own.test_client().post(path, data=sent)


def test_hooks_may_be_given_at_once(app: Flask, gateway: PaymentGateway, sandbox: Sandbox) -> None:
    """As arguments they are called like those that decorators add, and before them."""
    told: list[object] = []
    payments = TokenCharge(
        app,
        gateway=gateway,
        before_charge=lambda request: told.append(request.path),
        on_payment=lambda payment: told.append("paid"),
        on_failure=lambda error: told.append("failed"),
    )
    payments.order(selling())

    @payments.on_payment
    def later(payment: Payment) -> None:
        told.append("later")

    client = app.test_client()
    client.post("/charge", data={"token": sandbox.create_token(), "email": EMAIL})
    client.post("/charge", data={"token": sandbox.create_token(DECLINED), "email": EMAIL})

    assert ["/charge", "paid", "later", "/charge", "failed"] == told


def test_a_receiver_that_fails_keeps_the_news_from_no_other(
    app: Flask, gateway: PaymentGateway, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Of both signals: the buyer is answered, all receivers are told, the failures are logged."""
    TokenCharge(app, gateway=gateway).order(selling())
    told: list[str] = []

    def fails(sender: Flask, **news: object) -> None:
        told.append("fails")
        raise ZeroDivisionError("the mail server is away")

    def notes(
        sender: Flask, payment: Payment | None = None, error: TokenChargeError | None = None
    ) -> None:
        told.append("notes")

    for signal in (payment_made, payment_failed):
        signal.connect(fails, app)
        signal.connect(notes, app)
    client = app.test_client()
    paid = client.post("/charge", data={"token": sandbox.create_token(), "email": EMAIL})
    declined = client.post(
        "/charge", data={"token": sandbox.create_token(DECLINED), "email": EMAIL}
    )

    assert (200, 402) == (paid.status_code, declined.status_code)
    assert ["fails", "fails", "notes", "notes"] == sorted(told)
    assert 2 == caplog.text.count("ZeroDivisionError: the mail server is away")


def test_the_policy_is_the_sites_to_change(app: Flask, gateway: PaymentGateway) -> None:
    """`csp=False` sends none; what the site sets afterwards stands."""
    TokenCharge(app, gateway=gateway, csp=False, name="without", url_prefix="/without").order(
        selling()
    )
    TokenCharge(app, gateway=gateway).order(selling())

    @app.after_request
    def policy(response: Response) -> Response:
        if request.args:
            response.headers["Content-Security-Policy"] = "default-src 'self'"
        return response

    client = app.test_client()
    without = client.get("/without/checkout").headers

    assert "Content-Security-Policy" not in without
    assert ["default-src 'self'"] == client.get("/checkout?stricter=1").headers.getlist(
        "Content-Security-Policy"
    )


@pytest.mark.parametrize(
    ("chosen", "title"),
    [("fr", "Paiement"), ("pt_BR", "Pagamento"), ("da", "Checkout"), (None, "Kasse")],
)
def test_flask_babel_says_which_language_it_is(
    app: Flask, gateway: PaymentGateway, chosen: str, title: str
) -> None:
    """Where an app has it, what it says holds and not the browser; where
    it says nothing, its default does."""
    app.config["BABEL_DEFAULT_LOCALE"] = "de"
    Babel(app, locale_selector=lambda: chosen)
    payments = TokenCharge(app, gateway=gateway)
    payments.order(selling())
    client = app.test_client()
    page = client.get("/checkout", headers={"Accept-Language": "ja"})
    declined = client.post("/charge", json={"token": "tok_chargeDeclined", "email": EMAIL})

    assert f"<title>{title}</title>" in page.text
    assert (
        CardDeclined("").message_for(str(chosen or "de"))
        == (declined.json or {})["error"]["message"]
    )


def test_templates_are_the_sites_to_change(tmp_path: Path, gateway: PaymentGateway) -> None:
    """A template of the same name in the app's own folder comes first."""
    (tmp_path / "tokencharge").mkdir()
    (tmp_path / "tokencharge" / "charge.html").write_text("Thank you for {{ amount }}", "utf-8")
    app = Flask(__name__, template_folder=str(tmp_path))
    TokenCharge(app, gateway=gateway).order(selling())
    client = app.test_client()

    assert (
        "Thank you for $5.00"
        == client.post("/charge", data={"token": "tok_visa", "email": EMAIL}).text
    )
    assert 'data-tokencharge="pay"' in client.get("/checkout").text


def test_the_csrf_field_has_the_name_the_site_gave_it(
    app: Flask, gateway: PaymentGateway, sandbox: Sandbox
) -> None:
    """Flask-WTF's own setting is heeded."""
    app.config.update(WTF_CSRF_FIELD_NAME="guard")
    CSRFProtect(app)
    TokenCharge(app, gateway=gateway).order(selling())

    assert '<input type="hidden" name="guard" value="' in app.test_client().get("/checkout").text


def test_an_email_may_have_a_percent_sign(
    app: Flask, gateway: PaymentGateway, sandbox: Sandbox
) -> None:
    """Only quoted bytes that were no UTF-8 are refused."""
    TokenCharge(app, gateway=gateway).order(selling())
    answer = app.test_client().post(
        "/charge", data={"token": sandbox.create_token(), "email": "50%25off@example.com"}
    )

    assert 200 == answer.status_code
    assert ["50%25off@example.com"] == [customer.email for customer in sandbox.customers]


def deliver(app: Flask, payload: bytes, path: str = "/stripe/webhook") -> int:
    """Deliver an event, and return the status."""
    headers = {"Stripe-Signature": signed(payload), "Content-Type": JSON}
    return app.test_client().post(path, data=payload, headers=headers).status_code


def test_the_webhooks_path_is_the_sites_to_choose(app: Flask, gateway: PaymentGateway) -> None:
    """Another one, none, or one for each extension, with handlers of its own."""
    told: list[str] = []
    for name, options in {
        "first": {},
        "second": {"url_prefix": "/second/<int:item>", "webhook_path": "/told"},
        "third": {"url_prefix": "/third", "webhook_path": None},
    }.items():
        payments = TokenCharge(app, gateway=gateway, name=name, **options)  # type: ignore[arg-type]
        payments.on("*")(lambda event, name=name: told.append(name))
    with app.test_request_context():
        url = url_for("second.webhook", item=7)
    paths = ["/stripe/webhook", url, "/third/stripe/webhook"]

    assert "/second/7/told" == url
    assert [200, 200, 404] == [deliver(app, event(), path) for path in paths]
    assert ["first", "second"] == told


def test_no_webhook_is_hidden_behind_another(app: Flask, gateway: PaymentGateway) -> None:
    """A second extension at the same path would never hear of
    anything, so the app does not start."""
    TokenCharge(app, gateway=gateway, checkout_path="/a", charge_path="/b")
    TokenCharge(
        app, gateway=gateway, name="quiet", checkout_path="/c", charge_path="/d", webhook_path=None
    )

    with pytest.raises(ConfigurationError, match="Another TokenCharge has /stripe/webhook"):
        TokenCharge(app, gateway=gateway, name="other", checkout_path="/e", charge_path="/f")


def test_each_app_remembers_its_events(gateway: PaymentGateway) -> None:
    """One object may serve several apps; where a store is given, they share it."""
    told: list[Event] = []
    counts = []
    for store in (None, MemoryStore()):
        payments = TokenCharge(gateway=gateway, event_store=store)
        payments.on("*")(told.append)
        payload = event()
        for name in ("one", "two"):
            app = Flask(name)
            payments.init_app(app)
            deliver(app, payload)
            deliver(app, payload)
        counts.append(len(told))

    assert [2, 3] == counts


def test_csrf_protection_may_be_set_up_afterwards(app: Flask, gateway: PaymentGateway) -> None:
    """The first delivery is let in as is any other, and nothing else is."""
    TokenCharge(app, gateway=gateway).order(selling())
    app.add_url_rule("/own", "own", lambda: "done", methods=["POST"])
    CSRFProtect(app)
    others = [app.test_client().post(path, data={}).status_code for path in ("/charge", "/own")]

    assert [400, 400] == others
    assert [200, 200] == [deliver(app, event()) for _ in range(2)]
    assert others == [
        app.test_client().post(path, data={}).status_code for path in ("/charge", "/own")
    ]


def test_a_handler_may_be_async(app: Flask, gateway: PaymentGateway) -> None:
    """As views may, in Flask; one that fails is told as any other."""
    told: list[str] = []
    payments = TokenCharge(app, gateway=gateway)

    @payments.on("charge.refunded")
    async def refunded(event: Event) -> None:
        told.append(event.type)
        if len(told) == 1:
            raise ZeroDivisionError

    payload = event()

    assert [500, 200, 200] == [deliver(app, payload) for _ in range(3)]
    assert ["charge.refunded", "charge.refunded"] == told


class Counting(io.BytesIO):
    """A body that counts what is read of it."""

    given = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.given += len(data)
        return data


@pytest.mark.parametrize("told", ["the length", "nothing", ""])
def test_a_body_is_read_as_far_as_events_go(app: Flask, gateway: PaymentGateway, told: str) -> None:
    """Whether or not it tells its length, as a proxy may not; what
    is longer is not read to its end."""
    events: list[Event] = []
    TokenCharge(app, gateway=gateway).on("*")(events.append)
    statuses, given = [], []
    for payload in (event(), event().ljust(10 * EVENT_LIMIT)):
        body = Counting(payload)
        length = {
            "the length": {"CONTENT_LENGTH": str(len(payload))},
            "": {"CONTENT_LENGTH": ""},
        }.get(told, {})
        environ = {"wsgi.input": body, "wsgi.input_terminated": True, **length}
        headers = {"Stripe-Signature": signed(payload), "Content-Type": JSON}
        answer = app.test_client().post(
            "/stripe/webhook", headers=headers, environ_overrides=environ
        )
        statuses.append(answer.status_code)
        given.append(body.given)

    assert [200, 400] == statuses
    assert 1 == len(events)
    assert given[1] <= EVENT_LIMIT + 1


class TestAnExpiredPage:
    """Flask-WTF's token is good for an hour."""

    @pytest.fixture
    def client(self, app: Flask, gateway: PaymentGateway) -> FlaskClient:
        app.config.update(WTF_CSRF_TIME_LIMIT=-1)
        CSRFProtect(app)
        TokenCharge(app, gateway=gateway).order(selling())
        app.config.update(TESTING=True)
        return app.test_client()

    def test_the_form_comes_back_with_a_fresh_token(
        self, app: Flask, client: FlaskClient, sandbox: Sandbox
    ) -> None:
        """And says that nothing was charged; pressed again, it pays."""
        stale = client.get("/checkout").text.split('name="csrf_token" value="')[1].split('"')[0]
        sent = {"token": sandbox.create_token(), "email": EMAIL}
        expired = client.post("/charge", data={**sent, "csrf_token": stale})
        app.config.update(WTF_CSRF_TIME_LIMIT=3600)
        fresh = expired.text.split('name="csrf_token" value="')[1].split('"')[0]
        nothing, paid = (
            list(sandbox.requests),
            client.post("/charge", data={**sent, "csrf_token": fresh}),
        )

        assert (400, True) == (expired.status_code, "open for too long" in expired.text)
        assert "has not charged you" in expired.text
        assert f'value="{EMAIL}"' in expired.text
        assert ([], 200) == (nothing, paid.status_code)

    def test_a_script_is_told_in_json(self, client: FlaskClient, sandbox: Sandbox) -> None:
        """With a code of its own."""
        answer = client.post("/charge", json={"token": sandbox.create_token(), "email": EMAIL})

        assert (400, "page_expired") == (
            answer.status_code,
            answer.json["error"]["code"],  # type: ignore[index]
        )
        assert [] == sandbox.requests

    def test_a_bad_request_of_a_hooks_is_its_own(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        """A site that aborts with 400 means that."""
        app = Flask("another")
        TokenCharge(app, gateway=gateway, before_charge=lambda request: abort(400)).order(selling())
        answer = app.test_client().post(
            "/charge", data={"token": sandbox.create_token(), "email": EMAIL}
        )

        assert 400 == answer.status_code
        assert "open for too long" not in answer.text
        assert [] == sandbox.requests

    def test_other_bad_requests_are_flasks(self, client: FlaskClient) -> None:
        """The webhook's, or those of other views."""
        assert 405 == client.post("/checkout").status_code
        assert 400 == client.post("/stripe/webhook").status_code
