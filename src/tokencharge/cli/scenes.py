"""The demo's story: seven scenes, and what each of them claims."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import attrs

from .. import (
    CardDeclined,
    ChargeState,
    InvalidRequest,
    Money,
    OutcomeUnknown,
    Payment,
    PaymentGateway,
    TokenChargeError,
)
from ..sandbox import Sandbox
from .stage import Named, Scene, Stage

_EMAIL = "ada@example.com"
_CHARGE = "payment = gateway.charge"


@attrs.frozen
class _Act:
    name: str
    title: str
    play: Callable[[Scene], None] | None = None
    play_in_sandbox: Callable[[Scene, Sandbox], None] | None = None
    skipped: str | None = None


def play(stage: Stage) -> Iterator[Scene]:
    """Play one scene after the other, until one breaks off."""
    for act in _STORY:
        scene = Scene(act.name, act.title, stage)
        try:
            if act.play_in_sandbox is not None and stage.sandbox is not None:
                act.play_in_sandbox(scene, stage.sandbox)
            elif act.play is not None:
                act.play(scene)
            else:
                scene.skipped = act.skipped
        except TokenChargeError as error:
            scene.broke = error
        scene.totals = scene.count()
        yield scene
        if scene.broke is not None:
            return


def _token(scene: Scene) -> Named | str:
    """Return a single-use token where one can be made without a browser, else Stripe's test token."""
    if scene.stage.sandbox is None:
        return "tok_visa"
    return Named("token", scene.call("token = sandbox.create_token", scene.stage.sandbox.create_token))


def _order_id() -> str:
    return f"demo-{uuid.uuid4().hex[:12]}"


def _same(first: Payment, second: Payment) -> bool:
    return (first.customer.id, first.charge.id) == (second.customer.id, second.charge.id)


def _buy(scene: Scene) -> None:
    price = Money(500, "usd")
    payment = scene.call(
        _CHARGE,
        scene.stage.gateway.charge,
        token=_token(scene),
        email=_EMAIL,
        amount=price,
        description="A seat at the demo",
    )
    paid = payment.charge.paid and payment.charge.captured and payment.charge.amount == price
    scene.claim(f"{price} are charged.", paid)
    scene.claim_totals(customers=1, charges=1)


def _submit_twice(scene: Scene) -> None:
    purchase: dict[str, Any] = {"token": _token(scene), "email": _EMAIL, "amount": Money(500, "usd")}
    if scene.stage.sandbox is None:
        # Stripe's test tokens can be used again and again and so name no purchase; an order does.
        purchase["order_id"] = _order_id()
    first = scene.call(_CHARGE, scene.stage.gateway.charge, **purchase)
    second = scene.call("again = gateway.charge", scene.stage.gateway.charge, **purchase)
    scene.claim("Both submissions end in the same payment.", _same(first, second))
    scene.claim("The second one charged nothing, and says so.", second.replayed)
    scene.claim_totals(customers=1, charges=1)


def _decline(scene: Scene) -> None:
    with suppress(CardDeclined):
        scene.call(
            _CHARGE,
            scene.stage.gateway.charge,
            token="tok_visa_chargeDeclinedStolenCard",  # noqa: S106
            email=_EMAIL,
            amount=Money(500, "usd"),
        )
    error = scene.steps[-1].outcome
    scene.claim("The card is declined.", isinstance(error, CardDeclined))
    logged = isinstance(error, CardDeclined) and error.decline_code == "stolen_card"
    told = isinstance(error, CardDeclined) and "stolen" in error.public_message
    scene.claim("The log says that the card is stolen; the buyer, maybe the thief, is not told.", logged and not told)
    # Over PaymentIntents the bank is asked once there is a Customer, and the failed Charge is kept.
    tried = int(scene.stage.settings.route == "payment_intents")
    scene.claim_totals(customers=tried, charges=tried)


def _authorize_capture_refund(scene: Scene) -> None:
    price, back = Money(2000, "usd"), Money(500, "usd")
    gateway = scene.stage.gateway
    payment = scene.call(_CHARGE, gateway.charge, token=_token(scene), email=_EMAIL, amount=price, capture=False)
    charge = scene.call("charge = gateway.capture", gateway.capture, charge=Named("payment.charge", payment.charge))
    refund = scene.call("refund = gateway.refund", gateway.refund, charge=Named("charge", charge), amount=back)
    after = scene.call("charge = gateway.get_charge", gateway.get_charge, id=Named("charge.id", charge.id))
    scene.claim(f"{price} are held first, and not taken.", payment.charge.paid and not payment.charge.captured)
    scene.claim("Then they are taken.", charge.captured and charge.amount_captured == price)
    given_back = refund.amount == back and after.amount_refunded == back and not after.refunded
    scene.claim(f"Then {back} of them are given back.", given_back)
    scene.claim_totals(customers=1, charges=1, refunds=1)


def _let_go(scene: Scene) -> None:
    price = Money(2000, "usd")
    gateway, order = scene.stage.gateway, _order_id()
    purchase: dict[str, Any] = {"email": _EMAIL, "amount": price, "order_id": order, "capture": False}
    payment = scene.call(_CHARGE, gateway.charge, token=_token(scene), **purchase)
    named = Named("payment.charge", payment.charge)
    released = scene.call("charge = gateway.void", gateway.void, charge=named)
    with suppress(InvalidRequest):
        scene.call("charge = gateway.capture", gateway.capture, charge=named)
    captured = scene.steps[-1].outcome
    customer = Named("payment.customer", payment.customer)
    found = scene.call("found = gateway.find", gateway.find, order_id=order, customer=customer)
    scene.claim(f"{price} are held.", payment.charge.state is ChargeState.HELD)
    let_go = released.state is ChargeState.RELEASED and not released.amount_kept.amount
    scene.claim("Then they are let go, and the charge says so.", let_go)
    scene.claim("They cannot be taken any more.", isinstance(captured, InvalidRequest))
    scene.claim("Who asks for the order's payment is told that there is none.", found is None)
    # Over Charges a hold is let go by a refund.
    scene.claim_totals(customers=1, charges=1, refunds=int(scene.stage.settings.route == "charges"))


def _two_cards(scene: Scene) -> None:
    order: dict[str, Any] = {"email": _EMAIL, "amount": Money(4200, "usd"), "order_id": _order_id()}
    gateway = scene.stage.gateway
    first = scene.call(_CHARGE, gateway.charge, token="tok_visa", **order)  # noqa: S106
    second = scene.call("again = gateway.charge", gateway.charge, token="tok_mastercard", **order)  # noqa: S106
    scene.claim("Both cards end in the same payment.", _same(first, second))
    card = second.charge.card
    scene.claim("Only the first card is charged.", card is not None and card.brand == "visa" and second.replayed)
    scene.claim_totals(customers=1, charges=1)


def _lose_an_answer(scene: Scene, sandbox: Sandbox) -> None:
    settings = scene.stage.settings
    gateway = scene.call(
        "gateway = PaymentGateway",
        PaymentGateway,
        secret_key=Named("sandbox.secret_key", settings.secret_key),
        api_base=Named("server.url", settings.api_base),
        max_retries=0,
    )
    with gateway:
        purchase: dict[str, Any] = {"token": _token(scene), "email": _EMAIL, "amount": Money(500, "usd")}
        moves_money = "/v1/charges" if settings.route == "charges" else "/v1/payment_intents"
        scene.call("sandbox.lose_next_answer", sandbox.lose_next_answer, path=moves_money)
        with suppress(OutcomeUnknown):
            scene.call(_CHARGE, gateway.charge, **purchase)
        lost = scene.steps[-1].outcome
        payment = scene.call(_CHARGE, gateway.charge, **purchase)
    scene.claim("No answer came, and nobody claims to know more.", isinstance(lost, OutcomeUnknown))
    scene.claim("Calling again finds the payment that the first call made.", payment.replayed)
    scene.claim_totals(customers=1, charges=1)


_STORY = (
    _Act("token-to-charge", "A token becomes a Customer and a Charge", _buy),
    _Act("same-submission-twice", "The same submission, twice", _submit_twice),
    _Act("declined-card", "A declined card", _decline),
    _Act("authorize-capture-refund", "Authorize, capture, refund", _authorize_capture_refund),
    _Act("hold-let-go", "A hold that is let go", _let_go),
    _Act("one-order-two-cards", "One order, two cards", _two_cards),
    _Act(
        "lost-answer",
        "An answer lost on the way",
        play_in_sandbox=_lose_an_answer,
        skipped="Stripe loses no answer on request; the sandbox does: unset STRIPE_SECRET_KEY to see it.",
    ),
)
