"""What all apps share.

That is the templates with their links and tokens, and the answer to an error that
nobody caught.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, g, render_template, request, url_for
from markupsafe import Markup

from .. import TokenChargeError
from ..web import with_query

assets = Blueprint(
    "tokencharge_assets",
    "tokencharge",
    "assets/static/tokencharge",
    "/tokencharge/static",
    "assets/templates",
)


def page(template: str, context: Mapping[str, Any], name: str) -> str:
    """Render a template for the extension with a name."""
    # A view of the site's own gets the form posted back to itself: only it knows the
    # order.
    other = None if request.blueprint == name else request.endpoint
    links = {
        "charge_url": link(other or f"{name}.charge"),
        "checkout_url": link(other or f"{name}.checkout"),
        "script_url": url_for("tokencharge_assets.static", filename="tokencharge.js"),
        "style_url": url_for("tokencharge_assets.static", filename="tokencharge.css"),
        "csrf_input": _csrf_input(),
        "csp_nonce": _csp_nonce(),
    }
    return render_template(template, **context, **links)


def link(endpoint: str) -> str:
    """Return the path of a page with the request's captured values and its query."""
    return with_query(
        url_for(endpoint, **(request.view_args or {})), request.query_string.decode("latin-1")
    )


def _csp_nonce() -> object:
    """Return the request's nonce, if the app has one as flask-talisman does."""
    nonce = current_app.jinja_env.globals.get("csp_nonce")
    return nonce() if callable(nonce) else nonce or ""


def _csrf_input() -> Markup:
    csrf_token = current_app.jinja_env.globals.get("csrf_token")
    name = current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token")
    field = Markup('<input type="hidden" name="{}" value="{}">')
    return field.format(name, csrf_token()) if callable(csrf_token) else Markup("")


@assets.app_errorhandler(TokenChargeError)
def _answer_failure(error: TokenChargeError) -> Any:
    failed, answer = g.get("tokencharge_failure", (None, None))
    if failed is not error:
        raise error  # the error of another call, such as a refund: not for the buyer's page
    return answer()
