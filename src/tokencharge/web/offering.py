"""The saved cards that a page offers to a buyer who is logged in as a Customer."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from ..errors import TokenChargeError
from ..languages import Language
from ..order import Order
from ..results import Card
from .words import WORDS, card_name

logger = logging.getLogger("tokencharge")


def _each_once(cards: Iterable[Card]) -> list[Card]:
    """Leave out cards that were saved more than once.

    Such cards have the same number and expiry. The newest is kept, unless another is
    the default card.
    """
    seen: dict[object, Card] = {}
    for card in cards:
        same = card.fingerprint and (card.fingerprint, card.exp_month, card.exp_year)
        known = seen.setdefault(same or card.id, card)
        if card.is_default and not known.is_default:
            seen[same or card.id] = card
    return [*seen.values()]


@attrs.define
class Offer:
    """Saved cards for a page.

    If there is a `customer`, set `cards` to what the gateway's `cards` returns for it.

    Attributes:
        customer: The Customer whose cards are offered; None if none are.
        cards: What the page offers, newest first.
    """

    customer: str | None = None
    cards: Sequence[Card] = attrs.field(factory=list[Card], converter=_each_once)

    def chosen(self, before: str | None) -> str | None:
        """Return the card that is chosen when the page is shown; None for a new card.

        Args:
            before: The buyer's earlier choice, empty for a new card; None if there was
                none.
        """
        good = [card for card in self.cards if not card.is_expired]
        if before is not None:
            return next((card.id for card in good if card.id == before), None)
        return next((card.id for card in sorted(good, key=lambda card: not card.is_default)), None)


@contextmanager
def offering(order: Order, *, wanted: bool = True) -> Iterator[Offer]:
    """List saved cards inside the block.

    If that fails, the page takes a new card, and the log says why.

    Args:
        order: What is to be paid.
        wanted: Whether the page that will be shown has room for them.
    """
    customer = order.customer if wanted and order.offers_cards and not order.paid else None
    try:
        yield Offer(None if customer is None else str(customer))
    except TokenChargeError as error:
        logger.warning("The saved cards of %s cannot be offered: %s", customer, error)


def describe_cards(cards: Iterable[Card]) -> list[dict[str, Any]]:
    """Describe saved cards as JSON."""
    return [
        {
            "id": card.id,
            "brand": card.brand,
            "last4": card.last4,
            "exp_month": card.exp_month,
            "exp_year": card.exp_year,
            "expired": card.is_expired,
            "default": card.is_default,
        }
        for card in cards
    ]


def shown(order: Order, offer: Offer, language: Language, before: str | None) -> Mapping[str, Any]:
    """Return what the form's template needs to offer saved cards and keep a new one.

    Args:
        order: What is to be paid.
        offer: The saved cards.
        language: The buyer's language.
        before: The buyer's earlier choice, as for `Offer.chosen`.
    """
    chosen = offer.chosen(before)
    return {
        "saved_cards": [
            {
                "id": card.id,
                "name": card_name(card, language),
                "expiry": _expiry(card, language),
                "expired": card.is_expired,
                "chosen": card.id == chosen,
            }
            for card in offer.cards
        ],
        "new_chosen": chosen is None,
        "can_keep": order.reuse_cards and not order.save_card,
        # Each form is one try. Sent twice, it is the same try; another form asks the
        # bank again.
        "attempt": secrets.token_urlsafe(12),
    }


def _expiry(card: Card, language: Language) -> str:
    if card.exp_month is None or card.exp_year is None:
        return ""
    name = "expired" if card.is_expired else "expires"
    return language.say(WORDS[name], date=f"{card.exp_month:02}/{card.exp_year}")
