"""The account itself, and its balance."""

from __future__ import annotations

from ..language.kinds import Kind
from ..language.refusals import Refusal, Saving
from ..language.wire import JSON
from ..state.account import Visit
from . import forms

LIST = forms.listing()


def get(visit: Visit, params: JSON) -> JSON:
    """Return the account that the key belongs to."""
    return {
        "id": visit.account.id,
        "object": "account",
        "business_profile": {
            "mcc": None,
            "name": "Sandbox",
            "product_description": None,
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": None,
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "US",
        "default_currency": "usd",
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": {
                "icon": None,
                "logo": None,
                "primary_color": None,
                "secondary_color": None,
            },
            "card_payments": {"statement_descriptor_prefix": "SANDBOX"},
            "dashboard": {"display_name": "Sandbox", "timezone": "Etc/UTC"},
            "payments": {"statement_descriptor": "SANDBOX"},
        },
        "type": "standard",
    }


def get_by_id(visit: Visit, params: JSON, name: str) -> JSON:
    """Return the account that the key belongs to, by its id."""
    if name != visit.account.id:
        raise foreign(name)
    return get(visit, params)


def connected(visit: Visit, params: JSON) -> JSON:
    """List the connected accounts; there are none."""
    return {"object": "list", "data": [], "has_more": False, "url": "/v1/accounts"}


def foreign(name: str) -> Refusal:
    """Build the 403 for an account that the key has no access to."""
    return Refusal(
        403,
        f"The provided key does not have access to account '{name}' (or that account does not"
        " exist). Application access may have been revoked.",
        code="account_invalid",
        saving=Saving.FORGOTTEN,
    )


def balance(visit: Visit, params: JSON) -> JSON:
    """Add up the bookings: what is available, and what is pending."""
    now = visit.account.now()
    sums: dict[str, dict[str, int]] = {"available": {"usd": 0}, "pending": {"usd": 0}}
    for kept in visit.account.shelf(Kind.BALANCE_TRANSACTION).rows:
        into = sums["available" if kept.json["available_on"] <= now else "pending"]
        into[kept.json["currency"]] = into.get(kept.json["currency"], 0) + kept.json["net"]
    funds = {
        name: [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in sorted(into.items())
        ]
        for name, into in sums.items()
    }
    return {"object": "balance", **funds, "livemode": False}
