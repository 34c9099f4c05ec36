"""A declined card is declined in Stripe's words, where Stripe declines it, and leaves what Stripe
leaves.

Sources: the table and its comments in `facts/declines.txt`; what is said here beside it was
recorded 2026-09-20 at 2026-08-26.dahlia on a new account (Kiln-AI/stripe_world), unless a comment
says otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.recorded.scene import FACTS, Scene
from tests.rows import each_row
from tests.sandbox.curl import Answer

DOCS = "https://stripe.com/docs/error-codes/"
MAY_TRY_AGAIN = {"status": "requires_payment_method", "payment_method": None, "amount_received": 0}
# At attach: recorded for the first, 2026; for the others 2023-10-16 (gumroad).
PARAM_AT_ATTACH = {
    "tok_visa_chargeDeclined": "",
    "tok_chargeDeclinedExpiredCard": "exp_month",
    "tok_visa_chargeDeclinedIncorrectCvc": "cvc",
}


class Decline(NamedTuple):
    """A row of the table; a field is "-" where the error has no such key."""

    token: str
    code: str
    decline_code: str
    param: str
    advice_code: str
    network_advice_code: str
    network_decline_code: str
    message: str

    @property
    def method(self) -> str:
        """The magic PaymentMethod of the same card."""
        return self.token.replace("tok_", "pm_card_")

    def words(self) -> dict[str, str]:
        """What an error says of it, with the type that all of them have."""
        said = {
            name: text for name, text in self._asdict().items() if name != "token" and text != "-"
        }
        return {**said, "type": "card_error", "doc_url": DOCS + self.code.replace("_", "-")}


TABLE = [
    Decline(*line.split(maxsplit=7))
    for line in (FACTS / "declines.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
BY_CARD = each_row("card", {card.token: card for card in TABLE})


def confirmed(scene: Scene, method: str, *, customer: bool) -> Answer:
    whose = " customer={customer}" if customer else ""
    made = (
        f"POST payment_intents amount=1000 currency=usd payment_method={method} confirm=true"
        " CARDS_ONLY"
    )
    return scene.ask(made + whose)


def made_of(scene: Scene, token: str) -> str:
    return str(scene.ask(f"POST payment_methods type=card card[token]={token}").body["id"])


def without(error: dict, *names: str) -> dict:
    return {name: value for name, value in error.items() if name not in names}


@BY_CARD
@each_row("customer", {"customer": True, "nobody": False})
@each_row("magic", {"magic method": True, "token": False})
def test_a_confirmation_is_declined_in_stripes_words(
    card: Decline, customer: bool, magic: bool
) -> None:
    """The 402 has the recorded codes and message, names the Charge, and
    shows intent and PaymentMethod whole."""
    scene = Scene()
    answer = confirmed(
        scene, card.method if magic else made_of(scene, card.token), customer=customer
    )
    error = answer.error
    intent, method = error["payment_intent"], error["payment_method"]
    objects = ("charge", "payment_intent", "payment_method")

    assert 402 == answer.status
    assert without(card.words(), "doc_url") == without(error, *objects)
    assert answer.body["error"]["doc_url"] == DOCS + card.code.replace("_", "-")
    assert "request_log_url" in answer.body["error"]
    assert set(objects) <= error.keys()
    assert "pass" == method["card"]["checks"]["cvc_check"]
    assert intent == scene.ask(f"GET payment_intents/{intent['id']}").body
    assert method == scene.ask(f"GET payment_methods/{method['id']}").body


@BY_CARD
def test_a_declined_intent_waits_for_another_card(card: Decline) -> None:
    """The PaymentIntent has no PaymentMethod any more, and its last
    error is the one that was answered."""
    scene = Scene()
    error = confirmed(scene, made_of(scene, card.token), customer=True).body["error"]
    intent = error["payment_intent"]
    last = {**without(error, "payment_intent", "request_log_url"), "payment_method_type": "card"}

    assert MAY_TRY_AGAIN == {name: intent[name] for name in MAY_TRY_AGAIN}
    assert error["charge"] == intent["latest_charge"]
    assert last == intent["last_payment_error"]


@BY_CARD
def test_a_declined_confirmation_leaves_a_failed_charge(card: Decline) -> None:
    """The Charge says why it failed, in the words of the error."""
    scene = Scene()
    error = confirmed(scene, made_of(scene, card.token), customer=True).body["error"]
    charge = scene.ask(f"GET charges/{error['charge']}").body
    outcome = charge["outcome"]

    assert ("failed", False, False, 0, None) == tuple(
        charge[name] for name in ("status", "paid", "captured", "amount_captured", "receipt_url")
    )
    assert (card.code, card.message) == (charge["failure_code"], charge["failure_message"])
    assert charge["payment_method_details"]["card"]["amount_authorized"] is None
    assert {
        "advice_code": card.advice_code,
        "network_advice_code": None
        if card.network_advice_code == "-"
        else card.network_advice_code,
        "network_decline_code": card.network_decline_code,
        "network_status": "declined_by_network",
        "reason": card.decline_code,
        "risk_level": "normal",
        "type": "issuer_declined",
    } == without(outcome, "risk_score", "seller_message")
    # What the seller is told of the others was not recorded.
    if card.decline_code == "generic_decline":
        assert (
            "The bank did not return any further details with this decline."
            == outcome["seller_message"]
        )


@BY_CARD
@each_row("door", ["attach", "customers"])
def test_a_card_is_declined_when_it_is_attached(card: Decline, door: str) -> None:
    """Attaching, and making a Customer with the card, are refused
    without a Charge; no Customer is left."""
    scene = Scene()
    method = made_of(scene, card.token)
    request = {
        "attach": f"POST payment_methods/{method}/attach customer={{customer}}",
        "customers": f"POST customers payment_method={method}",
    }[door]
    answer = scene.ask(request)
    customers = scene.ask("GET customers").body["data"]

    assert 402 == answer.status
    assert (card.code, card.decline_code) == (answer.error["code"], answer.error["decline_code"])
    assert set() == {"charge", "payment_intent", "payment_method"} & answer.error.keys()
    assert (1 if door == "attach" else 0) == len(customers)
    assert scene.ask(f"GET payment_methods/{method}").body["customer"] is None
    if card.token in PARAM_AT_ATTACH:
        assert PARAM_AT_ATTACH[card.token] == answer.error["param"]


def test_a_refused_attachment_has_these_keys() -> None:
    """The generic decline at attach says the same as at a confirmation, and an empty `param`."""
    error = Scene().ask("POST payment_methods/{declining}/attach customer={customer}").error

    assert {
        "advice_code": "try_again_later",
        "code": "card_declined",
        "decline_code": "generic_decline",
        "message": "Your card was declined.",
        "network_decline_code": "01",
        "param": "",
        "type": "card_error",
    } == error


# Told by who probed the new account.
@pytest.mark.parametrize("token", ["tok_chargeCustomerFail", "tok_visa_chargeCustomerFail"])
def test_a_card_may_attach_and_be_declined_when_it_is_to_pay(token: str) -> None:
    """4000 0000 0000 0341 is attached, and declined at a confirmation."""
    scene = Scene()
    method = made_of(scene, token)
    attached = scene.ask(f"POST payment_methods/{method}/attach customer={{customer}}")
    answer = confirmed(scene, method, customer=True)

    assert (200, 402) == (attached.status, answer.status)
    assert ("card_declined", "generic_decline") == (
        answer.error["code"],
        answer.error["decline_code"],
    )
    assert method == scene.ask("GET payment_methods customer={customer}").body["data"][0]["id"]


def test_who_is_not_there_cannot_authenticate() -> None:
    """Off session, a card that must be authenticated is declined without a
    Charge, and its CVC stays unchecked."""
    scene = Scene()
    answer = scene.ask(
        "POST payment_intents amount=3300 currency=usd customer={customer} payment_method={asking}"
        " confirm=true off_session=true CARDS_ONLY"
    )
    error = answer.error
    intent, method = error["payment_intent"], error["payment_method"]
    words = {
        "code": "authentication_required",
        "decline_code": "authentication_required",
        "message": "Your card was declined. This transaction requires authentication.",
        "type": "card_error",
    }

    assert (402, words) == (answer.status, without(error, "payment_intent", "payment_method"))
    assert {**MAY_TRY_AGAIN, "latest_charge": None} == {
        name: intent[name] for name in (*MAY_TRY_AGAIN, "latest_charge")
    }
    assert {
        **words,
        "doc_url": f"{DOCS}authentication-required",
        "payment_method": method,
        "payment_method_type": "card",
    } == intent["last_payment_error"]
    assert "unchecked" == method["card"]["checks"]["cvc_check"]
    assert [] == scene.ask("GET charges").body["data"]
