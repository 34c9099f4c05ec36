"""The Content-Security-Policy of the pages with the card form."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..settings import Settings


def content_security_policy(settings: Settings, assets_url: str = "") -> str:
    """Return a strict policy for pages with the card form.

    It allows Stripe's own hosts, and nothing inline. The directives are those that
    Stripe documents for Stripe.js
    (https://docs.stripe.com/security/guide#content-security-policy). If `STRIPE_JS_URL`
    and `STRIPE_API_BASE` name a sandbox, its origin replaces Stripe's. Buyers type
    cards, and banks ask for 3-D Secure, in frames of those hosts.

    Args:
        settings: Where the page loads Stripe.js from, and where Stripe.js sends
            requests.
        assets_url: Where this library's own script is. If its host is another, it is
            allowed.
    """
    own = " ".join(filter(None, ("'self'", _origin(assets_url))))
    script, api = _origin(settings.js_url), _origin(settings.api_base)
    frames = script
    if script == "https://js.stripe.com":
        script = "https://js.stripe.com https://*.js.stripe.com"
        frames = f"{script} https://hooks.stripe.com"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {own} {script}",
            f"style-src {own}",
            "img-src 'self' data:",
            f"connect-src 'self' {api}",
            f"frame-src {frames}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".removeprefix("://")
