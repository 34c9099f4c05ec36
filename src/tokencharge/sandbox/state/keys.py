"""Idempotency keys: reserve, save, replay, and forget after a day."""

from __future__ import annotations

import attrs

from ..language.refusals import Refusal
from ..language.wire import Request, decode_body

LIFETIME = 24 * 3600.0


@attrs.frozen
class Use:
    """The use of a key by a request that has no answer yet.

    The body is kept undecoded, which costs little. It is decoded when the key is used
    again.
    """

    slot: tuple[str, str]
    path: str
    sent: bytes = attrs.field(repr=False)
    since: float


@attrs.frozen
class SavedAnswer:
    """A saved answer.

    Attributes:
        status: The HTTP status.
        body: The body as it is sent.
        request_id: The id of the request that was executed.
    """

    status: int
    body: bytes = attrs.field(repr=False)
    request_id: str


class Keys:
    """The idempotency keys of one account in one mode."""

    def __init__(self) -> None:
        self._in_use: dict[tuple[str, str], Use] = {}
        # Path, body, time and the three parts of the answer. Python's garbage collector
        # does not search plain tuples of plain values, so old answers cost no time.
        self._saved: dict[tuple[str, str], tuple[str, bytes, float, int, bytes, str]] = {}

    def reserve(
        self, key: str, request: Request, now: float, *, in_flight_first: bool, by_path: bool
    ) -> Use | SavedAnswer:
        """Reserve a key for a request, or return the saved answer of the same request.

        Raises:
            Refusal: The key belongs to another request, or is in use at this moment.
        """
        if len(key) > 255:
            raise Refusal(400, "Idempotency keys can have up to 255 characters.")
        path = request.path
        slot = (key, path if by_path else "")
        saved = self._saved.get(slot)
        if saved is not None and now - saved[2] >= LIFETIME:
            del self._saved[slot]
            saved = None
        use = self._in_use.get(slot)
        if saved is not None:
            used_for, sent = saved[:2]
        elif use is not None:
            if in_flight_first:
                raise in_use(key)
            used_for, sent = use.path, use.sent
        else:
            use = self._in_use[slot] = Use(slot, path, request.body, now)
            return use
        another = f"Try using a key other than '{key}' if you meant to execute a different request."
        if used_for != path:
            raise Refusal(
                400,
                "Keys for idempotent requests can only be used for the same endpoint they were"
                f" first used for ('{used_for}' vs '{path}'). {another}",
                kind="idempotency_error",
            )
        if decode_body(sent) != request.form:
            raise Refusal(
                400,
                "Keys for idempotent requests can only be used with the same parameters they were"
                f" first used with. {another}",
                kind="idempotency_error",
            )
        if saved is None:
            raise in_use(key)
        return SavedAnswer(*saved[3:])

    def save(self, use: Use, answer: SavedAnswer) -> None:
        """Save the answer under the key, to replay it when the request is repeated."""
        del self._in_use[use.slot]
        self._saved[use.slot] = (
            use.path,
            use.sent,
            use.since,
            answer.status,
            answer.body,
            answer.request_id,
        )

    def release(self, use: Use) -> None:
        """Forget the key of a request whose answer is not saved."""
        del self._in_use[use.slot]


def in_use(key: str) -> Refusal:
    """Return the refusal of a key whose first request has no answer yet: 409."""
    return Refusal(
        409,
        "There is currently another in-progress request using this Idempotent Key (that probably"
        " means you submitted twice, and the other request is still going through):"
        f" {key}. Please try again later.",
        code="idempotency_key_in_use",
    )
