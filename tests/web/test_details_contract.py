"""The contract of names and addresses: what a page asks for is read, kept
and charged with; nothing else is."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tests.rows import each_row
from tests.web.shop import EMAIL, Answer, Shop
from tokencharge import Address, InvalidInput, Money, Order, Person
from tokencharge.sandbox import Fault, Sandbox

FIVE = Money(500, "usd")
DECLINED = "4000000000000341"
ASKS = "4000002760003184"
ALL = ("phone", "billing_address", "shipping_address")
HOME = Address("1 High Street", None, "Pune", "MH", "411001", "IN")
WORK = Address("7 Rue Paul Bert", city="Lyon", country="FR")
ADA = Person("Ada Lovelace", "+44 20 7946 0000", HOME)
CHARLES = Person("Charles Babbage", address=WORK)
IN_JSON: dict[str, Any] = {"billing": ADA.to_stripe(), "shipping": CHARLES.to_stripe()}
IN_A_FORM = {
    "billing.name": " Ada Lovelace ",
    "billing.phone": "+44 20 7946 0000",
    "billing.address.line1": "1 High Street",
    "billing.address.line2": "",
    "billing.address.city": "Pune",
    "billing.address.state": "MH",
    "billing.address.postal_code": "411001",
    "billing.address.country": "IN",
    "shipping.name": "Charles Babbage",
    "shipping.address.line1": "7 Rue Paul Bert",
    "shipping.address.city": "Lyon",
    "shipping.address.country": "fr",
}
SECRET = "Nobodys Business"


def order(*collect: str, **more: Any) -> Order:
    return Order(FIVE, "A basket", "order-1", collect=collect, **more)


def press(shop: Shop, page: Answer, token: str, *form: tuple[str, str], **fields: str) -> Answer:
    """Press the button of a page, filled in."""
    said = {**page.hidden("pay"), "token": token, "email": EMAIL, **IN_A_FORM, **fields}
    return shop.post_form([*said.items(), *form])


def typed(page: Answer, name: str) -> str | None:
    """What stands in a field of a page."""
    field = re.search(rf'<input[^>]* name="{re.escape(name)}"[^>]*>', page.text)
    value = re.search(r' value="([^"]*)"', field[0]) if field else None
    return unescape(value[1]) if value else None


def marked(page: Answer) -> list[str]:
    """The fields that a page says are wrong."""
    return re.findall(r'<(?:input|select)[^>]* name="([^"]*)"[^>]*aria-invalid="true"', page.text)


class TestWhatThePageAsksFor:
    """`Order(collect=...)`."""

    @each_row(("collect", "asked"), [
            ((), []),
            (("name",), ["billing.name"]),
            (("phone", "name"), ["billing.name", "billing.phone"]),
            (("billing_address",), ["billing.name", "billing.address.line1"]),
            (("name", "billing_address"), ["billing.name", "billing.address.line1"]),
            (("shipping_address",), ["shipping.name", "shipping.address.line1"]),
            (ALL, ["billing.phone", "billing.name", "billing.address.line1",
                   "shipping.same_as_billing", "shipping.name", "shipping.address.line1"]),
        ])  # fmt: skip
    def test_it_has_fields_for_that_and_nothing_else(
        self, shop: Shop, collect: Any, asked: list[str]
    ) -> None:
        """An address comes with a name; where both are asked for, a
        box says that they are the same."""
        shop.order = order(*collect)
        page = shop.get("/checkout").text
        names = re.findall(r'name="((?:billing|shipping)[^"]*(?:name|phone|line1|billing))"', page)

        assert asked == names


class TestWhatWasTyped:
    """POST /charge, filled in."""

    @pytest.fixture(params=["form", "JSON"])
    def pay(self, request: pytest.FixtureRequest, shop: Shop) -> Any:
        """Sends a token with all that is asked for."""
        if request.param == "JSON":
            return lambda token: shop.post_json({"token": token, "email": EMAIL, **IN_JSON})
        return lambda token: press(shop, shop.get("/checkout"), token)

    def test_it_reaches_stripe(self, shop: Shop, sandbox: Sandbox, pay: Any) -> None:
        """The sandbox's Customer, PaymentMethod and Charge have
        name, phone, address and shipping."""
        shop.order = order(*ALL, receipt_email=True)
        answer = pay(sandbox.create_token())
        (customer,), (charge,) = sandbox.customers, sandbox.charges

        assert 200 == answer.status
        assert (ADA.name, ADA.phone, HOME, CHARLES) == (
            customer.name,
            customer.phone,
            customer.address,
            customer.shipping,
        )
        assert (ADA, CHARLES, EMAIL) == (charge.billing, charge.shipping, charge.receipt_email)

    def test_what_was_not_asked_for_is_not_read(
        self, shop: Shop, sandbox: Sandbox, pay: Any
    ) -> None:
        """An order that collects nothing knows nothing, whatever is sent."""
        shop.order = order()
        answer = pay(sandbox.create_token())

        assert 200 == answer.status
        assert (None, None) == (sandbox.customers[0].name, sandbox.customers[0].address)
        assert (None, None) == (sandbox.charges[0].billing, sandbox.charges[0].shipping)

    def test_some_of_it_is_read_where_some_is_asked_for(
        self, shop: Shop, sandbox: Sandbox, pay: Any
    ) -> None:
        """A name alone is the buyer's."""
        shop.order = order("name")
        pay(sandbox.create_token())

        assert Person("Ada Lovelace") == sandbox.charges[0].billing

    @pytest.mark.parametrize("way", ["form", "JSON"])
    def test_a_box_says_that_both_addresses_are_one(
        self, shop: Shop, sandbox: Sandbox, way: str
    ) -> None:
        """What stands in the fields for shipping is not read then."""
        shop.order = order(*ALL)
        if way == "form":
            fields = {"shipping.same_as_billing": "1", "shipping.name": SECRET}
            press(shop, shop.get("/checkout"), sandbox.create_token(), **fields)
        else:
            shipping = {"same_as_billing": True, "name": SECRET}
            shop.post_json(
                {
                    "token": sandbox.create_token(),
                    "email": EMAIL,
                    "billing": IN_JSON["billing"],
                    "shipping": shipping,
                }
            )

        assert Person(ADA.name, address=HOME) == sandbox.charges[0].shipping

    def test_a_receipt_may_go_elsewhere_or_nowhere(self, shop: Shop, sandbox: Sandbox) -> None:
        """`receipt_email` is an address of the shop's choosing, the buyer's own, or none."""
        for number, receipt in enumerate(("boss@example.com", True, False, None)):
            shop.order = Order(FIVE, order_id=f"order-{number}", receipt_email=receipt)
            shop.buy(sandbox.create_token())

        assert ["boss@example.com", EMAIL, None, None] == [
            charge.receipt_email for charge in sandbox.charges
        ]


class TestWhatIsWrong:
    """A field that cannot be right."""

    @each_row(
        ("field", "value"),
        [
            ("billing.name", ""),
            ("billing.name", " \t"),
            ("billing.name", "x" * 257),
            ("billing.name", "4242 4242 4242 4242"),
            ("billing.phone", "1" * 21),
            ("billing.address.line1", ""),
            ("billing.address.city", "a\0b"),
            ("billing.address.city", "caf\ufffd"),
            ("billing.address.state", "a\nb"),
            ("billing.address.country", "France"),
            ("billing.address.country", ""),
            ("shipping.name", ""),
            ("shipping.address.line2", "x" * 5_001),
            ("shipping.address.country", "<script>"),
        ],
    )
    def test_it_is_named_and_all_that_was_typed_is_kept(
        self, shop: Shop, sandbox: Sandbox, field: str, value: str
    ) -> None:
        """400, a sentence, the field marked, nothing sent to Stripe; the
        other fields stand as they were typed."""
        shop.failures.clear()
        shop.order = order(*ALL)
        answer = press(shop, shop.get("/checkout"), sandbox.create_token(), **{field: value})

        assert 400 == answer.status
        assert "Some of the details were not valid." in unescape(answer.text)
        assert [field] == marked(answer)
        assert ("Please fill in this field." if not value.strip() else "Please") in answer.text
        assert {"411001", "7 Rue Paul Bert", EMAIL} == {
            typed(answer, name)
            for name in ("billing.address.postal_code", "shipping.address.line1", "email")
        }
        assert [] == sandbox.charges == sandbox.customers
        assert [field] == [error.field for error in shop.failures]

    @each_row("field", ["billing.name", "billing.phone", "shipping.address.line1"])
    def test_a_card_number_in_the_wrong_field_is_not_shown_again(
        self, shop: Shop, sandbox: Sandbox, field: str
    ) -> None:
        """It goes no further than it has come: not back into the page, and not to Stripe."""
        before = len(sandbox.customers)
        shop.order = order(*ALL)
        answer = press(
            shop, shop.get("/checkout"), sandbox.create_token(), **{field: "4242 4242 4242 4242"}
        )

        assert 400 == answer.status
        assert [field] == marked(answer)
        assert "4242 4242" not in answer.text
        assert [] == sandbox.customers[before:]

    def test_a_long_phone_number_is_shown_again(self, shop: Shop, sandbox: Sandbox) -> None:
        """Though it has as many digits as the shortest card numbers."""
        shop.order = order("phone")
        page = press(
            shop,
            shop.get("/checkout"),
            sandbox.create_token(DECLINED),
            **{"billing.phone": "004917012345678"},
        )

        assert "004917012345678" == typed(page, "billing.phone")

    @each_row(
        ("said", "field"),
        [
            ({}, "billing.phone"),
            ({"billing": "Ada"}, "billing.phone"),
            ({"billing": ["Ada"]}, "billing.phone"),
            ({"billing": {**IN_JSON["billing"], "name": ["Ada"]}}, "billing.name"),
            ({"billing": {**IN_JSON["billing"], "name": {"first": "Ada"}}}, "billing.name"),
            ({"billing": {**IN_JSON["billing"], "name": 7}}, "billing.name"),
            ({"billing": {**IN_JSON["billing"], "name": None}}, "billing.name"),
            (
                {"billing": {**IN_JSON["billing"], "address": "1 High Street"}},
                "billing.address.line1",
            ),
            (
                {"billing": {**IN_JSON["billing"], "address": {"line1": "\ud800"}}},
                "billing.address.line1",
            ),
            ({**IN_JSON, "shipping": {"same_as_billing": "yes"}}, "shipping.name"),
            ({**IN_JSON, "billing.name": "Ada"}, "billing.name"),
        ],
    )
    def test_a_script_is_told_the_field(
        self, shop: Shop, sandbox: Sandbox, said: Any, field: str
    ) -> None:
        """JSON of another shape is answered with one sentence and the field's path."""
        before = len(sandbox.requests)
        shop.order = order(*ALL)
        answer = shop.post_json({"token": sandbox.create_token(), "email": EMAIL, **said})

        assert 400 == answer.status
        assert ("invalid_input", "fix_details", field) == tuple(
            answer.json["error"][name] for name in ("code", "advice", "field")
        )
        assert [] == sandbox.requests[before + 1 :] == sandbox.charges

    def test_a_field_that_is_sent_twice_is_refused(self, shop: Shop, sandbox: Sandbox) -> None:
        """Nobody knows which of the two was meant."""
        shop.order = order(*ALL)
        answer = press(
            shop, shop.get("/checkout"), sandbox.create_token(), ("billing.address.city", "Paris")
        )

        assert 400 == answer.status
        assert ["billing.address.city"] == marked(answer)
        assert "InvalidInput" == type(shop.failures[0]).__name__

    def test_a_body_that_is_too_large_is_refused(self, shop: Shop, sandbox: Sandbox) -> None:
        """Before anything of it is read."""
        shop.order = order(*ALL)
        answer = press(shop, shop.get("/checkout"), sandbox.create_token(), ("more", "x" * 40_000))

        assert 400 == answer.status
        assert isinstance(shop.failures[0], InvalidInput)
        assert [] == sandbox.charges

    def test_a_country_that_only_stripe_knows_to_be_none_is_the_buyers_to_mend(
        self, shop: Shop, sandbox: Sandbox
    ) -> None:
        """Stripe's own refusal names the field on the page."""
        shop.order = order("billing_address")
        answer = press(
            shop, shop.get("/checkout"), sandbox.create_token(), **{"billing.address.country": "JA"}
        )

        assert 400 == answer.status
        assert ["billing.address.country"] == marked(answer)
        assert [] == sandbox.charges


class TestWhatIsSentAgain:
    """After an outcome that is open."""

    def test_a_decline_keeps_what_was_typed(self, shop: Shop, sandbox: Sandbox) -> None:
        """The buyer types another card, and nothing else."""
        shop.order = order(*ALL)
        answer = press(shop, shop.get("/checkout"), sandbox.create_token(DECLINED))

        assert 402 == answer.status
        assert [] == marked(answer)
        assert "7 Rue Paul Bert" == typed(answer, "shipping.address.line1")
        assert 'value="IN" selected' in answer.text

    @pytest.mark.parametrize("same", [False, True], ids=["two addresses", "one address"])
    def test_the_form_that_checks_again_sends_it_all_again(
        self, shop: Shop, sandbox: Sandbox, same: bool
    ) -> None:
        """The answer that was lost is found, by the very same request."""
        shop.order = order(*ALL)
        fields = {"shipping.same_as_billing": "1"} if same else {}
        with sandbox.faults.add(Fault.lose_answer(), path="/v1/payment_intents", times=None):
            page = press(shop, shop.get("/checkout"), sandbox.create_token(), **fields)
        answer = shop.post_form(page.hidden("again"))

        assert 502 == page.status
        assert same == ("shipping.same_as_billing" in page.hidden("again"))
        assert "You&#39;ve been charged" in answer.text or "You've been charged" in unescape(
            answer.text
        )
        assert [Person(ADA.name, address=HOME) if same else CHARLES] == [
            each.shipping for each in sandbox.charges
        ]

    def test_who_was_asked_by_the_bank_has_paid_for_what_was_typed(
        self, shop: Shop, sandbox: Sandbox
    ) -> None:
        """The form that is sent after the bank has answered holds names and addresses."""
        shop.order = order(*ALL)
        page = press(shop, shop.get("/checkout"), sandbox.create_token(ASKS))
        sandbox.authenticate(sandbox.payment_intents[0]["id"])
        answer = shop.post_form(page.hidden("again"))

        assert 200 == answer.status
        assert [(ADA, CHARLES)] == [(each.billing, each.shipping) for each in sandbox.charges]
