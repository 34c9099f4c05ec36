"""What is bought: the Order a site hands to its checkout."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from .money import Money


@attrs.frozen
class Order:
    """What is bought, as the server decides it; nothing of it is ever read from the request.

    Attributes:
        amount: What to charge.
        description: For the page, the dashboard and receipts.
        order_id: Your name for the purchase; with it the order is charged once whatever cards and tabs try.
        metadata: Up to 48 names of your own, kept on the Charge.
        capture: False only holds the money.
        save_card: Keep the card on the Customer, for charges without the buyer; see `charge`.
        began: When you made the order, with a time zone: an older one is searched for before anything is charged.
    """

    amount: Money
    description: str | None = None
    order_id: str | None = None
    metadata: Mapping[str, str] | None = None
    capture: bool = True
    save_card: bool = False
    began: datetime | None = None
