"""The audit of cassettes: what a recording must not show, whoever recorded it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import attrs

from .. import ConfigurationError
from .scrub import EMAIL, KEY, TOKEN, card_numbers, decoded, is_shareable_email, is_shareable_token

_CLIENT_SECRET = re.compile(r"_secret_(?!scrubbed)[A-Za-z0-9]{8,}")
# As the value of a header, or after its name: prose may speak of Bearer and Basic, too.
_LOGIN = re.compile(
    r"""(?:^|authorization["']?\s*[:=][\s\["'-]*)(?:Bearer|Basic)\s+(?!scrubbed)[A-Za-z0-9+/=_.-]{8,}""", re.IGNORECASE
)
_ESCAPED = re.compile(r"\\u00([0-9a-fA-F]{2})")
_FINGERPRINT = re.compile(r"""fingerprint["']?\s*[:=]\s*["']?(?!fingerprint_scrubbed|null\b|None\b)[A-Za-z0-9_]{6,}""")


@attrs.frozen
class Leak:
    """Something in a cassette that must not be shared. It is named, never quoted.

    Attributes:
        path: The cassette.
        where: The place within it: "interactions[2].response.body.string".
        what: What it looks like: "a secret key".
    """

    path: Path
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.where}: {self.what}"


def find_leaks(paths: Iterable[str | Path]) -> list[Leak]:
    """Find what looks like a key, a token, a card number, an e-mail outside example.com or a fingerprint.

    Args:
        paths: Cassettes, and folders of cassettes (`*.yaml`, `*.yml`, `*.json`).

    Raises:
        FileNotFoundError: There is no such file or folder.
        ConfigurationError: PyYAML, which comes with vcrpy, is not installed.
    """
    return [Leak(path, where, what) for path in cassettes(paths) for where, what in _leaks(path)]


def cassettes(paths: Iterable[str | Path]) -> list[Path]:
    """List the cassettes among files and folders.

    Raises:
        FileNotFoundError: There is no such file or folder.
    """
    found: set[Path] = set()
    for path in map(Path, paths):
        if path.is_dir():
            found.update(each for each in path.rglob("*") if each.suffix in (".yaml", ".yml", ".json"))
        elif path.exists():
            found.add(path)
        else:
            raise FileNotFoundError(f"There is no file or folder {path}.")
    return sorted(found)


def _leaks(path: Path) -> Iterator[tuple[str, str]]:
    text = path.read_text("utf-8", "replace")
    for where, value in _texts("", _document(text)):
        # What was percent-encoded or escaped for JSON is the same secret.
        plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), unquote(value))
        yield from ((where or "the file", what) for what in _secrets(plain))


def _document(text: str) -> Any:
    try:
        import yaml
    except ModuleNotFoundError:
        raise ConfigurationError(
            "Reading cassettes needs PyYAML, which comes with vcrpy: python -m pip install 'tokencharge[testing]'."
        ) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        # Not YAML, or with tags of Python's own: the text says as much.
        return text


def _texts(where: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, entry in value.items():
            place = f"{where}.{name}" if where else str(name)
            yield place, str(name)
            yield from _texts(place, entry)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _texts(f"{where}[{index}]", entry)
    elif value is not None:
        text = decoded(value) if isinstance(value, bytes) else str(value)
        yield where, f"fingerprint={text}" if where.endswith(".fingerprint") else text


def _secrets(text: str) -> Iterator[str]:
    if KEY.search(text) or _LOGIN.search(text):
        yield "an API key or a login"
    if any(not is_shareable_token(found[0]) for found in TOKEN.finditer(text)):
        yield "a token"
    if _CLIENT_SECRET.search(text):
        yield "a client secret"
    if card_numbers(text):
        yield "a card number"
    if any(not is_shareable_email(found[0]) for found in EMAIL.finditer(text)):
        yield "an e-mail outside example.com"
    if _FINGERPRINT.search(text):
        yield "a card fingerprint"
