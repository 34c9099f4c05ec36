"""What every request does to a PaymentIntent in every status, one at a
time, in any order, and two at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.rows import each_row
from tests.sandbox.curl import NOW, Client, decoded
from tokencharge.sandbox import Pending, Rules, Sandbox

ASKING = "pm_card_authenticationRequired"
WAYS = {
    "requires_payment_method": lambda client: client.intent(),
    "requires_confirmation": lambda client: client.intent(payment_method="pm_card_visa"),
    "requires_action": lambda client: client.pay(ASKING),
    "requires_capture": lambda client: client.pay(capture_method="manual"),
    "processing": lambda client: client.pay("pm_card_sandboxPaysLater"),
    "succeeded": lambda client: client.pay(),
    "canceled": lambda client: client.post(
        f"/v1/payment_intents/{client.intent().body['id']}/cancel"
    ),
}
VERBS: dict[str, tuple[str, dict[str, Any]]] = {
    "confirm": ("confirm", {}),
    "confirm with a card": ("confirm", {"payment_method": "pm_card_visa"}),
    "confirm with a bad card": ("confirm", {"payment_method": "pm_card_chargeDeclined"}),
    "confirm with a card that asks": ("confirm", {"payment_method": ASKING}),
    "capture": ("capture", {}),
    "capture some": ("capture", {"amount_to_capture": 300}),
    "cancel": ("cancel", {}),
    "change the amount": ("", {"amount": 700}),
    "change the card": ("", {"payment_method": "pm_card_visa"}),
    "describe": ("", {"description": "Shoes"}),
}
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
UNEXPECTED = (400, "payment_intent_unexpected_state")
ALLOWED = {
    **{(status, "confirm with a card"): (200, "succeeded") for status in OPEN},
    **{(status, "confirm with a bad card"): (402, "requires_payment_method") for status in OPEN},
    **{(status, "confirm with a card that asks"): (200, "requires_action") for status in OPEN},
    **{(status, "change the card"): (200, "requires_confirmation") for status in OPEN},
    **{(status, "cancel"): (200, "canceled") for status in (*OPEN, "requires_capture")},
    **{(status, "describe"): (200, status) for status in WAYS},
    ("requires_confirmation", "confirm"): (200, "succeeded"),
    ("requires_action", "confirm"): (200, "requires_action"),
    ("requires_payment_method", "change the amount"): (200, "requires_payment_method"),
    ("requires_confirmation", "change the amount"): (200, "requires_confirmation"),
    ("requires_action", "change the amount"): (200, "requires_confirmation"),
    ("requires_capture", "capture"): (200, "succeeded"),
    ("requires_capture", "capture some"): (200, "succeeded"),
}


def send(client, intent, verb):
    action, form = VERBS[verb]
    return client.post("/".join(filter(None, (f"/v1/payment_intents/{intent}", action))), form)


@each_row("verb", [*VERBS])
@each_row("status", [*WAYS])
def test_each_status_allows_what_it_allows(card_tokens, status, verb):
    """What is not allowed is 400 with the intent in the error, and changes nothing."""
    sandbox = Sandbox(clock=lambda: float(NOW), seed=1, rules=Rules(card_tokens=card_tokens))
    client = Client(sandbox)
    intent = WAYS[status](client).body
    answer = send(client, intent["id"], verb)
    (now,) = sandbox.payment_intents

    assert status == intent["status"]
    if (status, verb) not in ALLOWED:
        assert UNEXPECTED == (answer.status, answer.error["code"])
        assert intent == now == answer.error["payment_intent"]
    else:
        assert ALLOWED[status, verb] == (answer.status, now["status"])


@each_row(
    ("status", "verb", "message"),
    [
        (
            "succeeded",
            "confirm",
            "You cannot confirm this PaymentIntent because it has already succeeded after being",
        ),
        (
            "canceled",
            "confirm",
            "You cannot confirm this PaymentIntent because it has a status of canceled. Only a",
        ),
        (
            "processing",
            "confirm",
            "You cannot confirm this PaymentIntent because it has a status of processing. Only a",
        ),
        (
            "canceled",
            "confirm with a card",
            "This PaymentIntent's payment_method could not be updated because it has a",
        ),
        (
            "canceled",
            "cancel",
            "You cannot cancel this PaymentIntent because it has a status of canceled. Only a",
        ),
        (
            "canceled",
            "capture",
            "This PaymentIntent could not be captured because it has a status of canceled. Only a",
        ),
        (
            "succeeded",
            "capture",
            "This PaymentIntent could not be captured because it has already been captured.",
        ),
    ],
)
def test_refusals_are_worded_as_stripe_words_them(client, status, verb, message):
    """People search for these."""
    answer = send(client, WAYS[status](client).body["id"], verb)

    assert answer.error["message"].startswith(message)


def test_what_was_held_is_captured_once(client):
    """A second capture is told that the rest was let go."""
    held = client.pay(capture_method="manual").body["id"]
    send(client, held, "capture")

    assert (
        "the remainder of the authorized amount has been released"
        in send(client, held, "capture").error["message"]
    )


class Life(RuleBasedStateMachine):
    """An intent that meets everything in any order."""

    @initialize(manual=st.booleans())
    def begin(self, manual: bool) -> None:
        self.sandbox = Sandbox(clock=lambda: float(NOW), seed=1)
        self.client = Client(self.sandbox)
        form = {
            "customer": self.client.customer(),
            **({"capture_method": "manual"} if manual else {}),
        }
        self.intent = self.client.intent(**form).body

    @rule(verb=st.sampled_from(sorted(VERBS)))
    def ask(self, verb: str) -> None:
        before = self.now()
        answer = send(self.client, self.intent["id"], verb)
        expected = ALLOWED.get((before["status"], verb))
        if expected is None:
            assert UNEXPECTED == (answer.status, answer.error["code"])
            assert before == self.now()
            return
        status = expected[1]
        if verb == "confirm" and self.card(before) == "3184":
            status = "requires_action"
        elif (
            status == "succeeded"
            and before["capture_method"] == "manual"
            and verb.startswith("confirm")
        ):
            status = "requires_capture"
        assert (expected[0], status) == (answer.status, self.now()["status"])

    @rule(approve=st.booleans())
    def authenticate(self, approve: bool) -> None:
        if self.now()["status"] == "requires_action":
            after = self.sandbox.authenticate(self.intent["id"], approve=approve)
            assert (after["status"] == "requires_payment_method") is not approve

    @rule(seconds=st.sampled_from([1, 3600, 8 * 24 * 3600]))
    def wait(self, seconds: int) -> None:
        self.sandbox.advance(seconds)

    @rule()
    def refund(self) -> None:
        paid = self.now()["status"] == "succeeded" and not self.sandbox.charges[-1].refunded
        answer = self.client.post("/v1/refunds", {"payment_intent": self.intent["id"]})
        assert (200 if paid else 400) == answer.status

    def card(self, intent: dict[str, Any]) -> str:
        return str(
            self.client.get(f"/v1/payment_methods/{intent['payment_method']}").body["card"]["last4"]
        )

    def now(self) -> dict[str, Any]:
        return dict(self.client.get(f"/v1/payment_intents/{self.intent['id']}").body)

    @invariant()
    def it_pays_once(self) -> None:
        """One charge at most is good, it is the latest, and intent and charge tell one story."""
        intent = self.now()
        good = [charge for charge in self.sandbox.charges if charge.paid]
        held = [charge for charge in good if not charge.captured]
        assert len(good) <= 1
        # A Charge does not tell whether what it held was let go: only its intent does.
        assert bool(held) == (
            intent["status"] == "requires_capture"
            or (intent["status"] == "canceled" and bool(good))
        )
        assert intent["amount_received"] == sum(charge.amount_captured.minor for charge in good)
        capturable = (
            sum(charge.amount.minor for charge in held)
            if intent["status"] == "requires_capture"
            else 0
        )
        assert intent["amount_capturable"] == capturable
        assert all(charge.payment_intent_id == intent["id"] for charge in self.sandbox.charges)
        if self.sandbox.charges:
            assert intent["latest_charge"] == self.sandbox.charges[-1].id
        assert (intent["next_action"] is not None) == (intent["status"] == "requires_action")
        assert (intent["canceled_at"] is not None) == (intent["status"] == "canceled")


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)


@pytest.mark.parametrize(("locks", "status"), [(True, 429), (False, 200)])
def test_two_requests_for_one_intent_may_get_in_each_others_way(locks, status):
    """Stripe turns the second away, or lets it wait: both can be
    had. Other intents are not concerned."""
    sandbox = Sandbox(rules=Rules(lock_intents=locks))
    client = Client(sandbox)
    intent, other = client.intent().body["id"], client.intent().body["id"]
    path = f"/v1/payment_intents/{intent}/confirm"
    pending = sandbox.begin(
        client.request("POST", path, body="payment_method=pm_card_visa", key="one")
    )
    assert isinstance(pending, Pending)
    keyed = client.post(f"/v1/payment_intents/{intent}", {"description": "Shoes"}, key="two")
    client.get(f"/v1/payment_intents/{intent}")
    bare = client.post(f"/v1/payment_intents/{intent}", {"description": "Shoes"})
    elsewhere = client.confirm(other, "pm_card_visa")
    paid = decoded(sandbox.finish(pending))
    afterwards = client.post(f"/v1/payment_intents/{intent}", {"description": "Shoes"}, key="two")

    assert (status, status) == (keyed.status, bare.status)
    assert (200, "succeeded", 200) == (elsewhere.status, paid.body["status"], afterwards.status)
    if locks:
        assert "lock_timeout" == keyed.error["code"]
