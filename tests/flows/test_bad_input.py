"""Bad input: refused before anything is sent, in one sentence that echoes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rows import each_row
from tokencharge import Customer, InvalidInput, Money, PaymentGateway, TokenChargeError
from tokencharge.sandbox import Rules, Sandbox

GOOD: dict[str, Any] = {
    "token": "tok_1ABC",
    "email": "ada@example.com",
    "amount": Money(500, "usd"),
}
SAVED: dict[str, Any] = {"customer": "cus_1", "amount": Money(500, "usd"), "order_id": "order-7"}
Table = dict[str, tuple[Any, str]]

PAN = "4242424242424242"

TOKENS: Table = {
    "missing": (None, "The token is missing"),
    "empty": ("", "The token is missing"),
    "blank": (" \n", "The token is missing"),
    "number": (7, "The token is missing"),
    "bytes": (b"tok_1ABC", "The token is missing"),
    "spaces around": (" tok_1ABC", "The token has characters"),
    "newline": ("tok_1ABC\n", "The token has characters"),
    "space inside": ("tok_1 ABC", "The token has characters"),
    "slash": ("tok_1/../x", "The token has characters"),
    "accent": ("tok_é", "The token has characters"),
    "too long": ("tok_" + "x" * 252, "or is too long"),
    "card number": (PAN, "A card number was given where a token belongs"),
    "card number with spaces": (
        " 4242 4242 4242 4242 ",
        "A card number was given where a token belongs",
    ),
    "card number with dashes": (
        "3782-822463-10005",
        "A card number was given where a token belongs",
    ),
    "secret key": ("sk_live_HunterTwo", "An API key was given where a token belongs"),
    "publishable key": ("pk_test_HunterTwo", "An API key was given where a token belongs"),
    "webhook secret": ("whsec_HunterTwo", "An API key was given where a token belongs"),
    "payment method without an order_id": (
        "pm_1HunterTwo",
        "A payment method (pm_) can pay more than once",
    ),
    "intent": ("pi_1HunterTwo", "This is an intent, no card"),
}
EMAILS: Table = {
    "missing": (None, "The e-mail is missing"),
    "empty": ("", "The e-mail is missing"),
    "blank": ("  ", "The e-mail is missing"),
    "no text": (7, "The e-mail is missing"),
    "too long": ("a" * 501 + "@example.com", "longer than the 512"),
    **{
        repr(bad): (bad, "The e-mail is not an address")
        for bad in (
            "ada",
            "@example.com",
            "ada@",
            "ada@b@c",
            "ada @x.y",
            "ada@x y",
            "ada@x\n",
            "<a@b.c>",
            "a\x00@b.c",
        )
    },
}
AMOUNTS: Table = {
    "none": (None, "An amount is Money, not NoneType"),
    "int": (500, "An amount is Money, not int"),
    "float": (5.0, "An amount is Money, not float"),
    "bool": (True, "An amount is Money, not bool"),
    "text": ("5.00", "An amount is Money, not str"),
    "zero": (Money(0, "usd"), "The amount is zero"),
    "isk": (Money(550, "isk"), "ISK amounts are multiples of 100"),
    "ugx": (Money(1, "ugx"), "UGX amounts are multiples of 100"),
    "kwd": (Money(1234, "kwd"), "KWD amounts are multiples of 10"),
}
ORDERS: Table = {
    "int": (7, "An order_id is text, not int"),
    "empty": ("", "The order_id is empty"),
    "blank": (" ", "The order_id is empty"),
    "space before": (" order-7", "or has spaces around it"),
    "space after": ("order-7 ", "or has spaces around it"),
    "newline": ("order\n7", "or control characters"),
    "nul": ("order\x007", "or control characters"),
    "surrogate": ("\ud800", "or control characters"),
    "too long": ("x" * 501, "longer than the 500"),
}
IDS: Table = {
    "empty": ("", "id is missing"),
    "none": (7, "id is missing"),
    "no id": (object(), "id is missing"),
    "list": ("cus_1/sources", "has characters no id has"),
    "query": ("cus_1?x", "has characters no id has"),
    "fragment": ("cus_1#x", "has characters no id has"),
    "space": ("cus_1 ", "has characters no id has"),
    "newline": ("cus_1\n", "has characters no id has"),
    "accent": ("cus_é", "has characters no id has"),
    "too long": ("c" * 256, "or is too long"),
    "card number": (PAN, "A card number or an API key was given"),
    "secret key": ("sk_live_HunterTwo", "A card number or an API key was given"),
}
METADATA: Table = {
    "no mapping": (["a"], "Metadata is a mapping of text to text, not list"),
    "text": ("a=b", "Metadata is a mapping of text to text, not str"),
    "49 names": ({str(n): "" for n in range(49)}, "more than 48 names"),
    "long name": ({"n" * 41: "x"}, "A metadata name is text of 1 to 40"),
    "empty name": ({"": "x"}, "A metadata name is text of 1 to 40"),
    "brackets": ({"a[b]": "x"}, "without square brackets"),
    "bracket": ({"a]": "x"}, "without square brackets"),
    "no name": ({7: "x"}, "A metadata name is text"),
    "our name": ({"tokencharge": "x"}, "is kept for this library"),
    "long value": ({"a": "v" * 501}, "at most 500 characters"),
    "float": ({"a": 1.5}, "at most 500 characters"),
    "bool": ({"a": True}, "at most 500 characters"),
    "none": ({"a": None}, "at most 500 characters"),
    "nested": ({"a": {"b": "c"}}, "at most 500 characters"),
    "long int": ({"a": 10**500}, "at most 500 characters"),
}
SUFFIXES: Table = {
    repr(bad): (bad, "A statement descriptor suffix is text of 1 to 22")
    for bad in ("", "x" * 23, "a<b", "a>b", "a\\b", "a'b", 'a"b', "a*b", "a\nb", 7)
}
DESCRIPTIONS: Table = {
    "too long": ("x" * 40_001, "at most 40,000"),
    "no text": (7, "A description is text"),
}

CASES = {
    f"{method} {name}: {what}": (method, {**good, name: value}, sentence)
    for method, good, name, table in [
        ("charge", GOOD, "token", TOKENS),
        ("charge", GOOD, "email", EMAILS),
        (
            "charge",
            GOOD,
            "receipt_email",
            {what: row for what, row in EMAILS.items() if what != "missing"},
        ),
        ("charge", GOOD, "amount", AMOUNTS),
        ("charge", GOOD, "order_id", ORDERS),
        ("charge", GOOD, "customer", IDS),
        ("charge", GOOD, "metadata", METADATA),
        ("charge", GOOD, "statement_descriptor_suffix", SUFFIXES),
        ("charge", GOOD, "description", DESCRIPTIONS),
        ("charge_customer", SAVED, "customer", IDS),
        ("charge_customer", SAVED, "amount", AMOUNTS),
        (
            "charge_customer",
            SAVED,
            "order_id",
            {"none": (None, "An order_id is text, not NoneType"), **ORDERS},
        ),
        (
            "charge_customer",
            SAVED,
            "card",
            {what: row for what, row in IDS.items() if what != "no id"},
        ),
        ("capture", {}, "charge", IDS),
        (
            "capture",
            {"charge": "ch_1"},
            "amount",
            {what: row for what, row in AMOUNTS.items() if what != "none"},
        ),
        ("void", {}, "charge", IDS),
        ("refund", {}, "charge", IDS),
        (
            "refund",
            {"charge": "ch_1"},
            "amount",
            {what: row for what, row in AMOUNTS.items() if what != "none"},
        ),
        (
            "refund",
            {"charge": "ch_1"},
            "reason",
            {
                "unknown": ("HunterTwo", "A refund's reason is one of"),
                "no text": (7, "A refund's reason is one of"),
                "list": (["duplicate"], "A refund's reason is one of"),
            },
        ),
        (
            "refund",
            {"charge": "ch_1"},
            "idempotency_key",
            {
                repr(key)[:9]: (key, "An idempotency key is 1 to 255")
                for key in ("", "k" * 256, "é", "a\nb", 7)
            },
        ),
        ("find", {}, "order_id", ORDERS),
        ("find", {"order_id": "order-7"}, "customer", IDS),
        ("get_charge", {}, "id", IDS),
        ("get_customer", {}, "id", IDS),
    ]
    for what, (value, sentence) in table.items()
}


@each_row(("method", "arguments", "sentence"), CASES)
def test_bad_input_is_refused_before_anything_is_sent(
    sandbox, gateway, method, arguments, sentence
):
    """One clear sentence, none of the value in it, and no request."""
    before = len(sandbox.requests)
    with pytest.raises(InvalidInput) as refused:
        getattr(gateway, method)(**arguments)
    said = str(refused.value) + repr(refused.value)

    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")
    assert [] == [
        secret
        for secret in (PAN, "4242 4242", "82246", "Hunter", "ada@", "xxx", "nnn", "vvv")
        if secret in said
    ]
    assert (None, None) == (refused.value.__cause__, refused.value.__context__)
    assert [] == sandbox.requests[before:]


def test_a_customer_object_with_a_bad_id_is_refused(sandbox, gateway):
    """It is the id that is sent, wherever it came from."""
    with pytest.raises(InvalidInput, match="customer id is missing"):
        gateway.charge(**GOOD, customer=Customer(""))

    assert [] == sandbox.requests


def test_two_names_for_one_order_are_refused(sandbox, gateway):
    """An order_id among the metadata must be the order_id."""
    with pytest.raises(InvalidInput, match="another order_id"):
        gateway.charge(**GOOD, order_id="order-7", metadata={"order_id": "order-8"})

    assert [] == sandbox.requests


@each_row(
    "field",
    [
        {"metadata": {}},
        {"metadata": {f"{n:040}": "v" * 500 for n in range(48)}},
        {"metadata": {"a": 7, "b": ""}},
        {"description": ""},
        {"description": "x" * 40_000},
        {"statement_descriptor_suffix": "x" * 22},
        {"receipt_email": "a@b"},
        {"order_id": "ö" * 500},
    ],
)
def test_the_ends_of_the_limits_are_taken(field):
    """What Stripe takes is not refused."""
    sandbox = Sandbox(rules=Rules(card_tokens=True))
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client(), route="charges")
    gateway.charge(**{**GOOD, "token": "tok_visa", **field})

    assert 1 == len(sandbox.charges)


SURROGATES = [
    {"email": "\ud800@example.com"},
    {"receipt_email": "\ud800@example.com"},
    {"description": "\ud800"},
    {"metadata": {"a": "\ud800"}},
    {"metadata": {"\ud800": "a"}},
]


@each_row("field", SURROGATES)
def test_text_that_cannot_be_encoded_is_refused(sandbox, gateway, field):
    """Half a character, which no request can carry, is bad input and no unknown outcome."""
    before = len(sandbox.charges)
    with pytest.raises(InvalidInput):
        gateway.charge(**{**GOOD, "token": "tok_visa", **field})

    assert [] == sandbox.charges[before:]


def test_a_first_call_that_fails_before_it_is_sent_raises_one_of_ours(gateway):
    """On a thread that has made no call yet, a failure inside
    the SDK is an error of ours as well."""

    def buy():
        with pytest.raises(TokenChargeError):
            gateway.charge(**{**GOOD, "email": "\ud800@example.com"})

    with ThreadPoolExecutor(1) as fresh:
        fresh.submit(buy).result()


@pytest.mark.parametrize("name", [".", ".."])
def test_an_id_of_dots_is_refused(sandbox, gateway, name):
    """An id that would reach another resource than the object is no id."""
    with pytest.raises(InvalidInput):
        gateway.get_customer(name)


@each_row("key", [" ", "  a ", "a "])
def test_an_idempotency_key_of_spaces_is_refused(gateway, key):
    """A key that does not arrive as it was given protects nothing."""
    with pytest.raises(InvalidInput):
        gateway.refund("ch_1", idempotency_key=key)


@each_row("capture", ["false", "no", 0, None])
def test_capture_is_a_bool(sandbox, gateway, capture):
    """A form's "false" is true to Python, and would take the money that was to be held."""
    with pytest.raises(InvalidInput):
        gateway.charge(**{**GOOD, "token": "tok_visa"}, capture=capture)


ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.lists(st.text())
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.dictionaries(
        TEXT | ANYTHING.filter(lambda name: not isinstance(name, list)), TEXT | ANYTHING, max_size=4
    )
)
def test_any_metadata_is_taken_as_it_is_or_refused(metadata):
    """What is sent is what arrives; anything else raises InvalidInput and sends nothing."""
    sandbox = Sandbox()
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    try:
        gateway.charge(**{**GOOD, "token": "tok_visa"}, metadata=metadata)
    except InvalidInput:
        assert [] == sandbox.requests
    else:
        (charge,) = sandbox.charges
        kept = {name: str(value) for name, value in metadata.items() if value != ""}

        assert kept == {
            name: value for name, value in charge.metadata.items() if name != "tokencharge"
        }


@given(st.text() | ANYTHING, st.text() | ANYTHING, st.text() | ANYTHING)
def test_any_token_email_and_order_is_taken_or_refused(token, email, order_id):
    """Whatever a form posts ends in one of ours, and a refusal sent nothing."""
    sandbox = Sandbox()
    gateway = PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client())
    with pytest.raises(Exception, match=r"\.") as failed:
        gateway.charge(token, email, Money(500, "usd"), order_id=order_id)

    assert type(failed.value).__module__ == "tokencharge.errors"
    assert [] == sandbox.charges
    assert not isinstance(failed.value, InvalidInput) or [] == sandbox.requests
