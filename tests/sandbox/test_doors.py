"""Who is let in, and what every answer carries."""

from __future__ import annotations

import pytest

from tests.rows import each_row


def test_the_secret_key_opens_everything(either):
    """The secret key is accepted by either way in."""
    answer = either.get("/v1/customers")

    assert 200 == answer.status
    assert [] == answer.body["data"]


def test_curl_may_use_basic_authentication(client):
    """The key may come as the user of HTTP basic authentication, as curl sends it."""
    answer = client.get(
        "/v1/customers", auth="Basic c2tfdGVzdF90b2tlbmNoYXJnZVNhbmRib3hLZXkwMDAxOg=="
    )

    assert 200 == answer.status


@each_row("auth", [None, "", "Bearer ", "Basic !", "Basic abc"])
def test_a_missing_key_is_401(client, auth):
    """Without a key nobody is let in."""
    answer = client.post("/v1/customers", auth=auth)

    assert 401 == answer.status
    assert answer.error["message"].startswith("You did not provide an API key.")


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("sk_test_somebody_else", "sk_test_********"),
        ("sk_live_sandbox", "sk_live_********"),
        ("nonsense", "********"),
    ],
)
def test_a_wrong_key_is_401_and_not_echoed(client, key, shown):
    """Unknown, live and malformed keys are refused, and only their prefix is shown."""
    answer = client.post("/v1/customers", auth=f"Bearer {key}")

    assert 401 == answer.status
    assert f"Invalid API Key provided: {shown}" == answer.error["message"]
    assert "invalid_request_error" == answer.error["type"]


def test_the_publishable_key_opens_tokens_only(client):
    """The publishable key makes tokens and nothing else."""
    auth = "Bearer pk_test_tokenchargeSandboxKey0001"
    card = {"card[number]": "4242424242424242", "card[exp_month]": "1", "card[exp_year]": "2030"}

    assert 200 == client.post("/v1/tokens", card, auth=auth).status
    refused = client.post("/v1/customers", auth=auth)
    assert 401 == refused.status
    assert "secret_key_required" == refused.error["code"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/nothing"), ("DELETE", "/v1/charges"), ("POST", "/v1/charges/a/b")],
)
def test_an_unknown_url_is_404(client, method, path):
    """A place that is not on the map is unknown, and says where to ask."""
    answer = client.send(method, path)

    assert 404 == answer.status
    assert (
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we"
        " can help at https://support.stripe.com/."
    ) == answer.error["message"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("charges/:id", "No such charge: ':id'"),
        ("customers/:id/sources/:id", "No such customer: ':id'"),
        ("customers/cus_1/sources/:id", "No such customer: 'cus_1'"),
    ],
)
def test_a_placeholder_is_an_id_like_any_other(client, path, message):
    """What documentation writes in the place of an id names nothing."""
    answer = client.get(f"/v1/{path}")

    assert (404, message) == (answer.status, answer.error["message"])


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_empty_id_is_an_unknown_url(client, sandbox, method):
    """A path that ends in a slash is 404, and the answer guesses why."""
    answer = client.send(method, "/v1/customers/")

    assert 404 == answer.status
    assert "remove the trailing slash" in answer.error["message"]
    assert [] == sandbox.customers


def test_every_answer_names_its_request_and_the_version(either):
    """Answers carry a request id of their own and echo the API version, or tell the sandbox's."""
    first = either.get("/v1/customers", **{"Stripe-Version": "2019-01-01"})
    second = either.get("/v1/customers/cus_nobody")

    assert "2019-01-01" == first.headers["stripe-version"]
    assert "2026-10-28.endive" == second.headers["stripe-version"]
    assert first.headers["request-id"].startswith("req_")
    assert first.headers["request-id"] != second.headers["request-id"]
    assert second.headers["request-id"] in second.body["error"]["request_log_url"]


@pytest.mark.parametrize(
    "headers", [{"auth": None}, {"Stripe-Account": "acct_1nobody"}], ids=["401", "403"]
)
def test_who_is_not_let_in_is_told_nothing_of_the_account(either, headers):
    """401 and 403 carry neither a request id nor a version."""
    answer = either.get("/v1/customers", **headers)

    assert answer.status in (401, 403)
    assert not {"request-id", "stripe-version"} & answer.headers.keys()


def test_another_account_is_403(client, sandbox):
    """`Stripe-Account` may name the account itself; any other the key has nothing to do with."""
    own = client.get("/v1/account").body["id"]
    foreign = client.post("/v1/customers", key="k", **{"Stripe-Account": "acct_1nobody"})
    same = client.post("/v1/customers", key="k", **{"Stripe-Account": own})

    assert (403, "account_invalid") == (foreign.status, foreign.error["code"])
    assert (
        "The provided key does not have access to account 'acct_1nobody' (or that account does not"
        " exist). Application access may have been revoked."
    ) == foreign.error["message"]
    assert 200 == same.status
    assert 1 == len(sandbox.customers)


def test_pages_outside_the_api_need_no_key(sandbox, either):
    """What is put into `pages` is served to anyone, by GET."""
    from tokencharge.sandbox import Response

    sandbox.pages["/*/stripe.js"] = Response(200, {"content-type": "text/javascript"}, b'"script"')

    assert "script" == either.get("/v3/stripe.js", auth=None).body
    page = sandbox.handle(either.request("POST", "/v3/stripe.js"))
    assert 404 == page.status
    assert 404 == sandbox.handle(either.request("GET", "/elsewhere")).status
