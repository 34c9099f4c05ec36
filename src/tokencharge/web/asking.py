"""Asking the host: for the order to pay, for the gateway to charge with; what is wrong with either is said at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import iscoroutine, iscoroutinefunction, signature
from typing import Any

from ..errors import ConfigurationError
from ..gateway import Gateway
from ..order import Order

_NOTHING: Mapping[str, Any] = {}


def _plainly(function: Callable[..., Any], *args: Any, **captured: Any) -> Any:
    return function(*args, **captured)


def ask(
    function: Callable[..., Any],
    what: str,
    args: tuple[Any, ...] = (),
    captured: Mapping[str, Any] = _NOTHING,
    call: Callable[..., Any] = _plainly,
) -> Any:
    """Call a function of the host's.

    Args:
        function: What to call.
        what: How to name it to its author.
        args: What the adapter has to give.
        captured: What the URL has captured.
        call: Calls it; one that may be async, say.

    Raises:
        ConfigurationError: It takes other arguments.
    """
    try:
        signature(function).bind(*args, **captured)
    except TypeError:
        given = [type(each).__name__ for each in args] + list(captured)
        raise ConfigurationError(
            f"{what} takes other arguments than it is called with: let it take {', '.join(given) or 'none'}."
        ) from None
    except ValueError:  # one that does not tell what it takes
        pass
    return call(function, *args, **captured)


def ask_for_order(
    function: Callable[..., Any],
    args: tuple[Any, ...] = (),
    captured: Mapping[str, Any] = _NOTHING,
    call: Callable[..., Any] = _plainly,
) -> Order:
    """Ask the host for the order to pay, as `ask` does.

    Raises:
        ConfigurationError: What it returns is none, or it takes other arguments.
        InvalidInput: The order cannot be right: it was made in there.
    """
    order = ask(function, "The order function", args, captured, call)
    if isinstance(order, Order):
        return order
    if iscoroutine(order):
        order.close()
        raise ConfigurationError(
            "The order function is async, and this adapter calls plain functions: write def."
        )
    said = "None" if order is None else f"a {type(order).__name__}"
    raise ConfigurationError(
        f'The order function returned {said}: return an Order, as Order(Money(500, "usd")).'
    )


def check_gateway(gateway: Any, *, awaited: bool) -> Any:
    """Check that a gateway is of the kind an adapter drives, before it charges with it.

    Raises:
        ConfigurationError: It is the other kind, or none.
    """
    charge = getattr(gateway, "charge", None)
    if charge is None:
        raise ConfigurationError(
            f"A gateway charges; {type(gateway).__name__} does not: make a {_KINDS[awaited]}."
        )
    if iscoroutinefunction(charge) != awaited:
        raise ConfigurationError(
            f"This adapter needs the other kind of gateway: make a {_KINDS[awaited]}."
        )
    return gateway


_KINDS = {False: "PaymentGateway", True: "AsyncPaymentGateway"}


def is_gateway(given: object) -> bool:
    """Tell a gateway from a function that returns one."""
    return isinstance(given, Gateway) or not callable(given)


def no_order(*request: object, **captured: object) -> Order:
    """Stand in for the order function that a site has not registered."""
    raise RuntimeError(
        "There is no order to pay: decorate the function that returns it with @payments.order."
    )
