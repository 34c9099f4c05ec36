"""The examples, each a process of its own, and a browser to buy from
them with; the sandbox is the test's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import attrs
import pytest

from tests.browser.tools import CHROMIUM, need, need_browser
from tokencharge import Money
from tokencharge.sandbox import Request, Response, Rules, Sandbox, Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, FrameLocator, Page, Route
    from playwright.sync_api import Request as PageRequest

ROOT = Path(__file__).parents[2]
EXAMPLES = ["flask", "django", "fastapi"]
WAYS = {
    "payment": {},  # what a new shop gets: the Payment Element, over PaymentIntents
    "card": {"STRIPE_ELEMENT": "card"},
    "charges": {
        "STRIPE_ROUTE": "charges"
    },  # and the Card Element, on an account that takes its tokens there
}
INTENTS = [f"{name}-{way}" for name in EXAMPLES for way in ("payment", "card")]
EVERY = [f"{name}-{way}" for name in EXAMPLES for way in WAYS]
# The same, to a visitor who has logged in: one for each framework, each way once.
RETURNING = ["flask-payment-returning", "django-card-returning", "fastapi-charges-returning"]
HONEY = Money(1450, "usd")  # what each of them sells
# Chromium asks its maker for this and that; these keep it to what the test is about.
QUIET = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync""".split()
# Where the browser itself notes that /charge answered a form with 402 or 502, nothing is wrong.
ITS_OWN_NOTE = "Failed to load resource: the server responded with a status of "


@attrs.define
class Till:
    """Whose sandbox answers at the address the examples were
    started with: a fresh one for each test."""

    sandbox: Sandbox = attrs.field(factory=Sandbox)

    def handle(self, request: Request) -> Response:
        return self.sandbox.handle(request)

    def arrived(self, path: str) -> int:
        """How many requests reached a path."""
        return sum(
            arrival.path == path and arrival.method == "POST" for arrival in self.sandbox.requests
        )

    @property
    def paid(self) -> list[Money]:
        """What the sandbox took."""
        return [
            charge.amount_captured
            for charge in self.sandbox.charges
            if charge.status == "succeeded"
        ]


@attrs.frozen
class Shop:
    """A running example."""

    name: str
    way: str
    url: str

    @property
    def makes(self) -> str:
        """Where Stripe.js sends the card."""
        return "/v1/confirmation_tokens" if self.way == "payment" else "/v1/tokens"

    @property
    def pays(self) -> str:
        """Where the back end asks for the money."""
        return "/v1/charges" if self.way == "charges" else "/v1/payment_intents"

    @property
    def home(self) -> str:
        """Where an order begins: it leads to a checkout of its own."""
        return self.url.removesuffix("checkout")


@attrs.define(slots=False)  # Playwright notes on an object which of its methods it calls
class Visitor:
    """A browser window, what it shows, and whatever it complained of: a
    test that ends with complaints fails."""

    page: Page
    complaints: list[str] = attrs.field(factory=list[str])
    posts: list[str] = attrs.field(factory=list[str])

    def open(self, url: str) -> None:
        """Load a page, and wait until a card can be entered."""
        self.page.goto(url)
        self.page.locator(".tc-pay [type=submit]:enabled").wait_for()

    def enter(self, number: str = "4242424242424242", exp: str = "1234", cvc: str = "123") -> None:
        """Type a card."""
        self.page.get_by_label("Card number").fill(number)
        self.page.get_by_label("Expiry date").fill(exp)
        self.page.get_by_label("Security code").fill(cvc)

    def pay(self, number: str = "4242424242424242", email: str | None = "ada@example.com") -> None:
        """Type e-mail and card, and press the button."""
        if email is not None:
            self.page.get_by_label("E-mail").fill(email)
        self.enter(number)
        self.page.get_by_role("button", name="Pay").click()

    def bank(self) -> FrameLocator:
        """Wait for the bank to ask."""
        bank = self.page.frame_locator("dialog iframe")
        bank.get_by_role("button", name="Approve").wait_for()
        return bank

    def charged(self) -> str:
        """Wait for the page that says so, and return its words."""
        self.page.get_by_role("heading", name="You've been charged").wait_for()
        return self.page.locator("main").inner_text()

    def notice(self) -> str:
        """Wait for the news at the top of the form."""
        self.page.locator(".tc-notice").wait_for()
        return self.page.locator(".tc-notice").inner_text()

    def problem(self) -> str:
        """Wait for the news beside the card."""
        self.page.locator(".tc-problem:not(:empty)").wait_for()
        return self.page.locator(".tc-problem").first.inner_text()

    def turn(self, scheme: Literal["light", "dark"]) -> None:
        """Make it day or night, and let the page take notice: the frame after the
        one that shows it has its colours."""
        self.page.emulate_media(color_scheme=scheme)
        self.page.evaluate(
            """scheme => new Promise((done) => {
                const look = () => matchMedia(`(prefers-color-scheme: ${scheme})`).matches
                    ? requestAnimationFrame(() => requestAnimationFrame(done))
                    : requestAnimationFrame(look);
                look();
            })""",
            scheme,
        )

    def hear(self, message: ConsoleMessage) -> None:
        expected = (
            message.text.startswith(ITS_OWN_NOTE)
            and urlsplit(message.location["url"]).path == "/charge"
        )
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(message.text)

    def count(self, sent: PageRequest) -> None:
        if (
            sent.is_navigation_request()
            and sent.method == "POST"
            and sent.frame == self.page.main_frame
        ):
            self.posts.append(sent.url)

    def fence(self, route: Route) -> None:
        """Let the browser go nowhere but to this machine."""
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            self.complaints.append(f"asked for {route.request.url}")
            route.abort()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; each visitor has a profile of its own in it.

    Not for the session: what drives it keeps an event loop running in this thread, which no other
    test expects.
    """
    need_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _till() -> Till:
    return Till()


@pytest.fixture
def till(_till: Till) -> Till:
    """The sandbox that the shop charges in, empty."""
    _till.sandbox = Sandbox()
    return _till


@pytest.fixture(scope="session")
def counter(_till: Till) -> Iterator[str]:
    with Server(_till.handle, "127.0.0.1", 0) as server:
        yield server.url


@pytest.fixture(scope="session")
def open_shop(
    counter: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Shop]]:
    """Starts an example in one of WAYS, a process of its own, or returns it if
    it runs: `open_shop("flask-card")`."""
    with ExitStack() as running:
        folder = tmp_path_factory.mktemp("shops")
        yield cache(lambda name: running.enter_context(_running(name, counter, folder / name)))


@pytest.fixture(params=["flask-payment", "fastapi-charges"])
def shop(request: pytest.FixtureRequest, open_shop: Callable[[str], Shop], till: Till) -> Shop:
    """Each Element and each route in turn, charging on the account it is
    meant for; EVERY names all there are."""
    shop = open_shop(request.param)
    till.sandbox = Sandbox(rules=Rules(card_tokens=shop.way == "charges"))
    return shop


@contextmanager
def _running(example: str, counter: str, log: Path) -> Iterator[Shop]:
    name, way, *returning = example.split("-")
    need_browser()
    need(name)
    port = _free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")} | {
        "STRIPE_SECRET_KEY": Sandbox().secret_key,
        "STRIPE_PUBLISHABLE_KEY": Sandbox().publishable_key,
        "STRIPE_API_BASE": counter,
        "STRIPE_JS_URL": f"{counter}/endive/stripe.js",
        **WAYS[way],
    }
    launcher = [str(ROOT / "tests" / "browser" / "returning.py")] if returning else []
    command = [
        sys.executable,
        *launcher,
        str(ROOT / "examples" / f"{name}_app.py"),
        f"--port={port}",
    ]
    with (
        log.open("w") as output,
        subprocess.Popen(command, env=env, stdout=output, stderr=output) as process,
    ):
        try:
            shop = Shop(name, way, f"http://127.0.0.1:{port}/checkout")
            _wait_for(shop, process, log)
            yield shop
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(shop: Shop, process: subprocess.Popen, log: Path) -> None:
    patience = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < patience:
        try:
            with urlopen(shop.url):
                return
        except URLError:
            time.sleep(0.05)
    pytest.fail(f"The {shop.name} example does not answer:\n{log.read_text()}")


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """Opens windows; whatever goes wrong in one, in the console or
    against the policy, fails the test."""
    visitors = []

    def visit(width: int = 1280, **options: Any) -> Visitor:
        size = {"width": width, "height": 800}
        context = chromium.new_context(
            viewport=size,  # type: ignore[arg-type]
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(20_000)
        context.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error(e.violatedDirective,"
            " e.blockedURI))"
        )
        visitor = Visitor(context.new_page())
        context.route("**", visitor.fence)
        visitor.page.on("console", visitor.hear)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        visitor.page.on("request", visitor.count)
        visitors.append(visitor)
        return visitor

    yield visit
    for visitor in visitors:
        visitor.page.context.close()
    assert [[]] * len(visitors) == [visitor.complaints for visitor in visitors]


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """A window on a desk."""
    return visit()
