"""AsyncPaymentGateway: the operations and rules of PaymentGateway, as coroutines."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from . import _flows as flows
from ._frames import forgetful
from ._operations import Operations
from .errors import ConfigurationError
from .gateway import Gateway, described

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._stripe import HTTPClient
else:
    # With these the hints of the methods resolve. The SDK is loaded with the first
    # gateway only.
    HTTPClient = Self = Any

P = ParamSpec("P")
T = TypeVar("T")


def _awaitable(
    operation: Callable[Concatenate[Operations, P], flows.Flow[T]],
) -> Callable[Concatenate[AsyncPaymentGateway, P], Coroutine[Any, Any, T]]:
    """Make a coroutine method of an operation, with its signature and docstring."""

    @forgetful
    async def method(gateway: AsyncPaymentGateway, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with gateway._channel.operation(operation.__name__) as watched:
            watched.result = result = await gateway._channel.run_async(
                operation(gateway._operations, *args, **kwargs)
            )
            return result

    return described(method, operation)


class AsyncPaymentGateway(Gateway):
    """PaymentGateway for asyncio: the same methods, errors and guarantees, awaited.

    If a task is cancelled while a request is running, its CancelledError has an
    `OutcomeUnknown` as its `__cause__`, which says how far the charge got. Call again
    with the same arguments: that finds the charge or makes it, once.

    Its arguments are those of `Gateway`. It can be used with `async with`. Connections
    belong to the running event loop and are closed with it. The built-in transport
    needs the extra `async` (aiohttp).
    """

    charge = _awaitable(Operations.charge)
    charge_customer = _awaitable(Operations.charge_customer)
    capture = _awaitable(Operations.capture)
    void = _awaitable(Operations.void)
    refund = _awaitable(Operations.refund)
    find = _awaitable(Operations.find)
    complete = _awaitable(Operations.complete)
    get_charge = _awaitable(Operations.get_charge)
    get_customer = _awaitable(Operations.get_customer)
    cards = _awaitable(Operations.cards)
    forget_card = _awaitable(Operations.forget_card)

    def _transport(self) -> HTTPClient:
        try:
            from ._stripe.sessions import SessionClient
        except ModuleNotFoundError:
            raise ConfigurationError(
                "AsyncPaymentGateway needs aiohttp: python -m pip install 'tokencharge[async]'."
            ) from None
        return SessionClient()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close this loop's connections; the next call opens new ones."""
        await self._channel.close_async()
