"""The rules of the two pages: what is asked of the gateway, what is told to the host, what the buyer sees."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs

from .._frames import forgetful
from ..errors import (
    AuthenticationRequired,
    CardDeclined,
    ChargeRefused,
    ConfigurationError,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    PaymentPending,
    TokenChargeError,
    TokenRejected,
)
from ..gateway import PaymentGateway
from ..order import Order
from ..results import Payment
from ..settings import Settings
from .hooks import tell
from .reply import NO_STORE, Reply, authentication_of, describe_error, describe_payment
from .submission import Incoming, read_email, read_fields, read_token, read_typed

logger = logging.getLogger("tokencharge")

_DO_NOT_PAY_AGAIN = (OrderConflict, OrderInProgress, OutcomeUnknown)
_SETTLED = (AuthenticationRequired, CardDeclined, TokenRejected)


@attrs.define
class Attempt:
    """A charge being made for a request: pass `arguments` to the gateway, and set `payment` to what it returns."""

    arguments: Mapping[str, Any] = attrs.field(repr=False)
    payment: Payment | None = None


class Checkout:
    """The rules of the two pages, `/checkout` and `/charge`.

    Args:
        settings: Whose keys the page shows and the gateway uses.
        before_charge: Each is called with the framework's request before a charge; one that raises `ChargeRefused`
            (or returns False) refuses it, say against card testing.
        on_payment: Each is called with the Payment, with a replayed one too. An error one raises is logged, the
            others are still called, and the buyer still sees that they paid.
        on_failure: Each is called with the TokenChargeError. An error one raises is logged.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        before_charge: Iterable[Callable[[Any], object]] = (),
        on_payment: Iterable[Callable[[Payment], object]] = (),
        on_failure: Iterable[Callable[[TokenChargeError], object]] = (),
    ) -> None:
        self.settings = settings
        self.before_charge = tuple(before_charge)
        self.on_payment = tuple(on_payment)
        self.on_failure = tuple(on_failure)

    @contextmanager
    def attempt(self, incoming: Incoming, order: Order) -> Iterator[Attempt]:
        """Read a submission, let the host refuse it, and tell the host how the charge made inside the block ended.

        Raises:
            InvalidInput: The submission cannot be read.
            ChargeRefused: The host refused.
            TokenChargeError: Whatever the gateway raised inside the block.
        """
        try:
            # The frame of this generator is in the traceback of whatever a hook raises: no token may be in it.
            attempt = Attempt(_arguments(incoming, order))
            for allow in self.before_charge:
                if allow(incoming.request) is False:
                    raise ChargeRefused("A before_charge hook refused this charge.", order_id=order.order_id)
            yield attempt
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
            payment = attempt.payment = gateway.charge(**attempt.arguments)
        return payment

    def answer(self, incoming: Incoming, order: Order, gateway: PaymentGateway) -> Reply:
        """Answer POST /charge: charge, and say how it ended."""
        try:
            payment = self.charge(incoming, order, gateway)
        except TokenChargeError as error:
            return self.failed(error, incoming, order)
        return self.paid(payment, incoming)

    def elsewhere(self, checkout_url: str) -> Reply:
        """Answer GET /charge, an address typed by hand or kept in a history: go to the form."""
        return Reply(303, {}, None, {}, {**NO_STORE, "Location": checkout_url})

    def page(self, order: Order) -> Reply:
        """Answer GET /checkout: the form.

        Raises:
            ConfigurationError: There is no publishable key for the page.
        """
        if self.settings.publishable_key is None:
            raise ConfigurationError("STRIPE_PUBLISHABLE_KEY is not set: the checkout page needs it (pk_test_...).")
        price = {"amount": order.amount.amount, "currency": order.amount.currency}
        return self._form(200, order, {"order": {**price, "description": order.description}})

    def paid(self, payment: Payment, incoming: Incoming) -> Reply:
        """Answer POST /charge after a charge: "You've been charged", or the payment as JSON."""
        payload = {"payment": describe_payment(payment)}
        if incoming.wants_json:
            return Reply(200, payload, None, {}, NO_STORE)
        # Who waited for their bank, or for an outcome nobody knew, has not seen this payment before.
        seen = payment.replayed and not read_typed(incoming)[2]
        charge = payment.charge
        context = {"payment": payment, "charge": charge, "amount": str(charge.amount), "seen": seen}
        return Reply(200, payload, "tokencharge/charge.html", context, NO_STORE)

    def failed(self, error: TokenChargeError, incoming: Incoming, order: Order) -> Reply:
        """Answer POST /charge after a failure: the form again with a sentence, or the error as JSON.

        Where the bank asks for the buyer, both hold what Stripe.js needs to let it ask (`authentication`). After that
        the browser sends the same submission again, whatever the bank said: the answer to that says how it ended.
        """
        payload, authentication = {"error": describe_error(error)}, authentication_of(error)
        if incoming.wants_json:
            return Reply(error.suggested_status, payload, None, {}, NO_STORE)
        token, email, unclear = read_typed(incoming)
        # "This attempt did nothing" says nothing of an attempt before it whose outcome nobody knew.
        unclear = unclear and not isinstance(error, _SETTLED)
        waiting = authentication is not None or isinstance(error, PaymentPending)
        # Sending the same token again is how an open outcome is cleared up: it charges once or not at all.
        same = unclear or waiting or error.retryable
        shown = {
            "message": error.public_message,
            "email": email,
            "authentication": authentication,
            "again": {"token": token, "email": email} if token and email and same else None,
            "payable": not (unclear or waiting or isinstance(error, _DO_NOT_PAY_AGAIN)),
        }
        return self._form(error.suggested_status, order, payload, **shown)

    def _note(self, error: TokenChargeError) -> None:
        ids = (error.charge_id, error.customer_id, error.order_id)
        if error.suggested_status >= 500:
            # The buyer learns little, so the log says it all: a key at fault, an outcome to look after.
            logger.error("%s (charge %s, customer %s, order %s): %s", type(error).__name__, *ids, error)
        tell(self.on_failure, error, *ids)

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
            "authentication": None,
            "again": None,
            "payable": True,
            **shown,
        }
        return Reply(status, payload, "tokencharge/checkout.html", context, NO_STORE)


@forgetful
def _arguments(incoming: Incoming, order: Order) -> dict[str, Any]:
    fields = read_fields(incoming)
    return {"token": read_token(fields), "email": read_email(fields), **attrs.asdict(order, recurse=False)}


def no_order(*request: object, **captured: object) -> Order:
    """Stand in for the order function that a site has not registered."""
    raise RuntimeError("There is no order to pay: decorate the function that returns it with @payments.order.")


def with_query(url: str, query: str) -> str:
    """Carry a page's query along, so that both pages ask the host for the same order."""
    return f"{url}?{query}" if query else url
