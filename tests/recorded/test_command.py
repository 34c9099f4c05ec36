"""`python -m tests.recorded`: its options, what it allows, and
what it says of a file that is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.recorded import allowed
from tests.recorded.__main__ import main
from tests.recorded.allowed import Allowed
from tests.recorded.recorder import SHOP, recording
from tokencharge.sandbox import Rules


def test_an_old_account_is_played_with_its_rule(play) -> None:
    """`--rules card_tokens=true` plays the account of somebody who came earlier."""
    lines = recording(
        ["POST charges amount=500 currency=usd source=tok_visa"], Rules(card_tokens=True)
    )

    assert 0 == play(lines, "--rules", "card_tokens=true")[0]
    assert 1 == play(lines)[0]


@pytest.mark.parametrize(
    "rule", ["card_tokens=perhaps", "nonsense=true", "search_lag=long", "card_tokens"]
)
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
    """What the table allows is no difference, and the report says
    why; `--all` lists it nevertheless."""
    lines = recording(SHOP[:1])
    lines[0]["body"]["shoe_size"] = 42
    code, told = play(lines, table=(SHOES,))

    assert 0 == code
    assert "Allowed 1 times: customer.shoe_size (missing): The sandbox has no feet." in told
    assert 1 == play(lines, "--all", table=(SHOES,))[0]


def test_an_allowance_that_nothing_needs_is_an_error(play) -> None:
    """A difference that is gone must leave the table, unless the file
    is only part of what it is about."""
    lines = recording(SHOP[:1])
    code, told = play(lines, table=(SHOES,))

    assert 1 == code
    assert (
        "Allowed, but never differs: customer.shoe_size (missing): The sandbox has no feet." in told
    )
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
        (
            json.dumps(GOOD) + "\n" + json.dumps({"from": "shop"}),
            "line 2 must have the keys from, seq, method,",
        ),
        (json.dumps({**GOOD, "headers": {}}), "and no other: look at headers."),
        (json.dumps({**GOOD, "method": "PATCH"}), "line 1 has what cannot be under method."),
        (json.dumps({**GOOD, "path": "/v2/customers"}), "line 1 has what cannot be under path."),
        (json.dumps({**GOOD, "params": []}), "line 1 has what cannot be under params."),
        (json.dumps({**GOOD, "seq": "1"}), "line 1 has what cannot be under seq."),
        (json.dumps({**GOOD, "status": 20}), "line 1 has what cannot be under status."),
        (json.dumps({**GOOD, "body": None}), "line 1 has what cannot be under body."),
        (
            json.dumps({**GOOD, "idempotency_key": 1}),
            "line 1 has what cannot be under idempotency_key.",
        ),
    ],
)
def test_a_file_that_is_none_of_recordings_is_one_sentence(
    file, capsys, text: str, sentence: str
) -> None:
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
