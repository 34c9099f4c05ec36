"""What is secret here, and every operation of a gateway, run with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tokencharge import (
    Address,
    AsyncPaymentGateway,
    Money,
    PaymentGateway,
    Person,
    TokenChargeError,
)

KEY = "sk_test_51HunterTwoHunterTwo"
WEBHOOK_SECRET = "whsec_HunterTwoHunterTwo"
TOKEN = "tok_1HunterTokenHunter"
# An id, like those of Customers and Charges: without the secret key it opens nothing.
METHOD = "pm_1HunterMethodHunter"
EMAIL = "ada.lovelace@corp.example"
RECEIPT = '"charles.babbage"@corp.example'
CARD = "4000056655665556"
CLIENT_SECRET = "pi_1_secret_HunterHunterHunter"
PHONE = "+441632960961"
NAME = "Augusta Byron"
FINGERPRINT = "Xt5EWLLDS7FJjR1c"
STREET = "12 St James Square"
SECRETS = (STREET, KEY, "HunterTwo", "HunterToken", "lovelace", "babbage", CARD, CARD[4:])
ANSWERED = ("HunterHunterHunter", PHONE, NAME, FINGERPRINT)

FIVE = Money(500, "usd")

BUYER = Person(NAME, PHONE, Address(STREET, country="GB"))

OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "a token": lambda gateway: gateway.charge(TOKEN, EMAIL, FIVE, receipt_email=RECEIPT),
    "an order": lambda gateway: gateway.charge(
        TOKEN, EMAIL, FIVE, receipt_email=RECEIPT, order_id="order-7", billing=BUYER, shipping=BUYER
    ),
    "a method": lambda gateway: gateway.charge(METHOD, EMAIL, FIVE, order_id="order-7"),
    "a known customer": lambda gateway: gateway.charge(
        TOKEN, EMAIL, FIVE, customer="cus_1", order_id="order-7"
    ),
    "a saved card": lambda gateway: gateway.charge_customer(
        "cus_1", FIVE, order_id="order-8", receipt_email=RECEIPT
    ),
    "capture": lambda gateway: gateway.capture("ch_1"),
    "void": lambda gateway: gateway.void("ch_1"),
    "refund": lambda gateway: gateway.refund("ch_1", Money(100, "usd")),
    "complete": lambda gateway: gateway.complete("pi_1"),
    "find": lambda gateway: gateway.find("order-7"),
    "find at a customer": lambda gateway: gateway.find("order-7", customer="cus_1"),
    "get_charge": lambda gateway: gateway.get_charge("ch_1"),
    "get_customer": lambda gateway: gateway.get_customer("cus_1"),
    "a card as a token": lambda gateway: gateway.charge(CARD, EMAIL, FIVE),
    "a key as a token": lambda gateway: gateway.charge(KEY, EMAIL, FIVE),
    "no address": lambda gateway: gateway.charge(TOKEN, RECEIPT + "@", FIVE),
    "a street in two lines": lambda gateway: Address(f"{STREET}\n{NAME}"),
    "a name that is too long": lambda gateway: Person(NAME * 30, PHONE),
    "a card as a reason": lambda gateway: gateway.refund("ch_1", reason=CARD),
    "a card as an id": lambda gateway: gateway.get_charge(CARD),
}


class Awaited:
    """An async gateway, as a blocking one."""

    def __init__(self, gateway: AsyncPaymentGateway) -> None:
        self._gateway = gateway

    def __getattr__(self, name: str) -> Any:
        async def run(*args: Any, **kwargs: Any) -> Any:
            try:
                return await getattr(self._gateway, name)(*args, **kwargs)
            finally:
                await self._gateway.close()

        return lambda *args, **kwargs: asyncio.run(run(*args, **kwargs))


def gateway(kind: str, **settings: Any) -> Any:
    """A gateway whose methods block, whichever it is."""
    settings = {"max_retries": 0, "webhook_secret": WEBHOOK_SECRET, **settings}
    return (
        Awaited(AsyncPaymentGateway(KEY, **settings))
        if kind == "awaited"
        else PaymentGateway(KEY, **settings)
    )


def failure(operation: Callable[[Any], Any], gateway: Any) -> TokenChargeError | None:
    """What an operation raised, if anything."""
    try:
        operation(gateway)
    except TokenChargeError as error:
        return error
    return None
