"""The rules of the two pages: what is asked of the gateway, what is told to the host, what the buyer sees."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from inspect import iscoroutine
from typing import Any
from urllib.parse import quote

import attrs

from .._frames import forgetful
from ..errors import (
    AuthenticationRequired,
    CardDeclined,
    ChargeRefused,
    ConfigurationError,
    CrossSiteRequest,
    InvalidRequest,
    OrderChanged,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    PageExpired,
    PaymentPending,
    TokenChargeError,
    TokenRejected,
)
from ..gateway import PaymentGateway
from ..mending import what_to_do
from ..order import Order
from ..results import Payment
from ..settings import Settings
from .hooks import tell
from .origins import is_of_another_site, read_origins
from .reply import CAREFUL, Reply, authentication_of, describe_error, describe_payment
from .submission import Incoming, Typed, is_unclear, read_email, read_fields, read_shown, read_token
from .success import SuccessUrl, read_success_url, where_to

logger = logging.getLogger("tokencharge")

_DO_NOT_PAY_AGAIN = (OrderConflict, OrderInProgress, OutcomeUnknown)
_SETTLED = (AuthenticationRequired, CardDeclined, OrderChanged, TokenRejected)
# What a query holds as it was sent; anything else in it is encoded, so that it ends no header and leads nowhere else.
_OF_A_QUERY = "%/:?@!$&'()*+,;=-._~[]"
_PAID = "This order is paid."


@attrs.define
class Attempt:
    """A charge being made for a request: `ask` the gateway, and set `payment` to what comes of it.

    Attributes:
        arguments: What the gateway's `charge` is called with.
        payment: The Payment, or None where looking for one found none.
        looks: Nothing may be charged: whether the order is paid is looked up.
    """

    arguments: Mapping[str, Any] = attrs.field(repr=False)
    payment: Payment | None = None
    looks: bool = False

    def ask(self, gateway: Any) -> Any:
        """Ask a gateway, and return what it returns: of an async one what is to be awaited."""
        if self.looks:
            return gateway.find(self.arguments["order_id"], customer=self.arguments["customer"])
        return gateway.charge(**self.arguments)


class Checkout:
    """The rules of the two pages, `/checkout` and `/charge`.

    Args:
        settings: Whose keys the page shows and the gateway uses.
        before_charge: Each is called with the framework's request before a charge; one that raises `ChargeRefused`, or
            returns what is false and not None, refuses it, say against card testing.
        on_payment: Each is called with the Payment, with a replayed one too. An error one raises is logged, the
            others are still called, and the buyer still sees that they paid.
        on_failure: Each is called with the TokenChargeError. An error one raises is logged.
        trusted_origins: What other origins' pages may post a charge from, `https://shop.example`: where the front end
            is on another host, or a proxy hides the one that browsers see.

    Raises:
        ConfigurationError: A trusted origin is none.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        before_charge: Iterable[Callable[[Any], object]] = (),
        on_payment: Iterable[Callable[[Payment], object]] = (),
        on_failure: Iterable[Callable[[TokenChargeError], object]] = (),
        trusted_origins: Iterable[str] = (),
        success_url: SuccessUrl = None,
    ) -> None:
        self.success_url = read_success_url(success_url)
        self.settings = settings
        self.before_charge = tuple(before_charge)
        self.on_payment = tuple(on_payment)
        self.on_failure = tuple(on_failure)
        self.trusted_origins = read_origins(trusted_origins)

    @contextmanager
    def attempt(self, incoming: Incoming, order: Order) -> Iterator[Attempt]:
        """Read a submission, let the host refuse it, and tell the host how the charge made inside the block ended.

        Raises:
            CrossSiteRequest: A page of another site sent it.
            InvalidInput: The submission cannot be read.
            ChargeRefused: The host refused.
            OrderConflict: The order says that it is paid.
            OrderChanged: The page showed another price than the order has.
            TokenChargeError: Whatever the gateway raised inside the block.
        """
        self._check_origin(incoming)
        try:
            if order.paid:
                raise OrderConflict("This order says that it is paid: nothing was sent.", order_id=order.order_id)
            attempt = self._read(incoming, order)
            yield attempt
            if attempt.looks:
                self._check_found(attempt.payment, order)
        except BaseException as ended:
            # A cancelled task is cancelled from what it knows of the charge.
            error = ended if isinstance(ended, TokenChargeError) else ended.__cause__
            if isinstance(error, TokenChargeError):
                self._note(error)
            raise
        paid = attempt.payment
        if paid is not None:
            tell(self.on_payment, paid, paid.charge.id, paid.customer.id, paid.order_id)

    def charge(self, incoming: Incoming, order: Order, gateway: PaymentGateway) -> Payment:
        """Charge what a request submits.

        Raises:
            TokenChargeError: As listed on `attempt`.
        """
        with self.attempt(incoming, order) as attempt:
            payment: Payment = attempt.ask(gateway)
            attempt.payment = payment
        return payment

    def answer(
        self,
        incoming: Incoming,
        order: Order | Callable[[], Order],
        gateway: PaymentGateway,
        *,
        expired: bool = False,
    ) -> Reply:
        """Answer POST /charge: charge, and say how it ended.

        Args:
            incoming: The request.
            order: The order, or a function that asks the host for it; one that fails is the shop's mistake.
            gateway: What charges.
            expired: Its CSRF token is not good any more: nothing is charged, and the form comes back with a new one.
        """
        reply = self.refused(incoming)
        if reply is not None:
            return reply
        try:
            known = order() if callable(order) else order
        except TokenChargeError as error:
            return self.mistaken(error, incoming)
        reply = self.settled(known, incoming)
        if reply is not None:
            return reply
        if expired:
            return self.failed(PageExpired("The CSRF token is missing or has expired."), incoming, known)
        try:
            payment = self.charge(incoming, known, gateway)
        except TokenChargeError as error:
            return self.failed(error, incoming, known)
        return self.paid(payment, incoming)

    def refused(self, incoming: Incoming) -> Reply | None:
        """Answer POST /charge from a page of another site; None where it is none."""
        try:
            self._check_origin(incoming)
        except CrossSiteRequest as error:
            return self._problem(error, incoming)
        return None

    def mistaken(self, error: TokenChargeError, incoming: Incoming) -> Reply:
        """Answer POST /charge where the shop's own code has no order to pay: log it, and say that it is the shop's."""
        logger.error("There is no order to pay: %s", error, exc_info=error)
        return self._problem(ConfigurationError(error.message), incoming)

    def settled(self, order: Order, incoming: Incoming) -> Reply | None:
        """Answer POST /charge for an order that says it is paid; None where it does not."""
        if isinstance(order.paid, Payment):
            return self.paid(attrs.evolve(order.paid, replayed=True), incoming)
        if not order.paid:
            return None
        if not incoming.wants_json:
            return self._settled_page(order)
        error = describe_error(OrderConflict("The order is paid."))
        return Reply(409, {"error": {**error, "message": _PAID}}, None, {}, CAREFUL)

    def elsewhere(self, checkout_url: str) -> Reply:
        """Answer GET /charge, an address typed by hand or kept in a history: go to the form."""
        return Reply(303, {}, None, {}, {**CAREFUL, "Location": checkout_url})

    def page(self, order: Order) -> Reply:
        """Answer GET /checkout: the form, or, for an order that says it is paid, that it is.

        Raises:
            ConfigurationError: There is no publishable key for the page.
        """
        if isinstance(order.paid, Payment):
            return self._paid_page(order.paid, seen=False)
        if order.paid:
            return self._settled_page(order)
        if self.settings.publishable_key is None:
            raise ConfigurationError("STRIPE_PUBLISHABLE_KEY is not set: the checkout page needs it (pk_test_...).")
        price = {"amount": order.amount.amount, "currency": order.amount.currency}
        return self._form(200, order, {"order": {**price, "description": order.description}})

    def paid(self, payment: Payment, incoming: Incoming) -> Reply:
        """Answer POST /charge after a charge: "You've been charged", or the payment as JSON."""
        payload: dict[str, Any] = {"payment": describe_payment(payment)}
        url = where_to(self.success_url, payment)
        if url is not None:
            payload["success_url"] = url
        if incoming.wants_json:
            return Reply(200, payload, None, {}, CAREFUL)
        if url is not None:
            return Reply(303, payload, None, {}, {**CAREFUL, "Location": url})
        # Who waited for their bank, or for an outcome nobody knew, has not seen this payment before.
        return self._paid_page(payment, seen=payment.replayed and not Typed.of(incoming).unclear)

    def failed(self, error: TokenChargeError, incoming: Incoming, order: Order) -> Reply:
        """Answer POST /charge after a failure: the form again with a sentence, or the error as JSON.

        Where the bank asks for the buyer, both hold what Stripe.js needs to let it ask (`authentication`). After that
        the browser sends the same submission again, whatever the bank said: the answer to that says how it ended.
        """
        if isinstance(error, CrossSiteRequest):
            return self._problem(error, incoming)
        payload, authentication = {"error": describe_error(error)}, authentication_of(error)
        if incoming.wants_json:
            return Reply(error.suggested_status, payload, None, {}, CAREFUL)
        typed = Typed.of(incoming)
        # "This attempt did nothing" says nothing of an attempt before it whose outcome nobody knew.
        unclear = typed.unclear and not isinstance(error, _SETTLED)
        waiting = authentication is not None or isinstance(error, PaymentPending)
        # Sending the same token again is how an open outcome is cleared up: it charges once or not at all.
        same = unclear or waiting or error.retryable
        shown = {
            "message": error.public_message,
            "email": typed.email,
            "field": error.field,
            "authentication": authentication,
            "again": {"token": typed.token, "email": typed.email} if typed.token and typed.email and same else None,
            # What the page showed when the buyer agreed to it: a price that changed meanwhile is not charged by that.
            "again_shown": typed.shown or order.shown,
            "payable": not (unclear or waiting or isinstance(error, _DO_NOT_PAY_AGAIN)),
        }
        reply = self._form(error.suggested_status, order, payload, **shown)
        return attrs.evolve(reply, words=("Checkout", error.public_message))

    def _read(self, incoming: Incoming, order: Order) -> Attempt:
        # This frame is in the traceback of whatever a hook raises: no token may be in it.
        attempt, shown, unclear = _submitted(incoming, order)
        for allow in self.before_charge:
            allowed = allow(incoming.request)
            if iscoroutine(allowed):
                allowed.close()
                raise ConfigurationError("A before_charge hook is async, and nothing awaits it here: write def.")
            if allowed is not None and not allowed:
                raise ChargeRefused("A before_charge hook refused this charge.", order_id=order.order_id)
        if shown is None or shown == order.shown:
            return attempt
        if not unclear:
            raise OrderChanged("The page showed another price than the order has now.", order_id=order.order_id)
        if order.order_id is None:
            raise OutcomeUnknown(
                "The order changed while the outcome of its charge was open. It has no order_id to be looked up by, "
                "and charging it at its new price is not what the buyer agreed to: look at the dashboard."
            )
        attempt.looks = True
        return attempt

    def _check_found(self, found: Payment | None, order: Order) -> None:
        """Say how an open outcome ended of an order that has changed meanwhile."""
        if found is None:
            raise OrderChanged("The order changed while its outcome was open; it is not paid.", order_id=order.order_id)
        if (found.charge.amount, found.charge.captured) != (order.amount, order.capture):
            raise OrderConflict(
                "The order was paid as the page had shown it, and is another now: look at both.",
                order_id=order.order_id,
                customer_id=found.customer.id,
                charge_id=found.charge.id,
            )

    def _check_origin(self, incoming: Incoming) -> None:
        if is_of_another_site(incoming, self.trusted_origins):
            message = "A page of another site sent this request: trust its origin, if it is yours."
            logger.warning("A charge was refused: %s", message)
            raise CrossSiteRequest(message)

    def _note(self, error: TokenChargeError) -> None:
        ids = (error.charge_id, error.customer_id, error.order_id)
        if error.suggested_status >= 500:
            # The buyer learns little, so the log says it all: a key at fault, an outcome to look after.
            words = (type(error).__name__, *ids, error, _to_do(error))
            logger.error("%s (charge %s, customer %s, order %s): %s%s", *words)
        tell(self.on_failure, error, *ids)

    def _paid_page(self, payment: Payment, *, seen: bool) -> Reply:
        charge = payment.charge
        context = {"payment": payment, "charge": charge, "amount": str(charge.amount), "seen": seen}
        done = "You've been charged" if charge.captured else "Payment authorized"
        words = (done, f"{'Charged' if charge.captured else 'Held'}: {charge.amount}")
        payload = {"payment": describe_payment(payment)}
        return Reply(200, payload, "tokencharge/charge.html", context, CAREFUL, words)

    def _settled_page(self, order: Order) -> Reply:
        context = {"order": order, "amount": str(order.amount), "message": _PAID}
        return Reply(200, {"order": {"paid": True}}, "tokencharge/paid.html", context, CAREFUL)

    def _problem(self, error: TokenChargeError, incoming: Incoming) -> Reply:
        payload, status = {"error": describe_error(error)}, error.suggested_status
        if incoming.wants_json:
            return Reply(status, payload, None, {}, CAREFUL)
        words = ("Checkout", error.public_message)
        return Reply(status, payload, "tokencharge/problem.html", {"message": error.public_message}, CAREFUL, words)

    def _form(self, status: int, order: Order, payload: Mapping[str, Any], **shown: Any) -> Reply:
        context = {
            "order": order,
            "amount": str(order.amount),
            "publishable_key": self.settings.publishable_key or "",
            "stripe_js_url": self.settings.js_url,
            "element": self.settings.element,
            # As text: Django would put separators into a number.
            "minor_units": str(order.amount.amount),
            "message": None,
            "email": None,
            "field": None,
            "authentication": None,
            "again": None,
            "again_shown": order.shown,
            "payable": True,
            **shown,
        }
        return Reply(status, payload, "tokencharge/checkout.html", context, CAREFUL)


def _to_do(error: TokenChargeError) -> str:
    todo = f" {what_to_do(error.code)}" if isinstance(error, InvalidRequest) else ""
    return f"{todo} (request {error.request_id})" if error.request_id else todo


@forgetful
def _submitted(incoming: Incoming, order: Order) -> tuple[Attempt, str | None, bool]:
    """Read what was submitted: the charge to make, what the page had shown, whether an outcome is still open."""
    fields = read_fields(incoming)
    pays = {"token": read_token(fields), "email": read_email(fields)}
    return Attempt({**pays, **order.arguments}), read_shown(fields), is_unclear(fields)


def no_order(*request: object, **captured: object) -> Order:
    """Stand in for the order function that a site has not registered."""
    raise RuntimeError("There is no order to pay: decorate the function that returns it with @payments.order.")


def with_query(url: str, query: str) -> str:
    """Carry a page's query along, so that both pages ask the host for the same order."""
    return f"{url}?{quote(query, safe=_OF_A_QUERY)}" if query else url
