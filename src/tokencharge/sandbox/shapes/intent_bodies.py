"""Bodies of intents, PaymentMethods and confirmation tokens.

Intents are PaymentIntents and SetupIntents. The shape is that of API 2026-10-28.endive.
"""

from __future__ import annotations

from ..language.wire import JSON
from .bodies import billing_details, checks, checks_of, describe_wallet, fingerprint, shared
from .cards import Checks, Decline, HeldCard, MagicCard

# The fields of an intent that Stripe shows to a browser, which has the publishable key
# and the client secret.
_PUBLIC_PAYMENT = """
id object allowed_payment_method_types amount amount_details automatic_payment_methods canceled_at \
cancellation_reason
capture_method client_secret confirmation_method created currency description \
excluded_payment_method_types
last_payment_error livemode next_action payment_method payment_method_configuration_details \
payment_method_types
processing receipt_email setup_future_usage shipping source status
""".split()
_PUBLIC_SETUP = """
id object allowed_payment_method_types automatic_payment_methods cancellation_reason client_secret \
created description
excluded_payment_method_types last_setup_error livemode next_action payment_method \
payment_method_configuration_details
payment_method_types status usage
""".split()
_PUBLIC = {
    "payment_intent": (_PUBLIC_PAYMENT, "last_payment_error"),
    "setup_intent": (_PUBLIC_SETUP, "last_setup_error"),
}

# Objects are never changed. So an equal part of all bodies can be one object, which
# saves memory.
_NO_TIP: JSON = {"tip": {}}
_UNMANAGED = {"enabled": False}
_SUPPORTED = {"supported": True}
_UNSUPPORTED = {"supported": False}
_CARD_TYPE = ["card"]
_CONFIGURED_TYPES = ["card", "link"]
_CONFIGURATION = {"id": "pmc_1sandboxsandboxsandbox00", "parent": None}
_CARDS = {
    "card": {
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": "automatic",
    }
}
_CARDS_AND_LINK = {**_CARDS, "link": {"persistent_token": None}}
_CARD_SETUPS = {
    "card": {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
}


def payment_intent(params: JSON, metadata: dict[str, str], client_secret: str) -> JSON:
    """Describe a new PaymentIntent, without its id."""
    automatic = _automatic(params)
    configured = automatic is not None
    return {
        "allowed_payment_method_types": None,
        "amount": params["amount"],
        "amount_capturable": 0,
        "amount_details": _NO_TIP,
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": automatic,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": params.get("capture_method", "automatic_async"),
        "client_secret": client_secret,
        "confirmation_method": "automatic",
        "currency": params["currency"],
        "customer": params.get("customer"),
        "customer_account": None,
        "description": params.get("description"),
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "managed_payments": _UNMANAGED,
        "metadata": metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": _CONFIGURATION if configured else None,
        "payment_method_options": _CARDS_AND_LINK if configured else _CARDS,
        "payment_method_types": _types(configured=configured),
        "payment_record": None,
        "processing": None,
        "receipt_email": params.get("receipt_email"),
        "review": None,
        "setup_future_usage": params.get("setup_future_usage"),
        "shared_payment_granted_token": None,
        "shipping": params.get("shipping"),
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": params.get("transfer_group"),
    }


def setup_intent(params: JSON, metadata: dict[str, str], client_secret: str) -> JSON:
    """Describe a new SetupIntent, without its id."""
    automatic = _automatic(params)
    configured = automatic is not None
    return {
        "allowed_payment_method_types": None,
        "application": None,
        "automatic_payment_methods": automatic,
        "cancellation_reason": None,
        "client_secret": client_secret,
        "customer": params.get("customer"),
        "customer_account": None,
        "description": params.get("description"),
        "excluded_payment_method_types": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "managed_payments": _UNMANAGED,
        "mandate": None,
        "metadata": metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": _CONFIGURATION if configured else None,
        "payment_method_options": _CARD_SETUPS,
        "payment_method_types": _types(configured=configured),
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": "off_session",
    }


def _automatic(params: JSON) -> JSON | None:
    chosen = params.get("automatic_payment_methods") or {"enabled": True}
    return {"allow_redirects": "always", **chosen} if chosen["enabled"] else None


def _types(*, configured: bool) -> list[str]:
    """List the types of payment methods that an intent takes.

    With automatic payment methods, the account's configuration decides: cards and Link.
    """
    return _CONFIGURED_TYPES if configured else _CARD_TYPE


def shown(body: JSON, *, public: bool) -> JSON:
    """Return the fields of an intent or a PaymentMethod that the key may see.

    The publishable key sees a part of them, the secret key sees all.
    """
    if not public:
        return body
    if body["object"] == "payment_method":
        card = {name: value for name, value in body["card"].items() if name != "fingerprint"}
        return {**{name: value for name, value in body.items() if name != "metadata"}, "card": card}
    names, failure = _PUBLIC[body["object"]]
    seen = {name: body[name] for name in names}
    error = seen[failure]
    if error is not None:
        seen[failure] = {**error, "payment_method": shown(error["payment_method"], public=True)}
    return seen


def payment_error(decline: Decline, doc_url: str, charge: str | None) -> JSON:
    """Describe a decline as in `last_payment_error` and `last_setup_error`.

    The PaymentMethod is not included.
    """
    error = {
        **decline.codes,
        "charge": charge,
        "code": decline.code,
        "doc_url": doc_url,
        "message": decline.message,
        "param": decline.param,
        "type": "card_error",
    }
    return {name: value for name, value in error.items() if value is not None}


def payment_method(held: HeldCard, fields: JSON) -> JSON:
    """Describe a card in the new shape, as a PaymentMethod."""
    known = billing_details(held.json)
    given = fields.get("billing_details", {})
    address = {
        **known["address"],
        **{name: part for name, part in (given.get("address") or {}).items() if part},
    }
    return {
        "allow_redisplay": fields.get("allow_redisplay", "unspecified"),
        "billing_details": {**known, **given, "address": address} if given else known,
        "card": card(held),
        "customer": None,
        "customer_account": None,
        "metadata": fields.get("metadata", {}),
        "shared_payment_granted_token": None,
        "type": "card",
    }


def card_as_method(held: HeldCard, created: int) -> JSON:
    """Describe a Customer's card as a PaymentMethod with the same id."""
    return {
        "id": held.json["id"],
        "object": "payment_method",
        "created": created,
        "livemode": False,
        **payment_method(held, {}),
        "customer": held.json["customer"],
    }


def card(held: HeldCard) -> JSON:
    """Describe the card of a PaymentMethod."""
    json = held.json
    return _card(
        held.magic,
        json["exp_month"],
        json["exp_year"],
        checks_of(json),
        json["tokenization_method"],
    )


@shared
def _card(magic: MagicCard, month: int, year: int, results: Checks, wallet: str | None) -> JSON:
    brand = magic.brand
    return {
        "brand": brand,
        "checks": checks(results),
        "country": magic.country,
        "display_brand": brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": fingerprint(magic.number),
        "funding": magic.funding,
        "generated_from": None,
        "last4": magic.number[-4:],
        "networks": {"available": [brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": _UNSUPPORTED if brand == "amex" else _SUPPORTED,
        "wallet": describe_wallet(wallet, {}),
    }


def confirmation_token(held: HeldCard, params: JSON, now: int) -> JSON:
    """Describe a confirmation token, without its id."""
    method = payment_method(held, params.get("payment_method_data", {}))
    preview = ("allow_redisplay", "billing_details", "card", "customer", "customer_account", "type")
    return {
        "expires_at": now + 12 * 3600,
        "mandate_data": None,
        "metadata": {},
        "payment_intent": None,
        "payment_method_options": None,
        "payment_method_preview": {name: method[name] for name in preview},
        "return_url": params.get("return_url"),
        "setup_future_usage": params.get("setup_future_usage"),
        "setup_intent": None,
        "shipping": params.get("shipping"),
        "use_stripe_sdk": params.get("use_stripe_sdk", False),
    }
