"""The Python that the documentation shows, run: page by page, against a
sandbox, the tests among it by pytest."""

from __future__ import annotations

import ast
import inspect
import io
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from house_docstrings import examples
from house_names import PUBLIC, load
from sybil import Document, Example
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.myst import CodeBlockParser

from tests.docs.pages import PAGES, Names, name_of, stage

TESTS, PRINTED = "tests of this page", "printed by the last block"
evaluate = PythonEvaluator()


def run(example: Example) -> None:
    """Run a block. One with a caption is a file as well; the tests in one are kept for pytest."""
    source, options = str(example.parsed), example.region.lexemes.get("options") or {}
    if "caption" in options:
        Path(options["caption"]).write_text(source, "utf-8")
    if any(is_test(node) or is_fixture(node) for node in ast.parse(source).body):
        example.namespace.setdefault(TESTS, []).append(source)
    printed = io.StringIO()
    with redirect_stdout(printed):
        evaluate(example)
    example.namespace[PRINTED] = printed.getvalue()


def compare(example: Example) -> None:
    """Compare a block of text with what the block before it printed, if it did."""
    printed = example.namespace.pop(PRINTED, "")
    assert not printed or printed == str(example.parsed)


def is_test(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return any("TestCase" in ast.unparse(base) for base in node.bases)
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith(
        "test_"
    )


def is_fixture(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and any(
        "fixture" in ast.unparse(each) for each in node.decorator_list
    )


def read(page: Path) -> Document:
    return Document.parse(
        str(page), CodeBlockParser("python", run), CodeBlockParser("text", compare)
    )


@pytest.mark.parametrize("page", [page for page in PAGES if list(read(page))], ids=name_of)
def test_what_a_page_shows_runs(page: Path, names: Names) -> None:
    """The blocks of a page run one after another, as a reader
    would copy them, and its tests pass."""
    document = read(page)
    document.namespace = names
    with stage(name_of(page), names):
        for example in document.examples():
            example.evaluate()
        tests = names.get(TESTS, [])

    assert 0 == (pytest_of_its_own(tests) if tests else 0)


def pytest_of_its_own(blocks: list[str]) -> int:
    """Run tests as a reader would, with nothing set but the plugin: a module for each block, which
    has the imports and fixtures of those before it."""
    above: list[ast.stmt] = []
    files = []
    for number, block in enumerate(blocks):
        files.append(f"test_block_{number}.py")
        Path(files[-1]).write_text(f"{ast.unparse(ast.Module(above, []))}\n\n{block}", "utf-8")
        above += [node for node in ast.parse(block).body if not is_test(node)]
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("STRIPE_", "CI"))
    }
    plugins = ["-p", "tokencharge.pytest_plugin", "-p", "no:randomly"]
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", *plugins, *files]
    return subprocess.run(command, env=env, check=False).returncode


@pytest.mark.parametrize("module", PUBLIC)
def test_what_a_docstring_shows_runs(module: str, names: Names) -> None:
    """The examples in the docstrings of public modules run,
    with what their readers have at hand."""
    documented = load(module)
    with stage(module, names):
        for source in docstring_examples(inspect.getsource(documented)):
            exec(compile(source, module, "exec"), {**vars(documented), **names})


def docstring_examples(source: str) -> list[str]:
    """The examples of all docstrings of a module, those of one docstring together."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = inspect.cleandoc(ast.get_docstring(node) or "").splitlines()
            blocks = ["\n".join(lines[number] for number in block) for block in examples(lines)]
            found.append("\n".join(map(inspect.cleandoc, blocks)))
    return [block for block in found if block]


def test_examples_are_found_in_docstrings() -> None:
    """The adapters show how they are used, so there are docstrings with examples in them."""
    with_examples = [name for name in PUBLIC if docstring_examples(inspect.getsource(load(name)))]

    assert {"tokencharge.asgi", "tokencharge.django", "tokencharge.flask"} <= set(with_examples)
