"""Whose page sent a request: the site's own, a trusted one, or any other."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from urllib.parse import SplitResult, urlsplit

from ..errors import ConfigurationError, CrossSiteRequest
from .fields import Incoming

logger = logging.getLogger("tokencharge")

_PORTS = {"http": 80, "https": 443}


def read_origins(origins: Iterable[str]) -> frozenset[str]:
    """Read the origins that a site trusts besides its own.

    Raises:
        ConfigurationError: One of them is no origin such as `https://shop.example`.
    """
    if isinstance(origins, str):
        raise ConfigurationError('Trusted origins are a list: write ["https://shop.example"].')
    read = frozenset(str(origin).rstrip("/").lower() for origin in origins)
    for origin in read:
        parts = _split(origin)
        if (
            parts is None
            or parts.scheme not in _PORTS
            or f"{parts.scheme}://{parts.netloc}" != origin
        ):
            raise ConfigurationError(
                "A trusted origin is a scheme and a host, such as https://shop.example."
            )
    return read


def hold_to_own_site(incoming: Incoming, trusted: Collection[str]) -> None:
    """Check that no page of another site sent a request.

    Raises:
        CrossSiteRequest: One did.
    """
    if _is_of_another_site(incoming, trusted):
        message = "A page of another site sent this request: trust its origin, if it is yours."
        logger.warning("A charge was refused: %s", message)
        raise CrossSiteRequest(message)


def _is_of_another_site(incoming: Incoming, trusted: Collection[str]) -> bool:
    """Tell whether a page of another site made the browser send a request.

    Browsers say so in Sec-Fetch-Site, on https and on this machine. They also say so in
    Origin, everywhere, with every POST that leaves its site
    (https://developer.mozilla.org/docs/Web/HTTP/Headers/Sec-Fetch-Site). A request with
    neither header comes from an old browser, or from no browser.
    """
    origin = incoming.origin.lower()
    if origin in trusted:
        return False
    if incoming.fetch_site:
        return incoming.fetch_site.lower() not in ("same-origin", "none")
    return bool(origin) and not _is_at(origin, incoming.host)


def _is_at(origin: str, host: str) -> bool:
    """Tell whether an origin is at a host.

    The scheme does not count, because a proxy may have changed it.
    """
    parts, ours = _split(origin), _split(f"{origin.partition(':')[0]}://{host}")
    if parts is None or ours is None or not parts.hostname:
        return False
    default = _PORTS.get(parts.scheme)
    return (parts.hostname, parts.port or default) == (ours.hostname, ours.port or default)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        return None if parts.port == 0 else parts
    except ValueError:
        return None
