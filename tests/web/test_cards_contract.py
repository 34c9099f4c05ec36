"""The contract of saved cards: offered to their Customer alone, charged
once, kept by the buyer's own tick."""

from __future__ import annotations

import logging
import re
from datetime import datetime, timezone
from html.parser import HTMLParser
from typing import Any

import attrs
import pytest
import stripe

from tests.rows import each_row
from tests.web.conftest import OpenShop
from tests.web.shop import EMAIL, Answer, Shop
from tokencharge import Address, CardDeclined, Money, Order, OrderChanged, Person, TokenRejected
from tokencharge.sandbox import Fault, Sandbox

FIVE, FIFTY = Money(500, "usd"), Money(5000, "usd")
VISA, MASTERCARD = "4242424242424242", "5555555555554444"
DECLINED = "4000000000000341"
ASKS = "4000002760003184"
SHIPPING = {
    "shipping.name": "Charles Babbage",
    "shipping.address.line1": "7 Rue Paul Bert",
    "shipping.address.city": "Lyon",
    "shipping.address.country": "FR",
}


@pytest.fixture(params=["charges", "payment_intents"])
def route(request: pytest.FixtureRequest) -> str:
    """All of this holds on both routes."""
    name: str = request.param
    return name


def ask_stripe(sandbox: Sandbox, what: str, **params: Any) -> dict[str, Any]:
    client = stripe.StripeClient(sandbox.secret_key, http_client=sandbox.http_client())
    answer: dict[str, Any] = client.raw_request("post", f"/v1/{what}", **params).data
    return answer


def save(sandbox: Sandbox, route: str, customer: str, number: str) -> str:
    """Save a card of the kind that the account has."""
    sandbox.advance(1)
    if route == "charges":
        kept = ask_stripe(
            sandbox, f"customers/{customer}/sources", source=sandbox.create_token(number)
        )
    else:
        method = sandbox.create_payment_method(number)
        kept = ask_stripe(sandbox, f"payment_methods/{method}/attach", customer=customer)
    return str(kept["id"])


@attrs.frozen
class Wallet:
    """A Customer who has logged in, and their saved cards by number."""

    customer: str
    cards: dict[str, str]

    def order(self, amount: Money = FIVE, order_id: str = "order-1") -> Order:
        return Order(amount, "A blue notebook", order_id, customer=self.customer, reuse_cards=True)


def open_wallet(sandbox: Sandbox, route: str, *numbers: str) -> Wallet:
    customer = str(ask_stripe(sandbox, "customers", email=EMAIL)["id"])
    return Wallet(customer, {number: save(sandbox, route, customer, number) for number in numbers})


@pytest.fixture
def wallet(sandbox: Sandbox, route: str) -> Wallet:
    """With a Visa, and a MasterCard saved after it."""
    return open_wallet(sandbox, route, VISA, MASTERCARD)


@pytest.fixture
def shop(open_shop: OpenShop, wallet: Wallet) -> Shop:
    opened = open_shop()
    opened.order = wallet.order()
    return opened


def taken(sandbox: Sandbox) -> list[Money]:
    return [charge.amount_captured for charge in sandbox.charges if charge.paid]


class Inputs(HTMLParser):
    """The inputs of a page."""

    def __init__(self, page: Answer) -> None:
        super().__init__()
        self.all: list[dict[str, str | None]] = []
        self.feed(page.text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "input":
            self.all.append(dict(attributes))

    def radios(self) -> list[tuple[str | None, bool, bool]]:
        """Value, chosen, disabled."""
        return [
            (each["value"], "checked" in each, "disabled" in each)
            for each in self.all
            if each.get("type") == "radio"
        ]

    def tick(self) -> dict[str, str | None] | None:
        return next((each for each in self.all if each.get("name") == "keep"), None)


def press(shop: Shop, page: Answer, **chosen: str) -> Answer:
    """Choose what pays, and press the button of a page."""
    return shop.post_form({**page.hidden("pay"), **chosen})


class TestOffered:
    """GET /checkout."""

    def test_the_saved_cards_come_first_and_a_new_one_last(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet
    ) -> None:
        """Brand, last four digits and expiry; the default is chosen; Stripe is asked once."""
        before = len(sandbox.requests)
        page = shop.get("/checkout")
        default = wallet.cards[VISA if shop.gateway.settings.route == "charges" else MASTERCARD]

        assert [f"/v1/customers/{wallet.customer}/payment_methods"] == [
            request.path for request in sandbox.requests[before:]
        ]
        assert [wallet.cards[MASTERCARD], wallet.cards[VISA], "new"] == [
            value for value, *_ in Inputs(page).radios()
        ]
        assert [default] == [value for value, chosen, _ in Inputs(page).radios() if chosen]
        assert "Visa ending in 4242" in page.text
        assert "Mastercard ending in 4444" in page.text
        assert 2 == len(re.findall(r"expires \d\d/\d{4}", page.text))
        assert "checked" not in (Inputs(page).tick() or {"checked": ""})

    def test_an_expired_card_is_shown_and_cannot_be_chosen(
        self, shop: Shop, sandbox: Sandbox, route: str
    ) -> None:
        """The next one is chosen; where there is none, a new card."""
        wallet = open_wallet(sandbox, route, VISA)
        card = wallet.cards[VISA]
        old = {"exp_month": 2, "exp_year": 2020}
        if route == "charges":
            ask_stripe(sandbox, f"customers/{wallet.customer}/sources/{card}", **old)
        else:
            ask_stripe(sandbox, f"payment_methods/{card}", card=old)
        shop.order = wallet.order()
        alone = shop.get("/checkout")
        other = save(sandbox, route, wallet.customer, MASTERCARD)
        page = shop.get("/checkout")

        assert [(card, False, True), ("new", True, False)] == Inputs(alone).radios()
        assert "expired 02/2020" in alone.text
        assert [(other, True, False), (card, False, True), ("new", False, False)] == Inputs(
            page
        ).radios()

    def test_a_card_saved_twice_is_offered_once(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet, route: str
    ) -> None:
        """The buyer has one such card: of two of them it is the
        default, else the one saved last."""
        again = {
            number: save(sandbox, route, wallet.customer, number) for number in (VISA, MASTERCARD)
        }
        page = shop.get("/checkout")
        visa = wallet.cards[VISA] if route == "charges" else again[VISA]

        assert [again[MASTERCARD], visa, "new"] == [value for value, *_ in Inputs(page).radios()]

    @each_row("change", [{"reuse_cards": False}, {"customer": None}, {"paid": True}])
    def test_nobody_is_asked_where_none_are_offered(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet, change: dict[str, Any]
    ) -> None:
        """The customer is not known, the shop does not offer them, or nothing is left to pay."""
        shop.order = attrs.evolve(wallet.order(), **change)
        before = len(sandbox.requests)
        page = shop.get("/checkout")

        assert (200, before, []) == (page.status, len(sandbox.requests), Inputs(page).radios())
        assert ("customer" in change) == (Inputs(page).tick() is not None)

    def test_what_the_shop_saves_anyway_is_not_asked(self, shop: Shop) -> None:
        """`save_card` is the shop's own decision, and a tick beside it would be none."""
        shop.order = attrs.evolve(shop.order, save_card=True)

        assert Inputs(shop.get("/checkout")).tick() is None

    def test_where_stripe_cannot_be_asked_a_new_card_pays(
        self, shop: Shop, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The page comes without saved cards, the log says why, and the buyer can pay."""
        with (
            caplog.at_level(logging.WARNING, "tokencharge"),
            sandbox.faults.add(
                Fault.overloaded(), times=None, path="*/payment_methods", method="GET"
            ),
        ):
            page = shop.get("/checkout")
        paid = press(shop, page, token=sandbox.create_token(), email=EMAIL)

        assert (200, []) == (page.status, Inputs(page).radios())
        assert page.asks_for_a_card
        assert "cannot be offered" in caplog.text
        assert EMAIL not in caplog.text
        assert (200, [FIVE]) == (paid.status, taken(sandbox))

    def test_a_script_is_told_the_same(self, shop: Shop, wallet: Wallet) -> None:
        """The order with its witness, and the cards."""
        answer = shop.get("/checkout", Accept="application/json")

        assert {
            "amount": 500,
            "currency": "usd",
            "description": "A blue notebook",
            "shown": shop.order.shown,
        } == (answer.json["order"])
        assert [wallet.cards[MASTERCARD], wallet.cards[VISA]] == [
            card["id"] for card in answer.json["cards"]
        ]
        assert {"id", "brand", "last4", "exp_month", "exp_year", "expired", "default"} == set(
            answer.json["cards"][0]
        )
        assert 1 == sum(card["default"] for card in answer.json["cards"])

    def test_a_script_is_told_of_no_cards_where_none_are_offered(self, shop: Shop) -> None:
        """There is no list then, not an empty one."""
        shop.order = Order(FIVE)

        assert ["order"] == list(shop.get("/checkout", Accept="application/json").json)


class TestCharged:
    """POST /charge with a saved card."""

    def test_the_chosen_card_pays_once(self, shop: Shop, sandbox: Sandbox, wallet: Wallet) -> None:
        """Without token or e-mail, by no more requests than `charge_customer` makes."""
        page = shop.get("/checkout")
        before = len(sandbox.requests)
        paid = press(shop, page, card=wallet.cards[VISA])
        requests = len(sandbox.requests) - before
        again = press(shop, page, card=wallet.cards[VISA])
        (charge,) = sandbox.charges

        assert ([200, 200], [FIVE]) == ([paid.status, again.status], taken(sandbox))
        assert "Visa ending in 4242" in paid.text
        assert "you have not paid twice" in again.text
        assert (wallet.customer, "order-1") == (charge.customer_id, charge.order_id)
        assert requests <= 3

    def test_a_young_order_is_one_request(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet
    ) -> None:
        """As for `charge_customer` with `began`."""
        shop.order = attrs.evolve(shop.order, began=datetime.now(timezone.utc))
        page = shop.get("/checkout")
        before = len(sandbox.requests)

        assert 200 == press(shop, page, card=wallet.cards[VISA]).status
        assert 1 == len(sandbox.requests) - before

    @pytest.mark.parametrize(
        "kind", ["theirs", "pm_1AAAAAAAAAAAAAAAAAAAAAAA", "card_1AAAAAAAAAAAAAAAAAAAAAAA"]
    )
    def test_a_card_that_is_not_the_buyers_charges_nobody(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet, route: str, kind: str
    ) -> None:
        """400 and the form again; the buyer's own card pays the order then."""
        card = open_wallet(sandbox, route, VISA).cards[VISA] if kind == "theirs" else kind
        refused = press(shop, shop.get("/checkout"), card=card)
        nothing = taken(sandbox)
        paid = press(shop, refused, card=wallet.cards[VISA])

        assert (400, []) == (refused.status, nothing)
        assert "enter your card again" in refused.text
        assert card not in refused.text
        assert [TokenRejected] == [type(failure) for failure in shop.failures]
        assert (200, [FIVE]) == (paid.status, taken(sandbox))
        assert {wallet.customer} == {
            charge.customer_id for charge in sandbox.charges if charge.paid
        }

    @each_row("card", ["tok_visa", "ctoken_1", "4242424242424242", "sk_test_1", "pm_1/../x", " "])
    def test_what_is_no_saved_card_is_refused_at_once(
        self, shop: Shop, sandbox: Sandbox, card: str
    ) -> None:
        """Nothing is sent, and it is repeated nowhere."""
        page = shop.get("/checkout")
        before = len(sandbox.requests)
        refused = press(shop, page, card=card)
        asked = {request.path for request in sandbox.requests[before:] if request.method == "POST"}

        assert ([], set()) == (taken(sandbox), asked)
        assert refused.status >= 400
        assert f'value="{card}"' not in refused.text

    @each_row(
        "fields",
        [
            {"card": "VISA", "token": "tok_visa"},
            {"card": "VISA", "attempt": "a b"},
            {"card": "VISA", "attempt": "x" * 65},
        ],
    )
    def test_what_contradicts_itself_is_refused(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet, fields: dict[str, str]
    ) -> None:
        """Nothing is charged."""
        sent = {**fields, "card": wallet.cards[VISA]}

        assert shop.post_json(sent).status >= 400
        assert [] == taken(sandbox)

    @pytest.mark.parametrize("change", [{"reuse_cards": False}, {"customer": None}], ids=str)
    def test_a_card_is_not_read_where_none_are_offered(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet, change: dict[str, Any]
    ) -> None:
        """Whoever posts one has no token, and pays nothing; a field of the
        shop's own of that name does no harm."""
        shop.order = attrs.evolve(shop.order, **change)
        refused = shop.post_json({"card": wallet.cards[VISA], "email": EMAIL})
        nothing = taken(sandbox)
        own = shop.post_json({"card": "gift", "email": EMAIL, "token": sandbox.create_token()})

        assert (400, []) == (refused.status, nothing)
        assert (200, [FIVE]) == (own.status, taken(sandbox))

    def test_the_price_that_was_shown_is_taken(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet
    ) -> None:
        """Where it has changed nothing is charged, and the card that was chosen is chosen still."""
        page = shop.get("/checkout")
        shop.order = wallet.order(FIFTY)
        changed = press(shop, page, card=wallet.cards[VISA])
        nothing = taken(sandbox)
        paid = press(shop, changed, card=wallet.cards[VISA])

        assert (409, []) == (changed.status, nothing)
        assert [wallet.cards[VISA]] == [
            value for value, chosen, _ in Inputs(changed).radios() if chosen
        ]
        assert [OrderChanged] == [type(failure) for failure in shop.failures]
        assert (200, [FIFTY]) == (paid.status, taken(sandbox))

    def test_after_a_decline_any_card_pays(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet
    ) -> None:
        """A new one is offered first; the same card may be tried again by the
        next form; a double click is one try."""
        page = shop.get("/checkout")
        with sandbox.decline_next("insufficient_funds"):
            declined = press(shop, page, card=wallet.cards[VISA])
        repeated = press(shop, page, card=wallet.cards[VISA])
        nothing = taken(sandbox)
        paid = press(shop, declined, card=wallet.cards[VISA])

        assert ([402, 402], []) == ([declined.status, repeated.status], nothing)
        assert ["new"] == [value for value, chosen, _ in Inputs(declined).radios() if chosen]
        assert 3 == len(Inputs(declined).radios())
        assert [CardDeclined, CardDeclined] == [type(failure) for failure in shop.failures]
        assert (200, [FIVE]) == (paid.status, taken(sandbox))

    def test_a_lost_answer_is_cleared_up_with_the_same_card(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet, route: str
    ) -> None:
        """The page offers to check, which charges nobody twice."""
        page = shop.get("/checkout")
        with sandbox.faults.add(
            Fault.lose_answer(), times=None, path=f"/v1/{route}", method="POST"
        ):
            lost = press(shop, page, card=wallet.cards[VISA])
        again = lost.hidden("again")
        found = shop.post_form(again)

        assert (502, False) == (lost.status, lost.asks_for_a_card)
        assert (wallet.cards[VISA], "1") == (again["card"], again["unclear"])
        assert "token" not in again
        assert (200, [FIVE]) == (found.status, taken(sandbox))

    def test_a_script_pays_with_a_saved_card(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet
    ) -> None:
        """`card` and nothing else; sent twice it is one charge."""
        answers = [shop.post_json({"card": wallet.cards[VISA]}) for _ in range(2)]

        assert ([200, 200], [FIVE]) == ([answer.status for answer in answers], taken(sandbox))
        assert "4242" == answers[0].json["payment"]["charge"]["card"]["last4"]

    @each_row("way", ["form", "JSON"])
    def test_it_is_sent_where_the_buyer_says(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet, way: str
    ) -> None:
        """The shipping address is read; a billing address is not, nor that it is the same."""
        before = taken(sandbox)
        shop.order = attrs.evolve(
            shop.order, order_id=way, collect=("phone", "billing_address", "shipping_address")
        )
        charles = Person(
            "Charles Babbage", address=Address("7 Rue Paul Bert", city="Lyon", country="FR")
        )
        if way == "form":
            fields = {**SHIPPING, "shipping.same_as_billing": "1", "billing.name": "Ada Lovelace"}
            paid = press(shop, shop.get("/checkout"), card=wallet.cards[VISA], **fields)
        else:
            shipping = {**charles.to_stripe(), "same_as_billing": True}
            paid = shop.post_json(
                {"card": wallet.cards[VISA], "shipping": shipping, "billing": {"name": "Ada"}}
            )

        assert (200, [*before, FIVE]) == (paid.status, taken(sandbox))
        assert [(charles, wallet.customer)] == [
            (each.shipping, each.customer_id) for each in sandbox.charges[len(before) :]
        ]

    @each_row("missing", [*SHIPPING])
    def test_a_shipping_address_that_is_missing_is_named(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet, missing: str
    ) -> None:
        """Nothing is charged; the page comes back with what was
        typed, and the same card pays then."""
        before = taken(sandbox)
        shop.failures.clear()
        shop.order = attrs.evolve(
            shop.order, order_id=missing, collect=("billing_address", "shipping_address")
        )
        fields = {**SHIPPING, missing: ""}
        refused = press(shop, shop.get("/checkout"), card=wallet.cards[VISA], **fields)
        told = shop.post_json({"card": wallet.cards[VISA]})
        nothing = taken(sandbox)
        chosen = [value for value, ticked, _ in Inputs(refused).radios() if ticked]
        paid = press(shop, refused, card=wallet.cards[VISA], **SHIPPING)

        assert (400, 400, before) == (refused.status, told.status, nothing)
        assert [missing, "shipping.name"] == [error.field for error in shop.failures]
        assert ("shipping.name", [wallet.cards[VISA]]) == (told.json["error"]["field"], chosen)
        assert {"Charles Babbage", "7 Rue Paul Bert", "Lyon"} - {SHIPPING[missing]} <= {
            each.get("value") for each in Inputs(refused).all
        }
        assert (200, [*before, FIVE]) == (paid.status, taken(sandbox))

    def test_a_view_of_ones_own_takes_it_too(
        self, shop: Shop, sandbox: Sandbox, wallet: Wallet
    ) -> None:
        """`charge_from_request` reads the same fields."""
        answer = shop.post_json({"card": wallet.cards[VISA]}, "/own")

        assert (200, {"own": sandbox.charges[-1].id}) == (answer.status, answer.json)
        assert [FIVE] == taken(sandbox)


class TestKept:
    """A new card of a buyer who comes back."""

    @each_row("ticked", [True, False])
    def test_a_card_is_kept_by_the_buyers_own_tick(
        self, shop: Shop, sandbox: Sandbox, route: str, ticked: bool
    ) -> None:
        """Only then it is offered on the next visit."""
        before = taken(sandbox)
        customer = open_wallet(sandbox, route).customer
        shop.order = Order(FIVE, order_id=f"{ticked} 1", customer=customer, reuse_cards=True)
        page = shop.get("/checkout")
        paid = press(
            shop,
            page,
            card="new",
            token=sandbox.create_token(),
            email=EMAIL,
            **({"keep": "1"} if ticked else {}),
        )
        shop.order = attrs.evolve(shop.order, order_id=f"{ticked} 2")

        assert (200, [*before, FIVE]) == (paid.status, taken(sandbox))
        assert (2 if ticked else 0) == len(Inputs(shop.get("/checkout")).radios())

    @each_row(("keep", "kept"), [(True, True), (False, False), ("1", True), ("", False)])
    def test_a_script_says_it_too(
        self, shop: Shop, sandbox: Sandbox, keep: object, kept: bool
    ) -> None:
        """`keep`, of a buyer whose Customer is made by it."""
        shop.order = Order(FIVE, order_id=f"{keep!r} 1", reuse_cards=True)
        shop.post_json({"token": sandbox.create_token(), "email": EMAIL, "keep": keep})
        customer = sandbox.charges[-1].customer_id
        shop.order = attrs.evolve(shop.order, order_id=f"{keep!r} 2", customer=customer)

        assert kept == bool(shop.get("/checkout", Accept="application/json").json["cards"])

    @each_row("keep", [1, None, ["1"]])
    def test_what_is_neither_yes_nor_no_is_refused(
        self, shop: Shop, sandbox: Sandbox, keep: object
    ) -> None:
        """Nothing is sent."""
        answer = shop.post_json({"token": sandbox.create_token(), "email": EMAIL, "keep": keep})

        assert answer.status >= 400
        assert [] == taken(sandbox)

    def test_the_tick_goes_with_the_same_card_again(self, shop: Shop, sandbox: Sandbox) -> None:
        """Where nothing happened, and where nobody knows; a declined card leaves it as it was."""
        page = shop.get("/checkout")
        with sandbox.faults.add(Fault.rate_limit(), times=None, method="POST"):
            busy = press(shop, page, token=sandbox.create_token(), email=EMAIL, keep="1")
        declined = press(shop, page, token=sandbox.create_token(DECLINED), email=EMAIL, keep="1")

        assert "1" == busy.hidden("again")["keep"]
        assert "checked" in (Inputs(declined).tick() or {})


@pytest.mark.parametrize("approve", [True, False])
def test_the_bank_asks_for_the_buyer(open_shop: OpenShop, sandbox: Sandbox, approve: bool) -> None:
    """The same submission, sent again, says how it ended; after a failure the
    same card may be tried once more."""
    shop = open_shop(route="payment_intents")
    wallet = open_wallet(sandbox, "payment_intents", ASKS)
    shop.order = wallet.order()
    before = len(
        [request for request in sandbox.requests if request.path.endswith("payment_methods")]
    )
    asked = press(shop, shop.get("/checkout"), card=wallet.cards[ASKS])
    again = asked.hidden("again")
    listed = (
        len([request for request in sandbox.requests if request.path.endswith("payment_methods")])
        - before
    )
    sandbox.authenticate(sandbox.payment_intents[-1]["id"], approve=approve)
    ended = shop.post_form(again)

    assert (402, 1, wallet.cards[ASKS], "1") == (
        asked.status,
        listed,
        again["card"],
        again["unclear"],
    )
    assert "data-client-secret" in asked.text
    if approve:
        assert (200, [FIVE]) == (ended.status, taken(sandbox))
        return
    assert (402, True) == (ended.status, ended.asks_for_a_card)
    once_more = press(shop, ended, card=wallet.cards[ASKS])
    sandbox.authenticate(sandbox.payment_intents[-1]["id"], approve=True)
    assert 402 == once_more.status
    assert 200 == shop.post_form(once_more.hidden("again")).status
    assert [FIVE] == taken(sandbox)
