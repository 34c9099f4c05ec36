"""The bodies of cards, Customers and Charges, in the shape of API 2026-10-28.endive: every field, nulls too."""

from __future__ import annotations

import functools
import hashlib

from ..language.wire import JSON
from .cards import BRAND_TITLES, Decline, MagicCard


def card(name: str, magic: MagicCard, month: int, year: int, fields: JSON) -> JSON:
    """Describe a card the old way, as tokens and Customers do."""
    cvc, line1, postal_code = magic.checks
    return {
        "id": name,
        "object": "card",
        "address_city": fields.get("address_city"),
        "address_country": fields.get("address_country"),
        "address_line1": fields.get("address_line1"),
        "address_line1_check": line1 or ("pass" if fields.get("address_line1") else None),
        "address_line2": fields.get("address_line2"),
        "address_state": fields.get("address_state"),
        "address_zip": fields.get("address_zip"),
        "address_zip_check": postal_code or ("pass" if fields.get("address_zip") else None),
        "allow_redisplay": "unspecified",
        "brand": BRAND_TITLES[magic.brand],
        "country": magic.country,
        "customer": None,
        "cvc_check": cvc or ("pass" if fields.get("cvc") else None),
        "dynamic_last4": None,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": _fingerprint(magic.number),
        "funding": magic.funding,
        "last4": magic.number[-4:],
        "metadata": {},
        "name": fields.get("name"),
        "regulated_status": "unregulated",
        "tokenization_method": None,
        "wallet": None,
    }


def customer(params: JSON, metadata: dict[str, str], invoice_prefix: str) -> JSON:
    """Describe a Customer; its id and its cards are not in here."""
    return {
        "address": None,
        "balance": 0,
        "business_name": None,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "individual_name": None,
        "invoice_prefix": invoice_prefix,
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "metadata": metadata,
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
        **params,
    }


def charge(params: JSON, metadata: dict[str, str], source: JSON, magic: MagicCard, decline: Decline | None) -> JSON:
    """Describe a Charge: tried, and either failed or authorized; nothing is captured yet."""
    suffix = params.get("statement_descriptor_suffix") or params.get("statement_descriptor")
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
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": decline and decline.code,
        "failure_message": decline and decline.message,
        "fraud_details": {},
        "metadata": metadata,
        "on_behalf_of": None,
        "outcome": _outcome(magic, decline),
        "paid": decline is None,
        "payment_intent": None,
        "payment_method": source["id"],
        "payment_method_details": {"card": _card_details(params["amount"], source, magic), "type": "card"},
        "radar_options": {},
        "receipt_email": params.get("receipt_email"),
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": params.get("shipping"),
        "source": source,
        "source_transfer": None,
        "statement_descriptor": params.get("statement_descriptor"),
        "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
        "status": "succeeded" if decline is None else "failed",
        "transfer_data": None,
        "transfer_group": params.get("transfer_group"),
    }


def dispute(name: str, charge: JSON, now: int) -> JSON:
    """Describe the Dispute of a whole Charge."""
    return {
        "id": name,
        "object": "dispute",
        "amount": charge["amount"],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "fraudulent",
        "status": "needs_response",
    }


def billing_details(card: JSON) -> JSON:
    """Describe whose card it is the new way."""
    return {
        "address": {
            "city": card["address_city"],
            "country": card["address_country"],
            "line1": card["address_line1"],
            "line2": card["address_line2"],
            "postal_code": card["address_zip"],
            "state": card["address_state"],
        },
        "email": None,
        "name": card["name"],
        "phone": None,
        "tax_id": None,
    }


def _outcome(magic: MagicCard, decline: Decline | None) -> JSON:
    outcome: JSON = {
        "advice_code": decline and decline.advice,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": magic.risk,
        "risk_score": {"normal": 12, "elevated": 68, "highest": 91}[magic.risk],
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if decline is None:
        if magic.risk == "elevated":
            outcome.update(type="manual_review", reason="elevated_risk_level")
    elif decline.blocked is not None:
        outcome.update(
            network_status="not_sent_to_network",
            reason=decline.blocked,
            seller_message="Stripe blocked this payment as too risky.",
            type="blocked",
        )
    else:
        reason = decline.decline_code or decline.code
        outcome.update(
            network_status="declined_by_network",
            reason=reason,
            seller_message=f"The bank returned the decline code `{reason}`.",
            type="issuer_declined",
        )
    return outcome


def _card_details(amount: int, source: JSON, magic: MagicCard) -> JSON:
    """Describe the card charged the new way."""
    return {
        "amount_authorized": amount,
        "authorization_code": "071199",
        "brand": magic.brand,
        "checks": {
            "address_line1_check": source["address_line1_check"],
            "address_postal_code_check": source["address_zip_check"],
            "cvc_check": source["cvc_check"],
        },
        "country": magic.country,
        "exp_month": source["exp_month"],
        "exp_year": source["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": source["fingerprint"],
        "funding": magic.funding,
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": source["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": magic.brand,
        "network_token": {"used": False},
        "network_transaction_id": "101117109671201",
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "wallet": None,
    }


@functools.lru_cache(maxsize=512)
def _fingerprint(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()[:16]
