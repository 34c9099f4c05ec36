"""`tokencharge demo`: seven scenes in a sandbox, or in Stripe's test mode.

Each scene checks what it claims. A scene is a function of this file. Its first lines
are shown as they are here, and then the result of each call.
"""

from __future__ import annotations

import inspect
import logging
import os
import textwrap
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

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
from ..sandbox import Arrival, Sandbox
from .terminal import mark, open_console, write_json

if TYPE_CHECKING:
    from rich.console import Console

ADA = "ada@example.com"
_LOOPBACK = "127.0.0.1"


def token_to_charge(demo: Demo, gateway: PaymentGateway) -> None:
    """A token becomes a Customer and a Charge."""
    token = demo.token()
    payment = gateway.charge(token, ADA, Money(500, "usd"), description="A seat at the demo")

    demo.check("5.00 USD are charged.", payment.charge.state is ChargeState.PAID)
    demo.check_made(customers=1, charges=1)


def same_submission_twice(demo: Demo, gateway: PaymentGateway) -> None:
    """The same submission, twice."""
    token, order_id = demo.token(), demo.order_id()
    first = gateway.charge(token, ADA, Money(500, "usd"), order_id=order_id)
    again = gateway.charge(token, ADA, Money(500, "usd"), order_id=order_id)

    demo.check("Both submissions end in the same payment.", _ids(first) == _ids(again))
    demo.check("The second one charged nothing, and says so.", again.replayed)
    demo.check_made(customers=1, charges=1)


def declined_card(demo: Demo, gateway: PaymentGateway) -> None:
    """A declined card."""
    with suppress(CardDeclined):
        gateway.charge("tok_visa_chargeDeclinedStolenCard", ADA, Money(500, "usd"))

    error = demo.outcome
    stolen = isinstance(error, CardDeclined) and error.decline_code == "stolen_card"
    told = isinstance(error, CardDeclined) and "stolen" in error.public_message
    demo.check("The card is declined.", isinstance(error, CardDeclined))
    demo.check(
        "The log says that the card is stolen; the buyer, maybe the thief, is not told.",
        stolen and not told,
    )
    # Over PaymentIntents, the bank is asked after the Customer is made, and the failed
    # Charge is kept.
    tried = int(demo.settings.route == "payment_intents")
    demo.check_made(customers=tried, charges=tried)


def authorize_capture_refund(demo: Demo, gateway: PaymentGateway) -> None:
    """Authorize, capture, refund."""
    payment = gateway.charge(demo.token(), ADA, Money(2000, "usd"), capture=False)
    captured = gateway.capture(payment.charge)
    gateway.refund(captured, Money(500, "usd"))
    after = gateway.get_charge(captured.id)

    demo.check("20.00 USD are held first, and not taken.", payment.charge.state is ChargeState.HELD)
    demo.check("Then they are taken.", captured.amount_kept == Money(2000, "usd"))
    demo.check("Then 5.00 USD of them are given back.", after.amount_kept == Money(1500, "usd"))
    demo.check_made(customers=1, charges=1, refunds=1)


def hold_let_go(demo: Demo, gateway: PaymentGateway) -> None:
    """A hold that is let go."""
    order_id = demo.order_id()
    payment = gateway.charge(
        demo.token(), ADA, Money(2000, "usd"), order_id=order_id, capture=False
    )
    released = gateway.void(payment.charge)
    with suppress(InvalidRequest):
        gateway.capture(payment.charge)
    found = gateway.find(order_id, customer=payment.customer)

    demo.check("20.00 USD are held.", payment.charge.state is ChargeState.HELD)
    demo.check(
        "Then they are let go, and the charge says so.", released.state is ChargeState.RELEASED
    )
    demo.check(
        "They cannot be taken any more.",
        any(isinstance(each, InvalidRequest) for each in demo.outcomes),
    )
    demo.check("Who asks for the order's payment is told that there is none.", found is None)
    # Over Charges, a hold is released by a refund.
    demo.check_made(customers=1, charges=1, refunds=int(demo.settings.route == "charges"))


def one_order_two_cards(demo: Demo, gateway: PaymentGateway) -> None:
    """One order, two cards."""
    order_id = demo.order_id()
    first = gateway.charge("tok_visa", ADA, Money(4200, "usd"), order_id=order_id)
    again = gateway.charge("tok_mastercard", ADA, Money(4200, "usd"), order_id=order_id)

    demo.check("Both cards end in the same payment.", _ids(first) == _ids(again))
    demo.check("Only the first card is charged.", _brand(again) == "visa" and again.replayed)
    demo.check_made(customers=1, charges=1)


def lost_answer(demo: Demo, gateway: PaymentGateway) -> None:
    """An answer lost on the way."""
    token, sandbox = demo.token(), demo.need_sandbox()
    sandbox.lose_next_answer(path=demo.moves_money)
    with suppress(OutcomeUnknown):
        gateway.charge(token, ADA, Money(500, "usd"))
    payment = gateway.charge(token, ADA, Money(500, "usd"))

    unknown = any(isinstance(each, OutcomeUnknown) for each in demo.outcomes)
    demo.check("No answer came, and nobody claims to know more.", unknown)
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


def _ids(payment: Payment) -> tuple[str, str]:
    return payment.customer.id, payment.charge.id


def _brand(payment: Payment) -> str | None:
    return None if payment.charge.card is None else payment.charge.card.brand


class _Skipped(Exception):
    """A scene cannot be played here."""


@attrs.frozen
class _Call:
    """A call of the gateway, its outcome, and the sandbox's requests meanwhile."""

    method: str
    outcome: object
    requests: list[Arrival]


@attrs.define
class Demo:
    """A scene that is being played: its calls, its checks, and how it ended.

    Attributes:
        settings: The settings of its gateway.
        sandbox: The sandbox it is played in; None for Stripe's test mode.
        scene: The function.
        calls: The calls of the gateway.
        claims: What was checked, and whether it holds.
        skipped: Why it cannot be played here.
        broke: The error that ended it early.
        made: What it made, once it is over.
    """

    settings: Settings
    sandbox: Sandbox | None
    scene: Callable[[Demo, PaymentGateway], None]
    calls: list[_Call] = attrs.field(factory=list[_Call])
    claims: list[tuple[str, bool]] = attrs.field(factory=list[tuple[str, bool]])
    skipped: str | None = None
    broke: TokenChargeError | None = None
    made: Counter[str] = attrs.field(factory=Counter[str])
    _before: Counter[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._before = _recorded(self.sandbox)

    @property
    def title(self) -> str:
        """Its title: what it shows."""
        return str(self.scene.__doc__).rstrip(".")

    @property
    def name(self) -> str:
        """Its name for machines."""
        return self.scene.__name__.replace("_", "-")

    @property
    def code(self) -> str:
        """Its lines up to the checks, as they are in this file."""
        body = inspect.getsource(self.scene).split('"""\n', 1)[1]
        return textwrap.dedent(body.split("\n\n")[0])

    @property
    def as_told(self) -> bool:
        """Whether everything went as it says."""
        return self.broke is None and all(holds for _, holds in self.claims)

    @property
    def outcomes(self) -> list[object]:
        """What the gateway returned or raised, for each call."""
        return [call.outcome for call in self.calls]

    @property
    def outcome(self) -> object:
        """What the gateway returned or raised last."""
        return self.calls[-1].outcome

    @property
    def moves_money(self) -> str:
        """The path of the request that moves money."""
        return "/v1/charges" if self.settings.route == "charges" else "/v1/payment_intents"

    def count(self) -> Counter[str]:
        """Count what it has made so far.

        That is counted by the sandbox's own record, or by what Stripe's answers name.
        """
        if self.sandbox is not None:
            now = _recorded(self.sandbox)
            return Counter({kind: now[kind] - self._before[kind] for kind in now})
        payments = [each for each in self.outcomes if isinstance(each, Payment)]
        errors = [each for each in self.outcomes if isinstance(each, TokenChargeError)]
        customers = {payment.customer.id for payment in payments} | {
            error.customer_id for error in errors
        }
        charges = {payment.charge.id for payment in payments} | {
            error.charge_id for error in errors
        }
        refunds = {each.id for each in self.outcomes if isinstance(each, Refund)}
        return Counter(
            customers=len(customers - {None}), charges=len(charges - {None}), refunds=len(refunds)
        )

    def token(self) -> str:
        """Return a single-use token if one can be made without a browser.

        Otherwise it is Stripe's test token.
        """
        return "tok_visa" if self.sandbox is None else self.sandbox.create_token()

    def order_id(self) -> str:
        """Make a name for an order."""
        return f"demo-{uuid.uuid4().hex[:12]}"

    def need_sandbox(self) -> Sandbox:
        """Return the sandbox, or skip the scene."""
        if self.sandbox is None:
            raise _Skipped(
                "Stripe loses no answer on request; "
                "the sandbox does: unset STRIPE_SECRET_KEY to see it."
            )
        return self.sandbox

    def check(self, claim: str, holds: bool) -> None:
        """Record a claim that must hold, and whether it does."""
        self.claims.append((claim, holds))

    def check_made(self, customers: int, charges: int, refunds: int = 0) -> None:
        """Claim how many Customers, Charges and Refunds it made, failed ones too."""
        told = Counter(customers=customers, charges=charges, refunds=refunds)
        who = "Stripe's answers name" if self.sandbox is None else "The sandbox counts"
        self.check(f"{who} {_counted(told)}.", told == self.count())

    def play(self, gateway: PaymentGateway) -> None:
        """Play the scene."""
        try:
            self.scene(self, cast("PaymentGateway", _Noted(gateway, self)))
        except _Skipped as skipped:
            self.skipped = str(skipped)
        except TokenChargeError as error:
            self.broke = error
        self.made = self.count()

    def as_json(self) -> dict[str, Any]:
        """Describe the scene for a machine."""
        return {
            "name": self.name,
            "title": self.title,
            "as_told": None if self.skipped else self.as_told,
            "skipped": self.skipped,
            "error": None if self.broke is None else self.broke.message,
            "calls": [
                {
                    "method": call.method,
                    "result": type(call.outcome).__name__,
                    **dict(_facts(call.outcome)),
                    "requests": [attrs.asdict(each) for each in call.requests],
                }
                for call in self.calls
            ],
            "claims": [{"text": text, "holds": holds} for text, holds in self.claims],
            "totals": self.made,
        }


class _Noted:
    """A gateway whose calls are recorded in a scene."""

    def __init__(self, gateway: PaymentGateway, demo: Demo) -> None:
        self._gateway, self._demo = gateway, demo

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method, demo = getattr(self._gateway, name), self._demo

        def call(*args: Any, **kwargs: Any) -> Any:
            seen = 0 if demo.sandbox is None else len(demo.sandbox.requests)
            outcome: object = None
            try:
                outcome = method(*args, **kwargs)
                return outcome
            except TokenChargeError as error:
                outcome = error
                raise
            finally:
                arrived = [] if demo.sandbox is None else demo.sandbox.requests[seen:]
                demo.calls.append(_Call(name, outcome, arrived))

        return call


def _recorded(sandbox: Sandbox | None) -> Counter[str]:
    kinds = ("customers", "charges", "refunds")
    return Counter({kind: 0 if sandbox is None else len(getattr(sandbox, kind)) for kind in kinds})


def _counted(made: Counter[str]) -> str:
    return ", ".join(
        f"{count} {kind.removesuffix('s') if count == 1 else kind}" for kind, count in made.items()
    )


def _facts(outcome: object) -> Iterator[tuple[str, str]]:
    if isinstance(outcome, Payment):
        yield "customer", outcome.customer.id
        yield from _facts(outcome.charge)
        if outcome.replayed:
            yield "replayed", "this call charged nothing"
    elif isinstance(outcome, Charge):
        yield "charge", outcome.id
        yield "state", outcome.state.value
        yield "kept", f"{outcome.amount_kept} of {outcome.amount}"
        yield (
            "card",
            f"{outcome.card.brand} ending in {outcome.card.last4}" if outcome.card else "none",
        )
    elif isinstance(outcome, Refund):
        yield "refund", outcome.id
        yield "given back", str(outcome.amount)
    elif isinstance(outcome, TokenChargeError):
        yield "raises", type(outcome).__name__
        yield "buyer reads", outcome.public_message
        yield "log says", repr(outcome)


def run(*, as_json: bool) -> int:
    """Play the scenes, and return 1 if one did not go as it says.

    Raises:
        ConfigurationError: The key in the environment is no test key, or a setting is
            wrong; nothing was sent.
        CommandFailed: rich is not installed.
    """
    console = None if as_json else open_console()
    # Without a handler, Python prints warnings, and a lost answer is one. Here the
    # scenes show it.
    logging.getLogger("tokencharge").addHandler(logging.NullHandler())
    played: list[Demo] = []
    with _backend() as (settings, sandbox), PaymentGateway.from_settings(settings) as gateway:
        if console is not None:
            _open(console, settings, sandbox)
        for scene in SCENES:
            demo = Demo(settings, sandbox, scene)
            demo.play(gateway)
            played.append(demo)
            if console is not None:
                _show(console, len(played), demo)
            if demo.broke is not None:
                break
    if console is not None:
        _close(console, sandbox, played)
    else:
        write_json(
            {
                "backend": "stripe" if sandbox is None else "sandbox",
                "as_told": all(demo.as_told for demo in played),
                "scenes": [demo.as_json() for demo in played],
                "totals": _totals(played),
            }
        )
    return 0 if all(demo.as_told for demo in played) else 1


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


@contextmanager
def _backend() -> Iterator[tuple[Settings, Sandbox | None]]:
    if os.environ.get("STRIPE_SECRET_KEY"):
        yield test_settings(), None
        return
    sandbox = Sandbox()
    with sandbox.serve(_LOOPBACK) as server:
        # No retries, so that a lost answer is seen.
        yield Settings(sandbox.secret_key, api_base=server.url, max_retries=0), sandbox


def _totals(played: list[Demo]) -> Counter[str]:
    totals = _recorded(None)
    for demo in played:
        totals.update(demo.made)
    return totals


def _open(console: Console, settings: Settings, sandbox: Sandbox | None) -> None:
    from rich.panel import Panel

    if sandbox is None:
        where = (
            f"This talks to Stripe's test mode at {settings.api_base}, "
            "with your test key. No money moves."
        )
    else:
        where = (
            f"This talks to a sandbox on this machine ({settings.api_base}), "
            "not to Stripe. No money moves."
        )
    console.print(Panel(where, title="tokencharge demo", title_align="left", border_style="cyan"))


def _show(console: Console, number: int, demo: Demo) -> None:
    from rich.rule import Rule
    from rich.syntax import Syntax
    from rich.table import Table
    from rich.text import Text

    console.print()
    console.print(Rule(Text(f"{number}. {demo.title}", "bold"), align="left", style="cyan"))
    if demo.skipped:
        console.print(Text(f"Skipped. {demo.skipped}", "dim"))
        return
    console.print()
    console.print(
        Syntax(demo.code, "python", theme="ansi_dark", background_color="default", word_wrap=True)
    )
    for call in demo.calls:
        facts = Table.grid(padding=(0, 2))
        facts.add_column(style="dim")
        facts.add_column(overflow="fold")
        for label, text in _facts(call.outcome):
            facts.add_row(Text(label), Text(text))
        for each in call.requests:
            replayed = ", replayed" if each.replayed else ""
            facts.add_row(
                Text("sent"), Text(f"{each.method} {each.path} ({each.status}{replayed})", "dim")
            )
        console.print()
        console.print(Text(f"gateway.{call.method}", "bold"))
        console.print(facts)
    console.print()
    for text, holds in demo.claims:
        console.print(Text(f"{mark(console, good=holds)} {text}", "green" if holds else "bold red"))
    if demo.broke is not None:
        text = f"{mark(console, good=False)} The scene broke off: {demo.broke.message}"
        console.print(Text(text, "bold red"))


def _close(console: Console, sandbox: Sandbox | None, played: list[Demo]) -> None:
    from rich.panel import Panel
    from rich.text import Text

    others = [demo.name for demo in played if not demo.as_told]
    if others:
        style = "red"
        text = Text(
            f"{len(others)} of {len(played)} scenes did not go as told: {', '.join(others)}.",
            "bold red",
        )
    else:
        style = "green"
        seen = sum(demo.skipped is None for demo in played)
        text = Text(f"{seen} scenes, all as told: {_counted(_totals(played))}.", "bold green")
        if sandbox is not None:
            more = "\nWith STRIPE_SECRET_KEY=sk_test_... set, the same goes to Stripe's test mode."
            text.append(more, "not bold default")
    console.print()
    console.print(Panel(text, border_style=style))
