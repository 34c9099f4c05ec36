"""The audit of cassettes: what a recording must not show."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs

from .. import ConfigurationError
from .documents import read_yaml
from .reading import decoded, given_away


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
    """Find secrets and personal data in cassettes.

    That is what looks like a key, a token, a card number, an e-mail outside example.com
    or a fingerprint.

    Args:
        paths: Cassettes, and folders of cassettes (`*.yaml`, `*.yml`, `*.json`).

    Raises:
        FileNotFoundError: There is no such file or folder.
        ConfigurationError: PyYAML, which comes with vcrpy, is not installed.
    """
    # Most of what stands in one cassette stands in the others, too.
    given = functools.cache(given_away)
    return [
        Leak(path, where or "the file", what)
        for path in cassettes(paths)
        for where, text in _texts("", _document(path.read_text("utf-8", "replace")))
        for what in given(text)
    ]


def cassettes(paths: Iterable[str | Path]) -> list[Path]:
    """List the cassettes among files and folders.

    Raises:
        FileNotFoundError: There is no such file or folder.
    """
    found: set[Path] = set()
    for path in map(Path, paths):
        if path.is_dir():
            found.update(
                each for each in path.rglob("*") if each.suffix in (".yaml", ".yml", ".json")
            )
        elif path.exists():
            found.add(path)
        else:
            raise FileNotFoundError(f"There is no file or folder {path}.")
    return sorted(found)


def _document(text: str) -> Any:
    try:
        import yaml
    except ModuleNotFoundError:
        raise ConfigurationError(
            "Reading cassettes needs PyYAML, which comes with vcrpy: "
            "python -m pip install 'tokencharge[testing]'."
        ) from None
    try:
        return read_yaml(text)
    except yaml.YAMLError:
        # It is not YAML, or has Python's own tags. The text shows the same.
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
