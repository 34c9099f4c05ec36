"""3-D Secure: the page on which a bank would ask its customer, and what becomes of the answer."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import urlencode

from ... import Money
from ..language.refusals import Refusal
from ..language.wire import JSON, Request, Response, decode_form
from ..objects.attempts import authenticate
from ..state.account import Account

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
    intent = account.objects["payment_intent"].get(name)
    if intent is None or intent["status"] != "requires_action":
        raise ValueError("This PaymentIntent asks for no authentication.")
    try:
        return authenticate(account, intent, approve=approve)
    except Refusal:
        return account.objects["payment_intent"][name]


def page(account: Account, request: Request) -> Response:
    """Ask the customer (GET), or take the answer (POST) and lead back to the shop.

    Whoever knows the PaymentIntent's client secret is taken for the customer. In a frame, the shop's page is told
    by a message; otherwise the customer is sent to the `return_url`, if there is one.
    """
    name = request.path.removeprefix(PATH)
    secret = decode_form(request.query).get("client_secret")
    intent = account.objects["payment_intent"].get(name)
    if intent is None or secret != intent["client_secret"]:
        return Response(404, {"content-type": "text/plain"}, b"There is nothing here.\n")
    if intent["status"] != "requires_action":
        return _shown("This is done", "The bank has had its answer: you can close this page.", "", "done")
    if request.method != "POST":
        amount = Money(intent["amount"], intent["currency"])
        _, held = account.asked[name]
        text = f"A shop wants {amount} from your card that ends in {held.json['last4']}."
        return _shown("Is it you who is paying?", text, _BUTTONS, "")
    action = intent["next_action"]
    intent = end(
        account, name, approve=decode_form(request.body.decode("utf-8", "replace")).get("outcome") == "approve"
    )
    if action["type"] != "redirect_to_url":
        return page(account, request)
    back = action["redirect_to_url"]["return_url"]
    news = {
        "payment_intent": name,
        "payment_intent_client_secret": secret,
        "redirect_status": "failed" if intent["status"] == "requires_payment_method" else "succeeded",
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
