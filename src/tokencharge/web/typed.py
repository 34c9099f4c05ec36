"""What was typed, as far as it can be read, to be shown or sent again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import attrs

from ..errors import InvalidInput
from ..order import Order
from .details import typed_in
from .fields import (
    ATTEMPT_FIELD,
    CARD_FIELD,
    EMAIL_FIELDS,
    KEEP_FIELD,
    TOKEN_FIELDS,
    Incoming,
    is_unclear,
    read_attempt,
    read_card,
    read_email,
    read_fields,
    read_keep,
    read_shown,
    read_token,
)


@attrs.frozen
class Typed:
    """What a page may show or send again of a submission, as far as it is readable."""

    token: str | None = attrs.field(default=None, repr=False)
    email: str | None = attrs.field(default=None, repr=False)
    shown: str | None = None
    unclear: bool = False
    details: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    card: str | None = None
    attempt: str | None = None
    keep: bool = False

    @classmethod
    def of(cls, incoming: Incoming, order: Order) -> Typed:
        """Read what the order asks for; also a saved card, if the order takes one."""
        token = email = shown = card = attempt = None
        keep = False
        fields: list[tuple[str, object]] = []
        with suppress(InvalidInput):
            fields = read_fields(incoming)
            email = read_email(fields)
        with suppress(InvalidInput):
            token = read_token(fields)
        with suppress(InvalidInput):
            shown = read_shown(fields)
        with suppress(InvalidInput):
            card = read_card(fields) if order.offers_cards else None
            attempt = read_attempt(fields)
        with suppress(InvalidInput):
            keep = read_keep(fields)
        details = typed_in(fields, order.collect)
        return cls(token, email, shown, is_unclear(fields), details, card, attempt, keep)

    @property
    def pays(self) -> list[tuple[str, str]]:
        """The form fields that pay the same way again.

        There are none if what pays cannot be read.
        """
        if self.card is not None:
            tried = [(ATTEMPT_FIELD, self.attempt)] if self.attempt else []
            return [(CARD_FIELD, self.card), *tried, *self.details.items()]
        if not self.token or not self.email:
            return []
        kept = [(KEEP_FIELD, "1")] if self.keep else []
        return [
            (TOKEN_FIELDS[0], self.token),
            (EMAIL_FIELDS[0], self.email),
            *kept,
            *self.details.items(),
        ]


def was_unclear(incoming: Incoming) -> bool:
    """Tell whether a submission was sent before and its outcome is open."""
    with suppress(InvalidInput):
        return is_unclear(read_fields(incoming))
    return False
