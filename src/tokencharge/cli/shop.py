"""`tokencharge demo --serve`: a shop in the browser, until Ctrl-C.

It sells one thing.
"""

from __future__ import annotations

import contextlib
import os
import secrets

from .. import Money, Order
from ..sandbox import Sandbox
from .demo import test_settings
from .terminal import CommandFailed, until_stopped, write


def serve(port: int) -> int:
    """Serve the Flask checkout on the sandbox, or on Stripe's test mode.

    Test mode is used if a test key is set.

    Raises:
        ConfigurationError: The key in the environment is no test key, or a setting is
            wrong.
        CommandFailed: Flask is not installed, or the port is taken.
    """
    try:
        from flask import Flask, redirect, request, url_for
        from werkzeug.serving import make_server

        from ..flask import TokenCharge
    except ImportError:
        raise CommandFailed(
            "The shop needs Flask: python -m pip install 'tokencharge[demo]'.", 2
        ) from None

    with contextlib.ExitStack() as stack:
        app = Flask(__name__)
        app.config.update(_keys(stack))
        payments = TokenCharge(app)

        @payments.order
        def order() -> Order:
            return Order(Money(1450, "usd"), "Wildflower honey, 500 g", request.args.get("order"))

        app.add_url_rule(
            "/",
            "home",
            lambda: redirect(url_for("tokencharge.checkout", order=secrets.token_hex(8))),
        )
        try:
            server = make_server("127.0.0.1", port, app, threaded=True)
        except (OSError, SystemExit):  # Werkzeug exits if a port is taken
            raise CommandFailed(
                f"Cannot listen on port {port}: choose another; 0 is any free one.", 1
            ) from None
        stack.callback(server.server_close)
        write(
            f"Buy some honey: http://127.0.0.1:{server.port}/\n4242 4242 4242 4242 pays, "
            "4000 0000 0000 0002 is declined; any later date, any CVC. Ctrl-C stops the shop."
        )
        with until_stopped():
            server.serve_forever()
    return 0


def _keys(stack: contextlib.ExitStack) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if name.startswith("STRIPE_")}
    if given.get("STRIPE_SECRET_KEY"):
        test_settings()
        return given
    sandbox = Sandbox()
    return given | sandbox.environment(stack.enter_context(sandbox.serve()).url)
