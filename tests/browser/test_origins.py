"""A page of another origin, in a browser that keeps the rules: what it
gets of the sandbox, and what not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import Till, Visitor
from tokencharge.sandbox import Response, Server

PAGE = b'<!doctype html><html lang="en"><title>Blank</title><link rel="icon" href="data:,">'
CARD = "card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=2035"
ASK = """async ([url, key, body]) => {
  const headers = { Authorization: key, "Content-Type": "application/x-www-form-urlencoded" };
  try {
    const answer = await fetch(url, { method: "POST", headers, body });
    const named = Boolean(answer.headers.get("Request-Id"));
    return [answer.status, named, (await answer.json()).object ?? null];
  } catch (error) {
    return error.name;
  }
}"""


@pytest.fixture
def api(till: Till, counter: str, visitor: Visitor) -> Iterator[str]:
    """The sandbox's address, and a page in front of the visitor that came from another origin."""
    blank = Response(200, {"content-type": "text/html"}, PAGE)
    with Server(lambda request: blank, "127.0.0.1", 0) as shop:
        visitor.page.goto(shop.url)
        yield counter


def test_a_page_makes_tokens_with_the_publishable_key(
    till: Till, visitor: Visitor, api: str
) -> None:
    """The browser asks first, is allowed, and lets the page read the answer."""
    key = f"Bearer {till.sandbox.publishable_key}"

    assert [200, True, "token"] == visitor.page.evaluate(ASK, [f"{api}/v1/tokens", key, CARD])


@pytest.mark.parametrize("path", ["/v1/tokens", "/v1/customers", "/v1/charges"])
def test_a_page_does_nothing_with_the_secret_key(
    till: Till, visitor: Visitor, api: str, path: str
) -> None:
    """The sandbox executes nothing, whether or not the browser asks first."""
    key = f"Bearer {till.sandbox.secret_key}"
    answer = visitor.page.evaluate(ASK, [f"{api}{path}", key, CARD if path == "/v1/tokens" else ""])
    visitor.complaints.clear()

    assert answer == "TypeError" or answer[0] == 403
    assert [] == till.sandbox.requests
