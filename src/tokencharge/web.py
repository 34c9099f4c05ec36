"""The checkout without a framework: a form or JSON in, a charge, a Reply out. Adapters only carry between."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import attrs

from .errors import (
    ChargeRefused,
    InvalidInput,
    OrderConflict,
    OrderInProgress,
    OutcomeUnknown,
    PaymentPending,
    TokenChargeError,
)
from .order import Order
from .results import Payment
from .settings import Settings

logger = logging.getLogger("tokencharge")

BODY_LIMIT = 16_384
"""Bytes of body that are read: a token and an e-mail fit many times over."""

_TOKEN_FIELDS = ("token", "stripeToken")
_EMAIL_FIELDS = ("email", "stripeEmail")
_DO_NOT_PAY_AGAIN = (OrderConflict, OrderInProgress, OutcomeUnknown, PaymentPending)
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@attrs.frozen
class Incoming:
    """A request, as far as a framework has to read it.

    Attributes:
        content_type: The header, or an empty string.
        accept: The header, or an empty string.
        length: The Content-Length, or None where the framework does not know it.
        form: Returns the decoded fields of a form; called for form content types only.
        body: Returns the raw body, or its first `BODY_LIMIT + 1` bytes; called for JSON only.
        request: The framework's own request, handed to `before_charge`.
    """

    content_type: str
    accept: str
    length: int | None
    form: Callable[[], Iterable[tuple[str, str]]]
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


class Checkout:
    """The rules of the two pages, `/checkout` and `/charge`.

    Args:
        settings: Whose keys the page shows and the gateway uses.
        before_charge: Called with the framework's request before each charge; raises `ChargeRefused` (or returns
            False) to refuse it, say against card testing.
        on_payment: Called with each Payment. An error it raises is logged, and the buyer still sees that they paid.
        on_failure: Called with each TokenChargeError. An error it raises is logged.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        before_charge: Callable[[Any], object] | None = None,
        on_payment: Callable[[Payment], object] | None = None,
        on_failure: Callable[[TokenChargeError], object] | None = None,
    ) -> None:
        self.settings = settings
        self.before_charge = before_charge
        self.on_payment = on_payment
        self.on_failure = on_failure

    @contextmanager
    def attempt(self, incoming: Incoming, order: Order) -> Iterator[Attempt]:
        """Read a submission, let the host refuse it, and tell the host how the charge made inside the block ended.

        Raises:
            InvalidInput: The submission cannot be read.
            ChargeRefused: The host refused.
            TokenChargeError: Whatever the gateway raised inside the block.
        """
        try:
            token, email = _read(incoming)
            if self.before_charge is not None and self.before_charge(incoming.request) is False:
                raise ChargeRefused("The host's before_charge hook refused this charge.", order_id=order.order_id)
            attempt = Attempt({"token": token, "email": email, **attrs.asdict(order, recurse=False)})
            yield attempt
        except TokenChargeError as error:
            _tell(self.on_failure, error, error)
            raise
        if attempt.payment is not None:
            _tell(self.on_payment, attempt.payment, attempt.payment.charge)

    def page(self, order: Order) -> Reply:
        """Answer GET /checkout: the form."""
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
        # Sending the same token again is how an unclear outcome is cleared up: it charges once or not at all.
        token, email = _readable(incoming)
        again = {"token": token, "email": email} if error.retryable and token else None
        reply = self._form(error.suggested_status, order, payload, message=error.public_message, email=email)
        payable = not isinstance(error, _DO_NOT_PAY_AGAIN)
        return attrs.evolve(reply, context={**reply.context, "again": again, "payable": payable})

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


def content_security_policy(settings: Settings) -> str:
    """Return a strict policy for pages with the card form: Stripe's own hosts and nothing inline.

    The directives are those Stripe documents for Stripe.js (https://docs.stripe.com/security/guide#content-security-policy);
    a sandbox's origin takes the place of Stripe's where `STRIPE_JS_URL` and `STRIPE_API_BASE` name one.
    """
    script, api = _origin(settings.js_url), _origin(settings.api_base)
    frames = "'none'"
    if script == "https://js.stripe.com":
        script = "https://js.stripe.com https://*.js.stripe.com"
        frames = f"{script} https://hooks.stripe.com"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {script}",
            "style-src 'self'",
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


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _shown(order: Order) -> dict[str, Any]:
    return {"amount": order.amount.amount, "currency": order.amount.currency, "description": order.description}


def _read(incoming: Incoming) -> tuple[str, str]:
    """Read token and e-mail; whatever else was sent, an amount above all, is left where it is."""
    if incoming.length is not None and incoming.length > BODY_LIMIT:
        raise InvalidInput("The request body is too large: send the token and the e-mail, nothing else.")
    if incoming.kind == "application/json":
        fields = _read_json(incoming.body())
    elif incoming.kind in _FORMS:
        fields = list(incoming.form())
    else:
        raise InvalidInput("The content type is neither a form nor JSON: post application/json or a form.")
    token = _one(fields, _TOKEN_FIELDS, "token")
    return token, _one(fields, _EMAIL_FIELDS, "e-mail")


def _readable(incoming: Incoming) -> tuple[str | None, str | None]:
    try:
        return _read(incoming)
    except InvalidInput:
        return None, None


def _read_json(body: bytes) -> list[tuple[str, object]]:
    if len(body) > BODY_LIMIT:
        raise InvalidInput("The request body is too large: send the token and the e-mail, nothing else.")
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
    # Frameworks put U+FFFD where bytes were not UTF-8; a NUL ends strings where they should not end.
    if not isinstance(value, str) or "\ufffd" in value or "\0" in value:
        raise InvalidInput(f"The {what} is not text in UTF-8.")
    return value


def _tell(hook: Callable[[Any], object] | None, news: object, about: Any) -> None:
    if hook is None:
        return
    try:
        hook(news)
    except Exception:
        # The money has moved or not, whatever the host makes of it: what it missed is in the log to be made good.
        charge_id = getattr(about, "charge_id", None) or getattr(about, "id", None)
        logger.exception("A payment hook failed (charge %s, customer %s).", charge_id, about.customer_id)
