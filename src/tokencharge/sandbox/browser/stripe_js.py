"""The sandbox's stand-in for Stripe.js: its parts and its paths."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from ..language.wire import Response

_PARTS = ("fields.js", "labels.js", "element.js", "three_d_secure.js", "stripe.js")
_FRAME = """/**
 * The sandbox's stand-in for Stripe.js: as much of it as pays with a card, in the same shape.
 *
 * It serves tests and demos. Unlike Stripe's, its fields are in no frame: card numbers are typed \
into the page itself,
 * so it is only for cards that open nothing. It speaks to the server that this script came from.
 */
(() => {
"use strict";

const API = new URL(/** @type {HTMLScriptElement} */ (document.currentScript).src).origin;

%s})();
"""


@cache
def pages() -> dict[str, Response]:
    """Return the answers for the paths where Stripe serves Stripe.js.

    They are `/v3/`, and `/<version>/stripe.js` for any version.
    """
    folder = files("tokencharge.sandbox.browser").joinpath("stripejs")
    script = _FRAME % "\n".join(
        folder.joinpath(part).read_text(encoding="utf-8") for part in _PARTS
    )
    # Any page may load it, like Stripe's: some ask for it with crossorigin="anonymous".
    headers = {"access-control-allow-origin": "*", "content-type": "text/javascript; charset=utf-8"}
    page = Response(200, headers, script.encode())
    return {"/v3/": page, "/*/stripe.js": page}
