"""A submission: the charge it asks for, and whether the order is still the same."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import attrs

from .._frames import forgetful
from ..errors import InvalidInput, OrderChanged, OrderConflict, OutcomeUnknown
from ..order import Order
from ..results import Payment
from .details import read_people
from .fields import (
    Incoming,
    is_unclear,
    read_attempt,
    read_card,
    read_email,
    read_fields,
    read_keep,
    read_shown,
    read_token,
)

logger = logging.getLogger("tokencharge")


@attrs.define
class Submission:
    """What a request submits for an order: the charge to make.

    Call `ask` with the gateway, and set `payment` to the result.

    Attributes:
        arguments: The arguments for the gateway's `charge`; with a `card` among them,
            for `charge_customer`.
        shown: What the page showed; None if it does not say.
        is_unclear: The same submission was sent before, and its outcome is still open.
        payment: The Payment, or None if `looks` found none.
        looks: Nothing may be charged: `ask` only looks up whether the order is paid.
    """

    arguments: Mapping[str, Any] = attrs.field(repr=False)
    shown: str | None = None
    is_unclear: bool = False
    payment: Payment | None = None
    looks: bool = False

    def ask(self, gateway: Any) -> Any:
        """Ask a gateway and return its answer; await that of an async gateway."""
        if self.looks:
            return gateway.find(self.arguments["order_id"], customer=self.arguments["customer"])
        if "card" in self.arguments:
            return gateway.charge_customer(**self.arguments)
        return gateway.charge(**self.arguments)


@forgetful
def read_submission(incoming: Incoming, order: Order) -> Submission:
    """Read a submission.

    Raises:
        InvalidInput: It cannot be read.
    """
    try:
        return _submitted(read_fields(incoming), order)
    except InvalidInput as error:
        # The answer has the buyer's words. Whoever writes the script needs the name of
        # the field, which the message has, and never its value.
        if incoming.wants_json:
            logger.warning("A script's charge was refused: %s", error.message)
        raise


def _submitted(fields: list[tuple[str, object]], order: Order) -> Submission:
    card = read_card(fields) if order.offers_cards else None
    if card is not None:
        saved: dict[str, Any] = {"card": card, "on_session": True, "attempt": read_attempt(fields)}
        saved |= read_people(fields, order.collect_with_saved_card)
        arguments = {**saved, **order.customer_arguments}
        return Submission(arguments, read_shown(fields), is_unclear(fields))
    pays: dict[str, Any] = {"token": read_token(fields), "email": read_email(fields)}
    pays |= read_people(fields, order.collect)
    if order.reuse_cards:
        pays["reuse_card"] = read_keep(fields)
    return Submission({**pays, **order.arguments}, read_shown(fields), is_unclear(fields))


def hold_to_what_was_shown(submission: Submission, order: Order, *, must_say: bool) -> None:
    """Check that the buyer has agreed to the charge.

    If the order changed while the outcome of the same submission was open, the
    submission only looks up whether the order is paid.

    Args:
        submission: What was submitted.
        order: The order as it is now.
        must_say: The page must say what it showed: it is the library's own page, in a
            browser.

    Raises:
        OrderChanged: The page showed another price than the order has, or does not say
            which price it showed.
        OutcomeUnknown: The order changed while its outcome was open, and cannot be
            looked up.
    """
    shown = submission.shown
    if shown is None and must_say:
        message = (
            "The form does not say what it showed: let it carry a field `shown`, the order's own."
        )
        logger.warning("A charge was refused: %s", message)
        raise OrderChanged(message, order_id=order.order_id)
    if shown is None or shown == order.shown:
        return
    if not submission.is_unclear:
        raise OrderChanged(
            "The page showed another price than the order has now.", order_id=order.order_id
        )
    if order.order_id is None:
        raise OutcomeUnknown(
            "The order changed while the outcome of its charge was open. It "
            "has no order_id to be looked up by, and charging it at its new "
            "price is not what the buyer agreed to: look at the dashboard."
        )
    submission.looks = True


def check_found(found: Payment | None, order: Order) -> None:
    """Check what was found for an order that changed while its outcome was open.

    Raises:
        OrderChanged: Nothing was taken.
        OrderConflict: What was taken is not what the order is now.
    """
    if found is None:
        raise OrderChanged(
            "The order changed while its outcome was open; it is not paid.", order_id=order.order_id
        )
    if (found.charge.amount, found.charge.captured) != (order.amount, order.capture):
        raise OrderConflict(
            "The order was paid as the page had shown it, and is another now: look at both.",
            order_id=order.order_id,
            customer_id=found.customer.id,
            charge_id=found.charge.id,
        )
