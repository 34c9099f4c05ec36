"""Lists, search and expand."""

from __future__ import annotations

import pytest

from tests.rows import each_row
from tests.sandbox.curl import Client
from tokencharge.sandbox import Rules, Sandbox


@pytest.fixture
def five(client):
    """Five charges of one customer, oldest first, among others."""
    customer = client.customer("tok_visa")
    names = []
    for _ in range(5):
        client.charge()
        names.append(
            client.post(
                "/v1/charges", {"customer": customer, "amount": 500, "currency": "usd"}
            ).body["id"]
        )
    return customer, names


def page(client, path="/v1/charges", **query):
    body = client.get(path, query).body
    return [each["id"] for each in body["data"]], body["has_more"]


@pytest.mark.card_tokens
def test_a_list_is_newest_first_and_ten_long(client, five):
    """Without parameters a list shows the ten newest."""
    _, names = five
    client.charge()
    shown, more = page(client)

    assert (10, True, "/v1/charges") == (len(shown), more, client.get("/v1/charges").body["url"])
    assert names[::-1] == [name for name in shown if name in names]


@pytest.mark.card_tokens
def test_pages_go_down_and_up(either, five):
    """`starting_after` goes to older ones, `ending_before` back to newer ones."""
    customer, (first, second, third, fourth, fifth) = five

    assert ([fifth, fourth], True) == page(either, customer=customer, limit=2)
    assert ([third, second], True) == page(
        either, customer=customer, limit=2, starting_after=fourth
    )
    assert ([first], False) == page(either, customer=customer, limit=2, starting_after=second)
    assert ([fourth, third], True) == page(either, customer=customer, limit=2, ending_before=second)
    assert ([fifth], False) == page(either, customer=customer, limit=2, ending_before=fourth)


def test_an_unknown_cursor_is_400(client):
    """A page starts at something that is there."""
    answer = client.get("/v1/charges", {"starting_after": "ch_1nothing"})

    assert (400, "starting_after") == (answer.status, answer.error["param"])


def test_one_cursor_is_enough(client):
    """Both are 400, before either is looked for."""
    both = client.get(
        "/v1/customers", {"starting_after": "cus_nobody", "ending_before": "cus_nobody"}
    )
    unknown = client.get("/v1/customers", {"starting_after": "cus_nobody"})

    assert [400, 400] == [both.status, unknown.status]
    assert {
        "message": (
            "Received both starting_after and ending_before parameters. Please pass in only one."
        ),
        "type": "invalid_request_error",
    } == both.error
    assert {
        "code": "resource_missing",
        "message": "No such customer: 'cus_nobody'",
        "param": "starting_after",
        "type": "invalid_request_error",
    } == unknown.error


def test_a_deleted_customer_is_a_good_cursor(client):
    """The list goes on from where it was, and does not show it."""
    names = [client.customer() for _ in range(3)]
    client.delete(f"/v1/customers/{names[1]}")

    assert ([names[2], names[0]], False) == page(client, "/v1/customers")
    assert ([names[0]], False) == page(client, "/v1/customers", starting_after=names[1])
    assert ([names[2]], False) == page(client, "/v1/customers", ending_before=names[1])


@pytest.mark.parametrize(
    ("limit", "shown"), [(-7, 1), (0, 1), (1, 1), (100, 100), (101, 100), (10**6, 100)]
)
def test_too_little_and_too_much_are_taken_for_one_and_a_hundred(client, limit, shown):
    """A limit out of bounds is no error, in lists and in search."""
    for _ in range(101):
        client.customer(name="Ada")

    assert shown == len(page(client, "/v1/customers", limit=limit)[0])
    assert shown == len(page(client, "/v1/customers/search", limit=limit, query="name:'Ada'")[0])


def test_events_have_pages(client, sandbox):
    """As other lists have; by several types, and by time."""
    name = client.customer()
    sandbox.advance(100)
    client.post(f"/v1/customers/{name}", {"name": "Ada"})
    client.intent()
    intent, updated, created = client.get("/v1/events").body["data"]
    unknown = client.get("/v1/events", {"starting_after": "evt_1nothing"})

    assert [updated["id"], created["id"]] == page(
        client, "/v1/events", starting_after=intent["id"]
    )[0]
    assert [intent["id"]] == page(client, "/v1/events", ending_before=updated["id"])[0]
    assert [created["id"]] == page(client, "/v1/events", **{"created[lt]": updated["created"]})[0]
    assert [updated["id"], created["id"]] == page(
        client, "/v1/events", **{"types[0]": "customer.created", "types[1]": "customer.updated"}
    )[0]
    assert (400, "starting_after") == (unknown.status, unknown.error["param"])


@pytest.mark.card_tokens
def test_a_list_can_be_cut_by_time(client, sandbox):
    """`created` takes bounds, or one moment."""
    old = client.charge().body
    sandbox.advance(100)
    new = client.charge().body

    assert [new["id"]] == page(client, **{"created[gt]": old["created"]})[0]
    assert [new["id"], old["id"]] == page(client, **{"created[gte]": old["created"]})[0]
    assert [old["id"]] == page(client, **{"created[lt]": new["created"]})[0]
    assert [new["id"], old["id"]] == page(client, **{"created[lte]": new["created"]})[0]
    assert [old["id"]] == page(client, created=old["created"])[0]


def test_customers_are_listed_by_email(client):
    """The address must match."""
    ada, _ = client.customer(email="ada@example.com"), client.customer(email="bob@example.com")

    assert [ada] == page(client, "/v1/customers", email="ada@example.com")[0]


@pytest.mark.parametrize(
    "query",
    [
        "metadata['order_id']:'it\\'s 7'",
        'metadata["order_id"]:"it\'s 7"',
        "email:'ada@example.com' AND metadata['order_id']:'it\\'s 7'",
    ],
)
def test_customers_are_searched(either, query):
    """Clauses name metadata or fields, and are joined by AND."""
    ada = either.customer(email="ada@example.com", **{"metadata[order_id]": "it's 7"})
    either.customer(email="ada@example.com")
    either.customer(email="bob@example.com", **{"metadata[order_id]": "8"})

    assert ([ada], False) == page(either, "/v1/customers/search", query=query)


def test_a_search_for_nothing_that_is_there_is_empty(client):
    """No match, and deleted customers, are no error; a list by e-mail does not show them either."""
    name = client.customer(email="ada@example.com", name="Ada")
    client.delete(f"/v1/customers/{name}")
    body = client.get("/v1/customers/search", {"query": "email:'ada@example.com'"}).body

    assert [] == page(client, "/v1/customers/search", query="name:'Ada'")[0]
    assert [] == page(client, "/v1/customers", email="ada@example.com")[0]
    assert ("search_result", [], False, None) == tuple(
        body[name] for name in ("object", "data", "has_more", "next_page")
    )


def test_search_has_pages(client):
    """`next_page` leads to the next page, newest first."""
    names = [client.customer(name="Ada") for _ in range(3)]
    first = client.get("/v1/customers/search", {"query": "name:'Ada'", "limit": 2}).body
    second = client.get(
        "/v1/customers/search", {"query": "name:'Ada'", "limit": 2, "page": first["next_page"]}
    ).body

    assert names[::-1] == [each["id"] for each in first["data"] + second["data"]]
    assert (True, False, None) == (first["has_more"], second["has_more"], second["next_page"])


def test_what_is_two_things_at_once_is_not_found(client):
    """A field that is to say two things says neither; said twice, it is said once."""
    name = client.customer(email="ada@example.com", **{"metadata[a]": "1"})

    assert (
        []
        == page(
            client,
            "/v1/customers/search",
            query="email:'ada@example.com' AND email:'bob@example.com'",
        )[0]
    )
    assert (
        []
        == page(client, "/v1/customers/search", query="metadata['a']:'1' AND metadata['a']:'2'")[0]
    )
    assert [name] == page(
        client, "/v1/customers/search", query="metadata['a']:'1' AND metadata['a']:'1'"
    )[0]


@pytest.mark.parametrize("oldest_first", [True, False])
def test_the_order_of_search_can_be_chosen(sandbox, client, oldest_first):
    """Stripe does not say which way round it answers."""
    sandbox.rules.search_oldest_first = oldest_first
    names = [client.customer(name="Ada") for _ in range(3)]

    assert (names if oldest_first else names[::-1]) == page(
        client, "/v1/customers/search", query="name:'Ada'"
    )[0]


@pytest.mark.card_tokens
def test_charges_are_searched(client):
    """Charges are found by metadata and status."""
    paid = client.charge(**{"metadata[order_id]": "7"}).body["id"]
    failed = client.charge("tok_chargeDeclined", **{"metadata[order_id]": "7"}).error["charge"]
    query = "metadata['order_id']:'7'"

    assert [failed, paid] == page(client, "/v1/charges/search", query=query)[0]
    assert [paid] == page(client, "/v1/charges/search", query=f"{query} AND status:'succeeded'")[0]


@each_row(
    "query",
    [
        "order",
        "colour:'red'",
        "metadata:'7'",
        "email['a']:'b'",
        "email:'a' OR email:'b'",
        "email:'a",
    ],
)
def test_a_query_that_cannot_be_read_is_400(client, query):
    """Search knows equality and AND."""
    answer = client.get("/v1/customers/search", {"query": query})

    assert (400, "query") == (answer.status, answer.error["param"])


def test_search_lags_and_lists_do_not():
    """A new customer is listed at once, and found by search once the index has caught up."""
    sandbox = Sandbox(rules=Rules(search_lag=60), clock=lambda: 1_800_000_000.5)
    client = Client(sandbox)
    name = client.customer(email="ada@example.com")
    query = "email:'ada@example.com'"

    assert [name] == page(client, "/v1/customers", email="ada@example.com")[0]
    assert [] == page(client, "/v1/customers/search", query=query)[0]
    sandbox.advance(60)
    assert [name] == page(client, "/v1/customers/search", query=query)[0]


@pytest.mark.card_tokens
def test_fields_are_expanded(client):
    """`expand` puts the object where the id was, as deep as it is asked to."""
    customer = client.customer("tok_visa")
    charge = client.post(
        "/v1/charges",
        {
            "customer": customer,
            "amount": 500,
            "currency": "usd",
            "expand[0]": "customer.default_source",
            "expand[1]": "balance_transaction.source",
            "expand[2]": "payment_intent",
            "expand[3]": "refunds",
        },
    ).body

    assert (customer, "4242") == (
        charge["customer"]["id"],
        charge["customer"]["default_source"]["last4"],
    )
    assert charge["id"] == charge["balance_transaction"]["source"]["id"]
    assert charge["payment_intent"] is None
    assert ([], f"/v1/charges/{charge['id']}/refunds") == (
        charge["refunds"]["data"],
        charge["refunds"]["url"],
    )


@pytest.mark.card_tokens
def test_lists_are_expanded(either, five):
    """In a list, paths begin with `data`."""
    customer, _ = five
    listed = either.get(
        "/v1/charges", {"customer": customer, "expand[]": "data.customer.sources"}
    ).body["data"]

    assert {customer} == {each["customer"]["id"] for each in listed}
    assert ["4242"] == [card["last4"] for card in listed[0]["customer"]["sources"]["data"]]


@pytest.mark.card_tokens
def test_refunds_in_a_charge_are_expanded(client):
    """A refund leads back to its charge."""
    charge = client.charge().body["id"]
    client.post("/v1/refunds", {"charge": charge})
    seen = client.get(f"/v1/charges/{charge}", {"expand[]": "refunds.data.charge"}).body

    assert [(500, charge)] == [
        (each["amount"], each["charge"]["id"]) for each in seen["refunds"]["data"]
    ]


@pytest.mark.card_tokens
def test_what_a_deleted_customer_had_is_gone(client):
    """Expanding the stub of a customer finds nothing."""
    name = client.customer("tok_visa")
    client.delete(f"/v1/customers/{name}")
    stub = client.get(
        f"/v1/customers/{name}", {"expand[0]": "sources", "expand[1]": "default_source"}
    ).body

    assert ([], None) == (stub["sources"]["data"], stub["default_source"])


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "customer.nothing",
        "data.customer",
        "review.customer",
        "customer.default_source." * 2,
    ],
)
@pytest.mark.card_tokens
def test_a_path_that_leads_nowhere_is_400(client, sandbox, path):
    """What cannot be expanded is said, and nothing was executed."""
    answer = client.charge(**{"expand[]": path})

    assert 400 == answer.status
    assert f"This property cannot be expanded ({path})." == answer.error["message"]
    assert [] == sandbox.charges


@pytest.mark.card_tokens
def test_five_levels_are_too_deep(client):
    """Stripe expands four levels."""
    path = "customer.default_source.customer.default_source"

    assert 200 == client.charge(**{"expand[]": path}).status
    assert 400 == client.charge(**{"expand[]": f"{path}.customer"}).status
