"""What a PaymentMethod is, to whoever pays or is paid with one: found, checked, given, used up."""

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
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a"
    " connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use"
    " a PaymentMethod multiple times, you must attach it to a Customer first."
)

_SPENT_BEFORE_ATTACHED = (
    "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and"
    " may not be used again."
)


def read(account: Account, params: JSON, within: str, param: str) -> HeldCard:
    """Return the card that the parameters describe; a token they name is spent.

    Args:
        account: Where the token is.
        params: As the form read them.
        within: The parameter they are nested in, if any.
        param: What an error calls a token that is no good.
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
    """Return the card that `payment_method_data` describes; a token it names is spent."""
    return read(account, data, "payment_method_data", "payment_method_data[card][token]")


def add(account: Account, params: JSON, held: HeldCard) -> Kept:
    """Keep a PaymentMethod of a card."""
    metadata = forms.changed({}, params.get("metadata", {}))
    body = intent_bodies.payment_method(held, {**params, "metadata": metadata})
    return account.add(Kind.PAYMENT_METHOD, account.new_id("pm_1", 23), body, card=held)


def find(account: Account, name: str, param: str | None = None) -> Kept:
    """Return a PaymentMethod; a magic one is a new one at each use, a Customer's card can be used as one.

    Args:
        account: Where it is.
        name: Its id.
        param: The parameter that names it; None if the path does.

    Raises:
        Refusal: There is none, or it is a token.
    """
    if name in METHODS:
        return add(account, {}, tokens.hold_magic(account, METHODS[name]))
    card = account.get(Kind.CARD, name)
    if card is not None:
        return card
    if name.startswith("tok_") and param is not None:
        message = (
            "A token may not be passed in as a PaymentMethod. Instead, use payment_method_data with type=card and"
            f" card[token]={name}."
        )
        raise impossible(message, param)
    return account.find(Kind.PAYMENT_METHOD, name, param)


def shown(method: Kept) -> JSON:
    """Return what Stripe shows of a PaymentMethod, or of a Customer's card as one."""
    if method.kind is Kind.CARD:
        return intent_bodies.card_as_method(held(method), method.created)
    return method.json


def held(method: Kept) -> HeldCard:
    """Return the card behind a PaymentMethod."""
    return cast("HeldCard", method.card)


def checked(account: Account, method: Kept) -> Kept:
    """Note that a bank was asked about a PaymentMethod's card."""
    before = held(method)
    after = before.checked()
    if method.kind is Kind.PAYMENT_METHOD and after is not before:
        method.card = after
        account.change(method, card=intent_bodies.card(after))
    return method


def usable(method: Kept, customer: str | None) -> Kept:
    """Return a PaymentMethod with which a PaymentIntent of this Customer, or of none, can be paid.

    Raises:
        Refusal: It is used up, or somebody else's.
    """
    name, owner = method.id, method.json["customer"]
    if method.spent:
        raise impossible(_SPENT)
    if owner is not None and customer is None:
        message = (
            f"The `payment_method` parameter supplied {name} belongs to the Customer {owner}. Please include the"
            " Customer in the `customer` parameter on the PaymentIntent."
        )
        raise impossible(message, "source", "parameter_missing")
    if owner not in (None, customer):
        message = (
            f"The PaymentMethod {name} does not belong to the Customer you supplied {customer}. Please use this"
            " PaymentMethod with the Customer that it belongs to instead."
        )
        raise impossible(message, "payment_method")
    return method


def accepted(visit: Visit, method: Kept, customer: str | None) -> None:
    """Ask whether a PaymentMethod can be attached to this Customer, or to one that is still to be made.

    Raises:
        Refusal: It cannot: it is used up, somebody else's, or its bank objects.
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
    """Let a Customer have a PaymentMethod; nothing happens if it has it."""
    if method.json["customer"] != customer:
        checked(visit.account, method)
        visit.emit("payment_method.attached", visit.account.change(method, customer=customer))
    return method


def let_go(visit: Visit, method: Kept) -> JSON:
    """Take a PaymentMethod from its Customer."""
    before = method.json
    method.spent = True
    after = visit.account.change(method, customer=None)
    sources.no_default(visit.account, before["customer"], method.id)
    visit.emit("payment_method.detached", after, before)
    return after
