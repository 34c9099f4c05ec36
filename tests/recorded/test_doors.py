"""Who is let in, what headers answers carry, and what an old account still takes."""

from __future__ import annotations

import pytest

from tests.recorded.scene import Scene, facts
from tests.rows import each_row
from tokencharge.sandbox import Request, Rules

ENDED = [fact for fact in facts("charges") if fact.says[1].startswith("Card Token usage")]


# Compared with Stripe in 2020-21 by stripe-stateful-mock 0.0.16; of the words
# only the status is known to be so today.
@each_row(
    "request_", ["POST customers email=ada@example.com", "GET customers", "POST payment_intents"]
)
def test_another_account_is_refused(request_: str) -> None:
    """Who asks for a connected account that is not theirs gets 403, and nothing is made."""
    scene = Scene()
    answer = scene.ask(f"{request_} Stripe-Account:acct_invalid")

    assert 403 == answer.status
    assert "invalid_request_error" == answer.error["type"]
    assert [] == scene.ask("GET customers").body["data"]


# Recorded in 2025-26: on 18 of 18 answers 401 and 403 there was neither header.
@pytest.mark.parametrize(
    ("header", "status"), [("Authorization:Bearer", 401), ("Stripe-Account:acct_invalid", 403)]
)
def test_who_is_not_let_in_gets_no_request_id(header: str, status: int) -> None:
    """Answers 401 and 403 name neither a request nor a version."""
    answer = Scene().ask(f"GET customers {header}")

    assert status == answer.status
    assert set() == {"request-id", "stripe-version"} & answer.headers.keys()


# Recorded in 2025-26: 9,253 of 9,253 POSTs answered 200, 110 of 110
# answers 402, 34 of 34 refusals of a state.
@each_row(
    ("request_", "status"),
    [
        ("POST customers email=ada@example.com", 200),
        ("POST payment_intents/{intent}/confirm payment_method={declining}", 402),
        ("POST payment_intents/{canceled}/cancel", 400),
    ],
)
def test_what_was_executed_need_not_be_asked_again(request_: str, status: int) -> None:
    """An executed request that had a key is answered
    `Stripe-Should-Retry: false`, and names itself."""
    answer = Scene().ask(f"{request_} Idempotency-Key:k-2")

    assert status == answer.status
    assert "false" == answer.headers["stripe-should-retry"]
    assert answer.headers["request-id"] == answer.headers["original-request"]
    assert "k-2" == answer.headers["idempotency-key"]


# Recorded in 2025-26: 100 of 100 answers 400 and 2 of 2 answers 404 about parameters, most of them
# PaymentMethods that there are not. No Customer was among those: that one is inferred.
@each_row(
    "request_",
    [
        "POST payment_intents amount=x currency=usd",
        "POST payment_intents amount=500 currency=usd customer=cus_nope",
        (
            "POST payment_intents amount=500 currency=usd payment_method=pm_nope confirm=true"
            " CARDS_ONLY"
        ),
        "POST payment_methods/pm_nope/attach customer={customer}",
    ],
)
def test_a_bad_parameter_says_nothing_of_asking_again(request_: str) -> None:
    """A refusal of a parameter has `Original-Request` and the key, but no `Stripe-Should-Retry`."""
    answer = Scene().ask(f"{request_} Idempotency-Key:k-2")

    assert answer.status in {400, 404}
    assert "stripe-should-retry" not in answer.headers
    assert {"original-request", "idempotency-key"} <= answer.headers.keys()


# Inferred from the same recordings: what was not executed was not saved.
def test_an_unknown_id_is_not_remembered_under_a_key() -> None:
    """Who makes the missing object and asks again with the key gets it."""
    scene = Scene()
    first = scene.ask("POST payment_methods/{method}/attach customer=cus_nope Idempotency-Key:k-2")
    again = scene.ask(
        "POST payment_methods/{method}/attach customer={customer} Idempotency-Key:k-2"
    )

    assert (400, 200) == (first.status, again.status)


# Recorded 2026-09-20 at 2026-08-26.dahlia, a new account in Canada (Kiln-AI/stripe_world).
def test_the_same_request_with_its_key_is_answered_as_before() -> None:
    """A key replays the first answer, body and all, and moves no money again."""
    scene = Scene()
    request = (
        "POST payment_intents amount=4900 currency=usd customer={customer} payment_method={card}"
        " confirm=true CARDS_ONLY Idempotency-Key:k-2"
    )
    first, again = scene.ask(request), scene.ask(request)

    assert (200, first.body) == (again.status, again.body)
    assert "true" == again.headers["idempotent-replayed"]
    assert (
        first.headers["request-id"]
        == again.headers["original-request"]
        != again.headers["request-id"]
    )
    assert 1 == len(scene.ask("GET charges").body["data"])


# Recorded 2026-09-20, as above.
@each_row(("limit", "shown"), [(0, 1), (-3, 1), (101, 100), (5000, 100)])
def test_a_limit_out_of_bounds_is_the_nearest_one(limit: int, shown: int) -> None:
    """A page has at least one and at most a hundred entries, whatever was asked for."""
    scene = Scene()
    for _ in range(101):
        scene.ask("POST customers")
    page = scene.ask(f"GET customers limit={limit}").body

    assert (shown, True) == (len(page["data"]), page["has_more"])


@each_row("fact", ENDED)
def test_what_a_new_account_refuses_an_old_one_takes(fact) -> None:
    """Each request that a new account refuses for its card token is answered 200 by an old one."""
    assert 200 == Scene(Rules(card_tokens=True)).play(fact).status


# Told in notes of 2026-09-29, of another policy: its 400 came
# back after the policy had been changed.
def test_what_a_policy_refused_stays_refused_under_its_key() -> None:
    """Who allows card tokens after a refusal needs another key."""
    scene = Scene()
    request = "POST charges amount=500 currency=usd source=tok_visa Idempotency-Key:"
    refused = scene.ask(f"{request}k-2")
    scene.sandbox.rules.card_tokens = True
    again, another = scene.ask(f"{request}k-2"), scene.ask(f"{request}k-3")

    assert (400, refused.body) == (again.status, again.body)
    assert 200 == another.status


# Recorded in 2025-26: 23 of 23 DELETEs with a key.
def test_a_key_is_echoed_where_it_means_nothing() -> None:
    """A DELETE names the key it was sent with."""
    answer = Scene().ask("DELETE customers/{customer} Idempotency-Key:k-2")

    assert (200, "k-2") == (answer.status, answer.headers["idempotency-key"])


# Recorded in 2025-26: 13 of 13 answers 429 lock_timeout.
def test_who_met_a_lock_is_told_to_ask_again() -> None:
    """A request that another one locked out is answered `Stripe-Should-Retry: true`."""
    scene = Scene(Rules(card_tokens=False, lock_intents=True))
    intent = scene.ask("POST payment_intents amount=500 currency=usd").body["id"]
    key = {"Authorization": f"Bearer {scene.sandbox.secret_key}"}
    scene.sandbox.begin(Request("POST", f"/v1/payment_intents/{intent}/cancel", "", key))
    answer = scene.ask(f"POST payment_intents/{intent}/cancel")

    assert (429, "lock_timeout") == (answer.status, answer.error["code"])
    assert "true" == answer.headers["stripe-should-retry"]
