"""PaymentMethods in payments: find, check, attach, use up."""

from __future__ import annotations

from typing import cast

from ..language.kinds import Kind
from ..language.refusals import impossible
from ..language.wire import JSON
from ..shapes import intent_bodies
from ..shapes.cards import HeldCard, declined
from ..shapes.magic import METHODS
from ..state.account import Account, Visit
from ..state.shelf import Kept
from . import forms, sources, tokens

REDISPLAY = forms.one_of("always", "limited", "unspecified")

CARD = forms.Form(
    token=forms.words(),
    number=forms.words(),
    exp_month=forms.words(),
    exp_year=forms.words(),
    cvc=forms.words(empty=True),
)

DATA = forms.Form(
    "type",
    "card",
    type=forms.one_of("card"),
    card=CARD,
    allow_redisplay=REDISPLAY,
    billing_details=forms.billing,
    metadata=forms.metadata,
)

_SPENT = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer"
    " attachment, shared with a connected account without Customer attachment, or was detached"
    " from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must"
    " attach it to a Customer first."
)

_SPENT_BEFORE_ATTACHED = (
    "This PaymentMethod was previously used without being attached to a Customer or was detached"
    " from a Customer, and may not be used again."
)


def read(account: Account, params: JSON, within: str, param: str) -> HeldCard:
    """Return the card that the parameters describe; spend a token they name.

    Args:
        account: The account that has the token.
        params: The parameters, as the form read them.
        within: The parameter that they are nested in, if any.
        param: The name of the token's parameter in an error.
    """
    card, prefix = params["card"], f"{within}[card]" if within else "card"
    if "token" in card:
        if not within:
            tokens.check_shape(card["token"])
        found = tokens.find(account, card["token"], param)
        found.spend(account)
        return found.card
    for name in ("number", "exp_month", "exp_year"):
        if name not in card:
            raise forms.missing_param(f"{prefix}[{name}]")
    details = params.get("billing_details", {})
    address = details.get("address") or {}
    where = {
        "line1": "line1",
        "line2": "line2",
        "city": "city",
        "state": "state",
        "postal_code": "zip",
    }
    fields = {f"address_{short}": address.get(name) for name, short in where.items()}
    return tokens.read(account, {**card, **fields, "name": details.get("name")})


def read_data(account: Account, data: JSON) -> HeldCard:
    """Return the card of `payment_method_data`; spend a token it names."""
    return read(account, data, "payment_method_data", "payment_method_data[card][token]")


def add(account: Account, params: JSON, held: HeldCard) -> Kept:
    """Store a PaymentMethod of a card."""
    metadata = forms.changed({}, params.get("metadata", {}))
    body = intent_bodies.payment_method(held, {**params, "metadata": metadata})
    return account.add(Kind.PAYMENT_METHOD, account.new_id("pm_1", 23), body, card=held)


def find(account: Account, name: str, param: str | None = None) -> Kept:
    """Return a PaymentMethod.

    A magic PaymentMethod is a new one at each use. A Customer's card can be used as
    one.

    Args:
        account: The account that has it.
        name: Its id.
        param: The parameter that names it; None if the path does.

    Raises:
        Refusal: The PaymentMethod is unknown, or it is a token.
    """
    if name in METHODS:
        return add(account, {}, tokens.hold_magic(account, METHODS[name]))
    card = account.get(Kind.CARD, name)
    if card is not None:
        return card
    if name.startswith("tok_") and param is not None:
        message = (
            "A token may not be passed in as a PaymentMethod. Instead, use payment_method_data"
            f" with type=card and card[token]={name}."
        )
        raise impossible(message, param)
    return account.find(Kind.PAYMENT_METHOD, name, param)


def shown(method: Kept) -> JSON:
    """Return a PaymentMethod, or a Customer's card as one, as Stripe shows it."""
    if method.kind is Kind.CARD:
        return intent_bodies.card_as_method(held(method), method.created)
    return method.json


def held(method: Kept) -> HeldCard:
    """Return the card behind a PaymentMethod."""
    return cast("HeldCard", method.card)


def checked(account: Account, method: Kept) -> Kept:
    """Record that a bank checked a PaymentMethod's card."""
    before = held(method)
    after = before.checked()
    if method.kind is Kind.PAYMENT_METHOD and after is not before:
        method.card = after
        account.change(method, card=intent_bodies.card(after))
    return method


def usable(method: Kept, customer: str | None) -> Kept:
    """Return the PaymentMethod if it can pay a PaymentIntent of this Customer.

    The Customer is None for a PaymentIntent without a Customer.

    Raises:
        Refusal: The PaymentMethod is used up, or it belongs to another Customer.
    """
    name, owner = method.id, method.json["customer"]
    if method.spent:
        raise impossible(_SPENT)
    if owner is not None and customer is None:
        message = (
            f"The `payment_method` parameter supplied {name} belongs to the Customer {owner}."
            " Please include the Customer in the `customer` parameter on the PaymentIntent."
        )
        raise impossible(message, "source", "parameter_missing")
    if owner not in (None, customer):
        message = (
            f"The PaymentMethod {name} does not belong to the Customer you supplied {customer}."
            " Please use this PaymentMethod with the Customer that it belongs to instead."
        )
        raise impossible(message, "payment_method")
    return method


def accepted(visit: Visit, method: Kept, customer: str | None) -> None:
    """Check that a PaymentMethod can be attached to this Customer.

    The Customer is None if it is still to be created.

    Raises:
        Refusal: The PaymentMethod is used up or another Customer's, or its bank
            declines.
    """
    if method.spent:
        raise impossible(_SPENT_BEFORE_ATTACHED)
    owner = method.json["customer"]
    if owner is not None and owner != customer:
        raise impossible("The payment method you provided has already been attached to a customer.")
    decline = visit.decline or held(method).magic.at_attach
    if owner is None and decline is not None:
        raise declined(decline, None)


def give(visit: Visit, method: Kept, customer: str) -> Kept:
    """Attach a PaymentMethod to a Customer; do nothing if the Customer has it."""
    if method.json["customer"] != customer:
        checked(visit.account, method)
        visit.emit("payment_method.attached", visit.account.change(method, customer=customer))
    return method


def let_go(visit: Visit, method: Kept) -> JSON:
    """Detach a PaymentMethod from its Customer."""
    before = method.json
    method.spent = True
    after = visit.account.change(method, customer=None)
    sources.no_default(visit.account, before["customer"], method.id)
    visit.emit("payment_method.detached", after, before)
    return after
