"""The audit: it finds what must not be shared in anybody's cassettes, and does not repeat it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from tests.rows import each_row
from tokencharge import ConfigurationError
from tokencharge.cli import main
from tokencharge.testing import find_leaks

DIRTY = {
    "sk_live_abcdefgh12345678": "an API key or a login",
    "rk_test_abcdefgh12345678": "an API key or a login",
    "whsec_abcdefgh12345678": "an API key or a login",
    "Bearer abcdefgh12345678": "an API key or a login",
    "Basic c2tfdGVzdF94Og==": "an API key or a login",
    "tok_1NsYl2Ab12Cd34Ef": "a token",
    "No such token: 'btok_1NsYl2Ab12Cd34Ef'": "a token",
    "pi_1_secret_abcdefgh12345678": "a client secret",
    "4242424242424242": "a card number",
    "378282246310005": "a card number",
    "4000 0566 5566 5556": "a card number",
    "ada@lovelace.org": "an e-mail outside example.com",
    "email=ada%40lovelace.org&amount=1": "an e-mail outside example.com",
    '{"email": "ada\\u0040lovelace.org"}': "an e-mail outside example.com",
    "ada@notexample.com": "an e-mail outside example.com",
    '{"fingerprint": "Xt5EWLLDS7FJjR1c"}': "a card fingerprint",
    "sk_live_scrubbedButReallyNot1": "an API key or a login",
    "ek_live_YWNjdF8xTnNZbDI": "an API key or a login",
    "rt_NsYl2Ab12Cd34Ef": "an API key or a login",
    "c2tfbGl2ZV9hYmNkZWZnaDEyMzQ1Njc4": "an API key or a login",
    "sk_live_abcdefgh%31%32%33": "an API key or a login",
    "tok_scrubbed51NsYl2Ab12": "a token",
    "tok_scrubbed51": "a token",
    "tok_scrubbed0001234567": "a token",
    "4242.4242.4242.4242": "a card number",
    "4242_4242_4242_4242": "a card number",
    "4242\xa04242\xa04242\xa04242": "a card number",
    "4242  4242  4242  4242": "a card number",
    "4242\t4242\n4242/4242": "a card number",
    "4242 - 4242 - 4242 - 4242": "a card number",
    "\uff14\uff12\uff14\uff12" * 4: "a card number",
    "\u0664\u0662\u0664\u0662" * 4: "a card number",
    "%B4242424242424242^DOE/JANE^25121010000000000000?": "a card number",
    ";4242424242424242=25121010000000000000?": "a card number",
    "number4242424242424242expires": "a card number",
    "NDI0MjQyNDI0MjQyNDI0Mg==": "a card number",
    "jane%2540corp.example.net": "an e-mail outside example.com",
    "jane%252540corp.example.net": "an e-mail outside example.com",
    "jane&#64;corp.example.net": "an e-mail outside example.com",
    "jane\uff20corp.example.net": "an e-mail outside example.com",
    '"jane doe"@corp.example.net': "an e-mail outside example.com",
    "jane@[IPv6:2001:db8::1]": "an e-mail outside example.com",
    "amFuZS5kb2VAY29ycC5leGFtcGxlLm5ldA": "an e-mail outside example.com",
}
CLEAN = [
    "0123456789abcdef4242424242424242",
    "5d1e4242-4242-4242-8242-424242424242",
    "2026-11-25T23:31:25.123456789Z",
    "rt_of_words_without_any",
    "kind=_secret_scrubbed",
    "QWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo=",
    "sk_test_scrubbed",
    "tok_visa",
    "tok_scrubbed0001",
    "tok_chargeDeclinedInsufficientFunds",
    "pi_scrubbed0001_secret_scrubbed",
    "use Bearer authentication, or Basic authentication",
    "ada@example.com, ada@shop.example.com",
    "4242424242424241",
    "1795407411",
    "0000000000000000",
    '{"fingerprint": "fingerprint_scrubbed0001", "other": {"fingerprint": null}}',
    "token_already_used",
]


def cassette(path: Path, text: object) -> Path:
    """A cassette whose answer is this."""
    path.write_text(
        yaml.safe_dump({"interactions": [{"response": {"body": {"string": text}}}]}), "utf-8"
    )
    return path


@each_row(("text", "what"), DIRTY.items())
@each_row("as_bytes", [False, True])
def test_a_leak_is_named_and_not_quoted(
    tmp_path: Path, text: str, what: str, as_bytes: bool
) -> None:
    """Each kind of secret is found, in texts and in binaries, with its place."""
    path = cassette(tmp_path / "a.yaml", text.encode() if as_bytes else text)
    leaks = find_leaks([path])

    assert [(path, "interactions[0].response.body.string", what)] == [
        (e.path, e.where, e.what) for e in leaks
    ]
    assert text not in str(leaks[0])


@each_row("text", CLEAN)
def test_what_is_public_is_no_leak(tmp_path: Path, text: str) -> None:
    """Published test tokens, stand-ins, example.com and plain numbers may be shown."""
    assert [] == find_leaks([cassette(tmp_path / "a.yaml", text)])


def test_numbers_fields_and_names_are_looked_at(tmp_path: Path) -> None:
    """A secret is found as a number, under the name of its field, and as a name."""
    document = {
        "card": {"number": 4242424242424242, "fingerprint": "Xt5EWLLDS7FJjR1c"},
        "ada@lovelace.org": [None],
    }
    (tmp_path / "a.json").write_text(json.dumps(document))
    found = {leak.where: leak.what for leak in find_leaks([tmp_path])}

    assert {
        "card.number": "a card number",
        "card.fingerprint": "a card fingerprint",
        "ada@lovelace.org": "an e-mail outside example.com",
    } == found


def test_a_file_that_is_no_yaml_is_read_as_text(tmp_path: Path) -> None:
    """What other recorders write, with Python's own tags, is searched all the same."""
    path = tmp_path / "old.yml"
    path.write_text(
        "!!python/object:x.Y\n  Authorization:\n  - Bearer abcdefgh12345678\n  -"
        " tok_1NsYl2Ab12Cd34Ef\n"
    )

    assert {("the file", "an API key or a login"), ("the file", "a token")} == {
        (leak.where, leak.what) for leak in find_leaks([path])
    }


def test_json_with_an_escaped_emoji_is_read_as_well(tmp_path: Path) -> None:
    """The fast parser refuses it; where the leak stands is told all the same."""
    body = json.dumps({"fingerprint": "Xt5EWLLDS7FJjR1c"})
    (tmp_path / "cassette.json").write_text(json.dumps({"said": "\N{GRINNING FACE}", "body": body}))

    assert [("body", "a card fingerprint")] == [
        (leak.where, leak.what) for leak in find_leaks([tmp_path])
    ]


def test_what_is_encoded_without_end_is_read_as_it_is_then(tmp_path: Path) -> None:
    """Nobody encodes an address ten times; the audit comes to an end all the same."""
    text = "ada@example.com"
    for _ in range(10):
        text = quote(text, safe="").replace("%", "%25")

    assert [] == find_leaks([cassette(tmp_path / "encoded.yaml", text)])


def test_pyyaml_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyYAML the audit says what to install."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ConfigurationError, match="needs PyYAML"):
        find_leaks([cassette(tmp_path / "a.yaml", "x")])


def test_the_command_passes_clean_cassettes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 0, and how many were looked at."""
    cassette(tmp_path / "a.yaml", "tok_visa")

    assert 0 == main(["audit-cassettes", str(tmp_path)])
    assert "1 cassette: nothing that leaks.\n" == capsys.readouterr().out


def test_the_command_fails_on_a_leak(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and a line for each leak."""
    (tmp_path / "deep").mkdir()
    dirty = cassette(tmp_path / "deep" / "b.yaml", "tok_1NsYl2Ab12Cd34Ef")
    cassette(tmp_path / "a.yaml", "tok_visa")

    assert 1 == main(["audit-cassettes", str(tmp_path)])
    out = capsys.readouterr().out
    assert f"{dirty}: interactions[0].response.body.string: a token\n" in out
    assert out.endswith("2 cassettes: 1 found that must not be shared.\n")
    assert "1NsYl2" not in out


def test_the_command_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One document, for machines."""
    path = cassette(tmp_path / "a.yaml", "tok_1NsYl2Ab12Cd34Ef")
    codes = [main(["audit-cassettes", "--json", str(path)])]
    document = json.loads(capsys.readouterr().out)
    codes.append(main(["audit-cassettes", "--json", str(cassette(path, "tok_visa"))]))

    assert [1, 0] == codes
    where = "interactions[0].response.body.string"
    assert {
        "cassettes": 1,
        "leaks": [{"path": str(path), "where": where, "what": "a token"}],
    } == document


@pytest.mark.parametrize("name", ["", "missing"])
def test_the_command_needs_something_to_audit(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty folder and a path that is not there are mistakes, not successes."""
    assert 2 == main(["audit-cassettes", str(tmp_path / name)])
    assert "There is no " in capsys.readouterr().err
