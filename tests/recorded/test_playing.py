"""Playing a recording finds what the sandbox does otherwise, and nothing else."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.recorded.recorder import SHOP, recording, the
from tests.sandbox.curl import NOW
from tokencharge.sandbox import Request, Response, Sandbox


def test_what_the_sandbox_said_it_says_again(play) -> None:
    """A recording of the sandbox has no difference to it, though every id is another."""
    lines = recording(SHOP)

    assert (0, f"{len(lines)} exchanges played, 0 differences, 0 allowances too many.\n") == play(
        lines
    )


def test_time_passes_as_it_was_recorded(play) -> None:
    """What had happened by the time of a read has happened by then here."""
    lines = recording([*SHOP, "POST customers"], step=30.0)
    charge = the(lines, "GET", "/v1/charges")["body"]["data"][-1]

    assert charge["balance_transaction"] is not None
    assert 0 == play(lines)[0]


@pytest.mark.parametrize(
    ("path", "change", "report"),
    [
        (
            "/v1/customers",
            {"email": "eve@example.com"},
            "customer.email: value: recorded 'eve@example.com'",
        ),
        ("/v1/customers", {"phone": "1"}, "customer.phone: type: recorded '1', sandbox None"),
        (
            "/v1/customers",
            {"shoe_size": 42},
            "customer.shoe_size: missing: recorded 42, sandbox None",
        ),
        ("/v1/customers", {"livemode": 0}, "customer.livemode: type: recorded 0, sandbox False"),
        ("/v1/payment_methods", {"created": NOW - 60}, "payment_method.created: time"),
        (
            "/v1/customers",
            {"preferred_locales": ["fr"]},
            "customer.preferred_locales: value: recorded ['fr']",
        ),
        ("/v1/payment_methods/", {"customer": "cus_SomebodyElse1"}, "payment_method.customer: id"),
        (
            "/v1/payment_intents",
            {"latest_charge": "py_3UHm0dHIBYZYyePr1MQJZdrJ"},
            "payment_intent.latest_charge: form",
        ),
        (
            "/v1/payment_intents",
            {"amount_received": 4999},
            "payment_intent.amount_received: value: recorded 4999",
        ),
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
    ("key", "value"),
    [("code", "card_expired"), ("message", "No."), ("param", "cvc"), ("type", "api_error")],
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
    ("place", "value"),
    [("client_secret", "secret"), ("receipt_url", "https://example.com/"), ("risk_score", 101)],
)
def test_what_is_random_has_a_form(
    play, monkeypatch: pytest.MonkeyPatch, place: str, value: Any
) -> None:
    """A random value that does not look like Stripe's is a
    difference, and any that does is none."""
    lines = recording(["GET payment_intents/{paid} expand[]=latest_charge"])
    spoilt = Sandbox.handle

    def handle(self: Sandbox, request: Request) -> Response:
        answer = spoilt(self, request)
        return Response(
            answer.status,
            answer.headers,
            json.dumps(_with(json.loads(answer.body), place, value)).encode(),
        )

    assert 0 == play(lines)[0]
    monkeypatch.setattr(Sandbox, "handle", handle)
    code, told = play(lines)
    assert 1 == code
    assert f".{place}: form: " in told


def _with(body: Any, name: str, value: Any) -> Any:
    if isinstance(body, dict):
        return {
            key: value if key == name else _with(each, name, value) for key, each in body.items()
        }
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

    assert (
        f"names {customer['body']['id']}, which the sandbox did not make at shop:{customer['seq']}"
        in told
    )


def test_each_session_begins_with_nothing(play) -> None:
    """Two recordings in one file know nothing of each other."""
    lines = recording(["POST customers", "GET customers"])
    again = [{**line, "from": "another"} for line in lines]

    assert 0 == play(lines + again)[0]


def test_booleans_and_lists_are_sent_as_forms_have_them(play) -> None:
    """`true`, an empty value for null, nested hashes and lists reach the
    sandbox as Stripe's clients send them."""
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
