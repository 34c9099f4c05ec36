"""Charges: made, declined, captured, changed."""

from __future__ import annotations

from functools import partial

from . import balance, bodies, customers, forms, reading, tokens
from .account import Account, HeldCard, Token
from .currencies import MINIMUM
from .refusals import Refusal, card_refused, declined, impossible, invalid, missing
from .wire import JSON

_AUTHORIZATION = 7 * 24 * 3600.0
_DISPUTE = 1.0

_FIELDS = {
    "description": forms.words(40_000, empty=True),
    "metadata": forms.metadata,
    "receipt_email": forms.email,
    "shipping": forms.anything,
    "transfer_group": forms.words(empty=True),
}
_STATEMENT = {
    "statement_descriptor": forms.words(22),
    "statement_descriptor_suffix": forms.words(22),
}

CREATE = forms.Form(
    "amount",
    "currency",
    amount=forms.amount,
    capture=forms.boolean,
    currency=forms.currency,
    customer=forms.words(500),
    source=forms.words(),
    **_FIELDS,
    **_STATEMENT,
)
GET = forms.Form()
UPDATE = forms.Form(customer=forms.words(500), **_FIELDS)
CAPTURE = forms.Form(amount=forms.amount, receipt_email=forms.email, **_STATEMENT)
LIST = forms.listing(customer=forms.words(500))


def create(account: Account, params: JSON) -> JSON:
    """Charge a token, or a card that a Customer holds."""
    _check_minimum(params["amount"], params["currency"])
    metadata = forms.changed({}, params.get("metadata", {}))
    card, token = _card_to_charge(account, params.get("source"), params.get("customer"))
    decline = account.decline or card.magic.at_charge
    if token is not None and (decline is None or account.rules.decline_consumes_token):
        tokens.spend(token)
    if decline is not None and not decline.leaves_charge:
        raise declined(decline, None)
    body = bodies.charge(params, metadata, card.json, card.magic, decline)
    name = account.add("ch_1", 23, body)["id"]
    if decline is not None:
        raise declined(decline, name)
    account.change(name, receipt_url=f"https://pay.stripe.com/receipts/payment/{name}")
    if card.magic.effect is not None:
        account.effects[name] = card.magic.effect
    if card.magic.effect == "dispute":
        account.later(_DISPUTE, partial(account.change, name, disputed=True))
    if params.get("capture", True):
        return _captured(account, name, params["amount"])
    account.later(_AUTHORIZATION, partial(_expire, account, name))
    return account.objects["charge"][name]


def get(account: Account, params: JSON, name: str) -> JSON:
    """Look at a Charge."""
    return find(account, name)


def find(account: Account, name: str, param: str = "id") -> JSON:
    """Return a Charge that is there."""
    charge = account.objects["charge"].get(name)
    if charge is None:
        raise missing("charge", name, param)
    return charge


def update(account: Account, params: JSON, name: str) -> JSON:
    """Change what a Charge says; give it a Customer if it has none."""
    charge = find(account, name)
    if "metadata" in params:
        params["metadata"] = forms.changed(charge["metadata"], params["metadata"])
    if "customer" in params:
        customers.find(account, params["customer"], "customer")
        if charge["customer"] is not None:
            message = "You cannot change the customer of a charge that has one."
            raise impossible(message, "customer")
    return account.change(name, **params)


def capture(account: Account, params: JSON, name: str) -> JSON:
    """Take what was held, or part of it; the rest is released."""
    charge = find(account, name)
    amount = params.pop("amount", charge["amount"])
    if charge["captured"]:
        message = f"Charge {name} has already been captured."
        raise impossible(message, code="charge_already_captured")
    if not charge["paid"]:
        raise impossible(f"Charge {name} cannot be captured because it failed.")
    if charge["refunded"]:
        raise _released(account, charge)
    if amount > charge["amount"]:
        message = f"Charge {name} can be captured for {charge['amount']} at most."
        raise impossible(message, "amount", "amount_too_large")
    _check_minimum(amount, charge["currency"])
    account.change(name, **params)
    rest = charge["amount"] - amount
    if rest:
        balance.give_back(account, name, rest, None, {})
    return _captured(account, name, amount)


def list_(account: Account, params: JSON) -> JSON:
    """List Charges, failed ones too, newest first."""
    everything = list(account.objects["charge"].values())
    return reading.page(everything, params, "/v1/charges", "customer")


def search(account: Account, params: JSON) -> JSON:
    """Search Charges that the index has caught up with."""
    fields = ("currency", "customer", "status")
    everything = account.objects["charge"].values()
    return reading.search(account, everything, params, "/v1/charges/search", fields)


def _check_minimum(amount: int, currency: str) -> None:
    minimum = MINIMUM.get(currency, 1)
    if amount < minimum:
        message = f"Amount must be at least {minimum} {currency}, in its smallest unit"
        raise impossible(message, "amount", "amount_too_small")


def _card_to_charge(account: Account, source: str | None, customer: str | None) -> tuple[HeldCard, Token | None]:
    if customer is None:
        if source is None:
            raise invalid("Must provide source or customer.")
        token = tokens.find(account, source)
        return token.card, token
    holder = customers.find(account, customer, "customer")
    if source is None:
        if holder["default_source"] is None:
            message = "Cannot charge a customer that has no active card"
            raise card_refused(message, "missing", "card")
        return account.cards[holder["default_source"]], None
    if source not in account.wallets[customer]:
        message = f"Customer {customer} does not have a linked source with ID {source}."
        raise Refusal(404, message, code="missing", param="source")
    return account.cards[source], None


def _released(account: Account, charge: JSON) -> Refusal:
    refunds = account.objects["refund"].values()
    if any(each["charge"] == charge["id"] and each["reason"] == _EXPIRED for each in refunds):
        message = f"Charge {charge['id']} has expired and can no longer be captured."
        return impossible(message, code="charge_expired_for_capture")
    message = f"Charge {charge['id']} has already been refunded."
    return impossible(message, code="charge_already_refunded")


_EXPIRED = "expired_uncaptured_charge"


def _expire(account: Account, name: str) -> None:
    charge = account.objects["charge"][name]
    if not charge["captured"] and not charge["refunded"]:
        balance.give_back(account, name, charge["amount"], _EXPIRED, {})


def _captured(account: Account, name: str, amount: int) -> JSON:
    transaction = balance.book_charge(account, account.objects["charge"][name], amount)
    return account.change(name, amount_captured=amount, balance_transaction=transaction["id"], captured=True)
