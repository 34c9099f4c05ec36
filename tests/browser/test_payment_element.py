"""The stand-in's Payment Element and 3-D Secure, on a page of
another origin, under a strict policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import Till, Visitor
from tests.sandbox.curl import Client
from tokencharge.sandbox import Fault, Response, Server

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<link rel="icon" href="data:,"></head><body><main><h1>Pay</h1><form id="form">
<div id="payment"></div><div id="card"></div><button>Pay</button></form>
</main><script src="{js}"></script></body></html>"""
MOUNT = """(options) => {
  window.stripe = Stripe("pk_test_tokenchargeSandboxKey0001");
  window.elements = stripe.elements({ mode: "payment", amount: 500, currency: "usd", ...options });
  window.payment = elements.create("payment", { layout: "tabs" });
  payment.on("change", (event) => { window.last = event; });
  const ready = new Promise((resolve) => payment.on("ready", resolve));
  payment.mount("#payment");
  return ready.then(() => undefined);
}"""
ASKING = "4000002760003184"
ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")
NOT_AUTHENTICATED = "payment_intent_authentication_failure"

Run = Callable[[str], Any]


@pytest.fixture
def shop_page(counter: str) -> Iterator[str]:
    """A page elsewhere, which lets in nothing but the sandbox,
    and no style or script of its own."""
    policy = (
        f"default-src 'none'; script-src {counter}; connect-src {counter}; frame-src {counter};"
        " img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {"content-type": "text/html", "content-security-policy": policy}
    page = Response(200, headers, PAGE.replace("{js}", f"{counter}/endive/stripe.js").encode())
    with Server(lambda _: page, "127.0.0.1", 0) as server:
        yield server.url


@pytest.fixture
def window(till: Till, shop_page: str, visitor: Visitor) -> Visitor:
    """That page, with the Payment Element mounted."""
    visitor.page.goto(shop_page)
    visitor.page.evaluate(MOUNT, {})
    return visitor


@pytest.fixture
def run(window: Visitor) -> Run:
    """Runs JavaScript on that page; what it throws comes back as the name of the error."""

    def run(script: str) -> Any:
        return window.page.evaluate(f"(async () => ({script}))().catch((error) => error.name)")

    return run


@pytest.fixture
def server(till: Till, counter: str) -> Client:
    """What the shop's server does."""
    return Client(till.sandbox, counter)


def ask(window: Visitor, server: Client, **form: str) -> Any:
    """Let the bank ask in the window; the promise is `outcome`."""
    form = {"use_stripe_sdk": "true", **form}
    intent = server.pay(server.sandbox.create_payment_method(ASKING), **form).body
    window.page.evaluate(
        "(clientSecret) => { window.outcome = stripe.handleNextAction({ clientSecret }) }",
        intent["client_secret"],
    )
    return intent


def bank(window: Visitor) -> FrameLocator:
    return window.page.frame_locator("dialog iframe")


def test_a_card_becomes_a_confirmation_token(server: Client, window: Visitor, run: Run) -> None:
    """Submitted and collected, it pays an intent on the server."""
    window.enter("5555555555554444")
    submitted = run("await elements.submit()")
    details = "{ name: 'Ada', address: { postal_code: '10115' } }"
    params = (
        "{ return_url: 'https://example.com/',"
        f" payment_method_data: {{ billing_details: {details} }} }}"
    )
    token = run(
        "(await stripe.createConfirmationToken("
        f"{{ elements, params: {params} }})).confirmationToken"
    )
    paid = server.intent(
        confirm="true", confirmation_token=token["id"], **{"expand[]": "latest_charge"}
    ).body

    assert {"selectedPaymentMethod": "card"} == submitted
    assert (True, "https://example.com/", "4444") == (
        token["use_stripe_sdk"],
        token["return_url"],
        token["payment_method_preview"]["card"]["last4"],
    )
    assert ("succeeded", "Ada", "10115") == (
        paid["status"],
        paid["latest_charge"]["billing_details"]["name"],
        paid["latest_charge"]["billing_details"]["address"]["postal_code"],
    )


def test_a_wallet_is_chosen_and_left_again(window: Visitor, run: Run) -> None:
    """What is submitted is what is chosen; a shop that wants no wallet gets an Element without."""
    wallet = window.page.get_by_role("button", name="Use the sandbox's wallet")
    wallet.click()
    chosen = run("await elements.submit()")
    changed = run("window.last")
    wallet.click()
    window.enter()
    left = run("await elements.submit()")
    run(
        "(payment.destroy(),"
        " window.other = stripe.elements({ mode: 'payment', amount: 500, currency: 'usd' }))"
    )
    run("other.create('payment', { wallets: { applePay: 'never' } }).mount('#payment')")

    assert {"selectedPaymentMethod": "apple_pay"} == chosen
    assert {"type": "apple_pay"} == changed["value"]
    assert {"selectedPaymentMethod": "card"} == left
    assert 0 == wallet.count()


def test_a_card_becomes_a_payment_method(server: Client, window: Visitor, run: Run) -> None:
    """From the Payment Element where `paymentMethodCreation` is
    manual, and from the card Element."""
    window.enter()
    run("(elements.update({ paymentMethodCreation: 'manual' }), await elements.submit())")
    manual = run(
        "(await stripe.createPaymentMethod("
        "{ elements, params: { billing_details: { name: 'Ada' } } })).paymentMethod"
    )
    run("(payment.destroy(), window.card = stripe.elements().create('card'), card.mount('#card'))")
    incomplete = run("(await stripe.createPaymentMethod({ type: 'card', card })).error.code")
    window.enter("378282246310005")
    card = run(
        "(await stripe.createPaymentMethod("
        "{ type: 'card', card, billing_details: { name: 'Bob' } })).paymentMethod"
    )

    assert ("4242", "Ada") == (manual["card"]["last4"], manual["billing_details"]["name"])
    assert ("0005", "Bob", "incomplete_number") == (
        card["card"]["last4"],
        card["billing_details"]["name"],
        incomplete,
    )
    assert "succeeded" == server.pay(manual["id"]).body["status"]


def test_what_is_wrong_is_said_beside_the_fields(window: Visitor, run: Run) -> None:
    """`submit` shows the first thing that is wrong, to eyes and to screen
    readers; putting it right takes it back."""
    empty = run("await elements.submit()")
    alert = window.page.get_by_role("alert").inner_text()
    window.enter("4242424242424241")
    wrong = window.page.get_by_role("alert").inner_text()
    window.enter()

    assert ("validation_error", "incomplete_number") == (
        empty["error"]["type"],
        empty["error"]["code"],
    )
    assert ("Your card number is incomplete.", "Your card number is invalid.") == (alert, wrong)
    assert "" == window.page.get_by_role("alert").inner_text()
    assert {
        "elementType": "payment",
        "empty": False,
        "complete": True,
        "collapsed": False,
        "value": {"type": "card"},
    } == (run("last"))


@pytest.mark.parametrize(
    "script",
    [
        "stripe.elements({ mode: 'payment' })",
        "stripe.elements({ mode: 'payment', amount: 1.5, currency: 'usd' })",
        "stripe.elements({ mode: 'gift' })",
        "stripe.elements({ paymentMethodTypes: ['card'] })",
        "stripe.elements().create('payment')",
        "elements.create('payment')",
        "elements.create('address')",
        "await stripe.elements().submit()",
        "await stripe.createConfirmationToken({ elements })",
        "await stripe.createPaymentMethod({ elements })",
        (
            "await stripe.createPaymentMethod("
            "{ type: 'card', card: stripe.elements().create('card') })"
        ),
        "await stripe.handleNextAction({ clientSecret: 'seti_1_secret_2' })",
    ],
)
def test_what_stripe_js_would_not_do_it_refuses(run: Run, script: str) -> None:
    """Misuse is an IntegrationError, as Stripe.js names it."""
    assert "IntegrationError" == run(script)


def test_what_changed_is_to_be_submitted_again(window: Visitor, run: Run) -> None:
    """A card typed after `submit` was not submitted; nor does a
    PaymentMethod come without being asked for."""
    window.enter()
    run("await elements.submit()")
    not_manual = run("await stripe.createPaymentMethod({ elements })")
    window.enter("5555555555554444")

    assert (
        "IntegrationError"
        == not_manual
        == run("await stripe.createConfirmationToken({ elements })")
    )


def test_a_lost_answer_is_an_error_and_no_exception(till: Till, window: Visitor, run: Run) -> None:
    """Where the network fails the error is an api_connection_error."""
    till.sandbox.faults.add(
        Fault.lose_request(), times=None, path="/v1/confirmation_tokens", method="POST"
    )
    window.enter()
    run("await elements.submit()")
    error = run("(await stripe.createConfirmationToken({ elements })).error")
    window.complaints.clear()

    assert "api_connection_error" == error["type"]


def test_the_buyer_approves(server: Client, window: Visitor, run: Run) -> None:
    """The dialog names the amount, takes the answer and is gone;
    the promise holds the paid intent."""
    intent = ask(window, server)
    text = bank(window).locator("main").inner_text()
    bank(window).get_by_role("button", name="Approve").click()
    outcome = run("await outcome")

    assert "5.00 USD" in text
    assert (intent["id"], "succeeded") == (
        outcome["paymentIntent"]["id"],
        outcome["paymentIntent"]["status"],
    )
    assert 0 == window.page.locator("dialog").count()
    assert ["succeeded"] == [each["status"] for each in server.sandbox.payment_intents]


def failed(window: Visitor) -> None:
    bank(window).get_by_role("button", name="Fail").click()


def closed(window: Visitor) -> None:
    window.page.get_by_role("button", name="Close").click()


def escaped(window: Visitor) -> None:
    window.page.get_by_role("button", name="Close").press("Escape")


def escaped_within(window: Visitor) -> None:
    bank(window).get_by_role("button", name="Approve").press("Escape")


@pytest.mark.parametrize(
    "how", [failed, closed, escaped, escaped_within], ids=lambda how: how.__name__
)
def test_the_buyer_does_not_approve(
    server: Client, window: Visitor, run: Run, how: Callable[[Visitor], None]
) -> None:
    """Failed or closed: the promise holds the error and the
    intent, which waits for another card."""
    ask(window, server)
    bank(window).get_by_role("button", name="Fail").wait_for()
    how(window)
    error = run("(await outcome).error")

    assert (NOT_AUTHENTICATED, "requires_payment_method") == (
        error["code"],
        error["payment_intent"]["status"],
    )
    assert error["message"].startswith("We are unable to authenticate your payment method.")
    assert 0 == window.page.locator("dialog").count()
    assert [NOT_AUTHENTICATED] == [
        each["last_payment_error"]["code"] for each in server.sandbox.payment_intents
    ]


def test_the_buyer_walks_away(server: Client, window: Visitor) -> None:
    """Who leaves the page leaves the intent as it is, and can be asked again."""
    intent = ask(window, server)
    bank(window).get_by_role("button", name="Approve").wait_for()
    window.page.goto("about:blank")

    assert ["requires_action"] == [each["status"] for each in server.sandbox.payment_intents]
    assert "succeeded" == server.sandbox.authenticate(intent["id"])["status"]


def test_a_card_may_be_declined_after_authentication(
    server: Client, window: Visitor, run: Run
) -> None:
    """The error is the decline then, in its own words."""
    secret = server.pay("pm_card_threeDSecureRequiredChargeDeclined").body["client_secret"]
    window.page.evaluate(
        "(clientSecret) => { window.outcome = stripe.handleNextAction({ clientSecret }) }", secret
    )
    bank(window).get_by_role("button", name="Approve").click()
    error = run("(await outcome).error")

    assert ("card_declined", "Your card was declined.") == (error["code"], error["message"])


def test_it_works_by_keyboard(server: Client, window: Visitor, run: Run) -> None:
    """The dialog takes the focus; Tab and Enter approve; the focus goes back where it was."""
    window.page.get_by_role("button", name="Pay").focus()
    ask(window, server)
    bank(window).get_by_role("button", name="Approve").wait_for()
    window.page.locator("dialog iframe").evaluate(
        """(frame) => new Promise((done) => {
             const look = () => frame.getRootNode().activeElement === frame
               ? done() : requestAnimationFrame(look);
             look();
           })"""
    )
    window.page.keyboard.press("Tab")
    window.page.keyboard.press("Enter")
    status = run("(await outcome).paymentIntent.status")

    assert ("succeeded", "Pay") == (status, run("document.activeElement.textContent"))


def test_only_an_intent_that_asks_is_answered(server: Client, run: Run) -> None:
    """Any other status is an IntegrationError; an unknown secret is Stripe's error."""
    paid = server.pay().body["client_secret"]

    assert "IntegrationError" == run(f"await stripe.handleNextAction({{ clientSecret: '{paid}' }})")
    assert "succeeded" == run(
        f"(await stripe.retrievePaymentIntent('{paid}')).paymentIntent.status"
    )


def test_an_unknown_intent_is_an_error(window: Visitor, run: Run) -> None:
    """What Stripe says is handed on."""
    error = run("(await stripe.handleNextAction({ clientSecret: 'pi_3nothing_secret_x' })).error")
    window.complaints.clear()

    assert "resource_missing" == error["code"]


def test_a_page_of_the_banks_leads_back(server: Client, window: Visitor, shop_page: str) -> None:
    """With a `return_url` and without Stripe.js' own window, the whole
    page goes to the bank and comes back."""
    intent = ask(window, server, use_stripe_sdk="false", return_url=f"{shop_page}/done")
    window.page.get_by_role("button", name="Approve").click()
    window.page.wait_for_url(f"{shop_page}/done?*")
    query = parse_qs(urlsplit(window.page.url).query)

    assert ([intent["id"]], ["succeeded"]) == (query["payment_intent"], query["redirect_status"])


def test_it_takes_the_look_it_is_given(window: Visitor) -> None:
    """`appearance.variables` of the elements dress the Payment Element."""
    variables = {"colorText": "rgb(1, 2, 3)", "borderRadius": "9px"}
    window.page.evaluate("(variables) => elements.update({ appearance: { variables } })", variables)
    number = window.page.get_by_label("Card number")

    assert ("rgb(1, 2, 3)", "9px") == (
        number.evaluate("field => getComputedStyle(field).color"),
        number.evaluate("field => getComputedStyle(field).borderRadius"),
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 800])
def test_everybody_can_read_it(server: Client, window: Visitor, scheme: Any, width: int) -> None:
    """Axe finds nothing against the Element, the dialog or the bank's page, and
    none has to be scrolled sideways."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    window.page.set_viewport_size({"width": width, "height": 600})
    window.turn(scheme)
    found = [Axe().run(window.page).response]
    ask(window, server)
    bank(window).get_by_role("button", name="Approve").wait_for()
    # Axe cannot speak with a frame of another origin: the page in it is looked at by itself.
    found.append(Axe().run(window.page, options={"iframes": False}).response)
    widths = [window.page.evaluate("document.documentElement.scrollWidth")]
    frame = window.page.locator("dialog iframe").get_attribute("src")
    assert frame is not None
    window.page.goto(frame)
    found.append(Axe().run(window.page).response)
    widths.append(window.page.evaluate("document.documentElement.scrollWidth"))

    assert [[]] * 3 == [each["violations"] for each in found]
    assert [width] * 2 == widths


@pytest.mark.parametrize(
    ("never", "passed", "outcome"),
    [
        ({"address": "never"}, {"address": {"country": "FR"}}, "IntegrationError"),
        ({"address": "never"}, {"address": dict.fromkeys(ADDRESS, "")}, "made"),
        ({"address": {"postalCode": "never"}}, {}, "IntegrationError"),
        ({"address": {"postalCode": "never"}}, {"address": {"postal_code": "69003"}}, "made"),
        ({"name": "never", "email": "auto"}, {"email": "ada@example.com"}, "IntegrationError"),
        ({"name": "never", "email": "auto"}, {"name": "Ada"}, "made"),
        ("never", {"name": "Ada"}, "IntegrationError"),
        ({}, {}, "made"),
    ],
)
def test_what_the_element_is_told_never_to_ask_for_has_to_be_passed(
    till: Till, shop_page: str, visitor: Visitor, never: Any, passed: Any, outcome: str
) -> None:
    """As Stripe.js says of it (woocommerce-payments#2917,
    commerce-stripe#257); an empty part is passed, too."""
    visitor.page.goto(shop_page)
    mount = MOUNT.replace('{ layout: "tabs" }', "{ fields: { billingDetails: options.never } }")
    visitor.page.evaluate(mount, {"never": never})
    visitor.enter()
    made = visitor.page.evaluate(
        """(billing_details) => (async () => {
          await elements.submit();
          const params = { payment_method_data: { billing_details } };
          const { confirmationToken } = await stripe.createConfirmationToken({ elements, params });
          return confirmationToken ? "made" : "refused";
        })().catch((error) => error.name)""",
        passed,
    )

    assert outcome == made
