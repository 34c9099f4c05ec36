"""PaymentGateway: the library's one class to call, blocking.

It is safe to share among threads and across a fork.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from . import _flows as flows
from ._frames import forgetful
from ._operations import Operations
from .events import Event
from .settings import Settings, check_where_the_key_goes, default_of

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._stripe import HTTPClient
else:
    # With these the hints of the methods resolve. The SDK is loaded with the first
    # gateway only.
    HTTPClient = Self = Any

P = ParamSpec("P")
T = TypeVar("T")


class Gateway(ABC):
    """The way to one Stripe account: the base of the blocking and the async gateway.

    Args:
        secret_key: `sk_test_...` or `sk_live_...`, or a restricted `rk_` key.
        publishable_key: The page's key; it must be of the same mode.
        webhook_secret: `whsec_...`; several, separated by commas, while one is being
            rolled.
        api_base: The URL of Stripe's API; a sandbox's URL in tests.
        timeout: Seconds one call, such as `charge`, may take: its requests, retries and
            pauses together.
        max_retries: How often a request that failed on the way, or came too often, is
            tried again, under the same idempotency key.
        livemode: If given, a key of the other mode is refused.
        http_client: A `stripe.HTTPClient` to send requests with, instead of the
            built-in pool.
        route: How a card token is charged. "payment_intents" can do 3-D Secure and
            works on every account. "charges" uses Stripe's classic calls, where the
            account takes card tokens there. Both routes have the same methods and
            results.

    Raises:
        ConfigurationError: A key or a setting is not valid.
    """

    @forgetful
    def __init__(
        self,
        secret_key: str,
        *,
        publishable_key: str | None = None,
        webhook_secret: str | None = None,
        api_base: str = default_of("api_base"),
        timeout: float = default_of("timeout"),
        max_retries: int = default_of("max_retries"),
        livemode: bool | None = None,
        http_client: HTTPClient | None = None,
        route: str = default_of("route"),
    ) -> None:
        settings = Settings(
            secret_key,
            publishable_key=publishable_key,
            webhook_secret=webhook_secret,
            api_base=api_base,
            timeout=timeout,
            max_retries=max_retries,
            livemode=livemode,
            route=route,
        )
        self._open(settings, http_client)

    @classmethod
    @forgetful
    def from_settings(cls, settings: Settings, *, http_client: HTTPClient | None = None) -> Self:
        """Make a gateway from settings that are already read and checked."""
        gateway = cls.__new__(cls)
        gateway._open(settings, http_client)
        return gateway

    @classmethod
    def from_env(cls) -> Self:
        """Make a gateway from the environment.

        The names are `STRIPE_SECRET_KEY` and the others of `Settings`.

        Raises:
            ConfigurationError: `STRIPE_SECRET_KEY` is missing, or a setting is not
                valid.
        """
        return cls.from_settings(Settings.from_env())

    @forgetful
    def parse_event(self, payload: bytes, signature: str | None) -> Event:
        """Verify and read a webhook. No request is made, so it needs no `await`.

        Args:
            payload: The request's body, in the bytes that were received.
            signature: The `Stripe-Signature` header.

        Raises:
            ConfigurationError: There is no webhook secret.
            InvalidSignature: The signature is missing, wrong, or more than five minutes
                off.
            InvalidEvent: The body is no event that this library can read.
        """
        from ._stripe import parse_event

        return parse_event(payload, signature, self.settings.webhook_secrets)

    def _open(self, settings: Settings, http_client: HTTPClient | None) -> None:
        from ._stripe import Channel  # here, so that importing tokencharge does not load the SDK

        if http_client is None:
            check_where_the_key_goes(settings)
        self.settings = settings
        self._operations = Operations(settings)
        self._channel = Channel(settings, http_client or self._transport())

    @abstractmethod
    def _transport(self) -> HTTPClient:
        """Make the built-in transport."""

    def __repr__(self) -> str:
        # A gateway whose settings were refused has none.
        return f"{type(self).__name__}({getattr(self, 'settings', 'not set up')!r})"


def described(method: Callable[P, T], operation: Callable[..., object]) -> Callable[P, T]:
    """Give a method the name, docstring and signature of its operation.

    The method returns what the operation's flow returns.
    """
    # Python shows this name in its error for a missing or a wrong argument.
    operation.__qualname__ = f"PaymentGateway.{operation.__name__}"
    signature = inspect.signature(operation)
    result = str(signature.return_annotation).removeprefix("Flow[").removesuffix("]")
    functools.update_wrapper(method, operation)
    method.__annotations__ = {**operation.__annotations__, "return": result}
    method.__dict__["__signature__"] = signature.replace(return_annotation=result)
    return method


def _blocking(
    operation: Callable[Concatenate[Operations, P], flows.Flow[T]],
) -> Callable[Concatenate[PaymentGateway, P], T]:
    """Make a blocking method of an operation, with its signature and docstring."""

    @forgetful
    def method(gateway: PaymentGateway, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with gateway._channel.operation(operation.__name__) as watched:
            watched.result = result = gateway._channel.run(
                operation(gateway._operations, *args, **kwargs)
            )
            return result

    return described(method, operation)


class PaymentGateway(Gateway):
    """Take a card token and an e-mail; get one Customer and exactly one Charge.

    Every method that moves money raises the same errors, each a `TokenChargeError`.
    Before anything is sent: `InvalidInput`. If Stripe refused: `CardDeclined`,
    `AuthenticationRequired`, `TokenRejected`, `InvalidRequest`. If another request came
    first: `OrderConflict`, `OrderInProgress` and `PaymentPending`. If this call did
    nothing: `AuthenticationFailed`, `RateLimited`, `GatewayUnavailable`. If it may have
    charged: `OutcomeUnknown`. Then call again with the same arguments: that finds the
    charge or makes it, once.

    What stops a call while a request is out, such as KeyboardInterrupt or the
    SystemExit of a server that ends its worker, has an `OutcomeUnknown` as its
    `__cause__`, which says how far the charge got.

    Its arguments are those of `Gateway`. It can be used as a context manager.
    """

    charge = _blocking(Operations.charge)
    charge_customer = _blocking(Operations.charge_customer)
    capture = _blocking(Operations.capture)
    void = _blocking(Operations.void)
    refund = _blocking(Operations.refund)
    find = _blocking(Operations.find)
    complete = _blocking(Operations.complete)
    get_charge = _blocking(Operations.get_charge)
    get_customer = _blocking(Operations.get_customer)
    cards = _blocking(Operations.cards)
    forget_card = _blocking(Operations.forget_card)

    def _transport(self) -> HTTPClient:
        from ._stripe import PooledClient

        return PooledClient()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections; the next call opens new ones."""
        self._channel.close()
