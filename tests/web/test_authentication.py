"""The contract where the bank asks for the buyer (3-D Secure),
whichever framework serves the pages."""

from __future__ import annotations

import pytest

from tests.web.conftest import OpenShop
from tests.web.shop import EMAIL, Answer, Shop
from tokencharge import AuthenticationRequired, CardDeclined, Money, Order, PaymentPending
from tokencharge.sandbox import Fault, Sandbox

ASKS = "4000002760003184"
PAYS_LATER = "4000000000000507"


@pytest.fixture(params=[None, "order-1"], ids=["token", "order"])
def shop(open_shop: OpenShop, request: pytest.FixtureRequest) -> Shop:
    """A shop that sells a token's purchase, or an order."""
    shop = open_shop()
    shop.order = Order(Money(500, "usd"), "A blue notebook", request.param)
    return shop


def submission(token: str) -> dict[str, str]:
    return {"token": token, "email": EMAIL}


def paid(sandbox: Sandbox) -> list[Money]:
    """What the sandbox took."""
    return [charge.amount_captured for charge in sandbox.charges if charge.paid]


def answer_bank(sandbox: Sandbox, *, approve: bool = True) -> None:
    """Answer the bank as its customer does, with no word to the shop."""
    sandbox.authenticate(sandbox.payment_intents[-1]["id"], approve=approve)


class TestAScript:
    """POST /charge as JSON."""

    def test_it_gets_what_stripe_js_needs(
        self, shop: Shop, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A client secret beside the error; nothing is charged, and the log does not have it."""
        answer = shop.post_json(submission(sandbox.create_token(ASKS)))
        (intent,) = sandbox.payment_intents
        error = answer.json["error"]

        assert (402, "authentication_required", None) == (
            answer.status,
            error["code"],
            error["advice"],
        )
        assert "follow its steps" in error["message"]
        assert {"client_secret": intent["client_secret"], "payment_intent": intent["id"]} == error[
            "authentication"
        ]
        assert "no-store" == answer.headers["Cache-Control"]
        assert [AuthenticationRequired] == [type(failure) for failure in shop.failures]
        assert [] == paid(sandbox)
        assert intent["client_secret"] not in caplog.text

    def test_the_same_post_again_is_the_payment(self, shop: Shop, sandbox: Sandbox) -> None:
        """Once the buyer has approved; before that it only asks again."""
        sent = submission(sandbox.create_token(ASKS))
        asked, still = shop.post_json(sent), shop.post_json(sent)
        answer_bank(sandbox)
        answer = shop.post_json(sent)

        assert asked.json == still.json
        assert 200 == answer.status
        assert sandbox.charges[0].id == answer.json["payment"]["charge"]["id"]
        assert [sandbox.charges[0].id] == [payment.charge.id for payment in shop.payments]
        assert [Money(500, "usd")] == paid(sandbox)

    def test_after_a_failure_another_card_pays(self, shop: Shop, sandbox: Sandbox) -> None:
        """The same post again says that the bank could not confirm
        it; the next card is charged, once."""
        sent = submission(sandbox.create_token(ASKS))
        shop.post_json(sent)
        answer_bank(sandbox, approve=False)
        failed = shop.post_json(sent)
        answer = shop.post_json(submission(sandbox.create_token()))

        assert (402, "card_declined", "try_another_card") == (
            failed.status,
            failed.json["error"]["code"],
            failed.json["error"]["advice"],
        )
        assert "could not confirm that it was you" in failed.json["error"]["message"]
        assert "authentication" not in failed.json["error"]
        assert [AuthenticationRequired, CardDeclined] == [
            type(failure) for failure in shop.failures
        ]
        assert 200 == answer.status
        assert [Money(500, "usd")] == paid(sandbox)

    def test_an_intent_from_the_browser_is_not_looked_at(
        self, shop: Shop, sandbox: Sandbox
    ) -> None:
        """Somebody else's paid intent in the request pays nothing."""
        shop.post_json(submission(sandbox.create_token()))
        (theirs,) = sandbox.payment_intents
        shop.order = Order(Money(500, "usd"), "A red one", "order-2")
        stolen = {"payment_intent": theirs["id"], "client_secret": theirs["client_secret"]}
        answer = shop.post_json({**submission(sandbox.create_token(ASKS)), **stolen})

        assert (402, "authentication_required") == (answer.status, answer.json["error"]["code"])
        assert theirs["id"] != answer.json["error"]["authentication"]["payment_intent"]
        assert [Money(500, "usd")] == paid(sandbox)

    def test_a_view_of_ones_own_is_told(self, shop: Shop, sandbox: Sandbox) -> None:
        """`charge_from_request` raises until the bank has been
        answered, then returns the Payment."""
        sent = submission(sandbox.create_token(ASKS))
        asked = shop.post_json(sent, "/own")
        answer_bank(sandbox)
        answer = shop.post_json(sent, "/own")

        assert (402, {"own": "AuthenticationRequired"}) == (asked.status, asked.json)
        assert (200, {"own": sandbox.charges[0].id}) == (answer.status, answer.json)


class TestAPage:
    """POST /charge as a form."""

    def ask(self, shop: Shop, sandbox: Sandbox) -> Answer:
        return shop.buy(sandbox.create_token(ASKS))

    def test_it_has_what_stripe_js_needs_and_no_card_form(
        self, shop: Shop, sandbox: Sandbox
    ) -> None:
        """A card form beside the bank's question could pay twice; the
        submission is kept, to be sent again."""
        page = self.ask(shop, sandbox)
        again = page.hidden("again")

        assert 402 == page.status
        assert "follow its steps" in page.text
        assert f'data-client-secret="{sandbox.payment_intents[0]["client_secret"]}"' in page.text
        assert 'src="https://js.stripe.com/' in page.text
        assert (EMAIL, "1") == (again["email"], again["unclear"])
        assert not page.asks_for_a_card
        assert ("Use another card" in page.text) == (shop.order.order_id is not None)
        assert "no-store" == page.headers["Cache-Control"]
        assert "frame-src https://js.stripe.com" in page.headers["Content-Security-Policy"]
        assert [] == paid(sandbox)

    def test_it_ends_in_the_payment(self, shop: Shop, sandbox: Sandbox) -> None:
        """The buyer, who sees the payment for the first time, is not
        told that it is the same as before."""
        again = self.ask(shop, sandbox).hidden("again")
        answer_bank(sandbox)
        page = shop.post_form(again)

        assert 200 == page.status
        assert "been charged" in page.text
        assert "paid twice" not in page.text
        assert [Money(500, "usd")] == paid(sandbox)

    def test_after_a_failure_the_card_form_is_back(self, shop: Shop, sandbox: Sandbox) -> None:
        """With a sentence that says why; the next card pays, once."""
        again = self.ask(shop, sandbox).hidden("again")
        answer_bank(sandbox, approve=False)
        failed = shop.post_form(again)
        page = shop.buy(sandbox.create_token())

        assert (402, True, {}) == (failed.status, failed.asks_for_a_card, failed.hidden("again"))
        assert "could not confirm that it was you" in failed.text
        assert f'value="{EMAIL}"' in failed.text
        assert 200 == page.status
        assert [Money(500, "usd")] == paid(sandbox)

    @pytest.mark.parametrize(
        "fault", [Fault.rate_limit(), Fault.refuse_connection()], ids=lambda fault: fault.name
    )
    def test_trouble_after_the_approval_opens_no_card_form(
        self, shop: Shop, sandbox: Sandbox, fault: Fault
    ) -> None:
        """The money has moved, so "this attempt has not charged you" is no reason to pay again."""
        again = self.ask(shop, sandbox).hidden("again")
        answer_bank(sandbox)
        with sandbox.faults.add(fault, times=None):
            trouble = shop.post_form(again)
        page = shop.post_form(trouble.hidden("again"))

        assert (503, False) == (trouble.status, trouble.asks_for_a_card)
        assert 200 == page.status
        assert [Money(500, "usd")] == paid(sandbox)

    def test_csrf_protection_lets_it_through(self, open_shop: OpenShop, sandbox: Sandbox) -> None:
        """The form that is sent after the bank's question carries the token."""
        shop = open_shop(csrf=True)
        fields = shop.get("/checkout").hidden("pay")
        asked = shop.post_form({**fields, **submission(sandbox.create_token(ASKS))})
        answer_bank(sandbox)

        assert 200 == shop.post_form(asked.hidden("again")).status
        assert [Money(500, "usd")] == paid(sandbox)


@pytest.mark.parametrize("answered", ["never", "meanwhile", "refused"])
def test_a_buyer_who_left_can_come_back(
    open_shop: OpenShop, sandbox: Sandbox, answered: str
) -> None:
    """With an order id the order goes on with the next card, and is paid
    once whatever became of the first."""
    shop = open_shop()
    shop.order = Order(Money(500, "usd"), "A blue notebook", "order-1")
    shop.buy(sandbox.create_token(ASKS))
    if answered != "never":
        answer_bank(sandbox, approve=answered == "meanwhile")
    form = shop.get("/checkout")
    page = shop.buy(sandbox.create_token("5555555555554444"))
    (charge,) = sandbox.charges
    assert charge.card is not None

    assert form.asks_for_a_card
    assert 200 == page.status
    assert ("3184" if answered == "meanwhile" else "4444") == charge.card.last4
    assert [Money(500, "usd")] == paid(sandbox)


@pytest.mark.parametrize("route", ["charges", "payment_intents"])
@pytest.mark.parametrize("number", ["4242424242424242", ASKS])
def test_what_the_payment_element_makes_pays_on_either_route(
    shop: Shop, sandbox: Sandbox, number: str
) -> None:
    """A confirmation token goes over a PaymentIntent, and the bank may ask."""
    sent = submission(sandbox.create_confirmation_token(number))
    answer = shop.post_json(sent)
    if number == ASKS:
        assert "authentication" in answer.json["error"]
        answer_bank(sandbox)
        answer = shop.post_json(sent)

    assert 200 == answer.status
    assert [Money(500, "usd")] == paid(sandbox)


def test_what_is_processing_says_so(shop: Shop, sandbox: Sandbox) -> None:
    """Neither paid nor failed: no card form, and checking again tells how it ended."""
    page = shop.buy(sandbox.create_token(PAYS_LATER))
    waiting = shop.post_form(page.hidden("again"), Accept="application/json")
    sandbox.advance(61)
    ended = shop.post_form(page.hidden("again"))

    assert (202, False) == (page.status, page.asks_for_a_card)
    assert "do not pay again" in page.text
    assert (202, "payment_pending") == (waiting.status, waiting.json["error"]["code"])
    assert [PaymentPending, PaymentPending] == [type(failure) for failure in shop.failures]
    assert (200, [Money(500, "usd")]) == (ended.status, paid(sandbox))
