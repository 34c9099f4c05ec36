"""What the reference makes from the library itself: settings, errors,
declines, fixtures, the command line."""

from __future__ import annotations

import argparse
import ast
import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from unittest import mock

import attrs
from docutils import nodes
from house_names import public_names, strings_below
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

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
    return _table(("setting", "what it is", "default"), rows)


def errors_table() -> str:
    """Say of each error what happened, whether to call again, and what to answer a browser."""
    rows = (
        (
            f"{{py:exc}}`~{public_names()[error.__name__]}`",
            _one_line((inspect.getdoc(error) or "").split("\n\n")[0]),
            "yes" if error.retryable else "no",
            str(error.suggested_status),
            "(depends on the decline)" if error is CardDeclined else error("").public_message,
        )
        for error in _errors()
    )
    return _table(("error", "what happened", "call again", "status", "the buyer reads"), rows)


def advice_table() -> str:
    """Say what each advice means."""
    below = strings_below(inspect.getsource(Advice))
    rows = ((f"`Advice.{each.name}`", f"`{each.value}`", below[each.name]) for each in Advice)
    return _table(("advice", "in JSON", "meaning"), rows)


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
    return _table(("code or decline code", "advice", "the buyer reads"), rows)


def mending_table() -> str:
    """Say of Stripe's codes who can mend what they tell; codes
    that are mended alike share a row."""
    alike: dict[tuple[MendedBy, str], list[str]] = {}
    for code, who in mending.WHO.items():
        todo = mending.what_to_do(code) if who is MendedBy.Shop else ""
        alike.setdefault((who, todo), []).append(f"`{code}`")
    rows = (
        (f"`MendedBy.{who.name}`", ", ".join(sorted(codes)), todo)
        for (who, todo), codes in alike.items()
    )
    return _table(("who", "codes", "what to do"), rows)


def fixtures_table() -> str:
    """Say what each fixture of the pytest plugin is."""
    rows = ((f"`{name}`", scope, said) for name, scope, said in _fixtures())
    return _table(("fixture", "one for each", "what it is"), rows)


def command_line() -> str:
    """Show what each command prints when it is asked for help."""
    parser = cli._parser()
    (commands,) = (
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    return "\n\n".join(
        f"## `{each.prog}`\n\n{_help(each)}" for each in (parser, *commands.choices.values())
    )


def _errors() -> list[type[TokenChargeError]]:
    """List the classes in the order in which they are written."""
    return [
        each
        for each in vars(errors).values()
        if inspect.isclass(each) and issubclass(each, TokenChargeError)
    ]


def _fixtures() -> Iterator[tuple[str, str, str]]:
    for node in ast.parse(inspect.getsource(pytest_plugin)).body:
        if isinstance(node, ast.FunctionDef) and node.name[0] != "_":
            for decorator in map(ast.unparse, node.decorator_list):
                if decorator.startswith("pytest.fixture"):
                    scope = "run" if "session" in decorator else "test"
                    yield node.name, scope, _one_line(ast.get_docstring(node) or "")


def _help(parser: argparse.ArgumentParser) -> str:
    # Whatever the terminal of whoever builds this: a width of its own, and no colours.
    with mock.patch.dict(os.environ, COLUMNS="90", NO_COLOR="1"):
        return f"```text\n{parser.format_help()}```"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


def _directive(make: Callable[[], str]) -> type[SphinxDirective]:
    class Made(SphinxDirective):
        def run(self) -> list[nodes.Node]:
            return self.parse_text_to_nodes(make(), allow_section_headings=True)

    return Made


def setup(app: Sphinx) -> ExtensionMetadata:
    """Name the directives: `settings-table` and so on."""
    for make in (
        settings_table,
        errors_table,
        advice_table,
        declines_table,
        mending_table,
        fixtures_table,
        command_line,
    ):
        app.add_directive(make.__name__.replace("_", "-"), _directive(make))
    return {"parallel_read_safe": True}
