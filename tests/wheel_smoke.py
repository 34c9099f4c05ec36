"""Buy something with an installed wheel: `nox -s wheel` runs this where there is no src/."""

from __future__ import annotations

import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import tokencharge
from tokencharge import Language, Money, PaymentGateway, TokenChargeError
from tokencharge.sandbox import Sandbox

sandbox = Sandbox()
with PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client()) as gateway:
    payment = gateway.charge(
        token=sandbox.create_token(), email="ada@example.com", amount=Money(500, "usd")
    )

assert Path(tokencharge.__file__).is_relative_to(sys.prefix)
assert version("tokencharge") == tokencharge.__version__
for part in (
    "py.typed",
    "assets/static/tokencharge/tokencharge.js",
    "assets/static/tokencharge/tokencharge.css",
    "assets/templates/tokencharge/checkout.html",
    "sandbox/browser/stripejs/stripe.js",
    "languages/zh_Hans/LC_MESSAGES/tokencharge.mo",
):
    assert files("tokencharge").joinpath(part).is_file(), part
assert not [*Path(tokencharge.__file__).parent.rglob("*.po")]
assert TokenChargeError("").message_for("de").startswith("Auf unserer Seite")
assert Language("de").price(payment.charge.amount) == "5,00\N{NO-BREAK SPACE}$"
assert [payment.charge] == sandbox.charges
print(f"tokencharge {tokencharge.__version__} from its wheel: {payment.charge.amount} charged once")
