"""The sandbox answers what Stripe answered: the facts, request by request,
each on the account it was asked on."""

from __future__ import annotations

import re

from tests.recorded.scene import Fact, Scene, at, facts, value
from tests.rows import each_row
from tokencharge.sandbox import Rules

FILES = (
    "account",
    "charges",
    "customers",
    "disputes",
    "held_money",
    "keys",
    "lists",
    "old_account",
    "payment_intents",
    "payment_methods",
    "refunds",
    "setup_intents",
)
ALL = [(name, fact) for name in FILES for fact in facts(name)]
DONE = [(name, fact) for name, fact in ALL if fact.says[0] == "200"]
REFUSED = [(name, fact) for name, fact in ALL if fact.says[0] != "200"]


def account(name: str) -> Scene:
    """The account that a file of facts is about."""
    return Scene(Rules(card_tokens=name == "old_account"))


@each_row(("name", "fact"), DONE)
def test_it_does_what_stripe_does(name: str, fact: Fact) -> None:
    """What was recorded of an answer stands in the sandbox's."""
    scene = account(name)
    answer = scene.play(fact)
    expected, found = {}, {}
    for line in fact.says[1:]:
        place, _, text = line.partition(" ")
        expected[place] = value(scene, text) if text != "..." else True
        found[place] = (
            at(answer.body, place) if text != "..." else at(answer.body, place) is not None
        )

    assert (200, None) == (answer.status, answer.body.get("error"))
    assert expected == found


@each_row(("name", "fact"), REFUSED)
def test_it_refuses_what_stripe_refuses(name: str, fact: Fact) -> None:
    """An error has the recorded keys, and every word of the recorded message."""
    scene = account(name)
    answer = scene.play(fact)
    head, message = (*fact.says, "…")[:2]
    status, kind, *words = head.split()
    unknown = {word[:-1] for word in words if word.endswith("?")}
    said = dict(word.split("=", 1) for word in words if "=" in word)
    beside = {word[1:] for word in words if word.startswith("+")}
    code = said.get("code")
    if code:
        said["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
    error = answer.body.get("error", {})
    apart = {*unknown, *beside, "message", "request_log_url"}
    known = {name: text for name, text in error.items() if name not in apart}
    if "code" in unknown:
        known.pop("doc_url", None)

    assert int(status) == answer.status
    assert {"type": kind, **said} == known
    assert beside == beside & error.keys()
    assert re.fullmatch(re.escape(scene.filled(message)).replace("…", ".*"), error["message"])
    assert error["request_log_url"].startswith("https://dashboard.stripe.com/")
