"""What the buyer's browser would do, in process: make tokens and PaymentMethods, pass 3-D Secure."""

from __future__ import annotations

import time

from .browser import three_d_secure
from .language.refusals import Refusal
from .language.wire import JSON, Request, Response
from .views import Views


class Buyer(Views):
    """The buyer's side of the account: nothing of it is on the record of requests."""

    def create_token(
        self,
        number: str = "4242424242424242",
        exp_month: int = 12,
        exp_year: int | None = None,
        cvc: str = "123",
        **fields: str,
    ) -> str:
        """Turn a card into a single-use token, as Stripe.js does in the browser.

        Args:
            number: The card's.
            exp_month: The card's.
            exp_year: The card's; next year if not given.
            cvc: The card's.
            fields: `name`, `address_line1`, `address_zip` and so on.

        Raises:
            ValueError: Stripe.js would show an error: a number that cannot be, say.
        """
        return self._made("tokens", {"card": {**self._card(number, exp_month, exp_year, cvc), **fields}})

    def create_payment_method(
        self,
        number: str = "4242424242424242",
        exp_month: int = 12,
        exp_year: int | None = None,
        cvc: str = "123",
        **billing_details: str,
    ) -> str:
        """Turn a card into a PaymentMethod, as Stripe.js does in the browser.

        Args:
            number: The card's.
            exp_month: The card's.
            exp_year: The card's; next year if not given.
            cvc: The card's.
            billing_details: `name`, `email` and `phone`.

        Raises:
            ValueError: Stripe.js would show an error.
        """
        return self._made("payment_methods", self._method(number, exp_month, exp_year, cvc, billing_details))

    def create_confirmation_token(
        self,
        number: str = "4242424242424242",
        exp_month: int = 12,
        exp_year: int | None = None,
        cvc: str = "123",
        *,
        return_url: str | None = None,
        setup_future_usage: str | None = None,
        **billing_details: str,
    ) -> str:
        """Turn a card into a confirmation token, as Stripe.js does from a Payment Element.

        Args:
            number: The card's.
            exp_month: The card's.
            exp_year: The card's; next year if not given.
            cvc: The card's.
            return_url: Where a page of the bank's is to lead back to.
            setup_future_usage: "off_session" or "on_session", to save the card for later.
            billing_details: `name`, `email` and `phone`.

        Raises:
            ValueError: Stripe.js would show an error.
        """
        method = self._method(number, exp_month, exp_year, cvc, billing_details)
        wishes = {"return_url": return_url, "setup_future_usage": setup_future_usage}
        given = {name: value for name, value in wishes.items() if value is not None}
        form = {"payment_method_data": method, "use_stripe_sdk": "true", **given}
        return self._made("confirmation_tokens", form)

    def authenticate(self, payment_intent_id: str, *, approve: bool = True) -> JSON:
        """Pass or fail 3-D Secure for a PaymentIntent that asks for it; return the PaymentIntent as it is then.

        Raises:
            ValueError: It asks for nothing.
        """
        with self._engine.lock:
            self._account.settle()
            return three_d_secure.end(self._account, payment_intent_id, approve=approve)

    def _three_d_secure(self, request: Request) -> Response:
        with self._engine.lock:
            self._account.settle()
            return three_d_secure.page(self._account, request)

    def _card(self, number: str, exp_month: int, exp_year: int | None, cvc: str) -> dict[str, str]:
        year = exp_year or time.gmtime(self._account.now()).tm_year + 1
        return {"number": number, "exp_month": str(exp_month), "exp_year": str(year), "cvc": cvc}

    def _method(
        self, number: str, exp_month: int, exp_year: int | None, cvc: str, billing_details: dict[str, str]
    ) -> JSON:
        card = self._card(number, exp_month, exp_year, cvc)
        return {"type": "card", "card": card, "billing_details": billing_details}

    def _made(self, resource: str, form: JSON) -> str:
        try:
            return str(self._engine.run("POST", f"/v1/{resource}", form)["id"])
        except Refusal as refusal:
            raise ValueError(refusal.message) from None
