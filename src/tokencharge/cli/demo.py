"""`tokencharge demo`: seven scenes in a sandbox, or in Stripe's test mode.

A scene is a function. Its first paragraph is what a shop writes, and the terminal shows
it as it stands here. Below it stands what must be true, which is checked.
"""

from __future__ import annotations

import inspect
import logging
import os
import secrets
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import attrs

from .. import (
    CardDeclined,
    Charge,
    ChargeState,
    ConfigurationError,
    InvalidRequest,
    Money,
    OutcomeUnknown,
    Payment,
    PaymentGateway,
    Refund,
    Settings,
    TokenChargeError,
)
from ..sandbox import Sandbox
from .terminal import mark, open_console, write_json

if TYPE_CHECKING:
    from rich.console import Console

ADA = "ada@example.com"
KINDS = ("customers", "charges", "refunds")
Scene: TypeAlias = "Callable[[PaymentGateway, Demo], None]"
Outcome: TypeAlias = Payment | Charge | Refund | TokenChargeError


def token_to_charge(gateway: PaymentGateway, demo: Demo) -> None:
    """A token becomes a Customer and a Charge."""
    payment = gateway.charge(demo.token, ADA, Money(500, "usd"), description="A seat at the demo")

    demo.show(payment)
    demo.check("5.00 USD are charged.", payment.charge.state is ChargeState.PAID)
    demo.check_made(customers=1, charges=1)


def same_submission_twice(gateway: PaymentGateway, demo: Demo) -> None:
    """The same submission, twice."""
    first = gateway.charge(demo.token, ADA, Money(500, "usd"), order_id=demo.order_id)
    again = gateway.charge(demo.token, ADA, Money(500, "usd"), order_id=demo.order_id)

    demo.show(first, again)
    demo.check("Both submissions end in the same payment.", first.charge.id == again.charge.id)
    demo.check("The second one charged nothing, and says so.", again.replayed)
    demo.check_made(customers=1, charges=1)


def declined_card(gateway: PaymentGateway, demo: Demo) -> None:
    """A declined card."""
    declined = None
    try:
        gateway.charge("tok_visa_chargeDeclinedStolenCard", ADA, Money(500, "usd"))
    except CardDeclined as error:
        declined = error

    demo.show(declined)
    page = declined.public_message if declined else "Thank you!"
    demo.check("The card is declined.", declined is not None)
    demo.check(
        "The log says that the card is stolen; the buyer, maybe the thief, is not told.",
        "stolen_card" in repr(declined) and "stolen" not in page,
    )
    # Over PaymentIntents, the bank is asked after the Customer is made, and the failed
    # Charge is kept.
    tried = int(gateway.settings.route == "payment_intents")
    demo.check_made(customers=tried, charges=tried)


def authorize_capture_refund(gateway: PaymentGateway, demo: Demo) -> None:
    """Authorize, capture, refund."""
    payment = gateway.charge(demo.token, ADA, Money(2000, "usd"), capture=False)
    captured = gateway.capture(payment.charge)
    refund = gateway.refund(captured, Money(500, "usd"))
    after = gateway.get_charge(captured.id)

    demo.show(payment, captured, refund, after)
    demo.check("20.00 USD are held first, and not taken.", payment.charge.state is ChargeState.HELD)
    demo.check("Then they are taken.", captured.amount_kept == Money(2000, "usd"))
    demo.check("Then 5.00 USD of them are given back.", after.amount_kept == Money(1500, "usd"))
    demo.check_made(customers=1, charges=1, refunds=1)


def hold_let_go(gateway: PaymentGateway, demo: Demo) -> None:
    """A hold that is let go."""
    price, too_late = Money(2000, "usd"), None
    payment = gateway.charge(demo.token, ADA, price, order_id=demo.order_id, capture=False)
    released = gateway.void(payment.charge)
    try:
        gateway.capture(payment.charge)
    except InvalidRequest as error:
        too_late = error
    found = gateway.find(demo.order_id, customer=payment.customer)

    demo.show(payment, released, too_late)
    let_go = released.state is ChargeState.RELEASED
    demo.check("20.00 USD are held.", payment.charge.state is ChargeState.HELD)
    demo.check("Then they are let go, and the charge says so.", let_go)
    demo.check("They cannot be taken any more.", too_late is not None)
    demo.check("Who asks for the order's payment is told that there is none.", found is None)
    demo.check_made(customers=1, charges=1)


def one_order_two_cards(gateway: PaymentGateway, demo: Demo) -> None:
    """One order, two cards."""
    first = gateway.charge("tok_visa", ADA, Money(4200, "usd"), order_id=demo.order_id)
    again = gateway.charge("tok_mastercard", ADA, Money(4200, "usd"), order_id=demo.order_id)

    demo.show(first, again)
    card = again.charge.card
    first_card = card is not None and card.brand == "visa"
    demo.check("Both cards end in the same payment.", first.charge.id == again.charge.id)
    demo.check("Only the first card is charged.", first_card and again.replayed)
    demo.check_made(customers=1, charges=1)


def lost_answer(gateway: PaymentGateway, demo: Demo) -> None:
    """An answer lost on the way."""
    unknown = None
    demo.lose_next_answer()
    try:
        gateway.charge(demo.token, ADA, Money(500, "usd"))
    except OutcomeUnknown as error:
        unknown = error
    payment = gateway.charge(demo.token, ADA, Money(500, "usd"))

    demo.show(unknown, payment)
    demo.check("No answer came, and nobody claims to know more.", unknown is not None)
    demo.check("Calling again finds the payment that the first call made.", payment.replayed)
    demo.check_made(customers=1, charges=1)


SCENES = (
    token_to_charge,
    same_submission_twice,
    declined_card,
    authorize_capture_refund,
    hold_let_go,
    one_order_two_cards,
    lost_answer,
)


@attrs.define
class Demo:
    """What a scene has at hand, and what it shows. At Stripe, there is no sandbox."""

    sandbox: Sandbox | None
    token: str
    order_id: str
    results: list[dict[str, str]] = attrs.field(factory=list)
    claims: list[dict[str, Any]] = attrs.field(factory=list)

    def lose_next_answer(self) -> None:
        """Let the sandbox make the next payment, and lose its answer."""
        cast("Sandbox", self.sandbox).lose_next_answer(path="/v1/payment_intents")

    def show(self, *outcomes: Outcome | None) -> None:
        """Show what calls returned or raised; None is an error that did not come."""
        self.results.extend(_facts(outcome) for outcome in outcomes if outcome is not None)

    def check(self, claim: str, holds: bool) -> None:
        """Show what must be true, and whether it is."""
        self.claims.append({"text": claim, "holds": holds})

    def check_made(self, customers: int, charges: int, refunds: int = 0) -> None:
        """Check how many Customers, Charges and Refunds there are, failed ones too."""
        expected = {"customers": customers, "charges": charges, "refunds": refunds}
        who = "Stripe's answers name" if self.sandbox is None else "The sandbox counts"
        self.check(f"{who} {_counted(expected)}.", expected == self.made())

    def made(self) -> dict[str, int]:
        """Count by the sandbox's own record, or else by the ids in Stripe's answers."""
        if self.sandbox is not None:
            return {kind: len(getattr(self.sandbox, kind)) for kind in KINDS}
        facts = {fact for result in self.results for fact in result.items()}
        return {kind: sum(f"{label}s" == kind for label, _ in facts) for kind in KINDS}


def _facts(outcome: Outcome) -> dict[str, str]:
    if isinstance(outcome, TokenChargeError):
        facts = {
            "raises": type(outcome).__name__,
            "customer": outcome.customer_id,
            "charge": outcome.charge_id,
            "buyer reads": outcome.public_message,
            "log says": repr(outcome),
        }
        return {label: text for label, text in facts.items() if text is not None}
    if isinstance(outcome, Payment):
        payment = {"customer": outcome.customer.id} | _facts(outcome.charge)
        return payment | ({"replayed": "this call charged nothing"} if outcome.replayed else {})
    if isinstance(outcome, Charge):
        card = outcome.card
        return {
            "charge": outcome.id,
            "state": outcome.state.value,
            "kept": f"{outcome.amount_kept} of {outcome.amount}",
            "card": f"{card.brand} ending in {card.last4}" if card else "none",
        }
    return {"refund": outcome.id, "given back": str(outcome.amount)}


def _counted(made: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind[:-1] if count == 1 else kind}" for kind, count in made.items())


def run(*, as_json: bool) -> int:
    """Play the scenes, and return 1 if one did not go as it says.

    Raises:
        ConfigurationError: The key in the environment is no test key, or a setting is
            wrong; nothing was sent.
        CommandFailed: rich is not installed.
    """
    console = None if as_json else open_console()
    settings = test_settings() if os.environ.get("STRIPE_SECRET_KEY") else None
    # Without a handler, Python prints warnings, and a lost answer is one.
    logging.getLogger("tokencharge").addHandler(logging.NullHandler())
    scenes = list(SCENES)
    if settings is None:
        where = "a sandbox on this machine, not to Stripe"
        more = "With STRIPE_SECRET_KEY=sk_test_... set, the same goes to Stripe's test mode."
    else:
        scenes.remove(lost_answer)
        where = f"Stripe's test mode at {settings.api_base}, with your test key"
        more = "Stripe loses no answer on request: unset STRIPE_SECRET_KEY to see one lost."
    if console is not None:
        console.print(f"This talks to {where}. No money moves. {more}")
    played: list[dict[str, Any]] = []
    for scene in scenes:
        played.append(_play(scene, settings))
        if console is not None:
            _tell(console, len(played), played[-1])
        if played[-1]["error"] is not None:
            break
    failed = [scene["name"] for scene in played if not scene["as_told"]]
    totals = {kind: sum(scene["totals"][kind] for scene in played) for kind in KINDS}
    if console is None:
        backend = "sandbox" if settings is None else "stripe"
        write_json({"backend": backend, "as_told": not failed, "scenes": played, "totals": totals})
    elif failed:
        said = f"{len(failed)} of {len(played)} scenes did not go as told: {', '.join(failed)}."
        console.print(f"\n{said}", style="bold red")
    else:
        said = f"{len(played)} scenes, all as told: {_counted(totals)}."
        console.print(f"\n{said}", style="bold green")
    return 1 if failed else 0


def test_settings() -> Settings:
    """Read the settings from the environment; refuse a key that may be no test key.

    Raises:
        ConfigurationError: The key is no test key, or a setting is wrong.
    """
    settings = Settings.from_env()
    if settings.mode != "test":
        raise ConfigurationError(
            "The demo charges cards, so it takes a test key only: "
            "set STRIPE_SECRET_KEY to one (sk_test_...), or unset it to use the sandbox."
        )
    return settings


def _play(scene: Scene, settings: Settings | None) -> dict[str, Any]:
    error = None
    with _backend(settings) as (gateway, sandbox):
        token = "tok_visa" if sandbox is None else sandbox.create_token()
        demo = Demo(sandbox, token, order_id=f"demo-{secrets.token_hex(6)}")
        try:
            scene(gateway, demo)
        except TokenChargeError as unexpected:
            demo.show(unexpected)
            error = unexpected.message
    first_paragraph = inspect.getsource(scene).split('"""\n')[1].split("\n\n")[0]
    return {
        "name": scene.__name__.replace("_", "-"),
        "title": str(scene.__doc__).rstrip("."),
        "code": textwrap.dedent(first_paragraph),
        "results": demo.results,
        "requests": [] if sandbox is None else [attrs.asdict(each) for each in sandbox.requests],
        "claims": demo.claims,
        "error": error,
        "as_told": error is None and all(claim["holds"] for claim in demo.claims),
        "totals": demo.made(),
    }


@contextmanager
def _backend(settings: Settings | None) -> Iterator[tuple[PaymentGateway, Sandbox | None]]:
    if settings is not None:
        with PaymentGateway.from_settings(settings) as gateway:
            yield gateway, None
        return
    sandbox = Sandbox()
    with sandbox.serve() as server:
        # No retries, so that a lost answer is seen.
        local = Settings(sandbox.secret_key, api_base=server.url, max_retries=0)
        with PaymentGateway.from_settings(local) as gateway:
            yield gateway, sandbox


def _tell(console: Console, number: int, scene: dict[str, Any]) -> None:
    from rich.syntax import Syntax
    from rich.table import Table

    console.print(f"\n{number}. {scene['title']}\n", style="bold cyan")
    console.print(Syntax(scene["code"], "python", theme="ansi_dark", word_wrap=True))
    for result in scene["results"]:
        facts = Table.grid(padding=(0, 2))
        facts.add_column(style="dim")
        facts.add_column(overflow="fold")
        for label, text in result.items():
            facts.add_row(label, text)
        console.print()
        console.print(facts)
    if scene["requests"]:
        console.print()
    for sent in scene["requests"]:
        replayed = ", replayed" if sent["replayed"] else ""
        text = f"sent {sent['method']} {sent['path']} ({sent['status']}{replayed})"
        console.print(text, style="dim")
    console.print()
    for claim in scene["claims"]:
        style = "green" if claim["holds"] else "bold red"
        console.print(f"{mark(console, good=claim['holds'])} {claim['text']}", style=style)
    if scene["error"] is not None:
        text = f"{mark(console, good=False)} The scene broke off: {scene['error']}"
        console.print(text, style="bold red")
