"""The contract of the price: what the page showed is what is
taken, whichever framework serves it."""

from __future__ import annotations

import pytest

from tests.rows import each_row
from tests.web.conftest import OpenShop
from tests.web.shop import EMAIL, Answer, Shop
from tokencharge import Money, Order, OrderChanged, OrderConflict, OutcomeUnknown
from tokencharge.sandbox import Fault, Sandbox

FIVE, FIFTY = Money(500, "usd"), Money(5000, "usd")
DECLINED = "4000000000000341"
ASKS = "4000002760003184"


@pytest.fixture(params=["charges", "payment_intents"])
def route(request: pytest.FixtureRequest) -> str:
    """All of this holds on both routes."""
    name: str = request.param
    return name


@pytest.fixture(params=[None, "order-1"], ids=["token", "order"])
def order(request: pytest.FixtureRequest) -> Order:
    """What the page shows first: five dollars, with an id or without."""
    return Order(FIVE, "A basket", request.param)


def dearer(order: Order) -> Order:
    """The same order after the basket changed in another tab."""
    return Order(FIFTY, order.description, order.order_id)


def taken(sandbox: Sandbox) -> list[Money]:
    return [charge.amount_captured for charge in sandbox.charges if charge.paid]


def press(shop: Shop, page: Answer, token: str) -> Answer:
    """Press the button of a page."""
    return shop.post_form({**page.hidden("pay"), "token": token, "email": EMAIL})


class TestAPriceThatChanged:
    """Between the page and the button."""

    def test_nothing_is_charged_and_the_new_price_is_shown(
        self, shop: Shop, sandbox: Sandbox, order: Order
    ) -> None:
        """409, a sentence, the form at the new price with the e-mail kept;
        the next press pays what it shows."""
        shop.order = order
        page = shop.get("/checkout")
        shop.order = dearer(order)
        changed = press(shop, page, sandbox.create_token())
        requests, paid = list(sandbox.requests), press(shop, changed, sandbox.create_token())

        assert 409 == changed.status
        assert "has changed since this page was shown" in changed.text
        assert "has not charged you" in changed.text
        assert "$50.00" in changed.text
        assert changed.asks_for_a_card
        assert f'value="{EMAIL}"' in changed.text
        assert {} == changed.hidden("again")
        assert [] == requests
        assert [OrderChanged] == [type(failure) for failure in shop.failures]
        assert (200, [FIFTY]) == (paid.status, taken(sandbox))

    @pytest.mark.parametrize("route", ["payment_intents"])  # nothing is sent
    @each_row(
        "other",
        {
            "currency": Order(Money(500, "eur"), "A basket", "order-1"),
            "capture": Order(FIVE, "A basket", "order-1", capture=False),
            "order": Order(FIVE, "A basket", "order-2"),
            "no order": Order(FIVE, "A basket"),
        },
    )
    def test_whatever_else_the_buyer_agreed_to_counts_too(
        self, shop: Shop, sandbox: Sandbox, other: Order
    ) -> None:
        """Currency, capture, and which order it is."""
        before = len(sandbox.requests)
        shop.order = Order(FIVE, "A basket", "order-1")
        page = shop.get("/checkout")
        shop.order = other

        assert 409 == press(shop, page, sandbox.create_token()).status
        assert [] == sandbox.requests[before:]

    def test_another_description_is_the_same_price(self, shop: Shop, sandbox: Sandbox) -> None:
        """What the buyer pays has not changed."""
        shop.order = Order(FIVE, "A basket")
        page = shop.get("/checkout")
        shop.order = Order(FIVE, "Ein Korb")

        assert 200 == press(shop, page, sandbox.create_token()).status

    def test_after_a_decline_the_form_shows_the_price_it_takes(
        self, shop: Shop, sandbox: Sandbox, order: Order
    ) -> None:
        """The form that comes back is a page like the first: what
        changes after it is not charged either."""
        shop.order = order
        declined = press(shop, shop.get("/checkout"), sandbox.create_token(DECLINED))
        shop.order = dearer(order)
        changed = press(shop, declined, sandbox.create_token())

        assert (402, 409) == (declined.status, changed.status)
        assert [] == taken(sandbox)

    def test_a_script_may_say_what_it_showed(
        self, shop: Shop, sandbox: Sandbox, order: Order
    ) -> None:
        """`shown` in JSON is `Order.shown`; a wrong one is told by
        code, and none at all is no claim."""
        shop.order = order
        sent = {"email": EMAIL, "shown": order.shown}
        shop.order = dearer(order)
        changed = shop.post_json({**sent, "token": sandbox.create_token()})
        paid = shop.post_json({**sent, "token": sandbox.create_token(), "shown": shop.order.shown})

        assert (409, "order_changed") == (changed.status, changed.json["error"]["code"])
        assert (200, [FIFTY]) == (paid.status, taken(sandbox))

    @pytest.mark.parametrize("route", ["payment_intents"])  # nothing is sent
    @each_row("shown", ["", "500", "0" * 32])
    def test_a_witness_that_cannot_be_right_charges_nothing(
        self, shop: Shop, sandbox: Sandbox, shown: str
    ) -> None:
        """An empty one, or another's, is no agreement."""
        before = len(sandbox.requests)
        assert 409 == shop.buy(sandbox.create_token(), shown=shown).status
        assert [] == sandbox.requests[before:]

    @each_row("said", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://HOST"}])
    def test_a_browsers_form_says_what_it_showed(
        self, shop: Shop, sandbox: Sandbox, said: dict[str, str]
    ) -> None:
        """A template that forgets the field sells nothing, and the form comes
        back; a script need not know of it."""
        before = len(sandbox.requests)
        shop.failures.clear()
        host = "localhost" if type(shop).__name__ == "FlaskShop" else "testserver"
        headers = {name: value.replace("HOST", host) for name, value in said.items()}
        sent = {"token": sandbox.create_token(), "email": EMAIL}
        page = shop.post_form(sent, **headers)
        nothing, own = sandbox.requests[before:], shop.post_form(sent, "/own", **headers)

        assert (409, True, []) == (page.status, page.asks_for_a_card, nothing)
        assert page.hidden("pay")["shown"] == shop.order.shown
        assert [OrderChanged] == [type(failure) for failure in shop.failures]
        assert 200 == own.status
        assert 200 == shop.post_json({**sent, "token": sandbox.create_token()}, **headers).status

    def test_two_witnesses_are_none(self, shop: Shop, sandbox: Sandbox) -> None:
        """One of them would be wrong."""
        fields = [
            ("token", sandbox.create_token()),
            ("email", EMAIL),
            *[("shown", shop.order.shown)] * 2,
        ]

        assert 400 == shop.post_form(fields).status
        assert [] == sandbox.requests

    def test_a_view_of_ones_own_is_told(self, shop: Shop, sandbox: Sandbox) -> None:
        """`charge_from_request` raises `OrderChanged`."""
        sent = {"token": sandbox.create_token(), "email": EMAIL, "shown": Order(FIFTY).shown}
        answer = shop.post_json(sent, "/own")

        assert (409, {"own": "OrderChanged"}) == (answer.status, answer.json)
        assert [] == sandbox.requests


class TestAnOpenOutcome:
    """Where nobody knew whether the order was paid, and the price changed meanwhile."""

    def lose(self, shop: Shop, sandbox: Sandbox, fault: Fault, route: str) -> Answer:
        page = shop.get("/checkout")
        with sandbox.faults.add(fault, times=None, path=f"/v1/{route}*"):
            return press(shop, page, sandbox.create_token())

    def test_the_price_that_was_shown_was_taken(
        self, shop: Shop, sandbox: Sandbox, route: str
    ) -> None:
        """Checking again finds the payment at once; nothing more is charged;
        the shop is told that it is another."""
        sandbox.rules.search_lag = 60
        shop.order = Order(FIVE, "A basket", "order-1")
        lost = self.lose(shop, sandbox, Fault.lose_answer(), route)
        shop.order = dearer(shop.order)
        checked = shop.post_form(lost.hidden("again"))

        assert (502, 409) == (lost.status, checked.status)
        assert not checked.asks_for_a_card
        assert [OutcomeUnknown, OrderConflict] == [type(failure) for failure in shop.failures]
        assert sandbox.charges[0].id == shop.failures[1].charge_id
        assert [FIVE] == taken(sandbox)

    def test_it_was_never_taken(self, shop: Shop, sandbox: Sandbox, route: str) -> None:
        """Checking again finds no payment: the form is back, at the new price."""
        shop.order = Order(FIVE, "A basket", "order-1")
        lost = self.lose(shop, sandbox, Fault.lose_request(), route)
        shop.order = dearer(shop.order)
        sandbox.advance(120)
        checked = shop.post_form(lost.hidden("again"))

        assert (502, 409) == (lost.status, checked.status)
        assert checked.asks_for_a_card
        assert [OutcomeUnknown, OrderChanged] == [type(failure) for failure in shop.failures]
        assert [] == taken(sandbox)

    def test_it_was_paid_meanwhile_in_another_tab(
        self, shop: Shop, sandbox: Sandbox, route: str
    ) -> None:
        """At the price that it has now: checking again shows that."""
        shop.order = Order(FIVE, "A basket", "order-1")
        lost = self.lose(shop, sandbox, Fault.lose_request(), route)
        shop.order = dearer(shop.order)
        sandbox.advance(120)
        paid = press(shop, shop.get("/checkout"), sandbox.create_token())
        sandbox.advance(120)
        checked = shop.post_form(lost.hidden("again"))

        assert (502, 200, 200) == (lost.status, paid.status, checked.status)
        assert [FIFTY] == taken(sandbox)

    @pytest.mark.parametrize(
        "fault", [Fault.lose_answer(), Fault.lose_request()], ids=["taken", "not taken"]
    )
    def test_without_an_order_id_it_stays_open(
        self, shop: Shop, sandbox: Sandbox, fault: Fault, route: str
    ) -> None:
        """A token cannot be looked up, and must not be charged at a price it was
        not shown: no button leads to that."""
        shop.order = Order(FIVE, "A basket")
        lost = self.lose(shop, sandbox, fault, route)
        before = taken(sandbox)
        shop.order = dearer(shop.order)
        still = shop.post_form(lost.hidden("again"))
        once_more = shop.post_form(still.hidden("again"))
        shop.order = Order(FIVE, "A basket")
        found = shop.post_form(once_more.hidden("again"))

        assert [502, 502, 502] == [lost.status, still.status, once_more.status]
        assert not once_more.asks_for_a_card
        assert before in ([], [FIVE])
        assert (200, [FIVE]) == (found.status, taken(sandbox))


@pytest.mark.parametrize("element", ["card", "payment"])
def test_the_price_changes_while_the_bank_asks(
    open_shop: OpenShop, sandbox: Sandbox, element: str
) -> None:
    """The buyer approved five dollars, and pays five or nothing; the shop is told which."""
    shop = open_shop(route="payment_intents")
    shop.order = Order(FIVE, "A basket", "order-1")
    make = sandbox.create_token if element == "card" else sandbox.create_confirmation_token
    asked = press(shop, shop.get("/checkout"), make(ASKS))
    shop.order = dearer(shop.order)
    sandbox.authenticate(sandbox.payment_intents[-1]["id"], approve=True)
    sandbox.advance(120)
    ended = shop.post_form(asked.hidden("again"))

    assert (402, 409) == (asked.status, ended.status)
    assert not ended.asks_for_a_card
    assert isinstance(shop.failures[-1], OrderConflict)
    assert sandbox.charges[-1].id == shop.failures[-1].charge_id
    assert [FIVE] == taken(sandbox)


class TestAnOrderThatIsPaid:
    """A host that knows says so."""

    def test_the_page_shows_no_form(self, shop: Shop, sandbox: Sandbox) -> None:
        """GET and POST say that it is paid, to scripts too, and Stripe hears nothing."""
        shop.order = Order(FIVE, "A basket", "order-1", paid=True)
        sent = {"token": sandbox.create_token(), "email": EMAIL}
        pages = [shop.get("/checkout"), shop.post_form(sent)]
        scripts = [
            shop.get("/checkout", Accept="application/json"),
            shop.post_json(sent),
            shop.post_json({**sent, "shown": shop.order.shown}),
        ]

        assert [200, 200] == [page.status for page in pages]
        assert [True, True] == [
            "This order is paid." in page.text and "$5.00" in page.text for page in pages
        ]
        assert [False, False] == [page.asks_for_a_card for page in pages]
        paid = {"order": {"paid": True, "message": "This order is paid."}}
        assert [(200, paid)] * 3 == [(script.status, script.json) for script in scripts]
        assert [] == sandbox.requests

    def test_who_agreed_to_another_price_is_told_of_a_conflict(
        self, open_shop: OpenShop, sandbox: Sandbox
    ) -> None:
        """It is paid, but not as their page showed it: they are led to no page of thanks."""
        shop = open_shop(success_url="/thanks")
        shop.order = Order(FIVE, "A basket", "order-1", paid=True)
        sent = {
            "token": sandbox.create_token(),
            "email": EMAIL,
            "shown": Order(FIFTY, order_id="order-1").shown,
        }
        page, script = shop.post_form(sent), shop.post_json(sent)

        assert (409, True) == (page.status, "This order is paid." in page.text)
        assert (409, "order_conflict", "This order is paid.") == (
            script.status,
            script.json["error"]["code"],
            script.json["error"]["message"],
        )
        assert "success_url" not in script.json
        assert [] == sandbox.requests

    def test_the_payment_is_shown_where_the_host_has_it(self, shop: Shop, sandbox: Sandbox) -> None:
        """With the card and the receipt, also to a script, also with the next card."""
        shop.order = Order(FIVE, "A basket", "order-1")
        shop.buy(sandbox.create_token())
        shop.order = Order(FIVE, "A basket", "order-1", paid=shop.payments[0])
        asked = len(sandbox.requests)
        pages = [shop.get("/checkout"), shop.buy(sandbox.create_token())]
        script = shop.post_json({"token": sandbox.create_token(), "email": EMAIL})

        assert [True, True] == [
            "been charged" in page.text and "ending in 4242" in page.text for page in pages
        ]
        assert [False, False] == [page.asks_for_a_card for page in pages]
        assert (200, sandbox.charges[0].id, True) == (
            script.status,
            script.json["payment"]["charge"]["id"],
            script.json["payment"]["replayed"],
        )
        assert asked == len(sandbox.requests)

    def test_the_payment_is_shown_whatever_is_posted(self, shop: Shop, sandbox: Sandbox) -> None:
        """A body that cannot be read is no reason not to show it."""
        shop.order = Order(FIVE, "A basket", "order-1")
        shop.buy(sandbox.create_token())
        shop.order = Order(FIVE, "A basket", "order-1", paid=shop.payments[0])
        answer = shop.post(b"x" * 20_000)

        assert 200 == answer.status
        assert "been charged" in answer.text

    def test_a_view_of_ones_own_charges_nothing(self, shop: Shop, sandbox: Sandbox) -> None:
        """`charge_from_request` raises."""
        shop.order = Order(FIVE, paid=True)
        answer = shop.post_json({"token": sandbox.create_token(), "email": EMAIL}, "/own")

        assert (409, {"own": "OrderConflict"}) == (answer.status, answer.json)
        assert [] == sandbox.requests
