"""Who buys what, and how they behave when it does not go smoothly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import attrs

from tokencharge import (
    Address,
    AsyncPaymentGateway,
    AuthenticationRequired,
    CardDeclined,
    InvalidRequest,
    Money,
    OrderConflict,
    Payment,
    PaymentGateway,
    Person,
    TokenChargeError,
    TokenRejected,
)

from .baton import Task
from .weather import Crash
from .world import Call, Pause, World, finished

_EMAILS = ("ada@example.com", "ada.lovelace@example.com", "countess@example.com")
# The amount of the order, one that changed in between, and one that Stripe finds too small.
PRICE, _OTHER_PRICE, _TOO_LITTLE = Money(500, "usd"), Money(700, "usd"), Money(30, "usd")
GOOD = "4242424242424242"
_CARDS = [GOOD] * 11 + [
    "4000000000000002",  # declined when it is added
    "4000000000009995",
    "4000000000000069",
    "4000000000000341",  # declined when it is charged
    "4000000000000341",
    "4000000000000341",
    "4000002760003184",  # wants 3-D Secure
    "",  # a token Stripe does not know
]

_PEOPLE = (
    Person("Ada King", address=Address("12 St James's Square", city="London", country="GB")),
    Person("Charles", "+44 20 7946 0018", Address("5 Devonshire Street", city="London")),
)
# What is said of one way to pay alone: with a token, and with a saved card.
_OF_TOKEN = ("token", "email", "billing", "save_card", "reuse_card")
_OF_SAVED_CARD = ("card", "on_session", "attempt")

KINDS = {
    "order": 55,
    "token": 15,
    "order_of_customer": 8,
    "token_of_customer": 5,
    "saved_card": 12,
    "returning": 10,
    "mixed": 8,
}


@attrs.define(eq=False)
class Sale:
    """Something to be sold once, and what its buyers share.

    Attributes:
        kind: "order"; "token", a purchase that is named by its token alone; either
            "of_customer" that is known already; "saved_card" for `charge_customer`;
            "returning" where a known Customer pays with a saved card or a new one;
            "mixed" where some calls name the Customer and some do not.
        order_id: Its name; None for a token.
        customer: The known Customer.
        capture: Whether the money is taken at once.
        began: When it was put up for sale.
        tokens: Those its buyers have used, so that two may use the same.
        cards: The known Customer's, good and bad.
    """

    kind: str
    order_id: str | None
    customer: str | None
    capture: bool
    began: datetime
    tokens: list[str] = attrs.field(factory=list)
    cards: list[str] = attrs.field(factory=list)

    @property
    def knows_customer(self) -> bool:
        """Every call names the Customer, if there is one."""
        return self.kind != "mixed" and self.customer is not None


class Shop:
    """The cards of one schedule, and the calls its buyers make."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random
        self._card_of: dict[str, str | None] = {}
        self._good: set[str] = set()

    def sale(self, number: int, kind: str | None = None) -> Sale:
        """Put something up for sale."""
        kind = kind or self.random.choices([*KINDS], [*KINDS.values()])[0]
        sale = Sale(
            kind,
            None if kind.startswith("token") else f"order-{number}",
            None,
            capture=self.random.random() < 0.8,
            began=datetime.fromtimestamp(self.world.now, timezone.utc),
        )
        if kind not in ("order", "token"):
            sale.customer = self.world.ask_stripe("POST", "/v1/customers", "email=ada@example.com")[
                "id"
            ]
        if kind in ("saved_card", "returning"):
            for card in (GOOD, "4000000000000341", GOOD):
                self.save_card(sale, card)
        self.world.note("%s", sale)
        return sale

    def save_card(self, sale: Sale, number: str) -> str:
        """Save another card on the Customer."""
        if self.world.sandbox.rules.card_tokens:
            path = f"/v1/customers/{sale.customer}/sources"
            card = self.world.ask_stripe("POST", path, f"source={self.mint(number)}")["id"]
        else:
            card = self.world.sandbox.create_payment_method(number)
            self.world.ask_stripe(
                "POST", f"/v1/payment_methods/{card}/attach", f"customer={sale.customer}"
            )
        sale.cards.append(card)
        return str(card)

    def mint(self, number: str, kind: str = "tok") -> str:
        """Make what pays, as Stripe.js does: a token, a payment method or a confirmation token."""
        card = None
        if not number:
            token = f"{kind}_1Unknown{len(self._card_of)}"
        elif kind == "pm":
            card = token = self.world.sandbox.create_payment_method(number)
        elif kind == "ctoken":
            token = self.world.sandbox.create_confirmation_token(number)
        else:
            token = self.world.sandbox.create_token(number)
            card = self.world.ask_stripe("GET", f"/v1/tokens/{token}")["card"]["id"]
        if number == GOOD:
            self._good.add(token)
        self._card_of[token] = card
        return token

    def is_good(self, token: str) -> bool:
        """Tell whether nothing is wrong with the card of a token."""
        return token in self._good

    def call(
        self,
        buyer: str,
        gateway: PaymentGateway | AsyncPaymentGateway,
        sale: Sale,
        args: dict[str, Any],
    ) -> Call:
        """Call the gateway and keep what came of it.

        Raises:
            Exception: What is no error of this library's: nobody may see that.
        """
        method: Callable[..., Any] = gateway.charge if "token" in args else gateway.charge_customer
        card = self._card_of[args["token"]] if "token" in args else args["card"]
        call = Call(buyer, sale.order_id or args["token"], args, card, gateway)
        call.let_go_before = frozenset(self.world.let_go)
        self.world.calls.append(call)
        self.world.note("%s calls %s", buyer, args)
        Task.current().about = call
        try:
            call.outcome = finished(method(**args))
        except (TokenChargeError, Crash) as outcome:
            call.outcome = outcome
        Task.current().about = None
        self.world.note("%s ends: %r", buyer, call.outcome)
        return call


class Buyer:
    """Somebody who wants to pay, and goes on trying.

    Args:
        shop: Where.
        sale: What.
        name: Who.
        late: It is so long ago that the sale began that only who says so, or whose
            Customer is known, is safe.
    """

    def __init__(self, shop: Shop, sale: Sale, name: str, *, late: bool = False) -> None:
        self._shop = shop
        self._sale = sale
        self._name = name
        self._random = shop.random
        self._gateway = shop.world.gateway()
        self._calls_left = self._random.randint(1, 4)
        self._tries = 0
        self._args: dict[str, Any] = {
            "amount": self._price(),
            "capture": sale.capture,
            "email": self._email(),
            "save_card": self._maybe(0.1),
            "on_session": self._maybe(0.5),
        }
        if sale.order_id is not None:
            self._args["order_id"] = sale.order_id
        if sale.knows_customer or self._maybe(0.5):
            self._args["customer"] = sale.customer
        if sale.order_id is not None and (self._maybe(0.3) or (late and not sale.knows_customer)):
            self._args["began"] = sale.began
        for said in ("billing", "shipping"):
            if self._maybe(0.2):
                self._args[said] = self._random.choice(_PEOPLE)
        if self._maybe(0.1):
            self._args["receipt_email"] = True
        if sale.order_id is not None and self._maybe(0.2):
            self._args["reuse_card"] = self._maybe(0.5)
        self._take_a_card(new=self._maybe(0.6))

    def act(self) -> None:
        """Pay, and try again as people do."""
        self._wait(4.0)
        while True:
            call = self._shop.call(self._name, self._gateway, self._sale, self._said())
            self._calls_left -= 1
            if isinstance(call.outcome, AuthenticationRequired) and call.outcome.payment_intent_id:
                self._authenticate(call, call.outcome.payment_intent_id)
            if not self._calls_left or not self._goes_on_after(call.outcome):
                return
            self._wait(self._random.choice((1.0, 5.0, 60.0)))

    def _authenticate(self, call: Call, intent: str) -> None:
        if self._maybe(0.2):
            return  # the tab is closed
        self._wait(30.0)
        self._shop.world.authenticate(call, intent, approve=self._maybe(0.7))

    def _goes_on_after(self, outcome: object) -> bool:
        if isinstance(outcome, Payment):
            return self._maybe(0.2)
        if self._maybe(0.1):
            return False
        if (
            isinstance(outcome, AuthenticationRequired)
            and outcome.payment_intent_id
            and self._maybe(0.7)
        ):
            return True  # the page asks again, with the same arguments
        if isinstance(outcome, (CardDeclined, AuthenticationRequired, TokenRejected)):
            self._take_a_card(new=self._maybe(0.75))
        elif isinstance(outcome, (InvalidRequest, OrderConflict)):
            self._args["amount"] = PRICE
            self._take_a_card(new=self._maybe(0.3))
        else:
            self._take_a_card(new=self._maybe(0.3))
        if self._maybe(0.1):
            self._args["amount"] = self._price()
        if self._maybe(0.1):
            self._args["description"] = self._random.choice(("A book", "Two books"))
        if self._maybe(0.1):
            self._args["email"] = self._email()
        if self._maybe(0.1):
            self._args[self._random.choice(("billing", "shipping"))] = self._random.choice(_PEOPLE)
        return True

    def _said(self) -> dict[str, Any]:
        """Return what a call says: of the two ways to pay only the one that is taken."""
        other = _OF_SAVED_CARD if "token" in self._args else _OF_TOKEN
        return {name: value for name, value in self._args.items() if name not in other}

    def _take_a_card(self, *, new: bool) -> None:
        sale = self._sale
        if sale.kind == "saved_card" or (sale.kind == "returning" and self._maybe(0.5)):
            self._args.pop("token", None)
            if new or "card" not in self._args:
                self._args["card"] = self._random.choice([None, *sale.cards])
            if self._maybe(0.4):
                # Each submission of a page is a try of its own; a script that is run
                # again repeats one.
                self._tries += 1
                self._args["attempt"] = f"{self._name[-1]}{self._tries}"
        elif new or not sale.tokens:
            kinds = ["tok"] if self._shop.world.route == "charges" else ["tok", "tok", "ctoken"]
            if len(kinds) > 1 and sale.order_id is not None:
                kinds.append("pm")
            self._args["token"] = self._shop.mint(
                self._random.choice(_CARDS), self._random.choice(kinds)
            )
            sale.tokens.append(self._args["token"])
        elif "token" not in self._args:
            # The second click, or the second tab with the first one's token.
            self._args["token"] = self._random.choice(sale.tokens)

    def _email(self) -> str:
        return self._random.choice(_EMAILS) if self._maybe(0.3) else _EMAILS[0]

    def _price(self) -> Money:
        return (
            self._random.choice((PRICE, _OTHER_PRICE, _TOO_LITTLE)) if self._maybe(0.25) else PRICE
        )

    def _wait(self, longest: float) -> None:
        Task.current().ask(Pause(self._random.random() * longest))

    def _maybe(self, probability: float) -> bool:
        return self._random.random() < probability
