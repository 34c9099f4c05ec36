"""`tokencharge sandbox`: serves at once, tells where, and stops when told to."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import attrs
import pytest
import urllib3

from tests.rows import each_row
from tokencharge import Money, PaymentGateway
from tokencharge.sandbox import Request, Response, Sandbox, Server


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `tokencharge sandbox` in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, ignoring_interrupts: bool = False) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tokencharge", "sandbox", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_ignore_interrupts if ignoring_interrupts else None,  # noqa: PLW1509
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@attrs.define
class Shop:
    """A shop's endpoint on loopback: keeps what it is sent, and refuses the first of it."""

    url: str
    posts: queue.SimpleQueue[Request]


@pytest.fixture
def shop() -> Iterator[Shop]:
    posts: queue.SimpleQueue[Request] = queue.SimpleQueue()
    statuses = iter([500])

    def take(request: Request) -> Response:
        posts.put(request)
        return Response(next(statuses, 200))

    with Server(take, "127.0.0.1", 0) as server:
        yield Shop(f"{server.url}/stripe/webhook", posts)


def _lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def _stop(process: subprocess.Popen[str], number: int) -> tuple[int, str, str]:
    process.send_signal(number)
    rest, err = process.communicate(timeout=60)
    return process.returncode, rest, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(number: int, start) -> None:
    """What it prints at once is enough to charge a card over HTTP; then Ctrl-C
    or SIGTERM ends it with 0, quietly."""
    process = start("--json", "--port", "0")
    (line,) = _lines(process, 1)
    told = json.loads(line)
    with PaymentGateway(
        told["env"]["STRIPE_SECRET_KEY"],
        publishable_key=told["env"]["STRIPE_PUBLISHABLE_KEY"],
        api_base=told["env"]["STRIPE_API_BASE"],
    ) as gateway:
        payment = gateway.charge(
            token="tok_visa", email="ada@example.com", amount=Money(500, "usd")
        )
        stopped = _stop(process, number)

    assert told["url"] == told["env"]["STRIPE_API_BASE"]
    assert payment.charge.paid
    assert (0, "", "") == stopped


def test_it_prints_lines_to_paste(start) -> None:
    """For people it prints the URL and an environment to paste, before it waits."""
    process = start()
    lines = _lines(process, 6)
    url = lines[3].strip().split("=")[1]

    assert lines[0].startswith(f"The sandbox listens on {url};")
    assert [
        f"export STRIPE_API_BASE={url}\n",
        "export STRIPE_SECRET_KEY=sk_test_tokenchargeSandboxKey0001\n",
        "export STRIPE_PUBLISHABLE_KEY=pk_test_tokenchargeSandboxKey0001\n",
    ] == lines[3:]
    assert (0, "", "") == _stop(process, signal.SIGINT)


def test_its_keys_can_be_chosen(start) -> None:
    """The keys that are given are the ones it prints, and the ones it takes."""
    process = start(
        *("--json", "--secret-key", "rk_test_mine", "--publishable-key", "pk_test_mine"),
        *("--webhook-secret", "whsec_old,whsec_new/+="),
    )
    (line,) = _lines(process, 1)
    environment = json.loads(line)["env"]
    with PaymentGateway("rk_test_mine", api_base=environment["STRIPE_API_BASE"]) as gateway:
        payment = gateway.charge(
            token="tok_visa", email="ada@example.com", amount=Money(500, "usd")
        )

    assert ("rk_test_mine", "pk_test_mine", "whsec_old,whsec_new/+=") == tuple(
        environment[f"STRIPE_{name}"]
        for name in ("SECRET_KEY", "PUBLISHABLE_KEY", "WEBHOOK_SECRET")
    )
    assert payment.charge.paid
    assert (0, "", "") == _stop(process, signal.SIGTERM)


def test_it_can_be_an_old_account(start) -> None:
    """With --card-tokens it is an account that takes card tokens
    at Customers, whatever it is else."""
    process = start("--json", "--card-tokens")
    (line,) = _lines(process, 1)
    environment = json.loads(line)["env"]
    headers = {"Authorization": f"Bearer {environment['STRIPE_SECRET_KEY']}"}
    customers = f"{environment['STRIPE_API_BASE']}/v1/customers"
    made = urllib3.request("POST", customers, body="source=tok_visa", headers=headers)

    assert 200 == made.status
    assert made.json()["default_source"].startswith("card_")
    assert (0, "", "") == _stop(process, signal.SIGTERM)


@each_row(
    ("option", "key"),
    [
        *(
            ("--secret-key", key)
            for key in ("sk_live_mine", "rk_live_mine", "pk_test_mine", "sk_test_mi ne")
        ),
        *(
            ("--publishable-key", key)
            for key in ("pk_live_mine", "sk_test_mine", "pk_test_mine\n", "mine", "")
        ),
        *(
            ("--webhook-secret", key)
            for key in ("mine", "whsec_", "whsec_mine,", "whsec_mine,sk_test_mine")
        ),
    ],
)
def test_a_key_of_another_kind_is_one_sentence(option: str, key: str, run) -> None:
    """Live keys and keys in each other's place are refused before
    anything is served, and not repeated."""
    code, out, err = run("sandbox", option, key)

    assert (2, "") == (code, out)
    assert err.startswith(f"tokencharge: {option} takes a key that begins with ")
    assert err.endswith("never use a live one.\n")
    assert "mine" not in err


def test_a_container_may_be_asked_by_its_name(start) -> None:
    """A host that was allowed is answered for; others are not."""
    process = start(
        "--json", "--host", "0.0.0.0", "--allow-host", "stripe", "--allow-host", "other.test"
    )
    (line,) = _lines(process, 1)
    environment = json.loads(line)["env"]
    headers = {"Authorization": f"Bearer {environment['STRIPE_SECRET_KEY']}"}
    url = environment["STRIPE_API_BASE"].replace("0.0.0.0", "127.0.0.1")
    statuses = [
        urllib3.request("GET", f"{url}/v1/charges", headers={**headers, "Host": host}).status
        for host in ("stripe:4242", "other.test", "another.test")
    ]

    assert [200, 200, 421] == statuses
    assert (0, "", "") == _stop(process, signal.SIGTERM)


def test_a_host_that_is_none_is_one_sentence(run) -> None:
    """A URL where a name is asked for is refused before anything is served."""
    code, out, err = run("sandbox", "--allow-host", "http://stripe:4242")

    assert (2, "") == (code, out)
    assert (
        "tokencharge: --allow-host: A host to answer for is a name or an address, without scheme,"
        " port or path.\n"
    ) == err


def test_it_can_be_stopped_when_started_in_the_background(start) -> None:
    """A shell starts `command &` with SIGINT ignored; it stops it all the same."""
    process = start("--json", ignoring_interrupts=True)
    _lines(process, 1)

    assert (0, "", "") == _stop(process, signal.SIGINT)


def test_it_knows_no_key_but_its_own(start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of the environment are neither used nor printed."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_51SandboxSecret")
    process = start("--json")
    (line,) = _lines(process, 1)

    assert "SandboxSecret" not in line
    assert (0, "", "") == _stop(process, signal.SIGTERM)


def test_it_forwards_what_happens(start, shop: Shop) -> None:
    """Each event is posted to the endpoint, signed with the secret
    that was printed, and told in a line."""
    process = start("--forward-to", shop.url)
    lines = _lines(process, 11)
    environment = dict(line.split()[1].split("=") for line in lines if line.startswith("export "))
    with PaymentGateway(
        environment["STRIPE_SECRET_KEY"],
        webhook_secret=environment["STRIPE_WEBHOOK_SECRET"],
        api_base=environment["STRIPE_API_BASE"],
    ) as gateway:
        payment = gateway.charge(
            token="tok_visa", email="ada@example.com", amount=Money(500, "usd")
        )
        told = _lines(process, 5)
        posts = [shop.posts.get(timeout=60) for _ in range(5)]
        events = [
            gateway.parse_event(post.body, post.headers["stripe-signature"]) for post in posts
        ]
    again, *rest = events

    assert f"What happens is sent to {shop.url}, signed with STRIPE_WEBHOOK_SECRET:\n" == lines[9]
    assert {"Stripe/1.0 (+https://stripe.com/docs/webhooks)"} == {
        post.headers["user-agent"] for post in posts
    }
    intent = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    assert [again.type, *intent] == [event.type for event in rest]
    assert payment.charge == events[-2].object
    assert [
        f"customer.created  {again.id}  500\n",
        f"customer.created  {again.id}  200  (attempt 2)\n",
        *(f"{name}  {event.id}  200\n" for name, event in zip(intent, events[2:], strict=True)),
    ] == told
    assert (0, "", "") == _stop(process, signal.SIGINT)


def test_it_tells_machines_what_it_forwards(start, shop: Shop, run) -> None:
    """With --json each delivery is a line of JSON, after the one that says where it listens."""
    process = start("--json", "--forward-to", shop.url)
    (line,) = _lines(process, 1)
    triggered = run(
        "trigger", "customer.created", "--api-base", json.loads(line)["url"], "--json"
    ).document
    told = [json.loads(line) for line in _lines(process, 2)]

    assert shop.url == json.loads(line)["forward_to"]
    assert [
        {"type": "customer.created", "id": triggered["id"], "status": status, "attempt": attempt}
        for attempt, status in ((1, 500), (2, 200))
    ] == told
    assert (0, "", "") == _stop(process, signal.SIGTERM)


def test_an_endpoint_that_is_down(start, run) -> None:
    """Where nobody takes the webhook, that is what the line says."""
    with Sandbox().serve() as server:
        nobody = server.url
    process = start("--forward-to", nobody)
    url = _lines(process, 4)[3].strip().partition("=")[2]
    run("trigger", "customer.created", "--api-base", url)
    told = _lines(process, 8)[-1]

    assert told.startswith("customer.created  evt_")
    assert told.endswith("  no answer\n")
    assert (0, "", "") == _stop(process, signal.SIGINT)


@pytest.mark.parametrize("url", ["5000", "ftp://127.0.0.1/", "http://ada:secret@127.0.0.1/"])
def test_an_endpoint_that_is_no_url_is_one_sentence(url: str, run) -> None:
    """What cannot be sent to is refused before anything is served, and not repeated."""
    code, out, err = run("sandbox", "--forward-to", url)

    assert (2, "") == (code, out)
    assert err.startswith("tokencharge: --forward-to: Webhooks go to a plain URL")
    assert "secret" not in err


@pytest.mark.parametrize("json_option", [(), ("--json",)])
def test_a_port_in_use_is_one_sentence(json_option: tuple[str, ...], run) -> None:
    """Where somebody listens already, the command fails with 1 and leaves signals as they were."""
    before = signal.getsignal(signal.SIGTERM)
    with Sandbox().serve() as server:
        port = server.url.rpartition(":")[2]
        code, out, err = run("sandbox", "--port", port, *json_option)

    assert (1, "") == (code, out)
    assert err.startswith(f"tokencharge: Cannot listen on 127.0.0.1 port {port} ")
    assert 1 == err.count("\n")
    assert before is signal.getsignal(signal.SIGTERM)
