"""`tokencharge demo`: the story, told in the terminal or to a machine."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from .. import Charge, ChargeState, ConfigurationError, Payment, PaymentGateway, Refund, Settings, TokenChargeError
from ..sandbox import Sandbox
from .scenes import play
from .stage import Scene, Stage, Step, Totals
from .terminal import mark, open_console, write_json

if TYPE_CHECKING:
    from rich.console import Console

_LOOPBACK = "127.0.0.1"


def run(*, as_json: bool) -> int:
    """Play the story and return 1 if it did not go as told.

    Raises:
        ConfigurationError: The key in the environment is no test key, or a setting is wrong; nothing was sent.
        CommandFailed: rich is not installed.
    """
    console = None if as_json else open_console()
    # Without a handler Python prints warnings, and a lost answer is one; here the scenes tell of it.
    logging.getLogger("tokencharge").addHandler(logging.NullHandler())
    scenes: list[Scene] = []
    with _set_stage() as stage:
        if console is not None:
            _open(console, stage)
        for scene in play(stage):
            scenes.append(scene)
            if console is not None:
                _show(console, len(scenes), scene)
    as_told = all(scene.as_told for scene in scenes)
    totals = sum((scene.totals for scene in scenes), Totals())
    if console is not None:
        _close(console, stage, scenes, totals)
    else:
        write_json(
            {
                "backend": stage.backend,
                "as_told": as_told,
                "scenes": [scene.as_json() for scene in scenes],
                "totals": attrs.asdict(totals),
            }
        )
    return 0 if as_told else 1


def test_settings() -> Settings:
    """Read the settings from the environment, and refuse any key that may not be a test key.

    Raises:
        ConfigurationError: The key is no test key, or a setting is wrong.
    """
    settings = Settings.from_env()
    if settings.mode != "test":
        raise ConfigurationError(
            "The demo charges cards, so it takes a test key only: set STRIPE_SECRET_KEY to one (sk_test_...), "
            "or unset it to use the sandbox."
        )
    return settings


@contextmanager
def _set_stage() -> Iterator[Stage]:
    if os.environ.get("STRIPE_SECRET_KEY"):
        settings = test_settings()
        with PaymentGateway.from_settings(settings) as gateway:
            yield Stage(settings, gateway, None)
    else:
        sandbox = Sandbox()
        with _past_proxies(), sandbox.serve(_LOOPBACK) as server:
            settings = Settings(sandbox.secret_key, api_base=server.url)
            with PaymentGateway.from_settings(settings) as gateway:
                yield Stage(settings, gateway, sandbox)


@contextmanager
def _past_proxies() -> Iterator[None]:
    """Keep requests to the sandbox on this machine, where the environment names a proxy."""
    before = os.environ.get("no_proxy")
    os.environ["no_proxy"] = _LOOPBACK
    try:
        yield
    finally:
        del os.environ["no_proxy"]
        if before is not None:
            os.environ["no_proxy"] = before


def _open(console: Console, stage: Stage) -> None:
    from rich.panel import Panel
    from rich.text import Text

    if stage.sandbox is None:
        where = Text.assemble(
            "This talks to ", ("Stripe's test mode", "bold"), f" at {stage.settings.api_base}, with your test key."
        )
    else:
        where = Text.assemble(
            "This talks to ",
            ("a sandbox on this machine", "bold"),
            f" ({stage.settings.api_base}), ",
            ("not to Stripe", "bold"),
            ".",
        )
    where.append(" No money moves.")
    console.print(Panel(where, title="tokencharge demo", title_align="left", border_style="cyan"))


def _show(console: Console, number: int, scene: Scene) -> None:
    from rich.rule import Rule
    from rich.text import Text

    console.print()
    console.print(Rule(Text(f"{number}. {scene.title}", "bold"), align="left", style="cyan"))
    if scene.skipped:
        console.print(Text(f"Skipped. {scene.skipped}", "dim"))
    for step in scene.steps:
        _show_step(console, step)
    console.print()
    for claim in scene.claims:
        console.print(Text(f"{mark(console, good=claim.holds)} {claim.text}", "green" if claim.holds else "bold red"))
    if scene.broke is not None:
        text = f"{mark(console, good=False)} The scene broke off: {scene.broke.message}"
        console.print(Text(text, "bold red"))


def _show_step(console: Console, step: Step) -> None:
    from rich.padding import Padding
    from rich.syntax import Syntax
    from rich.table import Table
    from rich.text import Text

    code = step.code(console.width)
    console.print()
    console.print(Syntax(code, "python", theme="ansi_dark", background_color="default", word_wrap=True))
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    for label, text in _lines(step.outcome):
        facts.add_row(Text(label), Text(text))
    for each in step.requests:
        replayed = ", replayed" if each.replayed else ""
        facts.add_row(Text("sent"), Text(f"{each.method} {each.path} ({each.status}{replayed})", "dim"))
    if facts.row_count:
        console.print(Padding(facts, (0, 0, 0, 4), expand=False))


def _lines(outcome: object) -> Iterator[tuple[str, str]]:
    if isinstance(outcome, Payment):
        yield "customer", outcome.customer.id
        yield from _lines(outcome.charge)
        if outcome.replayed:
            yield "replayed", "this call charged nothing"
    elif isinstance(outcome, Charge):
        card = outcome.card
        yield "charge", f"{outcome.id}, {outcome.status}"
        paid_with = f", {card.brand} ending in {card.last4}" if card else ""
        yield "receipt", f"{outcome.amount}{paid_with}{_stage_of(outcome)}"
    elif isinstance(outcome, Refund):
        yield "refund", f"{outcome.id}, {outcome.status}"
        yield "amount", str(outcome.amount)
    elif isinstance(outcome, TokenChargeError):
        yield "raises", type(outcome).__name__
        yield "buyer reads", outcome.public_message
        yield "log says", repr(outcome)


def _stage_of(charge: Charge) -> str:
    if charge.state is ChargeState.RELEASED:
        return ", let go"
    if not charge.captured:
        return ", held and not taken"
    return f", {charge.amount_refunded} given back" if charge.amount_refunded.amount else ", paid"


def _close(console: Console, stage: Stage, scenes: list[Scene], totals: Totals) -> None:
    from rich.panel import Panel
    from rich.text import Text

    others = [scene.name for scene in scenes if not scene.as_told]
    if others:
        style = "red"
        text = Text(f"{len(others)} of {len(scenes)} scenes did not go as told: {', '.join(others)}.", "bold red")
    else:
        style = "green"
        played = sum(scene.skipped is None for scene in scenes)
        text = Text(f"{played} scenes, all as told: {totals}.", "bold green")
        if stage.sandbox is not None:
            text.append(
                "\nWith STRIPE_SECRET_KEY=sk_test_... set, the same goes to Stripe's test mode.", "not bold default"
            )
    console.print()
    console.print(Panel(text, border_style=style))
