"""A sandbox in which whatever a request names is made first, and the files of facts that ask it.

`facts/README.md` says how the files are written, `facts/given.txt` what the names in requests stand
for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.sandbox.curl import NOW, Answer, decoded
from tokencharge.sandbox import Request, Rules, Sandbox

FACTS = Path(__file__).parent / "facts"
CARDS_ONLY = (
    "automatic_payment_methods[enabled]=true automatic_payment_methods[allow_redirects]=never"
)
_NAME = re.compile(r"\{(\w+)((?:\[\w+\])*)\}")
_HEADER = re.compile(r"([A-Z][\w-]*):(.*)")


class Fact(NamedTuple):
    """A request and what is said of its answer, line by line.

    Attributes:
        given: Names of what is made first, beside what the request names.
        after: How many seconds pass before the request.
        source: The comment above it.
    """

    request: str
    says: tuple[str, ...]
    given: str
    after: int
    source: str

    def __str__(self) -> str:
        return self.request + (f", {self.after} seconds later" if self.after else "")


def facts(name: str) -> list[Fact]:
    """Read a file of facts."""
    return list(_read((FACTS / f"{name}.txt").read_text("utf-8")))


def _read(text: str) -> Iterator[Fact]:
    source = ""
    for block in text.strip().split("\n\n"):
        given, after, requests, says, comments = "", 0, [], [], []
        for line in block.splitlines():
            word, _, rest = line.partition(" ")
            if word == "#":
                comments.append(rest)
            elif word == "given":
                given = rest
            elif word == "after":
                after = int(rest)
            elif word:
                requests.append(line)
            else:
                says.append(line.strip())
        if comments and not requests:
            source = " ".join(comments)
        yield from (Fact(request, tuple(says), given, after, source) for request in requests)


GIVEN = {
    name: request.strip()
    for line in (FACTS / "given.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
    for name, _, request in [line.partition(" ")]
}


class Scene:
    """An account, at first with nothing in it."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.sandbox = Sandbox(
            clock=lambda: float(NOW), seed=1, rules=rules or Rules(card_tokens=False)
        )
        self._made: dict[str, Any] = {}

    def ask(self, request: str) -> Answer:
        """Make what a request names, and send it."""
        method, path, *words = self.filled(request.replace("CARDS_ONLY", CARDS_ONLY)).split(" ")
        headers = {"Authorization": f"Bearer {self.sandbox.secret_key}"}
        params = []
        for word in words:
            header = _HEADER.fullmatch(word)
            if word == "PUBLISHABLE":
                headers["Authorization"] = f"Bearer {self.sandbox.publishable_key}"
            elif header:
                headers[header[1]] = header[2]
            else:
                name, _, text = word.partition("=")
                params.append((name, text))
        form = urlencode(params)
        posted = method == "POST"
        sent = Request(
            method, f"/v1/{path}", "" if posted else form, headers, form.encode() if posted else b""
        )
        return decoded(self.sandbox.handle(sent))

    def play(self, fact: Fact) -> Answer:
        """Make what a fact takes for granted, let its time pass and send its request."""
        self.make(fact)
        self.sandbox.advance(fact.after)
        return self.ask(fact.request)

    def make(self, fact: Fact) -> None:
        """Make what a fact takes for granted."""
        self.filled(" ".join(f"{{{name}}}" for name in fact.given.split()))
        self.filled(fact.request)

    def filled(self, text: str) -> str:
        """Put ids, and fields, in the place of names."""
        return _NAME.sub(self._named, text)

    def _named(self, found: re.Match[str]) -> str:
        name, fields = found[1], re.findall(r"\w+", found[2])
        if name not in self._made:
            self._made[name] = self.ask(GIVEN[name]).body
        value = self._made[name]
        for field in fields or ["id"]:
            value = value[field]
        return str(value)


def at(body: Any, place: str) -> Any:
    """Return the value at a place: "data.0.id", "data#" for a length, "." for everything."""
    if place == ".":
        return body
    if place.endswith("#"):
        return len(at(body, place[:-1]))
    for step in place.split("."):
        body = body[int(step)] if isinstance(body, list) else body[step]
    return body


def value(scene: Scene, text: str) -> Any:
    """Read a value as the files of facts write it: JSON, with names in it."""
    return json.loads(scene.filled(text))
