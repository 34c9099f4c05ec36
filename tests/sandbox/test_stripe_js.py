"""The sandbox's stand-in for Stripe.js, as it is served; `tests/browser` has it run."""

from __future__ import annotations

from urllib.request import urlopen

from tests.rows import each_row
from tokencharge.sandbox import Request, Sandbox


@each_row("path", ["/v3/", "/endive/stripe.js", "/a-later-one/stripe.js"])
def test_it_is_served_where_stripe_serves_stripe_js(path: str) -> None:
    """Any version's path answers with the script, without a key."""
    answer = Sandbox().handle(Request("GET", path))

    assert 200 == answer.status
    assert "text/javascript; charset=utf-8" == answer.headers["content-type"]
    assert b"Stripe" in answer.body


def test_it_is_served_over_http() -> None:
    """A browser can load it from the sandbox's server."""
    sandbox = Sandbox()
    with sandbox.serve() as server, urlopen(f"{server.url}/v3/") as answer:
        script = answer.read()

    assert sandbox.handle(Request("GET", "/v3/")).body == script


def test_pages_of_one_sandbox_are_its_own() -> None:
    """A page that is put into one sandbox is not found in the next."""
    first = Sandbox()
    first.pages.clear()

    assert 404 == first.handle(Request("GET", "/v3/")).status
    assert 200 == Sandbox().handle(Request("GET", "/v3/")).status
