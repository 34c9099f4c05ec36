"""`{% tokencharge_form order %}`: the card form in a page of your own."""

from __future__ import annotations

from typing import Any

from django.template import Library, RequestContext

from ... import Order
from ...web import Checkout
from ..gateway import current_gateway
from ..requests import assets, incoming

register = Library()


@register.inclusion_tag("tokencharge/form.html", takes_context=True)
def tokencharge_form(
    context: RequestContext, order: Order | None = None, charge_url: str | None = None
) -> dict[Any, Any]:
    """Show the card form for an order.

    In a template of CheckoutView or ChargeView, the order may be left out: it is
    theirs.

    Args:
        context: The page's context.
        order: What is to be paid.
        charge_url: The URL that the form posts to; the page's own URL if not given.
    """
    if order is None:
        return context.flatten()
    request = context.request
    gateway = current_gateway()
    page = Checkout(gateway.settings).show(incoming(request), order, gateway)
    return {**page.context, **assets(request), "charge_url": charge_url or request.get_full_path()}
