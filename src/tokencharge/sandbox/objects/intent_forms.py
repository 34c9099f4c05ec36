"""The parameters of the PaymentIntent endpoints."""

from __future__ import annotations

from typing import Any, NoReturn

from ..language.refusals import invalid
from . import forms, methods, statements


def no_types(name: str, value: Any) -> NoReturn:
    """Refuse `payment_method_types`, as Stripe does since 2026-09-30.endive."""
    message = (
        "The `payment_method_types` parameter is no longer supported. Use"
        " `automatic_payment_methods` or `allowed_payment_method_types` instead."
    )
    raise invalid(message, name, "payment_method_types_no_longer_supported")


def _no_descriptor(name: str, value: Any) -> NoReturn:
    message = (
        "The statement_descriptor parameter is not supported for the payment_method_type `card`."
        " To continue supporting payment_method_type `card`, please pass in"
        " `statement_descriptor_suffix` or remove the `statement_descriptor` parameter altogether."
        " Please see"
        " https://support.stripe.com/questions/"
        "use-of-the-statement-descriptor-parameter-on-paymentintents-for-card-charges for"
        " additional details."
    )
    raise invalid(message, name)


def _amount(name: str, value: Any) -> int:
    if value == "0":
        message = (
            "The amount must be greater than or equal to the minimum charge amount allowed for"
            " your account and the currency set"
            " (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).  If you"
            " want to save a Payment Method for future use without an immediate payment, use a"
            " Setup Intent instead: https://docs.stripe.com/payments/setup-intents"
        )
        raise invalid(message, name, "parameter_invalid_integer")
    return forms.amount(name, value)


def _automatic(name: str, value: Any) -> str:
    if value != "automatic":
        raise invalid(
            "The sandbox confirms automatically: it has no confirmation_method=manual.", name
        )
    return "automatic"


def _off_session(name: str, value: Any) -> bool:
    return value in ("one_off", "recurring") or forms.boolean(name, value)


AUTOMATIC = forms.Form(
    "enabled", enabled=forms.boolean, allow_redirects=forms.one_of("always", "never")
)

_PAYING: dict[str, forms.Reader] = {
    "capture_method": forms.one_of("automatic", "automatic_async", "manual"),
    "payment_method": forms.words(),
    "payment_method_data": methods.DATA,
    "payment_method_types": no_types,
    "receipt_email": forms.email,
    "setup_future_usage": forms.one_of("off_session", "on_session"),
    "shipping": forms.shipping,
}
CONFIRMING: dict[str, forms.Reader] = {
    "confirmation_token": forms.words(),
    "error_on_requires_action": forms.boolean,
    "off_session": _off_session,
    "return_url": forms.words(),
    "use_stripe_sdk": forms.boolean,
}
_SAYING: dict[str, forms.Reader] = {
    "customer": forms.words(500),
    "description": forms.description,
    "metadata": forms.metadata,
    "statement_descriptor": _no_descriptor,
    "statement_descriptor_suffix": statements.suffix,
    "transfer_group": forms.words(empty=True),
}

CREATE = forms.Form(
    "amount",
    "currency",
    amount=_amount,
    automatic_payment_methods=AUTOMATIC,
    confirm=forms.boolean,
    confirmation_method=_automatic,
    currency=forms.currency,
    **_PAYING,
    **CONFIRMING,
    **_SAYING,
)
GET = forms.Form(client_secret=forms.words())
UPDATE = forms.Form(amount=_amount, currency=forms.currency, **_PAYING, **_SAYING)
CONFIRM = forms.Form(client_secret=forms.words(), **_PAYING, **CONFIRMING)
CAPTURE = forms.Form(
    amount_to_capture=forms.integer(),
    metadata=forms.metadata,
    statement_descriptor=_no_descriptor,
    statement_descriptor_suffix=statements.suffix,
)
CANCEL = forms.Form(
    cancellation_reason=forms.one_of(
        "duplicate", "fraudulent", "requested_by_customer", "abandoned"
    )
)
SOURCE_CANCEL = forms.Form("source", source=forms.words(), client_secret=forms.words())
