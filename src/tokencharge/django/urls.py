"""URLs: both pages of a ChargeView at once."""

from __future__ import annotations

from typing import cast

from django.urls import URLPattern, path

from .views import ChargeView, CheckoutView


def checkout_urls(
    view: type[ChargeView], *, checkout: str = "checkout", charge: str = "charge"
) -> tuple[list[URLPattern], str]:
    """Return the card form and the charge, for `path("", include(checkout_urls(Buy)))`.

    They are reversed as "tokencharge:checkout" and "tokencharge:charge". A site with several shops tells them apart
    by `include(..., namespace="tickets")`; what the prefix captures is in the view's `kwargs`.

    Args:
        view: Your view. The card form is a view of the same class but for its `get`.
        checkout: The path of the card form.
        charge: The path it posts to.
    """
    methods = ["get", "head", "options"]
    page = cast(
        "type[ChargeView]", type(view.__name__, (view,), {"get": CheckoutView.get, "http_method_names": methods})
    )
    return [path(checkout, page.as_view(), name="checkout"), path(charge, view.as_view(), name="charge")], "tokencharge"
