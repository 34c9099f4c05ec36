"""The `Sandbox`: keys, ways to reach it, records, faults and time travel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from .. import Event
from ..results import Charge, Customer, Refund
from .browser import stripe_js, three_d_secure
from .buyer import Buyer
from .language.kinds import Kind
from .language.wire import JSON, Request, Response
from .service.engine import Arrival, Engine, Pending
from .service.faults import NO_FAULT, Armed, Fault, Faults
from .service.server import Server
from .service.webhooks import Delivery, Receive, WebhookSender, post_to, signed
from .state.account import Account
from .state.rules import Rules

if TYPE_CHECKING:
    from .._stripe import FunctionClient


# The paths that charge a card. A capture or a void must not use up an armed decline.
_CHARGING = ("/v1/charges", "/v1/payment_intents", "/v1/payment_intents/*/confirm")


class Sandbox:
    """A Stripe account in test mode, in memory, for tests, demos and simulations.

    Args:
        secret_key: The secret key that it accepts.
        publishable_key: The publishable key that it accepts, where Stripe.js needs it.
        webhook_secret: The secret that signs webhooks. Several are separated by commas,
            as while an endpoint's secret is rolled.
        clock: Returns the time in seconds since 1970.
        seed: Makes the ids the same in each run.
        rules: The kind of account, and choices where Stripe is slow or unverified. None
            is an account as Stripe opens it today: Customers and Charges take no card
            tokens.
        sleep: Waits some seconds: for the fault `wait`, and before a webhook is
            retried.

    Attributes:
        rules: As given; you may change them at any time.
        faults: What is to go wrong.
        pages: Answers to `GET` outside /v1, by path, without a key. In a path, `*`
            stands for anything. At first, this is the stand-in for Stripe.js.
    """

    def __init__(
        self,
        *,
        secret_key: str = "sk_test_tokenchargeSandboxKey0001",
        publishable_key: str = "pk_test_tokenchargeSandboxKey0001",
        webhook_secret: str = "whsec_tokenchargeSandboxKey0001",
        clock: Callable[[], float] = time.time,
        seed: int | None = None,
        rules: Rules | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.secret_key = secret_key
        self.publishable_key = publishable_key
        self.webhook_secret = webhook_secret
        self.rules = rules or Rules()
        self.faults = Faults()
        self.pages = dict(stripe_js.pages())
        self._account = Account(clock, seed, self.rules)
        self._engine = Engine(self._account, secret_key, publishable_key)
        self._buyer = Buyer(self._engine)
        self._sleep = sleep
        self._outage: Armed | None = None

    def handle(self, request: Request) -> Response:
        """Answer a request, or apply the fault that is armed for it.

        Raises:
            OSError: A fault of the network: the caller gets no answer.
        """
        if not request.path.startswith("/v1/"):
            return self._page(request)
        fault = self.faults.take(request)
        if fault.refused is not None:
            return self._engine.refuse(request, fault.refused(request))
        answers = (
            [self._deliver(request, fault) for _ in range(fault.deliveries)]
            if fault.arrives
            else []
        )
        if fault.raised is not None:
            raise fault.raised(f"The sandbox was told to {fault.name.replace('_', ' ')}.")
        return fault.garbled(answers[0]) if fault.garbled else answers[0]

    def begin(self, request: Request) -> Response | Pending:
        """Accept a request and reserve its idempotency key, or answer it at once.

        This is the first half of `handle`, for schedulers. It ignores faults.
        """
        return self._engine.begin(request)

    def finish(self, pending: Pending, fault: Fault = NO_FAULT) -> Response:
        """Execute an accepted request: the second half of `handle`."""
        return self._engine.finish(pending, fault)

    def http_client(self) -> FunctionClient:
        """Return an HTTP client that connects a gateway without sockets."""
        from .._stripe import FunctionClient

        return FunctionClient(self._send)

    def serve(self, host: str = "127.0.0.1", port: int = 0, *, hosts: Iterable[str] = ()) -> Server:
        """Serve over HTTP: `with sandbox.serve() as server: server.url`.

        Args:
            host: The address to listen on. "0.0.0.0" is every address of this machine.
            port: The port; 0 is any free one.
            hosts: Names that clients use beside localhost and `host`, for example a
                container's.

        Raises:
            OSError: The server cannot listen on the address.
            ValueError: One of the hosts is neither a name nor an address.
        """
        return Server(self.handle, host, port, hosts=hosts)

    def environment(self, url: str) -> dict[str, str]:
        """Return the environment variables of `Settings` for the served sandbox."""
        return {
            "STRIPE_API_BASE": url,
            "STRIPE_SECRET_KEY": self.secret_key,
            "STRIPE_PUBLISHABLE_KEY": self.publishable_key,
            "STRIPE_WEBHOOK_SECRET": self.webhook_secret,
            "STRIPE_JS_URL": f"{url}/v3/",
        }

    def signed(self, event: Event | Mapping[str, Any]) -> tuple[bytes, str]:
        """Sign an event, or one that you made up, as Stripe would now.

        Returns:
            The body and the `Stripe-Signature` header.
        """
        return signed(event.raw if isinstance(event, Event) else event, self.webhook_secret)

    def webhooks(
        self,
        to: str | Receive,
        *types: str,
        copies: int = 1,
        shuffle: int | None = None,
        retries: Sequence[float] = (0.0, 0.0),
        anywhere: bool = False,
        on_delivery: Callable[[Delivery], None] | None = None,
    ) -> WebhookSender:
        """Send an endpoint the events from now on.

        They are sent when `deliver` is called and at the end of a `with` block.

        Args:
            to: A URL on this machine, or a callable that takes body and headers and
                returns the status.
            types: The types of events, all if none is given. `*` stands for anything:
                "charge.*".
            copies: How often each event is sent. Stripe, too, may send one twice.
            shuffle: A seed. With it, events that are delivered together are sent in
                another order.
            retries: The seconds to wait before each retry. An event is retried if the
                answer is not 2xx.
            anywhere: Let the URL lead to another machine.
            on_delivery: Called with each delivery after it is made.

        Raises:
            ValueError: The URL is not valid, or it leads to another machine.
        """
        receive = post_to(to, anywhere=anywhere) if isinstance(to, str) else to
        return WebhookSender(
            self._engine,
            receive,
            self.signed,
            self._sleep,
            types=types or ("*",),
            copies=copies,
            shuffle=shuffle,
            retries=retries,
            on_delivery=on_delivery,
        )

    @property
    def charges(self) -> list[Charge]:
        """All Charges, failed ones too, oldest first; released holds are marked."""
        now = datetime.fromtimestamp(self._account.now(), timezone.utc)
        intents = {each["id"]: each for each in self._engine.all(Kind.PAYMENT_INTENT)}
        return [_whole(each, intents).as_of(now) for each in self._engine.all(Kind.CHARGE)]

    @property
    def customers(self) -> list[Customer]:
        """All Customers, oldest first; deleted ones are stubs."""
        return [Customer.from_stripe(each) for each in self._engine.all(Kind.CUSTOMER)]

    @property
    def refunds(self) -> list[Refund]:
        """All Refunds, oldest first."""
        return [Refund.from_stripe(each) for each in self._engine.all(Kind.REFUND)]

    @property
    def payment_intents(self) -> list[JSON]:
        """All PaymentIntents as Stripe shows them, oldest first."""
        return [dict(each) for each in self._engine.all(Kind.PAYMENT_INTENT)]

    @property
    def events(self) -> list[Event]:
        """The newest 10,000 events, oldest first."""
        return [Event.from_stripe(each.event()) for each in self._engine.happenings()[1]]

    @property
    def requests(self) -> list[Arrival]:
        """Every request that arrived, oldest first."""
        return self._engine.arrivals()

    def create_token(
        self,
        number: str = "4242424242424242",
        exp_month: int = 12,
        exp_year: int | None = None,
        cvc: str = "123",
        **fields: str,
    ) -> str:
        """Turn a card into a single-use token, as Stripe.js does in the browser.

        Args:
            number: The card number.
            exp_month: The card's expiry month.
            exp_year: The card's expiry year; next year if not given.
            cvc: The card's security code.
            fields: `name`, `address_line1`, `address_zip` and so on.

        Raises:
            ValueError: Stripe.js would show an error, for example for an impossible
                number.
        """
        return self._buyer.made(
            "tokens", {"card": {**self._buyer.card(number, exp_month, exp_year, cvc), **fields}}
        )

    def create_payment_method(
        self,
        number: str = "4242424242424242",
        exp_month: int = 12,
        exp_year: int | None = None,
        cvc: str = "123",
        **billing_details: str,
    ) -> str:
        """Turn a card into a PaymentMethod, as Stripe.js does in the browser.

        Args:
            number: The card number.
            exp_month: The card's expiry month.
            exp_year: The card's expiry year; next year if not given.
            cvc: The card's security code.
            billing_details: `name`, `email` and `phone`.

        Raises:
            ValueError: Stripe.js would show an error.
        """
        card = self._buyer.card(number, exp_month, exp_year, cvc)
        form = {"type": "card", "card": card, "billing_details": billing_details}
        return self._buyer.made("payment_methods", form)

    def create_confirmation_token(
        self,
        number: str = "4242424242424242",
        exp_month: int = 12,
        exp_year: int | None = None,
        cvc: str = "123",
        *,
        return_url: str | None = None,
        setup_future_usage: str | None = None,
        **billing_details: str,
    ) -> str:
        """Turn a card into a confirmation token, as a Payment Element does.

        Args:
            number: The card number.
            exp_month: The card's expiry month.
            exp_year: The card's expiry year; next year if not given.
            cvc: The card's security code.
            return_url: The URL to which the bank's page leads back.
            setup_future_usage: "off_session" or "on_session", to save the card for
                later.
            billing_details: `name`, `email` and `phone`.

        Raises:
            ValueError: Stripe.js would show an error.
        """
        card = self._buyer.card(number, exp_month, exp_year, cvc)
        method = {"type": "card", "card": card, "billing_details": billing_details}
        wishes = {"return_url": return_url, "setup_future_usage": setup_future_usage}
        given = {name: value for name, value in wishes.items() if value is not None}
        form = {"payment_method_data": method, "use_stripe_sdk": "true", **given}
        return self._buyer.made("confirmation_tokens", form)

    def authenticate(self, intent_id: str, *, approve: bool = True) -> JSON:
        """Pass or fail 3-D Secure for an intent, and return the intent.

        The intent is a PaymentIntent or a SetupIntent.

        Raises:
            ValueError: The intent does not ask for authentication.
        """
        return self._buyer.authenticate(intent_id, approve=approve)

    def now(self) -> float:
        """Return the sandbox's time, in seconds since 1970."""
        return self._account.now()

    def advance(self, seconds: float) -> None:
        """Travel in time.

        Idempotency keys are forgotten after 24 hours, authorizations after 7 days.
        """
        self._account.travel(seconds)

    def decline_next(
        self, code: str = "generic_decline", *, path: str | Sequence[str] = _CHARGING
    ) -> Armed:
        """Decline the next Charge or payment.

        With another path, decline the next card that is attached there.
        """
        return self.faults.add(Fault.declined(code), path=path, method="POST")

    def lose_next_answer(self, *, path: str = "*") -> Armed:
        """Execute the next request, but lose its answer."""
        return self.faults.add(Fault.lose_answer(), path=path)

    def rate_limit_next(self, *, path: str = "*") -> Armed:
        """Answer the next request with 429."""
        return self.faults.add(Fault.rate_limit(), path=path)

    def unavailable(self) -> Armed:
        """Refuse every connection until `available` or the end of a `with` block."""
        self.available()
        self._outage = self.faults.add(Fault.refuse_connection(), times=None)
        return self._outage

    def available(self) -> None:
        """Accept connections again."""
        if self._outage is not None:
            self._outage.cancel()

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: str | bytes | None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        where = urlsplit(url)
        sent = body.encode() if isinstance(body, str) else body or b""
        request = Request(method.upper(), where.path, where.query, headers, sent)
        response = self.handle(request)
        return response.body, response.status, response.headers

    def _deliver(self, request: Request, fault: Fault) -> Response:
        begun = self._engine.begin(request)
        if isinstance(begun, Response):
            return begun
        if fault.delay:
            self._sleep(fault.delay)
        return self._engine.finish(begun, fault)

    def _page(self, request: Request) -> Response:
        if request.path.startswith(three_d_secure.PATH):
            return self._buyer.bank_page(request)
        for path, page in self.pages.items():
            if request.method == "GET" and fnmatchcase(request.path, path):
                return page
        return Response(404, {"content-type": "text/plain"}, b"There is nothing here.\n")


def _whole(charge: JSON, intents: Mapping[str, JSON]) -> Charge:
    """Read a Charge together with the facts that only its PaymentIntent has."""
    intent = intents.get(charge["payment_intent"])
    return attrs.evolve(Charge.from_stripe({**charge, "payment_intent": intent}), raw=charge)
