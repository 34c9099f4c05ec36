"""The operations of a gateway: each checks its arguments and returns its flow.

PaymentGateway and AsyncPaymentGateway take their signatures and docstrings from here.
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

        Without `order_id`, the purchase is the token with all its details. Repeating
        the call, after a double click, a time-out or a crash, ends in the same Customer
        and Charge. Other details with the same token raise `OrderConflict`.

        With `order_id`, the purchase is the order. It is charged at most once, whatever
        cards, tabs and machines try, for 24 hours from the first try (as long as Stripe
        keeps idempotency keys). With `began`, that holds for as long as Stripe keeps
        its objects. If the order is already paid, the call returns its payment and
        changes nothing.

        Args:
            token: `tok_...` from Stripe.js, single-use. Or `ctoken_...` (a confirmation
                token, from the Payment Element) or `pm_...` (a payment method), which
                always go over PaymentIntents. A `pm_...` can pay more than once, so it
                needs an `order_id`.
            email: The buyer's e-mail address; given to the Customer.
            amount: What to charge. Set it on the server, never from the request.
            order_id: Your name for the purchase, unique within the Stripe account.
            customer: Charge this Customer instead of a new one.
            capture: False only holds the money (7 days by default). Take it with
                `capture`, release it with `void`.
            description: For the dashboard and receipts.
            metadata: Up to 48 names of your own, kept on the Charge.
            billing: Who pays. Name, phone and address go to the Customer that is made,
                and with a `tok_...` over PaymentIntents to the card's
                `billing_details`. A card made in the browser keeps the details it was
                made with there, and so does a card token over Charges.
            shipping: Who gets the goods, with a name and an address at least. It goes
                to the Customer that is made, and to the PaymentIntent or the Charge.
                There it replaces the shipping of a `ctoken_...`.
            receipt_email: Where Stripe mails a receipt, in live mode; True for `email`.
            statement_descriptor_suffix: Up to 22 characters after your name on the
                statement.
            save_card: Keep the card on the Customer, for charges without the buyer.
                Over Charges, the card of a `tok_...` is always kept, with an order and
                without.
            reuse_card: The buyer's own answer to "save this card". True keeps it on the
                Customer for the next visit, where `cards` lists it. False does not.
                Over Charges, where Stripe keeps each card, the card of a `tok_...`
                charged with an order_id is then forgotten once it has paid. None if the
                buyer was not asked.
            began: When the shop made the order, with a time zone. If that is more than
                23 hours ago, the order is searched for before anything is made.

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

        The Customer's earlier charges are read first. So an order is not charged again
        even after Stripe has forgotten its idempotency keys. Repeating a call that was
        declined repeats the decline for a day: charge another card, name another
        `attempt`, or use a new `order_id`.

        Args:
            customer: The Customer to charge.
            amount: What to charge.
            order_id: Your name for the purchase, unique within the Stripe account.
                Required, because there is no token to tell two purchases apart.
            card: `card_...` or `pm_...` of the Customer. If None, its default card,
                else the one saved last. A `pm_...` always goes over PaymentIntents.
            on_session: The buyer is present, so their bank may ask them to
                authenticate. Then `AuthenticationRequired` has a `client_secret`, as
                for `charge`. Otherwise the card is charged without the buyer.
            attempt: Names this try of the card. Repeating the call repeats the result
                of that try; another name asks the bank again after a decline. 1 to 64
                letters, digits, hyphens and underscores.
            capture: As for `charge`.
            description: As for `charge`.
            metadata: As for `charge`.
            shipping: Who gets the goods. It goes to the PaymentIntent or the Charge.
                The Customer stays as it is.
            receipt_email: Where Stripe mails a receipt, in live mode. True for the
                Customer's own address, which takes one request more if a card is named.
            statement_descriptor_suffix: As for `charge`.
            began: As for `charge`. Within 23 hours no earlier charges are read: then it
                is one request.

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
        """Capture the money that an authorization holds.

        With an amount, that much is captured, and the rest is released. Repeating the
        call does no harm: if that much was captured already, the charge is returned as
        it is now.

        Raises:
            InvalidRequest: Another amount was captured already, or the money was
                released (voided, or not captured in time).
            OrderInProgress: Another call is capturing or voiding the charge now.
            PaymentPending: Stripe is still processing the charge.
            TokenChargeError: As listed on the class.
        """
        return flows.capture(
            _id_of(charge, "charge"), None if amount is None else check.amount(amount)
        )

    def void(self, charge: Charge | str) -> Flow[Charge]:
        """Release the money that an authorization holds; the state is then `RELEASED`.

        Repeating the call does no harm, and neither does voiding a hold that has
        lapsed. Captured money is never given back by it: if `capture` and `void` run at
        the same time, one is refused. Over PaymentIntents, Stripe ensures that. Over
        Charges, where a hold is released by a refund, it is ensured by the idempotency
        key that both calls share.

        There, no key can prevent one case: the whole amount is captured by other means
        than this library, say in the dashboard, in the moment between reading the
        charge and releasing it. Then Stripe gives the money back, and the state of the
        returned Charge is `REFUNDED`.

        Raises:
            InvalidRequest: The charge is captured: give the money back with `refund`.
                Or it failed.
            OrderInProgress: Another call is capturing the charge now.
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
        """Refund all of a charge, or the amount.

        Repeating the call gives the money back once. Within a day, **a second refund of
        the same charge and amount returns the first one**, as it is now, with
        `replayed` true. To refund the same part twice, for two items of one price, name
        each refund with an `idempotency_key` of its own. A named refund is made once,
        however late the call is repeated.

        A refund that has failed since, or was canceled, is made again. A refund that
        Stripe refused is asked for again once the reason may have passed: the charge
        was captured, or a dispute was won.

        Args:
            charge: What to refund.
            amount: How much; all that is left if None.
            reason: "duplicate", "fraudulent" (which also blocks the card and the
                e-mail) or "requested_by_customer".
            metadata: Up to 48 names of your own, kept on the Refund.
            idempotency_key: Names this refund; 1 to 255 printable ASCII characters.

        Raises:
            InvalidRequest: The amount is more than is left, nothing is left, or the
                money is only held.
            OrderConflict: The same refund was asked for before with another reason or
                other metadata.
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

        A payment is money taken, held, or refunded since. A hold that was released is
        none. The newest 100 charges, of the customer or the account, are listed; this
        list shows a charge as soon as it is made. Older charges are searched for.
        Stripe's search lags by up to a minute
        (https://docs.stripe.com/search#data-freshness). If the account made more than
        100 charges in that minute, None may mean "not yet", unless the customer is
        named. If an account has no search (India, say), the newest 1,100 are read. Then
        None may mean that the charge is older.

        Raises:
            PaymentPending: Stripe is still processing it.
            TokenChargeError: As listed on the class, for reading.
        """
        return flows.find(
            check.order_id(order_id),
            None if customer is None else _id_of(customer, "customer"),
        )

    def complete(self, payment_intent_id: str) -> Flow[Payment]:
        """Read the result of a payment after the buyer authenticated (3-D Secure).

        Calling `charge` again with the same arguments returns the same. Before you hand
        anything over, compare the payment's order_id and amount with what was to be
        paid: the id comes from the browser.

        Raises:
            AuthenticationRequired: The buyer has not authenticated yet; `client_secret`
                lets the browser go on.
            CardDeclined: The card was declined, or authentication failed: charge the
                order again, with another card.
            PaymentPending: Stripe is still processing it.
            InvalidRequest: Stripe knows no such PaymentIntent, or it was canceled, or
                no card was ever tried.
            TokenChargeError: As listed on the class, for reading.
        """
        return flows.complete(check.object_id(payment_intent_id, "PaymentIntent"))

    def get_charge(self, id: str) -> Flow[Charge]:
        """Read a Charge as it is now, with what Stripe has booked: `fee` and `net`.

        Both are None until Stripe has booked the money, seconds after the charge. Do
        not poll for them: wait for the webhook `charge.updated`. A restricted key needs
        the permission to read balance transactions.

        Raises:
            InvalidRequest: Stripe knows no such charge.
            TokenChargeError: As listed on the class, for reading.
        """
        return flows.get_charge(check.object_id(id, "charge"))

    def get_customer(self, id: str) -> Flow[Customer]:
        """Read a Customer. A deleted one has `deleted=True` and little else.

        Raises:
            InvalidRequest: Stripe knows no such customer.
            TokenChargeError: As listed on the class, for reading.
        """
        return flows.get_customer(check.object_id(id, "customer"))

    def cards(self, customer: Customer | str) -> Flow[list[Card]]:
        """List the saved cards of a Customer, newest first.

        They are payment methods (`pm_`) and legacy cards (`card_`). Each has its id,
        brand, last four digits and expiry. `is_default` marks the card that
        `charge_customer` charges if none is named. `is_expired` marks a card whose
        month is over. Show them to that Customer only. Identify the Customer by their
        login, never by an e-mail address, which anybody can type.

        Raises:
            InvalidRequest: Stripe knows no such customer, or it was deleted.
            TokenChargeError: As listed on the class, for reading.
        """
        return flows.cards(_id_of(customer, "customer"))

    def forget_card(self, card: Card) -> Flow[None]:
        """Remove a saved card from its Customer, for good.

        What it has paid stays as it is. Repeating the call does no harm: a card that is
        already removed is no error.

        Args:
            card: One of the cards that `cards` returned, chosen by its id. An id alone
                is not accepted: if it came from a browser, it may be somebody else's
                card.

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
        """Return a name for this use of a test token, or None for a real token.

        Unlike a real token, a named test token is used again and again.
        """
        if not self._test_mode or not check.is_test_token(token):
            return None
        return os.urandom(16).hex() if order_id is None else order_id


def _id_of(thing: Charge | Customer | str, what: str) -> str:
    return check.object_id(thing if isinstance(thing, str) else getattr(thing, "id", None), what)
