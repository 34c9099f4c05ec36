"""The rules of the checkout, with no framework about."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from tests.rows import each_row
from tests.web.shop import EMAIL, FORM, JSON, gateway_to
from tokencharge import (
    AuthenticationFailed,
    AuthenticationRequired,
    Card,
    CardDeclined,
    Charge,
    ConfigurationError,
    Customer,
    InvalidInput,
    Money,
    Order,
    OutcomeUnknown,
    Payment,
    PaymentGateway,
    PaymentPending,
    RateLimited,
    Settings,
    TokenChargeError,
    TokenRejected,
)
from tokencharge.sandbox import Sandbox
from tokencharge.web import (
    BODY_LIMIT,
    Checkout,
    Incoming,
    Offer,
    content_security_policy,
    error_code,
)

ORDER = Order(Money(500, "usd"), "A blue notebook")
SETTINGS = Settings("sk_test_1", publishable_key="pk_test_1")


class Failing(PaymentGateway):
    """A gateway that always ends in the same error."""

    def __init__(self, error: TokenChargeError) -> None:
        super().__init__("sk_test_1")
        self.error = error

    def charge(self, *args: Any, **kwargs: Any) -> Payment:
        raise self.error


def posted(
    fields: dict[str, str] | bytes, kind: str = FORM, accept: str = "text/html", **changed: Any
) -> Incoming:
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    form = [] if isinstance(fields, bytes) else list(fields.items())
    given = {
        "length": len(body),
        "form": lambda: form,
        "body": lambda: body,
        "request": None,
        **changed,
    }
    return Incoming(content_type=kind, accept=accept, **given)


def asking(http_status: int | None = None) -> AuthenticationRequired:
    """The bank asks; with 402 it has also declined the card."""
    error = AuthenticationRequired("3ds", http_status=http_status, payment_intent_id="pi_1")
    error.client_secret = "pi_1_secret_2"
    return error


def declined_with_a_secret() -> CardDeclined:
    """Stripe sends the intent with a decline too."""
    error = CardDeclined("no", payment_intent_id="pi_1")
    error.client_secret = "pi_1_secret_2"
    return error


SENT = posted({"token": "tok_1abc", "email": EMAIL})


@each_row(
    ("kind", "accept", "expected"),
    [
        (FORM, "text/html,application/xhtml+xml,*/*;q=0.8", False),
        (FORM, "*/*", False),
        (FORM, "", False),
        (FORM, "Application/JSON", True),
        (FORM, "text/html, application/json", False),
        (JSON, "*/*", True),
        ("Application/JSON; charset=utf-8", "text/html", True),
        ("", "", False),
    ],
)
def test_who_is_answered_in_json(kind: str, accept: str, expected: bool) -> None:
    """Who posts JSON, or takes JSON and no page."""
    assert expected == posted(b"", kind, accept).wants_json


def test_a_body_of_just_the_limit_is_read(sandbox: Sandbox) -> None:
    """The limit is the last length that is read."""
    head = b'{"token": "tok_visa", "email": "ada@example.com", "pad": "'
    full = head + b"a" * (BODY_LIMIT - len(head) - 2) + b'"}'
    checkout, gateway = Checkout(SETTINGS), gateway_to(sandbox)

    assert BODY_LIMIT == len(full)
    assert 200 == checkout.answer(posted(full, JSON), ORDER, gateway).status
    assert 400 == checkout.answer(posted(full + b" ", JSON), ORDER, gateway).status


def test_nothing_is_read_before_its_length_is_known() -> None:
    """Neither form nor body is touched when there is no length, or too much of it."""

    def read() -> Any:
        raise AssertionError("read all the same")

    for kind in (FORM, JSON):
        for length in (None, BODY_LIMIT + 1):
            incoming = posted(b"", kind, length=length, form=read, body=read)

            assert (
                400
                == Checkout(SETTINGS)
                .answer(incoming, ORDER, Failing(OutcomeUnknown("lost")))
                .status
            )


def test_a_charge_without_a_card_is_told_without_one() -> None:
    """Answers of any API version are told."""
    charge = Charge.from_stripe(
        {"id": "ch_1", "amount": 500, "currency": "usd", "created": 0, "status": "succeeded"}
    )
    payment = Payment(Customer.from_stripe({"id": "cus_1", "created": 0}), charge, None, False)
    reply = Checkout(SETTINGS).paid(payment, posted(b"", JSON))

    assert reply.payload["payment"]["charge"]["card"] is None
    assert reply.template is None


@each_row(
    ("error", "status", "payable", "again"),
    [
        (CardDeclined("no"), 402, True, False),
        (AuthenticationRequired("3ds"), 402, True, False),
        (asking(), 402, False, True),
        (TokenRejected("used"), 400, True, False),
        (RateLimited("slow"), 503, True, True),
        (AuthenticationFailed("key"), 500, True, False),
        (PaymentPending("wait"), 202, False, True),
        (OutcomeUnknown("lost"), 502, False, True),
    ],
)
def test_what_a_page_offers_after_each_outcome(
    error: TokenChargeError, status: int, payable: bool, again: bool
) -> None:
    """The card form where a new card cannot be a second charge; the
    same submission where it may help."""
    reply = Checkout(SETTINGS).answer(SENT, ORDER, Failing(error))

    assert status == reply.status
    assert payable == reply.context["payable"]
    assert ([("token", "tok_1abc"), ("email", EMAIL)] if again else []) == reply.context["again"]


@each_row(
    ("error", "payable"),
    [
        (CardDeclined("no"), True),
        (AuthenticationRequired("3ds"), True),
        (asking(), False),
        (TokenRejected("used"), True),
        (RateLimited("slow"), False),
        (AuthenticationFailed("key"), False),
        (OutcomeUnknown("lost"), False),
    ],
)
def test_what_settles_an_unclear_outcome(error: TokenChargeError, payable: bool) -> None:
    """Only an answer about the card itself; until then the same submission is offered again."""
    sent = posted({"token": "tok_1abc", "email": EMAIL, "unclear": "1"})
    reply = Checkout(SETTINGS).answer(sent, ORDER, Failing(error))

    assert payable == reply.context["payable"]
    assert ([] if payable else [("token", "tok_1abc"), ("email", EMAIL)]) == reply.context["again"]


@each_row(
    ("error", "authentication"),
    {
        "asks": (asking(), {"client_secret": "pi_1_secret_2", "payment_intent": "pi_1"}),
        "asked and declined": (asking(402), None),
        "no secret": (AuthenticationRequired("3ds"), None),
        "declined": (declined_with_a_secret(), None),
    },
)
def test_only_a_question_that_stripe_js_can_put_is_passed_on(
    error: TokenChargeError, authentication: dict[str, str] | None
) -> None:
    """The secret of an intent whose card was declined leads nowhere: the card form does."""
    page = Checkout(SETTINGS).answer(SENT, ORDER, Failing(error))
    script = Checkout(SETTINGS).answer(
        posted({"token": "tok_1abc", "email": EMAIL}, JSON), ORDER, Failing(error)
    )

    assert authentication == page.context["authentication"]
    assert authentication == script.payload["error"].get("authentication")
    assert (authentication is None) == page.context["payable"]


@pytest.mark.parametrize("element", ["card", "payment"])
def test_the_page_is_told_which_element_to_show(element: str) -> None:
    """And the amount as Stripe counts it, as text, which no
    template engine puts separators into."""
    settings = Settings("sk_test_1", publishable_key="pk_test_1", element=element)
    context = Checkout(settings).page(Order(Money(123456, "usd"))).context

    assert (element, "123456") == (context["element"], context["minor_units"])


def test_half_a_submission_is_never_offered_again() -> None:
    """Without its e-mail the same submission cannot be sent."""
    reply = Checkout(SETTINGS).answer(
        posted({"token": "tok_1abc", "unclear": "1"}), ORDER, Failing(RateLimited(""))
    )

    assert 400 == reply.status
    assert [] == reply.context["again"]


def test_the_email_is_kept_when_the_token_is_missing() -> None:
    """Where the script did not run, the buyer need not type the e-mail again."""
    reply = Checkout(SETTINGS).answer(
        posted({"token": "", "email": EMAIL}), ORDER, Failing(RateLimited(""))
    )

    assert (400, EMAIL) == (reply.status, reply.context["email"])


@pytest.mark.parametrize(
    "error", [OutcomeUnknown("lost"), AuthenticationFailed("key"), CardDeclined("no")]
)
def test_a_failing_failure_hook_changes_no_answer(
    error: TokenChargeError, caplog: pytest.LogCaptureFixture
) -> None:
    """The host's trouble is logged, without the token, and the next hook is called."""
    told: list[TokenChargeError] = []

    def fail(news: object) -> None:
        raise ZeroDivisionError("the host's own")

    checkout = Checkout(SETTINGS, on_failure=[fail, told.append])
    reply = checkout.answer(SENT, ORDER, Failing(error))

    assert error.suggested_status == reply.status
    assert [error] == told
    assert "the host's own" in caplog.text
    assert "tok_1abc" not in caplog.text


def test_only_what_needs_looking_after_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A decline is daily business; a key at fault is an error of the site's."""
    caplog.set_level(logging.DEBUG, "tokencharge")
    checkout = Checkout(SETTINGS)
    checkout.answer(SENT, ORDER, Failing(CardDeclined("no")))
    quiet = not caplog.records
    checkout.answer(
        SENT, ORDER, Failing(AuthenticationFailed("the key is wrong", customer_id="cus_1"))
    )

    assert quiet
    assert ["AuthenticationFailed (charge None, customer cus_1, order None): the key is wrong"] == [
        record.getMessage() for record in caplog.records
    ]


def test_a_block_that_makes_no_payment_tells_nobody() -> None:
    """An adapter that drives the gateway itself may end without a payment."""
    told: list[Payment] = []
    with Checkout(SETTINGS, on_payment=[told.append]).submission(SENT, ORDER) as submission:
        assert "tok_1abc" == submission.arguments["token"]
        assert "tok_1abc" not in repr(submission)

    assert [] == told


def test_a_submission_raises_what_cannot_be_read() -> None:
    """Before the block is entered."""
    entered = []
    with pytest.raises(InvalidInput), Checkout(SETTINGS).submission(posted(b"[]", JSON), ORDER):
        entered.append(True)

    assert [] == entered


def test_a_card_whose_expiry_nobody_knows_is_offered_without() -> None:
    """The bank will say."""
    order = Order(Money(500, "usd"), order_id="1", customer="cus_1", reuse_cards=True)
    page = Checkout(SETTINGS).page(order, offer=Offer("cus_1", [Card("pm_1", "visa", "4242")]))
    (shown,) = page.context["saved_cards"]

    assert ("pm_1", "", False, True) == tuple(
        shown[name] for name in ("id", "expiry", "expired", "chosen")
    )


def test_a_page_needs_a_publishable_key() -> None:
    """Without one it would be a dead form."""
    with pytest.raises(ConfigurationError, match="STRIPE_PUBLISHABLE_KEY"):
        Checkout(Settings("sk_test_1")).page(ORDER)


def test_stripes_own_hosts_are_let_in() -> None:
    """Those Stripe documents for Stripe.js, with the frames its card fields live in."""
    policy = dict(part.split(" ", 1) for part in content_security_policy(SETTINGS).split("; "))

    assert "'self' https://js.stripe.com https://*.js.stripe.com" == policy["script-src"]
    assert (
        "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com"
        == policy["frame-src"]
    )
    assert "'self' https://api.stripe.com" == policy["connect-src"]
    assert "'self'" == policy["form-action"]


def test_a_sandbox_and_a_host_of_static_files_are_let_in() -> None:
    """Whatever serves the page's scripts, and nobody else."""
    settings = Settings(
        "sk_test_1", api_base="http://127.0.0.1:12111", js_url="http://127.0.0.1:12111/v3/"
    )
    policy = dict(
        part.split(" ", 1)
        for part in content_security_policy(
            settings, "https://cdn.example/static/tokencharge.js"
        ).split("; ")
    )

    assert "'self' https://cdn.example http://127.0.0.1:12111" == policy["script-src"]
    assert "'self' https://cdn.example" == policy["style-src"]
    assert "'self' http://127.0.0.1:12111" == policy["connect-src"]
    assert "http://127.0.0.1:12111" == policy["frame-src"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CardDeclined("no"), "card_declined"),
        (AuthenticationRequired("3ds"), "authentication_required"),
    ],
)
def test_codes_are_the_names_of_the_errors(error: TokenChargeError, code: str) -> None:
    """Stripe's and the bank's own codes stay on the server: they may tell a thief too much."""
    assert code == error_code(error)
