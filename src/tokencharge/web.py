"""The checkout without a framework: a form or JSON in, a charge, a Reply out. Adapters only carry between."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import attrs

from . import _checks as check
from .errors import (
    AuthenticationRequired,
    CardDeclined,
    ChargeRefused,
    ConfigurationError,
    InvalidInput,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    PaymentPending,
    TokenChargeError,
    TokenRejected,
)
from .gateway import PaymentGateway
from .order import Order
from .results import Payment
from .settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

logger = logging.getLogger("tokencharge")

BODY_LIMIT = 16_384
"""Bytes of body that are read: a token and an e-mail fit many times over."""

_TOKEN_FIELDS = ("token", "stripeToken")
_EMAIL_FIELDS = ("email", "stripeEmail")
_UNCLEAR_FIELD = "unclear"
_DO_NOT_PAY_AGAIN = (OrderConflict, OrderInProgress, OutcomeUnknown, PaymentPending)
_SETTLED = (AuthenticationRequired, CardDeclined, TokenRejected)
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# Frameworks put U+FFFD where bytes were not UTF-8; a NUL ends strings where they should not end; half a surrogate
# pair, which JSON can spell, cannot be sent on.
_NOT_TEXT = re.compile("[\0\ufffd\ud800-\udfff]")


@attrs.frozen
class Incoming:
    """A request, as far as a framework has to read it.

    Attributes:
        content_type: The header, or an empty string.
        accept: The header, or an empty string.
        length: The Content-Length; None where there is none, and then nothing is read.
        form: Returns the decoded fields of a form; called for form content types only, maybe twice.
        body: Returns the raw body; called for JSON only, maybe twice.
        request: The framework's own request, handed to `before_charge`.
    """

    content_type: str
    accept: str
    length: int | None
    form: Callable[[], Iterable[tuple[str, object]]]
    body: Callable[[], bytes]
    request: Any

    @property
    def kind(self) -> str:
        """The content type without its parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def wants_json(self) -> bool:
        """A script is asking: it posts JSON, or takes JSON and no page."""
        accept = self.accept.lower()
        return self.kind == "application/json" or ("application/json" in accept and "text/html" not in accept)


@attrs.frozen
class Reply:
    """What to answer.

    Attributes:
        status: The HTTP status.
        payload: The answer as JSON-ready data.
        template: The page that shows the same; None where only `payload` is asked for.
        context: What the template is rendered with; adapters add their URLs and CSRF field.
        headers: To set on the answer, whichever form it takes.
    """

    status: int
    payload: Mapping[str, Any]
    template: str | None
    context: Mapping[str, Any]
    headers: Mapping[str, str]


@attrs.define
class Attempt:
    """A charge being made for a request: pass `arguments` to the gateway, and set `payment` to what it returns."""

    arguments: Mapping[str, Any] = attrs.field(repr=False)
    payment: Payment | None = None


class Hooks(list[Callable[[Any], object]]):
    """Hooks, called in this order; adds one as a decorator: `@payments.on_payment`."""

    def __call__(self, hook: F) -> F:
        """Add a hook."""
        self.append(hook)
        return hook


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
            fields = _read(incoming)
            token, email = _token(fields), _email(fields)
            for allow in self.before_charge:
                if allow(incoming.request) is False:
                    raise ChargeRefused("A before_charge hook refused this charge.", order_id=order.order_id)
            attempt = Attempt({"token": token, "email": email, **attrs.asdict(order, recurse=False)})
            yield attempt
        except BaseException as ended:
            # A cancelled task is cancelled from what it knows of the charge.
            error = ended if isinstance(ended, TokenChargeError) else ended.__cause__
            if isinstance(error, TokenChargeError):
                self._note(error)
            raise
        paid = attempt.payment
        if paid is not None:
            _tell(self.on_payment, paid, paid.charge.id, paid.customer.id, paid.order_id)

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
        return Reply(303, {}, None, {}, {**self._headers(), "Location": checkout_url})

    def page(self, order: Order) -> Reply:
        """Answer GET /checkout: the form.

        Raises:
            ConfigurationError: There is no publishable key for the page.
        """
        if self.settings.publishable_key is None:
            raise ConfigurationError("STRIPE_PUBLISHABLE_KEY is not set: the checkout page needs it (pk_test_...).")
        return self._form(200, order, {"order": _shown(order)})

    def paid(self, payment: Payment, incoming: Incoming) -> Reply:
        """Answer POST /charge after a charge: "You've been charged", or the payment as JSON."""
        charge = payment.charge
        card = (
            None
            if charge.card is None
            else {
                "brand": charge.card.brand,
                "last4": charge.card.last4,
                "exp_month": charge.card.exp_month,
                "exp_year": charge.card.exp_year,
            }
        )
        payload = {
            "order_id": payment.order_id,
            "replayed": payment.replayed,
            "customer": {"id": payment.customer.id},
            "charge": {
                "id": charge.id,
                "status": charge.status,
                "amount": charge.amount.amount,
                "currency": charge.amount.currency,
                "captured": charge.captured,
                "card": card,
                "receipt_url": charge.receipt_url,
            },
        }
        context = {"payment": payment, "charge": charge, "amount": str(charge.amount)}
        template = None if incoming.wants_json else "tokencharge/charge.html"
        return Reply(200, {"payment": payload}, template, context, self._headers())

    def failed(self, error: TokenChargeError, incoming: Incoming, order: Order) -> Reply:
        """Answer POST /charge after a failure: the form again with a sentence, or the error as JSON."""
        advice = getattr(error, "advice", None)
        payload = {
            "error": {
                "code": error_code(error),
                "message": error.public_message,
                "advice": None if advice is None else advice.value,
            }
        }
        if incoming.wants_json:
            return Reply(error.suggested_status, payload, None, {}, self._headers())
        token, email, unclear = _typed(incoming)
        # "This attempt did nothing" says nothing of an attempt before it whose outcome nobody knew.
        unclear = unclear and not isinstance(error, _SETTLED)
        # Sending the same token again is how an unclear outcome is cleared up: it charges once or not at all.
        again = {"token": token, "email": email} if token and email and (unclear or error.retryable) else None
        payable = not (unclear or isinstance(error, _DO_NOT_PAY_AGAIN))
        shown = {"message": error.public_message, "email": email, "again": again, "payable": payable}
        return self._form(error.suggested_status, order, payload, **shown)

    def _note(self, error: TokenChargeError) -> None:
        ids = (error.charge_id, error.customer_id, error.order_id)
        if error.suggested_status >= 500:
            # The buyer learns little, so the log says it all: a key at fault, an outcome to look after.
            logger.error("%s (charge %s, customer %s, order %s): %s", type(error).__name__, *ids, error)
        _tell(self.on_failure, error, *ids)

    def _form(self, status: int, order: Order, payload: Mapping[str, Any], **shown: Any) -> Reply:
        context = {
            "order": order,
            "amount": str(order.amount),
            "publishable_key": self.settings.publishable_key or "",
            "stripe_js_url": self.settings.js_url,
            "message": None,
            "email": None,
            "again": None,
            "payable": True,
            **shown,
        }
        return Reply(status, payload, "tokencharge/checkout.html", context, self._headers())

    def _headers(self) -> dict[str, str]:
        return {"Cache-Control": "no-store"}


def content_security_policy(settings: Settings, assets_url: str = "") -> str:
    """Return a strict policy for pages with the card form: Stripe's own hosts and nothing inline.

    The directives are those Stripe documents for Stripe.js (https://docs.stripe.com/security/guide#content-security-policy);
    a sandbox's origin takes the place of Stripe's where `STRIPE_JS_URL` and `STRIPE_API_BASE` name one.

    Args:
        settings: Where the page loads Stripe.js from, and where that goes.
        assets_url: Where this library's own script is; its host is let in where it is another.
    """
    own = " ".join(filter(None, ("'self'", _origin(assets_url))))
    script, api = _origin(settings.js_url), _origin(settings.api_base)
    frames = "'none'"
    if script == "https://js.stripe.com":
        script = "https://js.stripe.com https://*.js.stripe.com"
        frames = f"{script} https://hooks.stripe.com"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {own} {script}",
            f"style-src {own}",
            "img-src 'self' data:",
            f"connect-src 'self' {api}",
            f"frame-src {frames}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def error_code(error: TokenChargeError) -> str:
    """Name an error for scripts: "card_declined" for CardDeclined. Stripe's own codes may tell a thief too much."""
    name = type(error).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def no_order(*request: object, **captured: object) -> Order:
    """Stand in for the order function that a site has not registered."""
    raise RuntimeError("There is no order to pay: decorate the function that returns it with @payments.order.")


def with_query(url: str, query: str) -> str:
    """Carry a page's query along, so that both pages ask the host for the same order."""
    return f"{url}?{query}" if query else url


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".removeprefix("://")


def _shown(order: Order) -> dict[str, Any]:
    return {"amount": order.amount.amount, "currency": order.amount.currency, "description": order.description}


def _read(incoming: Incoming) -> list[tuple[str, object]]:
    """Read the fields that were sent; all but token and e-mail, an amount above all, are left where they are."""
    if incoming.length is None:
        raise InvalidInput("The request does not tell the length of its body: send Content-Length.")
    if incoming.length > BODY_LIMIT:
        raise InvalidInput("The request body is too large: send the token and the e-mail, nothing else.")
    if incoming.kind == "application/json":
        return _read_json(incoming.body())
    if incoming.kind in _FORMS:
        return list(incoming.form())
    raise InvalidInput("The content type is neither a form nor JSON: post application/json or a form.")


def _token(fields: Iterable[tuple[str, object]]) -> str:
    return check.token(_one(fields, _TOKEN_FIELDS, "token"))


def _email(fields: Iterable[tuple[str, object]]) -> str:
    return _one(fields, _EMAIL_FIELDS, "e-mail")


def _typed(incoming: Incoming) -> tuple[str | None, str | None, bool]:
    """Read what a page may show or send again: the token, the e-mail, and whether an outcome is still unclear."""
    token = email = None
    fields: list[tuple[str, object]] = []
    with suppress(InvalidInput):
        fields = _read(incoming)
        email = _email(fields)
    with suppress(InvalidInput):
        token = _token(fields)
    return token, email, any(name == _UNCLEAR_FIELD for name, _ in fields)


def _read_json(body: bytes) -> list[tuple[str, object]]:
    try:
        pairs = json.loads(body.decode(), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raise InvalidInput("The request body is not JSON in UTF-8.") from None
    if not isinstance(pairs, _Pairs):
        raise InvalidInput('The JSON body is not an object: send {"token": ..., "email": ...}.')
    return list(pairs)


class _Pairs(list[tuple[str, object]]):
    """A JSON object with its doubled names kept, so that two tokens are seen to be two."""


def _one(fields: Iterable[tuple[str, object]], names: tuple[str, ...], what: str) -> str:
    found = [value for name, value in fields if name in names and value != ""]
    if not found:
        raise InvalidInput(f"The {what} is missing: send it as {' or '.join(names)}.")
    if len(found) > 1:
        raise InvalidInput(f"The {what} was sent {len(found)} times: send it once.")
    value = found[0]
    if not isinstance(value, str) or _NOT_TEXT.search(value):
        raise InvalidInput(f"The {what} is not text in UTF-8.")
    return value


def _tell(hooks: Iterable[Callable[[Any], object]], news: object, *ids: str | None) -> None:
    for hook in hooks:
        try:
            hook(news)
        except Exception:
            # The money has moved or not, whatever the host makes of it: what it missed is in the log, to be made good.
            logger.exception("A payment hook failed (charge %s, customer %s, order %s).", *ids)
