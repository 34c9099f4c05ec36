"""The host's hooks: functions that are added as decorators."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

logger = logging.getLogger("tokencharge")


class Hooks(list[Callable[[Any], object]]):
    """Hooks, which are called in this order.

    Calling it adds a hook, as a decorator: `@payments.on_payment`.
    """

    def __call__(self, hook: F) -> F:
        """Add a hook."""
        self.append(hook)
        return hook


def tell(hooks: Iterable[Callable[[Any], object]], news: object, *ids: str | None) -> None:
    """Call each hook; if one raises, log its error and call the others."""
    for hook in hooks:
        try:
            hook(news)
        except Exception:
            # The money has moved or has not, whatever the host does. The log says what
            # the hook missed, so that the host can make up for it.
            logger.exception("A payment hook failed (charge %s, customer %s, order %s).", *ids)
