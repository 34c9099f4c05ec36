"""The host's hooks: added as decorators, and told the news one by one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

logger = logging.getLogger("tokencharge")


class Hooks(list[Callable[[Any], object]]):
    """Hooks, called in this order; adds one as a decorator: `@payments.on_payment`."""

    def __call__(self, hook: F) -> F:
        """Add a hook."""
        self.append(hook)
        return hook


def tell(hooks: Iterable[Callable[[Any], object]], news: object, *ids: str | None) -> None:
    """Call each hook; an error one raises is logged, and keeps the news from no other."""
    for hook in hooks:
        try:
            hook(news)
        except Exception:
            # The money has moved or not, whatever the host makes of it: what it missed is in the log, to be made good.
            logger.exception("A payment hook failed (charge %s, customer %s, order %s).", *ids)
