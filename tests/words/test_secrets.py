"""Redaction: no key, token, card number or e-mail comes through."""

from __future__ import annotations

import json
import re
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rows import each_row

# There is no public way to it: it works between Stripe's error answers and the SDK.
from tokencharge._secrets import redact, redact_body

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
PREFIXES = [
    "sk_test_",
    "sk_live_",
    "rk_test_",
    "rk_live_",
    "pk_live_",
    "whsec_",
    "tok_",
    "btok_",
    "cvctok_",
    "ctoken_",
]
AROUND = st.sampled_from(["", " ", ", ", ". ", "'", '"', "(", ": ", "\n", "\t", "/", "="])

KEYS = st.builds(str.__add__, st.sampled_from(PREFIXES), st.text(LETTERS, min_size=8, max_size=99))
NUMBERS = st.builds(
    lambda digits, gap: gap.join(digits[at : at + 4] for at in range(0, len(digits), 4)),
    st.text("0123456789", min_size=13, max_size=19),
    st.sampled_from(["", " ", "-"]),
)
EMAILS = st.builds(
    "{}@{}.example.com".format, *[st.text(LETTERS + "._+-ü", min_size=6, max_size=30)] * 2
)

# As a form has them, which somebody on the way may quote.
QUOTED = EMAILS.map(lambda email: quote_plus(email, safe="ü+"))


@pytest.mark.parametrize(
    "kind",
    [KEYS, NUMBERS, EMAILS, QUOTED],
    ids=["keys and tokens", "card numbers", "e-mails", "e-mails in a form"],
)
@given(data=st.data())
def test_what_is_secret_is_blotted_out(kind, data):
    """Wherever it stands in a sentence, a secret is gone and the sentence is left."""
    secret = data.draw(kind)
    telling = re.split("@|%40", secret)[0] if re.search("@|%40", secret) else secret[-6:]
    text = f"No such thing:{data.draw(AROUND) or ' '}{secret}{data.draw(AROUND)}"

    for shown in (
        redact(text),
        json.loads(redact_body(json.dumps({"error": {"message": text}})))["error"]["message"],
    ):
        # What takes its place is said in words that a secret may happen to hold.
        left, marks = re.subn(r"\[[a-z -]*redacted\]", "", shown)
        assert secret not in shown
        assert telling not in left
        assert left.startswith("No such thing")
        assert marks


PLAIN = st.none() | st.integers() | st.text(LETTERS, max_size=12)


@given(
    st.recursive(
        PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(LETTERS, max_size=12), inner)
    )
)
def test_a_body_without_secrets_stays_what_it_was(body):
    """Numbers, names and structure are left alone."""
    assert body == json.loads(redact_body(json.dumps(body)))


@given(st.text())
def test_any_text_can_be_redacted(text):
    """Redaction never fails, and a text without digits, underscores and @ has nothing to redact."""
    shown = redact(text)

    assert text == shown or set(text) & set("@_0123456789")
    assert isinstance(redact_body(text), str)


@each_row(
    "text",
    [
        "Your card was declined.",
        "No such customer: cus_9s6XKzkNRiz8i3",
        "Charge ch_1DNJjzGfnlO8QCOspPi7Xv22 has already been refunded.",
        "https://dashboard.stripe.com/test/logs/req_xOV9bDtQa9Vnqn?t=1703716629",
        "Amount must be at least 50 cents; 1700000000 is too large, 12 of 34.",
    ],
)
def test_what_is_not_secret_is_left_alone(text):
    """Ids, times and amounts help to find out what was wrong."""
    assert text == redact(text)


@each_row(
    ("text", "shown"),
    [
        ("No such token: 'tok_1N3T00LkdIwHu7ix'", "No such token: 'tok_[redacted]'"),
        (
            "Invalid API Key provided: sk_test_********9aBc",
            "Invalid API Key provided: sk_test_[redacted]",
        ),
        ("Invalid email address: ada@example.com.", "Invalid email address: [e-mail redacted]"),
        ("4242 4242 4242 4242 is no token", "[card number redacted] is no token"),
    ],
)
def test_what_is_left_says_what_was_there(text, shown):
    """A reader sees which kind of secret stood where."""
    assert shown == redact(text)


@each_row(
    "body",
    [
        '{"error": {"message": "m\\u00fcller@example.com"}}',
        '{"error": {"message": "here:\\nada@example.com"}}',
        '{"error": {"message": "no", "when": 1700000000000, "ratio": 0.1234567890123456}}',
        '{"error": [{"a": ["ada@example.com"]}]}',
    ],
)
def test_json_stays_json(body):
    """Escapes and long numbers survive, or an error of Stripe's could not be read any more."""
    shown = redact_body(body)

    assert json.loads(body).keys() == json.loads(shown).keys()
    assert "@example.com" not in shown


@pytest.mark.parametrize(
    "body", ["<html>ada@example.com</html>", "[" * 100_000 + "ada@example.com"]
)
def test_what_is_no_json_is_redacted_as_text(body):
    """A page of a proxy's may quote what was sent, too."""
    assert "ada@" not in redact_body(body)


@each_row("key", ["sk_org_test_51HunterTwo", "sk_org_live_51HunterTwo", "rk_org_live_51HunterTwo"])
def test_an_organizations_key_is_blotted_out(key):
    """A kind of key that settings accept is a kind that is redacted."""
    assert "HunterTwo" not in redact(f"Invalid API Key provided: {key}")
