"""A shop: one small app behind one small client, whichever framework it is made of."""

from __future__ import annotations

import copy
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from html import unescape
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import attrs

from tests.web.deliveries import OLD_SECRET, SECRET, signed
from tokencharge import (
    AsyncPaymentGateway,
    Charge,
    Event,
    Money,
    Order,
    Payment,
    PaymentGateway,
    TokenChargeError,
)
from tokencharge.sandbox import Sandbox

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
EMAIL = "ada@example.com"

G = TypeVar("G", PaymentGateway, AsyncPaymentGateway)
Fields = Mapping[str, str] | Iterable[tuple[str, str]]


def gateway_to(
    sandbox: Sandbox,
    kind: type[G] = PaymentGateway,  # type: ignore[assignment]
    **settings: Any,
) -> G:
    """A gateway whose Stripe is the sandbox, without sockets;
    its webhook secret is being rolled."""
    given = {
        "secret_key": sandbox.secret_key,
        "publishable_key": sandbox.publishable_key,
        "webhook_secret": f"{OLD_SECRET},{SECRET}",
        **settings,
    }
    return kind(**given, http_client=sandbox.http_client())


@attrs.frozen
class Answer:
    """What a shop answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def asks_for_a_card(self) -> bool:
        """The page has the card form on it."""
        return 'data-tokencharge="pay"' in self.text

    def hidden(self, form: str) -> dict[str, str]:
        """The hidden fields of one of the page's forms: "pay" or "again"."""
        found = re.search(rf'<form[^>]*data-tokencharge="{form}".*?</form>', self.text, re.DOTALL)
        fields = re.findall(
            r'<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?', found[0] if found else ""
        )
        return {name: unescape(value) for name, value in fields}


@attrs.define(slots=False)
class Shop(ABC):
    """What a test sees of an app: the pages, what is for sale, and what the host's hooks were told.

    It has two handlers, for "charge.*" and for "charge.refunded": the first calls `on_event` and
    notes in `events`, the second notes in `refunds`. For payments it has one that calls `on_paid`
    and notes in `paid`.
    """

    gateway: Any
    csrf: bool = False
    options: Mapping[str, Any] = attrs.field(factory=dict)
    order: Order = attrs.field(factory=lambda: Order(Money(500, "usd"), "A blue notebook"))
    before_charge: Callable[[Any], object] = lambda request: None
    on_payment: Callable[[Payment], object] = lambda payment: None
    on_event: Callable[[Event], object] = lambda event: None
    on_paid: Callable[[Charge], object] = lambda charge: None
    payments: list[Payment] = attrs.field(factory=list)
    failures: list[TokenChargeError] = attrs.field(factory=list)
    signals: list[object] = attrs.field(factory=list)
    events: list[Event] = attrs.field(factory=list)
    refunds: list[Event] = attrs.field(factory=list)
    paid: list[Charge] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.start()
        self.open()

    @abstractmethod
    def start(self) -> None:
        """Make the app."""

    @abstractmethod
    def open(self) -> None:
        """Start with no cookies."""

    @abstractmethod
    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request as a browser would that takes HTML."""

    def in_another_tab(self) -> Shop:
        """The same shop, with a client of its own."""
        other = copy.copy(self)
        other.open()
        return other

    def staying_open(self) -> AbstractContextManager[object]:
        """For the length of a block keep open what is opened for each
        request otherwise: many are faster then."""
        return nullcontext()

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, headers=headers)

    def head(self, path: str) -> Answer:
        return self.send("HEAD", path)

    def post(self, body: bytes, kind: str = FORM, path: str = "/charge", **headers: str) -> Answer:
        return self.send("POST", path, body, {"Content-Type": kind, **headers})

    def post_form(self, fields: Fields, path: str = "/charge", **headers: str) -> Answer:
        pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        return self.post(urlencode(pairs).encode(), FORM, path, **headers)

    def post_json(self, data: object, path: str = "/charge", **headers: str) -> Answer:
        return self.post(json.dumps(data).encode(), JSON, path, **headers)

    def deliver(self, payload: bytes, signature: str | None = None) -> Answer:
        """Deliver an event as Stripe does, signed anew unless a signature
        is given; an empty one is left out."""
        header = signed(payload) if signature is None else signature
        sent = {
            "Accept": "*/*; q=0.5, application/xml",
            "Content-Type": "application/json; charset=utf-8",
        }
        return self.send(
            "POST",
            "/stripe/webhook",
            payload,
            {**sent, **({"Stripe-Signature": header} if header else {})},
        )

    def buy(self, token: str, **fields: str) -> Answer:
        """Post the form as the page does."""
        return self.post_form({"token": token, "email": EMAIL, **fields})


def added_lines(minimal: Path) -> int:
    """How many lines a file of this folder has between its marks `# shop` and `# site`."""
    count, counting = 0, False
    for line in minimal.read_text("utf-8").splitlines():
        if line.strip() in {"# shop", "# site"}:
            counting = line.strip() == "# shop"
        elif line.strip():
            count += counting
    return count
