"""Flask: two pages for an Order, or one call from a view of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from .._mistakes import extra

with extra("flask", __name__, "babel"):
    from blinker import Signal
    from flask import Blueprint, Flask, Response, current_app, g, jsonify, make_response, request
    from werkzeug.exceptions import BadRequest
    from werkzeug.local import LocalProxy

from .. import ConfigurationError, Order, Payment, PaymentGateway, Settings, TokenChargeError
from ..web import (
    Checkout,
    Hooks,
    Reply,
    SuccessUrl,
    ask,
    ask_for_order,
    check_gateway,
    content_security_policy,
    is_gateway,
    no_order,
    read_languages,
    read_origins,
    read_success_url,
    warn_of_no_page,
)
from ..webhooks import EVENT_LIMIT, EventStore, Handlers, MemoryStore, Webhooks
from .pages import assets, link, page
from .requests import awaiting, call, incoming, read

F = TypeVar("F", bound=Callable[..., Any])

payment_made = Signal("Sent with the app and `payment=`, for a replayed payment too.")
payment_failed = Signal("Sent with the app and `error=`.")

current_gateway: PaymentGateway = LocalProxy(
    lambda: _gateway_of(next(iter(current_app.extensions["tokencharge"])))
)  # type: ignore[assignment]
"""The gateway of the current app or request.

If the app has several extensions, it is the gateway of the first.
"""


class TokenCharge:
    """The checkout as a Flask extension: `/checkout` and `/charge`.

    `/checkout` shows the card form. `/charge` takes its token and charges.

        payments = TokenCharge(app)

        @payments.order
        def order():
            return Order(Money(500, "usd"), "Flask Charge")

    Stripe reports what happens to a charge later to `/stripe/webhook`, which calls the
    handlers for it:

        @payments.on("refund.created")
        def refunded(event):
            print(event.object.amount)

    Keys come from `app.config` under the names of `Settings` (`STRIPE_SECRET_KEY`, ...)
    and are checked at start. One object can serve several apps. An app may have several
    objects, each with a name and paths of its own.

    Flask-WTF's `CSRFProtect(app)` needs nothing more. The form carries its token, and
    scripts that post JSON send it as the header `X-CSRFToken`. Stripe needs no token,
    because its signature is verified instead. To change the pages, put templates with
    the same names into your own template folder.

    Args:
        gateway: The gateway that charges, instead of one made from `app.config`. Or, if
            a site has several accounts at Stripe, a function that returns it for the
            current request. The webhook uses it too.
        name: The name of the blueprint, and so of the endpoints:
            `url_for("tokencharge.checkout")`.
        url_prefix: The beginning of all paths. What it captures is passed to the order
            function.
        checkout_path: The path of the card form.
        charge_path: The path that the form posts to.
        webhook_path: The path that Stripe delivers events to; None for no webhook. If
            an app has several objects, each has a webhook path of its own.
        csp: Send `Content-Security-Policy` with both pages.
        before_charge: A hook as for `Checkout`, called with the request;
            `@payments.before_charge` adds more.
        on_payment: A hook, called with each Payment; `@payments.on_payment` adds more.
        on_failure: A hook, called with each TokenChargeError; `@payments.on_failure`
            adds more.
        event_store: Remembers which events were handled; several processes need one
            that they share.
        success_url: As for `Checkout`: where the buyer goes once they have paid,
            `"/thanks"`.
        trusted_origins: As for `Checkout`: other origins whose pages may post a charge,
            `["https://shop.example"]`.
        languages: As for `Checkout`: the languages to choose the buyer's language from,
            `["de", "fr"]`; all if not given.

    Hooks and handlers may be async if Flask's extra `async` is installed.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        gateway: PaymentGateway | Callable[[], PaymentGateway] | None = None,
        name: str = "tokencharge",
        url_prefix: str | None = None,
        checkout_path: str = "/checkout",
        charge_path: str = "/charge",
        webhook_path: str | None = "/stripe/webhook",
        csp: bool = True,
        before_charge: Callable[[Any], object] | None = None,
        on_payment: Callable[[Payment], object] | None = None,
        on_failure: Callable[[TokenChargeError], object] | None = None,
        event_store: EventStore | None = None,
        success_url: SuccessUrl = None,
        trusted_origins: Iterable[str] = (),
        languages: Iterable[str] | None = None,
    ) -> None:
        if gateway is not None and is_gateway(gateway):
            check_gateway(gateway, awaited=False)
        self.name, self._trusted_origins = name, read_origins(trusted_origins)
        self._success_url = read_success_url(success_url)
        self._languages = read_languages(languages)
        self._given, self._csp, self._event_store = gateway, csp, event_store
        self._url_prefix, self._checkout_path, self._charge_path = (
            url_prefix,
            checkout_path,
            charge_path,
        )
        self._webhook_path = webhook_path
        self._order: Callable[..., Order] = no_order
        self.on = Handlers()
        self.before_charge = Hooks(filter(None, [before_charge]))
        self.on_payment = Hooks(filter(None, [on_payment]))
        self.on_failure = Hooks(filter(None, [on_failure]))
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Add the pages and the webhook to an app.

        Raises:
            ConfigurationError: A key or a setting in `app.config` is not valid, or the
                app has something of this name, or the webhook's path is taken.
        """
        if self.name in app.blueprints:
            raise ConfigurationError(
                f"The app has a blueprint {self.name!r} already: call TokenCharge(app) or "
                "init_app(app) once, or give this one a name and paths of its own, as "
                'TokenCharge(app, name="tickets", url_prefix="/tickets").'
            )
        gateway = self._given or PaymentGateway.from_settings(Settings.from_mapping(app.config))
        warn_of_no_page(gateway)
        pages = Blueprint(self.name, __name__, url_prefix=self._url_prefix)
        pages.add_url_rule(self._checkout_path, "checkout", self._show_checkout, methods=["GET"])
        pages.add_url_rule(
            self._charge_path, "charge", self._answer_charge, methods=["GET", "POST"]
        )
        if self._webhook_path is not None:
            path = f"{self._url_prefix or ''}{self._webhook_path}"
            if (
                app.extensions.setdefault("tokencharge_webhooks", {}).setdefault(path, self.name)
                != self.name
            ):
                # Flask would serve the first one at that path, and the handlers of this
                # one would never be called.
                raise ConfigurationError(
                    f"Another TokenCharge has {path}: give this one a webhook_path, or None."
                )
            pages.add_url_rule(
                self._webhook_path, "webhook", self._answer_webhook, methods=["POST"]
            )
            pages.url_value_preprocessor(self._exempt_webhook)
        pages.register_error_handler(BadRequest, self._answer_expired)
        app.register_blueprint(pages)
        if assets.name not in app.blueprints:
            app.register_blueprint(assets)
        app.extensions.setdefault("tokencharge", {})[self.name] = gateway
        app.extensions.setdefault("tokencharge_events", {})[self.name] = (
            self._event_store or MemoryStore()
        )

    @property
    def gateway(self) -> PaymentGateway:
        """The gateway that charges in the current app."""
        return _gateway_of(self.name)

    def order(self, function: F) -> F:
        """Register the function that returns the Order to pay.

        Both pages call it during the request.
        """
        self._order = function
        return function

    def on_paid(self, function: F) -> F:
        """Register a function that is called with the Charge of each payment, once.

        It is called after the money is taken, by the page or by the webhook, whichever
        is first. If it raises, the webhook calls it again. Several processes need an
        `event_store` that they share.
        """
        return self.on.paid(function)

    def charge_from_request(self, order: Order) -> Payment:
        """Charge the token that the current request posts, in a view of your own.

        Raises:
            TokenChargeError: There is no payment. If you do not catch it, it is
                answered as `/charge` would answer it.
        """
        sent, gateway = incoming(), self.gateway
        checkout = self._checkout(gateway)
        try:
            return checkout.charge(sent, order, gateway)
        except TokenChargeError as error:
            failed = partial(checkout.answer_failure, error, sent, order, gateway)
            g.tokencharge_failure = error, lambda: self._render(gateway, failed())
            raise

    def _show_checkout(self, **captured: Any) -> Response:
        gateway = self.gateway
        order = ask_for_order(self._order, captured=captured)
        return self._render(gateway, self._checkout(gateway).show(incoming(), order, gateway))

    def _answer_charge(self, **captured: Any) -> Response:
        gateway = self.gateway
        checkout = self._checkout(gateway)
        if request.method == "POST":
            order = partial(ask_for_order, self._order, captured=captured)
            return self._render(gateway, checkout.answer(incoming(), order, gateway))
        return self._render(gateway, checkout.elsewhere(link(f"{self.name}.checkout")))

    def _answer_expired(self, error: BadRequest) -> Any:
        # Recognized by its name: Flask-WTF belongs to the site, not to this library.
        if type(error).__name__ != "CSRFError" or request.endpoint != f"{self.name}.charge":
            return error
        gateway = self.gateway
        order = partial(ask_for_order, self._order, captured=request.view_args or {})
        return self._render(
            gateway, self._checkout(gateway).answer(incoming(), order, gateway, expired=True)
        )

    def _answer_webhook(self, **captured: Any) -> Response:
        # A body that is too long, or may be, is read only until that is known. A hook
        # may have read it before.
        known = 0 < (request.content_length or 0) <= EVENT_LIMIT
        body = request.get_data() if known else read(EVENT_LIMIT)
        gateway = self.gateway
        return self._render(
            gateway, self._webhooks(gateway).answer(body, request.headers.get("Stripe-Signature"))
        )

    def _exempt_webhook(self, endpoint: str | None, captured: object) -> None:
        # Done here, before Flask-WTF looks at the request: it may have been set up
        # after this extension.
        csrf = current_app.extensions.get("csrf")
        if csrf is not None and endpoint == f"{self.name}.webhook":
            csrf.exempt(self._answer_webhook)

    def _checkout(self, gateway: PaymentGateway) -> Checkout:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        # Each receiver is a hook of its own, so that one that fails does not stop the
        # others.
        made = [
            lambda payment, tell=tell: tell(app, payment=payment)
            for tell in payment_made.receivers_for(app)
        ]
        failed = [
            lambda error, tell=tell: tell(app, error=error)
            for tell in payment_failed.receivers_for(app)
        ]
        return Checkout(
            gateway.settings,
            before_charge=map(awaiting, self.before_charge),
            on_payment=[*map(awaiting, [*self.on_payment, *made]), self._tell_paid],
            on_failure=map(awaiting, [*self.on_failure, *failed]),
            trusted_origins=self._trusted_origins,
            success_url=self._success_url,
            languages=self._languages,
        )

    def _webhooks(self, gateway: PaymentGateway) -> Webhooks:
        return Webhooks(
            gateway, self.on.of, current_app.extensions["tokencharge_events"][self.name], call
        )

    def _tell_paid(self, payment: Payment) -> None:
        self._webhooks(self.gateway).paid(payment.charge)

    def _render(self, gateway: PaymentGateway, reply: Reply) -> Response:
        headers = dict(reply.headers)
        if reply.template is None:
            return make_response(jsonify(reply.payload), reply.status, headers)
        if self._csp:
            headers["Content-Security-Policy"] = content_security_policy(gateway.settings)
        return make_response(
            reply.page(partial(page, reply.template, reply.context, self.name)),
            reply.status,
            headers,
        )


def _gateway_of(name: str) -> PaymentGateway:
    given = current_app.extensions["tokencharge"][name]
    found: PaymentGateway = given if is_gateway(given) else ask(given, "The gateway function")
    check_gateway(found, awaited=False)
    return found
