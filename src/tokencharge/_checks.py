"""Checks before anything is sent: each returns the value or raises one sentence.

No message repeats the value: in the wrong place it may be a card number or a key.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeGuard

from ._secrets import is_card_number, is_key
from .errors import InvalidInput
from .money import Money, granularity

_TOKEN = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)
_METHOD = re.compile(r"pm_|ctoken_")
_INTENT = re.compile(r"pi_|seti_")
_SAVED_CARD = re.compile(r"pm_|card_|src_")
_ATTEMPT = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f<>]+@[^@\s\x00-\x1f\x7f<>]+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SUFFIX = re.compile(r"(?:(?![<>\\'\"*])[ -~]){1,22}")
_IDEMPOTENCY_KEY = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")
_REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")

# Real tokens go on with a digit, since 2013: tok_1N3... Stripe's test tokens go on with
# a word.
_TEST_TOKEN = re.compile(r"tok_[A-Za-z]")

_CLOCKS_DIFFER = 300.0  # seconds

COLLECTED = ("name", "phone", "billing_address", "shipping_address")
"""What a page can ask the buyer for besides the e-mail."""

RESERVED_METADATA = "tokencharge"
"""The metadata name that marks this library's own charges."""


def token(value: object) -> str:
    """Check what pays: `tok_...`, `pm_...` or `ctoken_...`, as Stripe.js makes them."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(
            "The token is missing: post the id that Stripe.js returned for the card.", param="token"
        )
    if is_card_number(value):
        raise InvalidInput(
            "A card number was given where a token belongs: "
            "card numbers must never reach your server, let Stripe.js turn them into a token.",
            param="token",
        )
    if is_key(value):
        raise InvalidInput(
            "An API key was given where a token belongs: "
            "post the id that Stripe.js returned for the card.",
            param="token",
        )
    if _INTENT.match(value):
        raise InvalidInput(
            "This is an intent, no card: give a token (tok_), payment method (pm_) or ctoken_.",
            param="token",
        )
    if not _TOKEN.fullmatch(value):
        raise InvalidInput(
            "The token has characters no token has, or is too long: "
            "pass it on as Stripe.js returned it.",
            param="token",
        )
    return value


def is_for_intents(value: str) -> bool:
    """Tell whether it is a payment method or a confirmation token.

    Only a PaymentIntent takes these. Anything else is a card token.
    """
    return _METHOD.match(value) is not None


def is_confirmation_token(value: str) -> bool:
    """Tell whether it is a confirmation token, not a payment method."""
    return value.startswith("ctoken_")


def is_test_token(value: str) -> bool:
    """Tell whether it is one of Stripe's reusable test tokens, such as tok_visa.

    Other tokens are single-use. This is for test mode only.
    """
    return _TEST_TOKEN.match(value) is not None


def email(value: object) -> str:
    """Check an e-mail address as far as Stripe does.

    It is something@something, with at most 512 characters.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput("The e-mail is missing: ask the buyer for it.", param="email")
    if len(value) > 512:
        raise InvalidInput(
            "The e-mail is longer than the 512 characters Stripe takes.", param="email"
        )
    if not _EMAIL.fullmatch(value) or not _is_text(value):
        raise InvalidInput(
            "The e-mail is not an address: it needs one @ with text on both sides, and no spaces.",
            param="email",
        )
    return value


def line(value: object, param: str, most: int) -> str | None:
    """Check one line of a name or an address.

    Return it without white space around it; None if nothing is left.
    """
    if value is None:
        return None
    if not _is_text(value) or _CONTROL.search(value):
        raise InvalidInput(f"The {_spoken(param)} is no text of one line.", param=param)
    text = value.strip()
    if len(text) > most:
        raise InvalidInput(
            f"The {_spoken(param)} is longer than the {most:,} characters Stripe takes.",
            param=param,
        )
    if param != "phone" and is_card_number(text):
        raise InvalidInput(
            f"A card number was given where the {_spoken(param)} belongs.", param=param
        )
    return text or None


def _spoken(param: str) -> str:
    return param.replace("_", " ")


def country(value: str | None) -> str | None:
    """Check a country: two letters of ISO 3166-1 alpha-2; return them in capitals."""
    if value is not None and not re.fullmatch("[A-Za-z]{2}", value):
        raise InvalidInput(
            "A country is two letters, such as FR: ISO 3166-1 alpha-2.", param="country"
        )
    return None if value is None else value.upper()


def phone(value: str | None) -> None:
    """Check a phone number: it has at most 15 digits (ITU-T E.164).

    With a prefix of 00 it has two more.
    """
    if value is None:
        return
    digits = "".join(each for each in value if each.isdecimal())
    if len(digits.removeprefix("00")) > 15:
        raise InvalidInput("The phone number has more than 15 digits.", param="phone")


def collect(value: object) -> tuple[str, ...]:
    """Check what a page asks the buyer for: some of `COLLECTED`."""
    asked = None if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    if asked is None or any(each not in COLLECTED for each in asked):
        raise InvalidInput(
            f"What a page collects is a list of some of {', '.join(COLLECTED)}.", param="collect"
        )
    return tuple(each for each in COLLECTED if each in asked)


def amount(value: object) -> Money:
    """Check an amount to charge, capture or refund.

    It is Money above zero that Stripe can count.
    """
    if not isinstance(value, Money):
        raise InvalidInput(
            f"An amount is Money, not {type(value).__name__}: "
            'write Money(500, "usd") or Money.of("5.00", "usd").',
            param="amount",
        )
    if value.minor == 0:
        raise InvalidInput(
            "The amount is zero: there is nothing to charge or give back.", param="amount"
        )
    unit = granularity(value.currency)
    if value.minor % unit:
        raise InvalidInput(
            f"{value.currency.upper()} amounts are multiples of {unit} minor units: "
            "round the amount.",
            param="amount",
        )
    return value


def same_currency(charged: Money, value: Money | None) -> None:
    """Refuse an amount in another currency than the charge's.

    Stripe gets only the number.
    """
    if value is not None and charged.currency != value.currency:
        raise InvalidInput(
            f"The charge is in {charged.currency.upper()}, the amount in {value.currency.upper()}: "
            "give the amount in the charge's currency."
        )


def order_id(value: object) -> str:
    """Check an order_id: your own name for the purchase, unique within the account."""
    if not isinstance(value, str):
        raise InvalidInput(
            f"An order_id is text, not {type(value).__name__}: write str(order.id).",
            param="order_id",
        )
    if not value or value != value.strip() or not value.isprintable():
        raise InvalidInput(
            "The order_id is empty, or has spaces around it or control characters in it.",
            param="order_id",
        )
    if len(value) > 500:
        raise InvalidInput(
            "The order_id is longer than the 500 characters of a Stripe metadata value.",
            param="order_id",
        )
    if not unicodedata.is_normalized("NFC", value):
        raise InvalidInput(
            'The order_id is not in Unicode form NFC: pass unicodedata.normalize("NFC", order_id).',
            param="order_id",
        )
    return value


def began(value: object) -> datetime | None:
    """Check when an order began.

    It has a time zone. It is not in the future, except for clocks that differ.
    """
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InvalidInput(
            f"began is a datetime, not {type(value).__name__}: when the shop made the order.",
            param="began",
        )
    if value.utcoffset() is None:
        raise InvalidInput(
            "began has no time zone: give an aware datetime, such as datetime.now(timezone.utc).",
            param="began",
        )
    if value.timestamp() - time.time() > _CLOCKS_DIFFER:
        raise InvalidInput(
            "began is in the future: give the moment when the shop made the order.", param="began"
        )
    return value


def object_id(value: object, what: str) -> str:
    """Check the id of one of Stripe's objects.

    An empty id would reach the list instead of the object.
    """
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"The {what} id is missing: pass the id Stripe gave it.", param="id")
    if (
        len(value) > 255
        or not value.isascii()
        or not value.isprintable()
        or re.search(r"[\s/?#]", value)
    ):
        raise InvalidInput(
            f"The {what} id has characters no id has, or is too long: pass it as Stripe gave it.",
            param="id",
        )
    if is_card_number(value) or is_key(value):
        raise InvalidInput(
            f"A card number or an API key was given where the {what} id belongs.", param="id"
        )
    if not value.strip("."):
        raise InvalidInput(
            f"The {what} id is only dots, which lead elsewhere in a URL: "
            "pass it as Stripe gave it.",
            param="id",
        )
    return value


def metadata(value: object) -> dict[str, str]:
    """Check metadata against Stripe's limits: 50 names of 40 characters, values of 500.

    Two of the fifty are reserved for `order_id` and for this library's own mark.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidInput(
            f"Metadata is a mapping of text to text, not {type(value).__name__}.", param="metadata"
        )
    if len(value) > 48:
        raise InvalidInput(
            "Metadata has more than 48 names: Stripe takes 50, and two are kept for the order.",
            param="metadata",
        )
    checked: dict[str, str] = {}
    for name, entry in value.items():
        if not _is_text(name) or not 0 < len(name) <= 40 or "[" in name or "]" in name:
            raise InvalidInput(
                "A metadata name is text of 1 to 40 characters without square brackets.",
                param="metadata",
            )
        if name == RESERVED_METADATA:
            raise InvalidInput(
                f'The metadata name "{RESERVED_METADATA}" '
                "is kept for this library: choose another.",
                param="metadata",
            )
        number = isinstance(entry, int) and not isinstance(entry, bool)
        if not (number or _is_text(entry)) or len(str(entry)) > 500:
            raise InvalidInput(
                "A metadata value is text of at most 500 characters, or an int.", param="metadata"
            )
        checked[name] = str(entry)
    return checked


def order_in_metadata(order_id: str | None, metadata: Mapping[str, str]) -> None:
    """Check that metadata does not name another order."""
    if order_id is not None and metadata.get("order_id", order_id) != order_id:
        raise InvalidInput(
            "The metadata has another order_id than the order_id argument: give it once.",
            param="metadata",
        )


def reusing(reuse_cards: bool, order_id: str | None) -> None:
    """Check that an order that takes saved cards has an order_id.

    A saved card is no token that would tell two purchases apart.
    """
    if reuse_cards and order_id is None:
        raise InvalidInput(
            "reuse_cards needs an order_id: "
            "a saved card pays more than once, and no token tells two purchases apart.",
            param="order_id",
        )


def description(value: object) -> str | None:
    """Check a description: at most 40,000 characters."""
    if value is None or value == "":
        return None
    if not _is_text(value) or len(value) > 40_000:
        raise InvalidInput(
            "A description is text of at most 40,000 characters.", param="description"
        )
    return value


def yes_or_no(value: object, param: str) -> bool:
    """Check a flag: a string or a number would not do what was meant."""
    if not isinstance(value, bool):
        raise InvalidInput(f"{param} is True or False, not {type(value).__name__}.", param=param)
    return value


def save_card(value: object) -> bool:
    """Check whether to save the card."""
    return yes_or_no(value, "save_card")


def reuse_card(value: object) -> bool | None:
    """Check whether to keep the card for the buyer's next visit.

    None means that the buyer was not asked.
    """
    return None if value is None else yes_or_no(value, "reuse_card")


def on_session(value: object) -> bool:
    """Check whether the buyer is present."""
    return yes_or_no(value, "on_session")


def attempt(value: object) -> str | None:
    """Check the name of a try: 1 to 64 letters, digits, hyphens and underscores."""
    if value is not None and (not isinstance(value, str) or not _ATTEMPT.fullmatch(value)):
        raise InvalidInput(
            "An attempt is named by 1 to 64 letters, digits, - and _: secrets.token_urlsafe().",
            param="attempt",
        )
    return value


def saved_card(value: object) -> str:
    """Check the id of a saved card: `pm_...`, `card_...` or `src_...`."""
    if not _SAVED_CARD.match(object_id(value, "card")):
        raise InvalidInput(
            "A saved card is pm_, card_ or src_: to charge a token, send it as the token.",
            param="card",
        )
    return str(value)


def capture(value: object) -> bool:
    """Check whether to capture."""
    return yes_or_no(value, "capture")


def statement_descriptor_suffix(value: object) -> str | None:
    r"""Check a statement suffix: 1 to 22 Latin characters, none of < > \ ' " *.

    At least one is a letter. Stripe refuses digits alone, and other scripts
    (https://docs.stripe.com/get-started/account/statement-descriptors).
    """
    if value is None:
        return None
    if (
        not isinstance(value, str)
        or not _SUFFIX.fullmatch(value)
        or not re.search(r"[A-Za-z]", value)
    ):
        raise InvalidInput(
            "A statement descriptor suffix is text of 1 to 22 unaccented "
            "Latin characters, at least one of them a letter, without < > "
            "\\ ' \" or *: an order number alone needs a word before it.",
            param="statement_descriptor_suffix",
        )
    return value


def refund_reason(value: object) -> str | None:
    """Check a refund's reason: one of Stripe's three."""
    if value is not None and value not in _REFUND_REASONS:
        raise InvalidInput(
            f"A refund's reason is one of {', '.join(_REFUND_REASONS)}, or None.", param="reason"
        )
    return value if isinstance(value, str) else None


def idempotency_key(value: object) -> str:
    """Check a key of the caller's own: 1 to 255 ASCII characters.

    It has no spaces around it: HTTP drops them.
    """
    if not isinstance(value, str) or not _IDEMPOTENCY_KEY.fullmatch(value):
        raise InvalidInput(
            "An idempotency key is 1 to 255 ASCII characters without spaces around them.",
            param="idempotency_key",
        )
    return value


def _is_text(value: object) -> TypeGuard[str]:
    """Tell whether it is text that can be sent; a lone surrogate cannot."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False
