"""The sentences of the pages, in the buyer's language.

Templates have them as `say`: `{{ say.checkout }}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import ConfigurationError
from ..languages import LANGUAGES, Language, sentence
from ..results import Card

WORDS: Mapping[str, str] = {
    # Titles and labels.
    "checkout": sentence("Checkout"),
    # Translators: the title of a page with an error message.
    "please_read": sentence("Please read: Checkout"),
    # Translators: a label; what is bought follows.
    "order": sentence("Order"),
    # Translators: a label; an amount follows.
    "total": sentence("Total"),
    # Translators: a label; the fields for a card, or its brand and number follow.
    "card": sentence("Card"),
    "email": sentence("E-mail"),
    # Translators: a label; a person's whole name follows.
    "name": sentence("Full name"),
    "phone": sentence("Phone number"),
    "billing_address": sentence("Billing address"),
    "shipping_address": sentence("Shipping address"),
    # Translators: the first line of an address: usually street and house number.
    "line1": sentence("Address"),
    # Translators: the second line of an address.
    "line2": sentence("Apartment, floor or building"),
    "city": sentence("City"),
    # Translators: a part of a country in addresses: province, prefecture, county.
    "state": sentence("State or province"),
    "postal_code": sentence("Postal code"),
    "country": sentence("Country"),
    # Translators: beside a field for a country's code of two letters.
    "two_letters": sentence("Two letters, such as US"),
    # Translators: the label of a field that may be left empty.
    "optional": sentence("{label} (optional)"),
    "same_as_billing": sentence("Ship to the billing address"),
    "fill_in": sentence("Please fill in this field."),
    "check_field": sentence("Please check this field."),
    # Translators: a label; the amount that was taken follows.
    "charged": sentence("Charged"),
    # Translators: a label; an amount follows that the bank keeps aside. Not taken yet.
    "held": sentence("Held"),
    "brand_ending_in": sentence("{brand} ending in {last4}"),
    # Translators: a card, by the last four digits of its number.
    "ending_in": sentence("ending in {last4}"),
    # The saved cards of a buyer who comes back.
    # Translators: above the choice of a saved card or a new one.
    "pay_with": sentence("Pay with"),
    # Translators: of a card, to its name: "expires 08/2031".
    "expires": sentence("expires {date}"),
    # Translators: of a card that cannot pay any more, to its name: "expired 08/2021".
    "expired": sentence("expired {date}"),
    # Translators: the last of the choices, after the saved cards.
    "new_card": sentence("A new card"),
    # Translators: a box beside a new card; nothing is saved unless it is ticked.
    "keep_card": sentence("Save this card for my next visit"),
    # The form.
    "loading": sentence("Loading the card form…"),
    "pay": sentence("Pay {amount}"),
    # Translators: on a button; the amount is held on the card and not taken yet.
    "authorize": sentence("Authorize {amount}"),
    # Translators: the payment is on its way, please wait.
    "paying": sentence("Paying…"),
    "will_be_held": sentence(
        "Your card is not charged yet: the amount is held on it until the order is confirmed."
    ),
    # Translators: "Stripe" takes the card; a content blocker is a browser's extension.
    "unavailable": sentence(
        "The card form did not load, so you cannot pay here just now. "
        "Check your connection, allow Stripe in your content blocker, and reload the page."
    ),
    "unstarted": sentence(
        "The card form did not start, so you cannot pay here just now. You have not been "
        "charged. Please reload the page, or allow its scripts in your content blocker."
    ),
    "unreadable": sentence(
        "Your card could not be read just now. "
        "This attempt has not charged you. Please try again in a moment."
    ),
    "needs_javascript": sentence(
        "The card form needs JavaScript: your card number goes straight to Stripe "
        "and never through this shop. Please allow JavaScript and reload the page."
    ),
    # A payment whose outcome is open.
    "try_same_card": sentence("Try the same card again"),
    # Translators: whether the payment went through is being looked up, please wait.
    "checking": sentence("Checking…"),
    "check_again": sentence("Check again"),
    "checking_is_safe": sentence("Checking is safe: it never charges you a second time."),
    # The bank asks.
    "waiting_for_bank": sentence("Waiting for your bank…"),
    "no_word_from_bank": sentence(
        "We did not hear from your bank. Check your connection, "
        "allow Stripe in your content blocker, and try again: you will not be charged twice."
    ),
    "confirm_with_bank": sentence("Confirm with your bank"),
    "use_another_card": sentence("Use another card"),
    "bank_needs_javascript": sentence(
        "Confirming with your bank needs JavaScript. "
        "Please allow JavaScript and reload the page: you will not be charged twice."
    ),
    # Paid.
    "you_were_charged": sentence("You've been charged"),
    "thank_you": sentence("Thank you. Your payment went through."),
    # Translators: a title; the amount is held on the card and not taken yet.
    "authorized": sentence("Payment authorized"),
    "is_held": sentence(
        "Your card has not been charged yet. The amount is held on it until the order is confirmed."
    ),
    "seen_before": sentence("This is the same payment as before: you have not paid twice."),
    "charged_amount": sentence("Charged: {amount}"),
    "held_amount": sentence("Held: {amount}"),
    "order_is_paid": sentence("This order is paid."),
    "nothing_left": sentence("Nothing is left to pay."),
    "test_mode": sentence("Test mode: no real money has moved."),
    "view_receipt": sentence("View receipt"),
    "back_to_checkout": sentence("Back to checkout"),
}
"""Each sentence of the pages in English, by its name in templates.

No name is the name of a dict's method.
"""


class Say:
    """The sentences of a page in one language, translated when they are asked for.

    Args:
        language: The language.
        values: The values of the sentences' placeholders on this page.
    """

    def __init__(self, language: Language, **values: object) -> None:
        self._language, self._values = language, values

    def __getitem__(self, name: str) -> str:
        return self._language.say(WORDS[name], **self._values)


def spoken(language: Language, **values: Any) -> dict[str, Any]:
    """Return a template's words: `say`, and the `language` for `lang` and `dir`."""
    return {"say": Say(language, **values), "language": language}


def card_name(card: Card, language: Language) -> str:
    """Return a card's brand and last digits; an empty text if neither is known."""
    brand = (card.brand or "").title()
    if card.last4 is None:
        return brand
    return language.say(
        WORDS["brand_ending_in" if brand else "ending_in"], brand=brand, last4=card.last4
    )


def read_languages(languages: Iterable[str] | None) -> tuple[str, ...]:
    """Read the languages of a site's pages; all of the library's if it names none.

    Raises:
        ConfigurationError: There is none, or one that this library does not have.
    """
    if languages is None:
        return LANGUAGES
    if isinstance(languages, str):
        raise ConfigurationError('Languages are a list: write ["de"].')
    asked = [str(tag) for tag in languages]
    read = [Language.of(tag, ("", *LANGUAGES)).tag for tag in asked]
    if not read or "" in read:
        raise ConfigurationError(
            f"Name some of the languages that this library speaks: {', '.join(LANGUAGES)}."
        )
    return tuple(read)
