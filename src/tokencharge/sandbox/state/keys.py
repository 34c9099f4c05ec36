"""Idempotency keys: reserved, answered, replayed, and forgotten after a day."""

from __future__ import annotations

import attrs

from ..language.refusals import Refusal
from ..language.wire import JSON, Request, decode_body

LIFETIME = 24 * 3600.0


@attrs.frozen
class Answer:
    """An answer as it is saved: what it says, and which request first got it.

    The body is kept as it was before it was encoded: most of it is shared with the objects
    themselves, so that an answer costs little to keep.
    """

    status: int
    body: JSON = attrs.field(repr=False)
    request_id: str


@attrs.define
class Use:
    """The use of a key, by the request that reserved it.

    What was sent is kept as it came, which costs little, and read where it is sent again.
    """

    slot: tuple[str, str]
    path: str
    sent: bytes = attrs.field(repr=False)
    since: float
    answer: Answer | None = None


class Keys:
    """The keys of one account in one mode."""

    def __init__(self) -> None:
        self._uses: dict[tuple[str, str], Use] = {}

    def reserve(self, key: str, request: Request, now: float, *, in_flight_first: bool, by_path: bool) -> Use:
        """Reserve a key for a request, or return its use, answered, by the same request before.

        Raises:
            Refusal: The key belongs to another request, or to one that is being answered now.
        """
        if len(key) > 255:
            raise Refusal(400, "Idempotency keys can have up to 255 characters.")
        path = request.path
        slot = (key, path if by_path else "")
        use = self._uses.get(slot)
        if use is None or (use.answer is not None and now - use.since >= LIFETIME):
            use = self._uses[slot] = Use(slot, path, request.body, now)
            return use
        if use.answer is None and in_flight_first:
            raise in_use(key)
        another = f"Try using a key other than '{key}' if you meant to execute a different request."
        if use.path != path:
            raise Refusal(
                400,
                "Keys for idempotent requests can only be used for the same endpoint they were first"
                f" used for ('{use.path}' vs '{path}'). {another}",
                kind="idempotency_error",
            )
        if decode_body(use.sent) != request.form:
            raise Refusal(
                400,
                "Keys for idempotent requests can only be used with the same parameters they were"
                f" first used with. {another}",
                kind="idempotency_error",
            )
        if use.answer is None:
            raise in_use(key)
        return use

    def release(self, use: Use) -> None:
        """Forget a key: its request was never begun."""
        del self._uses[use.slot]


def in_use(key: str) -> Refusal:
    """Build the 409 for a key whose first request is still being answered."""
    return Refusal(
        409,
        "There is currently another in-progress request using this Idempotent Key (that probably means"
        " you submitted twice, and the other request is still going through):"
        f" {key}. Please try again later.",
        code="idempotency_key_in_use",
    )
