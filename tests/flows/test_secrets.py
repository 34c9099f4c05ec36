"""Secrets: no key, token, card number or e-mail in any log record, repr,
traceback, argument or pickle of ours."""

from __future__ import annotations

import logging
import pickle
import traceback

import pytest

from tests.flows.line import Line, answer, lose, refuse
from tests.rows import each_row
from tokencharge import Money, TokenChargeError
from tokencharge.sandbox import Rules, Sandbox

KEY = "sk_test_51HunterTwoHunterTwo"
EMAIL = "ada.lovelace@example.com"
RECEIPT = "charles.babbage@example.com"
CARD = "4000056655665556"
FIVE = Money(500, "usd")


def echo(request):
    """What a careless proxy does: it answers with all it was sent."""
    return b"<html>" + repr(dict(request.headers)).encode() + request.body + b"</html>"


def quoting(status, **error):
    """An error of Stripe's that quotes everything it can."""

    def action(request):
        form = request.form
        quoted = (
            f"{form.get('source')} {form.get('email')} {form.get('receipt_email')} {KEY}"
            f" {CARD[:4]} {CARD[4:]}"
        )
        return refuse(status, quoted + " " + CARD, param=form.get("source", "x"), **error)(request)

    return action


def echoing(status):
    return lambda request: answer(status, echo(request))(request)


def quoting_json(status):
    def action(request):
        return answer(
            status, {"form": request.form, "headers": dict(request.headers), "card": CARD}
        )(request)

    return action


TROUBLES = {
    "none": [],
    **{
        f"quoted {status}": [quoting(status)] * 3
        for status in (302, 400, 401, 402, 403, 404, 409, 429, 500)
    },
    "quoted token": [quoting(400, code="token_already_used")],
    "quoted conflict": [quoting(400, type="idempotency_error")] * 3,
    **{f"echoed {status}": [echoing(status)] * 3 for status in (200, 301, 400, 402, 502)},
    **{f"echoed JSON {status}": [quoting_json(status)] * 3 for status in (200, 302, 402, 500)},
    "reset": [lose(ConnectionResetError(104, "Connection reset by peer"))] * 3,
    "refused": [lose(ConnectionRefusedError(111, "Connection refused"))] * 3,
}


def chain(error):
    """An error, its causes and its contexts, whether or not a traceback shows them."""
    seen, left = [], [error]
    while left:
        each = left.pop()
        if each is not None and each not in seen:
            seen.append(each)
            left += [each.__cause__, each.__context__]
    return seen


def shown(error):
    """Everything an error tracker, a log or a queue may get hold of."""
    texts = ["".join(traceback.format_exception(error)), pickle.dumps(error).decode("latin-1")]
    for each in chain(error):
        texts += [repr(each), str(each), repr(each.args), repr(vars(each))]
        texts += [str(getattr(each, "__notes__", "")), getattr(each, "public_message", "")]
    return "\n".join(texts)


def every_flow(gateway, token):
    """Each method once, as far as it gets; what it raised or returned."""
    results = []

    def run(method, *arguments, **options):
        try:
            results.append(getattr(gateway, method)(*arguments, **options))
        except TokenChargeError as error:
            results.append(error)

    run("charge", token, EMAIL, FIVE, receipt_email=RECEIPT)
    run("charge", token, EMAIL, FIVE, receipt_email=RECEIPT, order_id="order-7")
    run("charge", token, EMAIL, FIVE, customer="cus_1", order_id="order-7")
    run("charge_customer", "cus_1", FIVE, order_id="order-8", receipt_email=RECEIPT)
    run("capture", "ch_1")
    run("void", "ch_1")
    run("refund", "ch_1", Money(100, "usd"))
    run("find", "order-7")
    run("find", "order-7", customer="cus_1")
    run("get_charge", "ch_1")
    run("get_customer", "cus_1")
    run("charge", CARD, EMAIL, FIVE)
    run("charge", token, RECEIPT, FIVE, receipt_email=EMAIL + "@")
    run("refund", "ch_1", reason=CARD)
    return results


@pytest.mark.parametrize(
    ("route", "place"),
    [
        *(("charges", place) for place in ("* /v1/customers*", "* /v1/charges*", "*")),
        *(
            ("payment_intents", place)
            for place in ("* /v1/payment_methods", "* /v1/payment_intents*", "*")
        ),
    ],
)
@each_row("trouble", TROUBLES)
def test_nothing_of_ours_shows_a_secret(caplog, trouble, route, place):
    """Whatever happens to a call, what comes out of the library is clean, its causes included."""
    caplog.clear()
    sandbox = Sandbox(secret_key=KEY, rules=Rules(card_tokens=route == "charges"))
    line = Line(sandbox, route)
    token = sandbox.create_token(CARD)
    gateway = line.gateway()
    caplog.set_level(logging.DEBUG, logger="tokencharge")
    line.plan(place, *trouble * 40)
    results = every_flow(gateway, token)
    errors = [result for result in results if isinstance(result, TokenChargeError)]
    records = [record for record in caplog.records if record.name.startswith("tokencharge")]
    text = "\n".join(
        [*map(shown, errors), *map(repr, results), repr(gateway), repr(gateway.settings)]
    )
    text += "\n".join(
        f"{record.getMessage()} {record.args!r} {record.__dict__}" for record in records
    )
    secrets = (KEY, token, token[4:], EMAIL, RECEIPT, "lovelace", "babbage", CARD, CARD[4:])

    assert errors
    assert [] == [secret for secret in secrets if secret in text]
