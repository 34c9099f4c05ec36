"""The rules of the two pages.

They decide what the gateway is asked, which hooks are called, and what the buyer sees.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from ..errors import (
    ConfigurationError,
    CrossSiteRequest,
    OrderConflict,
    PageExpired,
    TokenChargeError,
)
from ..gateway import PaymentGateway
from ..languages import Language
from ..order import Order
from ..results import Payment
from ..settings import Settings
from . import pages
from .fields import Incoming
from .hooks import ask_whether_allowed, tell_of_failure, tell_of_payment
from .offering import Offer, offering
from .origins import hold_to_own_site, read_origins
from .reply import CAREFUL, Reply, careful, describe_error, describe_payment
from .submission import Submission, check_found, hold_to_what_was_shown, read_submission
from .success import SuccessUrl, read_success_url, where_to
from .typed import Typed, was_unclear
from .words import Say, read_languages

logger = logging.getLogger("tokencharge")


class Checkout:
    """The rules of the two pages, `/checkout` and `/charge`.

    Args:
        settings: The keys that the page shows and the gateway uses.
        before_charge: Each hook is called with the framework's request before a charge.
            It refuses the charge, for example against card testing, if it raises
            `ChargeRefused` or returns a false value other than None.
        on_payment: Each hook is called with the Payment, also with a replayed one. If a
            hook raises, the error is logged, the other hooks are still called, and the
            buyer still sees that they paid.
        on_failure: Each hook is called with the TokenChargeError. If a hook raises, the
            error is logged.
        trusted_origins: Other origins whose pages may post a charge, such as
            `https://shop.example`. They are needed if the front end is on another host,
            or if a proxy hides the host that browsers see.
        success_url: Where the buyer goes once they have paid. A function is not asked
            for an order that is `paid=True`, because there is no Payment to pass.
        languages: The languages to choose the buyer's language from, `["de", "fr"]`;
            all languages of the library if not given. The first is for buyers who ask
            for none of them. If there is only one, all buyers get it.

    Raises:
        ConfigurationError: A trusted origin is no origin, or the library does not have
            one of the languages.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        before_charge: Iterable[Callable[[Any], object]] = (),
        on_payment: Iterable[Callable[[Payment], object]] = (),
        on_failure: Iterable[Callable[[TokenChargeError], object]] = (),
        trusted_origins: Iterable[str] = (),
        success_url: SuccessUrl = None,
        languages: Iterable[str] | None = None,
    ) -> None:
        self.languages = read_languages(languages)
        self.success_url = read_success_url(success_url)
        self.settings = settings
        self.before_charge = tuple(before_charge)
        self.on_payment = tuple(on_payment)
        self.on_failure = tuple(on_failure)
        self.trusted_origins = read_origins(trusted_origins)

    @contextmanager
    def submission(
        self, incoming: Incoming, order: Order, *, own_page: bool = False
    ) -> Iterator[Submission]:
        """Read a submission for the charge that is made inside the block.

        Before the block, the host may refuse the charge. After it, the host's hooks are
        called with the result.

        Args:
            incoming: The request.
            order: What is to be paid.
            own_page: It was posted to a page of the library, whose form says what it
                showed.

        Raises:
            CrossSiteRequest: A page of another site sent it.
            InvalidInput: The submission cannot be read.
            ChargeRefused: The host refused.
            OrderConflict: The order says that it is paid.
            OrderChanged: The page showed another price than the order has.
            TokenChargeError: What the gateway raised inside the block.
        """
        hold_to_own_site(incoming, self.trusted_origins)
        try:
            if order.paid:
                raise OrderConflict(
                    "This order says that it is paid: nothing was sent.", order_id=order.order_id
                )
            # This frame is in the traceback of what a hook raises, so it must not hold
            # a token.
            submission = read_submission(incoming, order)
            ask_whether_allowed(self.before_charge, incoming.request, order.order_id)
            # Browsers send the origin of the page that posts. A script of the host's
            # own may not know the field `shown`.
            browser = bool(incoming.origin or incoming.fetch_site) and not incoming.wants_json
            hold_to_what_was_shown(submission, order, must_say=own_page and browser)
            yield submission
            if submission.looks:
                check_found(submission.payment, order)
        except BaseException as ended:
            # What stops a call while a request is out, such as a CancelledError, has an
            # OutcomeUnknown as its __cause__.
            error = ended if isinstance(ended, TokenChargeError) else ended.__cause__
            if isinstance(error, TokenChargeError):
                tell_of_failure(self.on_failure, error)
            raise
        paid = submission.payment
        if paid is not None:
            tell_of_payment(self.on_payment, paid)

    def charge(
        self, incoming: Incoming, order: Order, gateway: PaymentGateway, *, own_page: bool = False
    ) -> Payment:
        """Charge what a request submits; `own_page` is as for `submission`.

        Raises:
            TokenChargeError: As listed on `submission`.
        """
        with self.submission(incoming, order, own_page=own_page) as submission:
            payment: Payment = submission.ask(gateway)
            submission.payment = payment
        return payment

    def answer(
        self,
        incoming: Incoming,
        order: Order | Callable[[], Order],
        gateway: PaymentGateway,
        *,
        expired: bool = False,
    ) -> Reply:
        """Answer POST /charge: charge, and answer with the result.

        Args:
            incoming: The request.
            order: The order, or a function that asks the host for it. If that function
                fails, it is the shop's mistake.
            gateway: The gateway that charges.
            expired: The CSRF token is no longer valid: nothing is charged, and the form
                is shown again with a new token.
        """
        known = self.admit(incoming, order)
        if isinstance(known, Reply):
            return known
        try:
            if expired:
                raise PageExpired("The CSRF token is missing or has expired.")
            payment = self.charge(incoming, known, gateway, own_page=True)
        except TokenChargeError as error:
            return self.answer_failure(error, incoming, known, gateway)
        return self.paid(payment, incoming)

    def answer_failure(
        self, error: TokenChargeError, incoming: Incoming, order: Order, gateway: PaymentGateway
    ) -> Reply:
        """Answer POST /charge after a failure, as `failed` does.

        If a form is shown, it has the saved cards.
        """
        with self.offering(order, after=(error, incoming)) as offer:
            if offer.customer is not None:
                offer.cards = gateway.cards(offer.customer)
        return self.failed(error, incoming, order, offer)

    def admit(self, incoming: Incoming, order: Order | Callable[[], Order]) -> Order | Reply:
        """Return the order that POST /charge charges, or the answer if it charges none.

        Args:
            incoming: The request.
            order: As for `answer`.
        """
        try:
            hold_to_own_site(incoming, self.trusted_origins)
        except CrossSiteRequest as error:
            return self._problem(error, incoming)
        try:
            known = order() if callable(order) else order
        except TokenChargeError as error:
            logger.error("There is no order to pay: %s", error, exc_info=error)  # noqa: TRY400 - the error is named
            return self._problem(ConfigurationError(error.message), incoming)
        if known.paid:
            return self._settled(known, incoming)
        return known

    def _page(self, order: Order, language: str, offer: Offer) -> Reply:
        spoken = Language.of(language, self.languages)
        if isinstance(order.paid, Payment):
            return pages.charged(order.paid, spoken, seen=False)
        if order.paid:
            return pages.settled(order, spoken)
        return pages.first(self.settings, order, spoken, offer)

    def _settled(self, order: Order, incoming: Incoming) -> Reply:
        """Answer POST /charge for an order that says it is paid.

        A buyer who pressed twice is led where the first press led. One whose page
        showed another price is told that the order is paid, and led nowhere.
        """
        if isinstance(order.paid, Payment):
            return self.paid(attrs.evolve(order.paid, replayed=True), incoming)
        language = self._language(incoming)
        page, url = pages.settled(order, language), self.success_url
        if Typed.of(incoming, order).shown not in (None, order.shown):
            error = describe_error(OrderConflict("The order is paid."), language)
            payload = {"error": {**error, "message": Say(language)["order_is_paid"]}}
            page = attrs.evolve(page, status=409, payload=payload)
        elif isinstance(url, str):
            page = attrs.evolve(page, payload={**page.payload, "success_url": url})
            if not incoming.wants_json:
                return Reply(303, page.payload, None, {}, {**CAREFUL, "Location": url})
        return attrs.evolve(page, template=None) if incoming.wants_json else page

    def elsewhere(self, checkout_url: str) -> Reply:
        """Answer GET /charge with a redirect to the form.

        The address was typed by hand, or comes from the browser's history.
        """
        return Reply(303, {}, None, {}, {**CAREFUL, "Location": checkout_url})

    @contextmanager
    def offering(
        self, order: Order, after: tuple[TokenChargeError, Incoming] | None = None
    ) -> Iterator[Offer]:
        """List the saved cards that a page offers, inside the block.

        If that fails, the page takes a new card.

            with checkout.offering(order) as offer:
                if offer.customer is not None:
                    offer.cards = await gateway.cards(offer.customer)
            reply = checkout.shown(incoming, order, offer)

        Args:
            order: What is to be paid.
            after: The failure that the page shows, and the request that it answers.
        """
        wanted = True
        if after is not None:
            error, incoming = after
            form = not incoming.wants_json and not isinstance(error, CrossSiteRequest)
            wanted = form and pages.is_payable(error, Typed.of(incoming, order))
        with offering(order, wanted=wanted) as offer:
            yield offer

    def show(self, incoming: Incoming, order: Order, gateway: PaymentGateway) -> Reply:
        """Answer GET /checkout, as `shown` does.

        The page has the saved cards if the order offers them.
        """
        with self.offering(order) as offer:
            if offer.customer is not None:
                offer.cards = gateway.cards(offer.customer)
        return self.shown(incoming, order, offer)

    def shown(self, incoming: Incoming, order: Order, offer: Offer) -> Reply:
        """Answer GET /checkout with the `page`.

        A script gets the same as JSON: the order, and the saved cards.
        """
        if incoming.wants_json:
            page = self._page(order, incoming.language, offer)
            return attrs.evolve(page, template=None)
        return self.page(order, incoming.language, offer)

    def page(self, order: Order, language: str = "", offer: Offer | None = None) -> Reply:
        """Make the page with the form.

        For an order that says it is paid, make the page that says so.

        Args:
            order: What is to be paid.
            language: The buyer's language, as in `Incoming`.
            offer: The buyer's saved cards, from `offering`; none if not given.

        Raises:
            ConfigurationError: There is no publishable key for the page.
        """
        if not order.paid and self.settings.publishable_key is None:
            raise ConfigurationError(
                "STRIPE_PUBLISHABLE_KEY is not set: the checkout page needs it (pk_test_...)."
            )
        return self._page(order, language, offer or Offer())

    def paid(self, payment: Payment, incoming: Incoming) -> Reply:
        """Answer POST /charge after a charge.

        The page says "You've been charged", or `success_url` sends the buyer elsewhere.
        A script gets the payment as JSON.
        """
        payload: dict[str, Any] = {"payment": describe_payment(payment)}
        url = where_to(self.success_url, payment)
        if url is not None:
            payload["success_url"] = url
        if incoming.wants_json:
            return Reply(200, payload, None, {}, CAREFUL)
        if url is not None:
            return Reply(303, payload, None, {}, {**CAREFUL, "Location": url})
        # A buyer who waited for their bank, or for an unknown outcome, has not seen
        # this payment before.
        seen = payment.replayed and not was_unclear(incoming)
        return pages.charged(payment, self._language(incoming), seen=seen)

    def failed(
        self, error: TokenChargeError, incoming: Incoming, order: Order, offer: Offer | None = None
    ) -> Reply:
        """Answer POST /charge after a failure.

        The answer is the form again with a sentence, or the error as JSON. If the bank
        asks the buyer to authenticate, both have `authentication`: what Stripe.js needs
        for it. Afterwards the browser sends the same submission again, whatever the
        bank said. The answer to that is the result.

        Args:
            error: The failure.
            incoming: The request.
            order: What is to be paid.
            offer: The buyer's saved cards, from `offering`.
        """
        if isinstance(error, CrossSiteRequest):
            return self._problem(error, incoming)
        if order.paid:
            return self._settled(order, incoming)
        language = self._language(incoming)
        if incoming.wants_json:
            return Reply(
                error.suggested_status,
                {"error": describe_error(error, language)},
                None,
                {},
                careful(language),
            )
        typed = Typed.of(incoming, order)
        return pages.form_again(self.settings, error, order, typed, language, offer or Offer())

    def _problem(self, error: TokenChargeError, incoming: Incoming) -> Reply:
        page = pages.problem(error, self._language(incoming))
        return attrs.evolve(page, template=None) if incoming.wants_json else page

    def _language(self, incoming: Incoming) -> Language:
        return Language.of(incoming.language, self.languages)
