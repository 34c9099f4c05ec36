"""What happened on the account, and the events that Stripe would make of it."""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs

from ..language.wire import API_VERSION, JSON, nested

LIMIT = 10_000
"""How many happenings are remembered; Stripe forgets its events after 30 days."""


@attrs.define
class Cause:
    """The request that makes things happen; nothing of it is known of what happens by itself."""

    request_id: str | None = None
    idempotency_key: str | None = attrs.field(default=None, repr=False)


NO_REQUEST = Cause()


@attrs.define
class Happening:
    """Something that happened to an object.

    Stored objects are never changed, so the object itself is the snapshot that its event shows, and an event costs
    little until somebody looks at it.
    """

    id: str
    type: str
    created: int
    about: JSON = attrs.field(repr=False)
    before: JSON | None = attrs.field(repr=False)
    cause: Cause
    serial: int = 0

    def event(self, pending: int = 1) -> JSON:
        """Describe it as Stripe does, while so many endpoints still wait for it."""
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
    """The happenings of late."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: deque[Happening] = deque(maxlen=LIMIT)

    def add(self, happening: Happening) -> None:
        """Remember what happened."""
        self.count += 1
        happening.serial = self.count
        self._kept.append(happening)

    def since(self, count: int = 0) -> list[Happening]:
        """List what happened after so many other happenings, oldest first, as far as it is remembered."""
        new = min(self.count - count, len(self._kept))
        return list(self._kept)[len(self._kept) - new :]


def _difference(before: JSON, now: JSON) -> JSON:
    """Return what was otherwise: whole lists, but of mappings only the keys that changed."""
    changed: JSON = {}
    for name in {**before, **now}:
        old: Any = before.get(name)
        new: Any = now.get(name)
        if old != new:
            changed[name] = _difference(old, new) if nested(old) and nested(new) else old
    return changed
