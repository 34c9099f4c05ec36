"""The host's functions for events and payments.

Each has a name, which is the same in every process.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from ..errors import ConfigurationError
from .kinds import meant

F = TypeVar("F", bound=Callable[..., Any])

TAKEN = ("charge.succeeded", "charge.captured")
"""Stripe's events for money that was taken: at once, or by a capture after a hold."""

_TYPES = re.compile(r"(\w+\.)*(\w+|\*)")


@attrs.frozen
class Handler:
    """A function for events of some types, which the store knows by its name.

    Attributes:
        name: The same in every process, and after a restart.
        types: The types of its events.
        function: Called with the Event; if `paid`, with its Charge.
        paid: It is for payments, and not for events. It is called once for each
            payment, by the page or by a webhook.
    """

    name: str
    types: tuple[str, ...]
    function: Callable[[Any], object]
    paid: bool = False

    def wants(self, kind: str) -> bool:
        """Tell whether a type of event is one of its types."""
        return any(
            kind == each or (each[-1] == "*" and kind.startswith(each[:-1])) for each in self.types
        )


class Handlers:
    """The host's handlers, which are called in this order.

    Calling it adds a handler, as a decorator: `@payments.on("charge.refunded")`.
    """

    def __init__(self) -> None:
        self._all: list[Handler] = []

    def __call__(self, *types: str) -> Callable[[F], F]:
        """Add a function that is called with each Event of some types, once.

        If it raises, Stripe delivers the event again, and it is called again.

        Args:
            types: "charge.refunded"; "charge.*" for all types that begin so; "*" for
                all types.

        Raises:
            ConfigurationError: No type was given, or a value that cannot be a type.

        A type that is unknown and nearly a known one is warned of. It is no error,
        because Stripe may have added it since the installed SDK was released.
        """
        if not types or not all(_TYPES.fullmatch(str(kind)) for kind in types):
            raise ConfigurationError(
                'Say which events a handler is for: "charge.refunded", "charge.*" or "*".'
            )
        for kind in types:
            known = meant(kind)
            if known is not None:
                warnings.warn(
                    f'Stripe is not known to have events "{kind}": "{known}" may be meant.',
                    stacklevel=2,
                )

        def add(function: F) -> F:
            self._all.append(Handler(self._name(function), types, function))
            return function

        return add

    def paid(self, function: F) -> F:
        """Add a function that is called with the Charge of each payment, once.

        It is called after the money is taken. The page calls it when the buyer has
        paid. The webhook calls it if the page did not: the browser or the process was
        gone, the money was held and captured later, or the function raised.
        """
        self._all.append(Handler(self._name(function), TAKEN, function, paid=True))
        return function

    def of(self, kind: str) -> list[Handler]:
        """Return the handlers for events of a type, each once."""
        return list(
            {handler.name: handler for handler in self._all if handler.wants(kind)}.values()
        )

    def _name(self, function: Callable[..., Any]) -> str:
        """Return a name that is the same in every process, and after a restart."""
        said = getattr(function, "__qualname__", type(function).__qualname__)
        name = f"{getattr(function, '__module__', None)}.{said}"
        namesakes = {
            handler.name: handler.function
            for handler in self._all
            if handler.name.split("#")[0] == name
        }
        for known, other in namesakes.items():
            if other == function:
                return known
        return f"{name}#{len(namesakes) + 1}" if namesakes else name
