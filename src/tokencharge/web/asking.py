"""Ask the host for the order to pay and for the gateway to charge with.

If either is wrong, an error is raised at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from inspect import iscoroutine, iscoroutinefunction, signature
from typing import Any

from ..errors import ConfigurationError
from ..gateway import Gateway
from ..order import Order

logger = logging.getLogger("tokencharge")

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
    """Call a function of the host.

    Args:
        function: The function.
        what: Its name for an error message.
        args: The arguments that the adapter passes.
        captured: The values that the URL captured.
        call: Calls the function, which may be async, for example.

    Raises:
        ConfigurationError: The function takes other arguments.
    """
    try:
        signature(function).bind(*args, **captured)
    except TypeError:
        given = [type(each).__name__ for each in args] + list(captured)
        raise ConfigurationError(
            f"{what} takes other arguments than it is called with: "
            f"let it take {', '.join(given) or 'none'}."
        ) from None
    except ValueError:  # a function whose signature cannot be read
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
        ConfigurationError: The function returns no order, or takes other arguments.
        InvalidInput: The function made an order that is not valid.
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
    """Check, before a charge, that a gateway is of the kind that an adapter uses.

    Raises:
        ConfigurationError: It is of the other kind, or no gateway.
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


def warn_of_no_page(gateway: Any) -> None:
    """Warn in the log if a gateway lacks the publishable key of the checkout page.

    It is no error: a front end elsewhere may have the key, and post to `/charge`.
    """
    if isinstance(gateway, Gateway) and gateway.settings.publishable_key is None:
        logger.warning(
            "STRIPE_PUBLISHABLE_KEY is not set: the checkout page cannot be shown. "
            "Scripts that post to /charge do not need it here."
        )


_KINDS = {False: "PaymentGateway", True: "AsyncPaymentGateway"}


def is_gateway(given: object) -> bool:
    """Tell whether this is a gateway, and not a function that returns one."""
    return isinstance(given, Gateway) or not callable(given)


def no_order(*request: object, **captured: object) -> Order:
    """Stand in for the order function if a site has registered none."""
    raise RuntimeError(
        "There is no order to pay: decorate the function that returns it with @payments.order."
    )
