"""Cassettes without pytest: recorded, replayed strictly, and kept off the network."""

# ruff: noqa: PT012, SIM117 - what is raised is raised by leaving the inner block

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest
import urllib3
import yaml

from tokencharge import (
    AsyncPaymentGateway,
    CardDeclined,
    ConfigurationError,
    InvalidRequest,
    Money,
    OutcomeUnknown,
    PaymentGateway,
    Settings,
)
from tokencharge.sandbox import Response, Rules, Sandbox, Server
from tokencharge.testing import CassetteMismatch, RecordMode, use_cassette

FIVE = Money(500, "usd")
ADA = "ada@example.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a cassette goes, in a folder that is made with it."""
    return tmp_path / "new" / "buying.yaml"


@pytest.fixture
def recorded(path: Path) -> Path:
    """A cassette of one purchase: three requests."""
    with use_cassette(path, record="once") as cassette, cassette.gateway() as gateway:
        gateway.charge("tok_visa", ADA, FIVE)
    return path


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket can be made."""

    def refused(*_: object) -> None:
        raise AssertionError("A socket was opened.")

    monkeypatch.setattr(socket, "socket", refused)


def test_a_replay_says_what_was_said_and_opens_no_socket(
    path: Path, request: pytest.FixtureRequest
) -> None:
    """What was recorded over HTTP is answered again without a network."""
    with use_cassette(path, record="once") as cassette, cassette.gateway() as gateway:
        then = gateway.charge("tok_visa", ADA, FIVE, description="A book")
    request.getfixturevalue("no_network")
    with use_cassette(path) as cassette, cassette.gateway() as gateway:
        now = gateway.charge("tok_visa", ADA, FIVE, description="A book")

    assert (then.charge.amount, then.charge.created) == (now.charge.amount, now.charge.created)
    assert (ADA, "A book") == (now.customer.email, now.charge.description)
    assert now.customer.id == now.charge.customer_id


def test_once_records_what_is_missing_and_then_replays(path: Path) -> None:
    """A cassette that is there is never written again by `once`, and always by `all`."""
    seen = []
    for mode in ("once", "once", "all"):
        sandbox = Sandbox()
        with (
            use_cassette(path, record=mode, source=sandbox) as cassette,
            cassette.gateway() as gateway,
        ):
            gateway.charge("tok_visa", ADA, FIVE)
        seen.append((cassette.recording, len(sandbox.charges)))

    assert [(True, 1), (False, 0), (True, 1)] == seen


def test_other_tokens_and_keys_replay_the_same_story(path: Path) -> None:
    """A replay may hold other tokens, other e-mails and so other keys, as
    long as they play the same parts."""
    tellings = []
    for email in ("one@shop.test", "two@shop.test"):
        sandbox = Sandbox()
        with (
            use_cassette(path, record="once", source=sandbox) as cassette,
            cassette.gateway() as gateway,
        ):
            token, other = sandbox.create_token(), sandbox.create_token()
            first = gateway.charge(token, email, FIVE, metadata={"name": 'Ada "A" L.'})
            again = gateway.charge(token, email, FIVE, metadata={"name": 'Ada "A" L.'})
            second = gateway.charge(other, email, FIVE)
        assert first.charge.id == again.charge.id != second.charge.id
        tellings.append((first.customer.email, first.charge.metadata["name"]))

    assert [("one@shop.test", 'Ada "A" L.'), ("two@shop.test", 'Ada "A" L.')] == tellings


def test_a_part_played_by_another_token_is_noticed(path: Path) -> None:
    """Two tokens where one was recorded twice are another story."""
    sandbox = Sandbox(rules=Rules(card_tokens=True))
    # Over Charges a token stands in the Customer's request, which is the first of each purchase.
    with (
        use_cassette(path, record="once", source=sandbox) as cassette,
        cassette.gateway(route="charges") as gateway,
    ):
        token = sandbox.create_token()
        gateway.charge(token, ADA, FIVE)
        gateway.charge(token, ADA, FIVE)
    with pytest.raises(
        CassetteMismatch, match=r"(?s)Request 3 .*source: 'tok_scrubbed0001' is recorded, 'tok_scr"
    ):
        with use_cassette(path) as cassette, cassette.gateway(route="charges") as gateway:
            gateway.charge(sandbox.create_token(), ADA, FIVE)
            gateway.charge(sandbox.create_token(), ADA, FIVE)


def test_an_id_of_the_tests_own_is_told_from_those_that_stripe_made(path: Path) -> None:
    """A replay counts what answers bring as the recording did, so
    a new id in a request is a new id."""
    for mode in ("once", "none"):
        with use_cassette(path, record=mode) as cassette, cassette.gateway() as gateway:
            gateway.charge("tok_visa", ADA, FIVE)
            with pytest.raises(InvalidRequest):
                gateway.get_charge("ch_1AAAAAAAAAAAAAAA")

    assert "/v1/charges/ch_scrubbed0002" in path.read_text()


def test_the_idempotency_key_must_play_the_same_part(path: Path) -> None:
    """The same request under another key is another request: it could move money twice."""

    def buy_and_give_back(mode: RecordMode, *keys: str) -> None:
        with use_cassette(path, record=mode) as cassette, cassette.gateway() as gateway:
            charge = gateway.charge("tok_visa", ADA, FIVE).charge
            for key in keys:
                # By hand: what the gateway asks for under another name
                # differs in more than its key.
                headers = {
                    "Authorization": f"Bearer {cassette.settings.secret_key}",
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Idempotency-Key": key,
                    "Stripe-Version": "2026-10-28.endive",
                }
                url, form = (
                    f"{cassette.settings.api_base}/v1/refunds",
                    f"charge={charge.id}&amount=200",
                )
                assert (
                    200
                    == urllib3.request(
                        "POST", url, body=form, headers=headers, retries=False
                    ).status
                )

    buy_and_give_back("once", "refund-1", "refund-1")
    buy_and_give_back("none", "refund-of-another-run", "refund-of-another-run")
    with pytest.raises(
        CassetteMismatch,
        match=r"Request 5 .*/refunds\n  idempotency key: '\S*1' is recorded, '\S*2' was",
    ):
        buy_and_give_back("none", "refund-1", "refund-2")


def test_order_ids_that_must_be_new_are_kept_with_the_recording(path: Path) -> None:
    """A unique value is made when recording, and is the same in each replay."""
    orders = []
    for _ in range(3):
        with use_cassette(path, record="once") as cassette, cassette.gateway() as gateway:
            order = cassette.unique("order")
            assert order == cassette.unique("order")
            found = gateway.charge("tok_visa", ADA, FIVE, order_id=order)
            orders.append((order, found.charge.order_id))

    assert 1 == len(set(orders))
    assert orders[0][0] == orders[0][1]


def test_a_unique_value_that_was_not_recorded_is_asked_for_in_vain(recorded: Path) -> None:
    """A replay invents nothing."""
    with pytest.raises(CassetteMismatch, match="holds no unique value 'order'"):
        with use_cassette(recorded) as cassette:
            cassette.unique("order")


@pytest.mark.parametrize(
    ("amount", "email", "description", "said"),
    [
        (
            600,
            ADA,
            None,
            "Request 3 .*POST /v1/payment_intents\n  amount: '500' is recorded, '600' was sent",
        ),
        (
            500,
            "bob@example.com",
            None,
            "Request 1 .*\n  email: 'ada@example.com' is recorded, 'bob@example.com'",
        ),
        (500, ADA, "A book", "Request 3 .*\n  description: nothing is recorded, 'A book' was sent"),
    ],
)
def test_another_parameter_is_named(
    recorded: Path, amount: int, email: str, description: str | None, said: str
) -> None:
    """A request that differs fails the test and says in which
    parameter, even where its error was caught."""
    with pytest.raises(CassetteMismatch, match=said):
        with (
            use_cassette(recorded) as cassette,
            cassette.gateway() as gateway,
            pytest.raises(OutcomeUnknown),
        ):
            gateway.charge("tok_visa", email, Money(amount, "usd"), description=description)


def test_another_request_than_the_next_is_named(recorded: Path) -> None:
    """Requests are answered in the order they were recorded in."""
    with pytest.raises(
        CassetteMismatch, match="POST /v1/customers\n  the test sent GET /v1/customers/cus_x"
    ):
        with use_cassette(recorded) as cassette, cassette.gateway() as gateway:
            gateway.get_customer("cus_x")


def test_a_request_too_many_is_named(recorded: Path) -> None:
    """What comes after the end of the recording is not answered."""
    with pytest.raises(
        CassetteMismatch, match=r"GET /v1/charges/ch_.* is not recorded: .* ends after 3 requests"
    ):
        with use_cassette(recorded) as cassette, cassette.gateway() as gateway:
            gateway.get_charge(gateway.charge("tok_visa", ADA, FIVE).charge.id)


def test_a_request_too_few_is_named(recorded: Path) -> None:
    """What was recorded must be asked for."""
    with pytest.raises(
        CassetteMismatch,
        match=r"3 of the 3 requests in .*: POST /v1/customers, POST /v1/pay\w+, POST /v1/pay",
    ):
        with use_cassette(recorded):
            pass


@pytest.mark.usefixtures("no_network")
def test_without_a_recording_nothing_is_answered(path: Path) -> None:
    """A missing cassette is no way to the network."""
    with pytest.raises(
        CassetteMismatch, match=r"is not recorded: .* is missing. Record it: pytest --stripe-record"
    ):
        with use_cassette(path) as cassette, cassette.gateway() as gateway:
            gateway.charge("tok_visa", ADA, FIVE)


def test_a_test_without_requests_needs_no_recording(path: Path) -> None:
    """Nothing asked, nothing recorded, nothing missed."""
    for mode in ("once", "none"):
        with use_cassette(path, record=mode):
            pass

    assert not path.exists()


def test_a_test_that_fails_records_nothing(path: Path) -> None:
    """A recording is kept only of a test that succeeded."""
    with pytest.raises(CardDeclined):
        with use_cassette(path, record="once") as cassette, cassette.gateway() as gateway:
            gateway.charge("tok_chargeDeclined", ADA, FIVE)

    assert not path.exists()


def test_a_test_that_fails_keeps_the_old_recording(recorded: Path) -> None:
    """Recording anew replaces a cassette only once the test has succeeded."""
    before = recorded.read_text()
    with pytest.raises(CardDeclined):
        with use_cassette(recorded, record="all") as cassette, cassette.gateway() as gateway:
            gateway.charge("tok_chargeDeclined", ADA, FIVE)

    assert before == recorded.read_text()
    assert [recorded] == list(recorded.parent.iterdir())


def test_nothing_is_answered_after_the_end(recorded: Path) -> None:
    """A test that is over asks nothing any more."""
    with use_cassette(recorded, record="all") as cassette, cassette.gateway() as gateway:
        gateway.charge("tok_visa", ADA, FIVE)
        cassette.finish()
        with pytest.raises(OutcomeUnknown) as caught:
            gateway.charge("tok_visa", ADA, FIVE)

    assert "CassetteMismatch" in str(caught.value.__cause__)


def test_a_live_key_is_refused_at_once(path: Path) -> None:
    """Settings with a live key record nothing."""
    with pytest.raises(ConfigurationError, match="with a test key only"):
        with use_cassette(path, source=Settings("sk_live_1234")):
            pass


@pytest.mark.parametrize("record", ["once", "none"])
def test_a_live_key_in_the_code_under_test_is_refused(path: Path, record: str) -> None:
    """A gateway of the application's own cannot use a live key under a cassette."""
    with pytest.raises(CassetteMismatch, match="live key"):
        with use_cassette(path, record=record) as cassette:  # type: ignore[arg-type]
            PaymentGateway("sk_live_1234", api_base="http://localhost:9", max_retries=0).get_charge(
                "ch_x"
            )

    assert (record == "once", False) == (cassette.recording, path.exists())


@pytest.mark.parametrize(
    "login", ["Bearer sk_live_1234", "Basic c2tfbGl2ZV8xMjM0Og==", "basic  c2tfbGl2ZV8xMjM0Og"]
)
def test_a_live_key_is_refused_however_it_is_sent(path: Path, login: str) -> None:
    """Stripe takes a key as a bearer token and as a user's name; neither
    sends a live one under a cassette."""
    headers = {"Authorization": login, "Stripe-Version": "2026-10-28.endive"}
    with pytest.raises(CassetteMismatch, match="live key"):
        with use_cassette(path, record="once") as cassette:
            urllib3.request(
                "GET", f"{cassette.settings.api_base}/v1/charges", headers=headers, retries=False
            )

    assert not path.exists()


def test_a_recording_has_one_source(path: Path) -> None:
    """While one sandbox is recorded, nothing is asked of anybody else."""
    other = Sandbox()
    with (
        other.serve() as server,
        pytest.raises(CassetteMismatch, match=r"GET /v1/charges/ch_x went to 127\.0\.0\.1:"),
    ):
        with use_cassette(path, record="once"):
            PaymentGateway(other.secret_key, api_base=server.url, max_retries=0).get_charge("ch_x")

    assert [] == other.requests


def test_an_application_makes_its_own_gateway(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever reads the cassette's settings by their names is recorded, and replayed."""
    for record in ("once", "none"):
        with use_cassette(path, record=record) as cassette:
            for name, value in cassette.environ.items():
                monkeypatch.setenv(name, value)
            payment = PaymentGateway.from_env().charge("tok_visa", ADA, FIVE)
        assert FIVE == payment.charge.amount

    assert "test" == Settings.from_mapping(cassette.environ).mode


def test_what_is_not_stripes_is_left_alone(path: Path) -> None:
    """Requests to other services pass, and are not recorded."""
    with (
        Server(lambda _: Response(200, {}, b"hello"), "127.0.0.1", 0) as server,
        use_cassette(path, record="once"),
    ):
        answer = urllib3.request("GET", server.url)

    assert b"hello" == answer.data
    assert not path.exists()


def test_the_head_says_what_was_recorded_and_when(recorded: Path) -> None:
    """A cassette's first lines tell its source and its time."""
    head = yaml.safe_load(recorded.read_text())

    assert head["recorded_from"].startswith("the sandbox of tokencharge ")
    assert head["recorded_from"].endswith("not Stripe")
    assert head["recorded_at"].startswith("20")


def test_the_head_does_not_take_another_server_for_stripe(path: Path) -> None:
    """Settings that lead elsewhere are said to."""
    sandbox = Sandbox()
    with sandbox.serve() as server:
        settings = Settings(sandbox.secret_key, api_base=server.url)
        with (
            use_cassette(path, record="once", source=settings) as cassette,
            cassette.gateway() as gateway,
        ):
            gateway.charge("tok_visa", ADA, FIVE)

    assert f"{server.url}, not Stripe" == yaml.safe_load(path.read_text())["recorded_from"]


def test_stripe_itself_is_called_so(tmp_path: Path) -> None:
    """Settings that lead to Stripe record from its test mode."""
    with use_cassette(
        tmp_path / "a.yaml", record="once", source=Settings("sk_test_1234")
    ) as cassette:
        assert cassette.recording
        assert "Stripe's test mode" == cassette._tape.origin

    assert "https://api.stripe.com" == cassette.settings.api_base


def test_awaited_calls_are_recorded_too(path: Path) -> None:
    """An async gateway's requests go through the cassette."""
    pytest.importorskip("aiohttp")

    async def buy(gateway: AsyncPaymentGateway) -> str:
        async with gateway:
            return (await gateway.charge("tok_visa", ADA, FIVE)).charge.status

    told = []
    for record in ("once", "none"):
        with use_cassette(path, record=record) as cassette:
            told.append(asyncio.run(buy(cassette.async_gateway())))

    assert ["succeeded", "succeeded"] == told


def test_vcrpy_is_asked_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without vcrpy a cassette says what to install."""
    monkeypatch.delitem(sys.modules, "tokencharge.testing.tape", raising=False)
    monkeypatch.setitem(sys.modules, "vcr.cassette", None)
    with pytest.raises(
        ConfigurationError, match=r"Cassettes need vcrpy .*'tokencharge\[testing\]'"
    ):
        with use_cassette(path):
            pass
