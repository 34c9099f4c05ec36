"""PaymentMethods: cards to pay PaymentIntents with, and to attach to Customers."""

from __future__ import annotations

import time

from ..language.refusals import impossible, invalid, missing
from ..language.wire import JSON
from ..shapes.cards import declined
from ..shapes.magic import METHODS
from ..state import intent_bodies
from ..state.account import Account, HeldCard
from . import customers, forms, reading, tokens

_ADDRESS = forms.Form(
    city=forms.words(empty=True),
    country=forms.words(empty=True),
    line1=forms.words(empty=True),
    line2=forms.words(empty=True),
    postal_code=forms.words(empty=True),
    state=forms.words(empty=True),
)

CREATE = forms.Form(
    "type",
    "card",
    type=forms.one_of("card"),
    card=forms.Form(
        token=forms.words(),
        number=forms.words(),
        exp_month=forms.words(),
        exp_year=forms.words(),
        cvc=forms.words(empty=True),
    ),
    allow_redisplay=forms.one_of("always", "limited", "unspecified"),
    billing_details=forms.Form(
        address=_ADDRESS,
        email=forms.email,
        name=forms.words(empty=True),
        phone=forms.words(empty=True),
        tax_id=forms.words(empty=True),
    ),
    metadata=forms.metadata,
)
GET = forms.Form()
ATTACH = forms.Form("customer", customer=forms.words(500))
LIST = forms.listing(customer=forms.words(500), type=forms.one_of("card"))
LIST_OF_CUSTOMER = forms.listing(type=forms.one_of("card"))

_SPENT = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a"
    " connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use"
    " a PaymentMethod multiple times, you must attach it to a Customer first."
)
_SPENT_BEFORE_ATTACHED = (
    "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and"
    " may not be used again."
)


def create(account: Account, params: JSON) -> JSON:
    """Make a PaymentMethod of a token, which is spent by that, or of a card's number."""
    return intent_bodies.shown(account, add(account, params, read(account, params, "")))


def read(account: Account, params: JSON, within: str) -> HeldCard:
    """Return the card that the parameters describe; a token they name is spent.

    Args:
        account: Where the token is.
        params: As `CREATE` read them.
        within: The parameter they are nested in, if any.
    """
    card, prefix = params["card"], f"{within}[card]" if within else "card"
    if "token" in card:
        token = tokens.find(account, card["token"], f"{prefix}[token]")
        tokens.spend(token)
        return token.card
    for name in ("number", "exp_month", "exp_year"):
        if name not in card:
            raise invalid(f"Missing required param: {prefix}[{name}].", f"{prefix}[{name}]", "parameter_missing")
    details = params.get("billing_details", {})
    address = details.get("address", {})
    where = {"line1": "line1", "line2": "line2", "city": "city", "state": "state", "postal_code": "zip"}
    fields = {f"address_{short}": address.get(name) for name, short in where.items()}
    return tokens.read(account, {**card, **fields, "name": details.get("name")})


def add(account: Account, params: JSON, held: HeldCard) -> JSON:
    """Store a PaymentMethod of a card."""
    metadata = forms.changed({}, params.get("metadata", {}))
    method = account.add("pm_1", 23, intent_bodies.payment_method(held, {**params, "metadata": metadata}))
    account.methods[method["id"]] = held
    return method


def get(account: Account, params: JSON, name: str) -> JSON:
    """Look at a PaymentMethod."""
    return find(account, name, path=True)


def find(account: Account, name: str, *, path: bool = False) -> JSON:
    """Return a PaymentMethod; a magic one is a new one at each use, a Customer's card can be used as one.

    Raises:
        Refusal: There is none, or it is a token.
    """
    if name in METHODS:
        year = time.gmtime(account.now()).tm_year + 1
        return add(account, {}, tokens.hold(account, METHODS[name], 12, year, {}))
    if name in account.cards:
        return intent_bodies.card_as_method(account, name)
    if name.startswith("tok_"):
        message = (
            "A token may not be passed in as a PaymentMethod. Instead, use payment_method_data with type=card and"
            f" card[token]={name}."
        )
        raise impossible(message, "payment_method")
    if name not in account.objects["payment_method"]:
        raise missing("PaymentMethod", name, "payment_method", path=path)
    return account.objects["payment_method"][name]


def usable(account: Account, method: JSON, customer: str | None) -> JSON:
    """Return a PaymentMethod with which a PaymentIntent of this Customer, or of none, can be paid.

    Raises:
        Refusal: It is used up, or somebody else's.
    """
    name, owner = method["id"], method["customer"]
    if name in account.spent:
        raise impossible(_SPENT, "payment_method")
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


def attach(account: Account, params: JSON, name: str) -> JSON:
    """Attach a PaymentMethod to a Customer, unless the bank objects."""
    method = find(account, name, path=True)
    customer = customers.find(account, params["customer"], "customer")["id"]
    if method["id"] in account.spent:
        raise impossible(_SPENT_BEFORE_ATTACHED)
    if method["customer"] == customer:
        return method
    if method["customer"] is not None:
        raise impossible("The payment method you provided has already been attached to a customer.")
    decline = account.decline or account.methods[method["id"]].magic.at_attach
    if decline is not None:
        raise declined(decline, None)
    return give(account, method, customer)


def give(account: Account, method: JSON, customer: str) -> JSON:
    """Let a Customer have a PaymentMethod."""
    method = account.change(method["id"], customer=customer)
    account.emit("payment_method.attached", method)
    return method


def detach(account: Account, params: JSON, name: str) -> JSON:
    """Take a PaymentMethod from its Customer, for good."""
    method = find(account, name, path=True)
    if method["customer"] is None:
        message = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise impossible(message)
    if name in account.cards:
        customers.remove(account, method["customer"], name)
        return {**method, "customer": None}
    account.spent.add(name)
    detached = account.change(name, customer=None)
    account.emit("payment_method.detached", detached, method)
    return detached


def list_(account: Account, params: JSON) -> JSON:
    """List PaymentMethods, newest first; the cards of a Customer are among those of this Customer."""
    kept = account.objects["payment_method"].values()
    if "customer" not in params:
        return reading.page(list(kept), params, "/v1/payment_methods", "type")
    customer = customers.find(account, params["customer"], "customer")["id"]
    return _page(account, params, customer, "/v1/payment_methods")


def list_of_customer(account: Account, params: JSON, name: str) -> JSON:
    """List the PaymentMethods of a Customer, newest first."""
    customers.find(account, name, "id")
    return _page(account, params, name, f"/v1/customers/{name}/payment_methods")


def held(account: Account, method: JSON) -> HeldCard:
    """Return the card behind a PaymentMethod."""
    name = method["id"]
    return account.methods.get(name) or account.cards[name]


def _page(account: Account, params: JSON, customer: str, url: str) -> JSON:
    cards = [intent_bodies.card_as_method(account, card) for card in account.wallets[customer]]
    methods = [each for each in account.objects["payment_method"].values() if each["customer"] == customer]
    return reading.page([*cards, *methods], params, url, "type")
