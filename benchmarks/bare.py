"""The floor: a client that encodes, sends, receives, decodes, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from typing import Any
from urllib.parse import urlencode

from .by_hand import EMAIL

SECRET_KEY = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"

# What Stripe insists on, and no more.
HEADERS = {
    "Authorization": f"Bearer {SECRET_KEY}",
    "Content-Type": "application/x-www-form-urlencoded",
    "Stripe-Version": "2026-10-28.endive",
    "User-Agent": "benchmark",
}
TERMS = {"amount": 500, "currency": "usd", "description": "Tea"}
METHODS = {
    "automatic_payment_methods[enabled]": "true",
    "automatic_payment_methods[allow_redirects]": "never",
}

Steps = Generator[tuple[str, dict[str, Any]], Any, str]


def steps(route: str, token: str) -> Steps:
    """Say what to post where, be told the answer, and return the Charge's id."""
    ordered = {**TERMS, "metadata[order_id]": token}
    if route == "charges":
        customer = yield "customers", {"email": EMAIL, "source": token}
        charge = yield "charges", {**ordered, "customer": customer["id"]}
        return str(charge["id"])
    customer = yield "customers", {"email": EMAIL}
    method = yield "payment_methods", {"type": "card", "card[token]": token}
    pays = {"customer": customer["id"], "payment_method": method["id"], "confirm": "true"}
    expand = {"expand[0]": "latest_charge"}
    paid = yield "payment_intents", {**ordered, **METHODS, **pays, **expand}
    return str(paid["latest_charge"]["id"])


class Bare:
    """Posts with urllib3."""

    def __init__(self, url: str, route: str) -> None:
        import stripe
        import urllib3

        self.url, self.route = url, route
        self.pool = urllib3.PoolManager(maxsize=64, ca_certs=stripe.ca_bundle_path)

    def card_token(self, token: str) -> str:
        doing, answer = steps(self.route, token), None
        while True:
            try:
                path, form = doing.send(answer)
            except StopIteration as done:
                return str(done.value)
            answer = self.post(path, form, f"{token}-{path}")

    def post(self, path: str, form: dict[str, Any], key: str) -> Any:
        url, headers = f"{self.url}/v1/{path}", {**HEADERS, "Idempotency-Key": key}
        return json.loads(
            self.pool.urlopen(
                "POST", url, body=urlencode(form), headers=headers, retries=False
            ).data
        )


class InProcess:
    """Pays at a sandbox in its own process.

    Its forms are ready, and only ids are read of the answers: what is measured is the
    sandbox.
    """

    def __init__(self, url: str, route: str) -> None:
        from tokencharge.sandbox import Rules, Sandbox

        self.sandbox = Sandbox(rules=Rules(card_tokens=True))
        self.headers = {"authorization": f"Bearer {self.sandbox.secret_key}"}
        self.pay = self.over_charges if route == "charges" else self.over_intents

    def card_token(self, token: str) -> str:
        return self.pay(token)

    def over_charges(self, token: str) -> str:
        customer = self.post("customers", "email=ada%40example.com&source=tok_visa", token)
        paid = f"amount=500&currency=usd&customer={customer}&metadata[order_id]={token}"
        return self.post("charges", paid, token)

    def over_intents(self, token: str) -> str:
        customer = self.post("customers", "email=ada%40example.com", token)
        method = self.post("payment_methods", "type=card&card[token]=tok_visa", token)
        paid = (
            f"amount=500&currency=usd&confirm=true&customer={customer}&payment_method={method}"
            f"&metadata[order_id]={token}&automatic_payment_methods[enabled]=true"
            "&automatic_payment_methods[allow_redirects]=never"
        )
        return self.post("payment_intents", paid, token, read="latest_charge")

    def post(self, path: str, form: str, token: str, read: str = "id") -> str:
        from tokencharge.sandbox import Request

        headers = {**self.headers, "idempotency-key": f"{token}-{path}"}
        answer = self.sandbox.handle(Request("POST", f"/v1/{path}", "", headers, form.encode()))
        found = re.search(rf'"{read}":"([^"]+)"', answer.body.decode())
        return str(found and found[1])


class BareAsync:
    """Posts with aiohttp."""

    def __init__(self, url: str, route: str) -> None:
        self.url, self.route = url, route
        self.session: Any = None

    async def card_token(self, token: str) -> str:
        doing, answer = steps(self.route, token), None
        while True:
            try:
                path, form = doing.send(answer)
            except StopIteration as done:
                return str(done.value)
            answer = await self.post(path, form, f"{token}-{path}")

    async def post(self, path: str, form: dict[str, Any], key: str) -> Any:
        import aiohttp

        if self.session is None:
            self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        url, headers = f"{self.url}/v1/{path}", {**HEADERS, "Idempotency-Key": key}
        async with self.session.post(url, data=urlencode(form), headers=headers) as answer:
            return json.loads(await answer.read())
