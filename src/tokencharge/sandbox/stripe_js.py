"""The sandbox's stand-in for Stripe.js: where it is served."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from .wire import Response


@cache
def pages() -> dict[str, Response]:
    """Return what is served where Stripe serves Stripe.js: `/v3/`, and `/<version>/stripe.js` for any version."""
    script = files("tokencharge.sandbox").joinpath("stripe.js").read_bytes()
    page = Response(200, {"content-type": "text/javascript; charset=utf-8"}, script)
    return {"/v3/": page, "/*/stripe.js": page}
