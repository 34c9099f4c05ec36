"""The buyer's browser, in process: make tokens and PaymentMethods, pass 3-D Secure."""

from __future__ import annotations

import time

from .browser import three_d_secure
from .language.refusals import Refusal
from .language.wire import JSON, Request, Response
from .service.engine import Engine


class Buyer:
    """The buyer's side of the account; its requests are not recorded."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def card(self, number: str, exp_month: int, exp_year: int | None, cvc: str) -> dict[str, str]:
        """Return a card's details; without a year, the card expires next year."""
        year = exp_year or time.gmtime(self._engine.account.now()).tm_year + 1
        return {"number": number, "exp_month": str(exp_month), "exp_year": str(year), "cvc": cvc}

    def made(self, resource: str, form: JSON) -> str:
        """Create the object that Stripe.js creates from a form; return its id.

        Raises:
            ValueError: Stripe.js would show an error, for example for an impossible
                number.
        """
        try:
            return str(self._engine.run("POST", f"/v1/{resource}", form)["id"])
        except Refusal as refusal:
            raise ValueError(refusal.message) from None

    def authenticate(self, intent_id: str, *, approve: bool) -> JSON:
        """Pass or fail 3-D Secure for an intent, and return the intent.

        Raises:
            ValueError: The intent does not ask for authentication.
        """
        with self._engine.lock:
            self._engine.account.settle()
            return three_d_secure.end(self._engine.account, intent_id, approve=approve)

    def bank_page(self, request: Request) -> Response:
        """Answer a request to the page on which the bank asks its customer."""
        with self._engine.lock:
            self._engine.account.settle()
            return three_d_secure.page(self._engine.account, request)
