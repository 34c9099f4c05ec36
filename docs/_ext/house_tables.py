"""What the reference makes from the library itself: settings, errors,
declines, checks, fixtures, the command line."""

from __future__ import annotations

import argparse
import ast
import enum
import inspect
from collections.abc import Iterable, Iterator
from types import ModuleType

import attrs
from house_names import strings_below

from tokencharge import (
    Advice,
    CardDeclined,
    MendedBy,
    Settings,
    TokenChargeError,
    cli,
    declines,
    errors,
    mending,
    pytest_plugin,
)
from tokencharge.django import checks, urls

_SAID = "What the message says."


def settings_table() -> str:
    """Say of each setting what it is for, and what holds where it is not set."""

    def default(field: attrs.Attribute[object]) -> str:
        if field.default is attrs.NOTHING:
            return "(required)"
        if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]
            return "what fits the others"
        return "" if field.default is None else f"`{field.default}`"

    fields = attrs.fields(Settings)
    rows = (
        (f"`{field.metadata['variable']}`", field.metadata["help"], default(field))
        for field in fields
    )
    return table(("setting", "what it is", "default"), rows)


def errors_table() -> str:
    """Say of each error what happened, whether to call again, and what to answer a
    browser."""
    rows = (
        (
            f"[`{error.__name__}`](#{error.__name__.lower()})",
            _one_line((inspect.getdoc(error) or "").split("\n\n")[0]),
            "yes" if error.retryable else "no",
            str(error.suggested_status),
            "(depends on the decline)" if error is CardDeclined else error("").public_message,
        )
        for error in _errors()
    )
    return table(("error", "what happened", "call again", "status", "the buyer reads"), rows)


def enum_table(cls: type[enum.Enum]) -> str:
    """Say what each member of an enumeration means."""
    said = strings_below(inspect.getsource(cls))
    rows = (
        (f"`{cls.__name__}.{each.name}`", f"`{each.value}`", said.get(each.name, ""))
        for each in cls
    )
    return table(("member", "in JSON", "meaning"), rows)


def declines_table() -> str:
    """Say of Stripe's codes what is advised, and what the buyer is
    told; codes told the same share a row."""
    alike: dict[tuple[Advice, str], list[str]] = {}
    for code in declines._ROWS:
        alike.setdefault(declines.reason(code, None), []).append(f"`{code}`")
    rows = (
        (", ".join(sorted(codes)), f"`{advice.name}`", said)
        for (advice, said), codes in alike.items()
    )
    return table(("code or decline code", "advice", "the buyer reads"), rows)


def mending_table() -> str:
    """Say of Stripe's codes who can mend what they tell; codes
    that are mended alike share a row."""
    alike: dict[tuple[MendedBy, str], list[str]] = {}
    for code, who in mending.WHO.items():
        todo = mending.what_to_do(code) if who is MendedBy.SHOP else ""
        alike.setdefault((who, todo), []).append(f"`{code}`")
    rows = (
        (f"`MendedBy.{who.name}`", ", ".join(sorted(codes)), todo)
        for (who, todo), codes in alike.items()
    )
    return table(("who", "codes", "what to do"), rows)


def checks_table() -> str:
    """Say of each system check in Django what is wrong, and what to do."""
    required = {
        field.metadata["variable"]
        for field in attrs.fields(Settings)
        if field.default is attrs.NOTHING
    }
    at_fault = [
        (
            f"`tokencharge.{number}`",
            f"`{name}` is {'missing, or ' if name in required else ''}not valid.",
            _SAID,
        )
        for name, number in checks._AT_FAULT.items()
    ]
    others = "Another setting is not valid, or two contradict each other."
    rows = [*at_fault, ("`tokencharge.E004`", others, _SAID), *_checks(urls), *_checks(checks)]
    return table(("check", "what is wrong", "what to do"), rows)


def fixtures_table() -> str:
    """Say what each fixture of the pytest plugin is."""
    rows = ((f"`{name}`", scope, said) for name, scope, said in _fixtures())
    return table(("fixture", "one for each", "what it is"), rows)


def command_line() -> str:
    """Say of each command what it does and takes."""
    parser = cli._parser()
    (commands,) = (
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    return "\n\n".join(
        f"## `{each.prog}`\n\n{_one_line(each.description or '')}\n\n{_arguments(each)}"
        for each in (parser, *commands.choices.values())
    )


def _errors() -> list[type[TokenChargeError]]:
    """List the classes in the order in which they are written."""
    return [
        each
        for each in vars(errors).values()
        if inspect.isclass(each) and issubclass(each, TokenChargeError)
    ]


def _checks(module: ModuleType) -> Iterator[tuple[str, str, str]]:
    """Read what a module's checks say where they say it."""
    for function in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(function, ast.FunctionDef):
            continue
        deploy = any("deploy=True" in ast.unparse(each) for each in function.decorator_list)
        for call in (each for each in ast.walk(function) if isinstance(each, ast.Call)):
            said = {each.arg: each.value for each in call.keywords}
            if isinstance(number := said.get("id"), ast.Constant):
                message, hint = call.args[0], said.get("hint")
                text = (
                    getattr(module, message.id)
                    if isinstance(message, ast.Name)
                    else ast.literal_eval(message)
                )
                name = f"`{ast.literal_eval(number)}`" + (" (`check --deploy`)" if deploy else "")
                yield name, text, ast.literal_eval(hint) if hint else _SAID


def _fixtures() -> Iterator[tuple[str, str, str]]:
    for node in ast.parse(inspect.getsource(pytest_plugin)).body:
        if isinstance(node, ast.FunctionDef) and node.name[0] != "_":
            for decorator in map(ast.unparse, node.decorator_list):
                if decorator.startswith("pytest.fixture"):
                    scope = "run" if "session" in decorator else "test"
                    yield node.name, scope, _one_line(ast.get_docstring(node) or "")


def _arguments(parser: argparse.ArgumentParser) -> str:
    rows = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            rows += [(f"`{each.dest}`", each.help or "") for each in action._choices_actions]
        else:
            name = ", ".join(action.option_strings)
            value = str(action.metavar or action.dest.upper())
            shown = [name] * bool(name) + [value] * (action.nargs != 0)
            told = _one_line((action.help or "") % vars(action))
            rows.append((f"`{' '.join(shown)}`", told))
    return table(("", "what it does"), rows)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
