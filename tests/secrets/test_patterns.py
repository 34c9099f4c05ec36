"""What a secret looks like is told in linear time, whatever text is looked through.

Time decides here, but by orders of magnitude: of 30,000 characters a linear pattern makes
milliseconds, a quadratic one many seconds. What is counted is the CPU time of this thread, which no
neighbour on the machine lengthens much. Python's `re` counts no steps, and to prove it from a
pattern's structure takes a theory of its own, to be trusted in its turn.
"""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import tokencharge
from tests.rows import each_row
from tokencharge import InvalidInput, Money

# What redacts, scrubs and checks has no public way to it.
from tokencharge._checks import email, idempotency_key, object_id, token
from tokencharge._secrets import redact, redact_body
from tokencharge.testing.reading import given_away
from tokencharge.testing.scrub import Scrubber
from tokencharge.testing.standins import StandIns

SOURCE = Path(tokencharge.__file__).parent
SIZES = (30, 1_000, 30_000)
# A hundred times what a linear one takes, and a tenth of what a quadratic one does.
BOUND = 1.0

PUMPS = [
    *(
        "a",
        "A",
        "1",
        "_",
        " ",
        "\t\n",
        "@",
        '"',
        "'",
        "\\",
        ".",
        "-",
        ",",
        "=",
        "/",
        "*",
        ":",
        "[",
        "]",
        "{",
        "<",
        "\0",
    ),
    *(
        "a'",
        "a,",
        "a.",
        "a-",
        "a@",
        "@a",
        "a ",
        "1 ",
        "1-",
        "1_",
        "1.  ",
        '\\"',
        '"a',
        '"\\a',
        "a\\",
        "a=",
        "&a=",
        "a_",
    ),
    *(
        "sk_test_",
        "sk_org_live_a",
        "whsec_",
        "tok_",
        "rt_a",
        "_secret_",
        "pi_1_secret_1 ",
        "4242 ",
        "4242\u00a0 - ",
    ),
    *(
        "Bearer ",
        "Basic a1",
        "authorization: [",
        "fingerprint: ",
        "https://a",
        "https://a-",
        "tokencharge_0",
        "req_",
    ),
    *(
        "%41",
        "%25",
        "\\u0041",
        "&#64;",
        "&amp;",
        "a" * 31 + "-",
        "0123456789abcdef" * 2,
        "ab12-",
        "name_scrubbed0",
        "v1.",
    ),
]
END = "!"


TEXTS = {path: path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.py"))}
HOW = ("match", "fullmatch", "search", "sub", "finditer", "findall", "split")


class Use(NamedTuple):
    """A pattern, and what the library does with it."""

    pattern: re.Pattern
    methods: frozenset[str]

    def __call__(self, written: str) -> None:
        text = written.encode() if isinstance(self.pattern.pattern, bytes) else written
        if "match" in self.methods:
            self.pattern.match(text)
        if "fullmatch" in self.methods:
            self.pattern.fullmatch(text)
        if self.methods - {"match", "fullmatch"}:
            for _ in self.pattern.finditer(text):
                pass


def compiled() -> Iterator[tuple[str, Use]]:
    """Every pattern that a module of the library keeps, with the
    methods that are called on it anywhere."""
    for path, source in TEXTS.items():
        if "re.compile(" not in source:
            continue
        name = ".".join(
            ["tokencharge", *path.relative_to(SOURCE).with_suffix("").parts]
        ).removesuffix(".__init__")
        for word, value in vars(importlib.import_module(name)).items():
            values = value.values() if type(value) is dict else [value]
            called = {how for how in HOW for text in TEXTS.values() if f"{word}.{how}(" in text}
            for number, each in enumerate(values):
                if type(each) is re.Pattern:
                    yield (
                        f"{name}.{word} {number}",
                        Use(each, frozenset(called or {"search", "fullmatch"})),
                    )


def written() -> Iterator[tuple[str, Use]]:
    """Every pattern that a function of the library writes where it uses it."""
    for path, source in TEXTS.items():
        for node in ast.walk(ast.parse(source)):
            if (
                not isinstance(node, ast.Call)
                or not node.args
                or not isinstance(node.args[0], ast.Constant)
            ):
                continue
            module, _, how = ast.unparse(node.func).partition(".")
            if module == "re" and how in HOW:
                yield (
                    f"{path.relative_to(SOURCE)}:{node.lineno}",
                    Use(re.compile(node.args[0].value), frozenset({how})),
                )


PATTERNS = dict([*compiled(), *written()])


def slow(read: Callable[[str], object]) -> list[str]:
    """The texts that take too long."""
    for pump in PUMPS:
        for size in SIZES:
            text = pump * (size // len(pump)) + END
            began = time.thread_time()
            read(text)
            if time.thread_time() - began > BOUND:
                return [f"{pump!r} * {size // len(pump)}"]
    return []


def test_all_patterns_are_here():
    """No module has a pattern that the next test does not see."""
    calls = sum(source.count("re.compile(") for source in TEXTS.values())
    kept = {id(use.pattern) for _, use in compiled()}

    assert calls > 30
    assert len(kept) >= calls - 2  # re keeps equal patterns once


@each_row("use", PATTERNS)
def test_no_text_keeps_a_pattern_busy(use):
    """Each regular expression of the library, as it is used, against texts made to slow it down."""
    assert [] == slow(use)


def tolerant(check: Callable[[str], object]) -> Callable[[str], object]:
    def read(text: str) -> None:
        with suppress(InvalidInput):
            check(text)

    return read


READERS: dict[str, Callable[[str], object]] = {
    "redact": redact,
    "redact_body": lambda text: redact_body(f'{{"a": ["{text}"]}}'),
    "audit": given_away,
    "scrub": lambda text: Scrubber(StandIns()).request_body("{" + text),
    "a token": tolerant(token),
    "an e-mail": tolerant(email),
    "an id": tolerant(lambda text: object_id(text, "charge")),
    "a key": tolerant(idempotency_key),
    "an amount": tolerant(lambda text: Money.of(text, "usd")),
}


@each_row("reader", [*READERS])
def test_no_text_keeps_a_reader_busy(reader):
    """What is made of the patterns is linear as well."""
    assert [] == slow(READERS[reader])


def test_what_is_encoded_without_end_is_read_a_few_times():
    """Each round takes one layer off, and nobody waits for thirty thousand of them."""
    began = time.thread_time()
    given_away("%" + "25" * 30_000 + "40")

    assert time.thread_time() - began < BOUND


def test_the_clock_sees_what_is_not_linear():
    """A quadratic pattern is caught by these texts and this bound."""
    quadratic = re.compile(r"[^@]+@")

    # Several times, so that no machine is too fast for it.
    assert slow(lambda text: [[*quadratic.finditer(text)] for _ in range(8)])
