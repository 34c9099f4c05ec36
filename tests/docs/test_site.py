"""The built site, and the Markdown read in the repository: links, commands,
examples. `nox -s docs` builds it first."""

from __future__ import annotations

import re
import shlex
from html.parser import HTMLParser
from importlib.metadata import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from docutils.nodes import make_id
from markdown_it import MarkdownIt

from tests.docs.pages import DOCS, PAGES, ROOT, name_of
from tokencharge import cli

SITE = DOCS / "_build"
# Read where the repository is read: their links lead to files.
FILES = [
    *ROOT.glob("*.md"),
    ROOT / "tests" / "README.md",
    ROOT / "src" / "tokencharge" / "sandbox" / "README.md",
]


class Page(HTMLParser):
    """A page of the site: where its links lead, and what they can lead to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = {""}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given.get("id", ""), given.get("name", "") if tag == "a" else ""}
        self.links |= {given[name] for name in ("href", "src") if name in given}


@pytest.fixture(scope="module")
def site() -> dict[Path, Page]:
    pages = {
        path.resolve(): Page(path) for path in SITE.rglob("*.html") if "_static" not in path.parts
    }
    assert pages, "There is no site in docs/_build: run `nox -s docs`."
    return pages


def test_links_within_the_site_lead_somewhere(site: dict[Path, Page]) -> None:
    """Each link to this site leads to a file, and to a place on that page that is there."""
    dead = []
    for path, page in site.items():
        for link in page.links:
            where = urlsplit(link)
            if where.scheme or where.netloc or "?" in link:
                continue
            target = (path.parent / unquote(where.path)).resolve() if where.path else path
            there = target in site and unquote(where.fragment) in site[target].anchors
            if not there and (where.fragment or not target.exists()):
                dead.append(f"{path.relative_to(SITE.resolve())}: {link}")

    assert [] == dead


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_links_in_the_repository_lead_somewhere(file: Path) -> None:
    """Each relative link of a Markdown file leads to a file, and to a heading in it."""
    dead = []
    for link in links(file):
        where = urlsplit(link)
        target = (file.parent / where.path).resolve() if where.path else file
        if where.scheme or (
            target.exists() and (not where.fragment or where.fragment in headings(target))
        ):
            continue
        dead.append(link)

    assert [] == dead


def links(file: Path) -> list[str]:
    tokens = MarkdownIt().enable("table").parse(file.read_text("utf-8"))
    inline = [child for token in tokens for child in token.children or []]
    return [
        str(each.attrs[name]) for each in inline for name in ("href", "src") if name in each.attrs
    ]


def headings(file: Path) -> list[str]:
    return [
        make_id(title) for title in re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    ]


def commands(page: Path) -> list[list[str]]:
    """The commands in the console blocks of a page, in words."""
    fence = re.compile(r"^```(?:\{code-block\} )?console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    blocks = fence.findall(page.read_text("utf-8"))
    lines = [line for block in blocks for line in block.splitlines() if not line.startswith(":")]
    return [shlex.split(part, comments=True) for line in lines for part in line.split(" && ")]


SHOWN = {
    name_of(page): commands(page) for page in [*PAGES, ROOT / "CONTRIBUTING.md"] if commands(page)
}


def test_commands_of_ours_that_are_spoken_of_exist() -> None:
    """`tokencharge such` in a sentence is a command, too."""
    known = re.findall(r"^    ([a-z-]+)", cli._parser().format_help(), re.MULTILINE)
    named = {
        name
        for page in PAGES
        for name in re.findall(r"`tokencharge ([a-z-]+)", page.read_text("utf-8"))
    }

    assert named
    assert set() == named - set(known)


@pytest.mark.parametrize("page", SHOWN)
def test_commands_that_are_shown_exist(page: str) -> None:
    """What a page has readers type are commands, extras and sessions that there are."""
    provided = set(metadata("tokencharge").get_all("Provides-Extra") or ())
    sessions = re.findall(
        r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE
    )
    for words in SHOWN[page]:
        match words:
            case ["tokencharge", *rest]:
                assert rest[0] == cli._parser().parse_args(rest).command
            case ["python", "-m", "pip", "install", what]:
                extras = re.fullmatch(r"(?:\.|tokencharge)\[([\w,]+)\]", what)
                assert what == "nox" or (extras and set(extras[1].split(",")) <= provided)
            case ["nox", "-s", *names]:
                assert set(names) <= set(sessions)


def test_every_example_is_shown() -> None:
    """The pages include each file of examples/, as it is, and link to it: who reads
    the page in the repository sees no more than the link."""
    included = {
        (page.name, name)
        for page in PAGES
        for name in re.findall(r"literalinclude\} (\.\./\S+)", page.read_text("utf-8"))
    }
    linked = {(page.name, link) for page in PAGES for link in links(page)}

    assert {f"../examples/{path.name}" for path in (ROOT / "examples").glob("*.py")} == {
        name for _, name in included
    }
    assert set() == included - linked
