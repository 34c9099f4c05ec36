"""What a gateway can do: each operation checks its arguments and returns the flow that does it.

The signatures and docstrings of PaymentGateway and AsyncPaymentGateway are these, written once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime

from . import _checks as check
from . import _clock
from . import _flows as flows
from ._flows import Flow
from .errors import InvalidInput
from .money import Money
from .people import Person
from .results import Card, Charge, Customer, Payment, Refund
from .settings import Settings


class Operations:
    """The operations, as flows without IO; a gateway drives them."""

    def __init__(self, settings: Settings) -> None:
        self._test_mode = settings.mode == "test"
        self._route = settings.route

    def charge(
        self,
        token: str,
        email: str,
        amount: Money,
        *,
        order_id: str | None = None,
        customer: Customer | str | None = None,
        capture: bool = True,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
        billing: Person | None = None,
        shipping: Person | None = None,
        receipt_email: str | bool | None = None,
        statement_descriptor_suffix: str | None = None,
        save_card: bool = False,
        reuse_card: bool | None = None,
        began: datetime | None = None,
    ) -> Flow[Payment]:
        """Charge a card token once: make the Customer, then the Charge.

        Without `order_id` the purchase is the token, and all that is said about it: repeating the call, after a
        double click, a time-out or a crash, ends in the same Customer and Charge; other details of the same token are
        `OrderConflict`. With `order_id` the purchase is the order: it is charged at most once whatever cards, tabs
        and machines try, for 24 hours from the first try (as long as Stripe keeps idempotency keys), and with
        `began` for as long as Stripe keeps its objects. An order that is paid answers with its payment, and changes
        nothing.

        Args:
            token: `tok_...` from Stripe.js, single-use. Or `ctoken_...` (a confirmation token, from the Payment
                Element) or `pm_...` (a payment method), which always go over PaymentIntents; a `pm_...` can pay more
                than once, so it needs an `order_id`.
            email: The buyer's; given to the Customer.
            amount: What to charge. Set it on the server, never from the request.
            order_id: Your name for the purchase, unique within the Stripe account.
            customer: Charge this Customer instead of a new one.
            capture: False only holds the money; take it with `capture`, let it go with `void` (7 days by default).
            description: For the dashboard and receipts.
            metadata: Up to 48 names of your own, kept on the Charge.
            billing: Who pays: name, phone and address go to the Customer that is made, and with a `tok_...` over
                PaymentIntents to the card's `billing_details`. A card made in the browser keeps what it was made with
                there, and so does a card token over Charges.
            shipping: Who gets what is bought, a name and an address at least: goes to the Customer that is made and to
                the PaymentIntent or the Charge, where it takes the place of what a `ctoken_...` says.
            receipt_email: Where Stripe mails a receipt, in live mode; True for `email`.
            statement_descriptor_suffix: Up to 22 characters after your name on the statement.
            save_card: Keep the card on the Customer, for charges without the buyer. Over Charges that of a `tok_...` is
                always kept, with an order and without.
            reuse_card: The buyer's own answer to "save this card": True keeps it on the Customer for the next visit,
                where `cards` lists it. False does not; over Charges, where Stripe keeps each card, that of a `tok_...`
                charged with an order_id is then forgotten once it has paid. None where nobody was asked.
            began: When the shop made the order, with a time zone. Older than 23 hours, it is searched for before
                anything is made.

        Raises:
            TokenChargeError: As listed on the class.
        """
        purchase = flows.Purchase(
            amount,
            token=token,
            email=check.email(email),
            order_id=order_id,
            customer=None if customer is None else _id_of(customer, "customer"),
            capture=capture,
            description=description,
            metadata=metadata,
            billing=billing,
            shipping=shipping,
            receipt_email=(email if receipt_email else None)
            if isinstance(receipt_email, bool)
            else receipt_email,
            statement_descriptor_suffix=statement_descriptor_suffix,
            save_card=save_card,
            reuse_card=reuse_card,
            began=began,
            now=_clock.now(),
            nonce=self._nonce(check.token(token), order_id),
            route=self._route,
        )
        return flows.charge(purchase)

    def charge_customer(
        self,
        customer: Customer | str,
        amount: Money,
        *,
        order_id: str,
        card: str | None = None,
        on_session: bool = False,
        attempt: str | None = None,
        capture: bool = True,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
        shipping: Person | None = None,
        receipt_email: str | bool | None = None,
        statement_descriptor_suffix: str | None = None,
        began: datetime | None = None,
    ) -> Flow[Payment]:
        """Charge a card saved on a Customer once per order.

        What the Customer was charged is looked through first, so an order is not charged again even after Stripe has
        forgotten its idempotency keys. Repeating a call that was declined repeats the decline for a day: charge
        another card, name another `attempt`, or use a new `order_id`.

        Args:
            customer: Whom to charge.
            amount: What to charge.
            order_id: Your name for the purchase, unique within the Stripe account. Required: there is no token to
                tell two purchases apart.
            card: `card_...` or `pm_...` of the Customer; if None its default card, else the one saved last. A
                `pm_...` always goes over PaymentIntents.
            on_session: The buyer is there, so their bank may ask for them: `AuthenticationRequired` has a
                `client_secret` then, as for `charge`. Else the card is charged as without them.
            attempt: Names this try of the card. Repeating the call repeats how the try ended; another try asks the bank
                again after a decline. 1 to 64 letters, digits, hyphens and underscores.
            capture: As for `charge`.
            description: As for `charge`.
            metadata: As for `charge`.
            shipping: Who gets what is bought; goes to the PaymentIntent or the Charge. The Customer stays as it is.
            receipt_email: Where Stripe mails a receipt, in live mode; True for the Customer's own address, which takes
                one request more where the card is named.
            statement_descriptor_suffix: As for `charge`.
            began: As for `charge`. Within 23 hours nothing needs to be looked through: it is one request then.

        Raises:
            TokenChargeError: As listed on the class.
        """
        customer_id = _id_of(customer, "customer")
        purchase = flows.Purchase(
            amount,
            order_id=check.order_id(order_id),
            customer=customer_id,
            card=None if card is None else check.object_id(card, "card"),
            on_session=on_session,
            nonce=check.attempt(attempt),
            capture=capture,
            description=description,
            metadata=metadata,
            shipping=shipping,
            receipt_email=None if isinstance(receipt_email, bool) else receipt_email,
            statement_descriptor_suffix=statement_descriptor_suffix,
            began=began,
            now=_clock.now(),
            route=self._route,
        )
        return flows.charge_customer(purchase, customer_id, receipt=receipt_email is True)

    def capture(self, charge: Charge | str, amount: Money | None = None) -> Flow[Charge]:
        """Take the money an authorization holds; with an amount, that much, and the rest is let go.

        Repeating the call is harmless: a charge of which that much was captured already is returned as it is now.

        Raises:
            InvalidRequest: Another amount was captured already, or the money was let go (voided, or not captured in
                time).
            OrderInProgress: Another call captures or voids the charge just now.
            PaymentPending: Stripe is still processing the charge.
            TokenChargeError: As listed on the class.
        """
        return flows.capture(
            _id_of(charge, "charge"), None if amount is None else check.amount(amount)
        )

    def void(self, charge: Charge | str) -> Flow[Charge]:
        """Let go of the money an authorization holds; return the Charge, whose state is `RELEASED` then.

        Repeating the call is harmless, and so is voiding what has lapsed by itself. Money that was captured is never
        given back by it: of a `capture` and a `void` at the same time one is refused. Over PaymentIntents Stripe sees
        to that, over Charges (where to let go is a refund) the idempotency key that both calls share. One thing no
        key can rule out there: a capture of the whole amount by other means than this library, say in the dashboard,
        in the moment between looking at the charge and letting it go. Stripe gives that back, and the Charge
        returned says so: its state is `REFUNDED`.

        Raises:
            InvalidRequest: The charge is captured: give the money back with `refund`. Or it failed.
            OrderInProgress: Another call captures the charge just now.
            PaymentPending: Stripe is still processing the charge.
            TokenChargeError: As listed on the class.
        """
        return flows.void(_id_of(charge, "charge"))

    def refund(
        self,
        charge: Charge | str,
        amount: Money | None = None,
        *,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Flow[Refund]:
        """Give back all of a charge, or the amount.

        Repeating the call gives the money back once: within a day, **a second refund of the same charge and amount is
        the first one again**, as it is now, and its `replayed` is true. To give back the same part twice, for two
        items of one price, name each refund with an `idempotency_key` of its own; a named refund is made once however
        late the call is repeated.

        A refund that has failed since, or was canceled, is made anew. One that Stripe refused is asked for again once
        what stood against it may have passed: the charge was captured, a dispute was won.

        Args:
            charge: What to refund.
            amount: How much; all that is left if None.
            reason: "duplicate", "fraudulent" (which also blocks the card and the e-mail) or "requested_by_customer".
            metadata: Up to 48 names of your own, kept on the Refund.
            idempotency_key: Names this refund; 1 to 255 printable ASCII characters.

        Raises:
            InvalidRequest: More than is left, or nothing is left, or the money is only held.
            OrderConflict: The same refund was asked for before with another reason or other metadata.
            PaymentPending: Stripe is still processing the charge.
            TokenChargeError: As listed on the class.
        """
        return flows.refund(
            _id_of(charge, "charge"),
            None if amount is None else check.amount(amount),
            check.refund_reason(reason),
            check.metadata(metadata),
            None if idempotency_key is None else check.idempotency_key(idempotency_key),
        )

    def find(
        self, order_id: str, *, customer: Customer | str | None = None
    ) -> Flow[Payment | None]:
        """Find the payment of an order, or None if it has none (yet).

        A payment is money taken, held, or given back since; a hold that was let go is none. The newest 100 charges,
        the customer's or the account's, are listed, which shows a charge as soon as it is made; what is older is
        searched for. Stripe's search lags by up to a minute (https://docs.stripe.com/search#data-freshness): where
        the account made more than 100 charges in that minute, None may mean "not yet", unless the customer is named.
        Where an account has no search (India, say), the newest 1,100 are read: None may then mean that it is older.

        Raises:
            PaymentPending: Stripe is still processing it.
            TokenChargeError: As listed on the class, for reading.
        """
        return flows.find(
            check.order_id(order_id),
            None if customer is None else _id_of(customer, "customer"),
        )

    def complete(self, payment_intent_id: str) -> Flow[Payment]:
        """Read how a payment has ended after the buyer authenticated (3-D Secure).

        Calling `charge` again with the same arguments says the same. Before you hand anything over, compare the
        payment's order_id and amount with what was to be paid: the id comes from the browser.

        Raises:
            AuthenticationRequired: The buyer has yet to authenticate; `client_secret` lets the browser go on.
            CardDeclined: The card was declined, or authentication failed: charge the order again, with another card.
            PaymentPending: Stripe is still processing it.
            InvalidRequest: Stripe knows no such PaymentIntent, or it was canceled, or no card was ever tried.
            TokenChargeError: As listed on the class, for reading.
        """
        return flows.complete(check.object_id(payment_intent_id, "PaymentIntent"))

    def get_charge(self, id: str) -> Flow[Charge]:
        """Read a Charge as it is now, with what Stripe has booked for it: `fee` and `net`.

        Those are None until Stripe has booked the money, seconds after the charge: wait for the webhook
        `charge.updated` rather than for them. A restricted key needs the permission to read balance transactions.

        Raises:
            InvalidRequest: Stripe knows no such charge.
            TokenChargeError: As listed on the class, for reading.
        """
        return flows.get_charge(check.object_id(id, "charge"))

    def get_customer(self, id: str) -> Flow[Customer]:
        """Read a Customer; a deleted one answers with `deleted=True` and little else.

        Raises:
            InvalidRequest: Stripe knows no such customer.
            TokenChargeError: As listed on the class, for reading.
        """
        return flows.get_customer(check.object_id(id, "customer"))

    def cards(self, customer: Customer | str) -> Flow[list[Card]]:
        """List the cards a Customer has saved, the newest first: payment methods (`pm_`) and cards of old (`card_`).

        Each has its id, brand, last four digits and expiry; `is_default` is what `charge_customer` charges where no
        card is named, `is_expired` tells a card whose month is over. They are for that Customer's eyes alone: know
        who is asking by their login, never by an e-mail address, which anybody can type.

        Raises:
            InvalidRequest: Stripe knows no such customer, or it was deleted.
            TokenChargeError: As listed on the class, for reading.
        """
        return flows.cards(_id_of(customer, "customer"))

    def forget_card(self, card: Card) -> Flow[None]:
        """Take a saved card from its Customer, for good; what it has paid stays as it is.

        Repeating the call is harmless: a card that is gone already is no error.

        Args:
            card: One of those that `cards` returned, chosen by its id. An id alone is not taken: where it came from a
                browser, it may be somebody else's card.

        Raises:
            InvalidInput: It is no card of `cards`.
            TokenChargeError: As listed on the class; after `OutcomeUnknown` call again.
        """
        card_id, customer_id = (getattr(card, name, None) for name in ("id", "customer_id"))
        if card_id is None or customer_id is None:
            raise InvalidInput(
                "A card to forget is one that cards(customer) returned: look it up there.",
                param="card",
            )
        return flows.forget_card(
            check.saved_card(card_id), check.object_id(customer_id, "customer")
        )

    def _nonce(self, token: str, order_id: str | None) -> str | None:
        """Tell apart the uses of a named test token, which, unlike a real token, is used again and again."""
        if not self._test_mode or not check.is_test_token(token):
            return None
        return os.urandom(16).hex() if order_id is None else order_id


def _id_of(thing: Charge | Customer | str, what: str) -> str:
    return check.object_id(thing if isinstance(thing, str) else getattr(thing, "id", None), what)
