"""PaymentMethods: cards to pay PaymentIntents with, and to attach to Customers."""

from __future__ import annotations

from functools import partial
from typing import cast

from ..language.kinds import Kind
from ..language.refusals import Refusal, Saving, impossible, invalid, missing
from ..language.wire import JSON
from ..shapes import intent_bodies
from ..shapes.cards import HeldCard, declined
from ..shapes.magic import METHODS
from ..state.account import Account, Visit
from ..state.shelf import Kept
from . import forms, reading, sources, tokens

_REDISPLAY = forms.one_of("always", "limited", "unspecified")

_CARD = forms.Form(
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
    card=_CARD,
    allow_redisplay=_REDISPLAY,
    billing_details=forms.billing,
    metadata=forms.metadata,
)


def _not_yet(name: str, value: object) -> object:
    raise invalid(
        "You cannot attach a PaymentMethod to a Customer during PaymentMethod creation. Please instead create the"
        " PaymentMethod and then attach it using the attachment method of the PaymentMethods API."
    )


CREATE = forms.Form(
    "type",
    "card",
    type=forms.one_of("card"),
    card=_CARD,
    allow_redisplay=_REDISPLAY,
    billing_details=forms.billing,
    customer=_not_yet,
    metadata=forms.metadata,
    # What Stripe.js and old clients send beside it.
    key=forms.words(),
    payment_user_agent=forms.words(),
)
UPDATE = forms.Form(
    allow_redisplay=_REDISPLAY,
    billing_details=forms.billing,
    card=forms.Form(exp_month=forms.integer(1), exp_year=forms.integer(1)),
    metadata=forms.metadata,
)
ATTACH = forms.Form(customer=forms.words(500))
LIST = forms.listing(customer=forms.words(500), type=forms.one_of("card"), allow_redisplay=_REDISPLAY)
LIST_OF_CUSTOMER = forms.listing(type=forms.one_of("card"), allow_redisplay=_REDISPLAY)

_SPENT = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a"
    " connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use"
    " a PaymentMethod multiple times, you must attach it to a Customer first."
)
_SPENT_BEFORE_ATTACHED = (
    "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and"
    " may not be used again."
)


def create(visit: Visit, params: JSON) -> JSON:
    """Make a PaymentMethod of a token, which is spent by that, or of a card's number; no bank is asked."""
    made = add(visit.account, params, read(visit.account, params, "", "token"))
    return intent_bodies.shown(made.json, public=visit.public)


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
    where = {"line1": "line1", "line2": "line2", "city": "city", "state": "state", "postal_code": "zip"}
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


def get(visit: Visit, params: JSON, name: str) -> JSON:
    """Look at a PaymentMethod."""
    return shown(find(visit.account, name))


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
    if method.kind is Kind.PAYMENT_METHOD and before.checked() is not before:
        method.card = before.checked()
        account.change(method, card=intent_bodies.card(method.card))
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


def attach(visit: Visit, params: JSON, name: str) -> JSON:
    """Attach a PaymentMethod to a Customer, unless the bank objects."""
    if "customer" not in params:
        raise invalid("Must provide customer or customer_account.", code="parameter_missing")
    method = find(visit.account, name)
    customer = sources.alive(visit.account, params["customer"], "customer")
    accepted(visit, method, customer.id)
    return shown(give(visit, method, customer.id))


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


def update(visit: Visit, params: JSON, name: str) -> JSON:
    """Change what a PaymentMethod of a Customer says."""
    method = find(visit.account, name)
    before = method.json
    if before["customer"] is None or method.kind is Kind.CARD:
        raise impossible("You must save this PaymentMethod to a customer before you can update it.")
    if "metadata" in params:
        params["metadata"] = forms.changed(before["metadata"], params["metadata"])
    if "billing_details" in params:
        params["billing_details"] = {**before["billing_details"], **params["billing_details"]}
    if "card" in params:
        card = held(method)
        method.card = HeldCard({**card.json, **params["card"]}, card.magic)
        params["card"] = {**before["card"], **params["card"]}
    after = visit.account.change(method, **params)
    visit.emit("payment_method.updated", after, before)
    return after


def detach(visit: Visit, params: JSON, name: str) -> JSON:
    """Take a PaymentMethod from its Customer, for good."""
    method = find(visit.account, name)
    before = shown(method)
    if before["customer"] is None:
        message = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise impossible(message)
    if method.kind is Kind.CARD:
        sources.remove(visit, method)
        return {**before, "customer": None}
    return let_go(visit, method)


def let_go(visit: Visit, method: Kept) -> JSON:
    """Take a PaymentMethod from its Customer."""
    before = method.json
    method.spent = True
    after = visit.account.change(method, customer=None)
    owner = visit.account.known(before["customer"])
    settings = owner.json.get("invoice_settings", {})
    if settings.get("default_payment_method") == method.id:
        visit.account.change(owner, invoice_settings={**settings, "default_payment_method": None})
    visit.emit("payment_method.detached", after, before)
    return after


def list_(visit: Visit, params: JSON) -> JSON:
    """List the PaymentMethods of a Customer, newest first; of nobody in particular, none."""
    if "customer" not in params:
        return {"object": "list", "data": [], "has_more": False, "url": "/v1/payment_methods"}
    customer = sources.alive(visit.account, params["customer"], "customer")
    return _page(visit.account, params, customer.id, "/v1/payment_methods")


def list_of_customer(visit: Visit, params: JSON, name: str) -> JSON:
    """List the PaymentMethods of a Customer, newest first; its cards are among them."""
    customer = sources.alive(visit.account, name)
    return _page(visit.account, params, customer.id, f"/v1/customers/{name}/payment_methods")


def get_of_customer(visit: Visit, params: JSON, name: str, method: str) -> JSON:
    """Look at a PaymentMethod of a Customer."""
    sources.alive(visit.account, name)
    found = visit.account.get(Kind.PAYMENT_METHOD, method) or visit.account.get(Kind.CARD, method)
    if found is None:
        raise missing(Kind.PAYMENT_METHOD, method)
    if found.json["customer"] != name:
        raise Refusal(404, "Invalid request", param="customer", saving=Saving.UNKNOWN_ID)
    return shown(found)


def _page(account: Account, params: JSON, customer: str, url: str) -> JSON:
    wanted = {"customer": customer}
    cards = account.shelf(Kind.CARD).candidates(wanted)
    methods = account.shelf(Kind.PAYMENT_METHOD).candidates(wanted)
    rows: list[reading.Row] = [*map(_AsMethod, cards), *methods]
    rows.sort(key=lambda row: row.serial)
    filters: JSON = {name: params[name] for name in ("type", "allow_redisplay") if name in params}

    def cursor(param: str) -> Kept | None:
        return None if param not in params else find(account, params[param], param)

    return reading.page_of(rows, params, url, cursor, partial(_fits, filters))


def _fits(filters: JSON, row: reading.Row) -> bool:
    json = row.shown()
    return all(json[name] == value for name, value in filters.items())


class _AsMethod:
    """A Customer's card in a list of PaymentMethods."""

    def __init__(self, card: Kept) -> None:
        self.id, self.serial, self.created = card.id, card.serial, card.created
        self._card = card

    def shown(self) -> JSON:
        """Return what Stripe shows of it as a PaymentMethod."""
        return shown(self._card)
