"""What happened on the account, and how Stripe shows it as events."""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs

from ..language.wire import API_VERSION, JSON, nested

LIMIT = 10_000
"""How many happenings are kept. Stripe keeps its events for 30 days."""


@attrs.define
class Cause:
    """The request behind an event; both fields are None if there was no request."""

    request_id: str | None = None
    idempotency_key: str | None = attrs.field(default=None, repr=False)


NO_REQUEST = Cause()


@attrs.define
class Happening:
    """Something that happened to an object.

    The JSON of an object is replaced, never changed. So it serves as the event's
    snapshot, and the event's own JSON is built only when somebody reads it.
    """

    id: str
    type: str
    created: int
    about: JSON = attrs.field(repr=False)
    before: JSON | None = attrs.field(repr=False)
    cause: Cause
    serial: int = 0

    def event(self, pending: int = 1) -> JSON:
        """Return the event as Stripe shows it.

        Args:
            pending: The number of webhook endpoints that have not received it yet.
        """
        data = {"object": self.about}
        if self.before is not None:
            data["previous_attributes"] = _difference(self.before, self.about)
        return {
            "id": self.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": self.created,
            "data": data,
            "livemode": False,
            "pending_webhooks": pending,
            "request": {"id": self.cause.request_id, "idempotency_key": self.cause.idempotency_key},
            "type": self.type,
        }


class Record:
    """The latest happenings."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: deque[Happening] = deque(maxlen=LIMIT)

    def add(self, happening: Happening) -> None:
        """Add a happening, and number it."""
        self.count += 1
        happening.serial = self.count
        self._kept.append(happening)

    def since(self, count: int = 0) -> list[Happening]:
        """List the happenings after the first `count`, oldest first.

        Happenings that are no longer kept are left out.
        """
        new = min(self.count - count, len(self._kept))
        return list(self._kept)[len(self._kept) - new :]


def _difference(before: JSON, now: JSON) -> JSON:
    """Return the old values of what changed.

    Of a mapping, only the changed keys are returned; a list is returned whole.
    """
    changed: JSON = {}
    for name in {**before, **now}:
        old: Any = before.get(name)
        new: Any = now.get(name)
        if old != new:
            changed[name] = _difference(old, new) if nested(old) and nested(new) else old
    return changed
