"""Charges: create, decline, capture, update."""

from __future__ import annotations

from ..language.kinds import Kind
from ..language.refusals import Refusal, card_refused, impossible, invalid
from ..language.wire import JSON
from ..shapes import bodies
from ..shapes.cards import HeldCard, declined
from ..shapes.currencies import MINIMUM, written
from ..state import balance
from ..state.account import Account, Visit
from ..state.shelf import Kept
from . import exports, forms, sources, statements, tokens

AUTHORIZATION = 7 * 24 * 3600
"""How many seconds an authorization lasts."""

TOO_MUCH = (
    "The payment could not be captured because the requested capture amount is greater than the"
    " amount you can capture for this charge. Contact us via https://support.stripe.com/contact/"
    " for help."
)

_FIELDS: dict[str, forms.Reader] = {
    "description": forms.description,
    "metadata": forms.metadata,
    "receipt_email": forms.email,
    "shipping": forms.shipping,
    "transfer_group": forms.words(empty=True),
}
_STATEMENT: dict[str, forms.Reader] = {
    "statement_descriptor": forms.words(22),
    "statement_descriptor_suffix": statements.suffix,
}

CREATE = forms.Form(
    "amount",
    "currency",
    amount=forms.amount,
    capture=forms.boolean,
    card=tokens.source,
    currency=forms.currency,
    customer=forms.words(500),
    # Accepted and ignored, as recorded.
    payment_method=forms.words(),
    radar_options=forms.Form(session=forms.words()),
    source=tokens.source,
    **_FIELDS,
    **_STATEMENT,
)
UPDATE = forms.Form(
    customer=forms.words(500),
    fraud_details=forms.Form(user_report=forms.one_of("fraudulent", "safe")),
    **_FIELDS,
)
CAPTURE = forms.Form(amount=forms.amount, receipt_email=forms.email, **_STATEMENT)


def create(visit: Visit, params: JSON) -> JSON:
    """Charge a token, or a card that a Customer holds."""
    check_minimum(params["amount"], params["currency"])
    exports.check(visit.account, params)
    metadata = forms.changed({}, params.pop("metadata", {}))
    card, found = _card_to_charge(visit.account, tokens.sourced(params), params.get("customer"))
    decline = visit.decline or card.magic.at_charge
    if found is not None and (decline is None or visit.account.rules.decline_consumes_token):
        found.spend(visit.account)
    if decline is not None and not decline.leaves_charge:
        raise declined(decline, None)
    body = bodies.charge(params, metadata, card.checked().json, card.magic, decline)
    charge = visit.account.add(Kind.CHARGE, visit.account.new_id("ch_1", 23), body)
    if decline is not None:
        visit.emit("charge.failed", charge.json)
        raise declined(decline, charge.id)
    authorized(visit, charge, card, manual=not params.get("capture", True))
    if params.get("capture", True):
        captured(visit, charge, params["amount"], book_at_once=True)
    else:
        visit.later(AUTHORIZATION, _lapse, charge)
    visit.emit("charge.succeeded", charge.json)
    dispute_taken(visit, charge)
    return charge.json


def authorized(visit: Visit, charge: Kept, card: HeldCard, *, manual: bool) -> None:
    """Record that the bank approved a Charge, and the later effect of its card."""
    account = visit.account
    charge.effect = card.magic.effect
    news = {"receipt_url": f"https://pay.stripe.com/receipts/payment/{charge.id}"}
    if manual:
        until = int(account.now()) + AUTHORIZATION
        account.change(
            charge,
            **news,
            payment_method_details=bodies.with_card(charge.json, capture_before=until),
        )
    else:
        account.change(charge, **news)


def captured(visit: Visit, charge: Kept, amount: int, *, book_at_once: bool) -> None:
    """Record the capture of a Charge; book it at once, or a little later."""
    account = visit.account
    account.change(charge, amount_captured=amount, captured=True)
    if book_at_once:
        account.change(charge, balance_transaction=balance.book_charge(account, charge, amount))
    else:
        visit.later(account.rules.booking_time, _book, charge, amount)


def dispute_taken(visit: Visit, charge: Kept) -> None:
    """Let a bank dispute a captured Charge, if its test card is for that."""
    if charge.json["captured"]:
        balance.open_dispute(visit, charge)


def take(visit: Visit, charge: Kept, amount: int) -> None:
    """Capture a held Charge, or part of it.

    The rest is released, but no object shows that.
    """
    captured(visit, charge, amount, book_at_once=True)
    visit.emit("charge.captured", charge.json)
    dispute_taken(visit, charge)


def update(visit: Visit, params: JSON, name: str) -> JSON:
    """Update a Charge; give it a Customer if it has none."""
    account = visit.account
    charge = account.find(Kind.CHARGE, name)
    before = charge.json
    intent = before["payment_intent"]
    if intent is not None and "transfer_group" in params:
        raise impossible(
            f"This Charge was created by a PaymentIntent ({intent}). You must update the"
            " `transfer_group` on the PaymentIntent instead of updating the Charge directly. See"
            " https://stripe.com/docs/api#update_payment_intent"
        )
    if "metadata" in params:
        params["metadata"] = forms.changed(before["metadata"], params["metadata"])
    if "customer" in params:
        sources.alive(account, params["customer"], "customer")
        if before["customer"] is not None:
            message = "You cannot change the customer of a charge that has one."
            raise impossible(message, "customer")
    after = account.change(charge, **params)
    visit.emit("charge.updated", after, before)
    return after


def capture(visit: Visit, params: JSON, name: str) -> JSON:
    """Capture a held Charge, or part of it; the rest is released."""
    charge = visit.account.find(Kind.CHARGE, name)
    json = charge.json
    amount = params.pop("amount", json["amount"])
    if json["captured"]:
        message = f"Charge {name} has already been captured."
        raise impossible(message, code="charge_already_captured")
    if json["payment_intent"] is not None:
        message = (
            f"This uncaptured Charge was created by a PaymentIntent ({json['payment_intent']})."
            " You must capture the PaymentIntent instead. For more information, see"
            " https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
        )
        raise impossible(message)
    if not json["paid"]:
        raise impossible(f"Charge {name} cannot be captured because it failed.")
    if charge.lapsed:
        message = f"Charge {name} has expired and can no longer be captured."
        raise impossible(message, code="charge_expired_for_capture")
    if json["refunded"]:
        message = f"Charge {name} has already been refunded."
        raise impossible(message, code="charge_already_refunded")
    if amount > json["amount"]:
        raise impossible(TOO_MUCH, code="amount_too_large")
    check_minimum(amount, json["currency"])
    visit.account.change(charge, **params)
    take(visit, charge, amount)
    return charge.json


def check_minimum(amount: int, currency: str) -> None:
    """Refuse an amount below Stripe's minimum."""
    minimum = MINIMUM.get(currency, 1)
    if amount < minimum:
        message = f"Amount must be at least {written(minimum, currency)} {currency}"
        raise impossible(message, "amount", "amount_too_small")


def _card_to_charge(
    account: Account, named: tuple[str, str] | None, customer: str | None
) -> tuple[HeldCard, tokens.Found | None]:
    """Return the card to charge, and the token that it came from."""
    if named is not None and named[1].startswith("tok_"):
        tokens.check_policy(account)
    if customer is None:
        if named is None:
            raise invalid("Must provide source or customer.", code="parameter_missing")
        name, value = named
        tokens.check_policy(account)
        found = tokens.find(account, value, name)
        return found.card, found
    holder = sources.alive(account, customer, "customer")
    value = holder.json["default_source"] if named is None else named[1]
    if value is None:
        raise card_refused(_no_card(account, customer), "missing", "card")
    card = account.get(Kind.CARD, value)
    if card is None or card.card is None or card.json["customer"] != customer:
        raise sources.refuse_stranger(customer, value)
    return card.card, None


def _no_card(account: Account, customer: str) -> str:
    if account.shelf(Kind.PAYMENT_METHOD).candidates({"customer": customer}):
        return (
            "This Customer doesn't have any legacy saved payment details, but does have a Payment"
            " Method attached. Use a Payment Intent instead of creating a Charge:"
            " https://stripe.com/docs/payments/payment-intents/migration"
        )
    return (
        "This Customer doesn't have any saved payment details. Attach a legacy Token, Card, Bank"
        " Account, or Source to this Customer and then try this request again, or use Payment"
        " Intents and Payment Methods instead."
    )


def _lapse(alone: Visit, charge: Kept) -> None:
    """End an authorization that was neither captured nor released.

    Its Charge is shown as before.
    """
    if not charge.json["captured"] and not charge.json["refunded"]:
        charge.lapsed = True
        alone.emit("charge.expired", charge.json)


def _book(alone: Visit, charge: Kept, amount: int) -> None:
    before = charge.json
    transaction = balance.book_charge(alone.account, charge, amount)
    alone.emit(
        "charge.updated", alone.account.change(charge, balance_transaction=transaction), before
    )


def failed(charge: Kept) -> Refusal:
    """Build the refusal to refund a failed Charge."""
    return impossible(f"Charge {charge.id} cannot be refunded because it failed.", "charge")
