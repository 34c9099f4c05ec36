"""Tokens: create one from a card, find it, spend it."""

from __future__ import annotations

import re
import time
from typing import Any

import attrs

from ..language.kinds import Kind
from ..language.refusals import against_policy, card_refused, impossible, invalid, missing
from ..language.wire import JSON
from ..shapes import bodies
from ..shapes.cards import HeldCard, MagicCard
from ..shapes.magic import TOKENS, with_number
from ..state.account import Account, Visit
from ..state.shelf import Kept
from . import forms

CREATE = forms.Form(
    card=forms.Form(
        "number",
        "exp_month",
        "exp_year",
        number=forms.words(),
        exp_month=forms.words(),
        exp_year=forms.words(),
        cvc=forms.words(empty=True),
        name=forms.words(empty=True),
        address_line1=forms.words(empty=True),
        address_line2=forms.words(empty=True),
        address_city=forms.words(empty=True),
        address_state=forms.words(empty=True),
        address_zip=forms.words(empty=True),
        address_country=forms.words(empty=True),
        currency=forms.words(empty=True),
    ),
    # A wallet's version of a card, as Stripe's own SDK for iOS sends it.
    pk_token=forms.words(limit=20_000),
    pk_token_instrument_name=forms.words(),
    pk_token_payment_network=forms.words(),
    pk_token_transaction_id=forms.words(),
    # Stripe.js and old clients send these as well.
    key=forms.words(),
    payment_user_agent=forms.words(),
)


def create(visit: Visit, params: JSON) -> JSON:
    """Turn a card into a token, as Stripe.js does.

    The card may come from a wallet. In test mode, that is a test card.
    """
    account = visit.account
    if "pk_token" in params:
        held = hold_magic(account, TOKENS["tok_visa"], wallet="apple_pay")
    elif "card" in params:
        held = read(account, params["card"])
    else:
        raise forms.missing_param("card")
    body = {
        "card": bodies.token_card(held.json, public=visit.public),
        "client_ip": "127.0.0.1",
        "type": "card",
        "used": False,
    }
    return account.add(Kind.TOKEN, account.new_id("tok_1", 23), body, card=held).json


@attrs.frozen
class Found:
    """A token that a request names: its card, and the object to spend.

    A magic token has nothing to spend.
    """

    card: HeldCard
    token: Kept | None

    def spend(self, account: Account) -> None:
        """Spend the token."""
        if self.token is not None:
            account.change(self.token, used=True)


def find(account: Account, name: str, param: str) -> Found:
    """Return the token that a request names; a magic one is a new card at each use.

    Raises:
        Refusal: The token is unknown or used.
    """
    magic = TOKENS.get(name)
    if magic is not None:
        return Found(hold_magic(account, magic), None)
    token = account.get(Kind.TOKEN, name)
    if token is None or token.card is None:
        if not re.fullmatch(r"\w+", name):
            raise impossible(f"Invalid token id: {name}", param)
        raise missing(Kind.TOKEN, name, param)
    if token.json["used"]:
        message = f"You cannot use a Stripe token more than once: {name}."
        raise impossible(message, code="token_already_used")
    return Found(token.card, token)


_PARTS = {part for name in TOKENS for part in name.split("_")}


def check_shape(name: str) -> None:
    """Check the shape of a token for a PaymentMethod, before it is looked up.

    Raises:
        Refusal: It is not a token, or it is a misspelt magic one.
    """
    if not name.startswith("tok_"):
        raise invalid(f"Invalid token id: {name}", "token")
    parts = name.split("_")
    wrong = [part for part in parts if part not in _PARTS]
    # A token that was created is `tok_` and one long word.
    if wrong and (len(parts) > 2 or len(name) < 20):
        raise invalid(f"There is a part of the token that is not valid: '{wrong[0]}'.", "token")


def source(name: str, value: Any) -> str:
    """Read a parameter that names a token or a card; old clients call it `card`."""
    if not isinstance(value, str) or not value:
        raise invalid(
            "Invalid source object: must be a dictionary or a non-empty string."
            " See API docs at https://stripe.com/docs'",
            name,
        )
    return value


def sourced(params: JSON) -> tuple[str, str] | None:
    """Take `source`, or its older name `card`, out of the parameters.

    Returns:
        The name that was used and the value; None if neither is there.
    """
    given = [(name, params.pop(name)) for name in ("source", "card") if name in params]
    return given[0] if given else None


def check_policy(account: Account) -> None:
    """Check that the account takes card tokens at Customers and Charges.

    Raises:
        Refusal: The account does not.
    """
    if account.rules.card_tokens:
        return
    raise against_policy(
        "Card Token usage on the Customers API and Charges API has reached end of life. In order"
        " to continue processing your payments, you will need to use the Payment Intents and"
        " Payment Methods API. Read more about what you should do here:"
        " https://docs.stripe.com/payments/payment-methods/integration-options. If you need to"
        " continue to use Card Tokens on the Customers and Charges API, enable this functionality"
        " in your API policies settings:"
        " https://dashboard.stripe.com/settings/developers/api-policies"
    )


def read(account: Account, fields: JSON) -> HeldCard:
    """Make the card object of a typed card.

    Raises:
        Refusal: The card is visibly invalid.
    """
    number = re.sub(r"[ -]", "", fields["number"])
    month, year = _checked(account, number, fields)
    return _hold(account, with_number(number), month, year, fields, cvc=bool(fields.get("cvc")))


def hold_magic(account: Account, magic: MagicCard, *, wallet: str | None = None) -> HeldCard:
    """Make a new card object of a test card.

    It expires in the same month of the next year.
    """
    today = time.gmtime(account.now())
    fields = {} if wallet is None else {"tokenization_method": wallet}
    return _hold(account, magic, today.tm_mon, today.tm_year + 1, fields, cvc=wallet is None)


def _hold(
    account: Account, magic: MagicCard, month: int, year: int, fields: JSON, *, cvc: bool
) -> HeldCard:
    body = bodies.card(account.new_id("card_1", 23), magic, month, year, fields, cvc=cvc)
    return HeldCard(body, magic)


def _checked(account: Account, number: str, fields: JSON) -> tuple[int, int]:
    """Check a card without asking its bank; return its month and year of expiry."""
    if not re.fullmatch(r"[0-9]{12,19}", number):
        message = "The card number is not a valid credit card number."
        raise card_refused(message, "invalid_number", "number")
    if not _luhn(number):
        raise card_refused("Your card number is incorrect.", "incorrect_number", "number")
    today = time.gmtime(account.now())
    month = int(fields["exp_month"]) if re.fullmatch("[0-9]{1,2}", fields["exp_month"]) else 0
    if not 1 <= month <= 12:
        message = "Your card's expiration month is invalid."
        raise card_refused(message, "invalid_expiry_month", "exp_month")
    year = int(fields["exp_year"]) if re.fullmatch("[0-9]{2}|20[0-9]{2}", fields["exp_year"]) else 0
    year += 2_000 if 0 < year < 100 else 0
    if not (today.tm_year, today.tm_mon) <= (year, month) <= (today.tm_year + 50, 12):
        message = "Your card's expiration year is invalid."
        raise card_refused(message, "invalid_expiry_year", "exp_year")
    if not re.fullmatch("([0-9]{3,4})?", fields.get("cvc") or ""):
        raise card_refused("Your card's security code is invalid.", "invalid_cvc", "cvc")
    return month, year


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[::2] + [digit * 2 - 9 * (digit > 4) for digit in digits[1::2]]) % 10 == 0
