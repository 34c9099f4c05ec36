"""The public names: what the library offers, and where each is documented."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import itertools
import logging
from types import ModuleType
from typing import TypeVar

import django
from django.conf import settings

PUBLIC = (
    "tokencharge",
    "tokencharge.flask",
    "tokencharge.django",
    "tokencharge.asgi",
    "tokencharge.web",
    "tokencharge.webhooks",
    "tokencharge.otel",
    "tokencharge.testing",
    "tokencharge.sandbox",
)
# What their docstrings speak of beside their own names.
SPOKEN_OF = {"Gateway": "tokencharge.gateway.Gateway"}


@functools.cache
def public_names() -> dict[str, str]:
    """Map names as docstrings write them to the names they are documented
    under: "Money" to "tokencharge.Money"."""
    names = dict(SPOKEN_OF)
    for module in map(load, PUBLIC):
        for name in names_of(module):
            names.setdefault(name, f"{module.__name__}.{name}")
    return names


def load(name: str) -> ModuleType:
    """Import a module of the library; Django wants settings first."""
    if name.startswith("tokencharge.django") and not settings.configured:
        settings.configure(INSTALLED_APPS=["tokencharge.django"], STRIPE_SECRET_KEY="sk_test_docs")
        django.setup()
    return importlib.import_module(name)


def find(name: str) -> object:
    """Return what a public name stands for."""
    module, _, last = name.rpartition(".")
    found: object = getattr(load(module), last)
    return found


def names_of(module: ModuleType) -> list[str]:
    """List what a module offers: its `__all__`, or what it defines
    under a name without an underscore."""
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    named = {
        name
        for node in ast.parse(inspect.getsource(module)).body
        for name in _named(node)
        if name[0] != "_"
    }
    return sorted(
        name for name in named if not isinstance(vars(module)[name], (TypeVar, logging.Logger))
    )


def _named(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return [node.name]
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    return [target.id for target in targets if isinstance(target, ast.Name)]


def strings_below(source: str) -> dict[str, str]:
    """Read the strings that stand below assignments and say what they are;
    Python itself does not keep them."""
    bodies = [
        node.body
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.ClassDef, ast.Module))
    ]
    return {
        name: " ".join(below.value.value.split())
        for body in bodies
        for above, below in itertools.pairwise(body)
        for name in ([] if isinstance(above, (ast.ClassDef, ast.FunctionDef)) else _named(above))
        if isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }
