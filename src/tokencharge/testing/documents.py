"""Read a cassette's YAML."""

from __future__ import annotations

from typing import Any


def read_yaml(text: str) -> Any:
    """Read a YAML document of plain values.

    Raises:
        yaml.YAMLError: It is no such document.
    """
    import yaml  # here, because it comes with an extra

    # The parser in C is ten times as fast. PyYAML is without it where no wheel fits.
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
