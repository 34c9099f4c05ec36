"""The bodies of cards, Customers and Charges, in the shape of API 2026-10-28.endive."""

from __future__ import annotations

import functools
import hashlib

from ..language.wire import JSON
from .cards import BRAND_TITLES, Checks, Decline, MagicCard

# Objects are never changed. So an equal part of many bodies can be one object, which
# saves memory.
shared = functools.lru_cache(maxsize=1_000)
_NOTHING: JSON = {}
_NO_LOCALES: list[str] = []
_DISABLED = {"status": "disabled"}
_UNAVAILABLE = {"status": "unavailable"}
_UNUSED = {"used": False}
_ANY_NETWORK = {"preferred": None}

# A wallet has its own account number in place of the card's. These are its last digits.
_DEVICE_LAST4 = "4242"

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
_ADDRESS_OF_CARD = (
    "address_city",
    "address_country",
    "address_line1",
    "address_line2",
    "address_zip",
    "address_state",
)


def card(name: str, magic: MagicCard, month: int, year: int, fields: JSON, *, cvc: bool) -> JSON:
    """Describe a card in the old shape, which tokens and Customers have.

    The metadata is not included. No bank has been asked about the card yet.
    """
    return {
        "id": name,
        "object": "card",
        "address_city": fields.get("address_city"),
        "address_country": fields.get("address_country"),
        "address_line1": fields.get("address_line1"),
        "address_line1_check": _unchecked(fields.get("address_line1") or magic.checks[1]),
        "address_line2": fields.get("address_line2"),
        "address_state": fields.get("address_state"),
        "address_zip": fields.get("address_zip"),
        "address_zip_check": _unchecked(fields.get("address_zip") or magic.checks[2]),
        "allow_redisplay": "unspecified",
        "brand": BRAND_TITLES[magic.brand],
        "country": magic.country,
        "customer": None,
        "cvc_check": _unchecked(cvc),
        "dynamic_last4": _DEVICE_LAST4 if fields.get("tokenization_method") else None,
        "email": None,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": fingerprint(magic.number),
        "funding": magic.funding,
        "last4": magic.number[-4:],
        "name": fields.get("name"),
        "phone": None,
        "regulated_status": "unregulated",
        "tokenization_method": fields.get("tokenization_method"),
        "wallet": None,
    }


def token_card(card: JSON, *, public: bool) -> JSON:
    """Describe a token's card; the publishable key does not see its fingerprint."""
    hidden = ("customer", "wallet", "email", "phone", *(["fingerprint"] if public else []))
    shown = {name: value for name, value in card.items() if name not in hidden}
    return {**shown, "currency": None, "metadata": _NOTHING, "networks": _ANY_NETWORK}


def customer(params: JSON, metadata: dict[str, str], invoice_prefix: str) -> JSON:
    """Describe a Customer, without its id and its cards."""
    settings = params.pop("invoice_settings", {})
    return {
        "address": None,
        "balance": 0,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": invoice_prefix,
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
            **settings,
        },
        "metadata": metadata,
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": _NO_LOCALES,
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
        **params,
    }


def charge(
    params: JSON, metadata: dict[str, str], source: JSON, magic: MagicCard, decline: Decline | None
) -> JSON:
    """Describe a Charge after the attempt: failed, or authorized but not captured."""
    descriptor = params.get("statement_descriptor")
    suffix = params.get("statement_descriptor_suffix") or descriptor
    return {
        "amount": params["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": billing_details(source),
        "calculated_statement_descriptor": f"SANDBOX* {suffix}" if suffix else "SANDBOX",
        "captured": False,
        "currency": params["currency"],
        "customer": params.get("customer"),
        "description": params.get("description"),
        "destination": None,
        "dispute": None,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": decline and decline.code,
        "failure_message": decline and decline.message,
        "fraud_details": _NOTHING,
        "metadata": metadata,
        "on_behalf_of": None,
        "order": None,
        "outcome": _outcome(magic, decline),
        "paid": decline is None,
        "payment_intent": None,
        "payment_method": source["id"],
        "payment_method_details": _paid_with(
            magic,
            source["exp_month"],
            source["exp_year"],
            checks_of(source),
            params["amount"],
            params["amount"] if decline is None else None,
            source["tokenization_method"],
        ),
        "radar_options": _NOTHING,
        "receipt_email": params.get("receipt_email"),
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": params.get("shipping"),
        "source": {"metadata": _NOTHING, **source},
        "source_transfer": None,
        "statement_descriptor": descriptor,
        "statement_descriptor_suffix": suffix,
        "status": "succeeded" if decline is None else "failed",
        "transfer_data": None,
        "transfer_group": params.get("transfer_group"),
    }


def with_card(charge: JSON, **details: object) -> JSON:
    """Return a Charge's `payment_method_details` with other card details."""
    said = charge["payment_method_details"]
    return {**said, "card": {**said["card"], **details}}


def billing_details(card: JSON) -> JSON:
    """Describe the owner of a card in the new shape."""
    return _billing_details(card["name"], *(card[name] for name in _ADDRESS_OF_CARD))


@shared
def _billing_details(name: str | None, *address: str | None) -> JSON:
    parts = dict(zip(ADDRESS, address, strict=True))
    return {"address": parts, "email": None, "name": name, "phone": None, "tax_id": None}


def _unchecked(given: object) -> str | None:
    return "unchecked" if given else None


def _outcome(magic: MagicCard, decline: Decline | None) -> JSON:
    outcome: JSON = {
        "advice_code": decline and decline.advice,
        "network_advice_code": decline and decline.network_advice,
        "network_decline_code": decline and decline.network,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": magic.risk,
        "risk_score": {"normal": 12, "elevated": 68, "highest": 91}[magic.risk],
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if decline is None:
        if magic.risk == "elevated":
            outcome.update(
                reason="elevated_risk_level",
                rule="manual_review_if_elevated_risk",
                seller_message=(
                    "Stripe evaluated this payment as having elevated risk, and placed it in your"
                    " manual review queue."
                ),
                type="manual_review",
            )
    elif decline.blocked is not None:
        outcome.update(
            network_status="not_sent_to_network",
            reason=decline.blocked,
            seller_message="Stripe blocked this payment as too risky.",
            type="blocked",
        )
    else:
        reason = decline.decline_code or decline.code
        told = f"The bank returned the decline code `{reason}`."
        if reason == "generic_decline":
            told = "The bank did not return any further details with this decline."
        outcome.update(
            network_status="declined_by_network",
            reason=reason,
            seller_message=told,
            type="issuer_declined",
        )
    return outcome


@shared
def _paid_with(
    magic: MagicCard,
    month: int,
    year: int,
    results: Checks,
    amount: int,
    authorized: int | None,
    wallet: str | None,
) -> JSON:
    """Describe the charged card in the new shape."""
    brand = magic.brand
    card = {
        "amount_authorized": authorized,
        "authorization_code": "071199",
        "brand": brand,
        "checks": checks(results),
        "country": magic.country,
        "electronic_commerce_indicator": "07",
        "exp_month": month,
        "exp_year": year,
        "extended_authorization": _DISABLED,
        "fingerprint": fingerprint(magic.number),
        "funding": magic.funding,
        "incremental_authorization": _UNAVAILABLE,
        "installments": None,
        "last4": magic.number[-4:],
        "mandate": None,
        "multicapture": _UNAVAILABLE,
        "network": brand,
        "network_token": _UNUSED,
        "network_transaction_id": "101117109671201",
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": describe_wallet(wallet, {"type": wallet}),
    }
    return {"card": card, "type": "card"}


def describe_wallet(kind: str | None, more: JSON) -> JSON | None:
    """Describe the wallet that holds a card; None if the card was typed in."""
    return None if kind is None else {kind: more, "dynamic_last4": _DEVICE_LAST4, "type": kind}


def checks_of(card: JSON) -> Checks:
    """Return the results of the bank's checks of a card."""
    return card["cvc_check"], card["address_line1_check"], card["address_zip_check"]


def checks(results: Checks) -> JSON:
    """Describe the bank's checks of CVC and address in the new shape."""
    return dict(
        zip(("cvc_check", "address_line1_check", "address_postal_code_check"), results, strict=True)
    )


@functools.lru_cache(maxsize=512)
def fingerprint(number: str) -> str:
    """Return the fingerprint of a card number; it is always the same."""
    return hashlib.sha256(number.encode()).hexdigest()[:16]
