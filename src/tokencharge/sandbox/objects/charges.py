"""Charges: made, declined, captured, changed."""

from __future__ import annotations

from functools import partial

from ..language.refusals import Refusal, card_refused, impossible, invalid, missing
from ..language.wire import JSON
from ..shapes import bodies
from ..shapes.cards import MagicCard, declined
from ..shapes.currencies import MINIMUM
from ..state import balance
from ..state.account import Account, HeldCard, Token
from . import customers, forms, reading, tokens

AUTHORIZATION = 7 * 24 * 3600.0
"""How long an authorization lasts."""

EXPIRED = "expired_uncaptured_charge"
"""The reason of the Refund that ends it."""

_BOOKED = 1.0
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
LIST = forms.listing(customer=forms.words(500), payment_intent=forms.words())


def create(account: Account, params: JSON) -> JSON:
    """Charge a token, or a card that a Customer holds."""
    check_minimum(params["amount"], params["currency"])
    metadata = forms.changed({}, params.get("metadata", {}))
    card, token = _card_to_charge(account, params.get("source"), params.get("customer"))
    decline = account.decline or card.magic.at_charge
    if token is not None and (decline is None or account.rules.decline_consumes_token):
        tokens.spend(token)
    if decline is not None and not decline.leaves_charge:
        raise declined(decline, None)
    body = bodies.charge(params, metadata, card.json, card.magic, decline)
    charge = account.add("ch_1", 23, body)
    name = charge["id"]
    if decline is not None:
        account.emit("charge.failed", charge)
        raise declined(decline, name)
    charge = authorized(account, name, card.magic)
    if params.get("capture", True):
        charge = captured(account, name, params["amount"])
    else:
        account.later(AUTHORIZATION, partial(_expire, account, name))
    account.emit("charge.succeeded", charge)
    return charge


def authorized(account: Account, name: str, magic: MagicCard) -> JSON:
    """Note that the bank approved of a Charge, and what its card has in store for it."""
    if magic.effect is not None:
        account.effects[name] = magic.effect
    if magic.effect == "dispute":
        account.later(_DISPUTE, partial(_dispute, account, name))
    return account.change(name, receipt_url=f"https://pay.stripe.com/receipts/payment/{name}")


def captured(account: Account, name: str, amount: int, *, at_once: bool = True) -> JSON:
    """Note that the money of a Charge is taken; it is booked at once, or a little later."""
    if at_once:
        transaction = balance.book_charge(account, account.objects["charge"][name], amount)
        return account.change(name, amount_captured=amount, balance_transaction=transaction["id"], captured=True)
    account.later(_BOOKED, partial(_book, account, name, amount))
    return account.change(name, amount_captured=amount, captured=True)


def take(account: Account, name: str, amount: int) -> JSON:
    """Take what a Charge holds, or part of it; the rest is released."""
    rest = account.objects["charge"][name]["amount"] - amount
    if rest:
        balance.give_back(account, name, rest, None, {})
    charge = captured(account, name, amount)
    account.emit("charge.captured", charge)
    return charge


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
    changed = account.change(name, **params)
    account.emit("charge.updated", changed, charge)
    return changed


def capture(account: Account, params: JSON, name: str) -> JSON:
    """Take what was held, or part of it; the rest is released."""
    charge = find(account, name)
    amount = params.pop("amount", charge["amount"])
    if charge["captured"]:
        message = f"Charge {name} has already been captured."
        raise impossible(message, code="charge_already_captured")
    if charge["payment_intent"] is not None:
        message = (
            f"This uncaptured Charge was created by a PaymentIntent ({charge['payment_intent']}). You must capture the"
            " PaymentIntent instead. For more information, see"
            " https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
        )
        raise impossible(message)
    if not charge["paid"]:
        raise impossible(f"Charge {name} cannot be captured because it failed.")
    if charge["refunded"]:
        raise _released(account, charge)
    if amount > charge["amount"]:
        message = f"Charge {name} can be captured for {charge['amount']} at most."
        raise impossible(message, "amount", "amount_too_large")
    check_minimum(amount, charge["currency"])
    account.change(name, **params)
    return take(account, name, amount)


def list_(account: Account, params: JSON) -> JSON:
    """List Charges, failed ones too, newest first."""
    everything = list(account.objects["charge"].values())
    return reading.page(everything, params, "/v1/charges", "customer", "payment_intent")


def search(account: Account, params: JSON) -> JSON:
    """Search Charges that the index has caught up with."""
    fields = ("currency", "customer", "status")
    everything = account.objects["charge"].values()
    return reading.search(account, everything, params, "/v1/charges/search", fields)


def check_minimum(amount: int, currency: str) -> None:
    """Refuse an amount that is less than the least Stripe takes."""
    minimum = MINIMUM.get(currency, 1)
    if amount < minimum:
        message = f"Amount must be at least {minimum} {currency}, in its smallest unit"
        raise impossible(message, "amount", "amount_too_small")


def _card_to_charge(account: Account, source: str | None, customer: str | None) -> tuple[HeldCard, Token | None]:
    if customer is None:
        if source is None:
            raise invalid("Must provide source or customer.")
        token = tokens.as_source(account, source)
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
    if any(each["charge"] == charge["id"] and each["reason"] == EXPIRED for each in refunds):
        message = f"Charge {charge['id']} has expired and can no longer be captured."
        return impossible(message, code="charge_expired_for_capture")
    message = f"Charge {charge['id']} has already been refunded."
    return impossible(message, code="charge_already_refunded")


def _expire(account: Account, name: str) -> None:
    charge = account.objects["charge"][name]
    if not charge["captured"] and not charge["refunded"]:
        balance.give_back(account, name, charge["amount"], EXPIRED, {})
        account.emit("charge.expired", account.objects["charge"][name])


def _dispute(account: Account, name: str) -> None:
    charge = account.change(name, disputed=True)
    account.emit("charge.dispute.created", bodies.dispute(account.new_id("du_1", 23), charge, int(account.now())))


def _book(account: Account, name: str, amount: int) -> None:
    charge = account.objects["charge"][name]
    transaction = balance.book_charge(account, charge, amount)
    account.emit("charge.updated", account.change(name, balance_transaction=transaction["id"]), charge)
