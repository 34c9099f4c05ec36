"""Stripe's test numbers pay, and the card that Stripe shows is the one of the number."""

from __future__ import annotations

from tests.recorded.scene import FACTS, Scene
from tests.rows import each_row

NUMBERS = [
    tuple(line.split())
    for line in (FACTS / "numbers.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
CARD = "card[exp_month]=12 card[exp_year]=2040 card[cvc]=123"


def made(scene: Scene, number: str) -> str:
    """Make a PaymentMethod as a shop does: the browser's token, then the method."""
    token = scene.ask(f"POST tokens PUBLISHABLE card[number]={number} {CARD}").body["id"]
    return str(scene.ask(f"POST payment_methods type=card card[token]={token}").body["id"])


@each_row(("number", "brand"), NUMBERS)
def test_a_number_of_stripes_table_pays(number: str, brand: str) -> None:
    """Each number of the table of brands pays, with its brand and last digits on the Charge."""
    scene = Scene()
    method = made(scene, number)
    paid = scene.ask(
        f"POST payment_intents amount=500 currency=usd payment_method={method} confirm=true"
        " CARDS_ONLY expand[]=latest_charge"
    ).body
    card = paid["latest_charge"]["payment_method_details"]["card"]

    assert ("succeeded", number[-4:]) == (paid["status"], card["last4"])
    assert brand in {card["brand"], "?"}


# 14 confirmations recorded of 0123 (India); 3063: liberapay
# 2025-01-25, and Stripe's page on testing.
@each_row("number", ["4000000000003063", "4000003560000123", "4000000000003220"])
def test_a_number_that_must_be_authenticated_asks(number: str) -> None:
    """On session the bank asks the buyer first, and no Charge is made."""
    scene = Scene()
    method = made(scene, number)
    asked = scene.ask(
        f"POST payment_intents amount=500 currency=usd payment_method={method} confirm=true"
        " CARDS_ONLY"
    ).body

    assert ("requires_action", None) == (asked["status"], asked["latest_charge"])
