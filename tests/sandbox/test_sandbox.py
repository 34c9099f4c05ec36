"""The sandbox as its users hold it, through Stripe's own SDK."""

from __future__ import annotations

import pytest
import stripe

from tokencharge import Money, PaymentGateway
from tokencharge.sandbox import Request, Sandbox


@pytest.fixture(params=["in process", "over HTTP"])
def sdk(sandbox, request):
    """Stripe's SDK on the sandbox, by each of the two ways in."""
    if request.param == "in process":
        yield stripe.StripeClient(sandbox.secret_key, http_client=sandbox.http_client())
        return
    client = stripe.RequestsClient(timeout=10)
    with sandbox.serve() as server:
        yield stripe.StripeClient(
            sandbox.secret_key, http_client=client, base_addresses={"api": server.url}
        )
        client.close()


@pytest.mark.card_tokens
def test_the_sdk_charges_a_token(sdk, sandbox):
    """Token, customer, charge and refund, read by the SDK and seen in the views."""
    customer = sdk.v1.customers.create(
        {"email": "ada@example.com", "source": sandbox.create_token()}
    )
    charge = sdk.v1.charges.create(
        {
            "customer": customer.id,
            "amount": 500,
            "currency": "usd",
            "expand": ["customer", "balance_transaction"],
        }
    )
    refund = sdk.v1.refunds.create({"charge": charge.id, "amount": 200})

    assert [(customer.id, "ada@example.com")] == [
        (each.id, each.email) for each in sandbox.customers
    ]
    assert [(charge.id, Money(500, "usd"), Money(200, "usd"), "4242")] == [
        (each.id, each.amount, each.amount_refunded, each.card.last4) for each in sandbox.charges
    ]
    assert [(refund.id, charge.id)] == [(each.id, each.charge_id) for each in sandbox.refunds]
    assert (customer.id, 455) == (charge.customer.id, charge.balance_transaction.net)


@pytest.mark.card_tokens
def test_a_gateway_charges_a_token(sandbox):
    """What the gateway returns is what the sandbox holds."""
    with PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client()) as gateway:
        token = sandbox.create_token()
        payment = gateway.charge(token=token, email="ada@example.com", amount=Money(500, "usd"))

    assert [payment.customer] == sandbox.customers
    assert [payment.charge] == sandbox.charges


@pytest.mark.card_tokens
def test_the_sdk_raises_its_own_errors(sdk):
    """Status and body lead the SDK to the right class."""
    with pytest.raises(stripe.CardError) as declined:
        sdk.v1.customers.create({"source": "tok_chargeDeclined"})
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        sdk.v1.charges.retrieve("ch_1nothing")

    assert "card_declined" == declined.value.code
    assert '"decline_code":"generic_decline"' in str(declined.value.http_body)
    assert ("resource_missing", "id", 404) == (
        unknown.value.code,
        unknown.value.param,
        unknown.value.http_status,
    )
    assert str(unknown.value.request_id).startswith("req_")


def test_the_sdk_tells_a_wrong_key(sandbox):
    """A key the sandbox does not know is an AuthenticationError."""
    sdk = stripe.StripeClient("sk_test_wrong", http_client=sandbox.http_client())

    with pytest.raises(stripe.AuthenticationError):
        sdk.v1.customers.create({"email": "ada@example.com"})


def test_the_sdk_retries_a_lost_answer(sandbox):
    """The SDK's own retry, with its own key, meets the saved answer."""
    sdk = stripe.StripeClient(
        sandbox.secret_key, http_client=sandbox.http_client(), max_network_retries=1
    )
    sandbox.lose_next_answer()
    customer = sdk.v1.customers.create({"email": "ada@example.com"})

    assert [customer.id] == [each.id for each in sandbox.customers]
    assert [(200, False), (200, True)] == [
        (each.status, each.replayed) for each in sandbox.requests
    ]


def test_the_sdk_pages_through_a_list(sdk):
    """Auto-paging walks the whole list, newest first."""
    names = [sdk.v1.customers.create({}).id for _ in range(5)]
    listed = sdk.v1.customers.list({"limit": 2})

    assert names[::-1] == [each.id for each in listed.auto_paging_iter()]


def test_requests_are_on_the_record(client, sandbox):
    """The record tells what came and what was answered."""
    answer = client.post("/v1/customers", key="k")
    client.delete("/v1/customers/cus_nobody")
    first, second = sandbox.requests

    assert ("POST", "/v1/customers", 200, "k", False, answer.headers["request-id"]) == (
        first.method,
        first.path,
        first.status,
        first.idempotency_key,
        first.replayed,
        first.request_id,
    )
    assert ("DELETE", 404, None) == (second.method, second.status, second.idempotency_key)


def test_nothing_shows_a_secret(client, sandbox):
    """Key, token, number and e-mail are in no repr."""
    token = sandbox.create_token()
    request = client.request(
        "POST", "/v1/customers", body=f"source={token}&email=ada%40example.com", key="k"
    )
    shown = repr(
        (request, sandbox.begin(request), sandbox.handle(request), sandbox.requests, sandbox)
    )

    for secret in ("sk_test", token, "42424242", "ada@", "ada%40"):
        assert secret not in shown


@pytest.mark.card_tokens
def test_views_do_not_change_under_their_readers(client, sandbox):
    """What was read once stays what it was."""
    charge = client.charge().body["id"]
    (before,) = sandbox.charges
    client.post("/v1/refunds", {"charge": charge})

    assert (False, False) == (before.refunded, before.raw["refunded"])
    assert [True] == [each.refunded for each in sandbox.charges]


def test_an_environment_leads_to_it(sandbox):
    """Its settings, by the names of the library's."""
    assert {
        "STRIPE_API_BASE": "http://127.0.0.1:1",
        "STRIPE_SECRET_KEY": sandbox.secret_key,
        "STRIPE_PUBLISHABLE_KEY": sandbox.publishable_key,
        "STRIPE_WEBHOOK_SECRET": sandbox.webhook_secret,
        "STRIPE_JS_URL": "http://127.0.0.1:1/v3/",
    } == sandbox.environment("http://127.0.0.1:1")


def test_a_seed_makes_a_run_repeatable():
    """With one seed the ids are the same, without they are not."""

    def token(seed):
        return Sandbox(seed=seed).create_token()

    assert token(7) == token(7)
    assert token(None) != token(None)


def test_time_travels(client, sandbox):
    """`advance` moves the sandbox's time on."""
    before = sandbox.now()
    sandbox.advance(90)

    assert before + 90 == sandbox.now()
    assert before + 90 == client.post("/v1/customers").body["created"]


def test_the_clock_is_real_unless_told_otherwise():
    """A new sandbox has good cards for another year at least."""
    sandbox = Sandbox()
    token = sandbox.create_token()
    auth = {"Authorization": f"Bearer {sandbox.secret_key}"}

    assert 200 == sandbox.handle(Request("GET", f"/v1/tokens/{token}", headers=auth)).status
