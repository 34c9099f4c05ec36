"""One attempt to pay a PaymentIntent, and the authentication that its bank may ask for."""

from __future__ import annotations

import attrs

from ..language.refusals import doc_url
from ..language.wire import JSON
from ..shapes.cards import DECLINES
from ..state.account import Account, HeldCard
from . import outcomes, payment_methods

_REQUIRED = DECLINES["authentication_required"]
_NOT_HANDLED = attrs.evolve(
    _REQUIRED,
    decline_code="authentication_not_handled",
    message=(
        "This payment required an authentication action to complete, but `error_on_requires_action` was set. When"
        " you're ready, you can upgrade your integration to handle actions at"
        " https://stripe.com/docs/payments/payment-intents/upgrade-to-handle-actions."
    ),
)
_FAILURE = "payment_intent_authentication_failure"
_FAILED = {
    "code": _FAILURE,
    "doc_url": doc_url(_FAILURE),
    "message": (
        "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new"
        " PaymentMethod to attempt to fulfill this PaymentIntent again."
    ),
    "type": "invalid_request_error",
}


@attrs.frozen
class Terms:
    """What a confirmation says of itself: whether the customer is there, and how the bank may ask something.

    Attributes:
        off_session: The customer is not there.
        error_on_requires_action: The bank may not ask anything.
        use_stripe_sdk: Stripe.js will ask for the bank.
        return_url: Where the bank's page is to lead back to.
    """

    off_session: bool = False
    error_on_requires_action: bool = False
    use_stripe_sdk: bool = False
    return_url: str | None = None


TERMS = tuple(field.name for field in attrs.fields(Terms))


def pay(account: Account, intent: JSON, method: JSON, terms: Terms) -> JSON:
    """Try to pay a PaymentIntent; return it as it is then.

    Raises:
        Refusal: The card was declined: 402, with all about it.
    """
    account.asked.pop(intent["id"], None)
    held = payment_methods.held(account, method)
    magic = held.magic
    if account.decline is not None:
        raise outcomes.declined(account, intent, method, held, account.decline)
    if _asks(account, method, held, terms):
        # A bank that asks before it is asked for money leaves no Charge behind.
        charged = magic.asks != "first"
        if terms.off_session:
            decline = attrs.evolve(_REQUIRED, leaves_charge=charged)
            raise outcomes.declined(account, intent, method, held, decline)
        if terms.error_on_requires_action:
            decline = attrs.evolve(_NOT_HANDLED, leaves_charge=charged)
            raise outcomes.declined(account, intent, method, held, decline, tried=_REQUIRED)
        return _ask(account, intent, method, held, terms)
    decline_at_once = magic.once_asked if magic.asks or magic.once_asked else magic.at_charge
    if decline_at_once is not None:
        raise outcomes.declined(account, intent, method, held, decline_at_once)
    return outcomes.approved(account, intent, method, held, asked=False)


def authenticate(account: Account, intent: JSON, *, approve: bool) -> JSON:
    """End the authentication of a PaymentIntent that `requires_action`.

    Raises:
        Refusal: The customer was authenticated, and the card declined even so.
    """
    method, held = account.asked.pop(intent["id"])
    if not approve:
        return outcomes.failed(account, intent, method, _FAILED, intent["latest_charge"])
    if held.magic.once_asked is not None:
        raise outcomes.declined(account, intent, method, held, held.magic.once_asked)
    return outcomes.approved(account, intent, method, held, asked=True)


def _asks(account: Account, method: JSON, held: HeldCard, terms: Terms) -> bool:
    asks = held.magic.asks
    if terms.off_session and asks == "unless_set_up":
        return method["id"] not in account.set_up
    return asks is not None and not (terms.off_session and asks == "on_session")


def _ask(account: Account, intent: JSON, method: JSON, held: HeldCard, terms: Terms) -> JSON:
    account.asked[intent["id"]] = method, held
    where = f"http://{account.host or 'sandbox.invalid'}/3d_secure/{intent['id']}"
    page = f"{where}?client_secret={intent['client_secret']}"
    action: JSON = {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "three_d_secure_redirect", "source": method["id"], "stripe_js": page},
    }
    if terms.return_url is not None and not terms.use_stripe_sdk:
        action = {"redirect_to_url": {"return_url": terms.return_url, "url": page}, "type": "redirect_to_url"}
    asked = account.change(
        intent["id"],
        last_payment_error=None,
        next_action=action,
        payment_method=method["id"],
        status="requires_action",
    )
    account.emit("payment_intent.requires_action", asked)
    return asked
