"""The shop tested by unittest alone."""

from __future__ import annotations

import unittest
from pathlib import Path

from shop import PRICE, buy

from tokencharge.sandbox import Sandbox
from tokencharge.testing import assert_charged_once, sandbox_gateway, use_cassette

# Not in `cassettes`, where pytest would look for the test each one belongs to.
RECORDINGS = Path(__file__).parent / "recordings"


class BuyingTest(unittest.TestCase):
    """The same shop."""

    def setUp(self) -> None:
        self.sandbox = Sandbox()
        self.gateway = sandbox_gateway(self.sandbox)
        self.addCleanup(self.gateway.close)

    def test_buying(self) -> None:
        """A good card is charged the price, once."""
        buy(self.gateway, "order-1", self.sandbox.create_token(), "ada@example.com")

        assert_charged_once(self.sandbox, PRICE, order_id="order-1")

    def test_recorded(self) -> None:
        """A recording is replayed without pytest, too."""
        with use_cassette(RECORDINGS / "buying.yaml") as cassette, cassette.gateway() as gateway:
            told = buy(gateway, cassette.unique("order"), "tok_visa", "ada@example.com")

        self.assertEqual("You've been charged 5.00 USD.", told)  # noqa: PT009


if __name__ == "__main__":
    unittest.main()
