"""A shop in the test's own process, whose order and policy a test
can change while a browser is in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from tests.browser.tools import need, need_browser
from tokencharge import Money, Order, PaymentGateway, Settings
from tokencharge.sandbox import Sandbox

BLANK = """<!doctype html><html lang="en"><head><title>Shop</title><link rel="icon" href="data:,">
<script type="module" src="/tokencharge/static/tokencharge.js" nonce="abc"></script></head>
<body><h1>Shop</h1><dialog></dialog></body></html>"""

# A dialog that is filled with a piece of HTML, whose scripts do not run by themselves.
OPEN = """async (url) => {
  const text = await (await fetch(url)).text();
  const page = new DOMParser().parseFromString(text, "text/html");
  const dialog = document.querySelector("dialog");
  dialog.innerHTML = page.querySelector("main").innerHTML;
  dialog.showModal();
}"""
CLOSE = (
    "() => { const dialog = document.querySelector('dialog'); dialog.close();"
    " dialog.innerHTML = ''; }"
)


@attrs.define
class Kiosk:
    """Where the shop is, what it sells, who has logged in, and the policy it sends."""

    url: str = ""
    price: Money = Money(500, "usd")
    capture: bool = True
    policy: str | None = None
    collect: tuple[str, ...] = ()
    customer: str | None = None

    def order(self) -> Order:
        return Order(
            self.price,
            "A basket",
            "order-1",
            capture=self.capture,
            collect=self.collect,
            customer=self.customer,
            reuse_cards=self.customer is not None,
        )


@contextmanager
def open_kiosk(counter: str, element: str) -> Iterator[Kiosk]:
    """Serve one that charges at the counter, with one of the two Elements."""
    need_browser()
    need("flask")
    from flask import Flask, Response
    from werkzeug.serving import make_server

    from tokencharge.flask import TokenCharge

    keys, kiosk = Sandbox(), Kiosk()
    settings = Settings(
        keys.secret_key,
        publishable_key=keys.publishable_key,
        api_base=counter,
        js_url=f"{counter}/endive/stripe.js",
        element=element,
        route="payment_intents",
    )
    app = Flask(__name__)
    TokenCharge(app, gateway=PaymentGateway.from_settings(settings), csp=False).order(kiosk.order)
    app.jinja_env.globals["csp_nonce"] = lambda: "abc"
    app.add_url_rule("/", "home", lambda: BLANK)

    @app.after_request
    def policy(response: Response) -> Response:
        if kiosk.policy is not None:
            response.headers["Content-Security-Policy"] = kiosk.policy
        return response

    server = make_server("127.0.0.1", 0, app, threaded=True)
    kiosk.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield kiosk
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
