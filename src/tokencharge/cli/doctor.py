"""`tokencharge doctor`: check the keys, the settings and the way to Stripe."""

from __future__ import annotations

import os
import platform
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal

import attrs

from .. import (
    CardTokensRefused,
    ConfigurationError,
    InvalidRequest,
    Money,
    PaymentGateway,
    Settings,
    TokenChargeError,
    TokenRejected,
)
from .._secrets import redact
from ..settings import check_where_the_key_goes, misspelt, said_of_misspelt
from .terminal import find_console, mark, write, write_json

if TYPE_CHECKING:
    from rich.console import Console

# Settings checks all settings together. With this key, whose prefix shows no mode, it
# checks one setting at a time.
_STAND_IN = "sk_doctor"
_SECRET, _PUBLISHABLE, _LIVEMODE = "STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_LIVEMODE"
_API_BASE, _ROUTE = "STRIPE_API_BASE", "STRIPE_ROUTE"
_NEEDED_TO_ASK = (
    _SECRET,
    _LIVEMODE,
    _API_BASE,
    "STRIPE_TIMEOUT",
    "STRIPE_MAX_RETRIES",
    _ROUTE,
)
_NOBODY = "cus_tokencharge_doctor"
_CARD_TOKENS = "card tokens"
_STYLES = {"right": "green", "wrong": "bold red", "unset": "dim", "skipped": "dim"}


@attrs.frozen
class Row:
    """One thing that was checked.

    Attributes:
        name: The variable, or what else was checked.
        state: "unset" is a setting that may stay so; "skipped" could not or should not
            be checked.
        says: What was found; and what to do, if that is wrong.
    """

    name: str
    state: Literal["right", "wrong", "unset", "skipped"]
    says: str


def run(*, offline: bool, as_json: bool) -> int:
    """Check everything, write a report, and return 1 if something is wrong."""
    rows = list(_examine(os.environ, offline=offline))
    wrong = sum(row.state == "wrong" for row in rows)
    are = "is" if wrong == 1 else "are"
    summary = f"{wrong} of {len(rows)} rows {are} wrong." if wrong else "Nothing is wrong."
    if as_json:
        write_json({"right": not wrong, "rows": [attrs.asdict(row) for row in rows]})
    elif (console := find_console()) is not None:
        _show_table(console, rows)
        console.print(summary, style="bold red" if wrong else "bold green")
    else:
        for row in rows:
            write(f"{_sign(None, row):<2}  {_printable(f'{row.name:<24} {row.says}')}")
        write(summary)
    return 1 if wrong else 0


def _show_table(console: Console, rows: Iterable[Row]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table("", "what", "finding", box=SIMPLE_HEAD)
    table.columns[2].overflow = "fold"
    for row in rows:
        style = _STYLES[row.state]
        table.add_row(Text(_sign(console, row), style), Text(row.name, style), Text(row.says))
    console.print(table)


def _sign(console: Console | None, row: Row) -> str:
    return mark(console, good=row.state == "right") if row.state in {"right", "wrong"} else "-"


def _printable(text: str) -> str:
    """Return a text that cannot write to the terminal, as rich's tables cannot."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _examine(environment: Mapping[str, str], *, offline: bool) -> Iterator[Row]:
    found: dict[str, Row] = {}
    for field in attrs.fields(Settings):
        row = _setting(field, environment, secret_is_right=_is(found, _SECRET, "right"))
        found[row.name] = row
        yield row
        if row.name == _PUBLISHABLE:
            yield _pair(
                environment, comparable=_is(found, _SECRET, "right") and row.state == "right"
            )
    for name, meant in misspelt(environment).items():
        yield Row(name, "wrong", said_of_misspelt(name, meant))
    yield Row("python", "right", platform.python_version())
    for package in ("tokencharge", "stripe", "urllib3"):
        yield _version(package)
    if offline:
        yield Row("Stripe", "skipped", "Not asked: --offline.")
    elif any(_is(found, name, "wrong") for name in _NEEDED_TO_ASK):
        yield Row("Stripe", "skipped", "Not asked: mend the settings first.")
    else:
        yield from _ask({name: environment.get(name) for name in _NEEDED_TO_ASK})


def _is(found: Mapping[str, Row], name: str, state: str) -> bool:
    return name in found and found[name].state == state


def _setting(
    field: attrs.Attribute[Any], environment: Mapping[str, str], *, secret_is_right: bool
) -> Row:
    variable = field.metadata["variable"]
    # The publishable key is compared with the secret key in a row of its own.
    key = environment.get(_SECRET) if secret_is_right and variable != _PUBLISHABLE else _STAND_IN
    try:
        settings = Settings.from_mapping({_SECRET: key, variable: environment.get(variable)})
        if variable == _API_BASE:
            check_where_the_key_goes(settings)
    except ConfigurationError as error:
        return Row(variable, "wrong", error.message)
    value = getattr(settings, field.name)
    if value is None:
        return Row(variable, "unset", f"Not set. {field.metadata['help']}")
    if variable == _SECRET:
        mode = f"{settings.mode} mode" if settings.mode else "its prefix tells no mode"
        return Row(variable, "right", f"{_prefixes(value)} ({mode})")
    if field.metadata["secret"] or variable == _PUBLISHABLE:
        return Row(variable, "right", _prefixes(value))
    shown = redact(str(value)).encode("unicode_escape").decode()
    return Row(variable, "right", shown + ("" if environment.get(variable) else " (the default)"))


def _prefixes(value: str) -> str:
    """Return what may be shown of one or more keys.

    Of each, that is its prefix if the prefix is known, and else "set".
    """
    blotted = (
        re.fullmatch(r"(\w+_)\[redacted\]", redact(part.strip())) for part in value.split(",")
    )
    return ", ".join(f"{match[1]}..." if match else "set" for match in blotted)


def _pair(environment: Mapping[str, str], *, comparable: bool) -> Row:
    if not comparable:
        return Row(
            "key pair",
            "skipped",
            "Not compared: it takes a secret and a publishable key that are right.",
        )
    try:
        Settings.from_mapping({name: environment.get(name) for name in (_SECRET, _PUBLISHABLE)})
    except ConfigurationError as error:
        return Row("key pair", "wrong", error.message)
    return Row(
        "key pair", "right", "Both keys are of the same mode, as far as their prefixes tell."
    )


def _version(package: str) -> Row:
    try:
        return Row(package, "right", metadata.version(package))
    except metadata.PackageNotFoundError:
        return Row(package, "wrong", f"Not installed as a package: python -m pip install {package}")


def _ask(mapping: Mapping[str, str | None]) -> Iterator[Row]:
    settings = Settings.from_mapping(mapping)
    brief = attrs.evolve(settings, timeout=min(settings.timeout, 10.0), max_retries=0)
    answers = _answers(brief)
    yield answers
    if answers.state == "right":
        yield _card_tokens(brief)


def _answers(settings: Settings) -> Row:
    """Ask for a customer that cannot exist.

    The answer "no such customer" means that all is well.
    """
    where = f"Stripe at {settings.api_base}"
    try:
        with PaymentGateway.from_settings(settings) as gateway:
            gateway.get_customer(_NOBODY)
    except InvalidRequest as error:
        if error.http_status != 404:
            return Row("Stripe", "wrong", f"{where} answers, but objects: {error.message}")
    except TokenChargeError as error:
        if error.http_status in (401, 403, 429):
            return Row("Stripe", "wrong", error.message)
        if error.http_status is None:
            problem = "cannot be reached: check the network, the proxy and STRIPE_API_BASE."
        else:
            problem = "does not answer as Stripe does: check STRIPE_API_BASE, or try again later."
        return Row("Stripe", "wrong", f"{where} {problem} {error.__cause__}")
    return Row("Stripe", "right", f"{where} answers, and takes the key.")


def _card_tokens(settings: Settings) -> Row:
    """Charge a token that cannot exist, over Charges.

    The refusal shows which routes the account has.
    """
    # A new token each time: Stripe keeps its answer to the last one.
    token = f"tok_0Doctor{secrets.token_hex(8)}"
    try:
        with PaymentGateway.from_settings(attrs.evolve(settings, route="charges")) as gateway:
            gateway.charge(token, "doctor@example.com", Money(100, "usd"))
    except CardTokensRefused as error:
        if settings.route == "charges":
            return Row(_CARD_TOKENS, "wrong", error.message)
        return Row(
            _CARD_TOKENS,
            "right",
            "Not taken at Customers and Charges: the route payment_intents fits the account.",
        )
    except TokenRejected:
        return Row(
            _CARD_TOKENS,
            "right",
            f"Taken at Customers and Charges: either route fits, {settings.route} is set.",
        )
    except TokenChargeError as error:
        return Row(_CARD_TOKENS, "skipped", f"Not known: {error.message}")
    return Row(
        _CARD_TOKENS, "skipped", "Not known: whatever answers takes a token that cannot exist."
    )
