"""The contestants by name: each is made for a server's URL and a route."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .bare import SECRET_KEY, Bare, BareAsync, InProcess
from .by_hand import ByHand, ByHandAsync, ByHandOverCharges, ByHandOverChargesAsync
from .receivers import SECRET, ByHandReceiver, OurReceiver

if TYPE_CHECKING:
    import stripe

# What another contestant needs is not loaded: it would be measured with it.


def _client(url: str, **more: Any) -> stripe.StripeClient:
    import stripe

    return stripe.StripeClient(SECRET_KEY, base_addresses={"api": url}, **more)


def sdk(url: str, route: str) -> ByHand | ByHandOverCharges:
    return ByHandOverCharges(_client(url)) if route == "charges" else ByHand(_client(url))


def sdk_async(url: str, route: str) -> ByHandAsync | ByHandOverChargesAsync:
    """Use the faster of the SDK's two clients: the other is httpx."""
    import stripe

    client = _client(url, http_client=stripe.AIOHTTPClient())
    return ByHandOverChargesAsync(client) if route == "charges" else ByHandAsync(client)


def gateway(url: str, route: str) -> Any:
    from tokencharge import PaymentGateway

    from .ours import Ours

    return Ours(PaymentGateway(SECRET_KEY, api_base=url, route=route))


def gateway_async(url: str, route: str) -> Any:
    from tokencharge import AsyncPaymentGateway

    from .ours import OursAsync

    return OursAsync(AsyncPaymentGateway(SECRET_KEY, api_base=url, route=route))


def sdk_receiver(url: str, route: str) -> ByHandReceiver:
    return ByHandReceiver(_client(url))


def gateway_receiver(url: str, route: str) -> OurReceiver:
    from tokencharge import PaymentGateway

    return OurReceiver(PaymentGateway(SECRET_KEY, webhook_secret=SECRET, route=route))


CONTESTANTS: dict[str, Callable[[str, str], Any]] = {
    "sdk": sdk,
    "gateway": gateway,
    "bare": Bare,
    "sandbox": InProcess,
    "sdk-async": sdk_async,
    "gateway-async": gateway_async,
    "bare-async": BareAsync,
    "sdk-receiver": sdk_receiver,
    "gateway-receiver": gateway_receiver,
}
