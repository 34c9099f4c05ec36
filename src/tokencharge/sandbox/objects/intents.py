"""What PaymentIntents and SetupIntents share: secret, terms, 3-D Secure."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ..language.kinds import Kind
from ..language.refusals import doc_url, impossible, invalid
from ..language.wire import JSON
from ..state.account import Visit
from ..state.shelf import Kept


@attrs.frozen
class Terms:
    """The terms of a confirmation: is the customer there, how may the bank ask.

    Attributes:
        off_session: The customer is not there.
        error_on_requires_action: The bank may not ask anything.
        use_stripe_sdk: Stripe.js asks the customer for the bank.
        return_url: The URL to which the bank's page leads back.
    """

    off_session: bool = False
    error_on_requires_action: bool = False
    use_stripe_sdk: bool = False
    return_url: str | None = None

    @classmethod
    def of(cls, params: JSON) -> Terms:
        """Take the terms from the parameters of a confirmation."""
        return cls(**{name: params[name] for name in _TERMS if name in params})


_ERRORS = {Kind.PAYMENT_INTENT: "last_payment_error", Kind.SETUP_INTENT: "last_setup_error"}
_TERMS = tuple(field.name for field in attrs.fields(Terms))


def find(visit: Visit, kind: Kind, name: str, params: JSON) -> Kept:
    """Return an intent; the publishable key needs its client secret.

    Raises:
        Refusal: The intent is unknown, or the client secret is wrong.
    """
    intent = visit.account.find(kind, name)
    secret = params.pop("client_secret", None)
    if (visit.public or secret is not None) and secret != intent.json["client_secret"]:
        message = (
            "The client_secret provided does not match the client_secret associated with the"
            f" {kind.noun}."
        )
        raise impossible(message, "client_secret", f"{kind.value}_invalid_parameter")
    return intent


def check_confirming(kind: Kind, params: JSON, names: Iterable[str]) -> None:
    """Refuse parameters of a confirmation if an intent is only created."""
    for name in names:
        if params.get(name, False) is not False and not params.get("confirm", False):
            message = (
                f"The parameter `{name}` cannot be passed when creating a {kind.noun} unless"
                " `confirm` is set to true."
            )
            raise invalid(message, name)


def check_return(intent: JSON, params: JSON, kind: Kind) -> None:
    """Refuse a confirmation that may redirect the customer without `return_url`."""
    automatic = intent["automatic_payment_methods"]
    if automatic is None or automatic["allow_redirects"] == "never":
        return
    if "return_url" in params or params.get("off_session"):
        return
    raise impossible(
        f"This {kind.noun} is configured to accept payment methods enabled in your Dashboard."
        " Because some of these payment methods might redirect your customer off of your page, you"
        " must provide a `return_url`. If you don't want to accept redirect-based payment methods,"
        " set `automatic_payment_methods[enabled]` to `true` and"
        " `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and"
        " Payment Intents."
    )


def ask(visit: Visit, intent: Kept, method: Kept, terms: Terms) -> JSON:
    """Let the bank ask its customer: the intent `requires_action`."""
    intent.asked = method
    error = _ERRORS[intent.kind]
    asked = visit.account.change(
        intent,
        **{error: None},
        next_action=_next_action(visit, intent, method, terms),
        payment_method=method.id,
        status="requires_action",
    )
    visit.emit(f"{intent.kind.value}.requires_action", asked)
    return asked


def _next_action(visit: Visit, intent: Kept, method: Kept, terms: Terms) -> JSON:
    """Describe how the bank asks its customer: on its own page, or by Stripe.js."""
    if terms.return_url is None or terms.use_stripe_sdk:
        return _fingerprint(method.id)
    where = f"http://{visit.host or 'sandbox.invalid'}/3d_secure/{intent.id}"
    page = f"{where}?client_secret={intent.json['client_secret']}"
    return {
        "redirect_to_url": {"return_url": terms.return_url, "url": page},
        "type": "redirect_to_url",
    }


def failure(kind: Kind) -> JSON:
    """Describe that the customer failed the authentication."""
    code = f"{kind.value}_authentication_failure"
    return {
        "code": code,
        "doc_url": doc_url(code),
        "message": (
            "The provided PaymentMethod has failed authentication. You can provide"
            f" payment_method_data or a new PaymentMethod to attempt to fulfill this {kind.noun}"
            " again."
        ),
        "type": "invalid_request_error",
    }


def _fingerprint(method: str) -> JSON:
    """Describe what Stripe.js asks the bank's server."""
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {
            "directory_server_encryption": {
                "algorithm": "RSA",
                "certificate": "-----BEGIN CERTIFICATE-----\nsandbox\n-----END CERTIFICATE-----\n",
                "directory_server_id": "A000000003",
                "root_certificate_authorities": [],
            },
            "directory_server_name": "visa",
            "merchant": "acct_sandbox",
            "one_click_authn": None,
            "server_transaction_id": "8c1d1d0e-1f5a-4b0c-9d8e-sandbox00000",
            "three_d_secure_2_source": method,
            "three_ds_method_url": "",
            "three_ds_optimizations": "kf",
            "type": "stripe_3ds2_fingerprint",
        },
    }
