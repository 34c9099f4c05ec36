"""The contestants: each takes the server's URL and returns a function that charges one token."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    import stripe

SECRET_KEY = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
EMAIL = "ada@example.com"

# What Stripe insists on, and no more.
FLOOR_HEADERS = {
    "Authorization": f"Bearer {SECRET_KEY}",
    "Content-Type": "application/x-www-form-urlencoded",
    "Stripe-Version": "2026-10-28.endive",
    "User-Agent": "benchmark",
}

Buy = Callable[[str], str]
BuyAsync = Callable[[str], Awaitable[str]]


def sdk(url: str) -> Buy:
    import stripe

    client = stripe.StripeClient(SECRET_KEY, base_addresses={"api": url})

    def buy(token: str) -> str:
        customer = client.v1.customers.create(params={"email": EMAIL, "source": token})
        charge = client.v1.charges.create(
            params={
                "customer": customer.id,
                "amount": 500,
                "currency": "usd",
                "description": "Flask Charge",
            }
        )
        return charge.id

    return buy


def gateway(url: str) -> Buy:
    from tokencharge import Money, PaymentGateway

    gateway = PaymentGateway(SECRET_KEY, api_base=url)

    def buy(token: str) -> str:
        payment = gateway.charge(
            token=token, email=EMAIL, amount=Money(500, "usd"), description="Flask Charge"
        )
        return payment.charge.id

    return buy


def order(url: str) -> Buy:
    from tokencharge import Money, PaymentGateway

    gateway = PaymentGateway(SECRET_KEY, api_base=url)

    def buy(token: str) -> str:
        payment = gateway.charge(
            token=token, email=EMAIL, amount=Money(500, "usd"), order_id=f"order {token}"
        )
        return payment.charge.id

    return buy


def floor(url: str) -> Buy:
    import stripe
    import urllib3

    pool = urllib3.PoolManager(maxsize=64, ca_certs=stripe.ca_bundle_path)

    def post(path: str, key: str, **form: object) -> str:
        answer = pool.urlopen(
            "POST",
            f"{url}/v1/{path}",
            body=urlencode(form),
            headers={**FLOOR_HEADERS, "Idempotency-Key": key},
            retries=False,
        )
        made: str = json.loads(answer.data)["id"]
        return made

    def buy(token: str) -> str:
        customer = post("customers", f"{token}-customer", email=EMAIL, source=token)
        return post(
            "charges",
            f"{token}-charge",
            customer=customer,
            amount=500,
            currency="usd",
            description="Flask Charge",
        )

    return buy


def sandbox(url: str) -> Buy:
    """Charge in process: the server is not asked."""
    from tokencharge import Money, PaymentGateway
    from tokencharge.sandbox import Sandbox

    stand_in = Sandbox()
    gateway = PaymentGateway(stand_in.secret_key, http_client=stand_in.http_client())

    def buy(token: str) -> str:
        return gateway.charge(token="tok_visa", email=EMAIL, amount=Money(500, "usd")).charge.id

    return buy


def sdk_aiohttp(url: str) -> BuyAsync:
    import stripe

    return _sdk_async(url, stripe.AIOHTTPClient())


def sdk_httpx(url: str) -> BuyAsync:
    """Use what the SDK takes by default where httpx is installed."""
    import stripe

    return _sdk_async(url, stripe.HTTPXClient())


def _sdk_async(url: str, http_client: stripe.HTTPClient) -> BuyAsync:
    import stripe

    client = stripe.StripeClient(SECRET_KEY, base_addresses={"api": url}, http_client=http_client)

    async def buy(token: str) -> str:
        customer = await client.v1.customers.create_async(params={"email": EMAIL, "source": token})
        charge = await client.v1.charges.create_async(
            params={
                "customer": customer.id,
                "amount": 500,
                "currency": "usd",
                "description": "Flask Charge",
            }
        )
        return charge.id

    return buy


def floor_async(url: str) -> BuyAsync:
    import aiohttp

    sessions: list[aiohttp.ClientSession] = []

    async def post(path: str, key: str, **form: object) -> str:
        if not sessions:
            sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        body = urlencode(form)
        async with sessions[0].post(
            f"{url}/v1/{path}", data=body, headers={**FLOOR_HEADERS, "Idempotency-Key": key}
        ) as answer:
            made: str = json.loads(await answer.read())["id"]
        return made

    async def buy(token: str) -> str:
        customer = await post("customers", f"{token}-customer", email=EMAIL, source=token)
        return await post(
            "charges",
            f"{token}-charge",
            customer=customer,
            amount=500,
            currency="usd",
            description="Flask Charge",
        )

    return buy


def gateway_async(url: str) -> BuyAsync:
    from tokencharge import AsyncPaymentGateway, Money

    gateway = AsyncPaymentGateway(SECRET_KEY, api_base=url)

    async def buy(token: str) -> str:
        payment = await gateway.charge(
            token=token, email=EMAIL, amount=Money(500, "usd"), description="Flask Charge"
        )
        return payment.charge.id

    return buy


BLOCKING: dict[str, Callable[[str], Buy]] = {
    "sdk": sdk,
    "gateway": gateway,
    "order": order,
    "floor": floor,
    "sandbox": sandbox,
}
ASYNC: dict[str, Callable[[str], BuyAsync]] = {
    "sdk-aiohttp": sdk_aiohttp,
    "sdk-httpx": sdk_httpx,
    "gateway-async": gateway_async,
    "floor-async": floor_async,
}
