"""The errors: what each says, to whom, and that none is lost on the way to another process."""

from __future__ import annotations

import copy
import pickle
import traceback
from functools import partial

import pytest

import tokencharge
from tests.rows import each_row
from tokencharge import CardDeclined, TokenChargeError

# DESIGN: the HTTP status to answer with, and whether calling
# again with the same arguments may help.
TABLE = {
    "ConfigurationError": (500, False),
    "InvalidInput": (400, False),
    "CardDeclined": (402, False),
    "AuthenticationRequired": (402, False),
    "PaymentPending": (202, False),
    "TokenRejected": (400, False),
    "InvalidRequest": (500, False),
    "CardTokensRefused": (500, False),
    "ChargeRefused": (429, False),
    "CrossSiteRequest": (403, False),
    "PageExpired": (400, False),
    "OrderChanged": (409, False),
    "OrderConflict": (409, False),
    "OrderInProgress": (409, True),
    "AuthenticationFailed": (500, False),
    "RateLimited": (503, True),
    "GatewayUnavailable": (503, True),
    "OutcomeUnknown": (502, True),
    "InvalidSignature": (400, False),
    "InvalidEvent": (400, False),
}
KINDS = [getattr(tokencharge, name) for name in TABLE]
DETAILS = {
    "code": "card_declined",
    "decline_code": "stolen_card",
    "param": "source",
    "http_status": 402,
    "request_id": "req_1",
    "step": "charge",
    "order_id": "order-7",
    "customer_id": "cus_1",
    "charge_id": "ch_1",
    "replayed": True,
    "payment_intent_id": "pi_1",
}


def complete(kind, message):
    """Build an error that knows everything an error can know."""
    error = kind(message, **DETAILS)
    error.client_secret = "pi_1_secret_9"
    return error


def by_pickle(error, protocol):
    return pickle.loads(pickle.dumps(error, protocol))


AGAIN = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {n}": partial(by_pickle, protocol=n) for n in range(6)},
}


def details(error):
    return {name: getattr(error, name) for name in ["message", "client_secret", *DETAILS]}


def test_the_table_has_every_error():
    """Every public error below the base is in the table of this
    file, and the base stands above all."""
    public = [getattr(tokencharge, name) for name in tokencharge.__all__]
    errors = {
        kind for kind in public if isinstance(kind, type) and issubclass(kind, TokenChargeError)
    }

    assert errors == {TokenChargeError, *KINDS}


@each_row("kind", KINDS)
def test_each_error_says_what_to_answer_and_whether_to_call_again(kind):
    """The suggested status and `retryable` are those of the design."""
    assert TABLE[kind.__name__] == (kind.suggested_status, kind.retryable)
    assert TABLE[kind.__name__] == (kind("x").suggested_status, kind("x").retryable)


@each_row("again", AGAIN)
@each_row("kind", [TokenChargeError, *KINDS])
def test_an_error_survives_copying_and_pickling(kind, again):
    """A copy has the class, the message and every detail, also one set later."""
    error = kind("What happened.", **{**DETAILS, "customer_id": None})
    error.customer_id = "cus_set_later"

    twin = again(error)

    assert kind is type(twin)
    assert details(error) == details(twin)
    assert "cus_set_later" == twin.customer_id
    assert "What happened." == str(twin)
    assert repr(error) == repr(twin)


def test_a_deep_copy_keeps_the_client_secret_and_a_pickle_does_not():
    """The one stays in the process, the other may go anywhere."""
    error = complete(tokencharge.AuthenticationRequired, "What happened.")

    assert "pi_1_secret_9" == copy.deepcopy(error).client_secret
    assert pickle.loads(pickle.dumps(error)).client_secret is None


@each_row("kind", [TokenChargeError, *KINDS])
def test_an_error_prints_well(kind):
    """`str` is the message; repr names the class and what is known, and never the client secret."""
    error = complete(kind, "What happened.")
    bare = kind("What happened.")

    assert "What happened." == str(error)
    assert repr(error).startswith(f"{kind.__name__}(message='What happened.', code='card_declined'")
    assert "request_id='req_1'" in repr(error)
    assert f"{kind.__name__}(message='What happened.')" == repr(bare)
    assert "pi_1_secret_9" not in repr(error) + str(error)
    assert (
        f"tokencharge.errors.{kind.__name__}: What happened.\n"
        == traceback.format_exception_only(error)[-1]
    )


def test_the_client_secret_is_not_among_an_errors_args():
    """What error trackers collect of an exception, its args, has no secret."""
    error = complete(tokencharge.AuthenticationRequired, "What happened.")

    assert "pi_1_secret_9" not in repr(error.args)


@each_row("kind", [TokenChargeError, *KINDS])
def test_the_public_message_has_no_words_of_stripes(kind):
    """What a buyer reads is ours, whatever the message for developers quotes."""
    error = complete(kind, "Stripe says: xyzzy")

    assert "xyzzy" not in error.public_message
    assert "Stripe" not in error.public_message
    assert [] == [
        name
        for name in DETAILS
        if "_" in str(DETAILS[name]) and DETAILS[name] in error.public_message
    ]
    assert error.public_message.endswith(".")


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.__name__ in {"OutcomeUnknown", "PaymentPending"}]
)
def test_an_unknown_outcome_never_promises_that_nothing_was_charged(kind):
    """The buyer is told not to pay again, and not that nothing happened."""
    assert "do not pay again" in kind("x").public_message
    assert "not charged" not in kind("x").public_message


def test_two_errors_are_two():
    """Errors are compared by identity, as exceptions are, and can stand in a set."""
    assert CardDeclined("x") != CardDeclined("x")
    assert 2 == len({CardDeclined("x"), CardDeclined("x")})


def test_bad_input_is_a_value_error():
    """Code that catches ValueError catches InvalidInput."""
    with pytest.raises(ValueError, match="amount"):
        tokencharge.Money(1.5, "usd")  # type: ignore[arg-type]
