"""The contract of blame: the buyer hears of what they can mend, the shop of
all the rest, in every framework."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.rows import each_row
from tests.web.conftest import OpenShop
from tests.web.shop import EMAIL, Answer, Shop
from tokencharge import ConfigurationError, InvalidInput, Money, Order
from tokencharge.sandbox import Fault, Response, Sandbox

FIVE = Money(500, "usd")
OUR_SIDE = "Something went wrong on our side"


def refusing(**error: Any) -> Fault:
    """Stripe refuses with an error of its own."""
    body = json.dumps({"error": {"type": "invalid_request_error", **error}}).encode()

    answer = Response(400, {"Request-Id": "req_refused", "Content-Type": "application/json"}, body)
    return Fault("refused", executed=False, garbled=lambda response: answer)


def buy(shop: Shop, sandbox: Sandbox) -> tuple[Answer, Answer]:
    """A form and a script."""
    sent = {"token": sandbox.create_token(), "email": EMAIL}
    return shop.post_form(sent), shop.post_json(sent)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [
        each
        for each in caplog.records
        if each.name == "tokencharge" and each.levelno >= logging.ERROR
    ]
    return [each.getMessage() for each in found]


class TestTheShops:
    """What the buyer cannot mend: 500, a sentence that does not send them
    looking, and a record of what to do."""

    @each_row(
        ("error", "what_to_do"),
        {
            "account": (
                {"message": "This account cannot currently make live charges."},
                "Mend what it names",
            ),
            "parameter": (
                {"code": "parameter_unknown", "param": "amuont", "message": "Unknown parameter"},
                "Mend what it names",
            ),
            "minimum": (
                {"code": "amount_too_small", "message": "Amount must be at least $0.50 usd"},
                "Mend what it names",
            ),
            "not activated": (
                {"code": "testmode_charges_only", "message": "Your account is not activated."},
                "in the dashboard",
            ),
        },
    )
    def test_what_stripe_refuses(
        self,
        shop: Shop,
        sandbox: Sandbox,
        error: Any,
        what_to_do: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Stripe's words and the request's id are in the log, and the
        buyer is not told to check anything."""
        caplog.clear()
        with sandbox.faults.add(refusing(**error), times=None, method="POST"):
            page, script = buy(shop, sandbox)

        assert [500, 500] == [page.status, script.status]
        assert OUR_SIDE in page.text
        assert "has not charged you" in page.text
        assert "check" not in script.json["error"]["message"]
        assert ("invalid_request", None) == (
            script.json["error"]["code"],
            script.json["error"]["advice"],
        )
        assert 2 == len(errors(caplog))
        for record in errors(caplog):
            assert error["message"] in record
            assert what_to_do in record
            assert "req_refused" in record

    @each_row(
        "wrong",
        [
            {"metadata": {"items": "x" * 501}},
            {"metadata": {f"name {n}": "" for n in range(49)}},
            {"metadata": {"items": None}},
            {"order_id": 7},
            {"amount": 500},
            {"amount": Money(0, "usd")},
            {"amount": Money(1005, "kwd")},
            {"capture": "no"},
            {"paid": "no"},
            {"save_card": 1},
            {"receipt_email": "nobody"},
            {"customer": "cus 1"},
            {"began": "yesterday"},
            {"description": 7},
            {"statement_descriptor_suffix": "#96054"},
            {"order_id": "1", "metadata": {"order_id": "2"}},
        ],
    )
    def test_an_order_that_cannot_be(
        self, shop: Shop, sandbox: Sandbox, wrong: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It fails where it is made: the developer sees it at the first GET,
        and no buyer is blamed at a POST."""
        before = len(sandbox.requests)
        caplog.clear()
        type(shop).order = property(  # type: ignore[assignment]
            lambda shop: Order(**{"amount": FIVE, **wrong})
        )
        try:
            with pytest.raises(InvalidInput) as at_first:
                shop.get("/checkout")
            page, script = buy(shop, sandbox)
        finally:
            del type(shop).order

        assert [500, 500] == [page.status, script.status]
        assert OUR_SIDE in page.text
        assert "configuration_error" == script.json["error"]["code"]
        assert [at_first.value.message in record for record in errors(caplog)] == [True, True]
        assert [] == sandbox.requests[before:]

    @each_row("wrong", [None, (FIVE, "A basket"), FIVE, "5.00 USD", {"amount": 500}])
    def test_an_order_function_that_returns_no_order(
        self, shop: Shop, sandbox: Sandbox, wrong: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One sentence at the first GET; at a POST the buyer's browser
        gets a page and the log the sentence."""
        before = len(sandbox.requests)
        caplog.clear()
        shop.order = wrong
        with pytest.raises(ConfigurationError, match=r"order function returned .* return an Order"):
            shop.get("/checkout")
        page, script = buy(shop, sandbox)

        assert [500, 500] == [page.status, script.status]
        assert OUR_SIDE in page.text
        assert 'href="/checkout"' in page.text
        assert 2 == len(errors(caplog))
        assert [] == sandbox.requests[before:]

    def test_a_page_that_breaks_after_the_charge(
        self,
        shop: Shop,
        sandbox: Sandbox,
        break_page: Callable[[str], None],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """The buyer still reads that they paid, and how much; the log has the reason."""
        break_page("charge.html")
        page = shop.buy(sandbox.create_token())

        assert 200 == page.status
        assert "been charged" in page.text
        assert "$5.00" in page.text
        assert ["cannot be rendered" in record for record in errors(caplog)] == [True]
        assert [FIVE] == [charge.amount for charge in sandbox.charges]

    def test_a_page_that_breaks_after_a_decline(
        self, shop: Shop, sandbox: Sandbox, break_page: Callable[[str], None]
    ) -> None:
        """The buyer still reads that they have not been charged; a page that
        breaks before anything is an error."""
        break_page("checkout.html")
        declined = shop.buy("tok_chargeDeclined")
        with pytest.raises(Exception, match="broken on purpose"):
            shop.get("/checkout")

        assert 402 == declined.status
        assert "card was declined" in declined.text


class TestTheBuyers:
    """What the buyer can mend names the field."""

    @each_row("param", ["email", "receipt_email"])
    def test_an_email_that_stripe_refuses(
        self, shop: Shop, sandbox: Sandbox, param: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """400, the sentence is about the e-mail, the field is
        marked, and no record calls the shop."""
        caplog.clear()
        error = {
            "code": "email_invalid",
            "param": param,
            "message": "Invalid email address: otameshi@com",
        }
        with sandbox.faults.add(refusing(**error), times=None, method="POST"):
            page, script = buy(shop, sandbox)
        paid = shop.buy(sandbox.create_token())

        assert [400, 400] == [page.status, script.status]
        assert "e-mail address was not accepted" in page.text
        assert "has not charged you" in page.text
        assert 'aria-invalid="true"' in page.text
        assert f'value="{EMAIL}"' in page.text
        assert ("email", "fix_details") == (
            script.json["error"]["field"],
            script.json["error"]["advice"],
        )
        assert [] == errors(caplog)
        assert 200 == paid.status

    def test_white_space_around_an_email(self, shop: Shop, sandbox: Sandbox) -> None:
        """A space that a telephone's keyboard adds is no fault."""
        answer = shop.post_json({"token": sandbox.create_token(), "email": f" {EMAIL} \n"})

        assert 200 == answer.status
        assert [EMAIL] == [customer.email for customer in sandbox.customers]

    @each_row("email", ["", "nobody", "a b@example.com"])
    def test_an_email_that_is_none(self, shop: Shop, sandbox: Sandbox, email: str) -> None:
        """It is told so before Stripe is asked."""
        page = shop.post_form({"token": sandbox.create_token(), "email": email})

        assert 400 == page.status
        assert "e-mail address was not accepted" in page.text
        assert 'aria-invalid="true"' in page.text
        assert [] == sandbox.requests

    @each_row("token", ["tok_madeup", "tok_1Madeup", "ctoken_1Madeup", "nothing"])
    def test_a_token_that_is_made_up(
        self, shop: Shop, sandbox: Sandbox, token: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is whoever posted it that is at fault: 400, a request for the card,
        and no record that calls the shop."""
        caplog.clear()
        page = shop.buy(token)
        script = shop.post_json({"token": token, "email": EMAIL})

        assert [400, 400] == [page.status, script.status]
        assert page.asks_for_a_card
        assert "enter your card again" in page.text
        assert "token_rejected" == script.json["error"]["code"]
        assert [] == errors(caplog)
        assert [] == [charge for charge in sandbox.charges if charge.paid]

    @each_row(
        ("sent", "said"),
        {
            "another name": (
                {"tok": "tok_visa", "email": EMAIL},
                "The token is missing: send it as token or stripeToken.",
            ),
            "no e-mail": (
                {"token": "tok_visa", "mail": EMAIL},
                "The e-mail is missing: send it as email or stripeEmail.",
            ),
            "no text": (
                {"token": "tok_visa", "email": [EMAIL]},
                "The e-mail is not text in UTF-8.",
            ),
            "no object": (["tok_visa", EMAIL], "The JSON body is not an object"),
            "a card": ({"token": "4242424242424242", "email": EMAIL}, "A card number was given"),
        },
    )
    def test_a_script_that_posts_wrong_fields(
        self,
        shop: Shop,
        sandbox: Sandbox,
        sent: Any,
        said: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Its developer finds the field in the log, and no value; the buyer is told
        what they can mend, and a form of theirs is no warning."""
        caplog.clear()
        script = shop.post_json(sent)
        shop.post_form({"email": EMAIL})

        (record,) = [
            each
            for each in caplog.records
            if each.name == "tokencharge" and each.levelno >= logging.WARNING
        ]
        assert 400 == script.status
        assert "invalid_input" == script.json["error"]["code"]
        assert "WARNING" == record.levelname
        assert f"A script's charge was refused: {said}" in record.getMessage()
        assert not any(value in caplog.text for value in ("tok_visa", EMAIL, "4242"))
        assert [] == sandbox.requests


class TestGuards:
    """What stands before a charge fails closed."""

    @each_row("answer", [False, 0, "", [], {}])
    def test_whatever_is_false_refuses(self, shop: Shop, sandbox: Sandbox, answer: object) -> None:
        """But None, which a hook returns that says nothing."""
        before = len(sandbox.requests)
        shop.before_charge = lambda request: answer
        refused = shop.buy(sandbox.create_token())
        shop.before_charge = lambda request: None

        assert 429 == refused.status
        assert [] == sandbox.requests[before:]
        assert 200 == shop.buy(sandbox.create_token()).status

    @pytest.mark.parametrize("allows", [False, True])
    def test_an_async_guard_is_asked(self, shop: Shop, sandbox: Sandbox, allows: bool) -> None:
        """It is awaited, whatever the framework."""

        async def guard(request: object) -> bool:
            return allows

        shop.before_charge = guard
        answer = shop.buy(sandbox.create_token())

        assert (200 if allows else 429) == answer.status
        assert [FIVE] * allows == [charge.amount for charge in sandbox.charges]


class TestOtherSites:
    """A post that another site's page sends is refused, with no CSRF extension."""

    @pytest.fixture
    def host(self, shop: Shop) -> str:
        """Where the shop is, as its framework's test client has it."""
        name = type(shop).__name__
        return "localhost" if name == "FlaskShop" else "testserver"

    @each_row(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "https://HOST.evil.example"},
            {"Origin": "https://HOST:444"},
            {"Origin": "nonsense"},
            {"Origin": "https://[::"},
        ],
    )
    def test_it_is_refused_before_anything_is_read(
        self, shop: Shop, sandbox: Sandbox, host: str, headers: dict[str, str]
    ) -> None:
        """403, with a way to the page; neither order nor guard nor
        Stripe is asked, form or JSON."""
        said = {name: value.replace("HOST", host) for name, value in headers.items()}
        asked: list[object] = []
        shop.before_charge = asked.append
        sent = {"token": sandbox.create_token(), "email": EMAIL}
        page, script = shop.post_form(sent, **said), shop.post_json(sent, **said)
        own = shop.post_json(sent, "/own", **said)

        assert [403, 403, 403] == [page.status, script.status, own.status]
        assert "has not charged you" in page.text
        assert 'href="/checkout"' in page.text
        assert ("cross_site_request", "CrossSiteRequest") == (
            script.json["error"]["code"],
            own.json["own"],
        )
        assert ([], [], []) == (asked, shop.failures, sandbox.requests)

    @each_row(
        "headers",
        [
            {},
            {"Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "none"},
            {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
            {"Origin": "http://HOST"},
            {"Origin": "https://HOST"},
            {"Origin": "https://HOST:443"},
            {"Origin": "HTTPS://HOST"},
        ],
    )
    def test_the_sites_own_page_pays(
        self, shop: Shop, sandbox: Sandbox, host: str, headers: dict[str, str]
    ) -> None:
        """So does what comes from no browser."""
        said = {name: value.replace("HOST", host) for name, value in headers.items()}

        sent = {"token": sandbox.create_token(), "email": EMAIL, "shown": shop.order.shown}

        assert 200 == shop.post_form(sent, **said).status

    @each_row("site", ["cross-site", "same-site", ""])
    def test_a_trusted_origin_pays(self, open_shop: OpenShop, sandbox: Sandbox, site: str) -> None:
        """A front end on another host, or a proxy that hides the host that browsers see."""
        shop = open_shop(trusted_origins=["https://front.example"])
        said = {"Origin": "https://front.example", **({"Sec-Fetch-Site": site} if site else {})}
        sent = {"token": sandbox.create_token(), "email": EMAIL}

        assert 200 == shop.post_json(sent, **said).status
        assert 403 == shop.post_json(sent, **{**said, "Origin": "https://other.example"}).status

    def test_stripe_is_no_browser(self, shop: Shop) -> None:
        """A webhook is verified by its signature."""
        assert 400 == shop.deliver(b"{}", "").status


def test_the_headers_of_a_careful_page(shop: Shop, sandbox: Sandbox) -> None:
    """Nothing is sniffed, kept, or told to another site, pages and JSON alike."""
    answers = [
        shop.get("/checkout"),
        shop.get("/charge"),
        shop.buy(sandbox.create_token()),
        shop.buy("tok_chargeDeclined"),
        shop.post_json({}),
    ]

    assert {("nosniff", "same-origin", "no-store")} == {
        tuple(
            answer.headers[name]
            for name in ("X-Content-Type-Options", "Referrer-Policy", "Cache-Control")
        )
        for answer in answers
    }
