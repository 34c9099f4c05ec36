"""`python -m tests.recorded` finds what the sandbox does otherwise than a recording, and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import allowed
from tests.recorded.__main__ import main
from tests.recorded.allowed import Allowed
from tests.recorded.scene import Scene
from tests.sandbox.curl import NOW
from tokencharge.sandbox import Request, Response, Rules, Sandbox

Line = dict[str, Any]

SHOP = """
POST customers email=ada@example.com metadata[p]=q
POST payment_methods type=card card[token]=tok_visa
POST payment_methods/{card}/attach customer={customer}
POST payment_intents amount=5000 currency=usd payment_method=pm_card_visa confirm=true CARDS_ONLY Idempotency-Key:k-2
POST payment_intents amount=5000 currency=usd payment_method=pm_card_visa confirm=true CARDS_ONLY Idempotency-Key:k-2
GET payment_intents/{paid} expand[]=latest_charge
POST payment_intents amount=1000 currency=usd payment_method={declining} confirm=true CARDS_ONLY
POST refunds payment_intent={paid} amount=1500
GET refunds payment_intent={paid}
GET charges limit=2
GET charges/ch_nope
GET customers/cus_NopeNopeNope12
DELETE customers/{another}
""".strip().splitlines()


class Recorder:
    """Stands before a sandbox and writes down what it is asked and answers."""

    def __init__(self, sandbox: Sandbox, lines: list[Line]) -> None:
        self._sandbox = sandbox
        self._lines = lines
        self.secret_key = sandbox.secret_key

    def handle(self, request: Request) -> Response:
        response = self._sandbox.handle(request)
        line = {
            "from": "shop",
            "seq": len(self._lines),
            "method": request.method,
            "path": request.path,
            "params": request.form,
            "idempotency_key": request.idempotency_key,
            "status": response.status,
            "body": json.loads(response.body),
        }
        self._lines.append(line)
        return response


def recording(requests: list[str], rules: Rules | None = None, step: float = 0.0) -> list[Line]:
    """Record a session with a sandbox whose ids are none of those that the script's own makes."""
    lines: list[Line] = []
    scene = Scene(rules)
    now = [float(NOW)]
    sandbox = Sandbox(clock=lambda: now[0], seed=2, rules=rules or Rules(card_tokens=False))
    scene.sandbox = Recorder(sandbox, lines)  # type: ignore[assignment]
    for request in requests:
        scene.ask(request)
        now[0] += step
    return lines


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "recorded.jsonl"


@pytest.fixture
def play(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[..., tuple[int, str]]:
    """Write lines to a file, play it with a table of allowances, and return code and report."""

    def played(lines: list[Line], *options: str, table: tuple[Allowed, ...] = ()) -> tuple[int, str]:
        monkeypatch.setattr("tests.recorded.__main__.NEW_ACCOUNT", table)
        file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
        return main([str(file), *options]), capsys.readouterr().out

    return played


def the(lines: list[Line], method: str, path: str) -> Line:
    return next(line for line in lines if (line["method"], line["path"].startswith(path)) == (method, True))


def test_what_the_sandbox_said_it_says_again(play) -> None:
    """A recording of the sandbox has no difference to it, though every id is another."""
    lines = recording(SHOP)

    assert (0, f"{len(lines)} exchanges played, 0 differences, 0 allowances too many.\n") == play(lines)


def test_time_passes_as_it_was_recorded(play) -> None:
    """What had happened by the time of a read has happened by then here."""
    lines = recording([*SHOP, "POST customers"], step=30.0)
    charge = the(lines, "GET", "/v1/charges")["body"]["data"][-1]

    assert charge["balance_transaction"] is not None
    assert 0 == play(lines)[0]


@pytest.mark.parametrize(
    ("path", "change", "report"),
    [
        ("/v1/customers", {"email": "eve@example.com"}, "customer.email: value: recorded 'eve@example.com'"),
        ("/v1/customers", {"phone": "1"}, "customer.phone: type: recorded '1', sandbox None"),
        ("/v1/customers", {"shoe_size": 42}, "customer.shoe_size: missing: recorded 42, sandbox None"),
        ("/v1/customers", {"livemode": 0}, "customer.livemode: type: recorded 0, sandbox False"),
        ("/v1/payment_methods", {"created": NOW - 60}, "payment_method.created: time"),
        ("/v1/customers", {"preferred_locales": ["fr"]}, "customer.preferred_locales: value: recorded ['fr']"),
        ("/v1/payment_methods/", {"customer": "cus_SomebodyElse1"}, "payment_method.customer: id"),
        ("/v1/payment_intents", {"latest_charge": "py_3UHm0dHIBYZYyePr1MQJZdrJ"}, "payment_intent.latest_charge: form"),
        ("/v1/payment_intents", {"amount_received": 4999}, "payment_intent.amount_received: value: recorded 4999"),
    ],
)
def test_a_changed_value_is_found(play, path: str, change: dict[str, Any], report: str) -> None:
    """Whatever differs in an answer is listed, with where it stands and both values."""
    lines = recording(SHOP[:4])
    the(lines, "POST", path)["body"].update(change)
    code, told = play(lines)

    assert 1 == code
    assert report in told
    assert "1 differences" in told.splitlines()[-1]


def test_a_key_too_many_is_found(play) -> None:
    """A key that the recording does not have is listed as one more."""
    lines = recording(SHOP[:1])
    del lines[0]["body"]["balance"]

    assert "customer.balance: extra: recorded None, sandbox 0" in play(lines)[1]


@pytest.mark.parametrize(
    ("key", "value"), [("code", "card_expired"), ("message", "No."), ("param", "cvc"), ("type", "api_error")]
)
def test_an_error_is_compared_word_by_word(play, key: str, value: str) -> None:
    """Another code, message, param or type of an error is a difference."""
    lines = recording(SHOP)
    refused = next(line for line in lines if line["status"] == 402)
    refused["body"]["error"][key] = value
    code, told = play(lines)

    assert 1 == code
    assert f"error.{key}: " in told


def test_an_error_names_the_ids_that_are_meant(play) -> None:
    """A message that names an id is the same although the sandbox's id is another."""
    lines = recording([*SHOP[:4], "POST charges/{paid[latest_charge]}/capture"])

    assert lines[-1]["path"].split("/")[3] in lines[-1]["body"]["error"]["message"]
    assert 0 == play(lines)[0]


def test_another_status_is_the_only_difference_of_an_answer(play) -> None:
    """Where one answers and the other refuses, their bodies are not compared."""
    lines = recording(SHOP[:1])
    lines[0].update(status=400, body={"error": {"code": "email_invalid", "message": "No."}})
    code, told = play(lines)

    assert 1 == code
    assert "POST /v1/customers  : status: recorded '400 email_invalid No.', sandbox '200'" in told
    assert "1 differences" in told


def test_a_list_of_another_length_is_found(play) -> None:
    """A list that is longer is a difference, and what both have is compared."""
    lines = recording(SHOP)
    page = the(lines, "GET", "/v1/charges")["body"]["data"]
    page.append(copy.deepcopy(page[-1]))

    assert f"list.data: length: recorded {len(page)}, sandbox {len(page) - 1}" in play(lines)[1]


def test_the_order_of_a_list_counts(play) -> None:
    """Two entries that changed places are found by their ids."""
    lines = recording(SHOP)
    the(lines, "GET", "/v1/charges")["body"]["data"].reverse()

    assert "charge.id: id" in play(lines)[1]


@pytest.mark.parametrize(
    ("place", "value"), [("client_secret", "secret"), ("receipt_url", "https://example.com/"), ("risk_score", 101)]
)
def test_what_is_random_has_a_form(play, monkeypatch: pytest.MonkeyPatch, place: str, value: Any) -> None:
    """A random value that does not look like Stripe's is a difference, and any that does is none."""
    lines = recording(["GET payment_intents/{paid} expand[]=latest_charge"])
    spoilt = Sandbox.handle

    def handle(self: Sandbox, request: Request) -> Response:
        answer = spoilt(self, request)
        return Response(
            answer.status, answer.headers, json.dumps(_with(json.loads(answer.body), place, value)).encode()
        )

    assert 0 == play(lines)[0]
    monkeypatch.setattr(Sandbox, "handle", handle)
    code, told = play(lines)
    assert 1 == code
    assert f".{place}: form: " in told


def _with(body: Any, name: str, value: Any) -> Any:
    if isinstance(body, dict):
        return {key: value if key == name else _with(each, name, value) for key, each in body.items()}
    return body


def test_what_was_redacted_is_anything(play) -> None:
    """A value that the recording does not show is equal to every text."""
    lines = recording(["POST customers email=ada@example.com"])
    lines[0]["body"]["email"] = "<redacted:email>"

    assert 0 == play(lines)[0]


def test_an_exchange_whose_beginning_was_cut_off_cannot_be_played(play) -> None:
    """An id that no answer showed is named; one that was answered as unknown is played."""
    lines = recording(["GET payment_methods/{card}", "GET customers/cus_NopeNopeNope12"])
    customer = the(lines, "POST", "/v1/customers")
    code, told = play([line for line in lines if line is not customer])

    assert 1 == code
    assert f"names {customer['body']['id']}, which no exchange made" in told
    assert "NopeNope" not in told


def test_what_the_sandbox_did_not_make_is_named_with_its_exchange(play) -> None:
    """An exchange that needs what the sandbox refused to make says which exchange that was."""
    lines = recording(["GET payment_methods/{card}"])
    customer = the(lines, "POST", "/v1/customers")
    customer["params"] = {"email": "nobody"}
    told = play(lines)[1]

    assert f"names {customer['body']['id']}, which the sandbox did not make at shop:{customer['seq']}" in told


def test_each_session_begins_with_nothing(play) -> None:
    """Two recordings in one file know nothing of each other."""
    lines = recording(["POST customers", "GET customers"])
    again = [{**line, "from": "another"} for line in lines]

    assert 0 == play(lines + again)[0]


def test_booleans_and_lists_are_sent_as_forms_have_them(play) -> None:
    """`true`, an empty value for null, nested hashes and lists reach the sandbox as Stripe's clients send them."""
    lines = recording(["GET payment_intents/{paid} expand[]=latest_charge expand[]=customer"])
    paid, read = lines[-2], lines[-1]
    paid["params"]["confirm"] = True
    paid["params"]["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
    paid["params"]["amount"] = 5000
    read["params"]["expand"] = ["latest_charge", "customer"]

    assert 0 == play(lines)[0]


def test_a_request_of_dahlia_is_sent_as_endive_has_it(play) -> None:
    """`payment_method_types` becomes automatic methods that lead nobody away."""
    lines = recording(SHOP[:4])
    params = lines[-1]["params"]
    del params["automatic_payment_methods"]
    params["payment_method_types"] = ["card"]

    assert 0 == play(lines)[0]


def test_an_old_account_is_played_with_its_rule(play) -> None:
    """`--rules card_tokens=true` plays the account of somebody who came earlier."""
    lines = recording(["POST charges amount=500 currency=usd source=tok_visa"], Rules(card_tokens=True))

    assert 0 == play(lines, "--rules", "card_tokens=true")[0]
    assert 1 == play(lines)[0]


@pytest.mark.parametrize("rule", ["card_tokens=perhaps", "nonsense=true", "search_lag=long", "card_tokens"])
def test_a_rule_that_is_none_is_refused(play, capsys: pytest.CaptureFixture, rule: str) -> None:
    """An unknown rule, or a value it cannot have, is a wrong option."""
    with pytest.raises(SystemExit) as stopped:
        play(recording(SHOP[:1]), "--rules", rule)

    assert 2 == stopped.value.code
    assert f"{rule!r} is no rule of the sandbox's" in capsys.readouterr().err


def test_a_rule_may_be_a_number(play) -> None:
    """A rule that is a number of seconds is read as one."""
    assert 0 == play(recording(SHOP[:1]), "--rules", "search_lag=1.5")[0]


SHOES = Allowed("customer.shoe_size", "missing", "The sandbox has no feet.")


def test_an_allowed_difference_is_counted_with_its_reason(play) -> None:
    """What the table allows is no difference, and the report says why; `--all` lists it nevertheless."""
    lines = recording(SHOP[:1])
    lines[0]["body"]["shoe_size"] = 42
    code, told = play(lines, table=(SHOES,))

    assert 0 == code
    assert "Allowed 1 times: customer.shoe_size (missing): The sandbox has no feet." in told
    assert 1 == play(lines, "--all", table=(SHOES,))[0]


def test_an_allowance_that_nothing_needs_is_an_error(play) -> None:
    """A difference that is gone must leave the table, unless the file is only part of what it is about."""
    lines = recording(SHOP[:1])
    code, told = play(lines, table=(SHOES,))

    assert 1 == code
    assert "Allowed, but never differs: customer.shoe_size (missing): The sandbox has no feet." in told
    assert 0 == play(lines, "--part", table=(SHOES,))[0]


@pytest.mark.parametrize(
    "other",
    [
        {"at": "customer.shoe"},
        {"what": "extra"},
        {"request": "GET *"},
        {"exchange": "04_money_path:*"},
    ],
)
def test_an_allowance_covers_only_what_it_names(play, other: dict[str, str]) -> None:
    """Another place, kind, request or exchange is not allowed by it."""
    lines = recording(SHOP[:1])
    lines[0]["body"]["shoe_size"] = 42

    assert 1 == play(lines, "--part", table=(SHOES._replace(**other),))[0]


def test_each_allowance_has_a_reason_of_its_own_place() -> None:
    """The table of the new account says why in a sentence, and allows nothing twice."""
    places = [entry[:2] + entry[3:] for entry in allowed.NEW_ACCOUNT]

    assert [] == [entry for entry in allowed.NEW_ACCOUNT if not entry.reason.endswith(".")]
    assert len(set(places)) == len(places)


GOOD = {
    "from": "shop",
    "seq": 0,
    "method": "GET",
    "path": "/v1/customers",
    "params": {},
    "idempotency_key": None,
    "status": 200,
    "body": {},
}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no exchange."),
        ("{", "line 1 is no JSON."),
        ("[]", "line 1 is no JSON object."),
        (json.dumps(GOOD) + "\n" + json.dumps({"from": "shop"}), "line 2 must have the keys from, seq, method,"),
        (json.dumps({**GOOD, "headers": {}}), "and no other: look at headers."),
        (json.dumps({**GOOD, "method": "PATCH"}), "line 1 has what cannot be under method."),
        (json.dumps({**GOOD, "path": "/v2/customers"}), "line 1 has what cannot be under path."),
        (json.dumps({**GOOD, "params": []}), "line 1 has what cannot be under params."),
        (json.dumps({**GOOD, "seq": "1"}), "line 1 has what cannot be under seq."),
        (json.dumps({**GOOD, "status": 20}), "line 1 has what cannot be under status."),
        (json.dumps({**GOOD, "body": None}), "line 1 has what cannot be under body."),
        (json.dumps({**GOOD, "idempotency_key": 1}), "line 1 has what cannot be under idempotency_key."),
    ],
)
def test_a_file_that_is_none_of_recordings_is_one_sentence(file, capsys, text: str, sentence: str) -> None:
    """What cannot be read is told in one line, where it stands, and ends with code 2."""
    file.write_text(text, "utf-8")
    code = main([str(file)])
    told = capsys.readouterr()

    assert (2, "") == (code, told.out)
    assert sentence in told.err
    assert 1 == told.err.count("\n")


def test_a_file_that_is_missing_is_one_sentence(tmp_path: Path, capsys) -> None:
    """A file that is not there, a folder and bytes that are no text are told in one line."""
    picture = tmp_path / "picture"
    picture.write_bytes(b"\xff\xd8")

    assert [2, 2, 2] == [main([str(path)]) for path in (tmp_path / "nothing", tmp_path, picture)]
    assert 3 == len(capsys.readouterr().err.splitlines())
