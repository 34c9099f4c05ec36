"""The house's own rules: who may import whom, what is public, what says what it is."""

from __future__ import annotations

import ast
import graphlib
import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Container, Iterator, Set
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, TypeGuard
from xml.etree import ElementTree

import tokencharge
from tests.rows import each_row

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "tokencharge"
MODULES = sorted(SOURCE.rglob("*.py"))


PLAIN = frozenset({"attrs", "typing_extensions"})


class Rule(NamedTuple):
    """What one part of the library may import beside the standard library,
    itself and what stands on lower floors."""

    others: Set[str] = PLAIN
    only: Set[str] | None = None  # of ours, not all that stands lower
    lazily: Set[str] = (
        frozenset()
    )  # of the lower floors, only inside a function or for type checkers


# The floors of the house, from the ground up. A part is a module or a package of src/tokencharge;
# "tokencharge" is its __init__, and with it the public names: `from tokencharge import Money`.
FLOORS = (
    {"languages", "mending", "_clock", "_drive", "_secrets", "_event_store", "_mistakes"},
    {"declines"},
    {"errors"},
    {"_frames"},
    {"money", "settings"},
    {"_checks", "_reading"},
    {"people"},
    {"results"},
    {"events", "order", "_flows"},
    {"_observe", "_operations"},
    {"_stripe"},
    {"gateway"},
    {"aio", "web"},
    {"tokencharge", "webhooks"},
    {"flask", "django", "asgi", "otel", "sandbox"},
    {"testing"},
    {"pytest_plugin", "cli"},
    {"__main__"},
)
WORDS = {
    "money",
    "order",
    "people",
    "results",
    "errors",
    "declines",
    "languages",
    "mending",
    "settings",
}
WORDS |= {"_checks", "_clock", "_mistakes", "_reading", "_secrets", "_frames"}
ADAPTERS = {"flask", "django", "asgi"}
ADAPTER = {"tokencharge", "web", "webhooks", "_mistakes"}
KIT = {"tokencharge"} | WORDS
RULES = {
    "languages": Rule(PLAIN | {"babel"}),
    "_stripe": Rule(PLAIN | {"aiohttp", "stripe", "urllib3"}),
    "otel": Rule(PLAIN | {"opentelemetry"}, {"tokencharge", "_mistakes", "_observe", "_flows"}),
    "web": Rule(only=WORDS | {"gateway"}, lazily={"_stripe"}),
    "webhooks": Rule(
        only=WORDS | {"_drive", "_event_store", "_observe", "events", "gateway", "web"}
    ),
    "tokencharge": Rule(only=WORDS | {"gateway", "aio", "events", "web"}),
    "flask": Rule(
        PLAIN | {"blinker", "click", "flask", "flask_babel", "markupsafe", "werkzeug"}, ADAPTER
    ),
    "django": Rule(PLAIN | {"asgiref", "django"}, ADAPTER),
    "asgi": Rule(PLAIN | {"anyio", "jinja2", "markupsafe", "starlette"}, ADAPTER),
    "sandbox": Rule(only=KIT, lazily={"_stripe"}),
    "testing": Rule(PLAIN | {"vcr", "yaml"}, KIT | {"sandbox"}, lazily={"_stripe"}),
    "pytest_plugin": Rule(PLAIN | {"pytest"}, KIT | {"sandbox", "testing"}),
    "cli": Rule(
        PLAIN | {"flask", "rich", "werkzeug"}, KIT | {"web", "sandbox", "testing"} | ADAPTERS
    ),
    "__main__": Rule(only={"cli"}),
}
FRAMEWORKS = {"django", "fastapi", "flask", "opentelemetry", "rich", "starlette"}
NOT_AT_ONCE = {
    "_observe",
    "_stripe",
    "otel",
    "sandbox",
    "testing",
    "pytest_plugin",
    "cli",
} | ADAPTERS


class Import(NamedTuple):
    """One import: the dotted name it asks for, its line, whether it runs as the module loads."""

    name: str
    line: int
    at_load: bool


def imports(tree: ast.AST, package: str, *, at_load: bool = True) -> Iterator[Import]:
    """Every import under `tree`, wherever it hides; relative ones are made absolute."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, at_load) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            yield from (Import(f"{base}.{a.name}", node.lineno, at_load) for a in node.names)
        elif isinstance(node, ast.Call) and _asks_for_a_module(node):
            yield Import(str(ast.literal_eval(node.args[0])), node.lineno, at_load)
        later = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for_checkers = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        yield from imports(node, package, at_load=at_load and not later and not for_checkers)


def _asks_for_a_module(call: ast.Call) -> bool:
    named = ast.unparse(call.func).split(".")[-1] in {"__import__", "import_module"}
    return named and bool(call.args) and isinstance(call.args[0], ast.Constant)


def part_of(dotted: str) -> str:
    """The part of the library that `tokencharge.x.y` belongs to."""
    _, *below = dotted.split(".")
    return below[0] if below and floor_of(below[0]) is not None else "tokencharge"


def floor_of(part: str) -> int | None:
    """The floor a part stands on."""
    return next((floor for floor, parts in enumerate(FLOORS) if part in parts), None)


def part_at(path: Path) -> str:
    """The part that a path under src/tokencharge belongs to."""
    return "tokencharge" if path == Path("__init__.py") else path.parts[0].removesuffix(".py")


def offences(path: Path, source: str) -> list[str]:
    """Whatever `source`, standing at `path` under src/tokencharge, imports against its rule."""
    part = part_at(path)
    floor = floor_of(part)
    if floor is None:
        return [f"{path}: a new part of the library: say where it belongs, in FLOORS"]
    rule = RULES.get(part, Rule())
    lower = set().union(*FLOORS[:floor])
    allowed = lower if rule.only is None else rule.only & lower
    found = []
    for wanted in imports(ast.parse(source), ".".join(["tokencharge", *path.parts[:-1]])):
        root = wanted.name.split(".")[0]
        if root == "tokencharge":
            target = part_of(wanted.name)
            lazy = target in rule.lazily & lower and not wanted.at_load
            fine = target == part or target in allowed or lazy
        else:
            fine = root in rule.others or root in sys.stdlib_module_names
        if not fine:
            found.append(f"{path}:{wanted.line}: {part} may not import {wanted.name}")
    return found


def test_the_real_imports_have_no_circle() -> None:
    """Sorted by what they import, wherever in a module that stands, the parts make one order."""
    imported: dict[str, set[str]] = {}
    for module in MODULES:
        path = module.relative_to(SOURCE)
        package = ".".join(["tokencharge", *path.parts[:-1]])
        ours = (
            each for each in imports(ast.parse(module.read_text("utf-8")), package) if is_ours(each)
        )
        imported.setdefault(part_at(path), set()).update(part_of(each.name) for each in ours)
    for part, parts in imported.items():
        parts.discard(part)
    order = [*graphlib.TopologicalSorter(imported).static_order()]

    assert {*imported} <= {*order}
    assert len(order) == len(set().union(*FLOORS))


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Within the parts, too, the modules make one order; an import for checkers alone counts."""
    dotted = {_dotted(module.relative_to(SOURCE)): module for module in MODULES}
    imported: dict[str, set[str]] = {}
    for name, module in dotted.items():
        package = name if module.name == "__init__.py" else name.rpartition(".")[0]
        wanted = imports(ast.parse(module.read_text("utf-8")), package)
        found = {_module_of(each.name, dotted) for each in wanted if is_ours(each)}
        imported[name] = found - {name}

    assert {*dotted} == {*graphlib.TopologicalSorter(imported).static_order()}


def _dotted(path: Path) -> str:
    parts = ["tokencharge", *path.with_suffix("").parts]
    return ".".join(parts).removesuffix(".__init__")


def _module_of(name: str, modules: Container[str]) -> str:
    """The module that `tokencharge.x.y` is, or is defined in."""
    return name if name in modules else _module_of(name.rpartition(".")[0], modules)


def is_ours(wanted: Import) -> bool:
    return wanted.name.split(".")[0] == "tokencharge"


@each_row("module", MODULES)
def test_imports_go_one_way(module: Path) -> None:
    """Each module imports only what its place in the house allows."""
    assert [] == offences(module.relative_to(SOURCE), module.read_text("utf-8"))


@each_row(
    ("path", "source"),
    [
        ("money.py", "import stripe"),
        ("money.py", "from ._flows import Call"),
        ("money.py", "from . import gateway"),
        ("_flows.py", "from tokencharge import _stripe"),
        ("_flows.py", "import urllib3.exceptions"),
        ("_stripe.py", "from .gateway import PaymentGateway"),
        ("gateway.py", "def send():\n    import stripe"),
        ("gateway.py", "if TYPE_CHECKING:\n    from stripe import HTTPClient"),
        ("gateway.py", "client = importlib.import_module('stripe')"),
        ("gateway.py", "from .sandbox import Sandbox"),
        ("web.py", "from .flask import TokenCharge"),
        ("web.py", "from ._flows import Call"),
        ("flask.py", "from tokencharge.gateway import PaymentGateway"),
        ("flask.py", "from tokencharge.django import ChargeView"),
        ("django/views.py", "from ..errors import CardDeclined"),
        ("django/views.py", "import flask"),
        ("sandbox/__init__.py", "from tokencharge._stripe import FunctionClient"),
        ("sandbox/service/engine.py", "from ...gateway import PaymentGateway"),
        ("testing.py", "import pytest"),
        ("__init__.py", "from .sandbox import Sandbox"),
        ("novelty.py", ""),
    ],
)
def test_the_import_rule_notices(path: str, source: str) -> None:
    """A forbidden import is found wherever it hides, and so is a part that nobody placed."""
    assert 1 == len(offences(Path(path), source))


@each_row(
    ("path", "source"),
    [
        ("money.py", "import decimal, attrs\nfrom .errors import InvalidInput"),
        ("_stripe.py", "import stripe, urllib3\nfrom ._flows import Call"),
        ("flask.py", "from flask import Flask\nfrom tokencharge import Money\nfrom .web import x"),
        ("django/views.py", "from django import views\nfrom . import urls\nfrom .. import Money"),
        ("sandbox/service/engine.py", "def client():\n    from ..._stripe import FunctionClient"),
        (
            "sandbox/service/engine.py",
            "if TYPE_CHECKING:\n    from ..._stripe import FunctionClient",
        ),
    ],
)
def test_the_import_rule_allows(path: str, source: str) -> None:
    """What the house is built from is no offence."""
    assert [] == offences(Path(path), source)


MOST_NAMES = 15  # of the library's, for whoever reads one function

Function = ast.FunctionDef | ast.AsyncFunctionDef


def loaded(source: str) -> dict[str, int]:
    """The functions of a module and of its classes that use more names than that."""
    tree = ast.parse(source)
    ours = defined(tree) | {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.level or str(node.module).startswith("tokencharge"))
        for alias in node.names
    }
    owners: list[ast.Module | ast.ClassDef] = [tree]
    owners += [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    counted = {
        function.name: len(names_used(function, ours - {function.name}, functions(owner).keys()))
        for owner in owners
        for function in functions(owner).values()
    }
    return {name: count for name, count in counted.items() if count > MOST_NAMES}


def defined(owner: ast.Module | ast.ClassDef) -> set[str]:
    """What a module or a class defines: functions, classes and constants."""
    named, other = set(), set()
    for each in owner.body:
        if isinstance(each, (Function, ast.ClassDef)):
            named.add(each.name)
        else:
            other |= {node.id for node in ast.walk(each) if _is_stored(node)}
    return named | other


def functions(owner: ast.Module | ast.ClassDef) -> dict[str, Function]:
    return {each.name: each for each in owner.body if isinstance(each, Function)}


def _is_stored(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def names_used(function: Function, ours: Set[str], methods: Set[str]) -> set[str]:
    """The library's names in a function and its signature, and the methods of its class."""
    parts = (function.args, *filter(None, [function.returns]), *function.body)
    nodes = [node for part in parts for node in ast.walk(part)]
    words = [node for node in nodes if isinstance(node, ast.Name)]
    own = {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {word.id for word in words if not isinstance(word.ctx, ast.Load)}
    names = ({word.id for word in words} & ours) - own
    dotted = {
        (node.value.id, node.attr)
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    # What an imported module offers is a name each; a module's own name is none.
    offered = {(name, attr) for name, attr in dotted if name in names and name.islower()}
    called = {attr for name, attr in dotted if name in ("self", "cls") and attr in methods}
    return names - {name for name, _ in offered} | called | {".".join(each) for each in offered}


@each_row("module", MODULES)
def test_no_function_uses_too_many_names(module: Path) -> None:
    """What one must know to follow a function fits into a head."""
    assert {} == loaded(module.read_text("utf-8"))


def test_the_count_of_names_notices() -> None:
    """Names of the module, imported ones, what a module offers and methods of the class
    count once each; a function's own names and others' do not."""
    source = """
from . import people as them
from .money import Money as Coin
LIMIT, MORE = 3, 4
class Till:
    def open(self): ...
    def close(self, price: Coin, other=json) -> Till:
        LIMIT, them.a, them.a, self.open(), self.drawer
        MORE = price
"""
    tree = ast.parse(source)
    till = tree.body[-1]
    assert isinstance(till, ast.ClassDef)
    names = {f"A{number}" for number in range(MOST_NAMES + 1)}
    many = "\n".join([*(f"{name} = 1" for name in names), f"def f(): {' + '.join(names)}"])

    assert {"LIMIT", "MORE", "Till"} == defined(tree)
    assert {"Coin", "LIMIT", "Till", "them.a", "open"} == names_used(
        functions(till)["close"],
        {"them", "Coin", "LIMIT", "MORE", "Till"},
        functions(till).keys(),
    )
    assert {"f": MOST_NAMES + 1} == loaded(many)


# The rooms of the sandbox, floor by floor: a room imports what stands on a lower floor, and itself.
SANDBOX = (
    {"language"},
    {"shapes"},
    {"state"},
    {"objects"},
    {"service", "browser"},
    {"buyer"},
    {"sandbox"},
    {"__init__"},
)


def climbs(path: Path, source: str) -> list[str]:
    """Whatever `source`, standing at `path` under the sandbox,
    imports from its own floor or above."""
    floors = {room: floor for floor, rooms in enumerate(SANDBOX) for room in rooms}
    room = path.parts[0].removesuffix(".py")
    found = []
    for wanted in imports(
        ast.parse(source), ".".join(["tokencharge", "sandbox", *path.parts[:-1]])
    ):
        _, part, *below = [*wanted.name.split("."), "", ""]
        other = below[0] if part == "sandbox" else room
        if other != room and floors.get(other, len(SANDBOX)) >= floors[room]:
            found.append(f"sandbox/{path}:{wanted.line}: {room} may not import {other}")
    return found


@each_row("module", sorted((SOURCE / "sandbox").rglob("*.py")))
def test_the_rooms_of_the_sandbox_import_downwards(module: Path) -> None:
    """No room of the sandbox imports from its own floor or from above, so no circle can be."""
    assert [] == climbs(module.relative_to(SOURCE / "sandbox"), module.read_text("utf-8"))


@each_row(
    ("path", "source"),
    [
        ("language/wire.py", "from ..shapes import cards"),
        ("state/account.py", "def late():\n    from ..objects import forms"),
        ("service/engine.py", "from ..browser import three_d_secure"),
        ("objects/forms.py", "from tokencharge.sandbox.service import routes"),
        ("buyer.py", "from .sandbox import Sandbox"),
        ("sandbox.py", "from .novelty import x"),
    ],
)
def test_the_rule_of_the_rooms_notices(path: str, source: str) -> None:
    """An import that climbs is found wherever it hides, and so is
    one from a room that nobody placed."""
    assert 1 == len(climbs(Path(path), source))


def test_importing_the_library_loads_neither_stripe_nor_a_framework_nor_the_sandbox() -> None:
    """`import tokencharge` stays cheap: what charges, serves or pretends loads on first use."""
    code = "import json, sys, tokencharge; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(json.loads(run.stdout))

    assert "tokencharge" in loaded
    assert set() == loaded & (
        FRAMEWORKS | {"babel", "gettext", "stripe", "urllib3", "requests", "httpx", "pytest"}
    )
    assert set() == loaded & {f"tokencharge.{part}" for part in NOT_AT_ONCE}


def test_all_is_sorted_and_every_name_in_it_can_be_imported() -> None:
    """`__all__` reads like an index, and each of its entries is there."""
    assert sorted(set(tokencharge.__all__)) == list(tokencharge.__all__)
    assert [] == [name for name in tokencharge.__all__ if not hasattr(tokencharge, name)]


@each_row("word", sorted(name for name in WORDS if not name.startswith("_")))
def test_every_public_class_of_the_words_is_public(word: str) -> None:
    """A class a caller may meet is importable from `tokencharge` itself."""
    module = importlib.import_module(f"tokencharge.{word}")
    classes = {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and name[0] != "_"
    }

    assert {} != classes
    assert set() == set(classes) - set(tokencharge.__all__)
    assert classes == {name: getattr(tokencharge, name) for name in classes}


@each_row("module", MODULES)
def test_every_module_says_what_lives_there(module: Path) -> None:
    """A module's first line is a sentence about what is in it."""
    first, *_ = (ast.get_docstring(ast.parse(module.read_text("utf-8"))) or "").split("\n")

    assert first.endswith(".")


@each_row("module", MODULES)
def test_members_of_enums_are_written_as_constants(module: Path) -> None:
    """`ChargeState.PAID`, `Advice.FIX_DETAILS`: one way for all of them."""
    enums = (
        node
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).endswith("Enum") for base in node.bases)
    )
    members = [
        ast.unparse(target)
        for each in enums
        for line in each.body
        if isinstance(line, ast.Assign)
        for target in line.targets
    ]

    assert [] == [name for name in members if name != name.upper()]


def test_every_test_says_what_it_holds() -> None:
    """Each test opens with one sentence that states the behaviour it checks."""
    silent = [
        f"{path.relative_to(TESTS)}:{node.lineno} {node.name}"
        for path in sorted(TESTS.rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.name.startswith("test_")
        and not (ast.get_docstring(node) or "").endswith(".")
    ]

    assert [] == silent


def test_every_folder_of_tests_is_explained() -> None:
    """tests/README.md has a row for each folder, and for none that is gone."""
    rows = re.findall(r"^\| `(\w+)/` \|", (TESTS / "README.md").read_text("utf-8"), re.MULTILINE)
    folders = {
        path.parent.relative_to(TESTS).parts[0]
        for path in TESTS.rglob("*.py")
        if path.parent != TESTS
    }

    assert sorted(folders) == sorted(rows)


def test_every_package_has_its_folder_of_tests() -> None:
    """It has the package's name without the underscore; the adapters keep one
    contract, in web/."""
    packages = {
        path.name.lstrip("_")
        for path in SOURCE.iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }
    adapters = {"asgi", "django", "flask"}

    assert [] == sorted(name for name in packages - adapters if not (TESTS / name).is_dir())


def test_every_picture_can_be_drawn() -> None:
    """The drawings of the documentation are well-formed, say what they
    show, and show the floors as they are."""
    pictures = sorted((TESTS.parent / "docs" / "images").glob("*.svg"))
    drawn = {path.name: ElementTree.parse(path).getroot() for path in pictures}
    space = "{http://www.w3.org/2000/svg}"
    shown = [
        each.text
        for each in drawn["floors.svg"].iter(f"{space}text")
        if not (each.get("fill") or "").endswith("569")
    ]

    assert [] == [name for name, root in drawn.items() if not root.findtext(f"{space}title")]
    assert [set(floor) for floor in FLOORS] == list(by_floor(shown))


def test_the_picture_of_errors_has_each_once() -> None:
    """Those after which to call again stand in its first column."""
    space = "{http://www.w3.org/2000/svg}"
    root = ElementTree.parse(TESTS.parent / "docs" / "images" / "retry.svg").getroot()
    names = [
        (each.text, each.get("x"))
        for each in root.iter(f"{space}text")
        if "mono" in (each.get("font-family") or "")
    ]
    kinds = [getattr(tokencharge, name) for name in tokencharge.__all__]
    errors = [
        kind
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, tokencharge.TokenChargeError)
    ]
    first = names[0][1]

    assert sorted(
        kind.__name__ for kind in errors if kind is not tokencharge.TokenChargeError
    ) == sorted(str(name) for name, _ in names)
    assert {kind.__name__ for kind in errors if kind.retryable} == {
        name for name, x in names if x == first
    }


def by_floor(parts: list[str | None]) -> Iterator[set[str | None]]:
    """Parts as they are listed, cut where the floors end."""
    left = iter(parts)
    for floor in FLOORS:
        yield {next(left, None) for _ in floor}


def test_the_types_are_shipped() -> None:
    """`py.typed` lies beside the modules, so that a type checker reads them."""
    assert files(tokencharge).joinpath("py.typed").is_file()
