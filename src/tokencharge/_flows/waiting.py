"""Wait for another request of the same order or Charge, but not for long."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..errors import OrderInProgress
from .calls import Pause

# A card authorization takes a second or two, and a buyer waits about as long.
PAUSES = (Pause(0.5), Pause(1.0), Pause(2.0))


@attrs.frozen
class Waiting:
    """The pauses of one call.

    Attributes:
        running: What is waited for, as the beginning of an error message.
        step: The step that waits.
    """

    running: str
    step: str
    _pauses: Iterator[Pause] = attrs.field(factory=lambda: iter(PAUSES), init=False)

    def next(self) -> Pause | None:
        """Return the next pause; None after the last."""
        return next(self._pauses, None)

    def pause(self) -> Pause:
        """Return the next pause.

        Raises:
            OrderInProgress: There is none after the last.
        """
        pause = self.next()
        if pause is None:
            raise self.over()
        return pause

    def over(self) -> OrderInProgress:
        """Build the error for a request that still runs after the last pause."""
        return OrderInProgress(
            f"{self.running}, or its outcome is not known yet: call again in a moment.",
            step=self.step,
        )
