"""3-D Secure: the page on which a bank would ask its customer, and what becomes of the answer."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import urlencode

from ... import Money
from ..language.kinds import Kind
from ..language.refusals import Refusal
from ..language.wire import JSON, Request, Response, decode_form
from ..objects import confirming, payment_methods
from ..state.account import Account, Visit

PATH = "/3d_secure/"
"""Where the page is; the PaymentIntent's id follows."""

_BUTTONS = """<form method="post">
    <button name="outcome" value="approve">Approve</button>
    <button name="outcome" value="fail">Fail</button>
  </form>"""


def end(account: Account, name: str, *, approve: bool) -> JSON:
    """Pass or fail the authentication of a PaymentIntent; return it as it is then, declined or not.

    Raises:
        ValueError: It asks for none.
    """
    intent = confirming.waiting(account, name)
    if intent is None:
        raise ValueError("This PaymentIntent asks for no authentication.")
    with suppress(Refusal):
        confirming.authenticate(Visit(account), intent, approve=approve)
    return intent.json


def page(account: Account, request: Request) -> Response:
    """Ask the customer (GET), or take the answer (POST) and lead back to the shop.

    Whoever knows the PaymentIntent's client secret is taken for the customer. In a frame, the shop's page is told
    by a message; otherwise the customer is sent to the `return_url`, if there is one.
    """
    name = request.path.removeprefix(PATH)
    secret = decode_form(request.query).get("client_secret")
    intent = account.get(Kind.PAYMENT_INTENT, name)
    if intent is None or secret != intent.json["client_secret"]:
        return Response(404, {"content-type": "text/plain"}, b"There is nothing here.\n")
    if intent.asked is None:
        return _shown("This is done", "The bank has had its answer: you can close this page.", "", "done")
    if request.method != "POST":
        amount = Money(intent.json["amount"], intent.json["currency"])
        last4 = payment_methods.held(intent.asked).json["last4"]
        text = f"A shop wants {amount} from your card that ends in {last4}."
        return _shown("Is it you who is paying?", text, _BUTTONS, "")
    action = intent.json["next_action"]
    approve = decode_form(request.body.decode("utf-8", "replace")).get("outcome") == "approve"
    after = end(account, name, approve=approve)
    if action["type"] != "redirect_to_url":
        return page(account, request)
    back = action["redirect_to_url"]["return_url"]
    news = {
        "payment_intent": name,
        "payment_intent_client_secret": secret,
        "redirect_status": "failed" if after["status"] == "requires_payment_method" else "succeeded",
    }
    return Response(303, {"location": f"{back}{'&' if '?' in back else '?'}{urlencode(news)}"})


def _shown(heading: str, text: str, form: str, news: str) -> Response:
    body = _template().substitute(heading=heading, text=escape(text), form=form, news=news)
    return Response(200, {"content-type": "text/html; charset=utf-8"}, body.encode())


@cache
def _template() -> Template:
    return Template(
        files("tokencharge.sandbox.browser").joinpath("stripejs/three_d_secure.html").read_text(encoding="utf-8")
    )
