"""Where a buyer goes once they have paid, if the host says so."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..errors import ConfigurationError
from ..results import Payment

SuccessUrl = str | Callable[[Payment], str | None] | None
"""A URL, or a function of the Payment that returns one, or None.

It is where a buyer goes once they have paid.
"""

logger = logging.getLogger("tokencharge")


def read_success_url(given: SuccessUrl) -> SuccessUrl:
    """Check a success URL, as far as possible before anyone has paid.

    Raises:
        ConfigurationError: It is no URL.
    """
    if given is not None and not callable(given) and not _is_url(given):
        raise ConfigurationError(
            "success_url is a URL in ASCII, such as /thanks, or a function of a Payment."
        )
    return given


def where_to(success_url: SuccessUrl, payment: Payment) -> str | None:
    """Return where to go, or None for the page that says that they paid.

    That page is also shown if the host's function fails.
    """
    if not callable(success_url):
        return success_url
    try:
        url: object = success_url(payment)
        if url is None or (isinstance(url, str) and _is_url(url)):
            return url
        logger.error(
            "success_url returned no URL (charge %s): the buyer sees our own page.",
            payment.charge.id,
        )
    except Exception:
        logger.exception(
            "success_url failed (charge %s): the buyer sees our own page.", payment.charge.id
        )
    return None


def _is_url(url: object) -> bool:
    return (
        isinstance(url, str)
        and bool(url)
        and url.isascii()
        and url.isprintable()
        and " " not in url
    )
