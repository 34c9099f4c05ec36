"""What is counted at the sandbox: requests of a purchase, and with a long history.

Both shops are in process. What a trip prepares does not count. By hand, the shop has
kept the intent of a declined card in its database and confirms it with the second card;
who comes back from 3-D Secure is looked up by the intent's id; and an order whose keys
Stripe may have forgotten is looked for in the whole list of what the Customer has paid.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import attrs
import stripe

from tokencharge import AuthenticationRequired, CardDeclined, PaymentGateway
from tokencharge.sandbox import Fault, Rules, Sandbox

from .by_hand import ByHand, ByHandOverCharges
from .ours import Ours
from .rounds import ROUTES, Effort
from .stage import Stage
from .table import Row

INTENTS, CHARGES = ROUTES
DECLINED, ASKS = "4000000000000341", "4000000000003063"
LATENCY, PAGE = 0.1, 100

Act = Callable[[], object]


class Place:
    """A sandbox, a shop by hand and one with tokencharge."""

    def __init__(self, route: str) -> None:
        over_charges = route == CHARGES
        self.sandbox = Sandbox(rules=Rules(card_tokens=over_charges))
        key, http_client = self.sandbox.secret_key, self.sandbox.http_client()
        self.client = stripe.StripeClient(key, http_client=http_client)
        self.gateway = PaymentGateway(key, route=route, http_client=http_client)
        self.sdk: Any = ByHandOverCharges(self.client) if over_charges else ByHand(self.client)
        self.ours = Ours(self.gateway)

    def token(self, number: str = "4242424242424242") -> str:
        return self.sandbox.create_token(number)

    def confirmation(self) -> str:
        return self.sandbox.create_confirmation_token()

    def saved(self) -> tuple[str, str]:
        """Return a Customer who has paid nothing yet, and their default card."""
        token = self.token()
        customer, v1 = self.sdk.customer(token), self.client.v1
        if self.gateway.settings.route == CHARGES:
            return customer, str(v1.customers.retrieve(customer).default_source)
        card = self.sdk.method(token)
        v1.payment_methods.attach(card, {"customer": customer})
        v1.customers.update(customer, {"invoice_settings": {"default_payment_method": card}})
        return customer, card

    def count(self, act: Callable[[], object]) -> int:
        before = len(self.sandbox.requests)
        act()
        return len(self.sandbox.requests) - before


def second_card(at: Place) -> Act:
    with suppress(CardDeclined):
        at.ours.card_token(at.token(DECLINED), "A-1")
    return partial(at.ours.card_token, at.token(), "A-1")


def second_card_by_hand(at: Place) -> Act:
    try:
        at.sdk.card_token(at.token(DECLINED))
    except stripe.CardError as declined:
        body: Any = declined.json_body
        intent = body["error"].get("payment_intent")
        kept = intent["id"] if intent else at.sandbox.customers[-1].id
        return partial(at.sdk.second_card, at.token(), kept)
    raise ValueError("The card was not declined.")


def three_d_secure(at: Place) -> Act:
    token = at.token(ASKS)

    def act() -> None:
        try:
            at.ours.card_token(token, "A-1")
        except AuthenticationRequired as asked:
            at.sandbox.authenticate(asked.payment_intent_id or "")
        at.ours.card_token(token, "A-1")

    return act


def three_d_secure_by_hand(at: Place) -> Act:
    token = at.token(ASKS)

    def act() -> None:
        intent = at.sdk.begun(token).id
        at.sandbox.authenticate(intent)
        at.sdk.ended(intent)

    return act


def repeated(at: Place) -> Act:
    act = partial(at.ours.card_token, at.token(), "A-1")
    act()
    return act


def repeated_by_hand(at: Place) -> Act:
    act = partial(at.sdk.card_token, at.token())
    act()
    return act


@attrs.frozen
class Trip:
    """One way to pay; each shop's function prepares it and returns what is counted.

    Attributes:
        most: How many requests ours may take, by route.
    """

    said: str
    most: dict[str, int]
    ours: Callable[[Place], Act]
    sdk: Callable[[Place], Act]


def on_both(most: int) -> dict[str, int]:
    return dict.fromkeys(ROUTES, most)


TRIPS = (
    Trip(
        "a confirmation token",
        {INTENTS: 2},
        lambda at: partial(at.ours.card_token, at.confirmation(), "A-1"),
        lambda at: partial(at.sdk.confirmation_token, at.confirmation()),
    ),
    Trip(
        "a card token",
        {INTENTS: 3, CHARGES: 2},
        lambda at: partial(at.ours.card_token, at.token()),
        lambda at: partial(at.sdk.card_token, at.token()),
    ),
    Trip(
        "a card token, with an order_id",
        on_both(3),
        lambda at: partial(at.ours.card_token, at.token(), "A-1"),
        lambda at: partial(at.sdk.card_token, at.token()),
    ),
    Trip("the same call again", on_both(3), repeated, repeated_by_hand),
    Trip("a second card after a decline", on_both(5), second_card, second_card_by_hand),
    Trip("3-D Secure, both calls", {INTENTS: 5}, three_d_secure, three_d_secure_by_hand),
    Trip(
        "a saved card, `began` given",
        on_both(1),
        lambda at: partial(at.ours.saved_card, "A-1", *at.saved()),
        lambda at: partial(at.sdk.saved_card, "A-1", *at.saved()),
    ),
    Trip(
        "the default card, `began` given",
        on_both(2),
        lambda at: partial(at.ours.saved_card, "A-1", at.saved()[0], None),
        lambda at: partial(at.sdk.default_card, "A-1", at.saved()[0]),
    ),
    Trip(
        "a saved card, looked for first",
        on_both(3),
        lambda at: partial(at.ours.looked_for, "A-1", *at.saved()),
        lambda at: partial(at.sdk.looked_for, "A-1", *at.saved()),
    ),
)


def requests(stage: Stage, effort: Effort) -> Iterator[Row]:
    for trip in TRIPS:
        for route, most in trip.most.items():
            at = Place(route)
            ours, sdk = at.count(trip.ours(at)), at.count(trip.sdk(at))
            said = f"requests: {trip.said}"
            yield Row("requests", route, said, "", ours, sdk, most=most)


def history(stage: Stage, effort: Effort) -> Iterator[Row]:
    """Charge a saved card that has paid ever more before, 100 ms away."""
    for route in ROUTES:
        ours, sdk = Place(route), Place(route)
        shops = ((ours, ours.ours, ours.saved()), (sdk, sdk.sdk, sdk.saved()))
        for at, shop, _ in shops:
            shop.looked_for("warm", *at.saved())
        for earlier in effort.history:
            requests: list[float] = []
            waits: list[float] = []
            for at, shop, saved in shops:
                paid = sum(charge.customer_id == saved[0] for charge in at.sandbox.charges)
                for number in range(earlier - paid):
                    at.ours.saved_card(f"{earlier}-{number}", *saved)
                with at.sandbox.faults.add(Fault.wait(LATENCY), times=None):
                    began = time.perf_counter()
                    requests.append(at.count(partial(shop.looked_for, f"A-{earlier}", *saved)))
                    waits.append((time.perf_counter() - began) * 1000)
            said = f"a saved card, looked for first, {earlier:,} payments before"
            # What is on the first page of a list need not be searched for.
            most = 3 if earlier <= PAGE else 5
            yield Row(
                "history", route, f"requests: {said}", "", requests[0], requests[1], most=most
            )
            yield Row("history", route, f"wait for {said}", "ms", waits[0], waits[1])
