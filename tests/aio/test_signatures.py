"""What editors, help() and Python itself say of the methods of both gateways."""

from __future__ import annotations

import inspect
import typing

import pytest

from tests.rows import each_row
from tokencharge import (
    AsyncPaymentGateway,
    Charge,
    Money,
    Payment,
    PaymentGateway,
    Refund,
    Settings,
)

GATEWAYS = [PaymentGateway, AsyncPaymentGateway]
RETURNED = {
    "charge": Payment,
    "charge_customer": Payment,
    "capture": Charge,
    "void": Charge,
    "refund": Refund,
    "find": Payment | None,
    "complete": Payment,
    "get_charge": Charge,
}


def methods(kind):
    return [name for name, each in inspect.getmembers(kind, callable) if not name.startswith("_")]


@each_row(("kind", "name"), [(kind, name) for kind in GATEWAYS for name in methods(kind)])
def test_the_hints_of_a_method_resolve(kind, name):
    """Each parameter and what is returned has a type that tools can find."""
    hints = typing.get_type_hints(getattr(kind, name))
    parameters = [
        each
        for each in inspect.signature(getattr(kind, name)).parameters
        if each not in {"self", "gateway"}
    ]

    assert not {*parameters, "return"} - hints.keys()
    assert RETURNED.get(name, hints["return"]) == hints["return"]


@pytest.mark.parametrize(
    ("arguments", "named", "said"),
    [
        (
            ["tok_visa"],
            {},
            "PaymentGateway.charge() missing 2 required positional arguments: 'email' and 'amount'",
        ),
        (
            ["tok_visa", "ada@example.com", Money(500, "usd")],
            {"orderid": "7"},
            "PaymentGateway.charge() got an unexpected keyword argument 'orderid'",
        ),
    ],
    ids=["missing", "misspelt"],
)
def test_a_wrong_argument_is_named_with_the_method(arguments, named, said):
    """It says which method of which class, as for any other."""
    with pytest.raises(TypeError) as raised:
        PaymentGateway("sk_test_1234").charge(*arguments, **named)

    assert str(raised.value).startswith(said)


@pytest.mark.parametrize("kind", GATEWAYS)
def test_defaults_are_those_of_the_settings(kind):
    """A gateway made by hand is one made of settings that nobody has set."""
    parameters = inspect.signature(kind).parameters
    unset = Settings("sk_test_1234")
    shared = [name for name in parameters if name not in {"secret_key", "http_client"}]

    assert {name: getattr(unset, name) for name in shared} == {
        name: parameters[name].default for name in shared
    }
