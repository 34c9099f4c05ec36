"""What was typed, to be shown or sent again, however much of it can be read."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import attrs

from ..errors import InvalidInput
from ..order import Order
from .details import typed_in
from .submission import Incoming, is_unclear, read_email, read_fields, read_shown, read_token


@attrs.frozen
class Typed:
    """What a page may show or send again of a submission, however much of it can be read."""

    token: str | None = attrs.field(default=None, repr=False)
    email: str | None = attrs.field(default=None, repr=False)
    shown: str | None = None
    unclear: bool = False
    details: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)

    @classmethod
    def of(cls, incoming: Incoming, order: Order) -> Typed:
        """Read it, as far as the order asks for it."""
        token = email = shown = None
        fields: list[tuple[str, object]] = []
        with suppress(InvalidInput):
            fields = read_fields(incoming)
            email = read_email(fields)
        with suppress(InvalidInput):
            token = read_token(fields)
        with suppress(InvalidInput):
            shown = read_shown(fields)
        return cls(token, email, shown, is_unclear(fields), typed_in(fields, order.collect))


def was_unclear(incoming: Incoming) -> bool:
    """Tell whether a submission was sent before, and its outcome is open."""
    with suppress(InvalidInput):
        return is_unclear(read_fields(incoming))
    return False
