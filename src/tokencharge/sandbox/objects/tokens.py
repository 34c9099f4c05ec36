"""Tokens: a card becomes a token, and a token is spent."""

from __future__ import annotations

import re
import time

from ..language.refusals import card_refused, impossible, invalid, missing
from ..language.wire import JSON
from ..shapes import bodies
from ..shapes.cards import MagicCard
from ..shapes.magic import TOKENS, with_number
from ..state.account import Account, HeldCard, Token
from . import forms

CREATE = forms.Form(
    "card",
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
)
GET = forms.Form()


def create(account: Account, params: JSON) -> JSON:
    """Turn a card into a token, as Stripe.js does."""
    name = account.new_id("tok_1", 23)
    held = read(account, params["card"])
    json = {
        "id": name,
        "object": "token",
        "card": held.json,
        "client_ip": "127.0.0.1",
        "created": int(account.now()),
        "livemode": False,
        "type": "card",
        "used": False,
    }
    account.tokens[name] = Token(json, held)
    return json


def get(account: Account, params: JSON, name: str) -> JSON:
    """Look at a token."""
    if name not in account.tokens:
        raise missing("token", name)
    return account.tokens[name].json


def find(account: Account, name: str, param: str = "source") -> Token:
    """Return the token a request names; a magic one stands for a new card at each use.

    Raises:
        Refusal: It is unknown, or used.
    """
    magic = TOKENS.get(name)
    if magic is not None:
        year = time.gmtime(account.now()).tm_year + 1
        return Token({}, hold(account, magic, 12, year, {}))
    token = account.tokens.get(name)
    if token is None:
        if not re.fullmatch(r"\w+", name):
            raise impossible(f"Invalid token id: {name}", param)
        raise missing("token", name, param)
    if token.json["used"]:
        message = f"You cannot use a Stripe token more than once: {name}."
        raise impossible(message, code="token_already_used")
    return token


def as_source(account: Account, name: str) -> Token:
    """Return the token that a Customer's or a Charge's `source` names.

    Raises:
        Refusal: It is unknown or used, or the account takes none there.
    """
    if account.rules.card_tokens:
        return find(account, name)
    raise invalid(
        "Card Token usage on the Customers API and Charges API has reached end of life. In order to continue processing"
        " your payments, you will need to use the Payment Intents and Payment Methods API. Read more about what you"
        " should do here: https://docs.stripe.com/payments/payment-methods/integration-options. If you need to continue"
        " to use Card Tokens on the Customers and Charges API, enable this functionality in your API policies settings:"
        " https://dashboard.stripe.com/settings/developers/api-policies"
    )


def spend(token: Token) -> None:
    """Use a token up."""
    token.json = {**token.json, "used": True}


def read(account: Account, fields: JSON) -> HeldCard:
    """Make the card object of a card that somebody typed.

    Raises:
        Refusal: It can be seen to be no card.
    """
    number = re.sub(r"[ -]", "", fields["number"])
    month, year = _checked(account, number, fields)
    return hold(account, with_number(number), month, year, fields)


def hold(account: Account, magic: MagicCard, month: int, year: int, fields: JSON) -> HeldCard:
    """Make the card object of a test card."""
    body = bodies.card(account.new_id("card_1", 23), magic, month, year, fields)
    return HeldCard(body, magic)


def _checked(account: Account, number: str, fields: JSON) -> tuple[int, int]:
    """Return month and year of a card, once all that can be checked by looking at it was."""
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
