"""Starlette and FastAPI: two pages for an Order, or a call from your own endpoint."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from .._mistakes import extra

with extra("asgi", __name__, "babel", "python_multipart"):
    from anyio import CancelScope
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader
    from markupsafe import Markup
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, JSONResponse, Response
    from starlette.routing import BaseRoute, Match, Mount, Route
    from starlette.staticfiles import StaticFiles

from .. import (
    AsyncPaymentGateway,
    ConfigurationError,
    Order,
    PageExpired,
    Payment,
    Settings,
    TokenChargeError,
)
from ..web import (
    Checkout,
    Hooks,
    Incoming,
    Reply,
    SuccessUrl,
    ask,
    ask_for_order,
    check_gateway,
    content_security_policy,
    forgetful,
    is_gateway,
    no_order,
    read_languages,
    read_origins,
    read_success_url,
    warn_of_no_page,
)
from ..webhooks import EVENT_LIMIT, EventStore, Handlers, MemoryStore, Webhooks
from .links import link
from .requests import call, described, incoming, read, take
from .routes import Routes

F = TypeVar("F", bound=Callable[..., Any])


class TokenCharge:
    """The checkout as routes: `/checkout` and `/charge`.

    `/checkout` shows the card form. `/charge` takes its token and charges.

        payments = TokenCharge()

        @payments.order
        async def order(request):
            return Order(Money(500, "usd"), "A blue notebook")

        app = FastAPI(lifespan=payments.lifespan)  # or Starlette
        app.routes.extend(payments.routes)

    Stripe reports what happens to a charge later to `/stripe/webhook`, which calls the
    handlers for it:

        @payments.on("refund.created")
        async def refunded(event):
            print(event.object.amount)

    The order function, hooks and handlers may be async. Those that are not async run in
    a worker thread, and may block.

    Args:
        settings: Settings, or a mapping with their names; the environment if not given.
        gateway: The gateway that charges, instead of one made from `settings`. Or, if a
            site has several accounts at Stripe, a function that is called with the
            request and returns it. The webhook uses it too.
        url_prefix: The beginning of all paths. `/items/{item:int}` puts `item` into the
            `request.path_params` of the order function.
        checkout_path: The path of the card form.
        charge_path: The path that the form posts to.
        webhook_path: The path that Stripe delivers events to; None for no webhook. If
            an app has several objects, each has a webhook path of its own.
        csp: Send `Content-Security-Policy` with both pages.
        templates: A folder whose templates are used before the library's with the same
            names.
        csrf_input: Called with the request; returns the hidden input of your CSRF
            protection, such as asgi-csrf. Without one, a forged form is refused by what
            browsers say about it: whose page it is from.
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
    """

    @forgetful
    def __init__(
        self,
        settings: Settings | Mapping[str, Any] | None = None,
        *,
        gateway: AsyncPaymentGateway | Callable[[Request], Any] | None = None,
        url_prefix: str = "",
        checkout_path: str = "/checkout",
        charge_path: str = "/charge",
        webhook_path: str | None = "/stripe/webhook",
        csp: bool = True,
        templates: str | os.PathLike[str] | None = None,
        csrf_input: Callable[[Request], str] = lambda request: "",
        before_charge: Callable[[Any], object] | None = None,
        on_payment: Callable[[Payment], object] | None = None,
        on_failure: Callable[[TokenChargeError], object] | None = None,
        event_store: EventStore | None = None,
        success_url: SuccessUrl = None,
        trusted_origins: Iterable[str] = (),
        languages: Iterable[str] | None = None,
    ) -> None:
        self._given = _given(gateway, settings)
        self._trusted_origins = read_origins(trusted_origins)
        self._success_url = read_success_url(success_url)
        self._languages = read_languages(languages)
        self.before_charge = Hooks(filter(None, [before_charge]))
        self.on_payment = Hooks(filter(None, [on_payment]))
        self.on_failure = Hooks(filter(None, [on_failure]))
        self.on, self._event_store = Handlers(), event_store or MemoryStore()
        self._order: Callable[[Request], Any] = no_order
        self._csp, self._csrf_input = csp, csrf_input
        loader = ChoiceLoader(
            [FileSystemLoader(templates or ()), PackageLoader("tokencharge", "assets/templates")]
        )
        self._templates = Environment(loader=loader, autoescape=True)
        self._add_routes(
            url_prefix + checkout_path,
            url_prefix + charge_path,
            None if webhook_path is None else url_prefix + webhook_path,
        )

    def _add_routes(self, checkout: str, charge: str, webhook: str | None) -> None:
        self._checkout_page = Route(checkout, self._show_checkout, methods=["GET"])
        self._charge_page = Route(charge, self._answer_charge, methods=["GET", "POST"])
        static = Mount(
            "/tokencharge/static",
            StaticFiles(packages=[("tokencharge", "assets/static/tokencharge")]),
        )
        self.routes: list[BaseRoute] = Routes((self._checkout_page, self._charge_page, static))
        if webhook is not None:
            self.routes.append(Route(webhook, self._answer_webhook, methods=["POST"]))

    @property
    def gateway(self) -> AsyncPaymentGateway:
        """The gateway that charges.

        Raises:
            ConfigurationError: A function returns a gateway for each request.
        """
        if not is_gateway(self._given):
            raise ConfigurationError(
                "The gateway comes from a function here: ask that, with a request."
            )
        gateway: AsyncPaymentGateway = self._given
        return gateway

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncIterator[None]:
        """Close the gateway's connections when the app shuts down.

        Without this, they close with the event loop.
        """
        async with AsyncExitStack() as stack:
            if is_gateway(self._given):
                await stack.enter_async_context(self.gateway)
            yield

    def order(self, function: F) -> F:
        """Register the function that returns the Order to pay.

        Both pages call it with the request.
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

    async def charge_from_request(self, request: Request, order: Order) -> Payment:
        """Charge the token that a request posts, in an endpoint of your own.

        The endpoint must not have read the form itself.

        Raises:
            TokenChargeError: There is no payment; `public_message` and
                `suggested_status` say what to answer.
        """
        gateway = await self._gateway_for(request)
        return await self._charge(self._checkout(gateway), await incoming(request), order, gateway)

    async def expired(self, request: Request) -> Response | None:
        """Answer a charge whose CSRF token is not valid.

        Nothing is charged, and the form is shown again with a new token. This is for
        the function that your CSRF protection calls when it refuses a request. It
        returns None if the request is for another page. The body is not read, so the
        buyer must type the e-mail again.
        """
        match, found = self._charge_page.matches(request.scope)
        if match is not Match.FULL:
            return None
        asked = Request({**request.scope, **found})
        gateway, links = await self._gateway_for(asked), self._links(asked)
        reply = await self._answer(self._checkout(gateway), described(asked), gateway, expired=True)
        return self._render(reply, gateway, links)

    async def _show_checkout(self, request: Request) -> Response:
        gateway = await self._gateway_for(request)
        order = await run_in_threadpool(ask_for_order, self._order, (request,), call=call)
        checkout = self._checkout(gateway)
        with checkout.offering(order) as offer:
            if offer.customer is not None:
                offer.cards = await gateway.cards(offer.customer)
        return self._render(
            checkout.shown(described(request), order, offer), gateway, self._links(request)
        )

    async def _answer_charge(self, request: Request) -> Response:
        gateway, links = await self._gateway_for(request), self._links(request)
        checkout = self._checkout(gateway)
        if request.method != "POST":
            return self._render(checkout.elsewhere(links["checkout_url"]), gateway, links)
        sent = await incoming(request)
        return self._render(await self._answer(checkout, sent, gateway), gateway, links)

    async def _answer(
        self,
        checkout: Checkout,
        incoming: Incoming,
        gateway: AsyncPaymentGateway,
        *,
        expired: bool = False,
    ) -> Reply:
        asked = partial(ask_for_order, self._order, (incoming.request,), call=call)
        order = await run_in_threadpool(checkout.admit, incoming, asked)
        if isinstance(order, Reply):
            return order
        try:
            if expired:
                raise PageExpired("The CSRF token is missing or has expired.")
            payment = await self._charge(checkout, incoming, order, gateway, own_page=True)
        except TokenChargeError as error:
            with checkout.offering(order, after=(error, incoming)) as offer:
                if offer.customer is not None:
                    offer.cards = await gateway.cards(offer.customer)
            return checkout.failed(error, incoming, order, offer)
        return checkout.paid(payment, incoming)

    async def _answer_webhook(self, request: Request) -> Response:
        body, signature = await read(request, EVENT_LIMIT), request.headers.get("stripe-signature")
        gateway = await self._gateway_for(request)
        webhooks = Webhooks(gateway, self.on.of, self._event_store)
        return self._render(await webhooks.answer_async(body, signature, take), gateway, {})

    async def _gateway_for(self, request: Request) -> AsyncPaymentGateway:
        if is_gateway(self._given):
            return self.gateway
        gateway = await run_in_threadpool(
            ask, self._given, "The gateway function", (request,), call=call
        )
        checked: AsyncPaymentGateway = check_gateway(gateway, awaited=True)
        return checked

    async def _charge(
        self,
        checkout: Checkout,
        incoming: Incoming,
        order: Order,
        gateway: AsyncPaymentGateway,
        *,
        own_page: bool = False,
    ) -> Payment:
        # Entered and left in a worker thread, because the hooks are called there.
        block = checkout.submission(incoming, order, own_page=own_page)

        async def leave(*ended: Any) -> None:
            # Shielded, so that the host learns of the payment even if the buyer leaves.
            with CancelScope(shield=True):
                await run_in_threadpool(block.__exit__, *ended)

        async with AsyncExitStack() as stack:
            submission = await run_in_threadpool(block.__enter__)
            stack.push_async_exit(leave)
            payment: Payment = await submission.ask(gateway)
            submission.payment = payment
        return payment

    def _checkout(self, gateway: AsyncPaymentGateway) -> Checkout:
        hooks = (self.before_charge, self.on_payment, self.on_failure)
        before, paid, failed = ([partial(call, hook) for hook in these] for these in hooks)
        return Checkout(
            gateway.settings,
            before_charge=before,
            on_payment=[*paid, partial(self._tell_paid, gateway)],
            on_failure=failed,
            trusted_origins=self._trusted_origins,
            success_url=self._success_url,
            languages=self._languages,
        )

    def _tell_paid(self, gateway: AsyncPaymentGateway, payment: Payment) -> None:
        # Runs in a worker thread, as all hooks do.
        webhooks = Webhooks(gateway, self.on.of, self._event_store)
        webhooks.paid(payment.charge, lambda step: call(lambda _: step(), None))

    def _links(self, request: Request) -> dict[str, str]:
        root = request.scope.get("root_path", "")
        return {
            "charge_url": link(self._charge_page, request),
            "checkout_url": link(self._checkout_page, request),
            "script_url": f"{root}/tokencharge/static/tokencharge.js",
            "style_url": f"{root}/tokencharge/static/tokencharge.css",
            # By custom, middleware puts it here.
            "csp_nonce": getattr(request.state, "csp_nonce", ""),
            "csrf_input": Markup(self._csrf_input(request)),  # noqa: S704 - it is HTML, the host says
        }

    def _render(
        self, reply: Reply, gateway: AsyncPaymentGateway, links: Mapping[str, str]
    ) -> Response:
        headers = dict(reply.headers)
        if reply.template is None:
            return JSONResponse(reply.payload, reply.status, headers)
        if self._csp:
            headers["Content-Security-Policy"] = content_security_policy(gateway.settings)
        template = reply.template
        page = reply.page(
            lambda: self._templates.get_template(template).render(**reply.context, **links)
        )
        return HTMLResponse(page, reply.status, headers)


def _given(gateway: object, settings: Settings | Mapping[str, Any] | None) -> Any:
    """Return the gateway of the host, or its function; else make one of settings."""
    if gateway is None:
        given = os.environ if settings is None else settings
        read = given if isinstance(given, Settings) else Settings.from_mapping(given)
        gateway = AsyncPaymentGateway.from_settings(read)
    if is_gateway(gateway):
        check_gateway(gateway, awaited=True)
    warn_of_no_page(gateway)
    return gateway
