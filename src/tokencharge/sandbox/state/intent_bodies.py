"""The bodies of PaymentIntents, PaymentMethods and confirmation tokens, in the shape of API 2026-10-28.endive."""

from __future__ import annotations

from ..language.wire import JSON
from ..shapes.bodies import billing_details
from .account import Account, HeldCard

# What Stripe shows of a PaymentIntent to a browser, which has the publishable key and the client secret.
_PUBLIC = """
id object allowed_payment_method_types amount amount_details automatic_payment_methods canceled_at cancellation_reason
capture_method client_secret confirmation_method created currency description excluded_payment_method_types
last_payment_error livemode next_action payment_method payment_method_configuration_details payment_method_types
processing receipt_email setup_future_usage shipping source status
""".split()


def payment_intent(params: JSON, metadata: dict[str, str]) -> JSON:
    """Describe a new PaymentIntent; its id and its client secret are not in here."""
    chosen = params.get("automatic_payment_methods") or {"enabled": True}
    automatic = {"allow_redirects": "always", **chosen} if chosen["enabled"] else None
    return {
        "allowed_payment_method_types": None,
        "amount": params["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": automatic,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": params.get("capture_method", "automatic_async"),
        "client_secret": None,
        "confirmation_method": "automatic",
        "currency": params["currency"],
        "customer": params.get("customer"),
        "customer_account": None,
        "description": params.get("description"),
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "metadata": metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": params.get("receipt_email"),
        "review": None,
        "setup_future_usage": params.get("setup_future_usage"),
        "shipping": params.get("shipping"),
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": params.get("transfer_group"),
    }


def shown(account: Account, body: JSON) -> JSON:
    """Return as much of a PaymentIntent or a PaymentMethod as whoever sent the request at hand may see."""
    if not account.public:
        return body
    if body["object"] == "payment_method":
        card = {name: value for name, value in body["card"].items() if name != "fingerprint"}
        return {**{name: value for name, value in body.items() if name != "metadata"}, "card": card}
    public = {name: body[name] for name in _PUBLIC}
    error = public["last_payment_error"]
    if error is not None:
        public["last_payment_error"] = {**error, "payment_method": shown(account, error["payment_method"])}
    return public


def payment_method(held: HeldCard, fields: JSON) -> JSON:
    """Describe a card the new way, as a PaymentMethod."""
    return {
        "allow_redisplay": fields.get("allow_redisplay", "unspecified"),
        "billing_details": _billing_details(held.json, fields.get("billing_details", {})),
        "card": card(held),
        "customer": None,
        "customer_account": None,
        "metadata": fields.get("metadata", {}),
        "type": "card",
    }


def card_as_method(account: Account, name: str) -> JSON:
    """Describe a Customer's card as the PaymentMethod which it can be used as."""
    held = account.cards[name]
    return {
        "id": name,
        "object": "payment_method",
        "created": account.objects["customer"][held.json["customer"]]["created"],
        "livemode": False,
        **payment_method(held, {}),
        "customer": held.json["customer"],
    }


def card(held: HeldCard) -> JSON:
    """Describe the card of a PaymentMethod."""
    brand = held.magic.brand
    return {
        "brand": brand,
        "checks": {
            "address_line1_check": held.json["address_line1_check"],
            "address_postal_code_check": held.json["address_zip_check"],
            "cvc_check": held.json["cvc_check"],
        },
        "country": held.magic.country,
        "display_brand": brand,
        "exp_month": held.json["exp_month"],
        "exp_year": held.json["exp_year"],
        "fingerprint": held.json["fingerprint"],
        "funding": held.magic.funding,
        "generated_from": None,
        "last4": held.json["last4"],
        "networks": {"available": [brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": brand != "amex"},
        "wallet": None,
    }


def confirmation_token(held: HeldCard, params: JSON, now: int) -> JSON:
    """Describe a confirmation token; its id is not in here."""
    method = payment_method(held, params.get("payment_method_data", {}))
    preview = {name: method[name] for name in ("allow_redisplay", "billing_details", "card", "customer", "type")}
    return {
        "expires_at": now + 12 * 3600,
        "mandate_data": None,
        "payment_intent": None,
        "payment_method_options": None,
        "payment_method_preview": preview,
        "return_url": params.get("return_url"),
        "setup_future_usage": params.get("setup_future_usage"),
        "setup_intent": None,
        "shipping": params.get("shipping"),
        "use_stripe_sdk": params.get("use_stripe_sdk", False),
    }


def _billing_details(card: JSON, given: JSON) -> JSON:
    known = billing_details(card)
    address = {**known["address"], **given.get("address", {})}
    return {**known, **given, "address": address}
