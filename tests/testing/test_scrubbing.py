"""Scrubbing: what goes into a cassette, whatever Stripe and the buyer said."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3

from tests.rows import each_row
from tests.testing.test_audit import DIRTY
from tokencharge import Money, Settings
from tokencharge.sandbox import Request, Response, Sandbox, Server
from tokencharge.testing import find_leaks, use_cassette

ANSWER = {
    "id": "ch_3NsYl2Ab12Cd34Ef1AbCdEfG",
    "customer": "cus_4fdAW5ftNQow1a",
    "payment_intent": "pi_3NsYl2Ab12Cd34Ef1AbCdEfG",
    "client_secret": "pi_3NsYl2Ab12Cd34Ef1AbCdEfG_secret_wXyZ0123456789",
    "status": "card_declined",
    "email": "buyer@shop.example.org",
    "receipt_email": "ada@example.com",
    "receipt_url": "https://pay.stripe.com/receipts/acct_1Ab2Cd3Ef4Gh5Ij6/ch_3Ns/rcpt_Ab1",
    "request_log_url": "https://dashboard.stripe.com/test/logs/req_7CpxqdRGPV3xWh?t=1700000000",
    "doc_url": "https://stripe.com/docs/error-codes/card-declined",
    "billing_details": {
        "name": "Ada Lovelace",
        "address": {"city": "London", "line1": "12 St James's Sq"},
    },
    "client_ip": "203.0.113.9",
    "card": {
        "id": "card_1NsYl2Ab12Cd34Ef",
        "last4": "9424",
        "fingerprint": "Xt5EWLLDS7FJjR1c",
        "brand": "visa",
    },
    "other": {
        "id": "card_2NsYl2Ab12Cd34Ef",
        "last4": None,
        "fingerprint": "Xt5EWLLDS7FJjR1c",
        "exp": 12,
    },
    "message": (
        "Invalid API Key provided: sk_test_************abcd; tok_1NsYl2Ab is used up,"
        " 4000 0000 0000 0002 too."
    ),
    "url": "/v1/charges/ch_3NsYl2Ab12Cd34Ef1AbCdEfG/refunds",
    "list": ["tok_visa", "whsec_abcdefgh12345678", "4242424242424242", 7],
}
SECRETS = """
    3NsYl2 4fdAW5 wXyZ01 shop.example.org acct_1Ab rcpt_ 7Cpxqd Lovelace London James 203.0.113
    1NsYl2 2NsYl2 9424 Xt5EWL ****abcd 1NsYl2Ab 4000 abcdefgh12345678 4242424242424242 sk_test_mine
    secret-agent
""".split()


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., str]:
    """Record one exchange with a server that answers this; return the cassette."""

    def record(
        answer: bytes, headers: dict[str, str] | None = None, body: str | None = None
    ) -> str:
        path = tmp_path / "cassette.yaml"

        def answered(_: Request) -> Response:
            return Response(200, {"content-type": "application/json", **(headers or {})}, answer)

        with Server(answered, "127.0.0.1", 0) as server:
            settings = Settings("sk_test_mine", api_base=server.url)
            for mode in ("all", "none"):
                with use_cassette(path, record=mode, source=settings) as cassette:
                    urllib3.request(
                        "POST",
                        f"{cassette.settings.api_base}/v1/charges/ch_3NsYl2Ab12Cd34Ef1AbCdEfG?"
                        "expand[]=customer",
                        body=body
                        or urlencode(
                            {"email": "buyer@shop.example.org", "card[name]": "Ada Lovelace"}
                        ),
                        headers={
                            "Authorization": "Bearer sk_test_mine",
                            "Stripe-Version": "2026-10-28.endive",
                            "X-Stripe-Client-User-Agent": "secret-agent",
                            "User-Agent": "secret-agent",
                            "Idempotency-Key": "4b0c0d5e-mine",
                        },
                        retries=False,
                    )
        return path.read_text("utf-8")

    return record


def test_nothing_personal_and_no_secret_is_written(
    record: Callable[..., str], tmp_path: Path
) -> None:
    """Keys, tokens, secrets, ids, people, cards and Stripe's links
    are replaced; what is public stays."""
    text = record(json.dumps(ANSWER).encode())

    assert [] == [secret for secret in SECRETS if secret in text]
    assert [] == find_leaks([tmp_path])
    for public in (
        "ada@example.com",
        "card_declined",
        "tok_visa",
        "docs/error-codes/card-declined",
        '"visa"',
        "12",
    ):
        assert public in text


def test_an_id_stays_the_same_thing(record: Callable[..., str]) -> None:
    """The id in the path, in the answer and in a link within it is one
    stand-in; another card is another."""
    text = record(json.dumps(ANSWER).encode())

    assert 3 == text.count("ch_scrubbed0001")
    assert "ch_scrubbed0002" not in text
    assert ["card_scrubbed0001", "card_scrubbed0002"] == re.findall(r"card_scrubbed\d+", text)
    assert 2 == text.count("fingerprint_scrubbed0001")
    assert "pi_scrubbed0001_secret_scrubbed" in text


def test_headers_are_dropped_unless_known(record: Callable[..., str]) -> None:
    """A header nobody has thought of is not written; those that
    decide how an answer is read are."""
    headers = {
        "request-id": "req_7CpxqdRGPV3xWh",
        "x-new": "secret-agent",
        "stripe-should-retry": "false",
    }
    text = record(b"{}", headers)

    assert "secret-agent" not in text
    assert "authorization" not in text.lower()
    assert "req_scrubbed0001" in text
    assert "stripe-should-retry" in text
    assert "key_scrubbed0001" in text


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_no_json_is_scrubbed_too(
    record: Callable[..., str], packed: bool
) -> None:
    """A proxy's page and a packed answer are texts like any other."""
    page = b"<p>cus_4fdAW5ftNQow1a, buyer@shop.example.org</p>"
    text = record(gzip.compress(page) if packed else page)

    assert "<p>cus_scrubbed0001, email_scrubbed0001@example.com</p>" in text


def test_a_request_in_json_is_scrubbed_too(record: Callable[..., str]) -> None:
    """The newer half of Stripe's API takes JSON."""
    text = record(b"{}", body=json.dumps({"email": "buyer@shop.example.org", "amount": 500}))

    assert "email_scrubbed0001@example.com" in text
    assert "shop.example.org" not in text


def test_everything_of_a_purchase_is_clean(tmp_path: Path) -> None:
    """A whole purchase with a person's data leaves nothing of them in the
    cassette, and reads back to the test."""
    path = tmp_path / "buying.yaml"
    read: list[Any] = []
    for mode in ("once", "none"):
        sandbox = Sandbox()
        with (
            use_cassette(path, record=mode, source=sandbox) as cassette,
            cassette.gateway() as gateway,
        ):
            token = sandbox.create_token(
                "5555555555554444", name="Ada Lovelace", address_zip="SW1Y 4LE"
            )
            payment = gateway.charge(
                token, "ada@lovelace.test", Money(500, "usd"), order_id="order-1"
            )
            read.append(
                (
                    payment.customer.email,
                    payment.order_id,
                    gateway.find("order-1", customer=payment.customer),
                )
            )
    text = path.read_text("utf-8")

    assert [] == find_leaks([path])
    assert [] == [word for word in ("Lovelace", "lovelace", "SW1Y", "4444", token) if word in text]
    assert ["ada@lovelace.test"] * 2 == [email for email, _, _ in read]
    assert all(found is not None for _, _, found in read)


HIDDEN = [secret for secret in DIRTY if "fingerprint" not in secret]


@each_row("secret", HIDDEN)
@each_row("where", ["metadata", "field", "form", "name", "email"])
def test_whatever_the_audit_finds_is_scrubbed(
    record: Callable[..., str], tmp_path: Path, secret: str, where: str
) -> None:
    """However it is written, and wherever it stands, a secret is not in the
    cassette, and the cassette is clean."""
    answers = {
        "metadata": {"metadata": {"note": secret}},
        "field": {"email": secret, "charges": [{"description": f"about {secret}"}]},
        "name": {"metadata": {secret: "x"}},
        "email": {"billing_details": {"email": secret}},
        "form": {},
    }
    body = urlencode({"metadata[note]": secret, "email": secret}) if where == "form" else None
    text = record(json.dumps(answers[where], ensure_ascii=False).encode(), body=body)

    assert [] == find_leaks([tmp_path])
    assert secret not in text


def test_a_card_number_that_is_a_number_is_scrubbed(record: Callable[..., str]) -> None:
    """JSON has numbers; an amount stays one."""
    text = record(b'{"number": 4242424242424242, "other": 4000056655665556, "amount": 500}')

    assert "4242424242424242" not in text
    assert "4000056655665556" not in text
    assert '"amount": 500' in text


def test_an_address_in_its_own_field_is_scrubbed_however_it_is_written(
    record: Callable[..., str],
) -> None:
    """A field for an e-mail holds one, whatever it looks like."""
    text = record(
        json.dumps(
            {"email": "jane at corp", "customer_email": "ada@example.com", "receipt_email": ""}
        ).encode()
    )

    assert "jane at corp" not in text
    assert "email_scrubbed0001@example.com" in text
    assert "ada@example.com" in text
