"""Order: what is bought, as a site gives it to its checkout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from . import _checks as check
from .money import Money
from .results import Customer, Payment

# Type checkers use a field's converter. So each of these takes what the field may be
# given, and no more.


def _amount(value: Money) -> Money:
    return check.amount(value)


def _description(value: str | None) -> str | None:
    return check.description(value)


def _order_id(value: str | None) -> str | None:
    return None if value is None else check.order_id(value)


def _metadata(value: Mapping[str, str] | None) -> Mapping[str, str] | None:
    return None if value is None else check.metadata(value)


def _capture(value: bool) -> bool:
    return check.capture(value)


def _began(value: datetime | None) -> datetime | None:
    return check.began(value)


def _customer(value: Customer | str | None) -> str | None:
    return (
        None
        if value is None
        else check.object_id(value.id if isinstance(value, Customer) else value, "customer")
    )


def _email(value: str | None) -> str | None:
    return None if value is None else check.email(value)


def _receipt_email(value: str | bool | None) -> str | bool | None:
    return value if isinstance(value, bool) else _email(value)


def _collect(value: Iterable[str]) -> tuple[str, ...]:
    return check.collect(value)


def _save_card(value: bool) -> bool:
    return check.save_card(value)


def _reuse_cards(value: bool) -> bool:
    return check.yes_or_no(value, "reuse_cards")


def _suffix(value: str | None) -> str | None:
    return check.statement_descriptor_suffix(value)


def _paid(value: bool | Payment) -> bool | Payment:
    return value if isinstance(value, Payment) else check.yes_or_no(value, "paid")


# The fields of an order that the gateway does not use.
_OF_THE_PAGE = frozenset({"collect", "paid", "reuse_cards"})
_OF_A_CUSTOMER = """
    amount description order_id metadata capture began customer receipt_email
    statement_descriptor_suffix
""".split()


@attrs.frozen
class Order:
    """What is bought, as the server decides it; nothing of it comes from the request.

    It is checked when it is made, so that a wrong order fails in the shop's own code
    and not while a buyer pays.

    Attributes:
        amount: What to charge.
        description: For the page, the dashboard and receipts.
        order_id: Your name for the purchase. With it, the order is charged once,
            whatever cards and tabs try.
        metadata: Up to 48 names of your own, kept on the Charge.
        capture: False only holds the money.
        began: When the shop made the order, with a time zone; as for
            `PaymentGateway.charge`.
        customer: Charge this Customer, or the one with this id, instead of a new one.
        receipt_email: Where Stripe mails a receipt, in live mode; True for the buyer's
            own address.
        save_card: Keep the card on the Customer, for charges without the buyer; see
            `charge`. The shop decides this itself, and its terms tell the buyer.
        statement_descriptor_suffix: Up to 22 Latin characters after your name on the
            statement.
        collect: What the page asks the buyer for besides the e-mail: some of "name",
            "phone", "billing_address" and "shipping_address". Each comes with a name.
            It goes where `charge` puts `billing` and `shipping`. A buyer with a saved
            card is asked for the shipping address only.
        reuse_cards: Offer the saved cards of the `customer` on the page, and let the
            buyer tick "save this card" beside a new one, for their next visit. With it
            you state that the person at the page is that Customer, because they have
            logged in. Needs an `order_id`: a saved card is no token that would tell two
            purchases apart.
        paid: You know that the order is already paid: True, or the Payment, whose card
            and receipt the page then shows. No form is shown, and nothing is charged. A
            buyer who presses twice is led where buyers go who have paid: to the
            `success_url`, or to the page that says so.

    Raises:
        InvalidInput: A value is not valid.
    """

    amount: Money = attrs.field(converter=_amount)
    description: str | None = attrs.field(default=None, converter=_description)
    order_id: str | None = attrs.field(default=None, converter=_order_id)
    metadata: Mapping[str, str] | None = attrs.field(default=None, converter=_metadata)
    capture: bool = attrs.field(default=True, converter=_capture)
    began: datetime | None = attrs.field(default=None, converter=_began)
    customer: Customer | str | None = attrs.field(default=None, converter=_customer)
    receipt_email: str | bool | None = attrs.field(
        default=None, converter=_receipt_email, repr=False
    )
    save_card: bool = attrs.field(default=False, converter=_save_card)
    statement_descriptor_suffix: str | None = attrs.field(default=None, converter=_suffix)
    collect: Iterable[str] = attrs.field(default=(), converter=_collect)
    reuse_cards: bool = attrs.field(default=False, converter=_reuse_cards)
    paid: bool | Payment = attrs.field(
        default=False, converter=_paid, repr=lambda paid: str(bool(paid))
    )

    def __attrs_post_init__(self) -> None:
        check.order_in_metadata(self.order_id, self.metadata or {})
        check.reusing(self.reuse_cards, self.order_id)

    @property
    def shown(self) -> str:
        """A digest that the page sends along, so that no other price is charged.

        It is made of amount, currency, capture and order id. It proves nothing, and
        sets no price. It is in the field `shown` of a form or of JSON. If the order has
        changed when it arrives, the error is `OrderChanged`.
        """
        # Imported here: OpenSSL takes a tenth of the time that importing the whole
        # library takes.
        from hashlib import sha256

        said = (
            self.amount.currency,
            str(self.amount.minor),
            str(self.capture),
            self.order_id or "",
        )
        return sha256("\0".join(said).encode()).hexdigest()[:32]

    @property
    def offers_cards(self) -> bool:
        """Whether saved cards are offered and accepted for it."""
        return self.reuse_cards and self.customer is not None

    @property
    def collect_with_saved_card(self) -> tuple[str, ...]:
        """What of `collect` the page asks a buyer with a saved card for.

        What else is known of the buyer is on that card.
        """
        return tuple(asked for asked in self.collect if asked == "shipping_address")

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of `PaymentGateway.charge`, by name, except token and e-mail."""
        return {
            name: value
            for name, value in attrs.asdict(self, recurse=False).items()
            if name not in _OF_THE_PAGE
        }

    @property
    def customer_arguments(self) -> dict[str, Any]:
        """Arguments of `PaymentGateway.charge_customer`, by name, except the card."""
        return {name: getattr(self, name) for name in _OF_A_CUSTOMER}
