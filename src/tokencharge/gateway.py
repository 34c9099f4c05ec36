"""PaymentGateway: the library's one class to call, blocking, and safe to share among threads and across a fork."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from . import _checks as check
from . import _steps as steps
from .errors import TokenChargeError
from .money import Money
from .results import Charge, Customer, Payment, Refund
from .settings import Settings

if TYPE_CHECKING:
    from ._stripe import HTTPClient

T = TypeVar("T")


class PaymentGateway:
    """Take a card token and an e-mail; get one Customer and exactly one Charge.

    Every method that moves money raises the same errors, each a `TokenChargeError`: `InvalidInput` before anything
    is sent; `CardDeclined`, `AuthenticationRequired`, `TokenRejected`, `InvalidRequest` when Stripe said no;
    `OrderConflict`, `OrderInProgress` and `PaymentPending` when another request came first; `AuthenticationFailed`,
    `RateLimited`, `GatewayUnavailable` when this call did nothing; `OutcomeUnknown` when it may have charged, and
    then calling again with the same arguments finds the charge or makes it, once.

    Args:
        secret_key: `sk_test_...` or `sk_live_...`, or a restricted `rk_` key.
        publishable_key: The page's key; checked to be of the same mode.
        webhook_secret: `whsec_...`; several, separated by commas, while one is being rolled.
        api_base: Where Stripe's API is; a sandbox's URL in tests.
        timeout: Seconds to wait for Stripe, each try.
        max_retries: How often the SDK repeats a request that went wrong on the way, under the same idempotency key.
        livemode: Declare it, and a key of the other mode is refused.
        http_client: A `stripe.HTTPClient` to send requests with, instead of the built-in pool.

    Raises:
        ConfigurationError: A key or setting cannot be right.
    """

    def __init__(
        self,
        secret_key: str,
        *,
        publishable_key: str | None = None,
        webhook_secret: str | None = None,
        api_base: str = "https://api.stripe.com",
        timeout: float = 30.0,
        max_retries: int = 2,
        livemode: bool | None = None,
        http_client: HTTPClient | None = None,
    ) -> None:
        self._open(
            Settings(
                secret_key,
                publishable_key=publishable_key,
                webhook_secret=webhook_secret,
                api_base=api_base,
                timeout=timeout,
                max_retries=max_retries,
                livemode=livemode,
            ),
            http_client,
        )

    @classmethod
    def from_settings(cls, settings: Settings, *, http_client: HTTPClient | None = None) -> PaymentGateway:
        """Make a gateway from settings already read and checked."""
        gateway = cls.__new__(cls)
        gateway._open(settings, http_client)
        return gateway

    @classmethod
    def from_env(cls) -> PaymentGateway:
        """Make a gateway from the environment: `STRIPE_SECRET_KEY` and the other names of `Settings`.

        Raises:
            ConfigurationError: `STRIPE_SECRET_KEY` is missing, or a setting cannot be right.
        """
        return cls.from_settings(Settings.from_env())

    def _open(self, settings: Settings, http_client: HTTPClient | None) -> None:
        from ._stripe import Channel  # here, so that importing tokencharge does not load the SDK

        self.settings = settings
        self._channel = Channel(settings, http_client)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.settings!r})"

    def __enter__(self) -> PaymentGateway:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections. The gateway stays usable: the next call opens new ones."""
        self._channel.close()

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
        receipt_email: str | None = None,
        statement_descriptor_suffix: str | None = None,
    ) -> Payment:
        """Charge a card token once: make the Customer, then the Charge.

        Without `order_id` the purchase is the token: repeating the call with the same token, after a double click, a
        time-out or a crash, ends in the same Customer and Charge. With `order_id` the purchase is the order: it is
        charged at most once whatever cards, tabs and machines try, for as long as Stripe keeps idempotency keys
        (24 hours at least).

        Args:
            token: `tok_...` from Stripe.js; single-use.
            email: The buyer's; given to the Customer.
            amount: What to charge. Set it on the server, never from the request.
            order_id: Your name for the purchase, unique within the Stripe account.
            customer: Charge this Customer instead of a new one; the card is added to it.
            capture: False only holds the money; take it with `capture`, let it go with `void` (7 days by default).
            description: For the dashboard and receipts.
            metadata: Up to 48 names of your own, kept on the Charge.
            receipt_email: Where Stripe mails a receipt, in live mode.
            statement_descriptor_suffix: Up to 22 characters after your name on the statement.

        Raises:
            TokenChargeError: As listed on the class.
        """
        purchase = steps.Purchase(
            amount,
            token=token,
            email=check.email(email),
            order_id=order_id,
            customer=None if customer is None else _id_of(customer, "customer"),
            capture=capture,
            description=description,
            metadata=metadata,
            receipt_email=receipt_email,
            statement_descriptor_suffix=statement_descriptor_suffix,
            nonce=self._nonce(check.token(token), order_id),
        )
        return self._run(steps.charge(purchase))

    def charge_customer(
        self,
        customer: Customer | str,
        amount: Money,
        *,
        order_id: str,
        card: str | None = None,
        capture: bool = True,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
        receipt_email: str | None = None,
        statement_descriptor_suffix: str | None = None,
    ) -> Payment:
        """Charge a card saved on a Customer once per order.

        The Customer's charges are looked through first, so an order is not charged again even after Stripe has
        forgotten its idempotency keys, as long as it is among the Customer's last hundred charges. Repeating a call
        that was declined repeats the decline for a day: charge another card, or use a new `order_id`.

        Args:
            customer: Whom to charge.
            amount: What to charge.
            order_id: Your name for the purchase, unique within the Stripe account. Required: there is no token to
                tell two purchases apart.
            card: `card_...` of the Customer; its default card if None.
            capture: As for `charge`.
            description: As for `charge`.
            metadata: As for `charge`.
            receipt_email: As for `charge`.
            statement_descriptor_suffix: As for `charge`.

        Raises:
            TokenChargeError: As listed on the class.
        """
        customer_id = _id_of(customer, "customer")
        purchase = steps.Purchase(
            amount,
            order_id=check.order_id(order_id),
            customer=customer_id,
            card=None if card is None else check.object_id(card, "card"),
            capture=capture,
            description=description,
            metadata=metadata,
            receipt_email=receipt_email,
            statement_descriptor_suffix=statement_descriptor_suffix,
        )
        return self._run(steps.charge_customer(purchase, customer_id))

    def capture(self, charge: Charge | str, amount: Money | None = None) -> Charge:
        """Take the money an authorization holds; with an amount, that much, and the rest is let go.

        Raises:
            InvalidRequest: The charge is captured already, or its authorization has expired.
            TokenChargeError: As listed on the class.
        """
        return self._run(steps.capture(_id_of(charge, "charge"), None if amount is None else check.amount(amount)))

    def void(self, charge: Charge | str) -> Refund:
        """Let go of the money an authorization holds.

        Raises:
            InvalidRequest: The charge is captured: give the money back with `refund`.
            TokenChargeError: As listed on the class.
        """
        return self._run(steps.void(_id_of(charge, "charge")))

    def refund(
        self,
        charge: Charge | str,
        amount: Money | None = None,
        *,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Refund:
        """Give back all of a charge, or the amount.

        Repeating the call gives the money back once: within a day, a second refund of the same charge and amount is
        the first one again. To give back the same part twice, name the second with an `idempotency_key` of its own.

        Args:
            charge: What to refund.
            amount: How much; all that is left if None.
            reason: "duplicate", "fraudulent" (which also blocks the card and the e-mail) or "requested_by_customer".
            idempotency_key: Names this refund; 1 to 255 printable ASCII characters.

        Raises:
            InvalidRequest: More than is left, or nothing is left.
            TokenChargeError: As listed on the class.
        """
        return self._run(
            steps.refund(
                _id_of(charge, "charge"),
                None if amount is None else check.amount(amount),
                check.refund_reason(reason),
                None if idempotency_key is None else check.idempotency_key(idempotency_key),
            )
        )

    def find(self, order_id: str, *, customer: Customer | str | None = None) -> Payment | None:
        """Find the payment of an order, or None if it has none (yet).

        With the customer the answer is exact. Without it Stripe's search is asked, whose index lags by up to a
        minute (https://docs.stripe.com/search#data-freshness): None may then mean "not yet".

        Raises:
            TokenChargeError: As listed on the class, for reading.
        """
        return self._run(
            steps.find(
                check.order_id(order_id),
                None if customer is None else _id_of(customer, "customer"),
            )
        )

    def get_charge(self, id: str) -> Charge:
        """Read a Charge.

        Raises:
            InvalidRequest: Stripe knows no such charge.
            TokenChargeError: As listed on the class, for reading.
        """
        return self._run(steps.get_charge(check.object_id(id, "charge")))

    def get_customer(self, id: str) -> Customer:
        """Read a Customer; a deleted one answers with `deleted=True` and little else.

        Raises:
            InvalidRequest: Stripe knows no such customer.
            TokenChargeError: As listed on the class, for reading.
        """
        return self._run(steps.get_customer(check.object_id(id, "customer")))

    def _nonce(self, token: str, order_id: str | None) -> str | None:
        """Tell apart the purchases of a named test token, which, unlike a real token, is used again and again."""
        reusable = self.settings.mode == "test" and order_id is None and check.is_test_token(token)
        return uuid.uuid4().hex if reusable else None

    def _run(self, flow: steps.Flow[T]) -> T:
        """Drive a flow: send its calls, wait out its pauses."""
        try:
            request = next(flow)
            while True:
                if isinstance(request, steps.Pause):
                    time.sleep(request.seconds)
                    request = flow.send(None)
                    continue
                try:
                    answer = self._channel.send(request)
                except TokenChargeError as error:
                    request = flow.throw(error)
                else:
                    request = flow.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result


def _id_of(thing: Charge | Customer | str, what: str) -> str:
    return check.object_id(thing if isinstance(thing, str) else getattr(thing, "id", None), what)
