"""3-D Secure: the bank's page for the customer, and the effect of the answer."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import quote, urlencode

from ... import Money
from ..language.kinds import Kind
from ..language.refusals import Refusal
from ..language.wire import JSON, Request, Response, decode_body, decode_form
from ..objects import confirming, methods, setting_up
from ..state.account import Account, Visit
from ..state.shelf import Kept

PATH = "/3d_secure/"
"""The path of the page; the id of the PaymentIntent or SetupIntent follows."""

_WAY_BACK = re.compile(r"(?P<where>(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://[^#]*)(?P<fragment>.*)")
_IN_URLS = "%!#$&'()*+,/:;=?@[]~"
_SCRIPTS = ("javascript", "vbscript", "data", "blob", "file")
"""Schemes of `return_url` that lead neither to a site nor to an app."""

_AUTHENTICATE = {
    Kind.PAYMENT_INTENT: confirming.authenticate,
    Kind.SETUP_INTENT: setting_up.authenticate,
}

_BUTTONS = """<form method="post">
    <button name="outcome" value="approve">Approve</button>
    <button name="outcome" value="fail">Fail</button>
  </form>"""


def end(account: Account, name: str, *, approve: bool) -> JSON:
    """Pass or fail the authentication of an intent, and return the intent.

    The intent is returned even if the card is then declined.

    Raises:
        ValueError: The intent does not ask for authentication.
    """
    intent = _find(account, name)
    if intent is None or intent.json["status"] != "requires_action":
        raise ValueError("This intent asks for no authentication.")
    with suppress(Refusal):
        _AUTHENTICATE[intent.kind](Visit(account), intent, approve=approve)
    return intent.json


def page(account: Account, request: Request) -> Response:
    """Show the customer the question (GET), or take the answer (POST).

    Whoever knows the intent's client secret counts as the customer. In a frame, the
    shop's page gets a message after the answer. Otherwise the customer is sent to the
    `return_url`, if there is one.
    """
    name = request.path.removeprefix(PATH)
    secret = decode_form(request.query).get("client_secret")
    intent = _find(account, name)
    if intent is None or secret != intent.json["client_secret"]:
        return Response(404, {"content-type": "text/plain"}, b"There is nothing here.\n")
    if intent.asked is None:
        return _shown(
            "This is done", "The bank has had its answer: you can close this page.", "", "done"
        )
    if request.method != "POST":
        return _question(intent, intent.asked)
    return_url = intent.json["next_action"].get("redirect_to_url", {}).get("return_url", "")
    approve = decode_body(request.body).get("outcome") == "approve"
    where = _back(return_url, intent.kind, end(account, name, approve=approve))
    return page(account, request) if where is None else Response(303, {"location": where})


def _question(intent: Kept, asked: Kept) -> Response:
    last4 = methods.held(asked).json["last4"]
    if intent.kind is Kind.SETUP_INTENT:
        text = f"A shop wants to keep your card that ends in {last4}, for payments to come."
        return _shown("Is it you who is saving a card?", text, _BUTTONS, "")
    amount = Money(intent.json["amount"], intent.json["currency"])
    text = f"A shop wants {amount} from your card that ends in {last4}."
    return _shown("Is it you who is paying?", text, _BUTTONS, "")


def _back(return_url: str, kind: Kind, intent: JSON) -> str | None:
    """Return the shop's URL with the news of an intent; None if the shop gave none."""
    # The URL becomes a header. So what cannot stand in a URL is encoded, above all line
    # breaks.
    back = _WAY_BACK.fullmatch(quote(return_url, safe=_IN_URLS))
    if back is None or back["scheme"].lower() in _SCRIPTS:
        return None
    failed = intent["status"] == "requires_payment_method"
    news = {
        kind.value: intent["id"],
        f"{kind.value}_client_secret": intent["client_secret"],
        "redirect_status": "failed" if failed else "succeeded",
    }
    joint = "&" if "?" in back["where"] else "?"
    return f"{back['where']}{joint}{urlencode(news)}{back['fragment']}"


def _find(account: Account, name: str) -> Kept | None:
    intent = account.look_up(name)
    return intent if intent is not None and intent.kind in _AUTHENTICATE else None


def _shown(heading: str, text: str, form: str, news: str) -> Response:
    body = _template().substitute(heading=heading, text=escape(text), form=form, news=news)
    return Response(200, {"content-type": "text/html; charset=utf-8"}, body.encode())


@cache
def _template() -> Template:
    return Template(
        files("tokencharge.sandbox.browser")
        .joinpath("stripejs/three_d_secure.html")
        .read_text(encoding="utf-8")
    )
