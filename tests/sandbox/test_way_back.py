"""Where 3-D Secure leads the customer when the bank has been answered."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from tests.rows import each_row
from tests.sandbox.curl import Client
from tokencharge.sandbox import Request

ASKS = "pm_card_authenticationRequired"


def answered(sandbox, return_url: str):
    asked = Client(sandbox).pay(ASKS, return_url=return_url).body
    query = f"client_secret={asked['client_secret']}"
    return asked, sandbox.handle(
        Request("POST", f"/3d_secure/{asked['id']}", query, {}, b"outcome=approve")
    )


@each_row(
    ("return_url", "location"),
    [
        ("https://example.com/done", "https://example.com/done?"),
        ("http://127.0.0.1:5000/done?order=7", "http://127.0.0.1:5000/done?order=7&"),
        ("https://example.com/a%20b?c=%2F", "https://example.com/a%20b?c=%2F&"),
        ("HTTPS://example.com", "HTTPS://example.com?"),
        ("shop-app://paid", "shop-app://paid?"),
        ("shop.app:///paid", "shop.app:///paid?"),
        ("https://example.com/bücher →", "https://example.com/b%C3%BCcher%20%E2%86%92?"),
        ("https://example.com/\r\nSet-Cookie: a=b", "https://example.com/%0D%0ASet-Cookie:%20a=b?"),
        ("https://example.com/\0\t\x7f", "https://example.com/%00%09%7F?"),
    ],
)
def test_sites_and_apps_are_led_to(sandbox, return_url, location):
    """The news is appended; what cannot stand in a header is encoded."""
    asked, answer = answered(sandbox, return_url)

    assert 303 == answer.status
    assert answer.headers["location"].startswith(f"{location}payment_intent={asked['id']}&")
    assert answer.headers["location"].isascii()
    assert answer.headers["location"].isprintable()


def test_the_news_stands_before_a_fragment(sandbox):
    """Behind it no server would see it."""
    _, answer = answered(sandbox, "https://example.com/done?a=b#basket")

    assert "/done?a=b&payment_intent=" in answer.headers["location"]
    assert answer.headers["location"].endswith("redirect_status=succeeded#basket")


@each_row(
    "return_url",
    [
        "javascript:alert(1)",
        "javascript://example.com/%0Aalert(1)",
        "JavaScript://x",
        "\tjavascript://x",
        "java\nscript://x",
        "vbscript://x",
        "data:text/html,hello",
        "data://text/html,hello",
        "blob://x",
        "file:///etc/passwd",
        "//example.com/done",
        "/done",
        "example.com",
    ],
)
def test_scripts_and_files_are_not_led_to(sandbox, return_url):
    """The answer counts, and the customer stays on the bank's page."""
    _, answer = answered(sandbox, return_url)

    assert (200, None) == (answer.status, answer.headers.get("location"))
    assert b"This is done" in answer.body
    assert "succeeded" == sandbox.payment_intents[-1]["status"]


def test_over_http_a_return_url_cannot_split_the_answer(sandbox):
    """A line break in it is no line break in the answer's head."""
    asked = (
        Client(sandbox)
        .pay(ASKS, return_url="https://example.com/\r\nSet-Cookie: a=b\r\n\r\n<p>")
        .body
    )
    with sandbox.serve() as server:
        where = urlsplit(server.url)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
        connection.request(
            "POST",
            f"/3d_secure/{asked['id']}?client_secret={asked['client_secret']}",
            "outcome=approve",
        )
        answer = connection.getresponse()
        body = answer.read()
        connection.close()

    assert (303, None, b"") == (answer.status, answer.headers["Set-Cookie"], body)
    assert answer.headers["Location"].startswith(
        "https://example.com/%0D%0ASet-Cookie:%20a=b%0D%0A%0D%0A%3Cp%3E?"
    )
